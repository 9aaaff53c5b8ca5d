// SPDX-License-Identifier: MIT
// What the service has left for devices: twins and queued messages.
#include "base/error.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/twin.h"
#include "simulator/rig/state_private.h"

enum { TWIN_BYTES_MOST = 1 << 20 };

int state_write_twin(struct state_hub *h, const struct identity *id)
{
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, TWIN_BYTES_MOST);
    TRY(hub_twin_export(h->hub, span_text(id->name), &json));
    sqlite3_stmt *put = state_use(h, PUT_TWIN);
    state_bind(put, 2, span_text(id->name));
    state_bind(put, 3, buf_span(&json));
    return state_step(h->state, PUT_TWIN);
}

int state_read_twin(struct state_hub *h, sqlite3_stmt *row)
{
    struct span json = state_column(row, 1);
    return json.len ? hub_twin_import(h->hub, state_column(row, 0), json) : 0;
}

// ---- messages

struct queue_place {
    struct state_hub *hub;
    const char *name;
    int code;
};

static int write_property(struct state_hub *h, uint64_t sequence,
                          const struct c2d_property *property)
{
    sqlite3_stmt *put = state_use(h, PUT_PROPERTY);
    sqlite3_bind_int64(put, 2, (sqlite3_int64)sequence);
    state_bind(put, 3, property->name);
    state_bind(put, 4, property->value);
    return state_step(h->state, PUT_PROPERTY);
}

static int write_message(struct state_hub *h, const char *name, const struct c2d_entry *entry)
{
    sqlite3_stmt *put = state_use(h, PUT_MESSAGE);
    const struct c2d_message *m = &entry->message;
    const struct span texts[] = {m->message_id,   m->correlation_id,   m->user_id,
                                 m->content_type, m->content_encoding, m->to};
    sqlite3_bind_int64(put, 2, (sqlite3_int64)entry->sequence);
    state_bind(put, 3, span_text(name));
    sqlite3_bind_blob(put, 4, m->body.len ? (const void *)m->body.ptr : "", (int)m->body.len,
                      SQLITE_TRANSIENT);
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        state_bind(put, 5 + (int)i, texts[i]);
    }
    sqlite3_bind_int(put, 11, (int)m->ack);
    sqlite3_bind_int64(put, 12, m->ttl_s);
    sqlite3_bind_int64(put, 13, entry->enqueued_us);
    sqlite3_bind_int64(put, 14, entry->expires_us);
    sqlite3_bind_int64(put, 15, entry->deliveries);
    state_bind(put, 16, m->input);
    TRY(state_step(h->state, PUT_MESSAGE));
    for (size_t i = 0; i < m->property_count; i++) {
        TRY(write_property(h, entry->sequence, &m->properties[i]));
    }
    return 0;
}

static bool visit_message(void *context, const struct c2d_entry *entry)
{
    struct queue_place *place = context;
    place->code = write_message(place->hub, place->name, entry);
    return place->code == 0;
}

int state_write_queue(struct state_hub *h, const struct identity *id)
{
    struct queue_place place = {h, id->name, 0};
    state_bind(state_use(h, DROP_MESSAGES), 2, span_text(id->name));
    TRY(state_step(h->state, DROP_MESSAGES));
    hub_c2d_list(h->hub, span_text(id->name), visit_message, &place);
    return place.code;
}

static int restore_message(struct state_hub *h, sqlite3_stmt *row, struct c2d_property *properties)
{
    sqlite3_stmt *get = state_use(h, GET_PROPERTIES);
    struct c2d_entry entry = {.sequence = (uint64_t)sqlite3_column_int64(row, 0),
                              .enqueued_us = sqlite3_column_int64(row, 11),
                              .expires_us = sqlite3_column_int64(row, 12),
                              .deliveries = (uint32_t)sqlite3_column_int64(row, 13)};
    struct c2d_message *m = &entry.message;
    int ack = sqlite3_column_int(row, 9);
    const void *body = sqlite3_column_blob(row, 2);
    m->body = span_of(body, (size_t)sqlite3_column_bytes(row, 2));
    m->message_id = state_column(row, 3);
    m->correlation_id = state_column(row, 4);
    m->user_id = state_column(row, 5);
    m->content_type = state_column(row, 6);
    m->content_encoding = state_column(row, 7);
    m->to = state_column(row, 8);
    m->input = state_column(row, 14);
    ENSURE(ack >= 0 && ack < C2D_ACK_COUNT, ERR_VALUE);
    m->ack = (enum c2d_ack)ack;
    m->ttl_s = (uint32_t)sqlite3_column_int64(row, 10);
    m->properties = properties;
    sqlite3_bind_int64(get, 2, sqlite3_column_int64(row, 0));
    while (m->property_count < C2D_PROPERTIES_MOST && sqlite3_step(get) == SQLITE_ROW) {
        char *name = span_dup_text(state_column(get, 0)); // a column lives until the next step
        char *value = span_dup_text(state_column(get, 1));
        properties[m->property_count++] = (struct c2d_property){span_text(name), span_text(value)};
    }
    sqlite3_reset(get);
    int code = hub_c2d_restore(h->hub, state_column(row, 1), &entry);
    for (size_t i = 0; i < m->property_count; i++) {
        free((void *)(uintptr_t)properties[i].name.ptr);
        free((void *)(uintptr_t)properties[i].value.ptr);
    }
    return code;
}

int state_read_message(struct state_hub *h, sqlite3_stmt *row)
{
    struct c2d_property properties[C2D_PROPERTIES_MOST];
    return restore_message(h, row, properties);
}
