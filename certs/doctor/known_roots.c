// SPDX-License-Identifier: MIT
#include "certs/doctor/known_roots.h"
#include "certs/doctor/text_view.h"

#include <stdio.h>

#define DIGICERT  "DigiCert Inc"
#define MICROSOFT "Microsoft Corporation"

const struct known_root known_roots[KNOWN_ROOT_COUNT] = {
    [ROOT_BALTIMORE] = {"Baltimore CyberTrust Root", "Baltimore",
                        "d4de20d05e66fc53fe1a50882c78db2852cae474",
                        "16af57a9f676b0ab126095aa5ebadef22ab31119d644ac95cd4b93dbf3f26aeb",
                        INT64_C(1747094340), true, false},
    [ROOT_G1] = {"DigiCert Global Root CA", DIGICERT, "a8985d3a65e5e5c4b2d7d66d40c6dd2fb19c5436",
                 "4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
                 INT64_C(1952035200), true, false},
    [ROOT_G2] = {"DigiCert Global Root G2", DIGICERT, "df3c24f9bfd666761b268073fe06d1cc8d4f82a4",
                 "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
                 INT64_C(2147169600), false, false},
    [ROOT_G3] = {"DigiCert Global Root G3", DIGICERT, "7e04de896a3e666d00e687d33ffad93be83d349e",
                 "31ad6648f8104138c738f39ea4320133393e3a18cc02296ef97c2ac9ef6731d0",
                 INT64_C(2147169600), false, true},
    [ROOT_MS_RSA_2017] = {"Microsoft RSA Root Certificate Authority 2017", MICROSOFT,
                          "73a5e64a3bff8316ff0edccc618a906e4eae4d74",
                          "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
                          INT64_C(2289337223), false, false},
    [ROOT_MS_ECC_2017] = {"Microsoft ECC Root Certificate Authority 2017", MICROSOFT,
                          "999a64c37ff47d9fab95f14769891460eec4c3c5",
                          "358df39d764af9e1b766e9c972df352ee15cfac227af6ad1d70e8e4a6edcba02",
                          INT64_C(2289338164), false, true},
    [ROOT_D_TRUST] = {"D-TRUST Root Class 3 CA 2 2009", "D-Trust GmbH",
                      "58e8abb0361533fb80f79b1b6d29d3ff8d5f00f0",
                      "49e7a442acf0ea6287050054b52564b650e4f49e42e348d6aa38e039e957b1c1",
                      INT64_C(1888562158), false, false},
    [ROOT_WOSIGN] = {"Certification Authority of WoSign", "WoSign CA Limited",
                     "b94294bf91ea8fb64be61097c7fb001359b676cb", "", INT64_C(2196378001), true,
                     false},
    [ROOT_RSA_G5] = {"DigiCert TLS RSA4096 Root G5", "DigiCert, Inc.",
                     "a78849dc5d7c758c8cde399856b3aad0b2a57135",
                     "371a00dc0533b3721a7eeb40e8419e70799d2b0a0f2c1d80693165f7cec4ad75",
                     INT64_C(2399587199), false, false},
    [ROOT_ECC_G5] = {"DigiCert TLS ECC P384 Root G5", "DigiCert, Inc.",
                     "17f3de5e9f0f19e98ef61f32266e20c407ae30ee",
                     "018e13f0772532cf809bd1b17281867283fc48c6e13be9c69812854a490c1b05",
                     INT64_C(2399587199), false, true},
};

static bool is_hex_of(const char *hex, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[3];
        snprintf(pair, sizeof pair, "%02x", bytes[i]);
        if (hex[2 * i] != pair[0] || hex[2 * i + 1] != pair[1]) {
            return false;
        }
    }
    return true;
}

const struct known_root *known_root_of(const uint8_t sha1[20], const uint8_t sha256[32])
{
    for (size_t i = 0; i < KNOWN_ROOT_COUNT; i++) {
        const struct known_root *r = &known_roots[i];
        if (is_hex_of(r->sha1, sha1, 20) && (!r->sha256[0] || is_hex_of(r->sha256, sha256, 32))) {
            return r;
        }
    }
    return NULL;
}

const struct known_root *known_root_named(struct span common_name, struct span organization)
{
    for (size_t i = 0; i < KNOWN_ROOT_COUNT; i++) {
        if (span_equals_text(common_name, known_roots[i].name) &&
            span_equals_text(organization, known_roots[i].organization)) {
            return &known_roots[i];
        }
    }
    return NULL;
}

const struct cloud_needs *cloud_needs_of(enum doctor_cloud cloud)
{
    static const struct cloud_needs needs[CLOUD_COUNT] = {
        [CLOUD_PUBLIC] = {1u << ROOT_G2, 1u << ROOT_MS_RSA_2017, "DigiCert Global Root G2"},
        [CLOUD_CHINA] = {1u << ROOT_G1 | 1u << ROOT_G2, 0,
                         "DigiCert Global Root CA and DigiCert Global Root G2"},
        [CLOUD_GOV] = {1u << ROOT_G1 | 1u << ROOT_G2, 1u << ROOT_MS_RSA_2017,
                       "DigiCert Global Root CA and DigiCert Global Root G2"},
    };
    return &needs[cloud < CLOUD_COUNT ? cloud : CLOUD_PUBLIC];
}

enum doctor_cloud cloud_of_host(struct span host)
{
    static const struct {
        const char *part;
        enum doctor_cloud cloud;
    } parts[] = {
        {".azure-devices.cn", CLOUD_CHINA},   {".azure-devices-provisioning.cn", CLOUD_CHINA},
        {".azure-devices.us", CLOUD_GOV},     {".azure-devices-provisioning.us", CLOUD_GOV},
        {".azure-devices.net", CLOUD_PUBLIC}, {".azure-devices-provisioning.net", CLOUD_PUBLIC},
    };
    for (size_t i = 0; i < HR_COUNT_OF(parts); i++) {
        if (text_has_nocase(host, parts[i].part)) {
            return parts[i].cloud;
        }
    }
    return CLOUD_ANY;
}
