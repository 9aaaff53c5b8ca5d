// SPDX-License-Identifier: MIT
// Hub files (.hub): what a hub knows when it begins, one statement per line.
//
//     hub    myhub.azure-devices.net
//     device press-4                                  # a key is made at random
//     device press-5 key YmFzZTY0Li4uYmFzZTY0Li4u disabled
//     device press-6 thumbprint 7f0e...               # a second one may follow
//     device press-7 ca                               # that of `hubrig certs device`
//     module press-4/valve
//     policy gateway DeviceConnect ServiceConnect     # keys at random, unless: primary KEY secondary KEY
//     policy service primary YmFz...                  # every hub has it; this gives it a key
//     ca     factory factory-root.pem                 # beside this file; its possession is proved,
//     ca     lab lab-root.pem unverified              # or not
//     chain  azure/digicert-g2
//     clock  2026-11-20T08:00:00Z                     # or +2h, or real; and how fast: x20
//     fault  refuse 5 times 3
//     hub    second.azure-devices.net                 # further hubs, reached by SNI
//     enrollment pump-1 key YmFz... hub second.azure-devices.net      # of the provisioning service
//     group  pumps key YmFz...                        # devices with keys that derive from it
//     tls_versions 1.2..1.3                           # and the other knobs of TLS, without "hub."
#pragma once
#include "base/line.h"
#include "simulator/faults/fault.h"
#include "simulator/hub/access.h"
#include "simulator/rig/issuer.h"
#include "simulator/tls/policy.h"

struct rig;
struct state;

// What a hub's clock shall show: a date, or the real time plus an offset; or how fast it shall run.
struct clock_wish {
    bool is_date;
    int64_t us;        // since 1970, or the offset; 0 = the real time
    uint32_t rate_ppm; // not 0: this alone
};
// "real", "2026-11-20T08:00:00Z", "+2h" or "x20". ERR_SYNTAX, ERR_VALUE with a sentence.
int clock_wish_parse(struct span text, struct clock_wish *out) HR_NODISCARD;
void clock_wish_apply(const struct clock_wish *wish, struct hub *hub);

struct hub_file_identity {
    struct identity identity; // a SAS identity without primary key gets one when it is added
    struct place at;
};

struct hub_file_enrollment {
    struct identity identity; // as above; the name is the registration id or the group's
    bool is_group;
    char hub[256]; // "" = any
    struct place at;
};

struct hub_file_ca {
    char name[HUB_LABEL_BYTES_MOST + 1];
    struct buf der; // empty when the text was parsed alone
    bool is_unverified;
};

enum {
    HUB_FILE_FAULTS_MOST = 64,
    HUB_FILE_HUBS_MOST = 7,
    HUB_FILE_CAS_MOST = HUB_CAS_MOST - 1, // and RIG_OWN_CA
};

struct hub_file {
    struct line_script script;            // what the places point into
    char host[256];                       // "" = none given
    char chain[96];                       // "" = none given
    char more_hosts[HUB_FILE_HUBS_MOST][256]; // of further hubs
    size_t more_host_count;
    struct hub_file_enrollment *enrollments;
    size_t enrollment_count;
    struct hub_file_identity *identities; // in the order of the file
    size_t identity_count;
    struct access_policy policies[HUB_POLICIES_MOST]; // an empty key is made at random
    size_t policy_count;
    struct hub_file_ca cas[HUB_FILE_CAS_MOST];
    size_t ca_count;
    struct fault faults[HUB_FILE_FAULTS_MOST];
    size_t fault_count;
    struct clock_wish clock;
    bool has_clock;
    uint32_t clock_rate_ppm; // 0 = not told
    struct tls_policy tls;
};

// `chains` are the known names, NULL = any goes; a path ending in .chain always goes. ERR_SYNTAX
// with all mistakes in `diags`, or a file error. Deinitialise in every case.
int hub_file_read(const char *path, const char *const *chains, size_t chain_count,
                  struct hub_file *out, struct diag_list *diags) HR_NODISCARD;
// The text alone: files that it names are not read, so it is no file to apply.
int hub_file_parse(const char *name, struct span text, const char *const *chains,
                   size_t chain_count, struct hub_file *out, struct diag_list *diags) HR_NODISCARD;
void hub_file_deinit(struct hub_file *file); // wipes the keys

// hub_file_apply.c: further hubs, clock, policies, CA certificates, identities, enrollments and
// faults, not host, chain and TLS, which a hub needs before it opens. An identity that the hub has
// already (from a state file) stays as it is. `state`, NULL for none, keeps the further hubs.
// ERR_LIMIT, ERR_NO_MEMORY, ERR_USAGE (enrollments without a provisioning service), ...
int hub_file_apply(const struct hub_file *file, struct rig *rig, struct state *state) HR_NODISCARD;
