// SPDX-License-Identifier: MIT
#include "simulator/tls/record_act.h"
#include "base/error.h"

enum {
    TLS_1_2 = 0x0303,
    ALERT_WARNING = 1,
    ALERT_FATAL = 2,
    ALERT_CLOSE_NOTIFY = 0,
    ALERT_UNRECOGNIZED_NAME = 112,
    RANDOM_BYTES = 300,
    MESSAGE_HEADER_BYTES = 4,
};

// The words of alert and of plain-text, in the order of their rows.
enum { LEVEL_WARNING, LEVEL_FATAL };
enum { PLAIN_HTTP, PLAIN_MQTT, PLAIN_RANDOM, PLAIN_ECHO };

int record_put_header(struct buf *out, uint8_t type, uint16_t version, size_t len_bytes)
{
    TRY(buf_append_u8(out, type));
    TRY(buf_append_u16be(out, version));
    return buf_append_u16be(out, (uint16_t)len_bytes);
}

static uint16_t version_of(const struct records *r)
{
    return r->is_version_set ? r->version : r->job.version ? r->job.version : TLS_1_2;
}

static int put_alert(struct records *r, uint8_t level, uint8_t code)
{
    TRY(record_put_header(&r->out, RECORD_ALERT, version_of(r), 2));
    TRY(buf_append_u8(&r->out, level));
    return buf_append_u8(&r->out, code);
}

static int act_drop(struct records *r, const struct fault_decision *d)
{
    r->end = fault_drop(d->number) == DROP_RST ? RECORDS_RST : RECORDS_FIN;
    return 0;
}

static int act_stall(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->end = RECORDS_SILENT;
    return 0;
}

static int act_swallow(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->job.is_left_out = true;
    return 0;
}

static int act_slice(struct records *r, const struct fault_decision *d)
{
    r->slice_bytes = (size_t)d->number[0];
    return 0;
}

static int act_coalesce(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->is_coalescing = true;
    return 0;
}

static int act_segment(struct records *r, const struct fault_decision *d)
{
    r->segment_bytes = (size_t)d->number[0];
    return 0;
}

static int act_version(struct records *r, const struct fault_decision *d)
{
    r->version = (uint16_t)d->number[0];
    r->is_version_set = true;
    return 0;
}

static int act_type(struct records *r, const struct fault_decision *d)
{
    r->job.type = (uint8_t)d->number[0];
    return 0;
}

static int act_empty(struct records *r, const struct fault_decision *d)
{
    for (uint64_t i = 0; i < d->number[0]; i++) {
        TRY(record_put_header(&r->out, RECORD_HANDSHAKE, version_of(r), 0));
    }
    return 0;
}

static int act_oversize(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->job.is_oversize = true;
    return 0;
}

// An offset behind the end means the last byte.
static int act_corrupt(struct records *r, const struct fault_decision *d)
{
    struct buf *body = &r->job.body;
    if (body->len > 0) {
        size_t at = d->number[0] < body->len ? (size_t)d->number[0] : body->len - 1;
        body->data[at] ^= 0xff;
    }
    return 0;
}

static int act_truncate(struct records *r, const struct fault_decision *d)
{
    struct buf *body = &r->job.body;
    size_t head = r->job.is_message ? MESSAGE_HEADER_BYTES : 0;
    size_t keep = (size_t)d->number[0];
    if (head + keep < body->len) {
        buf_truncate(body, head + keep);
        if (r->job.is_message) {
            body->data[1] = 0;
            body->data[2] = (uint8_t)(keep >> 8);
            body->data[3] = (uint8_t)keep;
        }
    }
    return 0;
}

static int act_double(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->job.is_twice = true;
    return 0;
}

static int act_swap(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->job.is_swapped = true;
    return 0;
}

static int act_inject(struct records *r, const struct fault_decision *d)
{
    return buf_append(&r->out, span_of(d->bytes, d->byte_count));
}

// Behind ChangeCipherSpec only the engine can protect it.
static int act_alert(struct records *r, const struct fault_decision *d)
{
    bool is_fatal = d->number[0] == LEVEL_FATAL;
    uint8_t code = (uint8_t)d->number[1];
    if (r->is_encrypted) {
        r->wish.wants_alert = true;
        r->wish.is_fatal = is_fatal;
        r->wish.alert = code;
        return 0;
    }
    TRY(put_alert(r, is_fatal ? ALERT_FATAL : ALERT_WARNING, code));
    r->end = is_fatal || code == ALERT_CLOSE_NOTIFY ? RECORDS_FIN : r->end;
    return 0;
}

static int act_warnings(struct records *r, const struct fault_decision *d)
{
    for (uint64_t i = 0; i < d->number[0]; i++) {
        TRY(put_alert(r, ALERT_WARNING, ALERT_UNRECOGNIZED_NAME));
    }
    return 0;
}

static int act_hello_request(struct records *r, const struct fault_decision *d)
{
    static const uint8_t message[4];
    (void)d;
    if (r->is_encrypted) {
        r->wish.wants_renegotiation = true;
        return 0;
    }
    TRY(record_put_header(&r->out, RECORD_HANDSHAKE, version_of(r), sizeof message));
    return buf_append(&r->out, span_of(message, sizeof message));
}

static int act_key_update(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->wish.wants_key_update = true;
    return 0;
}

static int act_plain(struct records *r, const struct fault_decision *d)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n"
                               "Content-Length: 15\r\nConnection: close\r\n\r\n400 Bad Request";
    uint8_t random[RANDOM_BYTES];
    r->end = RECORDS_SILENT;
    switch (d->number[0]) {
    case PLAIN_HTTP:
        return buf_append_text(&r->out, http);
    case PLAIN_MQTT:
        return buf_append(&r->out, span_of("\x20\x02\x00\x00", 4));
    case PLAIN_RANDOM:
        TRY(r->world.random(r->world.context, random, sizeof random));
        random[0] |= 0x80; // no record of TLS begins so
        return buf_append(&r->out, span_of(random, sizeof random));
    default:
        return buf_append(&r->out, buf_span(&r->hello));
    }
}

static int act_half_close(struct records *r, const struct fault_decision *d)
{
    (void)d;
    r->job.is_half_close = true;
    return 0;
}

static int act_flight(struct records *r, const struct fault_decision *d)
{
    r->flight_wanted = (int)d->number[0];
    return 0;
}

static const struct kind_row {
    int (*act)(struct records *r, const struct fault_decision *d);
    bool is_first; // it writes or ends at once, before the message
    const char *right_alerts;
} kinds[FAULT_KIND_COUNT] = {
    [FAULT_DROP] = {act_drop, true, ""},
    [FAULT_STALL] = {act_stall, true, ""},
    [FAULT_SWALLOW] = {act_swallow, false, "unexpected_message,bad_record_mac"},
    [FAULT_SLICE] = {act_slice, false, ""},
    [FAULT_COALESCE] = {act_coalesce, false, ""},
    [FAULT_SEGMENT] = {act_segment, false, ""},
    [FAULT_RECORD_VERSION] = {act_version, false, "protocol_version"},
    [FAULT_RECORD_TYPE] = {act_type, false, "unexpected_message"},
    [FAULT_EMPTY_RECORDS] = {act_empty, true, "unexpected_message"},
    [FAULT_OVERSIZE] = {act_oversize, false, "record_overflow"},
    [FAULT_CORRUPT] = {act_corrupt, false,
                       "decode_error,decrypt_error,illegal_parameter,bad_certificate,"
                       "unexpected_message,bad_record_mac"},
    [FAULT_TRUNCATE] = {act_truncate, false, "decode_error,bad_record_mac"},
    [FAULT_DOUBLE] = {act_double, false, "unexpected_message,bad_record_mac"},
    [FAULT_SWAP] = {act_swap, false, "unexpected_message,bad_record_mac"},
    [FAULT_INJECT] = {act_inject, true,
                      "unexpected_message,decode_error,record_overflow,protocol_version,"
                      "illegal_parameter,bad_record_mac"},
    [FAULT_ALERT] = {act_alert, true, ""},
    [FAULT_WARNINGS] = {act_warnings, true, ""},
    [FAULT_HELLO_REQUEST] = {act_hello_request, true, ""},
    [FAULT_KEY_UPDATE] = {act_key_update, true, ""},
    [FAULT_PLAIN] = {act_plain, true, "unexpected_message,protocol_version,record_overflow"},
    [FAULT_HALF_CLOSE] = {act_half_close, false, ""},
    [FAULT_FLIGHT] = {act_flight, false, ""},
};

int record_act(struct records *r, const struct fault_decision *d)
{
    const struct kind_row *row = &kinds[d->kind];
    ENSURE(row->act != NULL, ERR_INTERNAL);
    TRY(row->is_first ? record_flush_flight(r) : 0);
    return row->act(r, d);
}

const char *records_right_alerts(const struct records *r)
{
    if (r->last_kind == FAULT_FLIGHT) {
        return flight_alerts((unsigned)r->last_number[0]);
    }
    const char *alerts = kinds[r->last_kind].right_alerts;
    return alerts ? alerts : "";
}
