// SPDX-License-Identifier: MIT
// What the service learns of its messages: records, gathered into batches.
#include "base/error.h"
#include "simulator/hub/hub_private.h"

#include <stdio.h>
#include <string.h>

static const uint64_t wait_us = C2D_FEEDBACK_WAIT_S * UINT64_C(1000000);

void hub_c2d_listen(struct hub *hub, c2d_feedback_listener *listener, void *context)
{
    hub->feedback = listener;
    hub->feedback_context = context;
}

static bool is_wanted(enum c2d_ack ack, enum c2d_outcome outcome)
{
    return ack == C2D_ACK_FULL || (ack == C2D_ACK_POSITIVE && outcome == C2D_OUTCOME_SUCCESS) ||
           (ack == C2D_ACK_NEGATIVE && outcome != C2D_OUTCOME_SUCCESS);
}

static void send_batch(struct hub *hub)
{
    struct c2d_record records[C2D_FEEDBACK_BATCH];
    struct c2d_feedback shown[C2D_FEEDBACK_BATCH];
    size_t count = hub->record_count;
    uint64_t batch = ++hub->batches;
    memcpy(records, hub->records, count * sizeof records[0]);
    hub->record_count = 0; // a listener may cause new records
    for (size_t i = 0; i < count; i++) {
        shown[i] = (struct c2d_feedback){records[i].name, records[i].message_id, records[i].outcome,
                                         records[i].utc_us};
        EMIT(hub->journal, C2D_FEEDBACK, 0, records[i].name,
             F_TEXT("status", c2d_outcome_word(records[i].outcome)),
             F_TEXT("message_id", records[i].message_id), F_INT("batch", batch));
    }
    if (hub->feedback) {
        hub->feedback(hub->feedback_context, shown, count);
    }
}

void hub_feedback_add(struct hub *hub, const struct hub_entry *entry, const struct c2d_item *item,
                      enum c2d_outcome outcome)
{
    if (!is_wanted(item->entry.message.ack, outcome)) {
        return;
    }
    if (hub->record_count == 0) {
        hub->record_since_us = hub_mono_us(hub);
        hub_due(hub, hub->record_since_us + wait_us);
    }
    struct c2d_record *record = &hub->records[hub->record_count++];
    snprintf(record->name, sizeof record->name, "%s", entry->identity.name);
    span_copy_text(item->entry.message.message_id, record->message_id, sizeof record->message_id);
    record->outcome = outcome;
    record->utc_us = hub_utc_us(hub);
    if (hub->record_count == C2D_FEEDBACK_BATCH) {
        send_batch(hub);
    }
}

uint64_t hub_feedback_deadline_us(const struct hub *hub)
{
    return hub->record_count ? hub->record_since_us + wait_us : UINT64_MAX;
}

void hub_feedback_tick(struct hub *hub)
{
    if (hub_mono_us(hub) >= hub_feedback_deadline_us(hub)) {
        send_batch(hub);
    }
}
