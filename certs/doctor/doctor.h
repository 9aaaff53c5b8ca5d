// SPDX-License-Identifier: MIT
// The doctor: reads what a device was given (trust bundle, certificate, key, sources, connection
// string, token, build configuration, log), says what is wrong and what the device will show for
// it, what is right, and until when it stays right. Bytes and a date in, findings out.
//
//     struct doctor *d;
//     TRY(doctor_new(&(struct doctor_settings){.now_s = now}, &d));
//     TRY(doctor_add(d, &(struct doctor_input){.name = "ca.pem", .bytes = bytes}));
//     TRY(doctor_run(d));
//     for (size_t i = 0; i < doctor_finding_count(d); i++) { show(doctor_finding(d, i)); }
//     doctor_free(d);
#pragma once
#include "base/span.h"
#include "certs/doctor/rules.h"

struct doctor;

enum doctor_severity { DOCTOR_INFO, DOCTOR_WARNING, DOCTOR_ERROR };

enum doctor_rule {
#define X(rule, id, severity, title) DOCTOR_##rule,
    DOCTOR_RULES(X)
#undef X
        DOCTOR_RULE_COUNT
};

//     stack           word
#define DOCTOR_STACKS(X)                                                                           \
    X(STACK_MBEDTLS_228, "mbedtls228")                                                             \
    X(STACK_MBEDTLS_36, "mbedtls36")                                                               \
    X(STACK_OPENSSL, "openssl")                                                                    \
    X(STACK_WOLFSSL, "wolfssl")                                                                    \
    X(STACK_GNUTLS, "gnutls")                                                                      \
    X(STACK_BEARSSL, "bearssl")                                                                    \
    X(STACK_MODEM, "modem")

enum doctor_stack {
#define X(stack, word) stack,
    DOCTOR_STACKS(X)
#undef X
        STACK_COUNT,
    STACK_ANY = STACK_COUNT
};
extern const char *const doctor_stack_words[STACK_COUNT];

enum doctor_cloud { CLOUD_PUBLIC, CLOUD_CHINA, CLOUD_GOV, CLOUD_COUNT, CLOUD_ANY = CLOUD_COUNT };
extern const char *const doctor_cloud_words[CLOUD_COUNT];

enum { DOCTOR_INPUT_BYTES_MOST = 8 << 20, DOCTOR_INPUTS_MOST = 1024 };

struct doctor_settings {
    int64_t now_s; // seconds since 1970, UTC
    bool has_device_clock;
    int64_t device_clock_s;
    enum doctor_stack stack; // STACK_ANY: what differs between stacks is a warning
    enum doctor_cloud cloud; // CLOUD_ANY: from the host name, else the public cloud
    const char *hub_host;    // each may be NULL; all texts are copied
    const char *device_id;   // device id or registration id
    const char *thumbprint;  // as the registry shows it; primary and secondary with a comma between
};

struct doctor_input {
    const char *name;  // for messages, also read for hints: "client-cert.pem"
    struct span bytes; // copied, and wiped with the doctor
    bool is_text;      // typed as an argument: there is no file to blame
    bool is_world_readable;
    bool is_of_folder; // one of several files of a folder that was given
};

struct doctor_finding {
    enum doctor_rule rule;
    enum doctor_severity severity;
    const char *file;  // an input's name, or "" for what concerns no single input
    int line;          // from 1; 0: the whole file
    const char *what;  // what is wrong, with what was seen
    const char *shows; // what the device or hub will show; "" when nothing
    const char *fix;
};

struct doctor_date { // something that changes on its own
    int64_t at_s;
    const char *text;
};

// ERR_NO_MEMORY, or ERR_VALUE: a text of the settings is longer than 1024 bytes.
int doctor_new(const struct doctor_settings *settings, struct doctor **out) HR_NODISCARD;
void doctor_free(struct doctor *d); // wipes what it was given; NULL is allowed
// ERR_UNKNOWN_NAME: a text argument that is nothing the doctor knows; ERR_LIMIT, ERR_TOO_BIG.
int doctor_add(struct doctor *d, const struct doctor_input *input) HR_NODISCARD;
// Apply all rules, once, after the last input. ERR_NO_MEMORY, ERR_CRYPTO.
int doctor_run(struct doctor *d) HR_NODISCARD;

// Worst first, then by rule, file and line. Everything stays the doctor's.
size_t doctor_finding_count(const struct doctor *d);
const struct doctor_finding *doctor_finding(const struct doctor *d, size_t i);
// Sentences about what is in order.
size_t doctor_right_count(const struct doctor *d);
const char *doctor_right(const struct doctor *d, size_t i);
// What each known chain of the hub does with the given trust anchors, today and later.
size_t doctor_outlook_count(const struct doctor *d);
const char *doctor_outlook(const struct doctor *d, size_t i);
// Coming dates that break something, soonest first.
size_t doctor_date_count(const struct doctor *d);
const struct doctor_date *doctor_date(const struct doctor *d, size_t i);

const char *doctor_rule_id(enum doctor_rule rule); // "B-01"
const char *doctor_rule_title(enum doctor_rule rule);
enum doctor_severity doctor_rule_severity(enum doctor_rule rule);
const char *doctor_severity_word(enum doctor_severity severity); // "error"
