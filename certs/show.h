// SPDX-License-Identifier: MIT
// A list of certificates as a person reads it, and as JSON.
#pragma once
#include "certs/cert_list.h"

enum { SHOW_NEAR_DAYS = 30 }; // an end that is nearer than this is marked

struct show_settings {
    int64_t utc_s;   // dates are judged from here
    bool has_colour; // ANSI colours for dates that are near or past
};

// The list's signers must have been found. The buf's errors.
int show_print(const struct cert_list *list, const struct show_settings *settings,
               struct buf *out) HR_NODISCARD;
int show_json(const struct cert_list *list, int64_t utc_s, struct buf *out) HR_NODISCARD;

enum show_state { SHOW_VALID, SHOW_ENDS_SOON, SHOW_EXPIRED, SHOW_NOT_YET };
enum show_state show_state_of(const struct cert_facts *f, int64_t utc_s);
const char *show_state_word(enum show_state state); // "valid", "ends-soon", ...
// "2026-11-20"; `out` holds at least 32 bytes.
const char *show_date(int64_t utc_s, char out[32]);
// "sent 2", "root 1", or the number in the file; `out` holds at least 32 bytes.
const char *show_place(const struct cert_facts *f, char out[32]);
