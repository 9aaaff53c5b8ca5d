// SPDX-License-Identifier: MIT
// Randomness for keys and signatures: mbedTLS's CTR-DRBG, seeded from getrandom(2). One per thread.
#pragma once
#include "base/compat.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>

struct random_source {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg; // give it with mbedtls_ctr_drbg_random
};

// 0 or ERR_CRYPTO; deinit in either case.
int random_source_init(struct random_source *r) HR_NODISCARD;
void random_source_deinit(struct random_source *r);
