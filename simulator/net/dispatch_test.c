// SPDX-License-Identifier: MIT
#include "base/test.h"
#include "simulator/net/dispatch.h"

static void the_first_bytes_name_the_dialect(void **state)
{
    (void)state;
    static const struct {
        struct span bytes;
        enum dialect dialect;
    } rows[] = {
        {SPAN_LITERAL("\x16\x03\x01"), DIALECT_TLS},    {SPAN_LITERAL("\x10\x2a"), DIALECT_MQTT},
        {SPAN_LITERAL("GET / HTTP/1.1"), DIALECT_HTTP}, {SPAN_LITERAL("PUT /x"), DIALECT_HTTP},
        {SPAN_LITERAL("AMQP\x03\x01"), DIALECT_AMQP},   {SPAN_LITERAL("SSH-2.0"), DIALECT_UNKNOWN},
        {SPAN_LITERAL("GETX"), DIALECT_UNKNOWN},        {SPAN_LITERAL("\x82\x01"), DIALECT_UNKNOWN},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(dialect_of(rows[i].bytes), rows[i].dialect);
    }
}

static void a_beginning_that_could_still_become_a_dialect_waits(void **state)
{
    (void)state;
    assert_int_equal(dialect_of(SPAN_EMPTY), DIALECT_UNDECIDED);
    assert_int_equal(dialect_of(SPAN_LITERAL("P")), DIALECT_UNDECIDED);
    assert_int_equal(dialect_of(SPAN_LITERAL("AMQ")), DIALECT_UNDECIDED);
    assert_int_equal(dialect_of(SPAN_LITERAL("GET")), DIALECT_UNDECIDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bytes_name_the_dialect),
        cmocka_unit_test(a_beginning_that_could_still_become_a_dialect_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
