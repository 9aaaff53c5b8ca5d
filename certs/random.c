// SPDX-License-Identifier: MIT
#include "certs/random.h"
#include "base/error.h"

int random_source_init(struct random_source *r)
{
    static const unsigned char purpose[] = "hubrig certs";
    mbedtls_entropy_init(&r->entropy);
    mbedtls_ctr_drbg_init(&r->drbg);
    int code = mbedtls_ctr_drbg_seed(&r->drbg, mbedtls_entropy_func, &r->entropy, purpose,
                                     sizeof purpose - 1);
    if (code != 0) {
        FAIL(ERR_CRYPTO, "the random generator cannot be seeded (mbedTLS -0x%04x)",
             (unsigned)-code);
    }
    return 0;
}

void random_source_deinit(struct random_source *r)
{
    mbedtls_ctr_drbg_free(&r->drbg);
    mbedtls_entropy_free(&r->entropy);
}
