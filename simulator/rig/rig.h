// SPDX-License-Identifier: MIT
// A hub ready to be dialled, in this process: journal, rules, faults, chains and listeners put
// together. A scenario's worker and `hubrig serve` both stand on it.
#pragma once
#include "certs/chain.h"
#include "certs/device_files.h"
#include "simulator/dps/dps.h"
#include "simulator/faults/fault.h"
#include "simulator/hub/hub.h"
#include "simulator/journal/journal.h"
#include "simulator/mqtt/session.h"
#include "simulator/net/capture.h"
#include "simulator/net/key_log.h"
#include "simulator/net/server.h"
#include "simulator/rig/issuer.h"
#include "simulator/web/web.h"

enum { RIG_NAMES_MOST = 8, RIG_HUBS_MOST = DPS_HUBS_MOST };

struct sntp;
struct dns;

struct rig_settings {
    struct uv_loop_s *loop;
    const struct env *env;
    struct hub_settings hub;
    struct dps_settings dps;                // an empty host: no provisioning service
    const char *more_names[RIG_NAMES_MOST]; // further names and addresses of the leaf certificate
    size_t more_name_count;
    const char *recipes;   // NULL = the installed ones
    const char *key_cache; // NULL = the user's
    const char *capture;   // pcapng file of all that goes over the wire; NULL = none
    const char *key_log;   // file of all TLS secrets, NSS format; NULL = none
    uint64_t seed;         // of what the faults leave to chance; 0 = drawn
    struct tls_policy tls; // of all listeners
};

struct rig {
    struct rig_settings settings;
    struct journal *journal;
    struct hub *hub;
    struct fault_plan *faults;
    struct mqtt_world mqtt; // of every MQTT session
    struct workshop *workshop;
    struct capture *capture; // NULL = none
    struct key_log *key_log; // NULL = none
    struct server *server;
    struct uv_timer_s *timer; // the hubs' time limits
    struct mqtt_world others[RIG_HUBS_MOST - 1]; // further hubs, reached by SNI
    size_t other_count;
    struct rig_issuer issuers[RIG_HUBS_MOST];
    struct web *web;    // once HTTPS is listened for
    struct chain chain; // what the hub presents now
    struct dps *dps;           // NULL without one
    struct server *dps_server; // its listeners
    struct mqtt_world dps_mqtt;
    struct sntp *sntp; // NULL until listened for (rig/responders.h)
    struct dns *dns;
    uint32_t last_connection_id;
    bool has_chain;
    bool has_portal; // its chain was made
};

// On error everything is released.
int rig_open(struct rig *rig, const struct rig_settings *settings) HR_NODISCARD;
void rig_close(struct rig *rig); // runs the loop until all handles are closed

// Another hub with this name and the first one's settings, behind the same listeners, journal and
// faults; chains that are made from now on carry its name. ERR_LIMIT, ERR_IN_USE.
int rig_add_hub(struct rig *rig, const char *host) HR_NODISCARD;
// All hubs; 0 is the first one, NULL behind the last.
struct hub *rig_hub_at(const struct rig *rig, size_t i);
struct hub *rig_find_hub(const struct rig *rig, const char *host); // without case; NULL: none
// The hub that knows this identity, else the first.
struct hub *rig_hub_of(const struct rig *rig, const char *name);

// HTTPS and WebSocket, on port 443 in real life; errors as server_listen, and those of web_new.
int rig_listen_https(struct rig *rig, const char *address, int port, int *bound_port) HR_NODISCARD;

// Make and present a chain, with dates on the hub's clock.
int rig_use_chain(struct rig *rig, const char *name) HR_NODISCARD;
// The trust anchors of a chain, PEM.
int rig_root_of(struct rig *rig, const char *name, struct buf *out_pem) HR_NODISCARD;

struct rig_device {
    char id[HUB_NAME_BYTES_MOST];
    struct buf connection_string; // secret for SAS
    struct buf secondary_string;  // the same with its secondary key; "" without one
    struct buf dps_key;           // enrolled devices only: what the device signs with; secret
    struct device_credential credential;
    bool is_x509;
};
// Register a device with fresh random keys or with its certificate's thumbprint. `port` 0 or 8883
// leaves the port out of the connection string.
int rig_add_device(struct rig *rig, const char *id, bool is_x509, int port,
                   struct rig_device *out) HR_NODISCARD;
// The same for an identity that is filled in by the caller; an empty primary key is made at random,
// a thumbprint is always that of the credential made here, and a CA that of this machine (registered
// as verified).
int rig_add_identity(struct rig *rig, const struct identity *identity, int port,
                     struct rig_device *out) HR_NODISCARD;
// Give the device another certificate and key than those it is registered with. Errors of
// device_files_make.
int rig_give_certificate(struct rig *rig, enum credential_kind kind,
                         struct rig_device *device) HR_NODISCARD;
// Present a chain at the provisioning service, whose name its leaf carries.
int rig_use_dps_chain(struct rig *rig, const char *name) HR_NODISCARD;
// Enroll a device instead of registering it: it has no identity in the hub and no connection string
// until it was provisioned. Keys are random, one group and one CA stand for all groups.
enum rig_enrollment { RIG_SYMMETRIC, RIG_X509, RIG_GROUP, RIG_X509_GROUP };
int rig_enroll(struct rig *rig, const char *id, enum rig_enrollment kind,
               struct rig_device *out) HR_NODISCARD;
// Where the device goes when it registers again; the hub that it leaves then forgets it, and its twin
// moves along. Errors of dps_assign.
int rig_assign(struct rig *rig, const char *id, const char *hub) HR_NODISCARD;
// The device's individual enrollment or the group. ERR_UNKNOWN_NAME.
int rig_set_enrollment_disabled(struct rig *rig, const char *id, bool is_disabled) HR_NODISCARD;
void rig_device_deinit(struct rig_device *device);
// 32 random bytes, base64, as the service makes its keys.
int rig_random_key(struct rig *rig, struct buf *out) HR_NODISCARD;
int rig_random_key_into(struct rig *rig, char *out, size_t capacity_bytes) HR_NODISCARD;
// A SAS token of the device, signed with its primary key, that ends life_s after the hub's now.
int rig_sas_token(struct rig *rig, const struct rig_device *device, int64_t life_s,
                  struct buf *out) HR_NODISCARD;
// The same for any registered identity; ERR_VALUE when it has no key.
int rig_sign_token(struct rig *rig, const struct identity *identity, int64_t life_s,
                   struct buf *out) HR_NODISCARD;
// "HostName=...;DeviceId=...;[ModuleId=...;]SharedAccessKey=..." (secret) or "...;x509=true".
int rig_connection_string(struct rig *rig, const struct identity *identity, int port,
                          struct buf *out) HR_NODISCARD;
// The same with the secondary key; nothing for an identity that has none.
int rig_secondary_string(struct rig *rig, const struct identity *identity, int port,
                         struct buf *out) HR_NODISCARD;

// For the files of the rig.
int rig_open_dps(struct rig *rig) HR_NODISCARD;
int rig_open_faults(struct rig *rig) HR_NODISCARD; // their seed, and what a portal needs
struct server_settings rig_server_settings(struct rig *rig, struct mqtt_world *world);
int rig_make_chain(struct rig *rig, const char *name, const char *host,
                   struct chain *out) HR_NODISCARD;
