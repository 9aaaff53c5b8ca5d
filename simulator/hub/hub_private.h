// SPDX-License-Identifier: MIT
// What the files of the hub share and nobody else sees.
#pragma once
#include "simulator/hub/access.h"
#include "simulator/hub/hub.h"

// Without memory uthash leaves the element out and marks it, instead of ending the program.
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->is_left_out = true)
#include <uthash.h>

struct hub_filter {
    struct hub_filter *next;
    char *text;
    int qos;
};

struct hub_entry {
    struct identity identity;
    struct hub_filter *filters;   // newest first
    bool is_kept;                 // the session outlives its connection (clean 0)
    uint8_t sdk_fault_digest[32]; // of the property bag of the last fault message, with the flag
    bool has_sdk_fault;
    bool is_left_out;
    UT_hash_handle hh;
};

struct hub_ca {
    char name[HUB_LABEL_BYTES_MOST + 1];
    struct span der;                     // owned
    char challenge[HUB_CHALLENGE_BYTES]; // "": none was asked
    bool is_verified;
};

struct hub {
    struct hub_settings settings;
    const struct env *env;
    struct journal *journal;
    int64_t clock_offset_us;
    struct hub_entry *entries;
    struct hub_link *links; // newest first
    struct access_policy policies[HUB_POLICIES_MOST];
    size_t policy_count;
    struct hub_ca cas[HUB_CAS_MOST];
    size_t ca_count;
    struct throttle_bucket buckets[THROTTLE_COUNT];
    int64_t quota_day; // of the hub's clock, since 1970
    uint64_t blocks_used;
};

// Quota and throttle of one message. REASON_OK: acknowledge after *delay_us.
enum reason hub_admit_message(struct hub *hub, const struct telemetry *m, size_t size_bytes,
                              uint64_t *delay_us);
struct hub_entry *hub_entry_find(const struct hub *hub, struct span name);
void hub_filters_free(struct hub_entry *entry);
// `host` is the hub's name or an alias, without case.
bool hub_has_host(const struct hub *hub, struct span host);
// The base64 text of 16 to 64 bytes, or ERR_VALUE with a sentence.
int hub_check_key(const char *name, const char *which, const char *key_base64) HR_NODISCARD;
bool hub_label_is_valid(const char *label); // of a policy or CA certificate
// "policy NAME primary": how auth_result.key names a policy's key.
void hub_policy_key_text(const struct access_policy *policy, enum hub_key which,
                         char out[HUB_KEY_TEXT_BYTES]);
void hub_close_link(struct hub *hub, struct hub_link *link, enum reason reason);
void hub_free_cas(struct hub *hub);
