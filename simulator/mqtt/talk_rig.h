// SPDX-License-Identifier: MIT
// For tests: talks between devices and a hub, one per row of a table, in words.
//
//     {"QoS 0 completes at once", "sub devices/bench-01/messages/devicebound/# 0; c2d bench-01 = on",
//      "SUBACK 0 | PUBLISH q0 devices/bench-01/messages/devicebound/%24.to=... on", "c2d.settled"}
//
// `steps` are separated by "; ", what the devices see by " | ". A second connection's packets begin
// with "2:". `logged` is a part of the journal, with "!" one that must be missing.
//
//     set NAME NUMBER             a field of hub_settings (settings_table below), before the rest
//     quota BLOCKS                of a day, before the rest
//     rate NAME RATE              a throttle ("d2c 1/s"), before the rest
//     connect NAME [WORD=VALUE...]  a new connection: key=, life=, sr=, skn=, pw=, user=, id=, tail=,
//                                 level=, ka=, clean=, will=TOPIC; cert: with the rig's certificate
//     sub FILTER QOS, unsub FILTER, pub TOPIC [q1] [q2] [dup] [retain] [= BODY], ack ID, ping,
//     disconnect, lost, bytes HEX, fill TOPIC BYTES   of the newest connection
//     wait SECONDS, clock SECONDS (moves the hub's clock alone), arm FAULT, disable NAME,
//     c2d NAME [= BODY], purge, desired JSON, replace JSON, method NAME [CONNECT_S]   of the service
#pragma once
#include "simulator/hub/ca_rig.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/renewal.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session_rig.h"

#include <stdlib.h>

struct talk_row {
    const char *rule;
    const char *steps;
    const char *seen;
    const char *logged;
};

enum { TALK_WIRES_MOST = 16 };

struct talk {
    struct session_rig rig;
    struct hub_settings settings;
    struct wire wires[TALK_WIRES_MOST];
    bool has_told_end[TALK_WIRES_MOST];
    size_t count;
    struct buf seen;
    bool is_open;
};

#define C2D_FILTER "devices/bench-01/messages/devicebound/#"
#define C2D_TOPIC                                                                                  \
    "devices/bench-01/messages/devicebound/"                                                       \
    "%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound&iothub-ack=full"

#define SETTING(name) {#name, offsetof(struct hub_settings, name), sizeof(((struct hub_settings *)NULL)->name)}

static const struct {
    const char *name;
    size_t offset;
    size_t size;
} settings_table[] = {
    SETTING(sas_grace_s),         SETTING(disabled_connack),    SETTING(bad_username_connack),
    SETTING(wrong_host_connack),  SETTING(throttled_connack),   SETTING(has_strict_subscriptions),
    SETTING(c2d_deliveries_most), SETTING(c2d_counts_attempts), SETTING(twin_too_large_status),
    SETTING(is_device_sas_off),   SETTING(c2d_ttl_s),           SETTING(takes_any_renewal),
    SETTING(renewal_csr_code),    SETTING(renewal_conflict_code), SETTING(closes_renewal_without_rid),
    SETTING(renewal_expires_s),
};

static inline void talk_set(struct talk *t, struct span name, int value)
{
    for (size_t i = 0; i < HR_COUNT_OF(settings_table); i++) {
        if (span_equals_text(name, settings_table[i].name)) {
            uint8_t *at = (uint8_t *)&t->settings + settings_table[i].offset;
            if (settings_table[i].size == sizeof(bool)) {
                *(bool *)at = value != 0;
            } else {
                *(int32_t *)(void *)at = value;
            }
            return;
        }
    }
    fail_msg("no setting '%.*s'", SPAN_ARG(name));
}

// A CA that takes the request "good" (base64 Z29vZA==) alone.
static inline int talk_issue(void *context, struct span csr_der, const char *common_name,
                             int64_t from_s, int64_t to_s, struct buf chain[RENEWAL_CHAIN_COUNT])
{
    (void)context;
    assert_int_equal(to_s - from_s, 30 * 86400);
    if (!span_equals_text(csr_der, "good")) {
        return error_set(ERR_VALUE, "no PKCS#10");
    }
    TRY(buf_append_text(&chain[0], common_name));
    TRY(buf_append_text(&chain[1], "issuing"));
    return buf_append_text(&chain[2], "root");
}

static inline void talk_people(struct hub_rig *rig)
{
    rig_add_access(rig);
    struct identity other = {.name = "x509-02", .auth = HUB_AUTH_THUMBPRINT};
    memset(other.primary_thumbprint, 'a', 64);
    rig_add(rig, other);
    const struct hub_issuer issuer = {NULL, talk_issue};
    hub_set_issuer(rig->hub, &issuer);
}

static inline void talk_open(struct talk *t)
{
    if (!t->is_open) {
        t->is_open = true;
        session_rig_open_with(&t->rig, &t->settings);
        talk_people(&t->rig.hub);
    }
}

static inline void talk_close(struct talk *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->wires[i].session) {
            wire_end(&t->wires[i]);
        }
    }
    buf_deinit(&t->seen);
    session_rig_close(&t->rig);
}

// ---- what the devices see

static inline void talk_say(struct talk *t, size_t wire, const char *format, ...) HR_PRINTF(3, 4);

static inline void talk_say(struct talk *t, size_t wire, const char *format, ...)
{
    char text[9000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_int_equal(buf_append_text(&t->seen, t->seen.len ? " | " : ""), 0);
    assert_int_equal(wire ? buf_printf(&t->seen, "%zu:%s", wire + 1, text)
                          : buf_append_text(&t->seen, text),
                     0);
}

// A body without what is different each time: of an error its code and info, GUIDs as "ID".
static inline const char *talk_tidy(struct span body, char out[9000])
{
    static const char mark[] = "\"correlationId\":\"";
    char text[9000];
    span_copy_text(body, text, sizeof text);
    if (strncmp(text, "{\"errorCode\":", 13) == 0) {
        const char *info = strstr(text, ",\"info\":{");
        snprintf(out, 9000, "%.*s%s", (int)strcspn(text, ","), text, info ? info : "}");
        strcpy(text, out);
    }
    char *at = strstr(text, mark);
    if (at && strlen(at) > sizeof mark + 36) {
        at += sizeof mark - 1;
        memmove(at + 2, at + 36, strlen(at + 36) + 1);
        memcpy(at, "ID", 2);
    }
    strcpy(out, text);
    return out;
}

static inline void talk_say_packet(struct talk *t, size_t wire, const struct mqtt_packet *p)
{
    struct mqtt_publish m;
    char body[9000];
    const uint8_t *b = p->body.ptr;
    const char *name = mqtt_packet_name(p->type);
    if (p->type == PACKET_CONNACK) {
        talk_say(t, wire, "%s %d%s", name, b[1], b[0] ? " present" : "");
    } else if (p->type == PACKET_SUBACK) {
        talk_say(t, wire, "%s %d", name, b[2]);
    } else if (p->type == PACKET_PUBACK) {
        talk_say(t, wire, "%s %d", name, b[0] << 8 | b[1]);
    } else if (p->type == PACKET_PUBLISH) {
        assert_int_equal(mqtt_read_publish(p, &m), 0);
        char id[16] = "";
        snprintf(id, sizeof id, m.qos ? " #%d" : "", m.packet_id);
        talk_say(t, wire, "%s q%d%s%s %.*s%s%s", name, m.qos, m.is_dup ? " dup" : "", id,
                 SPAN_ARG(m.topic), m.body.len ? " " : "", talk_tidy(m.body, body));
    } else {
        talk_say(t, wire, "%s", name);
    }
}

static inline void talk_listen(struct talk *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct wire *w = &t->wires[i];
        struct mqtt_reader reader;
        struct mqtt_packet packet;
        struct span bytes = buf_span(&w->sent);
        mqtt_reader_init(&reader);
        while (w->session && mqtt_reader_next(&reader, &bytes, &packet) == 1) {
            talk_say_packet(t, i, &packet);
        }
        mqtt_reader_deinit(&reader);
        buf_clear(&w->sent);
        if (w->closes && !t->has_told_end[i]) {
            t->has_told_end[i] = true;
            talk_say(t, i, "%s", w->how == DROP_FIN ? "FIN" : "RST");
        }
    }
}

// ---- the steps

static inline struct span talk_word(struct span *rest)
{
    return span_cut(*rest, ' ', rest);
}

static inline int talk_number(struct span *rest)
{
    char text[20];
    assert_true(span_copy_text(talk_word(rest), text, sizeof text));
    return atoi(text);
}

// "WORDS = BODY": cuts the body off.
static inline struct span talk_body(struct span *rest)
{
    const uint8_t *at = rest->len ? memmem(rest->ptr, rest->len, " = ", 3) : NULL;
    struct span body = SPAN_EMPTY;
    if (at) {
        body = span_from(*rest, (size_t)(at - rest->ptr) + 3);
        rest->len = (size_t)(at - rest->ptr);
    }
    return body;
}

struct talk_connect { // what the words of `connect` say
    char name[100], key[100], sr[200], skn[40], pw[200], user[300], id[100], tail[100], will[100];
    char life[20], level[8], ka[8], clean[8];
};

static const struct {
    const char *word;
    size_t offset;
    size_t size;
} connect_words[] = {
#define WORD(name) {#name, offsetof(struct talk_connect, name), sizeof(((struct talk_connect *)NULL)->name)}
    WORD(key), WORD(sr),   WORD(skn),  WORD(pw),    WORD(user), WORD(id),
    WORD(tail), WORD(will), WORD(life), WORD(level), WORD(ka),   WORD(clean),
#undef WORD
};

static inline bool talk_read_connect(struct span rest, struct talk_connect *c)
{
    bool has_certificate = false;
    assert_true(span_copy_text(talk_word(&rest), c->name, sizeof c->name));
    while (rest.len) {
        struct span value;
        struct span word = span_cut(talk_word(&rest), '=', &value);
        bool is_known = span_equals_text(word, "cert");
        has_certificate |= is_known;
        for (size_t i = 0; i < HR_COUNT_OF(connect_words) && !is_known; i++) {
            if (span_equals_text(word, connect_words[i].word)) {
                is_known = span_copy_text(value, (char *)c + connect_words[i].offset,
                                          connect_words[i].size);
            }
        }
        if (!is_known) {
            fail_msg("connect has no word '%.*s'", SPAN_ARG(word));
        }
    }
    return has_certificate;
}

static inline void talk_connect(struct talk *t, struct span rest)
{
    struct talk_connect c = {.key = RIG_KEY,
                             .life = "3600",
                             .level = "4",
                             .ka = "0",
                             .clean = "0",
                             .tail = "/?api-version=2021-04-12"};
    char token[700] = "";
    bool has_certificate = talk_read_connect(rest, &c);
    const char *policy = strcmp(c.skn, "none") == 0 ? "" : c.skn[0] ? c.skn : NULL;
    struct wire *w = &t->wires[t->count++];
    assert_true(t->count <= TALK_WIRES_MOST);
    if (!c.user[0]) {
        snprintf(c.user, sizeof c.user, RIG_HOST "/%s%s", c.name, c.tail);
    }
    if (c.pw[0]) {
        snprintf(token, sizeof token, "%s", strcmp(c.pw, "none") == 0 ? "" : c.pw);
    } else if (c.sr[0]) {
        rig_token_for(c.sr, c.key, policy, atoi(c.life), token);
    } else if (!has_certificate) {
        rig_token(RIG_HOST, c.name, c.key, atoi(c.life), token);
    }
    const struct mqtt_connect packet = {
        .level = (uint8_t)atoi(c.level),
        .is_clean = c.clean[0] == '1',
        .keepalive_s = (uint16_t)atoi(c.ka),
        .client_id = span_text(c.id[0] ? c.id : c.name),
        .username = span_text(c.user),
        .password = token[0] ? span_text(token) : SPAN_EMPTY,
        .has_will = c.will[0] != '\0',
        .will_topic = c.will[0] ? span_text(c.will) : SPAN_EMPTY,
        .will_body = c.will[0] ? SPAN_LITERAL("gone") : SPAN_EMPTY,
    };
    wire_open(&t->rig, w, has_certificate ? &t->rig.hub.certificate : NULL);
    wire_feed_connect(w, &packet);
}

static inline struct wire *talk_last(struct talk *t)
{
    assert_true(t->count > 0);
    return &t->wires[t->count - 1];
}

static inline void talk_publish(struct talk *t, struct span rest)
{
    struct mqtt_publish p = {.body = talk_body(&rest)};
    struct buf packet;
    p.topic = talk_word(&rest);
    while (rest.len) {
        struct span word = talk_word(&rest);
        p.is_dup |= span_equals_text(word, "dup");
        p.is_retain |= span_equals_text(word, "retain");
        p.qos = word.ptr[0] == 'q' ? word.ptr[1] - '0' : p.qos;
    }
    p.packet_id = p.qos ? 9 : 0;
    buf_init(&packet, 1U << 20);
    wire_feed_packet(talk_last(t), &packet, mqtt_write_publish(&p, &packet));
}

// A message whose packet has that many bytes in all.
static inline void talk_fill(struct talk *t, struct span rest)
{
    struct buf packet;
    struct buf body HR_CLEANUP(buf_deinit);
    struct mqtt_publish p = {.topic = talk_word(&rest), .qos = 1, .packet_id = 9};
    size_t bytes = (size_t)talk_number(&rest);
    buf_init(&packet, 1U << 20);
    buf_init(&body, 1U << 20);
    size_t head = 1 + 3 + 2 + p.topic.len + 2; // with a length of three bytes
    while (body.len < bytes - head) {
        assert_int_equal(buf_append_u8(&body, 'x'), 0);
    }
    p.body = buf_span(&body);
    wire_feed_packet(talk_last(t), &packet, mqtt_write_publish(&p, &packet));
}

static inline void talk_subscribe(struct talk *t, struct span rest)
{
    char filter[200];
    assert_true(span_copy_text(talk_word(&rest), filter, sizeof filter));
    wire_subscribe(talk_last(t), filter, talk_number(&rest), 3);
}

static inline void talk_unsubscribe(struct talk *t, struct span rest)
{
    struct buf packet;
    struct span filter = talk_word(&rest);
    buf_init(&packet, 1000);
    wire_feed_packet(talk_last(t), &packet, mqtt_write_unsubscribe(4, &filter, 1, &packet));
}

static inline void talk_ack(struct talk *t, struct span rest)
{
    struct buf packet;
    buf_init(&packet, 16);
    wire_feed_packet(talk_last(t), &packet,
                     mqtt_write_puback((uint16_t)talk_number(&rest), &packet));
}

static inline void talk_ping(struct talk *t, struct span rest)
{
    (void)rest;
    wire_feed(talk_last(t), SPAN_LITERAL("\xC0\x00"));
}

static inline void talk_disconnect(struct talk *t, struct span rest)
{
    (void)rest;
    wire_feed(talk_last(t), SPAN_LITERAL("\xE0\x00"));
}

static inline void talk_lose(struct talk *t, struct span rest)
{
    (void)rest;
    wire_end(talk_last(t));
}

static inline void talk_bytes(struct talk *t, struct span rest)
{
    struct buf bytes HR_CLEANUP(buf_deinit);
    buf_init(&bytes, 1000);
    assert_int_equal(hex_decode(rest, &bytes), 0);
    if (t->count == 0) {
        wire_open(&t->rig, &t->wires[t->count++], NULL);
    }
    wire_feed(talk_last(t), buf_span(&bytes));
}

static inline void talk_wait(struct talk *t, struct span rest)
{
    uint64_t left_s = (uint64_t)talk_number(&rest);
    for (; left_s > 0; left_s--) {
        struct hub_rig *hub = &t->rig.hub;
        uint64_t until = hub->fake.mono_us + 1000000;
        for (size_t i = 0; i < t->count; i++) {
            if (t->wires[i].session) {
                rig_pass(&t->rig, &t->wires[i], until - hub->fake.mono_us);
            }
        }
        hub->fake.utc_us += (int64_t)(until - hub->fake.mono_us); // nobody is connected
        hub->fake.mono_us = until;
        hub_tick(t->rig.hub.hub);
    }
}

static inline void talk_clock(struct talk *t, struct span rest)
{
    hub_clock_shift(t->rig.hub.hub, talk_number(&rest) * INT64_C(1000000));
}

static inline void talk_arm(struct talk *t, struct span rest)
{
    char text[100];
    assert_true(span_copy_text(rest, text, sizeof text));
    rig_arm(&t->rig, text);
}

static inline void talk_disable(struct talk *t, struct span rest)
{
    char name[100];
    assert_true(span_copy_text(rest, name, sizeof name));
    assert_int_equal(hub_set_disabled(t->rig.hub.hub, name, true), 0);
}

static inline void talk_say_refusal(struct talk *t, enum reason reason)
{
    if (reason != REASON_OK) {
        talk_say(t, 0, "service: %d", reason_row(reason)->hub_code);
    }
}

static inline void talk_c2d(struct talk *t, struct span rest)
{
    struct c2d_message m = {.body = talk_body(&rest), .ack = C2D_ACK_FULL};
    struct span name = talk_word(&rest);
    int copies = rest.len ? talk_number(&rest) : 1;
    for (; copies > 0; copies--) {
        talk_say_refusal(t, hub_c2d_send(t->rig.hub.hub, name, &m, NULL));
    }
}

static inline void talk_queue(struct talk *t, struct span rest)
{
    talk_say(t, 0, "queue: %zu", hub_c2d_count(t->rig.hub.hub, rest));
}

static inline void talk_desired(struct talk *t, struct span rest)
{
    talk_say_refusal(t, hub_twin_patch_desired(t->rig.hub.hub, SPAN_LITERAL("bench-01"), rest, NULL));
}

static inline void talk_replace(struct talk *t, struct span rest)
{
    talk_say_refusal(
        t, hub_twin_replace_desired(t->rig.hub.hub, SPAN_LITERAL("bench-01"), rest, NULL));
}

static inline void talk_on_answer(void *context, const struct method_outcome *outcome)
{
    struct talk *t = context;
    talk_listen(t); // what came before
    if (outcome->reason == REASON_OK) {
        talk_say(t, 0, "service: status %d %.*s", outcome->status, SPAN_ARG(outcome->payload));
    } else {
        talk_say_refusal(t, outcome->reason);
    }
}

static inline void talk_method(struct talk *t, struct span rest)
{
    const struct method_call call = {.payload = talk_body(&rest),
                                     .name = talk_word(&rest),
                                     .method = SPAN_LITERAL("getCarVIN"),
                                     .connect_timeout_s = (uint32_t)talk_number(&rest)};
    talk_say_refusal(t, hub_method_invoke(t->rig.hub.hub, &call, talk_on_answer, t, NULL));
}

static const struct {
    const char *verb;
    void (*act)(struct talk *t, struct span rest);
} talk_verbs[] = {
    {"connect", talk_connect}, {"sub", talk_subscribe},     {"unsub", talk_unsubscribe},
    {"pub", talk_publish},     {"fill", talk_fill},         {"ack", talk_ack},
    {"ping", talk_ping},       {"disconnect", talk_disconnect}, {"lost", talk_lose},
    {"bytes", talk_bytes},     {"wait", talk_wait},         {"clock", talk_clock},
    {"arm", talk_arm},         {"disable", talk_disable},   {"c2d", talk_c2d},
    {"queue", talk_queue},     {"desired", talk_desired},   {"replace", talk_replace},
    {"method", talk_method},
};

static inline void talk_rate(struct talk *t, struct span name, struct span rate)
{
    for (size_t i = 0; i < THROTTLE_COUNT; i++) {
        if (span_equals_text(name, throttle_word((enum throttle)i))) {
            assert_int_equal(throttle_rate_parse(rate, &t->settings.limits.rates[i]), 0);
            return;
        }
    }
    fail_msg("no throttle '%.*s'", SPAN_ARG(name));
}

static inline void talk_step(struct talk *t, struct span step)
{
    struct span rest = step;
    struct span verb = talk_word(&rest);
    if (span_equals_text(verb, "set")) {
        struct span name = talk_word(&rest);
        talk_set(t, name, talk_number(&rest));
        return;
    }
    if (span_equals_text(verb, "quota")) {
        t->settings.limits.blocks_a_day = (uint64_t)talk_number(&rest);
        return;
    }
    if (span_equals_text(verb, "rate")) {
        talk_rate(t, talk_word(&rest), rest);
        return;
    }
    talk_open(t);
    for (size_t i = 0; i < HR_COUNT_OF(talk_verbs); i++) {
        if (span_equals_text(verb, talk_verbs[i].verb)) {
            talk_verbs[i].act(t, rest);
            talk_listen(t);
            return;
        }
    }
    fail_msg("no step '%.*s'", SPAN_ARG(step));
}

static inline void talk_walk(struct talk *t, const char *steps)
{
    for (struct span rest = span_text(steps); rest.len;) {
        const uint8_t *at = memmem(rest.ptr, rest.len, "; ", 2);
        size_t len = at ? (size_t)(at - rest.ptr) : rest.len;
        talk_step(t, span_slice(rest, 0, len));
        rest = span_from(rest, at ? len + 2 : len);
    }
}

static inline bool talk_is_setting(const char *steps)
{
    return strncmp(steps, "set ", 4) == 0 || strncmp(steps, "rate ", 5) == 0 ||
           strncmp(steps, "quota ", 6) == 0;
}

// `before` is walked first, and neither seen nor logged.
static inline void assert_talks(const char *before, const struct talk_row *rows, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const struct talk_row *r = &rows[i];
        struct talk t = {.count = 0};
        hub_settings_init(&t.settings, RIG_HOST);
        t.settings.crypto = &word_crypto;
        buf_init(&t.seen, 1U << 20);
        // settings come before the connection
        const char *steps = r->steps;
        while (talk_is_setting(steps)) {
            size_t len = strcspn(steps, ";");
            talk_step(&t, span_of(steps, len));
            steps += steps[len] ? len + 2 : len;
        }
        talk_walk(&t, before);
        buf_clear(&t.seen);
        event_log_clear(&t.rig.hub.log);
        talk_walk(&t, steps);
        bool is_unwanted = r->logged && r->logged[0] == '!';
        bool is_logged =
            !r->logged || event_log_has(&t.rig.hub.log, r->logged + is_unwanted) != is_unwanted;
        if (strcmp(buf_text(&t.seen), r->seen) != 0 || !is_logged) {
            wrong++;
            print_error("%s:\n  expected %s\n  seen     %s\n%s%s%s", r->rule, r->seen,
                        buf_text(&t.seen), is_logged ? "" : "  expected in the journal ",
                        is_logged ? "" : r->logged, is_logged ? "\n" : ", which has\n");
            print_error("%s", is_logged ? "" : buf_text(&t.rig.hub.log.lines));
        }
        talk_close(&t);
    }
    assert_int_equal(wrong, 0);
}
#define ASSERT_TALKS(before, rows) assert_talks((before), (rows), HR_COUNT_OF(rows))
