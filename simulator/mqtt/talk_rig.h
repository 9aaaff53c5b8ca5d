// SPDX-License-Identifier: MIT
// For tests: talks between devices and a hub, one per row of a table, in words.
//
//     {"PINGREQ", "connect bench-01; ping", "CONNACK 0 | PINGRESP", "mqtt.ping"},
//
// `steps` are separated by "; ", what the devices see by " | ". A second connection's packets begin
// with "2:". `logged` is a part of the journal, with "!" one that must be missing. Settings stand
// before the other steps:
//
//     set NAME NUMBER    a field of hub_settings (settings_table)
//     quota BLOCKS       of a day
//     rate NAME RATE     a throttle: "d2c 1/s"
//
// A device dials with "connect NAME", and words such as key=, life=, sr=, skn=, pw=, user=, id=,
// tail=, level=, ka=, clean=, will=TOPIC, or cert for the rig's certificate. Of the newest
// connection are
//
//     sub FILTER QOS, unsub FILTER, pub TOPIC [q1|q2] [dup] [retain] [= BODY], ack ID, ping,
//     disconnect, lost, bytes HEX, fill TOPIC BYTES
//
// and of the world and the service
//
//     wait SECONDS, clock SECONDS (the hub's clock alone), arm FAULT, disable NAME,
//     c2d NAME [COUNT] [= BODY], input NAME INPUT [= BODY], queue NAME, desired JSON, replace JSON,
//     method NAME CONNECT_S [= BODY]
#pragma once
#include "simulator/mqtt/talk_steps.h"

struct talk_row {
    const char *rule;
    const char *steps;
    const char *seen;
    const char *logged;
};

static const struct {
    const char *verb;
    void (*act)(struct talk *t, struct span rest);
} talk_verbs[] = {
    {"connect", talk_connect},   {"sub", talk_subscribe},
    {"unsub", talk_unsubscribe}, {"pub", talk_publish},
    {"fill", talk_fill},         {"ack", talk_ack},
    {"ping", talk_ping},         {"disconnect", talk_disconnect},
    {"lost", talk_lose},         {"bytes", talk_bytes},
    {"wait", talk_wait},         {"clock", talk_clock},
    {"arm", talk_arm},           {"disable", talk_disable},
    {"c2d", talk_c2d},           {"queue", talk_queue},
    {"input", talk_input},       {"desired", talk_desired},
    {"replace", talk_replace},   {"method", talk_method},
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
