// SPDX-License-Identifier: MIT
// What the files of authentication share and nobody else sees.
#pragma once
#include "simulator/hub/hub_private.h"
#include "simulator/hub/username.h"

// Adds a part to the hub's reckoning.
void auth_say(struct auth_result *out, const char *format, ...) HR_PRINTF(2, 3);

// Each sets out->key, and token_expires_us for a token.
enum reason auth_judge_sas(const struct hub *hub, const struct auth_request *rq,
                           const struct username *u, struct auth_result *out);
enum reason auth_judge_thumbprint(const struct hub *hub, const struct peer_certificate *cert,
                                  struct auth_result *out);
enum reason auth_judge_ca(const struct hub *hub, const struct peer_certificate *cert,
                          struct auth_result *out);
