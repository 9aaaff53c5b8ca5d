// SPDX-License-Identifier: MIT
// The public roots that Azure IoT hubs use or used, by
// fingerprint, and which cloud needs which.
#pragma once
#include "base/span.h"
#include "certs/doctor/doctor.h"

enum known_root_id {
    ROOT_BALTIMORE,
    ROOT_G1,
    ROOT_G2,
    ROOT_G3,
    ROOT_MS_RSA_2017,
    ROOT_MS_ECC_2017,
    ROOT_D_TRUST,
    ROOT_WOSIGN,
    ROOT_RSA_G5,
    ROOT_ECC_G5,
    KNOWN_ROOT_COUNT
};

struct known_root {
    const char *name; // the subject's common name
    const char *organization;
    const char *sha1;   // of the DER, lower-case hex
    const char *sha256; // "" where no copy was at hand to compute it from
    int64_t not_after_s;
    bool is_sha1_signed;
    bool is_ecc;
};

extern const struct known_root known_roots[KNOWN_ROOT_COUNT];

// The root of these fingerprints, or NULL. `sha256` is only compared where the table has one.
const struct known_root *known_root_of(const uint8_t sha1[20], const uint8_t sha256[32]);
// The root that a certificate of this subject claims to be, or NULL.
const struct known_root *known_root_named(struct span common_name, struct span organization);

// Bit i = known_root_id i. RSA suites; a bundle needs all bits of `must`.
struct cloud_needs {
    unsigned must;
    unsigned should;
    const char *must_text;
};
const struct cloud_needs *cloud_needs_of(enum doctor_cloud cloud);
// From the host's ending; CLOUD_ANY when it tells nothing.
enum doctor_cloud cloud_of_host(struct span host);
