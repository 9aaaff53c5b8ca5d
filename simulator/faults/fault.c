// SPDX-License-Identifier: MIT
#include "simulator/faults/fault.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MOST = 64, WATCHERS_MOST = 8, RESUMES_MOST = 1024, BRIEF_BYTES = 96 };

static const struct site_row {
    const char *word;
    unsigned classes;
    const char *meaning;
} sites[] = {
#define X(name, word, classes, meaning) {word, classes, meaning},
    SITE_TABLE(X)
#undef X
};

static const struct kind_row {
    const char *word;
    struct fault_argument arguments[FAULT_ARGUMENTS];
    enum fault_site site;
    unsigned classes;
    const char *meaning;
} kinds[] = {{"none", {ARG_NOTHING, ARG_NOTHING}, SITE_TCP_ACCEPT, 0, "no fault"},
#define X(name, word, a, b, site, classes, meaning) {word, {a, b}, SITE_##site, classes, meaning},
             FAULT_TABLE(X)
#undef X
};

const char *fault_word(enum fault_kind kind)
{
    return kinds[kind].word;
}

const struct fault_argument *fault_argument(enum fault_kind kind, size_t i)
{
    return &kinds[kind].arguments[i];
}

const char *fault_form(enum fault_kind kind, char out[64])
{
    const struct fault_argument *a = kinds[kind].arguments;
    snprintf(out, 64, "%s%s%s", a[0].form, a[1].form[0] ? " " : "", a[1].form);
    return out;
}

enum fault_site fault_default_site(enum fault_kind kind)
{
    return kinds[kind].site;
}

unsigned fault_classes(enum fault_kind kind)
{
    return kinds[kind].classes;
}

bool fault_is_state(enum fault_kind kind)
{
    return (kinds[kind].classes & AT_STATE) != 0;
}

const char *fault_meaning(enum fault_kind kind)
{
    return kinds[kind].meaning;
}

const char *site_word(enum fault_site site)
{
    return sites[site].word;
}

enum fault_site site_of_dps(enum fault_site site)
{
    const char *place = strchr(sites[site].word, '.');
    for (int i = 0; i < SITE_COUNT; i++) {
        if (strncmp(sites[i].word, "dps", 3) == 0 && strcmp(sites[i].word + 3, place) == 0) {
            return (enum fault_site)i;
        }
    }
    return SITE_COUNT;
}

unsigned site_classes(enum fault_site site)
{
    return sites[site].classes;
}

const char *site_meaning(enum fault_site site)
{
    return sites[site].meaning;
}

struct span fault_argument_word(const struct fault_argument *argument, uint64_t number)
{
    struct span rest = span_text(argument->form);
    struct span word = span_cut(rest, '|', &rest);
    for (; number > 0; number--) {
        word = span_cut(rest, '|', &rest);
    }
    return word;
}

static int print_time(uint64_t us, struct buf *out)
{
    return us % 1000 ? buf_printf(out, " %" PRIu64 "us", us)
                     : buf_printf(out, " %" PRIu64 "ms", us / 1000);
}

static int print_share(uint64_t ppm, struct buf *out)
{
    return buf_printf(out, " %g%%", (double)ppm * 100 / FAULT_PPM);
}

static int print_argument(const struct fault *f, size_t i, struct buf *out)
{
    const struct fault_argument *a = &kinds[f->kind].arguments[i];
    switch (a->type) {
    case FAULT_ARGUMENT_NONE:
        return 0;
    case FAULT_ARGUMENT_NUMBER:
        return buf_printf(out, " %" PRIu64, f->number[i]);
    case FAULT_ARGUMENT_TIME:
        return print_time(f->number[i], out);
    case FAULT_ARGUMENT_SHARE:
        return print_share(f->number[i], out);
    case FAULT_ARGUMENT_WORD:
        TRY(buf_append_text(out, " "));
        return buf_append(out, fault_argument_word(a, f->number[i]));
    case FAULT_ARGUMENT_NAME:
        return a->name((unsigned)f->number[i])
                   ? buf_printf(out, " %s", a->name((unsigned)f->number[i]))
                   : buf_printf(out, " %" PRIu64, f->number[i]);
    case FAULT_ARGUMENT_BYTES:
        TRY(buf_append_text(out, " "));
        for (size_t k = 0; k < f->byte_count; k++) {
            TRY(buf_printf(out, "%02x", f->bytes[k]));
        }
        return 0;
    }
    return ERR_INTERNAL;
}

static int print_head(const struct fault *f, struct buf *out)
{
    TRY(buf_append_text(out, kinds[f->kind].word));
    TRY(print_argument(f, 0, out));
    return print_argument(f, 1, out);
}

const char *fault_brief(const struct fault *f, char *out, size_t capacity_bytes)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1024);
    if (print_head(f, &text) < 0) {
        snprintf(out, capacity_bytes, "%s", kinds[f->kind].word);
    } else {
        snprintf(out, capacity_bytes, "%s", buf_text(&text));
    }
    return out;
}

struct armed {
    struct fault fault;
    uint64_t order;   // from 1, in the order of arming
    uint64_t from_us; // on the journal's clock
    uint64_t until_us;
    uint64_t occasions;    // on which chance has decided
    struct met {             // of a state: connections
        uint64_t passed;     // by `skip`
        uint32_t first;      // that was not
        uint32_t chosen[FAULT_CONNECTIONS_MOST]; // when `times` counts them
        size_t chosen_count;
    } met;
};

// A DELAY was returned to this connection at this site: its next question goes on behind it.
struct resume {
    uint32_t connection;
    enum fault_site site;
    uint64_t order; // 0 = free
};

struct fault_plan {
    struct journal *journal;
    uint64_t seed;
    struct armed armed[FAULTS_MOST];
    size_t count;
    uint64_t last_order;
    struct resume resumes[RESUMES_MOST];
    size_t next_resume; // a ring: an abandoned entry is overwritten in time
    struct watcher {
        void (*changed)(void *context);
        void *context;
    } watchers[WATCHERS_MOST];
};

struct fault_plan *faults_new(struct journal *journal)
{
    struct fault_plan *plan = calloc(1, sizeof *plan);
    if (plan) {
        plan->journal = journal;
    }
    return plan;
}

void faults_free(struct fault_plan *plan)
{
    free(plan);
}

void faults_set_seed(struct fault_plan *plan, uint64_t seed)
{
    plan->seed = seed;
}

uint64_t faults_seed(const struct fault_plan *plan)
{
    return plan->seed;
}

static void remove_armed(struct fault_plan *plan, size_t i)
{
    plan->count--;
    memmove(&plan->armed[i], &plan->armed[i + 1], (plan->count - i) * sizeof plan->armed[0]);
}

static void remove_ended(struct fault_plan *plan)
{
    uint64_t now = journal_now_us(plan->journal);
    for (size_t i = plan->count; i > 0; i--) {
        if (now >= plan->armed[i - 1].until_us) {
            remove_armed(plan, i - 1);
        }
    }
}

static void tell_watchers(struct fault_plan *plan)
{
    for (size_t i = 0; i < WATCHERS_MOST; i++) {
        if (plan->watchers[i].changed) {
            plan->watchers[i].changed(plan->watchers[i].context);
        }
    }
}

int faults_watch(struct fault_plan *plan, void (*changed)(void *context), void *context)
{
    for (size_t i = 0; i < WATCHERS_MOST; i++) {
        if (!plan->watchers[i].changed) {
            plan->watchers[i] = (struct watcher){changed, context};
            return 0;
        }
    }
    FAIL(ERR_LIMIT, "at most %d watch the faults", WATCHERS_MOST);
}

void faults_unwatch(struct fault_plan *plan, const void *context)
{
    for (size_t i = 0; i < WATCHERS_MOST; i++) {
        if (plan->watchers[i].context == context) {
            plan->watchers[i] = (struct watcher){NULL, NULL};
        }
    }
}

int faults_add(struct fault_plan *plan, const struct fault *fault)
{
    remove_ended(plan);
    if (plan->count == FAULTS_MOST) {
        FAIL(ERR_LIMIT, "at most %d faults can be armed at a time; clear some first", FAULTS_MOST);
    }
    uint64_t from_us = journal_now_us(plan->journal) + fault->start_us;
    plan->armed[plan->count++] = (struct armed){
        .fault = *fault,
        .order = ++plan->last_order,
        .from_us = from_us,
        .until_us = fault->for_us ? from_us + fault->for_us : UINT64_MAX};
    char text[BRIEF_BYTES];
    struct field times = F_INT("times", fault->times);
    if (fault->times == UINT64_MAX) {
        times = (struct field)F_TEXT("times", "always");
    }
    EMIT(plan->journal, FAULT_ARMED, 0, fault->device,
         F_TEXT("fault", fault_brief(fault, text, sizeof text)),
         F_TEXT("site", sites[fault->site].word), times);
    tell_watchers(plan);
    return 0;
}

void faults_clear(struct fault_plan *plan)
{
    plan->count = 0;
    memset(plan->resumes, 0, sizeof plan->resumes);
    EMIT(plan->journal, FAULT_CLEARED, 0, NULL);
    tell_watchers(plan);
}

void faults_clear_states(struct fault_plan *plan)
{
    for (size_t i = plan->count; i > 0; i--) {
        if (fault_is_state(plan->armed[i - 1].fault.kind)) {
            remove_armed(plan, i - 1);
        }
    }
    EMIT(plan->journal, FAULT_CLEARED, 0, NULL);
    tell_watchers(plan);
}

static bool is_for(const struct fault *f, enum fault_site site, const char *device)
{
    bool is_any = f->device[0] == '\0';
    return f->site == site && (is_any || (device && strcmp(f->device, device) == 0));
}

static bool is_lucky(const struct fault_plan *plan, const struct armed *a, uint64_t occasion)
{
    uint64_t draw = env_mix(env_mix(plan->seed, a->order), occasion) % FAULT_PPM;
    return a->fault.chance_ppm == 0 || draw < a->fault.chance_ppm;
}

static struct fault_decision act(struct fault_plan *plan, size_t i, uint32_t connection,
                                 const char *device)
{
    struct armed acting = plan->armed[i];
    struct fault *f = &plan->armed[i].fault;
    if (f->times != UINT64_MAX) {
        f->times--;
    }
    if (f->times == 0) {
        remove_armed(plan, i);
    }
    char text[BRIEF_BYTES];
    EMIT(plan->journal, FAULT_FIRED, connection, device,
         F_TEXT("fault", fault_brief(&acting.fault, text, sizeof text)),
         F_TEXT("site", sites[acting.fault.site].word));
    struct fault_decision d = {
        .kind = acting.fault.kind, .byte_count = acting.fault.byte_count, .order = acting.order};
    memcpy(d.number, acting.fault.number, sizeof d.number);
    memcpy(d.bytes, acting.fault.bytes, sizeof d.bytes);
    return d;
}

HR_COLD static struct fault_decision ask_armed(struct fault_plan *plan, enum fault_site site,
                                               uint32_t connection, const char *device,
                                               uint64_t after_order)
{
    remove_ended(plan);
    uint64_t now = journal_now_us(plan->journal);
    for (size_t i = 0; i < plan->count; i++) {
        struct fault *f = &plan->armed[i].fault;
        if (plan->armed[i].order <= after_order || now < plan->armed[i].from_us ||
            !is_for(f, site, device)) {
            continue;
        }
        if (f->skip > 0) {
            f->skip--;
            continue;
        }
        if (!is_lucky(plan, &plan->armed[i], ++plan->armed[i].occasions)) {
            continue;
        }
        return act(plan, i, connection, device);
    }
    return (struct fault_decision){.kind = FAULT_NONE};
}

struct fault_decision faults_decide_after(struct fault_plan *plan, enum fault_site site,
                                          uint32_t connection, const char *device,
                                          uint64_t after_order)
{
    if (plan->count > 0) {
        return ask_armed(plan, site, connection, device, after_order);
    }
    return (struct fault_decision){.kind = FAULT_NONE};
}

static uint64_t take_resume(struct fault_plan *plan, enum fault_site site, uint32_t connection)
{
    for (size_t i = 0; i < RESUMES_MOST; i++) {
        struct resume *r = &plan->resumes[i];
        if (r->order && r->site == site && r->connection == connection) {
            uint64_t order = r->order;
            r->order = 0;
            return order;
        }
    }
    return 0;
}

struct fault_decision faults_decide(struct fault_plan *plan, enum fault_site site,
                                    uint32_t connection, const char *device)
{
    uint64_t after = take_resume(plan, site, connection);
    struct fault_decision d = faults_decide_after(plan, site, connection, device, after);
    if (d.kind == FAULT_DELAY) {
        plan->resumes[plan->next_resume] = (struct resume){connection, site, d.order};
        plan->next_resume = (plan->next_resume + 1) % RESUMES_MOST;
    }
    return d;
}

static bool holds(const struct armed *a, uint64_t now)
{
    return fault_is_state(a->fault.kind) && now >= a->from_us && now < a->until_us;
}

bool faults_state_of(const struct fault_plan *plan, uint64_t order, struct fault_state *out)
{
    uint64_t now = journal_now_us(plan->journal);
    for (size_t i = 0; i < plan->count; i++) {
        const struct armed *a = &plan->armed[i];
        if (a->order == order && holds(a, now)) {
            *out = (struct fault_state){&a->fault, a->order, now - a->from_us};
            return true;
        }
    }
    return false;
}

static bool holds_at(const struct armed *a, enum fault_site site, uint64_t now)
{
    return holds(a, now) && (a->fault.site == SITE_NET_ANY || a->fault.site == site);
}

void faults_meet(struct fault_plan *plan, enum fault_site site, uint32_t connection)
{
    uint64_t now = journal_now_us(plan->journal);
    for (size_t i = 0; i < plan->count; i++) {
        struct armed *a = &plan->armed[i];
        struct met *met = &a->met;
        if (!holds_at(a, site, now)) {
            continue;
        }
        if (met->passed < a->fault.skip) {
            met->passed++;
            continue;
        }
        met->first = met->first ? met->first : connection;
        if (met->chosen_count < FAULT_CONNECTIONS_MOST && met->chosen_count < a->fault.times &&
            is_lucky(plan, a, connection)) {
            met->chosen[met->chosen_count++] = connection;
        }
    }
}

static bool has_chosen(const struct armed *a, uint32_t connection)
{
    if (a->fault.times == UINT64_MAX) {
        return a->fault.skip == 0 || (a->met.first && connection >= a->met.first);
    }
    for (size_t i = 0; i < a->met.chosen_count; i++) {
        if (a->met.chosen[i] == connection) {
            return true;
        }
    }
    return false;
}

bool faults_standing(struct fault_plan *plan, size_t *next, const struct fault_place *place,
                     struct fault_state *out)
{
    uint64_t now = journal_now_us(plan->journal);
    for (; *next < plan->count; ++*next) {
        const struct armed *a = &plan->armed[*next];
        if (!holds_at(a, place->site, now) || !is_for(&a->fault, a->fault.site, place->device) ||
            !has_chosen(a, place->connection) || !is_lucky(plan, a, place->connection)) {
            continue;
        }
        *out = (struct fault_state){&a->fault, a->order, now - a->from_us};
        ++*next;
        return true;
    }
    return false;
}

void faults_note_fired(struct fault_plan *plan, const struct fault_state *state,
                       uint32_t connection, const char *device)
{
    char text[BRIEF_BYTES];
    EMIT(plan->journal, FAULT_FIRED, connection, device,
         F_TEXT("fault", fault_brief(state->fault, text, sizeof text)),
         F_TEXT("site", sites[state->fault->site].word));
}

bool faults_wait_at(const struct fault_plan *plan, unsigned classes)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (sites[plan->armed[i].fault.site].classes & classes) {
            return true;
        }
    }
    return false;
}

const struct fault *faults_at(const struct fault_plan *plan, size_t i)
{
    return i < plan->count ? &plan->armed[i].fault : NULL;
}

// Nothing for 0, which is what a clause that was not given leaves.
static int print_clause(struct buf *out, const char *word, uint64_t number,
                        int (*print)(uint64_t, struct buf *))
{
    if (number == 0) {
        return 0;
    }
    TRY(buf_append_text(out, word));
    return print(number, out);
}

int fault_print(const struct fault *f, struct buf *out)
{
    TRY(print_head(f, out));
    TRY(buf_printf(out, " at %s", sites[f->site].word));
    if (f->times == UINT64_MAX) {
        TRY(buf_append_text(out, " times always"));
    } else {
        TRY(buf_printf(out, " times %llu", (unsigned long long)f->times));
    }
    TRY(f->skip ? buf_printf(out, " after %llu", (unsigned long long)f->skip) : 0);
    TRY(print_clause(out, " chance", f->chance_ppm, print_share));
    TRY(print_clause(out, " in", f->start_us, print_time));
    TRY(print_clause(out, " for", f->for_us, print_time));
    return f->device[0] ? buf_printf(out, " device %s", f->device) : 0;
}
