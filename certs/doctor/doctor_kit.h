// SPDX-License-Identifier: MIT
// What the doctor's tests share: certificates and keys made once per program, and inputs written
// as "NAME: CONTENT" with {fixture} in the content.
#pragma once
#include "certs/doctor/doctor.h"

enum { KIT_INPUTS_MOST = 5 };

// 2026-11-20 12:00:00 UTC: today, for all tests.
extern const int64_t kit_now_s;
// A device key (base64 of 32 bytes) that no output may show.
extern const char kit_secret[];

// Makes the fixtures; 0, or -1 (cmocka's group set-up). Frees them.
int kit_set_up(void **state);
int kit_tear_down(void **state);
// False: Debian's ca-certificates package has not the real roots ({G1} {G2} {G3} {MSRSA}
// {BALTIMORE}).
bool kit_has_real_roots(void);
// The PEM (or DER) of a fixture; fails the test for an unknown name.
struct span kit_fixture(const char *name);
// Replace {name} in `text`; {name.c} gives C string literals, {name.macro} the same for a #define,
// {name.array} a list of bytes.
void kit_expand(const char *text, struct buf *out);

struct kit_case {
    struct doctor_settings settings;     // now_s 0: kit_now_s
    bool is_plain_stack;                 // false: stack and cloud are ANY
    const char *inputs[KIT_INPUTS_MOST]; // "ca.pem: {root}", "arg: HostName=..."
};
// Runs the doctor; the caller frees it.
struct doctor *kit_run(const struct kit_case *c);
struct doctor *kit_run_bytes(const struct doctor_settings *settings, const char *name,
                             struct span bytes);
// The finding of a rule, or NULL.
const struct doctor_finding *kit_find(const struct doctor *d, const char *rule);
// All of the doctor's output in one text, for searches.
void kit_print(const struct doctor *d, struct buf *out);
// The rule is found in `bad` and not in `good`; fails with all findings otherwise.
void kit_check_rule(const char *rule, const struct kit_case *bad, const struct kit_case *good);

struct kit_row {
    const char *rule;
    struct kit_case bad;
    struct kit_case good;
};
void kit_check_rows(const struct kit_row *rows, size_t count);
