// SPDX-License-Identifier: MIT
// The words of a time server's mode.
#include "base/diag.h"
#include "base/error.h"
#include "base/when.h"
#include "simulator/net/sntp.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    const char *argument;
    const char *meaning;
} rows[] = {
#define X(name, word, argument, meaning) {word, argument, meaning},
    SNTP_MODE_TABLE(X)
#undef X
};

const char *sntp_mode_word(enum sntp_kind kind)
{
    return rows[kind].word;
}

const char *sntp_mode_argument(enum sntp_kind kind)
{
    return rows[kind].argument;
}

const char *sntp_mode_meaning(enum sntp_kind kind)
{
    return rows[kind].meaning;
}

static const char *const names[] = {
#define X(name, word, argument, meaning) word,
    SNTP_MODE_TABLE(X)
#undef X
};

static int parse_kind(struct span word, enum sntp_kind *out)
{
    char near[96];
    size_t i = span_index(word, names, HR_COUNT_OF(names));
    if (i == HR_COUNT_OF(names)) {
        FAIL(ERR_SYNTAX,
             "a time server is right, silent, late, offset, date, step, stratum16 or kod, "
             "seen '%.*s'%s",
             SPAN_ARG(word), suggest_text(word, names, HR_COUNT_OF(names), near));
    }
    *out = (enum sntp_kind)i;
    return 0;
}

static int parse_code(struct span word, struct sntp_mode *out)
{
    bool is_code = word.len == 4;
    for (size_t i = 0; i < word.len; i++) {
        is_code = is_code && word.ptr[i] >= 'A' && word.ptr[i] <= 'Z';
    }
    if (!is_code) {
        FAIL(ERR_VALUE, "a kiss code has four capital letters, as RATE, DENY or RSTR, seen '%.*s'",
             SPAN_ARG(word));
    }
    span_copy_text(word, out->code, sizeof out->code);
    return 0;
}

static int parse_argument(struct span word, struct sntp_mode *out)
{
    int code = 0;
    if (out->kind == SNTP_KOD) {
        return parse_code(word, out);
    }
    code = out->kind == SNTP_DATE ? utc_parse(word, &out->us) : duration_parse(word, &out->us);
    if (code < 0 || (out->kind == SNTP_LATE && out->us < 0)) {
        FAIL(code < 0 ? code : ERR_VALUE, "%s wants %s, seen '%.*s'", rows[out->kind].word,
             out->kind == SNTP_DATE   ? "a date such as 2036-02-07T06:28:10Z"
             : out->kind == SNTP_LATE ? "a duration such as 20s"
                                      : "a signed duration such as +2h or -30d",
             SPAN_ARG(word));
    }
    return 0;
}

int sntp_mode_parse(const struct span *words, size_t count, struct sntp_mode *out, size_t *bad_word)
{
    struct sntp_mode mode = {.kind = SNTP_RIGHT};
    *bad_word = 0;
    TRY(parse_kind(count ? words[0] : SPAN_EMPTY, &mode.kind));
    size_t used = 1;
    if (rows[mode.kind].argument[0]) {
        *bad_word = 1;
        TRY(parse_argument(count > 1 ? words[1] : SPAN_EMPTY, &mode));
        used = 2;
    }
    if (count > used) {
        *bad_word = used;
        FAIL(ERR_SYNTAX, "'%.*s' is too much here", SPAN_ARG(words[used]));
    }
    *out = mode;
    return 0;
}

static void print_signed(int64_t us, char out[32])
{
    uint64_t size = us < 0 ? (uint64_t)0 - (uint64_t)us : (uint64_t)us;
    snprintf(out, 32, "%c%llums", us < 0 ? '-' : '+', (unsigned long long)size / 1000);
}

const char *sntp_mode_print(const struct sntp_mode *mode, char out[64])
{
    char text[32] = "";
    if (mode->kind == SNTP_KOD) {
        snprintf(text, sizeof text, "%s", mode->code);
    } else if (mode->kind == SNTP_DATE) {
        utc_print(mode->us, text);
    } else if (mode->kind == SNTP_LATE) {
        snprintf(text, sizeof text, "%lldms", (long long)mode->us / 1000);
    } else if (rows[mode->kind].argument[0]) {
        print_signed(mode->us, text);
    }
    snprintf(out, 64, "%s%s%s", rows[mode->kind].word, text[0] ? " " : "", text);
    return out;
}
