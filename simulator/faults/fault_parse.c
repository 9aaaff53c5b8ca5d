// SPDX-License-Identifier: MIT
// The words of one fault, as scenarios and the control interface write them.
#include "base/diag.h"
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"
#include "simulator/faults/fault.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_GIVEN = 0 };

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
#define X(name, word, a, b, site, classes, meaning) word,
    FAULT_TABLE(X)
#undef X
};

static const char *const sites[] = {
#define X(name, word, classes, meaning) word,
    SITE_TABLE(X)
#undef X
};

static int parse_kind(struct words *w, struct fault *f)
{
    char near[96];
    char text[48];
    if (is_over(w)) {
        FAIL(ERR_SYNTAX, "a fault is missing: write for example drop fin, delay 5s or stall; "
                         "`hubrig words faults` lists all");
    }
    size_t kind = span_index(w->at[w->next], kinds, HR_COUNT_OF(kinds));
    if (kind == HR_COUNT_OF(kinds)) {
        FAIL(ERR_SYNTAX, "unknown fault %s%s; `hubrig words faults` lists all",
             seen(w, w->next, text), suggest_text(w->at[w->next], kinds, HR_COUNT_OF(kinds), near));
    }
    f->kind = (enum fault_kind)(kind + 1);
    f->site = fault_default_site(f->kind);
    w->next++;
    return 0;
}

static int parse_hex(struct span digits, uint64_t *out)
{
    char text[17];
    char *end = NULL;
    if (!span_copy_text(digits, text, sizeof text) || !isxdigit((unsigned char)text[0])) {
        return ERR_SYNTAX;
    }
    *out = strtoull(text, &end, 16);
    return *end ? ERR_SYNTAX : 0;
}

static int parse_number(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    struct span word = w->at[w->next];
    bool is_hex = word.len > 2 && word.ptr[0] == '0' && word.ptr[1] == 'x';
    int code =
        is_hex ? parse_hex(span_from(word, 2), &f->number[i]) : span_parse_u64(word, &f->number[i]);
    if (code < 0 || f->number[i] < a->least || f->number[i] > a->most) {
        FAIL(ERR_VALUE, "%s wants a number from %" PRIu64 " to %" PRIu64 " for %s, seen %s",
             fault_word(f->kind), a->least, a->most, a->form, seen(w, w->next, text));
    }
    return 0;
}

static int parse_time(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    char least[32];
    char most[32];
    int64_t us = 0;
    int code = duration_parse(w->at[w->next], &us);
    if (code < 0) {
        FAIL(code, "%s wants a duration with its unit as in 5s or 250ms, seen %s",
             fault_word(f->kind), seen(w, w->next, text));
    }
    if (us < 0 || (uint64_t)us < a->least || (uint64_t)us > a->most) {
        FAIL(ERR_VALUE, "%s wants a duration from %s to %s, seen %s", fault_word(f->kind),
             duration_print((int64_t)a->least, least), duration_print((int64_t)a->most, most),
             seen(w, w->next, text));
    }
    f->number[i] = (uint64_t)us;
    return 0;
}

// "2.5%": up to four decimals count.
static int read_share(struct span word, uint64_t *out_ppm)
{
    struct span decimals;
    struct span number = span_slice(word, 0, word.len ? word.len - 1 : 0);
    struct span whole = span_cut(number, '.', &decimals);
    uint64_t percent = 0;
    uint64_t fraction = 0;
    ENSURE(span_ends_with(word, SPAN_LITERAL("%")) && decimals.len <= 4, ERR_SYNTAX);
    TRY(span_parse_u64(whole, &percent));
    TRY(decimals.ptr ? span_parse_u64(decimals, &fraction) : 0);
    ENSURE(percent <= 100, ERR_VALUE);
    for (size_t i = decimals.len; i < 4; i++) {
        fraction *= 10;
    }
    *out_ppm = percent * (FAULT_PPM / 100) + fraction;
    return 0;
}

static int parse_share(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    int code = read_share(w->at[w->next], &f->number[i]);
    if (code < 0 || f->number[i] < a->least || f->number[i] > a->most) {
        FAIL(ERR_VALUE, "%s wants a share such as 2.5%%, up to %g%%, for %s, seen %s",
             fault_word(f->kind), (double)a->most * 100 / FAULT_PPM, a->form,
             seen(w, w->next, text));
    }
    return 0;
}

static int parse_word(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    struct span rest = span_text(a->form);
    for (uint64_t n = 0; rest.len; n++) {
        if (span_equals(span_cut(rest, '|', &rest), w->at[w->next])) {
            f->number[i] = n;
            return 0;
        }
    }
    FAIL(ERR_SYNTAX, "%s wants %s, seen %s", fault_word(f->kind), a->form, seen(w, w->next, text));
}

static int parse_name(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    int code = a->find(w->at[w->next]);
    if (code >= 0) {
        f->number[i] = (uint64_t)code;
        return 0;
    }
    if (a->most > 0 && isdigit(w->at[w->next].len ? w->at[w->next].ptr[0] : 0)) {
        return parse_number(w, a, f, i);
    }
    FAIL(ERR_SYNTAX, "%s wants a name for %s%s, seen %s", fault_word(f->kind), a->form,
         a->most > 0 ? " or its number" : "; `hubrig words` lists them", seen(w, w->next, text));
}

static int parse_bytes(struct words *w, const struct fault_argument *a, struct fault *f, size_t i)
{
    char text[48];
    struct span word = w->at[w->next];
    const struct span plain_mark = span_text("text:");
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, FAULT_BYTES_MOST);
    (void)i;
    int code = span_starts_with(word, plain_mark)
                   ? buf_append(&out, span_from(word, plain_mark.len))
                   : hex_decode(word, &out);
    if (code < 0 || out.len == 0) {
        FAIL(ERR_VALUE,
             "%s wants %s: 1 to %d bytes as pairs of hex digits or as text:WORD, seen %s",
             fault_word(f->kind), a->form, FAULT_BYTES_MOST, seen(w, w->next, text));
    }
    memcpy(f->bytes, out.data, out.len);
    f->byte_count = out.len;
    return 0;
}

static int parse_argument(struct words *w, struct fault *f, size_t i)
{
    static int (*const parsers[])(struct words *, const struct fault_argument *, struct fault *,
                                  size_t) = {
        [FAULT_ARGUMENT_NUMBER] = parse_number,
        [FAULT_ARGUMENT_TIME] = parse_time,
        [FAULT_ARGUMENT_WORD] = parse_word,
        [FAULT_ARGUMENT_BYTES] = parse_bytes,
        [FAULT_ARGUMENT_SHARE] = parse_share,
        [FAULT_ARGUMENT_NAME] = parse_name,
    };
    const struct fault_argument *a = fault_argument(f->kind, i);
    if (a->type == FAULT_ARGUMENT_NONE) {
        return 0;
    }
    if (is_over(w)) {
        char form[64];
        FAIL(ERR_SYNTAX, "%s wants %s, seen nothing", fault_word(f->kind),
             fault_form(f->kind, form));
    }
    TRY(parsers[a->type](w, a, f, i));
    w->next++;
    return 0;
}

static int parse_site(struct words *w, struct fault *f)
{
    char near[96];
    char text[48];
    struct span word = is_over(w) ? SPAN_EMPTY : w->at[w->next];
    size_t site = span_index(word, sites, HR_COUNT_OF(sites));
    if (site == HR_COUNT_OF(sites)) {
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

static int parse_chance(struct words *w, struct fault *f)
{
    char text[48];
    uint64_t ppm = 0;
    int code = is_over(w) ? ERR_SYNTAX : read_share(w->at[w->next], &ppm);
    if (code < 0 || ppm == 0 || ppm > FAULT_PPM) {
        FAIL(code < 0 ? code : ERR_VALUE,
             "chance wants a share such as 30%%, more than nothing, up to 100%%, seen %s",
             seen(w, w->next, text));
    }
    f->chance_ppm = (uint32_t)ppm;
    return 0;
}

static int parse_duration(struct words *w, const char *clause, uint64_t *out_us)
{
    char text[48];
    int64_t us = 0;
    int code = is_over(w) ? ERR_SYNTAX : duration_parse(w->at[w->next], &us);
    if (code < 0 || us <= 0) {
        FAIL(code < 0 ? code : ERR_VALUE,
             "%s wants a duration with its unit as in 20s, more than nothing, seen %s", clause,
             seen(w, w->next, text));
    }
    *out_us = (uint64_t)us;
    return 0;
}

static int parse_in(struct words *w, struct fault *f)
{
    return parse_duration(w, "in", &f->start_us);
}

static int parse_for(struct words *w, struct fault *f)
{
    return parse_duration(w, "for", &f->for_us);
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

// The names alone, because suggest_text wants them so.
static const char *const clause_words[] = {"at", "times", "after", "chance", "device", "in", "for"};
static int (*const clause_parsers[])(struct words *w, struct fault *f) = {
    parse_site, parse_times, parse_after, parse_chance, parse_device, parse_in, parse_for};
_Static_assert(HR_COUNT_OF(clause_words) == HR_COUNT_OF(clause_parsers), "one parser each");

static int parse_clause(struct words *w, struct fault *f, unsigned *given)
{
    char near[96];
    char text[48];
    size_t which = span_index(w->at[w->next], clause_words, HR_COUNT_OF(clause_words));
    if (which == HR_COUNT_OF(clause_words)) {
        FAIL(ERR_SYNTAX,
             "expected at SITE, times N, after N, chance P%%, in DURATION, for DURATION or device "
             "ID, seen %s%s",
             seen(w, w->next, text),
             suggest_text(w->at[w->next], clause_words, HR_COUNT_OF(clause_words), near));
    }
    if (*given & 1U << which) {
        FAIL(ERR_SYNTAX, "%s stands twice; a fault has one", clause_words[which]);
    }
    *given |= 1U << which;
    w->next++;
    TRY(clause_parsers[which](w, f));
    w->next++;
    return 0;
}

// The sites at which a kind can act, for a sentence; the first few when there are many.
static const char *sites_of(enum fault_kind kind, char out[160])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < SITE_COUNT && used < 120; i++) {
        if (fault_classes(kind) & site_classes((enum fault_site)i)) {
            used += (size_t)snprintf(out + used, 160 - used, "%s%s", used ? ", " : "",
                                     site_word((enum fault_site)i));
        }
    }
    return out;
}

// What a state can count: new connections, before it is known whose they are.
static int check_state(const struct fault *f)
{
    bool is_counted = f->times != UINT64_MAX || f->skip > 0;
    if (!fault_is_state(f->kind)) {
        return 0;
    }
    if (fault_classes(f->kind) == AT_PORT && (is_counted || f->chance_ppm > 0)) {
        FAIL(ERR_VALUE,
             "%s closes a port and knows no single connections: leave times, after and chance out",
             fault_word(f->kind));
    }
    if (is_counted && f->device[0]) {
        FAIL(ERR_VALUE, "%s counts new connections, whose device is not known yet: leave device or "
                        "times and after out",
             fault_word(f->kind));
    }
    if (f->times != UINT64_MAX && f->times > FAULT_CONNECTIONS_MOST) {
        FAIL(ERR_VALUE, "%s counts at most %d connections, seen times %" PRIu64,
             fault_word(f->kind), FAULT_CONNECTIONS_MOST, f->times);
    }
    return 0;
}

// What makes no sense where. The index of the wrong word is that of the kind.
static int check_combination(const struct fault *f)
{
    char text[160];
    if (!(fault_classes(f->kind) & site_classes(f->site))) {
        FAIL(ERR_VALUE, "%s makes no sense at %s; it acts at %s", fault_word(f->kind),
             site_word(f->site), sites_of(f->kind, text));
    }
    if (f->device[0] && site_classes(f->site) & AT_NAMELESS) {
        FAIL(ERR_VALUE, "no device is known yet at %s: leave device %s out", site_word(f->site),
             f->device);
    }
    if (f->device[0] && fault_classes(f->kind) & (AT_PORT | AT_DIAL)) {
        FAIL(ERR_VALUE, "%s acts on every device, before it is known: leave device %s out",
             fault_word(f->kind), f->device);
    }
    return check_state(f);
}

int fault_parse(const struct span *words, size_t count, struct fault *out, size_t *bad_word)
{
    struct words w = {.at = words, .count = count};
    struct fault f = {.times = NOT_GIVEN};
    unsigned given = 0;
    int code = parse_kind(&w, &f);
    for (size_t i = 0; code == 0 && i < FAULT_ARGUMENTS; i++) {
        code = parse_argument(&w, &f, i);
    }
    while (code == 0 && !is_over(&w)) {
        code = parse_clause(&w, &f, &given);
    }
    *bad_word = w.next;
    TRY(code);
    if (f.times == NOT_GIVEN) {
        f.times = f.for_us || fault_is_state(f.kind) ? UINT64_MAX : 1;
    }
    *bad_word = 0;
    TRY(check_combination(&f));
    *out = f;
    return 0;
}
