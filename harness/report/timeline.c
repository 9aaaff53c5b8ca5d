// SPDX-License-Identifier: MIT
#include "harness/report/timeline.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/report/packets.h"

#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOURNAL_BYTES_MOST = 64 << 20,
    CAPTURE_BYTES_MOST = 256 << 20,
    CONNECTIONS_MOST = 4096,
    TEXT_BYTES_MOST = 300,
};

struct connection {
    char peer[64];
    uint64_t accepted_us, hello_us, established_us, connected_us;
};

struct reader {
    struct timeline *out;
    struct packet_index *packets;
    struct connection *connections; // by number
    uint64_t lost_us;               // a session ended by the hub, and none has come since
};

const char *lane_title(enum lane lane)
{
    static const char *const titles[] = {
#define X(name, title) title,
        LANE_TABLE(X)
#undef X
    };
    return titles[lane];
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum lane lane_of(const char *event)
{
    static const struct {
        const char *prefix;
        enum lane lane;
    } table[] = {
        {"device.clock", LANE_CLOCK}, {"hub.clock", LANE_CLOCK}, {"sntp.", LANE_CLOCK},
        {"run.", LANE_SCENARIO},      {"device.", LANE_DEVICE},  {"serial.", LANE_DEVICE},
        {"tcp.", LANE_TCP},           {"net.", LANE_TCP},        {"tls.", LANE_TLS},
        {"mqtt.", LANE_MQTT},         {"sas.", LANE_MQTT},       {"dps.", LANE_MQTT},
        {"ws.", LANE_MQTT},           {"http.", LANE_MQTT},      {"amqp.", LANE_MQTT},
        {"fault.", LANE_FAULTS},      {"sdk.", LANE_FAULTS},
    };
    for (size_t i = 0; i < HR_COUNT_OF(table); i++) {
        if (starts(event, table[i].prefix)) {
            return table[i].lane;
        }
    }
    return LANE_HUB;
}

static bool is_bad_event(const char *event)
{
    static const char *const words[] = {".refused", ".failed",   ".error",
                                        ".alert",   ".expired",  ".cut",
                                        ".early",   ".rejected", "keepalive_expired"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (strstr(event, words[i])) {
            return true;
        }
    }
    return false;
}

// ---- one event

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

// "event key=value ...", what a person needs first.
static char *sentence_of(json_t *object, const char *event)
{
    static const char *const known[] = {"seq", "at_us", "event", "connection", "device"};
    struct buf out;
    const char *key;
    json_t *value;
    buf_init(&out, TEXT_BYTES_MOST);
    int code = buf_append_text(&out, event);
    json_object_foreach(object, key, value)
    {
        bool is_known = false;
        for (size_t i = 0; i < HR_COUNT_OF(known); i++) {
            is_known |= strcmp(key, known[i]) == 0;
        }
        bool is_empty = json_is_string(value) && json_string_length(value) == 0;
        if (is_known || is_empty || code < 0) {
            continue;
        }
        if (json_is_string(value)) {
            code = buf_printf(&out, " %s=%.120s", key, json_string_value(value));
        } else if (json_is_integer(value)) {
            code = buf_printf(&out, " %s=%lld", key, (long long)json_integer_value(value));
        } else {
            code = buf_printf(&out, " %s=%s", key, json_is_true(value) ? "true" : "false");
        }
    }
    return out.len ? buf_take_text(&out) : NULL; // what did not fit is left out
}

static int add_bar(struct timeline *t, struct bar bar)
{
    if (t->bar_count == TIMELINE_BARS_MOST || bar.to_us < bar.from_us) {
        return 0;
    }
    struct bar *grown = realloc(t->bars, (t->bar_count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    t->bars = grown;
    t->bars[t->bar_count++] = bar;
    return 0;
}

static int end_bars(struct timeline *t, struct connection *c, uint32_t number, uint64_t at_us)
{
    if (c->connected_us) {
        TRY(add_bar(t, (struct bar){LANE_MQTT, c->connected_us, at_us, number, false}));
    }
    if (c->established_us) {
        TRY(add_bar(t, (struct bar){LANE_TLS, c->established_us, at_us, number, false}));
    }
    if (c->hello_us) {
        uint64_t until = c->established_us ? c->established_us : at_us;
        TRY(add_bar(t, (struct bar){LANE_TLS, c->hello_us, until, number, true}));
    }
    if (c->accepted_us) {
        TRY(add_bar(t, (struct bar){LANE_TCP, c->accepted_us, at_us, number, false}));
    }
    c->accepted_us = c->hello_us = c->established_us = c->connected_us = 0;
    return 0;
}

static int follow(struct reader *r, const json_t *object, const struct mark *m)
{
    struct connection *c = &r->connections[m->connection];
    if (strcmp(m->event, "tcp.accepted") == 0) {
        *c = (struct connection){.accepted_us = m->at_us};
        snprintf(c->peer, sizeof c->peer, "%s", text_of(object, "peer"));
    } else if (strcmp(m->event, "tls.client_hello") == 0) {
        c->hello_us = m->at_us;
    } else if (strcmp(m->event, "tls.established") == 0) {
        c->established_us = m->at_us;
    } else if (strcmp(m->event, "mqtt.connected") == 0) {
        uint64_t took_us = r->lost_us ? m->at_us - r->lost_us : 0;
        r->out->recovery_us = took_us > r->out->recovery_us ? took_us : r->out->recovery_us;
        r->lost_us = 0;
        c->connected_us = m->at_us;
    } else if (strcmp(m->event, "tcp.closed") == 0) {
        bool is_ours = strcmp(text_of(object, "by"), "hub") == 0;
        r->lost_us = c->connected_us && is_ours ? m->at_us : r->lost_us;
        return end_bars(r->out, c, m->connection, m->at_us);
    }
    return 0;
}

// One ClientHello is judged by a dozen rules: a dozen dots in one place show no more than one.
static bool is_alike(const struct mark *before, const struct mark *m)
{
    return before->connection == m->connection && !m->is_bad &&
           m->lane != LANE_SCENARIO && m->at_us - before->at_us <= TIMELINE_ALIKE_US &&
           strcmp(before->event, m->event) == 0;
}

static int add_mark(struct timeline *t, struct mark *m, json_t *object)
{
    if (t->count && is_alike(&t->marks[t->count - 1], m)) {
        t->marks[t->count - 1].alike++;
        t->alike++;
        return 0;
    }
    if (t->count == TIMELINE_MARKS_MOST) {
        t->left_out++;
        return 0;
    }
    struct mark *grown = realloc(t->marks, (t->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    t->marks = grown;
    m->text = sentence_of(object, m->event);
    ENSURE(m->text != NULL, ERR_NO_MEMORY);
    t->marks[t->count++] = *m;
    return 0;
}

static int read_event(struct reader *r, json_t *object)
{
    struct mark m = {0};
    json_int_t connection = json_integer_value(json_object_get(object, "connection"));
    json_int_t at_us = json_integer_value(json_object_get(object, "at_us"));
    const char *event = text_of(object, "event");
    if (event[0] == '\0' || at_us < 0 || connection < 0 || connection >= CONNECTIONS_MOST) {
        return 0;
    }
    m.at_us = (uint64_t)at_us;
    m.seq = (unsigned long long)json_integer_value(json_object_get(object, "seq"));
    m.connection = (uint32_t)connection;
    m.lane = lane_of(event);
    m.is_bad = is_bad_event(event);
    snprintf(m.event, sizeof m.event, "%s", event);
    r->out->end_us = m.at_us > r->out->end_us ? m.at_us : r->out->end_us;
    if (strcmp(event, "run.step") == 0 && !r->out->begin_us) {
        r->out->begin_us = m.at_us;
    }
    if (strcmp(event, "run.verdict") == 0) {
        r->out->verdict_us = m.at_us;
    }
    if (connection) {
        const struct connection *c = &r->connections[m.connection];
        uint64_t accepted_us = strcmp(event, "tcp.accepted") == 0 ? m.at_us : c->accepted_us;
        const char *peer =
            accepted_us == m.at_us && !c->peer[0] ? text_of(object, "peer") : c->peer;
        m.packet = r->packets && r->out->count < TIMELINE_MARKS_MOST
                       ? packets_number_at(r->packets, peer, accepted_us, m.at_us)
                       : 0;
        TRY(follow(r, object, &m));
    }
    return add_mark(r->out, &m, object);
}

// ---- the journal

static int read_journal(struct reader *r, struct span journal)
{
    struct span rest = journal;
    while (rest.ptr) {
        struct span line = span_cut(rest, '\n', &rest);
        json_t *object = line.len ? json_loadb((const char *)line.ptr, line.len, 0, NULL) : NULL;
        int code = json_is_object(object) ? read_event(r, object) : 0;
        json_decref(object);
        TRY(code);
    }
    for (uint32_t i = 1; i < CONNECTIONS_MOST; i++) {
        TRY(end_bars(r->out, &r->connections[i], i, r->out->end_us));
    }
    return 0;
}

int timeline_parse(struct span journal, struct span capture, struct timeline *out)
{
    struct reader r = {.out = out};
    *out = (struct timeline){0};
    r.connections = calloc(CONNECTIONS_MOST, sizeof *r.connections);
    ENSURE(r.connections != NULL, ERR_NO_MEMORY);
    if (capture.len && packets_read(capture, &r.packets) < 0) {
        r.packets = NULL; // without packet numbers, then
    }
    int code = read_journal(&r, journal);
    packets_free(r.packets);
    free(r.connections);
    return code;
}

int timeline_read(const char *evidence, struct timeline *out)
{
    char path[PATH_MAX];
    struct buf journal HR_CLEANUP(buf_deinit);
    struct buf capture HR_CLEANUP(buf_deinit);
    *out = (struct timeline){0};
    buf_init(&journal, JOURNAL_BYTES_MOST);
    buf_init(&capture, CAPTURE_BYTES_MOST);
    TRY(fs_join(path, sizeof path, evidence, "journal.jsonl"));
    TRY(fs_read_file(path, &journal));
    TRY(fs_join(path, sizeof path, evidence, "wire.pcapng"));
    if (fs_read_file(path, &capture) < 0) {
        buf_clear(&capture);
    }
    return timeline_parse(buf_span(&journal), buf_span(&capture), out);
}

void timeline_deinit(struct timeline *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->marks[i].text);
    }
    free(t->marks);
    free(t->bars);
    *t = (struct timeline){0};
}
