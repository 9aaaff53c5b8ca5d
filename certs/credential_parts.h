// SPDX-License-Identifier: MIT
// What device credentials of all kinds share: for the files of this folder only.
#pragma once
#include "certs/chain.h"
#include "certs/key_cache.h"
#include "certs/workshop.h"

struct credential_plan {
    struct span subject, issuer; // DER Names
    mbedtls_pk_context *subject_key, *issuer_key;
    int64_t from_s, to_s;
    bool is_ca;
    int path_length; // of a CA; -1: none
};

// ERR_VALUE unless it is 1 to 128 printable ASCII letters without blanks.
int credential_check_id(const char *what, struct span id) HR_NODISCARD;
// The name under which this id's keys are cached. Names with a '+' that do not begin with "sha256+"
// never come out of it.
int credential_key_name(const char *id, char out[KEY_NAME_BYTES_MOST + 1]) HR_NODISCARD;
// ERR_VALUE: too far from 1970 for a certificate's dates.
int credential_check_clock(int64_t utc_s) HR_NODISCARD;
int64_t credential_midnight(int64_t utc_s);
int credential_write_cn(struct span common_name, struct buf *out) HR_NODISCARD; // a DER Name
int credential_write(struct workshop *w, const struct credential_plan *plan,
                     struct buf *der) HR_NODISCARD;
int credential_thumbprints(struct span der, char sha1_hex[41], char sha256_hex[65]) HR_NODISCARD;

// The CA of test devices (device_ca.h): keys from the cache, certificates made afresh, always the same.
#define DEVICE_CA_ROOT_NAME "hubrig test device root"
enum device_ca_level { DEVICE_CA_ROOT, DEVICE_CA_ISSUING, DEVICE_CA_COUNT };
struct device_ca {
    struct key_wish keys[DEVICE_CA_COUNT];
    struct buf names[DEVICE_CA_COUNT]; // DER Names
    struct buf der[DEVICE_CA_COUNT];
};
int device_ca_open(struct workshop *w, struct device_ca *ca) HR_NODISCARD;
void device_ca_close(struct device_ca *ca); // wipes the keys
