// SPDX-License-Identifier: MIT
// Malformed CONNECT packets in numbers: whatever they do to their own connection, the hub goes on.
#include "simulator/mqtt/session_rig.h"

#include <stdlib.h>

enum { ROUNDS = 2000, SEED = 20261120 };

static uint32_t next_random(uint32_t *state)
{
    uint32_t x = *state; // xorshift32: the same packets on every machine
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static size_t below(uint32_t *state, size_t limit)
{
    return next_random(state) % limit;
}

static void flip_bits(uint32_t *state, struct buf *b)
{
    for (size_t n = 1 + below(state, 4); n > 0; n--) {
        b->data[below(state, b->len)] ^= (uint8_t)(1U << below(state, 8));
    }
}

static void truncate(uint32_t *state, struct buf *b)
{
    buf_truncate(b, 1 + below(state, b->len - 1));
}

// Another value in one of the length fields: remaining length, protocol name, client id, user name.
static void lie_about_a_length(uint32_t *state, struct buf *b)
{
    static const size_t places[] = {1, 2, 3, 4, 13, 14, 15, 16, 24, 25};
    size_t at = places[below(state, HR_COUNT_OF(places))];
    b->data[at < b->len ? at : b->len - 1] = (uint8_t)next_random(state);
}

static void insert(uint32_t *state, struct buf *b)
{
    size_t at = below(state, b->len);
    uint8_t byte = (uint8_t)next_random(state);
    struct span tail = span_from(buf_span(b), at);
    uint8_t *copy = malloc(tail.len);
    assert_non_null(copy);
    memcpy(copy, tail.ptr, tail.len);
    buf_truncate(b, at);
    for (size_t n = 1 + below(state, 5); n > 0; n--) {
        assert_int_equal(buf_append_u8(b, byte), 0);
    }
    assert_int_equal(buf_append(b, span_of(copy, tail.len)), 0);
    free(copy);
}

static void mutate(uint32_t *state, struct buf *b)
{
    static void (*const mutations[])(uint32_t *, struct buf *) = {flip_bits, truncate,
                                                                  lie_about_a_length, insert};
    for (size_t n = 1 + below(state, 2); n > 0 && b->len > 1; n--) {
        mutations[below(state, HR_COUNT_OF(mutations))](state, b);
    }
}

// From memory of its own size, so that a read beyond it shows under the sanitizer.
static void feed_exactly(struct wire *w, struct span bytes)
{
    uint8_t *copy = malloc(bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    wire_feed(w, span_of(copy, bytes.len));
    free(copy);
}

static void the_hub_survives_two_thousand_malformed_connects(void **state)
{
    (void)state;
    struct session_rig rig;
    struct wire w;
    char token[400];
    uint32_t random = SEED;
    unsigned outcomes[3] = {0}; // closed without packet, refused, still waiting or accepted
    struct mqtt_connect c = rig_connect(token);
    c.has_will = true;
    c.will_topic = SPAN_LITERAL(EVENTS_TOPIC);
    c.will_body = SPAN_LITERAL("gone");
    print_message("seed %d\n", SEED);
    session_rig_open(&rig);
    for (int i = 0; i < ROUNDS; i++) {
        struct buf packet;
        buf_init(&packet, 1U << 20);
        assert_int_equal(mqtt_write_connect(&c, &packet), 0);
        mutate(&random, &packet);
        wire_open(&rig, &w, NULL);
        feed_exactly(&w, buf_span(&packet));
        assert_true(w.sent.len <= 4);
        outcomes[w.closes == 0 ? 2 : w.sent.len == 4 ? 1 : 0]++;
        wire_end(&w);
        buf_deinit(&packet);
    }
    assert_true(outcomes[0] > 100 && outcomes[1] > 100 &&
                outcomes[2] > 100); // all ways were walked
    assert_not_logged(&rig.hub.log, strstr(token, "&sig="));
    wire_open_connected(&rig, &w);
    wire_publish(&w, EVENTS_TOPIC, "alive", 1, 1);
    assert_sent(&w, "\x40\x02\x00\x01");
    wire_end(&w);
    session_rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_survives_two_thousand_malformed_connects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
