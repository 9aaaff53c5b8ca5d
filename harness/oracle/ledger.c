// SPDX-License-Identifier: MIT
// The books of messages. A D2C message is known by its message_id; its place in the order by the
// counter "seq" in its JSON body, or by the digits at the end of a message_id whose rest stays the
// same (m-1, m-2, ...). Lost are the places between the lowest and the highest number that never
// came. A C2D message is known by the hub's own sequence number.
#include "base/error.h"
#include "harness/oracle/oracle_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Without memory uthash leaves the element out and marks it, instead of ending the program.
#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(item) ((item)->is_left_out = true)
#include <uthash.h>

enum { IDENTITY_BYTES = 96 };

struct entry {
    char key[IDENTITY_BYTES];
    uint64_t number;   // place in the order
    int64_t packet_id; // D2C; 0 with QoS 0
    bool has_number;
    bool is_delivered, is_done, is_lost; // C2D
    bool is_left_out;
    UT_hash_handle hh;
};

struct ledger {
    struct entry *entries;
    uint64_t messages; // different ones
    uint64_t duplicated, reordered, renumbered, lost;
    uint64_t numbered; // different ones with a number
    uint64_t lowest, highest, latest;
    uint64_t done;
    char prefix[IDENTITY_BYTES]; // of the ids with digits
    bool has_prefix, is_unnumbered;
    char sample[IDENTITY_BYTES]; // of a lost, reordered, renumbered or duplicated message
};

static void deinit(void *state)
{
    struct ledger *l = state;
    struct entry *at = NULL, *next = NULL;
    HASH_ITER(hh, l->entries, at, next)
    {
        HASH_DEL(l->entries, at);
        free(at);
    }
}

static struct entry *find(const struct ledger *l, const char *key)
{
    struct entry *found = NULL;
    HASH_FIND_STR(l->entries, key, found);
    return found;
}

static int add(struct ledger *l, const char *key, struct entry **out)
{
    struct entry *new = calloc(1, sizeof *new);
    ENSURE(new != NULL, ERR_NO_MEMORY);
    span_copy_text(span_text(key), new->key, sizeof new->key);
    HASH_ADD_STR(l->entries, key, new);
    if (new->is_left_out) {
        free(new);
        return ERR_NO_MEMORY;
    }
    l->messages++;
    *out = new;
    return 0;
}

// "seq" : N anywhere in the body; the body may be cut, so it is not parsed as a whole.
static bool seq_of(struct span body, uint64_t *out)
{
    static const char name[] = "\"seq\"";
    for (size_t i = 0; i + sizeof name - 1 < body.len; i++) {
        if (memcmp(body.ptr + i, name, sizeof name - 1) != 0) {
            continue;
        }
        size_t at = i + sizeof name - 1;
        while (at < body.len && (body.ptr[at] == ' ' || body.ptr[at] == ':')) {
            at++;
        }
        size_t end = at;
        while (end < body.len && body.ptr[end] >= '0' && body.ptr[end] <= '9') {
            end++;
        }
        return span_parse_u64(span_slice(body, at, end - at), out) == 0;
    }
    return false;
}

// The digits at the end of an id whose rest is that of the first.
static bool tail_number(struct ledger *l, const char *id, uint64_t *out)
{
    size_t end = strlen(id);
    size_t at = end;
    while (at > 0 && id[at - 1] >= '0' && id[at - 1] <= '9') {
        at--;
    }
    if (at == end || at >= sizeof l->prefix || span_parse_u64(span_text(id + at), out) < 0) {
        return false;
    }
    if (!l->has_prefix) {
        l->has_prefix = true;
        span_copy_text(span_of(id, at), l->prefix, sizeof l->prefix);
    }
    return span_equals_text(span_of(id, at), l->prefix);
}

static void take_number(struct ledger *l, struct entry *entry, uint64_t number)
{
    entry->has_number = true;
    entry->number = number;
    if (l->numbered == 0 || number < l->lowest) {
        l->lowest = number;
    }
    l->highest = l->numbered == 0 || number > l->highest ? number : l->highest;
    if (l->numbered && number < l->latest) {
        l->reordered++;
        memcpy(l->sample, entry->key, sizeof l->sample);
    }
    l->latest = number;
    l->numbered++;
}

static int on_d2c(struct ledger *l, const struct event *e)
{
    char id[IDENTITY_BYTES], key[IDENTITY_BYTES];
    uint64_t number = 0;
    const struct field *body = event_field(e, "body");
    event_value(e, "message_id", id, sizeof id);
    bool has_seq = body && body->kind == FIELD_TEXT && seq_of(body->text, &number);
    bool has_number = has_seq || (id[0] && tail_number(l, id, &number));
    span_copy_text(span_text(id), key, sizeof key);
    if (!id[0] && has_seq) {
        snprintf(key, sizeof key, "seq %" PRIu64, number);
    }
    l->is_unnumbered |= !has_number;
    if (!key[0]) {
        l->messages++; // counts, and cannot be told from another
        return 0;
    }
    int64_t packet_id = oracle_number(e, "packet_id", 0);
    struct entry *entry = find(l, key);
    if (entry) {
        l->duplicated++;
        l->renumbered += entry->packet_id != packet_id;
        memcpy(l->sample, key, sizeof l->sample);
        return 0;
    }
    TRY(add(l, key, &entry));
    entry->packet_id = packet_id;
    if (has_number) {
        take_number(l, entry, number);
    }
    return 0;
}

static int on_c2d(struct ledger *l, const struct event *e)
{
    char key[IDENTITY_BYTES];
    event_value(e, "sequence", key, sizeof key);
    struct entry *entry = find(l, key);
    if (e->type == EVENT_C2D_QUEUED) {
        return entry ? 0 : add(l, key, &entry);
    }
    if (!entry) {
        return 0;
    }
    if (e->type == EVENT_C2D_DELIVERED) {
        uint64_t number = (uint64_t)oracle_number(e, "sequence", 0);
        if (entry->is_delivered) {
            l->duplicated++;
            memcpy(l->sample, key, sizeof l->sample);
        } else {
            take_number(l, entry, number);
        }
        entry->is_delivered = true;
    } else if (e->type == EVENT_C2D_COMPLETED) {
        l->done += !entry->is_done;
        entry->is_done = true;
    } else if (e->type == EVENT_C2D_UNDELIVERED && !entry->is_lost) {
        entry->is_lost = true;
        l->lost++;
        memcpy(l->sample, key, sizeof l->sample);
    }
    return 0;
}

static int on_event(struct oracle *o, const struct event *e)
{
    struct ledger *l = o->state;
    switch (e->type) {
    case EVENT_D2C_MESSAGE:
        return !o->spec->is_c2d && !oracle_value_is(e, "will", "true") ? on_d2c(l, e) : 0;
    case EVENT_C2D_QUEUED:
    case EVENT_C2D_DELIVERED:
    case EVENT_C2D_COMPLETED:
    case EVENT_C2D_UNDELIVERED:
        return o->spec->is_c2d ? on_c2d(l, e) : 0;
    default:
        return 0;
    }
}

static uint64_t lost_of(const struct oracle *o)
{
    const struct ledger *l = o->state;
    if (!o->spec->is_c2d) {
        return l->numbered ? l->highest - l->lowest + 1 - l->numbered : 0;
    }
    return l->messages - l->done; // at the end: what was not taken
}

static bool is_within(const struct oracle_range *r, uint64_t n)
{
    return !r->is_given || (n >= r->least && n <= r->most);
}

static void say_books(const struct oracle *o, struct buf *say)
{
    const struct ledger *l = o->state;
    SAY(say,
        "%" PRIu64 " message%s, %" PRIu64 " lost, %" PRIu64 " duplicated, %" PRIu64 " reordered",
        l->messages, l->messages == 1 ? "" : "s", lost_of(o), l->duplicated, l->reordered);
    if (l->renumbered) {
        SAY(say, ", %" PRIu64 " renumbered", l->renumbered);
    }
    if (!o->spec->is_c2d && l->numbered) {
        SAY(say, " (numbers %" PRIu64 " to %" PRIu64 ")", l->lowest, l->highest);
    }
    if (l->sample[0] && (l->duplicated || l->reordered || l->lost)) {
        SAY(say, ", the last of these: %s", l->sample);
    }
}

// The first number between lowest and highest that never came.
static void say_missing(const struct ledger *l, struct buf *say)
{
    enum { SHOWN = 5, LOOKED_AT = 8192 };
    uint64_t shown = 0;
    bool has[LOOKED_AT] = {false};
    const struct entry *at = NULL;
    for (at = l->entries; at; at = at->hh.next) {
        if (at->has_number && at->number - l->lowest < LOOKED_AT) {
            has[at->number - l->lowest] = true;
        }
    }
    for (uint64_t i = 0; i < LOOKED_AT && l->lowest + i < l->highest && shown < SHOWN; i++) {
        if (!has[i]) {
            SAY(say, "%s%" PRIu64, shown++ ? ", " : "; missing: ", l->lowest + i);
        }
    }
}

static enum oracle_state judge(const struct oracle *o, uint64_t now_us, bool is_over,
                               struct buf *say)
{
    const struct ledger *l = o->state;
    const struct oracle_spec *s = o->spec;
    (void)now_us;
    bool is_broken = (s->duplicated.is_given && l->duplicated > s->duplicated.most) ||
                     (s->reordered.is_given && l->reordered > s->reordered.most) ||
                     (s->renumbered.is_given && l->renumbered > s->renumbered.most);
    bool is_balanced =
        l->messages > 0 && is_within(&s->lost, lost_of(o)) &&
        is_within(&s->duplicated, l->duplicated) && is_within(&s->reordered, l->reordered) &&
        is_within(&s->renumbered, l->renumbered) && is_within(&s->messages, l->messages);
    bool is_blind = !s->is_c2d && l->is_unnumbered && s->lost.most != UINT64_MAX;
    if (!is_over && !is_broken && (!is_balanced || is_blind)) {
        return ORACLE_OPEN;
    }
    say_books(o, say);
    if (is_broken) {
        return ORACLE_FAIL;
    }
    if (l->messages == 0 || (is_blind && is_balanced)) {
        SAY(say, "%s",
            l->messages ? "; without \"seq\" in the body or digits at the end of the "
                          "message_id nobody can tell what was lost"
                        : "; nothing to account for");
        return ORACLE_UNDECIDED;
    }
    if (!is_balanced && !s->is_c2d && lost_of(o)) {
        say_missing(l, say);
    }
    return is_balanced ? ORACLE_PASS : ORACLE_FAIL;
}

const struct oracle_class oracle_ledger = {
    .state_bytes = sizeof(struct ledger), .deinit = deinit, .event = on_event, .judge = judge};
