// SPDX-License-Identifier: MIT
#include "simulator/faults/fault.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_MOST = 64, RESUMES_MOST = 1024 };

static const char *const site_words[] = {
#define X(name, word, meaning) word,
    SITE_TABLE(X)
#undef X
};

static const char *const site_meanings[] = {
#define X(name, word, meaning) meaning,
    SITE_TABLE(X)
#undef X
};

static const char *const kind_words[] = {"none",
#define X(name, word, argument, site, meaning) word,
                                         FAULT_TABLE(X)
#undef X
};

static const char *const kind_arguments[] = {"",
#define X(name, word, argument, site, meaning) argument,
                                             FAULT_TABLE(X)
#undef X
};

static const char *const kind_meanings[] = {"no fault",
#define X(name, word, argument, site, meaning) meaning,
                                            FAULT_TABLE(X)
#undef X
};

const char *fault_word(enum fault_kind kind)
{
    return kind_words[kind];
}

const char *fault_argument(enum fault_kind kind)
{
    return kind_arguments[kind];
}

const char *fault_meaning(enum fault_kind kind)
{
    return kind_meanings[kind];
}

const char *site_word(enum fault_site site)
{
    return site_words[site];
}

const char *site_meaning(enum fault_site site)
{
    return site_meanings[site];
}

struct armed {
    struct fault fault;
    uint64_t order;   // from 1, in the order of arming
    uint64_t from_us; // on the journal's clock
    uint64_t until_us;
};

// A DELAY was returned to this connection at this site: its next question goes on behind it.
struct resume {
    uint32_t connection;
    enum fault_site site;
    uint64_t order; // 0 = free
};

struct fault_plan {
    struct journal *journal;
    struct armed armed[FAULTS_MOST];
    size_t count;
    uint64_t last_order;
    struct resume resumes[RESUMES_MOST];
    size_t next_resume; // a ring: an abandoned entry is overwritten in time
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

// "refuse 5", "delay 1500ms", "drop rst", "swallow": as a script would write it.
static const char *print_fault(const struct fault *f, char out[64])
{
    const char *word = kind_words[f->kind];
    if (f->kind == FAULT_REFUSE || f->kind == FAULT_ANSWER) {
        snprintf(out, 64, "%s %d", word, f->code);
    } else if (f->kind == FAULT_DELAY) {
        snprintf(out, 64, "%s %llums", word, (unsigned long long)(f->delay_us / 1000));
    } else if (f->kind == FAULT_DROP) {
        snprintf(out, 64, "%s %s", word, f->drop == DROP_FIN ? "fin" : "rst");
    } else {
        snprintf(out, 64, "%s", word);
    }
    return out;
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

int faults_add(struct fault_plan *plan, const struct fault *fault)
{
    remove_ended(plan);
    if (plan->count == FAULTS_MOST) {
        FAIL(ERR_LIMIT, "at most %d faults can be armed at a time; clear some first", FAULTS_MOST);
    }
    uint64_t from_us = journal_now_us(plan->journal) + fault->start_us;
    plan->armed[plan->count++] = (struct armed){
        *fault, ++plan->last_order, from_us, fault->for_us ? from_us + fault->for_us : UINT64_MAX};
    char text[64];
    struct field times = F_INT("times", fault->times);
    if (fault->times == UINT64_MAX) {
        times = (struct field)F_TEXT("times", "always");
    }
    EMIT(plan->journal, FAULT_ARMED, 0, fault->device, F_TEXT("fault", print_fault(fault, text)),
         F_TEXT("site", site_words[fault->site]), times);
    return 0;
}

void faults_clear(struct fault_plan *plan)
{
    plan->count = 0;
    memset(plan->resumes, 0, sizeof plan->resumes);
    EMIT(plan->journal, FAULT_CLEARED, 0, NULL);
}

static bool is_for(const struct fault *f, enum fault_site site, const char *device)
{
    bool is_any = f->device[0] == '\0';
    return f->site == site && (is_any || (device && strcmp(f->device, device) == 0));
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
    char text[64];
    EMIT(plan->journal, FAULT_FIRED, connection, device,
         F_TEXT("fault", print_fault(&acting.fault, text)),
         F_TEXT("site", site_words[acting.fault.site]));
    return (struct fault_decision){.kind = acting.fault.kind,
                                   .code = acting.fault.code,
                                   .delay_us = acting.fault.delay_us,
                                   .drop = acting.fault.drop,
                                   .order = acting.order};
}

struct fault_decision faults_decide_after(struct fault_plan *plan, enum fault_site site,
                                          uint32_t connection, const char *device,
                                          uint64_t after_order)
{
    if (plan->count == 0) {
        return (struct fault_decision){.kind = FAULT_NONE};
    }
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
        return act(plan, i, connection, device);
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

const struct fault *faults_at(const struct fault_plan *plan, size_t i)
{
    return i < plan->count ? &plan->armed[i].fault : NULL;
}

int fault_print(const struct fault *f, struct buf *out)
{
    char text[64];
    TRY(buf_printf(out, "%s at %s", print_fault(f, text), site_words[f->site]));
    if (f->times == UINT64_MAX) {
        TRY(buf_append_text(out, " times always"));
    } else {
        TRY(buf_printf(out, " times %llu", (unsigned long long)f->times));
    }
    TRY(f->skip ? buf_printf(out, " after %llu", (unsigned long long)f->skip) : 0);
    return f->device[0] ? buf_printf(out, " device %s", f->device) : 0;
}
