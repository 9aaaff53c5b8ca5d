// SPDX-License-Identifier: MIT
// The words of one fault, as scenarios and the control interface write them.
#include "base/diag.h"
#include "base/error.h"
#include "base/when.h"
#include "simulator/faults/fault.h"

#include <stdio.h>
#include <string.h>

enum { DELAY_DAYS_MOST = 1, NOT_GIVEN = 0 };

struct words {
    const struct span *at;
    size_t count;
    size_t next;
};

static bool is_over(const struct words *w)
{
    return w->next >= w->count;
}

// For a sentence: what stands at a word, cut to a readable length.
static const char *seen(const struct words *w, size_t i, char out[48])
{
    if (i >= w->count) {
        return "nothing";
    }
    char text[40];
    bool is_whole = span_copy_text(w->at[i], text, sizeof text);
    snprintf(out, 48, "'%s%s'", text, is_whole ? "" : "...");
    return out;
}

static const char *const kinds[] = {
#define X(name, word, argument, site, meaning) word,
    FAULT_TABLE(X)
#undef X
};

static const enum fault_site default_sites[] = {
#define X(name, word, argument, site, meaning) SITE_##site,
    FAULT_TABLE(X)
#undef X
};

static const char *const sites[] = {
#define X(name, word, meaning) word,
    SITE_TABLE(X)
#undef X
};

static int find_word(struct span word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equals_text(word, names[i])) {
            return (int)i;
        }
    }
    return -1;
}

static int parse_kind(struct words *w, struct fault *f)
{
    char near[96];
    char text[48];
    if (is_over(w)) {
        FAIL(ERR_SYNTAX,
             "a fault is missing: expected refuse, answer, delay, drop, swallow or stall");
    }
    int kind = find_word(w->at[w->next], kinds, HR_COUNT_OF(kinds));
    if (kind < 0) {
        FAIL(ERR_SYNTAX,
             "unknown fault %s%s; expected refuse, answer, delay, drop, swallow or stall",
             seen(w, w->next, text), suggest_text(w->at[w->next], kinds, HR_COUNT_OF(kinds), near));
    }
    f->kind = (enum fault_kind)(kind + 1);
    f->site = default_sites[kind];
    w->next++;
    return 0;
}

static int parse_code(struct words *w, struct fault *f)
{
    char text[48];
    uint64_t code = 0;
    if (is_over(w)) {
        FAIL(ERR_SYNTAX, "refuse wants a CONNACK code from 1 to 5, seen nothing: write refuse 5");
    }
    if (span_parse_u64(w->at[w->next], &code) < 0 || code < 1 || code > 5) {
        FAIL(ERR_VALUE, "refuse wants a CONNACK code from 1 to 5, seen %s", seen(w, w->next, text));
    }
    f->code = (int)code;
    return 0;
}

static int parse_status(struct words *w, struct fault *f)
{
    char text[48];
    uint64_t status = 0;
    if (is_over(w)) {
        FAIL(ERR_SYNTAX, "answer wants a status from 400 to 599, seen nothing: write answer 429");
    }
    if (span_parse_u64(w->at[w->next], &status) < 0 || status < 400 || status > 599) {
        FAIL(ERR_VALUE, "answer wants a status from 400 to 599, seen %s", seen(w, w->next, text));
    }
    f->code = (int)status;
    return 0;
}

static int parse_delay(struct words *w, struct fault *f)
{
    char text[48];
    int64_t us = 0;
    if (is_over(w)) {
        FAIL(ERR_SYNTAX, "delay wants a duration, seen nothing: write delay 5s");
    }
    int code = duration_parse(w->at[w->next], &us);
    if (code < 0) {
        FAIL(code, "delay wants a duration with its unit as in 5s or 250ms, seen %s",
             seen(w, w->next, text));
    }
    if (us <= 0 || us > DELAY_DAYS_MOST * INT64_C(86400000000)) {
        FAIL(ERR_VALUE, "delay wants more than nothing and at most 1d, seen %s",
             seen(w, w->next, text));
    }
    f->delay_us = (uint64_t)us;
    return 0;
}

static int parse_drop(struct words *w, struct fault *f)
{
    static const char *const hows[] = {"fin", "rst"};
    char text[48];
    int how = is_over(w) ? -1 : find_word(w->at[w->next], hows, HR_COUNT_OF(hows));
    if (how < 0) {
        FAIL(ERR_SYNTAX, "drop wants fin (an orderly end) or rst (a reset), seen %s",
             seen(w, w->next, text));
    }
    f->drop = how == 0 ? DROP_FIN : DROP_RST;
    return 0;
}

static int parse_argument(struct words *w, struct fault *f)
{
    switch (f->kind) {
    case FAULT_REFUSE:
        TRY(parse_code(w, f));
        break;
    case FAULT_ANSWER:
        TRY(parse_status(w, f));
        break;
    case FAULT_DELAY:
        TRY(parse_delay(w, f));
        break;
    case FAULT_DROP:
        TRY(parse_drop(w, f));
        break;
    default:
        return 0;
    }
    w->next++;
    return 0;
}

static int parse_site(struct words *w, struct fault *f)
{
    char near[96];
    char text[48];
    struct span word = is_over(w) ? SPAN_EMPTY : w->at[w->next];
    int site = find_word(word, sites, HR_COUNT_OF(sites));
    if (site < 0) {
        FAIL(ERR_SYNTAX, "at wants a site, seen %s%s; `hubrig words` lists them",
             seen(w, w->next, text), suggest_text(word, sites, HR_COUNT_OF(sites), near));
    }
    f->site = (enum fault_site)site;
    return 0;
}

static int parse_count(struct words *w, const char *clause, uint64_t least, uint64_t *out)
{
    char text[48];
    if (is_over(w)) {
        FAIL(ERR_SYNTAX, "%s wants a number, seen nothing", clause);
    }
    uint64_t n = 0;
    int code = span_parse_u64(w->at[w->next], &n);
    if (code < 0 || n < least || n > UINT32_MAX) {
        FAIL(code == ERR_SYNTAX ? ERR_SYNTAX : ERR_VALUE,
             "%s wants a number from %d to %u%s, seen %s", clause, (int)least, UINT32_MAX,
             least ? " or always" : "", seen(w, w->next, text));
    }
    *out = n;
    return 0;
}

static int parse_times(struct words *w, struct fault *f)
{
    if (!is_over(w) && span_equals_text(w->at[w->next], "always")) {
        f->times = UINT64_MAX;
        return 0;
    }
    return parse_count(w, "times", 1, &f->times);
}

static int parse_after(struct words *w, struct fault *f)
{
    return parse_count(w, "after", 0, &f->skip);
}

static int parse_for(struct words *w, struct fault *f)
{
    char text[48];
    int64_t us = 0;
    int code = is_over(w) ? ERR_SYNTAX : duration_parse(w->at[w->next], &us);
    if (code < 0 || us <= 0) {
        FAIL(code < 0 ? code : ERR_VALUE,
             "for wants a duration with its unit as in 20s, more than nothing, seen %s",
             seen(w, w->next, text));
    }
    f->for_us = (uint64_t)us;
    return 0;
}

static int parse_device(struct words *w, struct fault *f)
{
    if (is_over(w) || w->at[w->next].len == 0) {
        FAIL(ERR_SYNTAX, "device wants a device id or DEVICE/MODULE, seen nothing");
    }
    if (!span_copy_text(w->at[w->next], f->device, sizeof f->device)) {
        FAIL(ERR_VALUE, "device wants an id of at most %zu bytes, seen %zu", sizeof f->device - 1,
             w->at[w->next].len);
    }
    return 0;
}

static const struct clause {
    const char *word;
    int (*parse)(struct words *w, struct fault *f);
} clauses[] = {{"at", parse_site},
               {"times", parse_times},
               {"after", parse_after},
               {"device", parse_device},
               {"for", parse_for}};

static int parse_clause(struct words *w, struct fault *f, unsigned *given)
{
    static const char *const names[] = {"at", "times", "after", "device", "for"};
    char near[96];
    char text[48];
    int which = find_word(w->at[w->next], names, HR_COUNT_OF(names));
    if (which < 0) {
        FAIL(ERR_SYNTAX, "expected at SITE, times N, after N, for DURATION or device ID, seen %s%s",
             seen(w, w->next, text), suggest_text(w->at[w->next], names, HR_COUNT_OF(names), near));
    }
    if (*given & 1U << which) {
        FAIL(ERR_SYNTAX, "%s stands twice; a fault has one", names[which]);
    }
    *given |= 1U << which;
    w->next++;
    TRY(clauses[which].parse(w, f));
    w->next++;
    return 0;
}

// What makes no sense where. The index of the wrong word is that of the kind.
static int check_combination(const struct fault *f)
{
    bool is_accept = f->site == SITE_TCP_ACCEPT || f->site == SITE_DPS_ACCEPT;
    if (f->kind == FAULT_REFUSE && f->site != SITE_MQTT_CONNACK && f->site != SITE_DPS_CONNACK) {
        FAIL(ERR_VALUE,
             "refuse acts at mqtt.connack and dps.connack only, seen at %s: use drop there",
             site_word(f->site));
    }
    if (f->kind == FAULT_ANSWER && f->site != SITE_DPS_REGISTER && f->site != SITE_DPS_STATUS) {
        FAIL(ERR_VALUE, "answer acts at dps.register and dps.status only, seen at %s",
             site_word(f->site));
    }
    if (f->site == SITE_MQTT_PUBLISH && f->kind != FAULT_DROP && f->kind != FAULT_STALL) {
        FAIL(ERR_VALUE,
             "%s makes no sense at mqtt.publish: use it at mqtt.puback, or drop or stall",
             fault_word(f->kind));
    }
    if (f->kind == FAULT_SWALLOW && is_accept) {
        FAIL(ERR_VALUE, "swallow has no answer to hold back at %s: use stall or drop",
             site_word(f->site));
    }
    if (f->device[0] && is_accept) {
        FAIL(ERR_VALUE, "no device is known yet at %s: leave device %s out", site_word(f->site),
             f->device);
    }
    return 0;
}

int fault_parse(const struct span *words, size_t count, struct fault *out, size_t *bad_word)
{
    struct words w = {.at = words, .count = count};
    struct fault f = {.times = NOT_GIVEN};
    unsigned given = 0;
    int code = parse_kind(&w, &f);
    if (code == 0) {
        code = parse_argument(&w, &f);
    }
    while (code == 0 && !is_over(&w)) {
        code = parse_clause(&w, &f, &given);
    }
    *bad_word = w.next;
    TRY(code);
    if (f.times == NOT_GIVEN) {
        f.times = f.for_us ? UINT64_MAX : 1;
    }
    *bad_word = 0;
    TRY(check_combination(&f));
    *out = f;
    return 0;
}
