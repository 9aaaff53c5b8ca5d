// SPDX-License-Identifier: MIT
// What the files of the hub share and nobody else sees.
#pragma once
#include "simulator/hub/access.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/hub.h"
#include "simulator/hub/renewal.h"

// Without memory uthash leaves the element out and marks it, instead of ending the program.
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->is_left_out = true)
#include <uthash.h>

struct hub_filter {
    struct hub_filter *next;
    char *text;
    int qos;
};

// A queued message. Its texts lie behind it in the same block.
struct c2d_item {
    struct c2d_item *next;
    struct c2d_entry entry;
    const struct hub_link *link; // that it is on its way to
    uint64_t lock_until_us;      // env->mono_us
};

struct c2d_record { // feedback on its way to the service
    char name[HUB_NAME_BYTES_MOST];
    char message_id[C2D_ID_BYTES_MOST + 1];
    enum c2d_outcome outcome;
    int64_t utc_us;
};

struct twin;         // twin.c
struct method_entry; // method.c
struct renewal;      // renewal.c

struct hub_entry {
    struct identity identity;
    struct hub_filter *filters; // newest first
    struct c2d_item *messages;  // oldest first
    size_t message_count;
    struct twin *twin;            // NULL until it is asked for
    struct renewal *renewal;      // the last request for a certificate, or NULL
    bool is_kept;                 // the session outlives its connection (clean 0)
    uint8_t sdk_fault_digest[32]; // of the property bag of the last fault message, with the flag
    bool has_sdk_fault;
    bool is_left_out;
    bool is_removed; // kept for who still points to it; nobody finds it by name
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
    int64_t clock_offset_us;   // when clock_since_us was, minus env's clock
    uint64_t clock_since_us;   // env->mono_us
    uint32_t clock_rate_ppm;   // 0: as env's
    struct hub_entry *entries;
    struct hub_link *links; // newest first
    hub_keeper *keeper;
    void *keeper_context;
    uint64_t deadline_us;
    void (*wake)(void *context);
    void *wake_context;

    uint64_t last_sequence;
    struct c2d_record records[C2D_FEEDBACK_BATCH];
    size_t record_count;
    uint64_t record_since_us;
    uint64_t batches;
    c2d_feedback_listener *feedback;
    void *feedback_context;

    struct method_entry *methods; // oldest first
    size_t method_count;
    uint64_t last_rid;
    struct access_policy policies[HUB_POLICIES_MOST];
    size_t policy_count;
    struct hub_ca cas[HUB_CAS_MOST];
    size_t ca_count;
    struct throttle_bucket buckets[THROTTLE_COUNT];
    struct hub_issuer issuer; // of renewed certificates; issue NULL: none
    int64_t quota_day; // of the hub's clock, since 1970
    uint64_t blocks_used;
};

// Quota and throttle of one message. REASON_OK: acknowledge after *delay_us.
enum reason hub_admit_message(struct hub *hub, const struct telemetry *m, size_t size_bytes,
                              uint64_t *delay_us);
// What the service asks for waits in no queue: REASON_OK or REASON_THROTTLED with a sentence.
enum reason hub_admit_service(struct hub *hub, enum throttle throttle, uint32_t count);
struct hub_entry *hub_entry_find(const struct hub *hub, struct span name);
struct hub_entry *hub_entry_find_any(const struct hub *hub, struct span name); // removed ones too
void hub_filters_free(struct hub_entry *entry);
int hub_keep(struct hub *hub, const struct hub_entry *entry, unsigned what);
// `host` is the hub's name or an alias, without case.
bool hub_has_host(const struct hub *hub, struct span host);
uint64_t hub_mono_us(const struct hub *hub);
// The connection of an identity, or NULL.
struct hub_link *hub_link_of(const struct hub *hub, const struct identity *identity);
// Something is due at `at_us`: the deadline moves there when it is earlier.
void hub_due(struct hub *hub, uint64_t at_us);

// c2d.c
void hub_c2d_free(struct hub_entry *entry);
// A connection has ended: what was on its way over it is queued again.
void hub_c2d_release(struct hub *hub, struct hub_entry *entry, const struct hub_link *link);
void hub_c2d_forget_sent(struct hub_entry *entry); // a clean session begins
void hub_c2d_tick(struct hub *hub, struct hub_entry *entry);
uint64_t hub_c2d_deadline_us(const struct hub *hub, const struct hub_entry *entry);
// Hands what is queued to the link, if any.
void hub_c2d_offer(struct hub *hub, struct hub_entry *entry);

// c2d_message.c; `takes_any_property` as in struct hub_settings
enum reason c2d_check(const struct c2d_message *message, bool takes_any_property);
// NULL without memory.
struct c2d_item *c2d_item_new(const struct identity *identity, const struct c2d_message *message);
int c2d_properties_json(const struct c2d_message *message, struct buf *out) HR_NODISCARD;

// c2d_feedback.c
void hub_feedback_add(struct hub *hub, const struct hub_entry *entry, const struct c2d_item *item,
                      enum c2d_outcome outcome);
void hub_feedback_tick(struct hub *hub);
uint64_t hub_feedback_deadline_us(const struct hub *hub);

// twin_document.c: the body of a refusal; `info` is JSON, NULL: no such member.
int hub_error_json(const struct hub *hub, int hub_code, const char *message, const char *info,
                   struct buf *out) HR_NODISCARD;

// limits.c: false when the throttle takes no more renewals; try again after *wait_us.
bool hub_admit_renewal(struct hub *hub, uint64_t *wait_us);

// renewal.c
void hub_renewal_free(struct renewal *renewal);
void hub_renewal_tick(struct hub *hub, struct hub_entry *entry);
uint64_t hub_renewal_deadline_us(const struct hub_entry *entry);
// Tells the link, if any, that an answer waits.
void hub_renewal_offer(struct hub *hub, struct hub_entry *entry);

// twin.c
void hub_twin_free(struct twin *twin);

// method.c
void hub_method_free(struct hub *hub);
// Calls that wait for this device are sent.
void hub_method_offer(struct hub *hub, struct hub_link *link);
void hub_method_tick(struct hub *hub);
uint64_t hub_method_deadline_us(const struct hub *hub);
// "policy NAME primary": how auth_result.key names a policy's key.
void hub_policy_key_text(const struct access_policy *policy, enum hub_key which,
                         char out[HUB_KEY_TEXT_BYTES]);
void hub_close_link(struct hub *hub, struct hub_link *link, enum reason reason);
void hub_free_cas(struct hub *hub);
