// SPDX-License-Identifier: MIT
#include "simulator/tls/records.h"
#include "base/error.h"
#include "simulator/tls/client_hello.h"
#include "simulator/tls/record_act.h"

#include <string.h>

enum {
    HELD_BYTES_MOST = 16 << 20,
    HEADER_BYTES = 5,
    MESSAGE_HEADER_BYTES = 4,
    HELLO_BYTES_MOST = 1 << 17,
    SERVER_HELLO_DONE = 14,
};

void records_init(struct records *r, const struct records_world *world)
{
    *r = (struct records){.world = *world, .last_kind = FAULT_NONE, .flight_wanted = -1,
                          .record_bytes = RECORD_BYTES_MOST};
    buf_init(&r->raw, HELD_BYTES_MOST);
    buf_init(&r->message, HELD_BYTES_MOST);
    buf_init(&r->flight, HELD_BYTES_MOST);
    buf_init(&r->later, HELD_BYTES_MOST);
    buf_init(&r->hello, HELLO_BYTES_MOST);
    buf_init(&r->out, HELD_BYTES_MOST * 2);
    buf_init(&r->job.body, HELD_BYTES_MOST);
}

void records_deinit(struct records *r)
{
    buf_deinit(&r->raw);
    buf_deinit(&r->message);
    buf_deinit(&r->flight);
    buf_deinit(&r->later);
    buf_deinit(&r->hello);
    buf_deinit(&r->out);
    buf_deinit(&r->job.body);
}

void records_trim(struct records *r)
{
    struct buf *const buffers[] = {&r->raw, &r->message, &r->flight, &r->later, &r->out};
    for (size_t i = 0; i < HR_COUNT_OF(buffers); i++) {
        if (buffers[i]->len == 0) {
            buf_deinit(buffers[i]);
        }
    }
    if (!r->job.is_active) {
        buf_deinit(&r->job.body);
    }
}

uint64_t records_wait_until(const struct records *r)
{
    return r->is_holding ? r->hold_until_us : UINT64_MAX;
}

bool records_is_busy(const struct records *r)
{
    return r->end != RECORDS_GO_ON || r->out.len > 0 || r->raw.len > 0 || r->message.len > 0 || r->flight.len > 0 ||
           r->swap_pending > 0 || r->is_holding || !r->is_open;
}

// ---- the next message or record

static enum fault_site site_of_message(uint8_t type)
{
    static const struct {
        uint8_t type;
        enum fault_site site;
    } rows[] = {
        {2, SITE_TLS_SERVER_HELLO},
        {4, SITE_TLS_NEW_SESSION_TICKET},
        {11, SITE_TLS_CERTIFICATE},
        {12, SITE_TLS_SERVER_KEY_EXCHANGE},
        {13, SITE_TLS_CERTIFICATE_REQUEST},
        {SERVER_HELLO_DONE, SITE_TLS_SERVER_HELLO_DONE},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (rows[i].type == type) {
            return rows[i].site;
        }
    }
    return SITE_COUNT;
}

static enum fault_site site_of_record(struct records *r, uint8_t type)
{
    if (type == RECORD_CHANGE_CIPHER_SPEC) {
        return SITE_TLS_CHANGE_CIPHER_SPEC;
    }
    if (type == RECORD_APPLICATION_DATA) {
        return r->is_open             ? SITE_TLS_APPLICATION_DATA
               : r->is_handshake_over ? SITE_TLS_NEW_SESSION_TICKET
                                      : SITE_TLS_FINISHED;
    }
    if (type == RECORD_HANDSHAKE && !r->has_finished) {
        r->has_finished = true;
        return SITE_TLS_FINISHED;
    }
    return SITE_COUNT;
}

static int begin_job(struct records *r, const struct records_job *how, struct span body)
{
    struct buf kept = r->job.body;
    buf_clear(&kept);
    r->job = *how;
    r->job.body = kept;
    r->job.is_active = true;
    r->after_order = 0;
    return buf_append(&r->job.body, body);
}

// 1: a whole message is the job now, 0: none is complete.
static int take_message(struct records *r)
{
    if (r->message.len < MESSAGE_HEADER_BYTES) {
        return 0;
    }
    const uint8_t *head = r->message.data;
    size_t len = MESSAGE_HEADER_BYTES + ((size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]);
    if (r->message.len < len) {
        return 0;
    }
    const struct records_job how = {.is_message = true,
                                    .type = RECORD_HANDSHAKE,
                                    .version = r->message_version,
                                    .site = site_of_message(head[0])};
    TRY(begin_job(r, &how, span_slice(buf_span(&r->message), 0, len)));
    buf_consume(&r->message, len);
    return 1;
}

// The same for a record; unencrypted handshake bytes are only put aside.
static int take_record(struct records *r)
{
    if (r->raw.len < HEADER_BYTES) {
        return 0;
    }
    const uint8_t *head = r->raw.data;
    size_t len = (size_t)(head[3] << 8 | head[4]);
    if (r->raw.len < HEADER_BYTES + len) {
        return 0;
    }
    uint16_t version = (uint16_t)(head[1] << 8 | head[2]);
    uint8_t type = head[0];
    struct span body = span_slice(buf_span(&r->raw), HEADER_BYTES, len);
    if (type == RECORD_HANDSHAKE && !r->is_encrypted) {
        r->message_version = version;
        TRY(buf_append(&r->message, body));
        buf_consume(&r->raw, HEADER_BYTES + len);
        return 1;
    }
    const struct records_job how = {
        .type = type, .version = version, .site = site_of_record(r, type)};
    TRY(begin_job(r, &how, body));
    buf_consume(&r->raw, HEADER_BYTES + len);
    if (type == RECORD_CHANGE_CIPHER_SPEC) {
        r->slice_bytes = 0; // what was said of the unencrypted flight is over
        r->is_coalescing = false;
        r->is_version_set = false;
    }
    r->is_encrypted =
        r->is_encrypted || type == RECORD_CHANGE_CIPHER_SPEC || type == RECORD_APPLICATION_DATA;
    return 1;
}

static int next_job(struct records *r)
{
    if (r->is_asking_hello) {
        r->is_asking_hello = false;
        TRY(begin_job(r, &(struct records_job){.site = SITE_TLS_CLIENT_HELLO}, SPAN_EMPTY));
        return 1;
    }
    while (!r->job.is_active) {
        int code = take_message(r);
        code = code == 0 ? take_record(r) : code;
        if (code <= 0) {
            return code;
        }
    }
    return 1;
}

// ---- out

static int put_records(struct records *r, const struct records_job *job, struct span body,
                       struct buf *out)
{
    uint16_t version = r->is_version_set ? r->version : job->version;
    size_t most = r->slice_bytes > 0 && job->is_message ? r->slice_bytes : r->record_bytes;
    bool is_cut = job->is_message; // an encrypted record stays as it is
    do {
        struct span part = is_cut ? span_slice(body, 0, most) : body;
        TRY(record_put_header(out, job->type, version, part.len));
        TRY(buf_append(out, part));
        body = span_from(body, part.len);
    } while (body.len > 0);
    return 0;
}

int record_flush_flight(struct records *r)
{
    if (r->flight.len == 0) {
        return 0;
    }
    const struct records_job job = {
        .is_message = true, .type = RECORD_HANDSHAKE, .version = r->message_version};
    int code = put_records(r, &job, buf_span(&r->flight), &r->out);
    buf_clear(&r->flight);
    return code;
}

static int put_oversize(struct records *r, struct buf *out)
{
    static const uint8_t zeros[RECORD_OVERSIZE_BYTES];
    struct span body = span_slice(buf_span(&r->job.body), 0, RECORD_OVERSIZE_BYTES);
    TRY(record_put_header(out, r->job.type, r->job.version, RECORD_OVERSIZE_BYTES));
    TRY(buf_append(out, body));
    return buf_append(out, span_of(zeros, RECORD_OVERSIZE_BYTES - body.len));
}

static int put_job(struct records *r)
{
    struct records_job *job = &r->job;
    if (job->is_left_out || job->site == SITE_TLS_CLIENT_HELLO) {
        return 0;
    }
    struct span body = buf_span(&job->body);
    if (job->is_swapped) {
        r->swap_pending = 2;
        return put_records(r, job, body, &r->later);
    }
    if (r->is_coalescing && job->is_message && !job->is_oversize) {
        bool is_last = body.len > 0 && body.ptr[0] == SERVER_HELLO_DONE;
        TRY(buf_append(&r->flight, body));
        TRY(job->is_twice ? buf_append(&r->flight, body) : 0);
        return is_last ? record_flush_flight(r) : 0;
    }
    TRY(record_flush_flight(r));
    TRY(job->is_oversize ? put_oversize(r, &r->out) : put_records(r, job, body, &r->out));
    return job->is_twice ? put_records(r, job, body, &r->out) : 0;
}

static int finish_job(struct records *r)
{
    TRY(put_job(r));
    r->job.is_active = false;
    if (r->swap_pending > 0 && --r->swap_pending == 0) {
        TRY(record_flush_flight(r));
        TRY(buf_append(&r->out, buf_span(&r->later)));
        buf_clear(&r->later);
    }
    if (r->job.is_half_close) {
        r->end = RECORDS_HALF;
    }
    return 0;
}

// ---- the faults of one job

static int run_job(struct records *r)
{
    r->is_holding = false;
    while (r->job.site != SITE_COUNT) {
        struct fault_decision d =
            r->world.decide(r->world.context, r->job.site, r->after_order);
        if (d.kind == FAULT_NONE) {
            break;
        }
        r->after_order = d.order;
        if (d.kind == FAULT_DELAY) {
            r->is_holding = true;
            r->hold_until_us = r->world.now_us(r->world.context) + d.number[0];
            return 0;
        }
        r->last_kind = d.kind;
        memcpy(r->last_number, d.number, sizeof d.number);
        TRY(record_act(r, &d));
        if (r->end != RECORDS_GO_ON) {
            return 0;
        }
    }
    return finish_job(r);
}

static void throw_away(struct records *r)
{
    buf_clear(&r->raw);
    buf_clear(&r->message);
    buf_clear(&r->flight);
    buf_clear(&r->later);
    r->is_holding = false;
    r->job.is_active = false;
    r->is_asking_hello = false;
    r->swap_pending = 0;
}

static int work(struct records *r)
{
    for (;;) {
        if (r->end != RECORDS_GO_ON) {
            throw_away(r);
            return 0;
        }
        if (r->is_holding && r->world.now_us(r->world.context) < r->hold_until_us) {
            return 0;
        }
        if (!r->job.is_active) {
            int code = next_job(r);
            if (code <= 0) {
                return code < 0 ? code : record_flush_flight(r);
            }
        }
        TRY(run_job(r));
    }
}

int records_take_hello(struct records *r, struct span bytes)
{
    struct client_hello hello;
    if (client_hello_read(bytes, &hello) == 1 && hello.max_fragment_bytes) {
        r->record_bytes = hello.max_fragment_bytes; // both engines grant it (RFC 6066 4)
    }
    TRY(buf_append(&r->hello, bytes));
    r->is_asking_hello = true;
    return work(r);
}

int records_take(struct records *r, struct span bytes)
{
    TRY(buf_append(&r->raw, bytes));
    return work(r);
}

int records_go_on(struct records *r)
{
    return work(r);
}
