// SPDX-License-Identifier: MIT
// The rules of one IoT hub, without a socket or a clock of its own: who may connect, what becomes
// of a message, which identity is connected where. Sessions (MQTT now) call it; it answers with
// reasons and events.
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "certs/verify.h"
#include "simulator/hub/reason.h"
#include "simulator/hub/sdk_fault.h"
#include "simulator/hub/throttle.h"
#include "simulator/journal/journal.h"

#include <stdbool.h>

enum {
    HUB_ID_BYTES_MOST = 128,
    HUB_NAME_BYTES_MOST = 300,
    HUB_KEY_TEXT_BYTES = 96,
}; // a name is "device" or "device/module"

enum hub_auth { HUB_AUTH_SAS, HUB_AUTH_THUMBPRINT, HUB_AUTH_CA };

struct identity {
    char name[HUB_NAME_BYTES_MOST]; // "device" or "device/module", unique, case-sensitive
    enum hub_auth auth;
    char primary_key[100]; // base64 of 16 to 64 bytes
    char secondary_key[100];
    char primary_thumbprint[65]; // 40 (SHA-1) or 64 (SHA-256) lower-case hex digits
    char secondary_thumbprint[65];
    bool is_disabled;
};

// What the hub asks of an X.509 library: cert_chain_leads_to and cert_common_name of
// certs/verify.h.
struct hub_crypto {
    int (*chain_leads_to)(const struct span *chain_der, size_t chain_count,
                          const struct span *anchors_der, size_t anchor_count, int64_t utc_s,
                          struct cert_judgement *out);
    int (*common_name)(struct span der, char *out, size_t capacity_bytes);
};

struct hub_settings {
    char host[256];                // "myhub.azure-devices.net"
    char aliases[8][256];          // other names under which the hub is asked for; "" = unused
    uint32_t sas_grace_s;          // life past `se` of a connected device's token; default 300
    int disabled_connack;          // 5 (default) or 3
    int bad_username_connack;      // 5 (default) or 3
    bool has_strict_subscriptions; // close on a 6th or unknown filter; default: grant and warn
    uint32_t c2d_ttl_s;            // of a message that says none; default 3600
    uint32_t c2d_deliveries_most;  // 1 to 100, default 10; then it is dead-lettered
    bool c2d_counts_attempts;      // count every delivery; default: abandons only
    bool c2d_goes_with_session;    // CleanSession 1 deletes waiting messages; default: they stay
    bool takes_any_c2d_property;   // empty values and UTF-8 as well; default: printable ASCII
    int twin_too_large_status;     // 413 (default) or 400
    int wrong_host_connack;        // 5 (default) or 3
    int throttled_connack;         // 3 (default): a connection beyond what the throttle queues
    bool is_local_auth_off;        // Azure's disableLocalAuth: no tokens of shared access policies
    bool is_device_sas_off;        // disableDeviceSAS: no tokens of device keys
    bool is_module_sas_off;        // disableModuleSAS: no tokens of module keys
    bool has_roll_cut;             // a rolled key ends the connections made with it; default: they
                                   // stay, because the hub looks at a token only at CONNECT
    bool takes_any_renewal;       // of any api-version; default: from 2025-08-01-preview on
    bool closes_renewal_without_rid; // default: such a request gets no answer
    int renewal_csr_code;         // 400037 (default) or 400040: a signing request that is no good
    int renewal_conflict_code;    // 409004 (default) or 409005: another request is active
    uint32_t renewal_delay_s;     // until the certificate is there; default 1
    uint32_t renewal_expires_s;   // how long a request is active and its answer kept; default 12 h
    uint32_t renewal_days;        // life of a renewed certificate; default 30
    bool has_sdk_faults; // obey AzIoTHub_FaultOperation messages; default: plain telemetry
    const struct hub_crypto *crypto; // borrowed; NULL: no CA certificates
    struct hub_limits limits;        // default: none
};
void hub_settings_init(struct hub_settings *settings, const char *host);

struct hub;
// `env` and `journal` are borrowed. NULL without memory.
struct hub *hub_new(const struct hub_settings *settings, const struct env *env,
                    struct journal *journal);
void hub_free(struct hub *hub);
const struct hub_settings *hub_settings_of(const struct hub *hub);
// The CONNACK code of a refusal: that of the reason's row, or what the settings say instead.
int hub_connack_code(const struct hub *hub, enum reason reason);

// The hub's own clock: that of env plus an offset, which grows when its rate is another. It decides
// about tokens, certificates, times to live and days; time limits of the protocol run on env->mono_us.
// Microseconds since 1970. Each change emits hub.clock.
int64_t hub_utc_us(const struct hub *hub);
void hub_clock_set(struct hub *hub, int64_t utc_us);
void hub_clock_shift(struct hub *hub, int64_t offset_us); // relative to env's clock
// From now on it runs so many millionths as fast as env's clock; 1,000,000 unless told.
void hub_clock_set_rate(struct hub *hub, uint32_t rate_ppm);
// How long env->mono_us takes for so much of the hub's clock, rounded up.
uint64_t hub_clock_wait_us(const struct hub *hub, uint64_t us);

// Time limits of the rules: locks, times to live, feedback, method calls. hub_tick wants to be
// called at the deadline, on the clock env->mono_us; UINT64_MAX = never. `wake` is called when the
// deadline has moved, at any time, also from inside hub_tick.
uint64_t hub_deadline_us(const struct hub *hub);
void hub_tick(struct hub *hub);
void hub_on_deadline(struct hub *hub, void (*wake)(void *context), void *context);

// ERR_VALUE with a sentence for a bad id, key or thumbprint; ERR_IN_USE for a name that exists.
int hub_add_identity(struct hub *hub, const struct identity *identity) HR_NODISCARD;
// The same, but an identity of that name gets these credentials from now on; it stays enabled or
// disabled as it was, and live connections stay.
int hub_put_identity(struct hub *hub, const struct identity *identity) HR_NODISCARD;
// Borrowed, or NULL. `name` is compared with case.
const struct identity *hub_find_identity(const struct hub *hub, struct span name);
// Every identity, in the order in which they were added: NULL gives the first, the last gives NULL.
const struct identity *hub_next_identity(const struct hub *hub, const struct identity *after);
// Ends the live connections of the identity and its modules, and forgets them with all they have. An
// identity of that name may be added again. ERR_UNKNOWN_NAME, and the keeper's errors.
int hub_remove_identity(struct hub *hub, const char *name) HR_NODISCARD;
// ERR_UNKNOWN_NAME. Disabling ends a live connection.
int hub_set_disabled(struct hub *hub, const char *name, bool is_disabled) HR_NODISCARD;
// The live connection of an identity, 0 = none.
uint32_t hub_connection_of(const struct hub *hub, const struct identity *identity);

enum { PEER_CHAIN_MOST = 10 };

// What the TLS layer knows of the client's certificate.
struct peer_certificate {
    uint8_t sha1[20];
    uint8_t sha256[32];
    int64_t not_before_s; // since 1970
    int64_t not_after_s;
    char common_name[256];
    bool is_ca;
    // Everything that the device sent, DER, leaf first: borrowed from the TLS connection.
    struct span chain_der[PEER_CHAIN_MOST];
    size_t chain_count;
};

struct auth_request {
    struct span client_id;
    struct span username;
    struct span password;                       // ptr NULL = the packet has none
    const struct peer_certificate *certificate; // NULL = the device sent none
};

struct auth_result {
    enum reason reason;              // REASON_OK, or why not
    const struct identity *identity; // once known, even when refused
    char name[HUB_NAME_BYTES_MOST];  // from the user name or client id, "" when unreadable
    char api_version[32];            // "" when the user name carries none
    char key[HUB_KEY_TEXT_BYTES]; // "primary", "primary thumbprint", "policy device primary", ...
    int64_t token_expires_us;     // INT64_MAX without a token
    const char *token_scope;      // sas_scope; "" without a token
    bool is_policy;               // signed with the key of a shared access policy
    char working[600]; // the whole reckoning for people, never a secret: which sr, which clock,
                       // "the token ended 2 h 3 min before the hub's time", which key matched
};

// Judges a CONNECT: user name, client id, SAS token or certificate.
void hub_authenticate(struct hub *hub, const struct auth_request *request, struct auth_result *out);

// The throttle of new connections, asked once the credentials are good: REASON_OK, CONNACK is due
// after *delay_us, or REASON_THROTTLED.
enum reason hub_admit_connection(struct hub *hub, const struct identity *identity,
                                 uint32_t connection, uint64_t *delay_us);

// The throttles of a device's twin requests: REASON_OK, the answer is due after *delay_us, or
// REASON_THROTTLED.
enum reason hub_admit_twin(struct hub *hub, const struct identity *identity, bool is_update,
                           uint64_t *delay_us);

struct hub_method_request { // borrowed for the call
    struct span rid;        // short hex
    struct span method;
    struct span payload;
};

// One live connection of an identity. Owned by the session; the hub calls `close` at most once,
// when a newer connection, a disabled identity or `hub_close_all` ends it, and has then already
// forgotten it.
struct hub_link {
    void (*close)(struct hub_link *link, enum reason reason, uint32_t by_connection);
    // What the hub has for the device. NULL = this session does not speak it. The session may be
    // closed when they return.
    void (*c2d_ready)(struct hub_link *link); // hub_c2d_take has something
    void (*desired)(struct hub_link *link, struct span patch_json, int64_t version);
    void (*renewal)(struct hub_link *link); // hub_renewal_take has an answer
    // False: the device has not subscribed to methods.
    bool (*method)(struct hub_link *link, const struct hub_method_request *request);
    uint32_t connection;
    const char *key; // auth_result.key, borrowed while attached; may be NULL
    const struct identity *identity;
    struct hub_link *next; // the hub's
};
void hub_attach(struct hub *hub, struct hub_link *link); // takes over from an older link
// What another client with the same credentials would do: its connection ends as taken over. False
// when there was none.
bool hub_take_over(struct hub *hub, const struct identity *identity);
void hub_detach(struct hub *hub, struct hub_link *link); // no effect when not attached
// The device can take more now (it has subscribed, or its session is open): messages and method
// calls that wait are handed over.
void hub_link_ready(struct hub *hub, struct hub_link *link);
// Ends every live connection; each session gets `reason` through its close callback.
void hub_close_all(struct hub *hub, enum reason reason);

// The MQTT session that an identity owns: its granted filters. A kept session (clean 0) outlives
// the connection, a clean one is deleted when the connection begins and when it ends. Begin after
// hub_attach. Returns true when a kept one existed.
bool hub_session_begin(struct hub *hub, const struct identity *identity, bool is_clean);
// Adds a filter or changes its QoS. ERR_LIMIT (HUB_FILTERS_MOST), ERR_NO_MEMORY.
enum { HUB_FILTERS_MOST = 256 };
int hub_session_subscribe(struct hub *hub, const struct identity *identity, struct span filter,
                          int qos) HR_NODISCARD;
// False when there was no such filter.
bool hub_session_unsubscribe(struct hub *hub, const struct identity *identity, struct span filter);
size_t hub_session_filter_count(const struct hub *hub, const struct identity *identity);
// The granted QoS, or -1.
int hub_session_qos(const struct hub *hub, const struct identity *identity, struct span filter);
// Whether the session outlives its connection, and all its filters, oldest first.
bool hub_session_is_kept(const struct hub *hub, const struct identity *identity);
typedef int hub_filter_visitor(void *context, struct span filter, int qos);
int hub_session_each(const struct hub *hub, const struct identity *identity,
                     hub_filter_visitor *visit, void *context) HR_NODISCARD;

// What a restart should find again. The keeper is told of each change before anybody hears that it
// was accepted, and reads what it wants from the hub. When it fails, the function that made the
// change fails; what it has changed is taken back, but for twins and messages that left the queue.
enum {
    HUB_KEEP_IDENTITY = 1,
    HUB_KEEP_SESSION = 2,
    HUB_KEEP_TWIN = 4,
    HUB_KEEP_C2D = 8,
    HUB_KEEP_REMOVAL = 16, // alone: the identity is no more
};
typedef int hub_keeper(void *context, const struct identity *identity, unsigned what);
void hub_set_keeper(struct hub *hub, hub_keeper *keeper, void *context); // NULL = none

// For an event: at most 1024 bytes, without half a UTF-8 character at the cut.
struct span hub_shown(struct span text);

// Telemetry: stores the message, that is, emits d2c.message with its property bag decoded.
struct telemetry {
    const struct identity *identity;
    uint32_t connection;
    struct span bag; // as received, still encoded
    struct span body;
    int qos;
    uint16_t packet_id; // 0 with QoS 0
    bool is_dup;
    bool is_retain;
    bool is_will;
};
struct telemetry_outcome {
    uint64_t answer_after_us; // traffic shaping: acknowledge only then
    bool has_sdk_fault;       // the sender asks for a fault, and the hub obeys such messages
    struct sdk_fault sdk_fault;
};
// REASON_OK, REASON_MESSAGE_TOO_LARGE, REASON_BAD_PROPERTIES, REASON_THROTTLED,
// REASON_QUOTA_EXCEEDED or REASON_INTERNAL (memory). *out is filled in every case.
enum reason hub_take_telemetry(struct hub *hub, const struct telemetry *message,
                               struct telemetry_outcome *out);
// The same for a caller that can neither wait nor obey.
enum reason hub_store_telemetry(struct hub *hub, const struct telemetry *message);
