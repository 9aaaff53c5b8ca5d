// SPDX-License-Identifier: MIT
// SAS tokens: SharedAccessSignature sr=...&sig=...&se=...[&skn=...]
// (reference: IoT Hub over MQTT, SAS token). The signature covers `sr` and `se` exactly as sent.
//
//     struct sas_token token;
//     TRY(sas_parse(password, &token));
//     bool is_signed = false;
//     TRY(sas_is_signed_with(&token, "AAECAw...", &is_signed));
#pragma once
#include "base/span.h"

enum { SAS_SKEW_S = 300, SAS_KEY_BYTES_LEAST = 16, SAS_KEY_BYTES_MOST = 64 };

struct sas_token {         // all spans are borrowed from the password
    struct span resource;  // sr as sent, still encoded
    struct span signature; // sig as sent, still encoded: never show it
    struct span expiry;    // se as sent
    struct span policy;    // skn; empty: a device key
    int64_t expires_us;    // since 1970; at most the end of the year 9999
};

// ERR_SYNTAX with a sentence that names the field and never its content.
int sas_parse(struct span password, struct sas_token *out) HR_NODISCARD;

// sig = base64(HMAC-SHA256(base64-decoded key, sr LF se)), appended to `out`. ERR_SYNTAX for a key
// that is not base64, ERR_CRYPTO, ERR_NO_MEMORY.
int sas_sign(const char *key_base64, struct span resource, struct span expiry,
             struct buf *out) HR_NODISCARD;
// Compares in constant time. The errors of sas_sign, without ERR_SYNTAX for the token's side.
int sas_is_signed_with(const struct sas_token *token, const char *key_base64,
                       bool *out) HR_NODISCARD;

// `sr` names the host, or /devices below it, or the device, or its module, segment by segment,
// without case; "/api-version=..." behind it is ignored. `module` is empty for a device.
bool sas_resource_covers(struct span resource, struct span host, struct span device,
                         struct span module);
// How far `sr` reaches by its segments: "hub", "devices", "device" or "module".
const char *sas_scope(struct span resource);
// sr decoded for people, cut at the capacity and before anything that could be another field.
const char *sas_resource_print(struct span resource, char *out, size_t capacity_bytes);

// Text from a device that may hold a secret by mistake (a token as user name): what follows
// "sig=" or "SharedAccessKey=" is replaced by "***" in `out`; text without either comes back as is.
struct span sas_redacted(struct span text, char *out, size_t capacity_bytes);
// Is it the base64 text of 16 to 64 bytes? ERR_VALUE with a sentence that names whose `which` key
// is none, ERR_NO_MEMORY.
int sas_check_key(const char *name, const char *which, const char *key_base64) HR_NODISCARD;
