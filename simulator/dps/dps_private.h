// SPDX-License-Identifier: MIT
// What the files of the provisioning service share and nobody else sees.
#pragma once
#include "simulator/dps/dps.h"

#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->is_left_out = true)
#include <uthash.h>

enum { DPS_OPERATION_BYTES = 64, DPS_POLLS_KEPT = 32 };

struct enrolled {
    struct enrolled *next;
    struct dps_enrollment e;
    char *ca_der; // what e.ca_der borrows
};

enum dps_state { DPS_ASSIGNING, DPS_ASSIGNED, DPS_FAILED, DPS_DISABLED };

struct registration {
    UT_hash_handle hh;
    bool is_left_out;
    char key[DPS_ID_BYTES_MOST + 1]; // the id in lower case: ids are compared without case
    char id[DPS_ID_BYTES_MOST + 1];  // as first sent
    enum dps_state state;
    char operation_id[DPS_OPERATION_BYTES];
    uint64_t ready_at_us; // ASSIGNING
    uint32_t connection;  // that registered last, for events
    char *payload;        // of the device: JSON text, or NULL

    struct identity identity; // to be placed
    bool is_group;
    enum dps_attestation attestation;
    char group[DPS_ID_BYTES_MOST + 1];
    const struct enrolled *enrollment; // while ASSIGNING

    char hub[256]; // "" = never assigned
    char device_id[DPS_ID_BYTES_MOST + 1];
    const char *substatus;
    char *answer_payload; // of custom allocation: JSON text, or NULL
    int error_code;       // FAILED
    char error_message[200];
    int64_t created_us;
    int64_t updated_us;
    char etag[80];

    uint64_t polls_us[DPS_POLLS_KEPT]; // a ring of the last polls
    size_t poll_count;
};

struct dps {
    struct dps_settings settings;
    struct dps_directory directory;
    const struct env *env;
    struct journal *journal;
    struct enrolled *enrollments; // in the order of their arrival
    struct registration *registrations;
    uint64_t minute_began_us;
    uint32_t registered_in_minute;
    dps_keeper *keeper;
    void *keeper_context;
};

// registration.c
// By id without case: NULL when there is none; dps_registration_of makes it, NULL without memory.
struct registration *dps_registration_find(const struct dps *dps, const char *id);
struct registration *dps_registration_of(struct dps *dps, const char *id);
bool dps_is_linked(const struct dps *dps, const char *host);

int64_t dps_utc_us(const struct dps *dps);
uint64_t dps_now_us(const struct dps *dps);

// attest.c: who is it? 0 and *out and *identity (as the hub needs it), or the status and error code
// of the refusal with `working`; a negative code without memory.
struct dps_refusal {
    int status; // 0: none
    int error_code;
    char working[DPS_WORKING_BYTES];
};
int dps_attest(struct dps *dps, const struct dps_caller *caller, const struct enrolled **out,
               struct identity *identity, struct dps_refusal *refusal) HR_NODISCARD;

// body.c: JSON in and out.
// The register body: empty, or an object; *payload receives JSON text or NULL, the caller frees it.
// ERR_SYNTAX with a sentence.
int dps_body_read(struct span body, const char *registration_id, char **payload) HR_NODISCARD;
int dps_body_assigning(const struct registration *r, bool is_first, struct buf *out) HR_NODISCARD;
int dps_body_final(const struct registration *r, struct buf *out) HR_NODISCARD;
int dps_body_error(struct dps *dps, int error_code, const char *message,
                   struct buf *out) HR_NODISCARD;
