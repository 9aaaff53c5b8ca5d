// SPDX-License-Identifier: MIT
// The extensions of a recipe's cert as DER: one row per line of the cert block.
#pragma once
#include "certs/chain.h"
#include "certs/recipe.h"

struct extension_request {
    const struct recipe_cert *cert;
    const struct chain_request *request; // for {hub.host} and {more.names}
    uint8_t subject_key_id[KEY_ID_BYTES];
    uint8_t authority_key_id[KEY_ID_BYTES];
    enum recipe_filler filler;
    size_t filler_bytes; // about this many bytes of extensions that mean nothing; 0: none
};
// Append the Extension values. ERR_VALUE: a name of the request does not fit into a certificate.
int chain_write_extensions(const struct extension_request *rq, struct buf *out) HR_NODISCARD;
// ERR_VALUE unless it is 1 to 253 printable ASCII letters without blanks.
int chain_check_host(const char *what, const char *host) HR_NODISCARD;

// For chain_extensions.c: names and filler of a SubjectAltName, and the other fillers.
int chain_write_san(struct der *d, const struct extension_request *rq) HR_NODISCARD;
int chain_write_filler(struct der *d, const struct extension_request *rq) HR_NODISCARD;
