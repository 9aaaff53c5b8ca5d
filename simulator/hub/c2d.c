// SPDX-License-Identifier: MIT
// The queue of cloud-to-device messages of each identity (reference: IoT Hub over MQTT, cloud to
// device). Events are emitted when the queue is in order again, because a listener may use it.
#include "simulator/hub/c2d.h"
#include "base/error.h"
#include "simulator/hub/hub_private.h"

#include <stdlib.h>

static const uint64_t second_us = 1000000;

enum { JSON_BYTES_MOST = 1 << 20 };

static const char *const acks[] = {
#define X(name, word) word,
    C2D_ACK_TABLE(X)
#undef X
};

static const char *const outcomes[] = {
#define X(name, word) word,
    C2D_OUTCOME_TABLE(X)
#undef X
};

const char *c2d_ack_word(enum c2d_ack ack)
{
    return acks[ack];
}

int c2d_ack_of(struct span word)
{
    size_t i = span_index(word, acks, C2D_ACK_COUNT);
    return i < C2D_ACK_COUNT ? (int)i : -1;
}

const char *c2d_outcome_word(enum c2d_outcome outcome)
{
    return outcomes[outcome];
}

static struct hub_entry *entry_of(const struct hub *hub, const struct identity *identity)
{
    return hub_entry_find_any(hub, span_text(identity->name));
}

static struct c2d_item *take_out(struct hub_entry *entry, struct c2d_item *item)
{
    struct c2d_item **at = &entry->messages;
    while (*at != item) {
        at = &(*at)->next;
    }
    *at = item->next;
    entry->message_count--;
    return item;
}

static void put_in(struct hub_entry *entry, struct c2d_item *item)
{
    struct c2d_item **at = &entry->messages;
    while (*at && (*at)->entry.sequence < item->entry.sequence) {
        at = &(*at)->next;
    }
    item->next = *at;
    *at = item;
    entry->message_count++;
}

void hub_c2d_free(struct hub_entry *entry)
{
    while (entry->messages) {
        free(take_out(entry, entry->messages));
    }
}

// ---- leaving the queue

// Whoever keeps the state knows of its failure; the message has left all the same.
static void keep_queue(struct hub *hub, const struct hub_entry *entry)
{
    if (hub_keep(hub, entry, HUB_KEEP_C2D) < 0) {
        env_log(hub->env, LOG_ERROR, "the queue of %s is not kept: %s", entry->identity.name,
                error_detail());
    }
}

static void complete(struct hub *hub, struct hub_entry *entry, struct c2d_item *item)
{
    take_out(entry, item);
    keep_queue(hub, entry);
    hub_feedback_add(hub, entry, item, C2D_OUTCOME_SUCCESS);
    EMIT(hub->journal, C2D_COMPLETED, hub_connection_of(hub, &entry->identity),
         entry->identity.name, F_INT("sequence", item->entry.sequence),
         F_SPAN("message_id", item->entry.message.message_id));
    free(item);
}

static void give_up(struct hub *hub, struct hub_entry *entry, struct c2d_item *item,
                    enum c2d_outcome outcome)
{
    take_out(entry, item);
    keep_queue(hub, entry);
    hub_feedback_add(hub, entry, item, outcome);
    EMIT(hub->journal, C2D_UNDELIVERED, 0, entry->identity.name,
         F_INT("sequence", item->entry.sequence),
         F_SPAN("message_id", item->entry.message.message_id),
         F_TEXT("outcome", outcomes[outcome]));
    free(item);
}

static bool is_expired(const struct hub *hub, const struct c2d_item *item)
{
    return !item->entry.is_locked && hub_utc_us(hub) >= item->entry.expires_us;
}

// The lock is gone without a completion: back into the queue, or dead-lettered.
static void give_back(struct hub *hub, struct hub_entry *entry, struct c2d_item *item,
                      const char *why)
{
    item->entry.is_locked = false;
    item->link = NULL;
    if (item->entry.deliveries >= hub->settings.c2d_deliveries_most) {
        give_up(hub, entry, item, C2D_OUTCOME_DELIVERY_COUNT_EXCEEDED);
        return;
    }
    keep_queue(hub, entry);
    EMIT(hub->journal, C2D_RETURNED, 0, entry->identity.name,
         F_INT("sequence", item->entry.sequence),
         F_SPAN("message_id", item->entry.message.message_id), F_TEXT("why", why),
         F_INT("deliveries", item->entry.deliveries));
}

// ---- the service

static void emit_queued(struct hub *hub, const struct hub_entry *entry, const struct c2d_item *item)
{
    const struct c2d_message *m = &item->entry.message;
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, JSON_BYTES_MOST);
    if (c2d_properties_json(m, &json) < 0) {
        buf_clear(&json);
    }
    EMIT(hub->journal, C2D_QUEUED, 0, entry->identity.name, F_INT("sequence", item->entry.sequence),
         F_SPAN("message_id", m->message_id), F_TEXT("ack", acks[m->ack]), F_INT("ttl_s", m->ttl_s),
         F_INT("body_bytes", m->body.len), F_SPAN("body", hub_shown(m->body)),
         F_SPAN("properties", buf_span(&json)), F_INT("waiting", entry->message_count),
         F_SPAN("input", m->input));
}

static enum reason queue_message(struct hub *hub, struct hub_entry *entry,
                                 const struct c2d_message *message, uint64_t *sequence)
{
    struct c2d_message full = *message;
    full.ttl_s = full.ttl_s ? full.ttl_s : hub->settings.c2d_ttl_s;
    struct c2d_item *item = c2d_item_new(&entry->identity, &full);
    if (!item) {
        error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return REASON_INTERNAL;
    }
    item->entry.sequence = ++hub->last_sequence;
    item->entry.enqueued_us = hub_utc_us(hub);
    item->entry.expires_us = item->entry.enqueued_us + full.ttl_s * INT64_C(1000000);
    put_in(entry, item);
    if (hub_keep(hub, entry, HUB_KEEP_C2D) < 0) {
        free(take_out(entry, item));
        return REASON_INTERNAL;
    }
    if (sequence) {
        *sequence = item->entry.sequence;
    }
    hub_due(hub, hub_c2d_deadline_us(hub, entry));
    emit_queued(hub, entry, item);
    hub_c2d_offer(hub, entry);
    return REASON_OK;
}

enum reason hub_c2d_send(struct hub *hub, struct span name, const struct c2d_message *message,
                         uint64_t *sequence)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    if (!entry) {
        error_set(ERR_UNKNOWN_NAME, "no identity named '%.*s' is registered", SPAN_ARG(name));
        return REASON_UNKNOWN_IDENTITY;
    }
    enum reason reason = c2d_check(message, hub->settings.takes_any_c2d_property);
    if (reason != REASON_OK) {
        return reason;
    }
    if (message->input.len && span_find(name, '/') == name.len) {
        error_set(ERR_VALUE, "only a module has inputs; '%.*s' is a device", SPAN_ARG(name));
        return REASON_INVALID_ARGUMENT;
    }
    hub_c2d_tick(hub, entry); // what has expired takes no place
    if (entry->message_count >= C2D_QUEUE_MOST) {
        error_set(ERR_LIMIT, "%d messages wait for %s already", C2D_QUEUE_MOST,
                  entry->identity.name);
        return REASON_C2D_QUEUE_FULL;
    }
    reason = hub_admit_service(hub, THROTTLE_C2D, 1);
    if (reason != REASON_OK) {
        return reason;
    }
    return queue_message(hub, entry, message, sequence);
}

size_t hub_c2d_list(const struct hub *hub, struct span name, c2d_visitor *visit, void *context)
{
    const struct hub_entry *entry = hub_entry_find(hub, name);
    const struct c2d_item *item = entry ? entry->messages : NULL;
    while (item && visit(context, &item->entry)) {
        item = item->next;
    }
    return entry ? entry->message_count : 0;
}

size_t hub_c2d_count(const struct hub *hub, struct span name)
{
    const struct hub_entry *entry = hub_entry_find(hub, name);
    return entry ? entry->message_count : 0;
}

size_t hub_c2d_purge(struct hub *hub, struct span name)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    size_t count = entry ? entry->message_count : 0;
    for (size_t i = 0; i < count && entry->messages; i++) {
        give_up(hub, entry, entry->messages, C2D_OUTCOME_PURGED);
    }
    return count;
}

int hub_c2d_restore(struct hub *hub, struct span name, const struct c2d_entry *saved)
{
    struct hub_entry *entry = hub_entry_find(hub, name);
    ENSURE(entry != NULL, ERR_UNKNOWN_NAME);
    ENSURE(entry->message_count < C2D_QUEUE_MOST, ERR_LIMIT);
    if (c2d_check(&saved->message, hub->settings.takes_any_c2d_property) != REASON_OK) {
        return ERR_VALUE;
    }
    if (saved->sequence <= hub->last_sequence && entry->messages) {
        const struct c2d_item *last = entry->messages;
        while (last->next) {
            last = last->next;
        }
        ENSURE(last->entry.sequence < saved->sequence, ERR_VALUE);
    }
    struct c2d_item *item = c2d_item_new(&entry->identity, &saved->message);
    ENSURE(item != NULL, ERR_NO_MEMORY);
    item->entry.sequence = saved->sequence;
    item->entry.enqueued_us = saved->enqueued_us;
    item->entry.expires_us = saved->expires_us;
    item->entry.deliveries = saved->deliveries;
    put_in(entry, item);
    if (saved->sequence > hub->last_sequence) {
        hub->last_sequence = saved->sequence;
    }
    hub_due(hub, hub_c2d_deadline_us(hub, entry));
    return 0;
}

// ---- the device

enum c2d_way c2d_way_of(const struct c2d_message *message)
{
    return message->input.len ? C2D_BY_INPUT : C2D_ADDRESSED;
}

bool hub_c2d_take(struct hub *hub, const struct identity *identity, const struct hub_link *link,
                  unsigned ways, struct c2d_entry *out)
{
    struct hub_entry *entry = entry_of(hub, identity);
    hub_c2d_tick(hub, entry);
    struct c2d_item *item = entry->messages;
    while (item && (item->entry.is_locked || !(c2d_way_of(&item->entry.message) & ways))) {
        item = item->next;
    }
    if (!item) {
        return false;
    }
    item->entry.is_locked = true;
    item->link = link;
    item->lock_until_us = hub_mono_us(hub) + C2D_LOCK_S * second_us;
    item->entry.deliveries += hub->settings.c2d_counts_attempts;
    *out = item->entry;
    hub_due(hub, item->lock_until_us);
    return true;
}

static struct c2d_item *find(struct hub_entry *entry, uint64_t sequence)
{
    struct c2d_item *item = entry->messages;
    while (item && item->entry.sequence != sequence) {
        item = item->next;
    }
    return item;
}

static struct c2d_item *find_locked(struct hub_entry *entry, uint64_t sequence)
{
    struct c2d_item *item = find(entry, sequence);
    return item && item->entry.is_locked ? item : NULL;
}

void hub_c2d_sent(struct hub *hub, const struct identity *identity, uint64_t sequence)
{
    struct c2d_item *item = find(entry_of(hub, identity), sequence);
    if (item) {
        item->entry.was_sent = true;
    }
}

enum reason hub_c2d_complete(struct hub *hub, const struct identity *identity, uint64_t sequence)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct c2d_item *item = find_locked(entry, sequence);
    if (!item) {
        return REASON_LOCK_LOST;
    }
    complete(hub, entry, item);
    return REASON_OK;
}

enum reason hub_c2d_reject(struct hub *hub, const struct identity *identity, uint64_t sequence)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct c2d_item *item = find_locked(entry, sequence);
    if (!item) {
        return REASON_LOCK_LOST;
    }
    give_up(hub, entry, item, C2D_OUTCOME_REJECTED);
    return REASON_OK;
}

enum reason hub_c2d_abandon(struct hub *hub, const struct identity *identity, uint64_t sequence)
{
    struct hub_entry *entry = entry_of(hub, identity);
    struct c2d_item *item = find_locked(entry, sequence);
    if (!item) {
        return REASON_LOCK_LOST;
    }
    item->entry.deliveries += !hub->settings.c2d_counts_attempts;
    give_back(hub, entry, item, "the device abandoned it");
    hub_c2d_offer(hub, entry);
    return REASON_OK;
}

void hub_c2d_offer(struct hub *hub, struct hub_entry *entry)
{
    struct hub_link *link = hub_link_of(hub, &entry->identity);
    if (entry->messages && link && link->c2d_ready) {
        link->c2d_ready(link);
    }
}

void hub_c2d_release(struct hub *hub, struct hub_entry *entry, const struct hub_link *link)
{
    struct c2d_item *item = entry->messages;
    while (item) {
        if (item->link == link) {
            give_back(hub, entry, item, "the connection ended");
            item = entry->messages; // give_back may have changed the queue
        } else {
            item = item->next;
        }
    }
}

void hub_c2d_forget_sent(struct hub_entry *entry)
{
    for (struct c2d_item *item = entry->messages; item; item = item->next) {
        item->entry.was_sent = false;
    }
}

// ---- time

// What has become due of one message; false when nothing has.
static bool judge(struct hub *hub, struct hub_entry *entry, struct c2d_item *item, bool *is_back)
{
    if (item->entry.is_locked && hub_mono_us(hub) >= item->lock_until_us) {
        give_back(hub, entry, item, "no acknowledgement within 60 s");
        *is_back = true;
        return true;
    }
    if (is_expired(hub, item)) {
        give_up(hub, entry, item, C2D_OUTCOME_EXPIRED);
        return true;
    }
    return false;
}

void hub_c2d_tick(struct hub *hub, struct hub_entry *entry)
{
    bool is_back = false;
    struct c2d_item *item = entry->messages;
    while (item) {
        item = judge(hub, entry, item, &is_back) ? entry->messages : item->next;
    }
    if (is_back) {
        hub_c2d_offer(hub, entry);
    }
}

uint64_t hub_c2d_deadline_us(const struct hub *hub, const struct hub_entry *entry)
{
    uint64_t deadline = UINT64_MAX;
    uint64_t now = hub_mono_us(hub);
    for (const struct c2d_item *item = entry->messages; item; item = item->next) {
        int64_t left_us = item->entry.expires_us - hub_utc_us(hub);
        uint64_t at = item->entry.is_locked ? item->lock_until_us
                                            : now + hub_clock_wait_us(hub, left_us > 0 ? (uint64_t)left_us : 0);
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}
