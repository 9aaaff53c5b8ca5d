// SPDX-License-Identifier: MIT
// For tests: what the steps of a talk do; talk_rig.h says their words.
#pragma once
#include "simulator/mqtt/talk_world.h"

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
#define WORD(name)                                                                                 \
    {                                                                                              \
#name, offsetof(struct talk_connect, name), sizeof(((struct talk_connect *)NULL)->name)    \
    }
    WORD(key),  WORD(sr),   WORD(skn),  WORD(pw),    WORD(user), WORD(id),
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

// A message that a route brings: "input NAME INPUT = BODY", with the property level=7.
static inline void talk_input(struct talk *t, struct span rest)
{
    const struct c2d_property level = {SPAN_LITERAL("level"), SPAN_LITERAL("7")};
    struct c2d_message m = {.body = talk_body(&rest), .properties = &level, .property_count = 1};
    struct span name = talk_word(&rest);
    m.input = rest;
    talk_say_refusal(t, hub_c2d_send(t->rig.hub.hub, name, &m, NULL));
}

static inline void talk_queue(struct talk *t, struct span rest)
{
    talk_say(t, 0, "queue: %zu", hub_c2d_count(t->rig.hub.hub, rest));
}

static inline void talk_desired(struct talk *t, struct span rest)
{
    talk_say_refusal(t,
                     hub_twin_patch_desired(t->rig.hub.hub, SPAN_LITERAL("bench-01"), rest, NULL));
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
