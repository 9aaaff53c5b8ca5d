// SPDX-License-Identifier: MIT
// What the responders on UDP share: binding with a sentence when it fails, and peers as text.
#pragma once
#include "base/span.h"

#include <uv.h>

// ERR_IN_USE, ERR_PERMISSION, ERR_VALUE (address) with a sentence; `port` 0 takes a free one.
int datagram_bind(uv_udp_t *socket, const char *address, int port, int *bound_port) HR_NODISCARD;
// Send a copy; what cannot be sent is lost, as datagrams are.
void datagram_send(uv_udp_t *socket, struct span bytes, const struct sockaddr *to);
const char *address_text(const struct sockaddr *peer, char out[80]); // "127.0.0.1:51234"
// The one sentence for an address that cannot be listened on.
int address_fail_listen(const char *address, int port, int uv_code);
int address_parse(const char *address, int port, struct sockaddr_storage *out) HR_NODISCARD;
