// SPDX-License-Identifier: MIT
// A connection string and a SAS token, parted by the first NUL of the input. Runs of 24 key
// letters are masked in every message, so none may come out again.
#include "base/error.h"
#include "certs/doctor/doctor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_key_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+';
}

static void check_masked(const char *text)
{
    // the longest words of our own sentences are shorter
    enum { RUN_MOST = 40 };
    size_t run = 0;
    for (; *text; text++) {
        run = is_key_letter(*text) ? run + 1 : 0;
        if (run > RUN_MOST) {
            abort();
        }
    }
}

static void add(struct doctor *d, struct span bytes)
{
    struct doctor_input input = {.name = "argument", .bytes = bytes, .is_text = true};
    int code = doctor_add(d, &input);
    if (code < 0 && code != ERR_UNKNOWN_NAME) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doctor *d = NULL;
    struct doctor_settings s = {
        .now_s = INT64_C(1795176000), .stack = STACK_ANY, .cloud = CLOUD_ANY};
    struct span rest;
    if (doctor_new(&s, &d) < 0) {
        abort();
    }
    struct span first = span_cut(span_of(data, size), 0, &rest);
    add(d, first);
    add(d, rest);
    if (doctor_run(d) < 0) {
        abort();
    }
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        check_masked(doctor_finding(d, i)->what);
    }
    doctor_free(d);
    return 0;
}
