// SPDX-License-Identifier: MIT
// What opens the hub besides a device's own key: rolled keys, shared access policies, and the CA
// certificates of devices that are registered with HUB_AUTH_CA.
//
//     TRY(hub_add_standard_policies(hub));
//     const struct access_policy *p = hub_find_policy(hub, SPAN_LITERAL("iothubowner"));
//     TRY(hub_roll_key(hub, "bench-01", HUB_KEY_PRIMARY, NULL));
#pragma once
#include "simulator/hub/hub.h"

enum {
    HUB_POLICIES_MOST = 16,
    HUB_STANDARD_POLICIES = 5, // of these
    HUB_CAS_MOST = 25,
    HUB_LABEL_BYTES_MOST = 64, // of a policy or a CA certificate
    HUB_CHALLENGE_BYTES = 49,
    HUB_CA_DER_BYTES_MOST = 1 << 16,
};

// Which of the two keys of an identity or policy.
enum hub_key { HUB_KEY_PRIMARY, HUB_KEY_SECONDARY };
// Replaces one key of a SAS identity, now; NULL: by 32 random bytes. ERR_UNKNOWN_NAME, ERR_VALUE
// (not a key, or not a SAS identity), ERR_CRYPTO. Emits hub.key. Connections that were made with
// the old key stay, unless hub_settings.has_roll_cut.
int hub_roll_key(struct hub *hub, const char *name, enum hub_key which,
                 const char *key_base64) HR_NODISCARD;

// What a shared access policy allows, with the service's words: X(name, bit, word).
#define HUB_RIGHT_TABLE(X)                                                                         \
    X(REGISTRY_READ, 1, "RegistryRead")                                                            \
    X(REGISTRY_WRITE, 2, "RegistryWrite")                                                          \
    X(SERVICE_CONNECT, 4, "ServiceConnect")                                                        \
    X(DEVICE_CONNECT, 8, "DeviceConnect")
enum hub_right {
#define X(name, bit, word) HUB_RIGHT_##name = (bit),
    HUB_RIGHT_TABLE(X)
#undef X
};
// A token of a shared access policy names it in skn.
struct access_policy {
    char name[HUB_LABEL_BYTES_MOST + 1]; // unique, compared without case
    char primary_key[100];
    char secondary_key[100];
    unsigned rights; // enum hub_right
};
bool hub_label_is_valid(const char *label); // the name of a policy or CA certificate
// ERR_VALUE, ERR_IN_USE, ERR_LIMIT (HUB_POLICIES_MOST).
int hub_add_policy(struct hub *hub, const struct access_policy *policy) HR_NODISCARD;
// The five that a new hub has, with random keys: iothubowner, service, device, registryRead,
// registryReadWrite. Also ERR_CRYPTO.
int hub_add_standard_policies(struct hub *hub) HR_NODISCARD;
// The rights of one of those five, 0 for any other name.
unsigned hub_standard_rights(struct span name);
const struct access_policy *hub_find_policy(const struct hub *hub, struct span name); // or NULL
int hub_roll_policy_key(struct hub *hub, const char *name, enum hub_key which,
                        const char *key_base64) HR_NODISCARD;

// A CA certificate counts only once it is verified: whoever uploads it proves to have its key with
// a certificate that is signed by it and whose CN is the challenge. ERR_VALUE (a bad name, not a
// certificate, a hub without crypto), ERR_IN_USE, ERR_LIMIT (HUB_CAS_MOST).
int hub_add_ca(struct hub *hub, const char *name, struct span der, bool is_verified) HR_NODISCARD;
// A fresh challenge: 48 hexadecimal digits; the one before it is void. ERR_UNKNOWN_NAME.
int hub_challenge_ca(struct hub *hub, const char *name, char out[HUB_CHALLENGE_BYTES]) HR_NODISCARD;
// ERR_VALUE with a sentence when `proof_der` proves nothing. Emits hub.ca.
int hub_verify_ca(struct hub *hub, const char *name, struct span proof_der) HR_NODISCARD;
int hub_remove_ca(struct hub *hub, const char *name) HR_NODISCARD; // ERR_UNKNOWN_NAME
bool hub_ca_is_verified(const struct hub *hub, const char *name);
