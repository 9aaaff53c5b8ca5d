// SPDX-License-Identifier: MIT
// The rules of one device provisioning service, without a socket or a clock of its own: who is
// enrolled, what a registration becomes, which hub it goes to. A dialect (MQTT now) brings the
// requests and carries the answers; a directory leads to the hubs and to certificate checks.
//
//     struct dps *dps = dps_new(&settings, &env, journal, &directory);
//     TRY(dps_put_enrollment(dps, &enrollment));
//     enum reason reason = dps_connect(dps, &request, &caller, working);  // CONNACK
//     dps_register(dps, &caller, body, &answer);                          // 202 or an error
//     dps_status(dps, &caller, operation_id, &answer);                    // 202, 200 or an error
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/hub/hub.h"

enum {
    DPS_ID_BYTES_MOST = 128,
    DPS_HUBS_MOST = 8,
    DPS_BODY_BYTES_MOST = 96 * 1024,
    DPS_ANSWER_BYTES_MOST = 256 * 1024,
    DPS_WORKING_BYTES = 400,
};

enum dps_attestation { DPS_SYMMETRIC_KEY, DPS_X509 };
enum dps_allocation {
    DPS_HASHED, // evenly over the eligible hubs, the same registration id always to the same hub
    DPS_STATIC, // the first of the enrollment's hubs
    DPS_CUSTOM, // directory.allocate decides, and may answer with a payload
};
// What happens to the device's data when it registers again and another hub is due.
enum dps_reprovision { DPS_MIGRATE, DPS_RESET, DPS_NEVER };

struct dps_enrollment {
    char name[DPS_ID_BYTES_MOST + 1]; // individual: the registration id; group: the group's id
    bool is_group;
    enum dps_attestation attestation;
    char primary_key[100]; // base64 of 16 to 64 bytes; of a group: the key that keys derive from
    char secondary_key[100];
    char primary_thumbprint[65]; // individual X.509
    char secondary_thumbprint[65];
    struct span ca_der; // X.509 group: the certificate that the device's chain must lead to; copied
    char device_id[DPS_ID_BYTES_MOST + 1]; // individual: its name in the hub, "" = registration id
    enum dps_allocation allocation;
    char hubs[DPS_HUBS_MOST][256]; // eligible hubs; none = all that are linked
    enum dps_reprovision reprovision;
    bool is_disabled;
};

// A device identity that must exist in a hub from now on.
struct dps_placement {
    const char *hub;
    const struct identity *identity;
    const char *from_hub; // NULL, or the hub that it leaves: remove it there
    bool keeps_data;      // its data moves along
};

struct dps_wish { // what custom allocation is told
    const char *registration_id;
    const char *const *hubs; // eligible ones
    size_t hub_count;
    const char *payload; // JSON text of the device, or NULL
};
struct dps_ruling {      // what it answers
    int status;          // 200, or the HTTP status of its failure
    char hub[256];       // with 200: one of the wish's hubs
    struct buf *payload; // JSON text for the device; left empty: none
};

// The world around the service. All functions but `allocate` must be there.
struct dps_directory {
    void *context;
    int64_t (*utc_us)(void *context); // the service's clock
    size_t (*hub_count)(void *context);
    const char *(*hub_host)(void *context, size_t i);
    // 0; ERR_PERMISSION: the service has no rights on that hub; other errors: the hub failed.
    int (*place)(void *context, const struct dps_placement *placement);
    // Does the certificate's chain lead to this CA at that time? `why` tells people what was seen.
    bool (*leads_to)(void *context, const struct peer_certificate *certificate, struct span ca_der,
                     int64_t utc_s, char why[200]);
    void (*allocate)(void *context, const struct dps_wish *wish, struct dps_ruling *out);
};

struct dps_settings {
    char host[256];                    // what a device is told to dial, for messages
    char id_scope[32];                 // "0ne00123ABC"
    uint32_t retry_after_s;            // with 202, default 3
    uint32_t throttled_retry_after_s;  // with 429 and 5xx, default 5
    uint64_t assign_us;                // how long a registration stays assigning, default 1 s
    uint32_t registrations_per_minute; // of the whole service, default 1000
    uint32_t polls_most;               // per device in poll_window_us, default 5 in 10 s
    uint64_t poll_window_us;
    bool shows_disabled; // a disabled enrollment ends as 200 with status disabled; default: 401
};
void dps_settings_init(struct dps_settings *settings, const char *host, const char *id_scope);

struct dps;
// Settings and directory are copied, env and journal borrowed. NULL without memory.
struct dps *dps_new(const struct dps_settings *settings, const struct env *env,
                    struct journal *journal, const struct dps_directory *directory);
void dps_free(struct dps *dps); // wipes keys
const struct dps_settings *dps_settings_of(const struct dps *dps);

// Adds an enrollment or replaces the one of that name and kind. ERR_VALUE with a sentence for a bad
// id, key, thumbprint or missing CA; ERR_NO_MEMORY.
int dps_put_enrollment(struct dps *dps, const struct dps_enrollment *enrollment) HR_NODISCARD;
// ERR_UNKNOWN_NAME. Registered devices stay in their hubs.
int dps_set_disabled(struct dps *dps, const char *name, bool is_disabled) HR_NODISCARD;

// From its next registration on the devices of this enrollment go to `hub` (static allocation).
// ERR_UNKNOWN_NAME; ERR_VALUE: the hub is not linked.
int dps_assign(struct dps *dps, const char *name, const char *hub) HR_NODISCARD;

// base64(HMAC-SHA256(base64-decoded group key, registration id)), appended to `out`.
int dps_derive_key(const char *group_key, struct span registration_id,
                   struct buf *out) HR_NODISCARD;

// One connection's claim to be a registration; what proves it is judged with each request.
struct dps_caller {
    uint32_t connection;
    char registration_id[DPS_ID_BYTES_MOST + 1]; // as sent
    char api_version[32];
    struct buf token;                           // secret; empty: none was sent
    const struct peer_certificate *certificate; // borrowed; NULL: none was sent
};
void dps_caller_deinit(struct dps_caller *caller); // wipes

// user name, client id, and form and time of the token: REASON_OK, or why CONNECT is refused. Fills
// *caller in every case (deinit it) and `working`, the reckoning for people. A wrong key is no
// refusal here: registering tells it.
enum reason dps_connect(struct dps *dps, const struct auth_request *request, uint32_t connection,
                        struct dps_caller *caller, char working[DPS_WORKING_BYTES]);

struct dps_answer {
    int status;
    uint32_t retry_after_s; // 0 = none
    struct buf body;        // JSON
};
void dps_answer_init(struct dps_answer *answer);
void dps_answer_deinit(struct dps_answer *answer);

// Each fills an initialised answer; without memory the status is 500 and the body may be empty.
void dps_register(struct dps *dps, const struct dps_caller *caller, struct span body,
                  struct dps_answer *answer);
void dps_status(struct dps *dps, const struct dps_caller *caller, struct span operation_id,
                struct dps_answer *answer);
// The body of a status that somebody else decided (a fault).
void dps_refuse(struct dps *dps, const struct dps_caller *caller, int status,
                struct dps_answer *answer);

// Registrations become assigned while time passes: when dps_tick wants to be called next, on the
// clock env->mono_us; UINT64_MAX = never.
uint64_t dps_deadline_us(const struct dps *dps);
void dps_tick(struct dps *dps);

// What a restart should find again: the keeper is told of each registration that has ended, before
// anybody hears of it, and reads it with dps_export. One that is still assigning is not kept: after
// a restart its poll is answered 404, and the device registers again.
typedef int dps_keeper(void *context, const char *registration_id);
void dps_set_keeper(struct dps *dps, dps_keeper *keeper, void *context); // NULL = none
// One registration as JSON, appended. ERR_UNKNOWN_NAME, ERR_NO_MEMORY.
int dps_export(const struct dps *dps, const char *registration_id, struct buf *out) HR_NODISCARD;
// Puts back what dps_export wrote, without an event. ERR_VALUE (damaged), ERR_NO_MEMORY.
int dps_import(struct dps *dps, struct span json) HR_NODISCARD;
