// SPDX-License-Identifier: MIT
// The name that OpenSSL looks for in a folder of trust anchors.
#pragma once
#include "base/span.h"

// Of a Name's DER: the eight hex digits of `openssl x509 -subject_hash`. False: not a Name, or
// strings of a kind that the hash does not fold (BMPString and wider). Errors of the buf: false.
bool openssl_name_hash(struct span name, char out[9]);
