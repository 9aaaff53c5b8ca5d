// SPDX-License-Identifier: MIT
#include "simulator/tls/records.h"
#include "base/error.h"
#include "base/scarce.h"
#include "base/test.h"
#include "simulator/faults/fault.h"

#include <string.h>

// A world that stands still, with the faults that it is given, each once.
struct world {
    struct records records;
    struct fault faults[4];
    size_t count;
    bool is_used[4];
    uint64_t now_us;
};

static struct fault_decision decide(void *context, enum fault_site site, uint64_t after_order)
{
    struct world *w = context;
    for (size_t i = after_order; i < w->count; i++) {
        if (w->faults[i].site == site && !w->is_used[i]) {
            w->is_used[i] = true;
            struct fault_decision d = {.kind = w->faults[i].kind,
                                       .byte_count = w->faults[i].byte_count,
                                       .order = i + 1};
            memcpy(d.number, w->faults[i].number, sizeof d.number);
            memcpy(d.bytes, w->faults[i].bytes, sizeof d.bytes);
            return d;
        }
    }
    return (struct fault_decision){.kind = FAULT_NONE};
}

static uint64_t now_us(void *context)
{
    return ((struct world *)context)->now_us;
}

static int random_bytes(void *context, void *out, size_t len)
{
    (void)context;
    memset(out, 0x16, len);
    return 0;
}

static void open_world(struct world *w, const char *fault)
{
    const struct records_world world = {w, decide, now_us, random_bytes};
    struct span rest = span_text(fault);
    memset(w, 0, sizeof *w);
    records_init(&w->records, &world);
    while (rest.len > 0) {
        struct span words[8];
        size_t count = 0;
        size_t bad = 0;
        struct span one = span_trim(span_cut(rest, ';', &rest));
        while (one.len > 0) {
            words[count++] = span_cut(one, ' ', &one);
        }
        assert_int_equal(fault_parse(words, count, &w->faults[w->count++], &bad), 0);
    }
}

// ServerHello, Certificate, ServerHelloDone with bodies of 3, 5 and 0 bytes.
static const uint8_t flight[] = {22, 3, 3, 0, 7, 2,  0, 0, 3, 1, 2, 3,    22, 3, 3, 0, 9,
                                 11, 0, 0, 5, 9, 8,  7, 6, 5, 22, 3, 3, 0,  4, 14, 0, 0, 0};
// ChangeCipherSpec, then Finished, which is encrypted.
static const uint8_t second[] = {20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 4, 0xa, 0xb, 0xc, 0xd};
static const uint8_t data[] = {23, 3, 3, 0, 2, 0xe, 0xf};

static void take(struct world *w, const uint8_t *bytes, size_t len)
{
    assert_int_equal(records_take(&w->records, span_of(bytes, len)), 0);
}

static void expect(struct world *w, const uint8_t *bytes, size_t len)
{
    struct buf *out = &w->records.out;
    if (out->len != len || memcmp(out->data, bytes, len) != 0) {
        print_error("expected %zu bytes, seen %zu:", len, out->len);
        for (size_t i = 0; i < out->len; i++) {
            print_error(" %02x", out->data[i]);
        }
        print_error("\n");
        fail();
    }
    buf_clear(out);
}

#define EXPECT(w, ...)                                                                             \
    do {                                                                                           \
        static const uint8_t expected_bytes[] = {__VA_ARGS__};                                     \
        expect(w, expected_bytes, sizeof expected_bytes);                                          \
    } while (0)

static void without_a_fault_every_byte_passes(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "");
    take(&w, flight, sizeof flight);
    expect(&w, flight, sizeof flight);
    take(&w, second, sizeof second);
    expect(&w, second, sizeof second);
    w.records.is_open = true;
    take(&w, data, sizeof data);
    expect(&w, data, sizeof data);
    assert_false(records_is_busy(&w.records));
    records_deinit(&w.records);
}

static void trimming_keeps_what_waits_and_no_empty_buffer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "delay 1s at tls.certificate");
    take(&w, flight, sizeof flight);
    records_trim(&w.records); // the certificate and what follows wait
    w.now_us = 1000000;
    assert_int_equal(records_go_on(&w.records), 0);
    expect(&w, flight, sizeof flight);
    records_trim(&w.records);
    assert_int_equal(w.records.raw.capacity + w.records.message.capacity + w.records.out.capacity +
                         w.records.job.body.capacity,
                     0);
    take(&w, second, sizeof second);
    expect(&w, second, sizeof second);
    records_deinit(&w.records);
}

static void bytes_that_come_one_by_one_make_the_same(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "corrupt 5 at tls.certificate");
    for (size_t i = 0; i < sizeof flight; i++) {
        take(&w, flight + i, 1);
    }
    uint8_t expected[sizeof flight];
    memcpy(expected, flight, sizeof flight);
    expected[22] ^= 0xff;
    expect(&w, expected, sizeof expected);
    records_deinit(&w.records);
}

static void unencrypted_messages_are_cut_as_the_device_asks(void **state)
{
    (void)state;
    // It asks for records of 512 bytes.
    static const uint8_t hello[5 + 4 + 34 + 14] = {22, 3, 1, 0, 52, 1, 0, 0, 48, 3, 3, [45] = 2, [46] = 0xc0, [47] = 0x2f,
                                                   [48] = 1, [51] = 5, [53] = 1, [55] = 1, [56] = 1};
    static const uint8_t certificate[5 + 600] = {22, 3, 3, 2, 88, 11, 0, 2, 84};
    struct world w;
    open_world(&w, "");
    assert_int_equal(records_take_hello(&w.records, span_of(hello, sizeof hello)), 0);
    take(&w, certificate, sizeof certificate);
    const struct buf *out = &w.records.out;
    assert_int_equal(out->len, sizeof certificate + 5);
    assert_memory_equal(out->data, ((uint8_t[]){22, 3, 3, 2, 0, 11, 0, 2, 84}), 9);
    assert_memory_equal(out->data + 5 + 512, ((uint8_t[]){22, 3, 3, 0, 88}), 5);
    records_deinit(&w.records);
}

static void slices_hold_to_the_end_of_the_flight_and_not_longer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "slice 5 at tls.certificate");
    take(&w, flight, sizeof flight);
    EXPECT(&w, 22, 3, 3, 0, 7, 2, 0, 0, 3, 1, 2, 3, 22, 3, 3, 0, 5, 11, 0, 0, 5, 9, 22, 3, 3, 0, 4, 8,
           7, 6, 5, 22, 3, 3, 0, 4, 14, 0, 0, 0);
    take(&w, second, sizeof second);
    expect(&w, second, sizeof second);
    records_deinit(&w.records);
}

static void coalesced_messages_are_cut_as_one_stream(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "coalesce; slice 12");
    take(&w, flight, sizeof flight);
    EXPECT(&w, 22, 3, 3, 0, 12, 2, 0, 0, 3, 1, 2, 3, 11, 0, 0, 5, 9, 22, 3, 3, 0, 8, 8, 7, 6, 5, 14, 0,
           0, 0);
    records_deinit(&w.records);
}

static void messages_are_left_out_doubled_swapped_and_cut(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "swallow at tls.certificate");
    take(&w, flight, sizeof flight);
    EXPECT(&w, 22, 3, 3, 0, 7, 2, 0, 0, 3, 1, 2, 3, 22, 3, 3, 0, 4, 14, 0, 0, 0);
    records_deinit(&w.records);
    open_world(&w, "double at tls.server_hello_done; swap at tls.server_hello; "
                   "truncate 1 at tls.certificate");
    take(&w, flight, sizeof flight);
    EXPECT(&w, 22, 3, 3, 0, 5, 11, 0, 0, 1, 9, 22, 3, 3, 0, 7, 2, 0, 0, 3, 1, 2, 3, 22, 3, 3, 0, 4, 14,
           0, 0, 0, 22, 3, 3, 0, 4, 14, 0, 0, 0);
    records_deinit(&w.records);
}

static void what_is_injected_stands_before_the_message(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "inject 0102 at tls.certificate; warnings 1 at tls.server_hello_done");
    take(&w, flight, sizeof flight);
    EXPECT(&w, 22, 3, 3, 0, 7, 2, 0, 0, 3, 1, 2, 3, 1, 2, 22, 3, 3, 0, 9, 11, 0, 0, 5, 9, 8, 7, 6, 5,
           21, 3, 3, 0, 2, 1, 112, 22, 3, 3, 0, 4, 14, 0, 0, 0);
    records_deinit(&w.records);
}

static void a_delay_holds_back_what_follows_and_nothing_before(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "delay 5ms at tls.certificate; slice 7 at tls.certificate");
    take(&w, flight, sizeof flight);
    expect(&w, flight, 12);
    assert_int_equal(records_wait_until(&w.records), 5000);
    take(&w, second, sizeof second);
    assert_int_equal(w.records.out.len, 0);
    w.now_us = 5000;
    assert_int_equal(records_go_on(&w.records), 0);
    EXPECT(&w, 22, 3, 3, 0, 7, 11, 0, 0, 5, 9, 8, 7, 22, 3, 3, 0, 2, 6, 5, 22, 3, 3, 0, 4, 14, 0, 0, 0,
           20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 4, 0xa, 0xb, 0xc, 0xd);
    assert_int_equal(records_wait_until(&w.records), UINT64_MAX);
    records_deinit(&w.records);
}

static void an_end_sends_what_was_before_it_and_nothing_more(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        enum records_end end;
        size_t bytes;
    } rows[] = {
        {"stall at tls.certificate", RECORDS_SILENT, 12},
        {"drop fin at tls.certificate", RECORDS_FIN, 12},
        {"drop rst at tls.certificate", RECORDS_RST, 12},
        {"half-close at tls.certificate", RECORDS_HALF, 26},
        {"alert fatal 40 at tls.certificate", RECORDS_FIN, 19},
        {"alert warning close_notify at tls.certificate", RECORDS_FIN, 19},
        {"plain-text mqtt at tls.certificate", RECORDS_SILENT, 16},
        {"coalesce; drop fin at tls.certificate", RECORDS_FIN, 12},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct world w;
        open_world(&w, rows[i].fault);
        take(&w, flight, sizeof flight);
        take(&w, second, sizeof second);
        assert_int_equal(w.records.end, rows[i].end);
        assert_int_equal(w.records.out.len, rows[i].bytes);
        assert_true(records_is_busy(&w.records));
        records_deinit(&w.records);
    }
}

static void the_echo_is_what_the_device_said(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "plain-text echo");
    assert_int_equal(records_take_hello(&w.records, span_text("hello")), 0);
    expect(&w, (const uint8_t *)"hello", 5);
    records_deinit(&w.records);
}

static void an_alert_behind_the_handshake_is_left_to_the_engine(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "alert fatal internal_error at tls.application_data");
    take(&w, flight, sizeof flight);
    take(&w, second, sizeof second);
    buf_clear(&w.records.out);
    w.records.is_open = true;
    take(&w, data, sizeof data);
    expect(&w, data, sizeof data);
    assert_true(w.records.wish.wants_alert && w.records.wish.is_fatal);
    assert_int_equal(w.records.wish.alert, 80);
    assert_int_equal(w.records.end, RECORDS_GO_ON);
    records_deinit(&w.records);
}

static void a_flight_is_wanted_once_the_hello_is_there(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, "flight ske-point");
    assert_int_equal(w.records.flight_wanted, -1);
    assert_int_equal(records_take_hello(&w.records, span_text("hello")), 0);
    assert_int_equal(w.records.flight_wanted, FLIGHT_SKE_POINT);
    assert_string_equal(records_right_alerts(&w.records), "illegal_parameter");
    records_deinit(&w.records);
}

static void every_fault_of_tls_has_something_to_do(void **state)
{
    (void)state;
    for (int kind = FAULT_NONE + 1; kind < FAULT_KIND_COUNT; kind++) {
        if (!(fault_classes((enum fault_kind)kind) & AT_TLS)) {
            continue;
        }
        struct world w;
        open_world(&w, "");
        w.faults[0] = (struct fault){.kind = (enum fault_kind)kind, .number = {1, 1}};
        w.count = 1;
        bool is_at_hello = !(fault_classes((enum fault_kind)kind) & AT_TLS_MESSAGE);
        w.faults[0].site = is_at_hello ? SITE_TLS_CLIENT_HELLO : SITE_TLS_SERVER_HELLO;
        assert_int_equal(records_take_hello(&w.records, span_text("hello")), 0);
        assert_int_equal(records_take(&w.records, span_of(flight, sizeof flight)), 0);
        assert_true(w.is_used[0]);
        records_deinit(&w.records);
    }
}

static void live_through_a_handshake(void *context)
{
    struct world w;
    open_world(&w, context);
    scarce_begin();
    int code = records_take(&w.records, span_of(flight, sizeof flight));
    code = code < 0 ? code : records_take(&w.records, span_of(second, sizeof second));
    code = code < 0 ? code : records_take(&w.records, span_of(data, sizeof data));
    scarce_end();
    assert_int_equal(code, scarce_has_failed() ? ERR_NO_MEMORY : 0);
    records_deinit(&w.records);
}

static void without_memory_the_rewriter_says_so(void **state)
{
    static char *const faults[] = {"",
                                   "slice 5 at tls.certificate",
                                   "coalesce",
                                   "double at tls.certificate",
                                   "swap at tls.server_hello",
                                   "oversize at tls.certificate",
                                   "empty-records 3",
                                   "inject 00ff at tls.finished",
                                   "alert warning 90",
                                   "truncate 2 at tls.certificate"};
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(faults); i++) {
        assert_true(scarce_live(live_through_a_handshake, faults[i]) > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_fault_every_byte_passes),
        cmocka_unit_test(trimming_keeps_what_waits_and_no_empty_buffer),
        cmocka_unit_test(bytes_that_come_one_by_one_make_the_same),
        cmocka_unit_test(unencrypted_messages_are_cut_as_the_device_asks),
        cmocka_unit_test(slices_hold_to_the_end_of_the_flight_and_not_longer),
        cmocka_unit_test(coalesced_messages_are_cut_as_one_stream),
        cmocka_unit_test(messages_are_left_out_doubled_swapped_and_cut),
        cmocka_unit_test(what_is_injected_stands_before_the_message),
        cmocka_unit_test(a_delay_holds_back_what_follows_and_nothing_before),
        cmocka_unit_test(an_end_sends_what_was_before_it_and_nothing_more),
        cmocka_unit_test(the_echo_is_what_the_device_said),
        cmocka_unit_test(an_alert_behind_the_handshake_is_left_to_the_engine),
        cmocka_unit_test(a_flight_is_wanted_once_the_hello_is_there),
        cmocka_unit_test(every_fault_of_tls_has_something_to_do),
        cmocka_unit_test(without_memory_the_rewriter_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
