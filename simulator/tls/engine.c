// SPDX-License-Identifier: MIT
#include "simulator/tls/engine.h"

const struct tls_engine *tls_engine_of(const struct tls_policy *policy)
{
    return tls_policy_engine(policy) == TLS_ENGINE_OPENSSL ? &tls_engine_openssl
                                                           : &tls_engine_mbedtls;
}
