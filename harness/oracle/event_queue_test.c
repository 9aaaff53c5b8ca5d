// SPDX-License-Identifier: MIT
#include "harness/oracle/event_queue.h"
#include "base/test.h"

#include <string.h>

static void the_queue_keeps_deep_copies_cut_at_their_limit(void **state)
{
    (void)state;
    struct event_queue q = {0};
    char text[1000];
    char name[] = "device-1";
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 1000; i++) {
        struct field fields[] = {F_INT("code", i), F_SPAN("reason", span_of(text, sizeof text))};
        struct event e = {
            .type = EVENT_MQTT_REFUSED, .device = name, .fields = fields, .field_count = 2};
        assert_int_equal(event_queue_push(&q, &e), 0);
    }
    memset(text, 'y', sizeof text);
    name[0] = '?';
    event_queue_forget(&q, 990);
    assert_int_equal(q.first, 990);
    assert_int_equal(q.next, 1000);
    const struct event *e = event_queue_at(&q, 995);
    assert_string_equal(e->device, "device-1");
    assert_int_equal(event_field(e, "code")->number, 995);
    assert_int_equal(event_field(e, "reason")->text.len, EVENT_QUEUE_TEXT_BYTES);
    assert_int_equal(event_field(e, "reason")->text.ptr[511], 'x');
    event_queue_deinit(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_keeps_deep_copies_cut_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
