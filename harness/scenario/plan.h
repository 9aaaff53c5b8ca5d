// SPDX-License-Identifier: MIT
// A scenario file as a plan: parsed, checked, nothing left to look up. One statement per line:
//
//   scenario NAME                       must be first; NAME is the file's place in its suite
//   about    WORDS                      one line for reports
//   why      WORDS                      what its failure costs somebody in the field
//   level    must|should|info           how binding it is, must unless told
//   source   WORDS                      the clause or document it rests on
//   tags     WORD...                    e.g. tls slow
//   needs    CAPABILITY ...    what the device must offer, else the scenario is skipped
//   limit    DURATION                   longest run, default 60s
//   set      KNOB = VALUE               before boot; knobs below
//   boot     device
//   time     device|hub = WHEN          WHEN: hub (device only) | real (hub only) | DATE |
//                                      +-DURATION: the device from the hub, the hub from real
//   hub      chain NAME | drop fin|rst | FAULT... | clear | disable | enable
//   hub      c2d "BODY" [id ID] [ack none|positive|negative|full] [ttl DURATION]
//                [size BYTES] [property NAME = VALUE ...] [input NAME]
//   hub      desired "JSON"            the service patches the twin's desired properties
//   hub      method NAME ["JSON" | size BYTES] [within DURATION]       5s to 5m, default 30s
//   hub      roll primary|secondary    replace the device's key
//   hub      takeover                  another client with its identity ends its connection
//   hub      remove                    delete the device, or the module, from the registry
//   dps      chain NAME | disable | enable | assign hub1|hub2
//   sntp     MODE                      what the time server answers from now on
//   dns      hub|dps|NAME BEHAVIOUR    how the name server answers from now on
//   device   power on|off | reset | send WORDS       the rest of its life, once it is booted
//   wait     DURATION
//   log      WORDS
//   measure  NAME = AMOUNT UNIT [enough AMOUNT]    AMOUNT: N; of bytes also Nk, NM
//   expect   MATCH within DURATION
//   expect   count MATCH RANGE within DURATION     RANGE: N, N.., ..M, N..M
//   never    MATCH [before MATCH]
//   expect   backoff TYPE[|TYPE...] [factor A..B] [jitter|no-jitter] [after CAUSE] [samples N]
//                [within DURATION]     TYPE: none, constant, linear, exponential, growing, any;
//                                      CAUSE: any, tcp, tls, connack, connack-1..5, unanswered, drop
//   expect   rate MATCH at most N per DURATION for DURATION
//   expect   quiet MATCH for DURATION
//   expect   silence at most DURATION for DURATION
//   expect   ledger d2c|c2d [lost RANGE] [duplicated RANGE] [reordered RANGE] [messages RANGE]
//                [within DURATION]
//   expect   keepalive A..B within DURATION
//   expect   detect|recovery|resubscribe|twin-sync within DURATION
//   expect   renewal margin A..B within DURATION     A, B: durations, or percents of the life
//   expect   alert NAME[|NAME|silence...] within DURATION
//   while    MATCH until MATCH never MATCH
//   while    MATCH until MATCH expect MATCH [within DURATION]
//   while    MATCH until MATCH expect count MATCH RANGE
//   when     MATCH [times N] do hub|dps|net|sntp|dns|device|time|log ...
//   never    backoff TYPE ... | rate MATCH above N per DURATION | leak
//
//   repeat   N                         the lines up to `end` N times; steps keep their line
//   repeat   NAME in VALUE...          once per value, {NAME} in the lines stands for it
//   end
//   param    NAME = VALUE              {NAME} in the lines behind it stands for the value
//   include  FILE                      the statements of FILE, as if they stood here
//
//   MATCH:   EVENT [with FIELD = VALUE | FIELD != VALUE | FIELD has TEXT [and ...]]
//
// The named oracles (`hubrig words oracles`) watch the whole run and consume no event.
//
// An expect looks at events after the last one that an expect matched, or after the last boot,
// time or hub statement, whichever is later. A never holds from its line on, to the end of the
// scenario or to the `before` event. A while judges every time between its two events, as often as
// it comes, and passes only if it came. A when acts at the next such events, and nobody waits for it.
//
// `hub drop fin` alone closes the live connections; with more words (`hub drop fin at mqtt.puback`)
// it arms the fault of that name.
//
// Of several measures of one name the last counts. Once `enough` is reached, an expect that is not met
// ends the run as warn: the device has shown how far it gets.
#pragma once
#include "base/line.h"
#include "certs/device_files.h"
#include "harness/scenario/capability.h"
#include "harness/scenario/measure.h"
#include "harness/scenario/oracle_spec.h"
#include "simulator/faults/fault.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/hub.h"
#include "simulator/hub/method.h"
#include "simulator/hub/throttle.h"
#include "simulator/journal/event.h"
#include "simulator/net/dns_zone.h"
#include "simulator/net/sntp.h"
#include "simulator/tls/policy.h"

//    word                values                        default                meaning
#define KNOB_TABLE(X)                                                                              \
    X(DEVICE_CLOCK, "device.clock", "hub|DATE|+-DURATION", "hub",                                  \
      "the device's clock at boot; needs clock")                                                   \
    X(DEVICE_CLOCK_RATE, "device.clock_rate", "N", "1",                                             \
      "how fast the device's clocks run, and with them all times of the scenario; 0.001 to 1000")   \
    X(DEVICE_AUTH, "device.auth", "sas|x509|ca", "sas",                                                     \
      "how the device is registered: a key, a thumbprint, or a CA that signed its certificate")               \
    X(DEVICE_CERTIFICATE, "device.certificate", "fitting|self-signed|ca-signed|expired|wrong-cn|ca-as-device", \
      "fitting", \
      "the certificate that the device is given, beside the one that it is registered with; "       \
      "`hubrig certs device --help` tells the kinds")                                              \
    X(DEVICE_KEY, "device.key", "primary|secondary", "primary",                                    \
      "which of its two keys the device is given, unless it needs two-keys and is given both")     \
    X(DEVICE_MODULE, "device.module", "none|NAME", "none",                                         \
      "the device runs as this module of its: connection string and statements are the module's")  \
    X(DEVICE_COUNT, "device.count", "1..50", "1",                                                  \
      "how many of the device run at once, each with an identity of its own; statements about one "\
      "device are about the first")                                                                \
    X(DEVICE_PROVISIONING, "device.provisioning", "none|symmetric|x509|group|x509-group", "none",  \
      "how the device is enrolled with the provisioning service; none: it is in the hub already")  \
    X(DEVICE_ROOT, "device.root", "CHAIN ...", "azure/digicert-g2",                                    \
      "the chains whose trust anchors the device is given")                                         \
    X(HUB_CHAIN, "hub.chain", "CHAIN", "azure/digicert-g2", "the chain that the hub presents")     \
    X(HUB_CLOCK, "hub.clock", "real|DATE|+-DURATION", "real", "the hub's clock at the start")      \
    X(HUB_CLOCK_RATE, "hub.clock_rate", "N", "device.clock_rate",                                    \
      "how fast the hub's clock runs: tokens, certificates, times to live, days")                  \
    X(HUB_SAS_GRACE, "hub.sas_grace", "DURATION", "5m",                                            \
      "life of a connected device's token past its end") \
    X(HUB_TIER, "hub.tier", "none|F1|S1|S2|S3", "none", \
      "the throttles and the daily quota of one unit of that tier") \
    X(HUB_QUOTA, "hub.quota", "none|COUNT", "none", \
      "message blocks a day, instead of the tier's; then the first publish is cut") \
    X(HUB_CONNECT_RATE, "hub.connect_rate", "none|N/s|N/m", "none", \
      "new connections, N at once, instead of the tier's; then CONNACK is late, then 3") \
    X(HUB_D2C_RATE, "hub.d2c_rate", "none|N/s|N/m", "none", \
      "telemetry, N at once, instead of the tier's; then PUBACK is late, then the end") \
    X(HUB_C2D_RATE, "hub.c2d_rate", "none|N/s|N/m", "none", \
      "messages that the service sends, instead of the tier's; then it is told 429") \
    X(HUB_TWIN_READ_RATE, "hub.twin_read_rate", "none|N/s|N/m", "none", \
      "twins that devices read, instead of the tier's; then the answer is late, then 429") \
    X(HUB_TWIN_UPDATE_RATE, "hub.twin_update_rate", "none|N/s|N/m", "none", \
      "reported patches, instead of the tier's; then the answer is late, then 429") \
    X(HUB_METHOD_RATE, "hub.method_rate", "none|N/s|N/m", "none", \
      "begun 4 KB of method calls, instead of the tier's; then the service is told 429") \
    X(HUB_LOCAL_AUTH, "hub.local_auth", "on|off", "on", \
      "off: no tokens of shared access policies (disableLocalAuth)") \
    X(HUB_DEVICE_SAS, "hub.device_sas", "on|off", "on", \
      "off: no tokens of device keys (disableDeviceSAS)") \
    X(HUB_MODULE_SAS, "hub.module_sas", "on|off", "on", \
      "off: no tokens of module keys (disableModuleSAS)") \
    X(HUB_ROLL_CUT, "hub.roll_cut", "off|on", "off", \
      "on: a rolled key ends the connections that were made with it") \
    X(HUB_DISABLED_CONNACK, "hub.disabled_connack", "5|3", "5", \
      "the CONNACK code for a disabled device") \
    X(HUB_USERNAME_CONNACK, "hub.username_connack", "5|3", "5", \
      "the CONNACK code for a user name that cannot be read") \
    X(HUB_HOST_CONNACK, "hub.host_connack", "5|3", "5", \
      "the CONNACK code for another hub's name in the user name") \
    X(HUB_THROTTLED_CONNACK, "hub.throttled_connack", "3|5", "3", \
      "the CONNACK code when too many connections are new") \
    X(HUB_SUBSCRIPTIONS, "hub.subscriptions", "lax|strict", "lax", \
      "strict: a sixth filter, or one that the hub does not know, ends the connection") \
    X(HUB_TWIN_TOO_LARGE, "hub.twin_too_large", "413|400", "413", \
      "the status for a patch that makes a twin too large") \
    X(HUB_C2D_COUNTS, "hub.c2d_counts", "abandons|attempts", "abandons", \
      "what counts towards hub.c2d_deliveries") \
    X(HUB_C2D_CLEAN, "hub.c2d_clean", "kept|deleted", "kept", \
      "what a connection with CleanSession 1 does to messages that wait") \
    X(HUB_C2D_PROPERTIES, "hub.c2d_properties", "ascii|any", "ascii", \
      "any: messages may have empty values and UTF-8 in their properties, as a gateway passes them on") \
    X(HUB_C2D_DELIVERIES, "hub.c2d_deliveries", "1..100", "10", \
      "then a message is given up") \
    X(HUB_C2D_TTL, "hub.c2d_ttl", "DURATION", "1h", \
      "how long a message lives that says nothing else") \
    X(HUB_RENEWAL, "hub.renewal", "preview|any", "preview", \
      "preview: certificates are renewed from api-version 2025-08-01-preview on; any: always") \
    X(HUB_RENEWAL_NO_RID, "hub.renewal_no_rid", "ignore|close", "ignore", \
      "what becomes of a request for a certificate without $rid") \
    X(HUB_RENEWAL_CSR_CODE, "hub.renewal_csr_code", "400037|400040", "400037", \
      "the error code for a signing request that is no good") \
    X(HUB_RENEWAL_CONFLICT_CODE, "hub.renewal_conflict_code", "409004|409005", "409004", \
      "the error code while another request for a certificate is active") \
    X(HUB_RENEWAL_DELAY, "hub.renewal_delay", "DURATION", "1s", \
      "how long the CA takes for a renewed certificate") \
    X(HUB_RENEWAL_EXPIRES, "hub.renewal_expires", "DURATION", "12h", \
      "how long a request for a certificate is active and its answer kept") \
    X(HUB_RENEWAL_DAYS, "hub.renewal_days", "1..365", "30", \
      "how long a renewed certificate is valid") \
    X(HUB_RENEWAL_RATE, "hub.renewal_rate", "none|N/s|N/m", "none", \
      "requests for certificates; then the device is told 429") \
    X(HUB_SDK_FAULTS, "hub.sdk_faults", "on|off", "off", \
      "obey AzIoTHub_FaultOperation messages, as the SDKs' own tests send them") \
    TLS_POLICY_TABLE(X)                                                                            \
    X(DPS_CHAIN, "dps.chain", "CHAIN", "azure/digicert-g2",                                        \
      "the chain that the provisioning service presents")                                          \
    X(DPS_RETRY_AFTER, "dps.retry_after", "DURATION", "3s",                                        \
      "how long a device is told to wait before it asks again")                                    \
    X(DPS_ASSIGN_AFTER, "dps.assign_after", "DURATION", "1s",                                      \
      "how long a registration stays assigning")                                                   \
    X(DPS_DISABLED, "dps.disabled", "401|status", "401",                                           \
      "how a disabled enrollment is answered: 401, or 200 with the status disabled")                  \
    X(HUB_SNTP, "hub.sntp", "MODE", "right",                                                       \
      "what the time server answers; modes: hubrig words sntp")                                    \
    X(DNS_HUB, "dns.hub", "BEHAVIOUR", "right",                                                    \
      "how the hub's name is answered; behaviours: hubrig words dns")                              \
    X(DNS_DPS, "dns.dps", "BEHAVIOUR", "right",                                                    \
      "how the provisioning service's name is answered")

enum knob {
#define X(name, word, values, standard, meaning) KNOB_##name,
    KNOB_TABLE(X)
#undef X
        KNOB_COUNT
};
const char *knob_word(enum knob knob);
const char *knob_values(enum knob knob);
const char *knob_default(enum knob knob);
const char *knob_meaning(enum knob knob);

enum when_kind { WHEN_HUB, WHEN_REAL, WHEN_DATE, WHEN_OFFSET };
struct when {
    enum when_kind kind;
    int64_t us; // DATE: since 1970; OFFSET: a device from the hub clock, a hub from the real one
};

enum provisioning {
    PROVISIONING_NONE,
    PROVISIONING_SYMMETRIC,
    PROVISIONING_X509,
    PROVISIONING_GROUP,
    PROVISIONING_X509_GROUP
};

struct settings {
    struct when device_clock;
    unsigned device_count;
    uint32_t device_rate_ppm;
    uint32_t hub_rate_ppm; // 0: that of the device
    bool is_x509;      // with a certificate, by thumbprint or
    bool is_ca_signed; // by its CA
    bool has_other_certificate;   // than the one that fits its registration:
    enum credential_kind certificate; // this one
    bool is_given_secondary; // key, in place of the primary
    char device_module[65];  // "" = it is a device
    char device_root[400]; // names with a blank between them
    char hub_chain[96];
    struct when hub_clock;
    uint64_t sas_grace_us;
    enum provisioning provisioning;
    char dps_chain[96];
    uint64_t dps_retry_after_us;
    uint64_t dps_assign_after_us;
    bool dps_shows_disabled;
    struct hub_limits limits;
    enum hub_tier tier;
    bool has_sdk_faults;
    struct hub_settings hub; // what hub_knobs.c sets; its other fields are not used
    struct sntp_mode sntp;
    struct dns_behaviour dns_hub;
    struct dns_behaviour dns_dps;
    struct tls_policy tls;
};

// How fast the hub's clock runs, which is as fast as the device's unless told.
static inline uint32_t settings_hub_rate_ppm(const struct settings *s)
{
    return s->hub_rate_ppm ? s->hub_rate_ppm : s->device_rate_ppm;
}

enum hub_verb {
    HUB_CHAIN,
    HUB_DROP,
    HUB_FAULT,
    HUB_CLEAR,
    HUB_NET_CLEAR, // the verb net
    HUB_DISABLE,
    HUB_ENABLE,
    HUB_C2D,
    HUB_DESIRED,
    HUB_METHOD,
    HUB_ROLL,
    HUB_TAKEOVER,
    HUB_REMOVE,
    HUB_DPS_ASSIGN,
    HUB_DPS_CHAIN,
    HUB_DPS_DISABLE,
    HUB_DPS_ENABLE, // these four: the verb dps
    HUB_SNTP,       // the verb sntp
    HUB_DNS         // the verb dns
};

enum { STEP_PROPERTIES_MOST = 8 };
struct step_message { // HUB_C2D; its body is the step's text
    char id[C2D_ID_BYTES_MOST + 1];
    enum c2d_ack ack;
    uint32_t ttl_s; // 0 = the hub's default
    size_t size_bytes; // the body is repeated up to it; 0 = once
    char input[C2D_INPUT_BYTES_MOST + 1]; // of the module, where a route leads; "" = the message is addressed
    struct {
        char name[64];
        char value[160];
    } properties[STEP_PROPERTIES_MOST];
    size_t property_count;
};

enum step_kind {
    STEP_BOOT,
    STEP_TIME,
    STEP_HUB,
    STEP_WAIT,
    STEP_LOG,
    STEP_EXPECT,
    STEP_COUNT,
    STEP_NEVER,
    STEP_ORACLE,
    STEP_DEVICE,
    STEP_WHILE,
    STEP_WHEN,
    STEP_MEASURE
};

enum device_verb { DEVICE_POWER_OFF, DEVICE_POWER_ON, DEVICE_RESET, DEVICE_SEND };

struct step_measure {
    struct measure reached;
    uint64_t enough; // 0 = an expect that is not met is a failure all the same
};

struct step_while {
    struct match from;  // its step's match is judged until its step's before
    uint64_t within_us; // the match must come that soon; 0 = at any time until then
    bool is_never;
};

struct step {
    enum step_kind kind;
    const char *file; // one that is included, borrowed from the plan; NULL = the scenario's own
    int line;
    int column;
    char *source;         // the statement as written, trimmed
    uint64_t duration_us; // WAIT, EXPECT, COUNT, ORACLE
    struct match match;   // EXPECT, COUNT, NEVER, WHILE, WHEN
    struct match before;  // NEVER with has_before; WHILE: its end
    bool has_before;
    uint64_t least, most;   // COUNT, WHILE; most UINT64_MAX = no upper end
    struct step_while *during; // WHILE
    struct step_measure *measure; // MEASURE
    uint64_t times;            // WHEN
    struct step *then;         // WHEN: what is done, a step that is not in the plan's list
    enum device_verb act;      // DEVICE; SEND: text
    bool is_device;         // TIME: device or hub
    struct when when;       // TIME
    enum hub_verb verb;     // HUB
    char chain[96];         // HUB_CHAIN, HUB_DPS_CHAIN
    enum drop_how drop;     // HUB_DROP
    struct fault fault;     // HUB_FAULT
    bool is_secondary;      // HUB_ROLL
    size_t hub_index;       // HUB_DPS_ASSIGN: 0 = hub1
    struct sntp_mode sntp;  // HUB_SNTP
    struct dns_behaviour dns; // HUB_DNS
    struct step_message *message; // HUB_C2D
    struct oracle_spec *oracle;   // ORACLE; NEVER that asks one, instead of a match
    char method[METHOD_NAME_BYTES_MOST + 1]; // HUB_METHOD
    uint32_t timeout_s;                      // HUB_METHOD
    size_t payload_bytes; // HUB_METHOD: of a JSON text instead of `text`; 0 = that
    char *text; // LOG; DEVICE_SEND; HUB_C2D: body; HUB_DESIRED, HUB_METHOD: JSON, "" = none; HUB_DNS: name
};

enum { INCLUDES_MOST = 16 };

enum level { LEVEL_MUST, LEVEL_SHOULD, LEVEL_INFO };
const char *level_word(enum level level);

struct plan {
    char *file;
    char *name;
    char *about;
    char *why;    // "" when not said, as basis
    char *basis; // what `source` says
    enum level level;
    char tags[8][32];
    size_t tag_count;
    unsigned needs; // a set of capabilities
    bool needs_services; // a statement about names or time: only in a private network
    uint64_t limit_us;
    struct settings settings;
    struct step *steps;
    size_t step_count;
    char *included[INCLUDES_MOST]; // paths
    size_t included_count;
    char *source; // the whole file, for the evidence; included ones as comments behind it
};

// Parse one file. Mistakes go to `diags` (all of them, each with a did-you-mean where a name is
// near) and the result is ERR_SYNTAX; file errors are returned as they are. `chain_names` are the
// known recipes (NULL = do not check them). The plan must be deinitialised in every case.
int plan_read(const char *path, const char *const *chain_names, size_t chain_count,
              struct plan *out, struct diag_list *diags) HR_NODISCARD;
int plan_parse(const char *name, struct span text, const char *const *chain_names,
               size_t chain_count, struct plan *out, struct diag_list *diags) HR_NODISCARD;
void plan_deinit(struct plan *plan);
// The verbs, for `hubrig words`: plan_verb_count() rows of word, form and meaning.
size_t plan_verb_count(void);
const char *plan_verb(size_t i, const char **form, const char **meaning);

// Sum of all waits and limits of expectations: the longest that the plan can take.
uint64_t plan_longest_us(const struct plan *plan);

// The next measure from step `at` on, of this name (NULL: of any); NULL when there is none.
const struct step_measure *plan_next_measure(const struct plan *plan, size_t at, const char *name);

// True when `tag` is one of the tags or the level.
bool plan_has_tag(const struct plan *plan, const char *tag);
// All limits and all waits of expectations times `factor`, for a slow machine or device. Not the
// window of a count with an upper end, nor `wait`: they say what is judged, not how patiently.
void plan_slow_down(struct plan *plan, double factor);

// All .scn files below `path` (or the file itself), sorted by path. ERR_NO_FILE when there is
// none. Free with suite_free.
int suite_files(const char *path, char ***files, size_t *count) HR_NODISCARD;
// The same for another extension (".bench"); a folder without such a file gives none, without
// error.
int suite_files_of(const char *path, const char *extension, char ***files,
                   size_t *count) HR_NODISCARD;
void suite_free(char **files, size_t count);
