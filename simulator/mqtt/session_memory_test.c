// SPDX-License-Identifier: MIT
// The n-th allocation fails, for every n: nothing leaks, nothing crashes, and the session either
// ends or lives on. Linked with --wrap for malloc, calloc and realloc.
#include "simulator/mqtt/session_rig.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long left = -1; // allocations that still succeed; -1 = all
static bool has_failed;

static bool fails(void)
{
    if (left < 0) {
        return false;
    }
    if (left > 0) {
        left--;
        return false;
    }
    left = -1; // only this one
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

struct transport {
    size_t sent_bytes;
    int closes;
};

static void on_send(void *context, struct span bytes)
{
    ((struct transport *)context)->sent_bytes += bytes.len;
}

static void on_close(void *context, enum drop_how how)
{
    (void)how;
    ((struct transport *)context)->closes++;
}

static void on_stall(void *context)
{
    (void)context;
}

static void write_life(struct buf *bytes)
{
    char token[400];
    struct mqtt_connect c = rig_connect(token);
    const struct mqtt_filter filter = {SPAN_LITERAL("$iothub/twin/res/#"), 1};
    const struct mqtt_publish p = {.topic = SPAN_LITERAL(EVENTS_TOPIC "a=%41&$.mid=1"),
                                   .body = SPAN_LITERAL("body"),
                                   .qos = 1,
                                   .packet_id = 3};
    c.has_will = true;
    c.is_clean = false;
    c.will_topic = SPAN_LITERAL(EVENTS_TOPIC "w=1");
    c.will_body = SPAN_LITERAL("gone");
    buf_init(bytes, 100000);
    assert_int_equal(mqtt_write_connect(&c, bytes), 0);
    assert_int_equal(mqtt_write_subscribe(1, &filter, 1, bytes), 0);
    assert_int_equal(mqtt_write_publish(&p, bytes), 0);
    assert_int_equal(mqtt_write_pingreq(bytes), 0);
    assert_int_equal(mqtt_write_unsubscribe(2, &filter.text, 1, bytes), 0);
}

// One hub, one identity, one life; every step may fail for want of memory. The journal has no
// listener, so that only the code under test allocates.
static void live(const struct buf *bytes)
{
    struct fake_world fake = {.utc_us = RIG_NOW_S * INT64_C(1000000)};
    struct env env = env_fake(&fake);
    struct hub_settings settings;
    struct transport transport = {0};
    const struct mqtt_outlet outlet = {&transport, on_send, on_close, on_stall};
    const struct identity identity = {.name = "bench-01", .primary_key = RIG_KEY};
    hub_settings_init(&settings, RIG_HOST);
    struct journal *journal = journal_new(&env);
    struct fault_plan *faults = journal ? faults_new(journal) : NULL;
    struct hub *hub = journal ? hub_new(&settings, &env, journal) : NULL;
    bool has_identity = hub && hub_add_identity(hub, &identity) == 0;
    struct mqtt_world world = {.env = &env, .hub = hub, .faults = faults, .journal = journal};
    struct mqtt_session *s =
        faults && has_identity ? mqtt_session_new(&world, &outlet, 1, NULL) : NULL;
    if (s) {
        mqtt_session_feed(s, buf_span(bytes));
        mqtt_session_tick(s);
        mqtt_session_end(s);
        mqtt_session_free(s);
        assert_true(transport.closes <= 1);
    }
    if (!has_failed) {
        assert_int_equal(transport.sent_bytes, 4 + 5 + 4 + 2 + 4);
    }
    hub_free(hub);
    faults_free(faults);
    journal_free(journal);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct buf bytes;
    long n = 0;
    write_life(&bytes);
    do {
        has_failed = false;
        left = n++;
        live(&bytes);
        left = -1;
    } while (has_failed);
    assert_true(n > 30); // the wrapping works
    buf_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
