// SPDX-License-Identifier: MIT
#include "simulator/tls/suite.h"

#include <stdio.h>
#include <string.h>

static const struct tls_suite suites[] = {
    {0x1301, "TLS_AES_128_GCM_SHA256", TLS_SUITE_TLS13},
    {0x1302, "TLS_AES_256_GCM_SHA384", TLS_SUITE_TLS13},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", TLS_SUITE_NEVER},
    {0x1304, "TLS_AES_128_CCM_SHA256", TLS_SUITE_NEVER},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", TLS_SUITE_NEVER},
    {0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_TAKEN},
    {0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_TAKEN},
    {0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_TAKEN},
    {0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_TAKEN},
    {0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", TLS_SUITE_TAKEN},
    {0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", TLS_SUITE_TAKEN},
    {0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", TLS_SUITE_TAKEN},
    {0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", TLS_SUITE_TAKEN},
    {0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", TLS_SUITE_REMOVED},
    {0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", TLS_SUITE_REMOVED},
    {0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", TLS_SUITE_REMOVED},
    {0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", TLS_SUITE_REMOVED},
    {0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_REMOVED},
    {0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_REMOVED},
    {0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256", TLS_SUITE_REMOVED},
    {0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384", TLS_SUITE_REMOVED},
    {0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256", TLS_SUITE_REMOVED},
    {0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256", TLS_SUITE_REMOVED},
    {0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA", TLS_SUITE_REMOVED},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", TLS_SUITE_REMOVED},
    {0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", TLS_SUITE_REMOVED},
    {0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", TLS_SUITE_REMOVED},
    {0xC008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", TLS_SUITE_REMOVED},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", TLS_SUITE_NEVER},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", TLS_SUITE_NEVER},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", TLS_SUITE_NEVER},
    {0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", TLS_SUITE_NEVER},
    {0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", TLS_SUITE_NEVER},
    {0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", TLS_SUITE_NEVER},
    {0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", TLS_SUITE_NEVER},
    {0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM", TLS_SUITE_NEVER},
    {0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM", TLS_SUITE_NEVER},
    {0xC0AE, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", TLS_SUITE_NEVER},
    {0xC0AF, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8", TLS_SUITE_NEVER},
    {0xC09C, "TLS_RSA_WITH_AES_128_CCM", TLS_SUITE_NEVER},
    {0xC09D, "TLS_RSA_WITH_AES_256_CCM", TLS_SUITE_NEVER},
    {0x0004, "TLS_RSA_WITH_RC4_128_MD5", TLS_SUITE_NEVER},
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA", TLS_SUITE_NEVER},
    {0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", TLS_SUITE_NEVER},
    {0x0001, "TLS_RSA_WITH_NULL_MD5", TLS_SUITE_NEVER},
    {0x0002, "TLS_RSA_WITH_NULL_SHA", TLS_SUITE_NEVER},
    {0x003B, "TLS_RSA_WITH_NULL_SHA256", TLS_SUITE_NEVER},
    {0x008C, "TLS_PSK_WITH_AES_128_CBC_SHA", TLS_SUITE_NEVER},
    {0x008D, "TLS_PSK_WITH_AES_256_CBC_SHA", TLS_SUITE_NEVER},
    {0x00A8, "TLS_PSK_WITH_AES_128_GCM_SHA256", TLS_SUITE_NEVER},
    {0xC0A8, "TLS_PSK_WITH_AES_128_CCM_8", TLS_SUITE_NEVER},
};

enum { RENEGOTIATION_SIGNAL = 0x00FF, FALLBACK_SIGNAL = 0x5600 }; // RFC 5746 3.3, RFC 7507 2

struct number_row {
    uint16_t number;
    const char *name;
};

static const struct number_row groups[] = {
    {19, "secp192r1"},        {21, "secp224r1"},        {22, "secp256k1"},
    {23, "secp256r1"},        {24, "secp384r1"},        {25, "secp521r1"},
    {26, "brainpoolP256r1"},  {27, "brainpoolP384r1"},  {28, "brainpoolP512r1"},
    {29, "x25519"},           {30, "x448"},             {256, "ffdhe2048"},
    {257, "ffdhe3072"},       {258, "ffdhe4096"},       {259, "ffdhe6144"},
    {260, "ffdhe8192"},       {4588, "X25519MLKEM768"},
};

static const struct number_row versions[] = {
    {0x0300, "SSLv3"},   {0x0301, "TLSv1.0"}, {0x0302, "TLSv1.1"},
    {0x0303, "TLSv1.2"}, {0x0304, "TLSv1.3"},
};

static const char *name_of(const struct number_row *rows, size_t count, uint16_t number,
                           bool is_hex, char scratch[16])
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number == number) {
            return rows[i].name;
        }
    }
    snprintf(scratch, 16, is_hex ? "0x%04x" : "%d", number);
    return scratch;
}

const struct tls_suite *tls_suite_find(uint16_t id)
{
    for (size_t i = 0; i < HR_COUNT_OF(suites); i++) {
        if (suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

const struct tls_suite *tls_suite_named(struct span name)
{
    for (size_t i = 0; i < HR_COUNT_OF(suites); i++) {
        if (span_equals_nocase(name, span_text(suites[i].name))) {
            return &suites[i];
        }
    }
    return NULL;
}

const struct tls_suite *tls_suites(size_t *count)
{
    *count = HR_COUNT_OF(suites);
    return suites;
}

const char *tls_suite_name(uint16_t id, char scratch[16])
{
    const struct tls_suite *suite = tls_suite_find(id);
    if (suite) {
        return suite->name;
    }
    snprintf(scratch, 16, "0x%04x", id);
    return scratch;
}

bool tls_suite_is_signal(uint16_t id)
{
    return id == RENEGOTIATION_SIGNAL || id == FALLBACK_SIGNAL;
}

bool tls_is_grease(uint16_t number)
{
    return (number & 0x0F0F) == 0x0A0A && number >> 8 == (number & 0xFF);
}

const char *tls_group_name(uint16_t id, char scratch[16])
{
    return name_of(groups, HR_COUNT_OF(groups), id, false, scratch);
}

uint16_t tls_group_named(struct span name)
{
    for (size_t i = 0; i < HR_COUNT_OF(groups); i++) {
        if (span_equals_nocase(name, span_text(groups[i].name))) {
            return groups[i].number;
        }
    }
    return 0;
}

const char *tls_version_name(uint16_t version, char scratch[16])
{
    return name_of(versions, HR_COUNT_OF(versions), version, true, scratch);
}
