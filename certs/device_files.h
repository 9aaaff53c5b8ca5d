// SPDX-License-Identifier: MIT
// Device credentials of every kind that a hub meets, right ones and wrong ones, as files for a
// device: certificate, chain, private key, and what to register at the hub.
//
//     struct device_wish wish = {.id = "sensor-7", .kind = DEVICE_CA_SIGNED, .key = KEY_P256,
//                                .utc_s = now};
//     struct device_files files;
//     TRY(device_files_make(w, &wish, &files));
//     device_files_deinit(&files);
#pragma once
#include "certs/chain.h"
#include "certs/key_form.h"

//     kind                   word            meaning
#define DEVICE_KIND_TABLE(X)                                                                       \
    X(DEVICE_SELF_SIGNED, "self-signed", "sound; register a thumbprint")                           \
    X(DEVICE_CA_SIGNED, "ca-signed", "sound; register device-ca.pem, send device-chain.pem")       \
    X(DEVICE_MODULE, "module", "sound, of a module; the ID is DEVICE/MODULE")                      \
    X(DEVICE_EXPIRED, "expired", "self-signed, ended yesterday")                                   \
    X(DEVICE_WRONG_CN, "wrong-cn", "signed by the CA, but for ID-other")                           \
    X(DEVICE_CA_AS_DEVICE, "ca-as-device",                                                         \
      "the CA's own certificate and key in place of a "                                            \
      "device's")                                                                                  \
    X(DEVICE_KEY_MISMATCH, "key-mismatch", "self-signed, beside a key of another device")

enum credential_kind {
#define X(kind, word, meaning) kind,
    DEVICE_KIND_TABLE(X)
#undef X
        DEVICE_KIND_COUNT
};
extern const char *const device_kind_words[DEVICE_KIND_COUNT];
extern const char *const device_kind_meanings[DEVICE_KIND_COUNT];

struct device_wish {
    const char *id; // 1 to 128 ASCII letters without blanks; DEVICE/MODULE for DEVICE_MODULE
    enum credential_kind kind;
    enum key_kind key; // of the device; the CAs have P-256 keys. Cached under the id
    enum key_form form;
    const char *password; // form encrypted only
    int64_t utc_s;
};

struct device_files {
    struct buf cert_pem;
    struct buf chain_pem; // with a CA: the certificate and the issuing CA; else empty
    struct buf ca_pem;    // with a CA: the root to register; the same on every day; else empty
    struct buf key_pem;   // in the form asked for; secret
    char common_name[300];
    char sha1_hex[41], sha256_hex[65]; // of the certificate
};

// ERR_VALUE: the id, the clock, or a key form that does not fit (key_form_write). Else as
// device_credential_make; self-signed with a P-256 key is byte for byte its certificate.
int device_files_make(struct workshop *w, const struct device_wish *wish,
                      struct device_files *out) HR_NODISCARD;
void device_files_deinit(struct device_files *files); // wipes the key
