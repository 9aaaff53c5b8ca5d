// SPDX-License-Identifier: MIT
// The queue of messages, rule by rule of "IoT Hub over MQTT, cloud to device".
#include "simulator/hub/c2d.h"
#include "base/text_code.h"
#include "simulator/hub/bag.h"
#include "simulator/hub/hub_rig.h"

#include <stdlib.h>

#define DEVICE SPAN_LITERAL("bench-01")

static const struct identity *device_of(struct hub_rig *rig)
{
    return hub_find_identity(rig->hub, DEVICE);
}

static enum reason send(struct hub_rig *rig, const char *id, enum c2d_ack ack, uint32_t ttl_s)
{
    const struct c2d_message m = {
        .body = SPAN_LITERAL("on"), .message_id = span_text(id), .ack = ack, .ttl_s = ttl_s};
    return hub_c2d_send(rig->hub, DEVICE, &m, NULL);
}

static uint64_t take(struct hub_rig *rig)
{
    struct c2d_entry entry;
    return hub_c2d_take(rig->hub, device_of(rig), NULL, C2D_ADDRESSED, &entry) ? entry.sequence : 0;
}

// Moves both clocks and does what is due.
static void pass(struct hub_rig *rig, uint64_t seconds)
{
    rig->fake.mono_us += seconds * 1000000;
    rig->fake.utc_us += (int64_t)seconds * 1000000;
    hub_tick(rig->hub);
}

static void a_message_waits_is_taken_and_completed(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(send(&rig, "m-1", C2D_ACK_NONE, 0), REASON_OK);
    assert_logged(&rig.log, "c2d.queued sequence=1 message_id=m-1 ack=none ttl_s=3600 body_bytes=2 "
                            "body=on properties={} waiting=1");
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 1);
    assert_int_equal(take(&rig), 1);
    assert_int_equal(take(&rig), 0); // locked
    assert_int_equal(hub_c2d_complete(rig.hub, device_of(&rig), 1), REASON_OK);
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 0);
    assert_int_equal(hub_c2d_complete(rig.hub, device_of(&rig), 1), REASON_LOCK_LOST);
    assert_logged(&rig.log, "c2d.completed sequence=1 message_id=m-1");
    rig_close(&rig);
}

static void the_51st_message_is_refused_with_403004(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(send(&rig, "", C2D_ACK_NONE, 0), REASON_OK);
    }
    enum reason reason = send(&rig, "", C2D_ACK_NONE, 0);
    assert_int_equal(reason, REASON_C2D_QUEUE_FULL);
    assert_int_equal(reason_row(reason)->hub_code, 403004);
    assert_string_equal(error_detail(), "50 messages wait for bench-01 already");
    assert_int_equal(take(&rig), 1);
    assert_int_equal(hub_c2d_complete(rig.hub, device_of(&rig), 1), REASON_OK);
    assert_int_equal(send(&rig, "", C2D_ACK_NONE, 0), REASON_OK);
    rig_close(&rig);
}

static void a_lock_lasts_60_s_then_the_message_is_back_in_the_queue(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(send(&rig, "m-1", C2D_ACK_NONE, 0), REASON_OK);
    assert_int_equal(take(&rig), 1);
    assert_int_equal(hub_deadline_us(rig.hub), rig.fake.mono_us + 60000000);
    pass(&rig, 59);
    assert_int_equal(take(&rig), 0);
    pass(&rig, 1);
    assert_logged(&rig.log,
                  "c2d.returned sequence=1 message_id=m-1 why=\"no acknowledgement within "
                  "60 s\" deliveries=0");
    assert_int_equal(hub_c2d_complete(rig.hub, device_of(&rig), 1), REASON_LOCK_LOST);
    assert_int_equal(take(&rig), 1);
    rig_close(&rig);
}

static void a_message_expires_by_the_hubs_clock(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(send(&rig, "short", C2D_ACK_FULL, 60), REASON_OK);
    assert_int_equal(send(&rig, "standard", C2D_ACK_FULL, 0), REASON_OK);
    pass(&rig, 59);
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 2);
    pass(&rig, 1);
    assert_logged(&rig.log, "c2d.undelivered sequence=1 message_id=short outcome=Expired");
    hub_clock_shift(rig.hub, INT64_C(3600) * 1000000);
    assert_int_equal(hub_deadline_us(rig.hub), rig.fake.mono_us); // at once
    hub_tick(rig.hub);
    assert_logged(&rig.log, "message_id=standard outcome=Expired");
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 0);
    rig_close(&rig);
}

static void only_abandons_count_as_deliveries(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(send(&rig, "m-1", C2D_ACK_NEGATIVE, 172800), REASON_OK);
    for (int i = 0; i < 12; i++) { // never acknowledged: does not count
        assert_int_equal(take(&rig), 1);
        pass(&rig, 60);
    }
    for (int i = 0; i < 9; i++) {
        assert_int_equal(take(&rig), 1);
        assert_int_equal(hub_c2d_abandon(rig.hub, device_of(&rig), 1), REASON_OK);
    }
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 1);
    assert_int_equal(take(&rig), 1);
    assert_int_equal(hub_c2d_abandon(rig.hub, device_of(&rig), 1), REASON_OK);
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 0);
    assert_logged(&rig.log, "message_id=m-1 outcome=DeliveryCountExceeded");
    rig_close(&rig);
}

static void with_the_option_every_attempt_counts(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_settings settings;
    hub_settings_init(&settings, RIG_HOST);
    settings.c2d_counts_attempts = true;
    settings.c2d_deliveries_most = 2;
    rig_open_with(&rig, &settings);
    assert_int_equal(send(&rig, "m-1", C2D_ACK_NONE, 0), REASON_OK);
    assert_int_equal(take(&rig), 1);
    pass(&rig, 60);
    assert_logged(&rig.log, "deliveries=1");
    assert_int_equal(take(&rig), 1);
    pass(&rig, 60);
    assert_logged(&rig.log, "outcome=DeliveryCountExceeded");
    assert_int_equal(take(&rig), 0);
    rig_close(&rig);
}

// ---- feedback

static const struct {
    enum c2d_ack ack;
    bool on_success;
    bool on_failure;
} ack_rows[] = {{C2D_ACK_NONE, false, false},
                {C2D_ACK_POSITIVE, true, false},
                {C2D_ACK_NEGATIVE, false, true},
                {C2D_ACK_FULL, true, true}};

static void feedback_comes_as_it_was_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(ack_rows); i++) {
        struct hub_rig rig;
        rig_open(&rig);
        assert_int_equal(send(&rig, "good", ack_rows[i].ack, 0), REASON_OK);
        assert_int_equal(send(&rig, "bad", ack_rows[i].ack, 0), REASON_OK);
        assert_int_equal(take(&rig), 1);
        assert_int_equal(take(&rig), 2);
        assert_int_equal(hub_c2d_complete(rig.hub, device_of(&rig), 1), REASON_OK);
        assert_int_equal(hub_c2d_reject(rig.hub, device_of(&rig), 2), REASON_OK);
        pass(&rig, 15);
        bool has_good = event_log_has(&rig.log, "c2d.feedback status=Success message_id=good");
        bool has_bad = event_log_has(&rig.log, "c2d.feedback status=Rejected message_id=bad");
        if (has_good != ack_rows[i].on_success || has_bad != ack_rows[i].on_failure) {
            fail_msg("%s: %s", c2d_ack_word(ack_rows[i].ack), buf_text(&rig.log.lines));
        }
        rig_close(&rig);
    }
}

struct batches {
    size_t count;
    size_t sizes[8];
    enum c2d_outcome last;
};

static void on_feedback(void *context, const struct c2d_feedback *records, size_t count)
{
    struct batches *b = context;
    assert_string_equal(records[0].name, "bench-01");
    b->last = records[count - 1].outcome;
    b->sizes[b->count++] = count;
}

static void feedback_is_sent_after_15_s_or_64_records(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct batches batches = {0};
    rig_open(&rig);
    hub_c2d_listen(rig.hub, on_feedback, &batches);
    assert_int_equal(send(&rig, "", C2D_ACK_FULL, 0), REASON_OK);
    assert_int_equal(hub_c2d_purge(rig.hub, DEVICE), 1);
    pass(&rig, 14);
    assert_int_equal(batches.count, 0);
    pass(&rig, 1);
    assert_int_equal(batches.count, 1);
    assert_int_equal(batches.sizes[0], 1);
    assert_int_equal(batches.last, C2D_OUTCOME_PURGED);
    for (int i = 0; i < 65; i++) {
        assert_int_equal(send(&rig, "", C2D_ACK_FULL, 0), REASON_OK);
        assert_int_equal(hub_c2d_purge(rig.hub, DEVICE), 1);
    }
    assert_int_equal(batches.count, 2);
    assert_int_equal(batches.sizes[1], 64);
    pass(&rig, 15);
    assert_int_equal(batches.sizes[2], 1);
    rig_close(&rig);
}

// ---- what a message may hold

static char big[70000];

static const struct {
    const char *rule;
    struct c2d_message message;
    struct c2d_property property; // name NULL: none
    enum reason reason;
} message_rows[] = {
    {"empty", {.body = {NULL, 0}}, {{NULL, 0}, {NULL, 0}}, REASON_OK},
    {"64 KB",
     {.body = {(const uint8_t *)big, 65536}},
     {{NULL, 0}, {NULL, 0}},
     REASON_OK},
    {"a byte more",
     {.body = {(const uint8_t *)big, 65537}},
     {{NULL, 0}, {NULL, 0}},
     REASON_C2D_TOO_LARGE},
    {"properties count",
     {.body = {(const uint8_t *)big, 65533}},
     {{(const uint8_t *)"ab", 2}, {(const uint8_t *)"cd", 2}},
     REASON_C2D_TOO_LARGE},
    {"id of 128 bytes",
     {.message_id = {(const uint8_t *)big, 128}},
     {{NULL, 0}, {NULL, 0}},
     REASON_OK},
    {"id of 129 bytes",
     {.message_id = {(const uint8_t *)big, 129}},
     {{NULL, 0}, {NULL, 0}},
     REASON_INVALID_ARGUMENT},
    {"blank in a value",
     {.ttl_s = 0},
     {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b c", 3}},
     REASON_OK},
    {"empty value", {.ttl_s = 0}, {{(const uint8_t *)"a", 1}, {NULL, 0}}, REASON_INVALID_ARGUMENT},
    {"no name",
     {.ttl_s = 0},
     {{(const uint8_t *)"", 0}, {(const uint8_t *)"b", 1}},
     REASON_INVALID_ARGUMENT},
    {"blank in a name",
     {.ttl_s = 0},
     {{(const uint8_t *)"a b", 3}, {(const uint8_t *)"b", 1}},
     REASON_INVALID_ARGUMENT},
    {"not ASCII",
     {.ttl_s = 0},
     {{(const uint8_t *)"a", 1}, {(const uint8_t *)"\xC3\xBC", 2}},
     REASON_INVALID_ARGUMENT},
    {"two days", {.ttl_s = 172800}, {{NULL, 0}, {NULL, 0}}, REASON_OK},
    {"more than two days", {.ttl_s = 172801}, {{NULL, 0}, {NULL, 0}}, REASON_INVALID_ARGUMENT},
};

static void a_message_is_judged_before_it_is_queued(void **state)
{
    (void)state;
    memset(big, 'x', sizeof big);
    for (size_t i = 0; i < HR_COUNT_OF(message_rows); i++) {
        struct hub_rig rig;
        rig_open(&rig);
        struct c2d_message m = message_rows[i].message;
        m.properties = &message_rows[i].property;
        m.property_count = message_rows[i].property.name.ptr != NULL;
        error_clear();
        enum reason reason = hub_c2d_send(rig.hub, DEVICE, &m, NULL);
        if (reason != message_rows[i].reason || (reason != REASON_OK) != (error_detail()[0] != 0)) {
            fail_msg("%s: seen %s '%s'", message_rows[i].rule, reason_row(reason)->word,
                     error_detail());
        }
        assert_int_equal(hub_c2d_count(rig.hub, DEVICE), reason == REASON_OK);
        rig_close(&rig);
    }
}

static void empty_values_and_utf_8_pass_only_where_the_hub_takes_any(void **state)
{
    (void)state;
    static const struct c2d_property properties[] = {
        {{(const uint8_t *)"a", 1}, {NULL, 0}},
        {{(const uint8_t *)"\xC3\xBC", 2}, {(const uint8_t *)"20 \xC2\xB0" "C", 6}},
    };
    const struct c2d_property nameless = {SPAN_EMPTY, SPAN_LITERAL("b")};
    struct c2d_message m = {.properties = properties, .property_count = 2};
    struct buf text HR_CLEANUP(buf_deinit);
    struct hub_settings settings;
    struct hub_rig rig;
    buf_init(&text, 1000);
    hub_settings_init(&settings, RIG_HOST);
    settings.takes_any_c2d_property = true;
    rig_open_with(&rig, &settings);
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_OK);
    assert_int_equal(c2d_bag(device_of(&rig), &m, &text), 0);
    assert_non_null(strstr(buf_text(&text), "&a=&%C3%BC=20%20%C2%B0C"));
    m = (struct c2d_message){.properties = &nameless, .property_count = 1};
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_INVALID_ARGUMENT);
    rig_close(&rig);
}

static void a_message_to_nobody_is_refused(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    const struct c2d_message m = {.body = SPAN_LITERAL("x")};
    assert_int_equal(hub_c2d_send(rig.hub, SPAN_LITERAL("nobody"), &m, NULL),
                     REASON_UNKNOWN_IDENTITY);
    assert_string_equal(error_detail(), "no identity named 'nobody' is registered");
    rig_close(&rig);
}

static const struct {
    const char *rule;
    const char *name;
    struct c2d_message message;
    const char *bag;
} bag_rows[] = {
    {"nothing but to, with a capital B and encoded slashes",
     "bench-01",
     {.ttl_s = 0},
     "%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound"},
    {"a module",
     "bench-01/mod-a",
     {.ttl_s = 0},
     "%24.to=%2Fdevices%2Fbench-01%2Fmodules%2Fmod-a%2Fmessages%2FdeviceBound"},
    {"system properties first, iothub-ack as a plain one",
     "bench-01",
     {.message_id = {(const uint8_t *)"m/7", 3},
      .correlation_id = {(const uint8_t *)"c", 1},
      .ack = C2D_ACK_FULL},
     "%24.mid=m%2F7&%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound&%24.cid=c&iothub-ack="
     "full"},
    {"content",
     "bench-01",
     {.content_type = {(const uint8_t *)"application/json", 16},
      .content_encoding = {(const uint8_t *)"utf-8", 5},
      .user_id = {(const uint8_t *)"u", 1},
      .to = {(const uint8_t *)"/x", 2}},
     "%24.to=%2Fx&%24.uid=u&%24.ct=application%2Fjson&%24.ce=utf-8"},
};

static void the_bag_is_written_as_the_sdks_read_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bag_rows); i++) {
        struct hub_rig rig;
        struct buf bag;
        rig_open(&rig);
        buf_init(&bag, 10000);
        assert_int_equal(c2d_bag(hub_find_identity(rig.hub, span_text(bag_rows[i].name)),
                                 &bag_rows[i].message, &bag),
                         0);
        assert_string_equal(buf_text(&bag), bag_rows[i].bag);
        buf_deinit(&bag);
        rig_close(&rig);
    }
}

static void every_printable_property_survives_the_bag(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct buf text;
    struct bag bag;
    char name[2] = "";
    char value[3] = "";
    rig_open(&rig);
    for (int c = '!'; c <= '~'; c++) {
        name[0] = (char)c;
        value[0] = (char)c;
        value[1] = ' ';
        const struct c2d_property p = {span_text(name), span_text(value)};
        const struct c2d_message m = {.properties = &p, .property_count = 1};
        buf_init(&text, 1000);
        assert_int_equal(c2d_bag(device_of(&rig), &m, &text), 0);
        assert_int_equal(span_find(buf_span(&text), '/'), text.len);
        assert_int_equal(span_find(buf_span(&text), '#'), text.len);
        assert_int_equal(bag_parse(buf_span(&text), &bag), 0);
        assert_int_equal(bag.count, 2);
        assert_true(span_equals_text(bag.pairs[1].key, name));
        assert_true(span_equals_text(bag.pairs[1].value, value));
        bag_deinit(&bag);
        buf_deinit(&text);
    }
    rig_close(&rig);
}

// ---- state

static bool restore_into(void *context, const struct c2d_entry *entry)
{
    assert_int_equal(hub_c2d_restore(context, DEVICE, entry), 0);
    return true;
}

static void a_queue_is_listed_and_restored(void **state)
{
    (void)state;
    struct hub_rig rig;
    struct hub_rig other;
    rig_open(&rig);
    rig_open(&other);
    assert_int_equal(send(&rig, "m-1", C2D_ACK_FULL, 60), REASON_OK);
    assert_int_equal(send(&rig, "m-2", C2D_ACK_NONE, 0), REASON_OK);
    assert_int_equal(take(&rig), 1);
    assert_int_equal(hub_c2d_list(rig.hub, DEVICE, restore_into, other.hub), 2);
    assert_int_equal(other.log.counts[EVENT_C2D_QUEUED], 0);
    assert_int_equal(take(&other), 1); // unlocked there
    assert_int_equal(send(&other, "m-3", C2D_ACK_NONE, 0), REASON_OK);
    assert_logged(&other.log, "c2d.queued sequence=3 message_id=m-3");
    pass(&other, 120);
    assert_logged(&other.log, "sequence=1 message_id=m-1 outcome=Expired");
    rig_close(&rig);
    rig_close(&other);
}

static void more_messages_than_the_throttle_lets_through_are_refused(void **state)
{
    (void)state;
    struct hub_settings settings;
    struct hub_rig rig;
    const struct c2d_message m = {.body = SPAN_LITERAL("x")};
    hub_settings_init(&settings, RIG_HOST);
    assert_int_equal(
        throttle_rate_parse(SPAN_LITERAL("2/m"), &settings.limits.rates[THROTTLE_C2D]), 0);
    rig_open_with(&rig, &settings);
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_OK);
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_OK);
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_THROTTLED);
    assert_non_null(strstr(error_detail(), "2 a minute"));
    rig.fake.mono_us += 30000000;
    assert_int_equal(hub_c2d_send(rig.hub, DEVICE, &m, NULL), REASON_OK);
    assert_int_equal(hub_c2d_count(rig.hub, DEVICE), 3);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_waits_is_taken_and_completed),
        cmocka_unit_test(the_51st_message_is_refused_with_403004),
        cmocka_unit_test(a_lock_lasts_60_s_then_the_message_is_back_in_the_queue),
        cmocka_unit_test(a_message_expires_by_the_hubs_clock),
        cmocka_unit_test(only_abandons_count_as_deliveries),
        cmocka_unit_test(with_the_option_every_attempt_counts),
        cmocka_unit_test(feedback_comes_as_it_was_asked_for),
        cmocka_unit_test(feedback_is_sent_after_15_s_or_64_records),
        cmocka_unit_test(a_message_is_judged_before_it_is_queued),
        cmocka_unit_test(empty_values_and_utf_8_pass_only_where_the_hub_takes_any),
        cmocka_unit_test(a_message_to_nobody_is_refused),
        cmocka_unit_test(the_bag_is_written_as_the_sdks_read_it),
        cmocka_unit_test(every_printable_property_survives_the_bag),
        cmocka_unit_test(a_queue_is_listed_and_restored),
        cmocka_unit_test(more_messages_than_the_throttle_lets_through_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
