// SPDX-License-Identifier: MIT
// What a board prints when it is asked: a time, an address.
#include "base/when.h"
#include "harness/runner/board_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DATE_BYTES = 19, EPOCH_DIGITS = 10 };

static bool is_digit_at(struct span text, size_t at)
{
    return at < text.len && isdigit(text.ptr[at]);
}

static bool read_date(struct span at, int64_t *out_utc_s)
{
    char text[DATE_BYTES + 2];
    int64_t us = 0;
    if (at.len < DATE_BYTES || (at.ptr[10] != ' ' && at.ptr[10] != 'T')) {
        return false;
    }
    memcpy(text, at.ptr, DATE_BYTES);
    memcpy(text + DATE_BYTES, "Z", 2);
    text[10] = 'T';
    if (utc_parse(span_text(text), &us) < 0) {
        return false;
    }
    *out_utc_s = us / 1000000;
    return true;
}

static bool read_epoch(struct span text, size_t at, int64_t *out_utc_s)
{
    uint64_t number = 0;
    for (size_t i = 0; i < EPOCH_DIGITS; i++) {
        if (!is_digit_at(text, at + i)) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.ptr[at + i] - '0');
    }
    if (is_digit_at(text, at + EPOCH_DIGITS)) {
        return false;
    }
    *out_utc_s = (int64_t)number;
    return true;
}

bool board_find_time(struct span text, int64_t *out_utc_s)
{
    bool is_found = false;
    for (size_t i = 0; i < text.len; i++) {
        bool begins = is_digit_at(text, i) && (i == 0 || !is_digit_at(text, i - 1));
        if (begins && (read_date(span_from(text, i), out_utc_s) || read_epoch(text, i, out_utc_s))) {
            is_found = true;
        }
    }
    return is_found;
}

bool board_find_address(struct span text, const char *address)
{
    size_t len = strlen(address);
    for (size_t i = 0; len > 0 && i + len <= text.len; i++) {
        bool begins = i == 0 || (!is_digit_at(text, i - 1) && text.ptr[i - 1] != '.');
        bool goes_on = is_digit_at(text, i + len) ||
                       (i + len < text.len && text.ptr[i + len] == '.' && is_digit_at(text, i + len + 1));
        if (begins && !goes_on && memcmp(text.ptr + i, address, len) == 0) {
            return true;
        }
    }
    return false;
}
