// SPDX-License-Identifier: MIT
#include "base/test.h"
#include "harness/bench/bench.h"
#include "harness/device/inventory.h"
#include "harness/runner/board_check.h"

#include <string.h>

// What is written must be an inventory that finds the same ports again.
static void write_and_read(const struct port *ports, size_t count, bool has_paths, size_t boards,
                           struct bench *bench, struct buf *text)
{
    struct diag_list diags;
    size_t written = 0;
    buf_init(text, 100000);
    diag_init(&diags);
    assert_int_equal(inventory_write(ports, count, has_paths, text, &written), 0);
    assert_int_equal(written, boards);
    assert_int_equal(bench_parse("new.bench", buf_span(text), bench, &diags), 0);
    assert_int_equal(diags.count, 0);
    assert_int_equal(bench->count, boards);
    diag_deinit(&diags);
}

static void a_port_is_written_by_its_usb_id_and_found_again(void **state)
{
    (void)state;
    const struct port ports[] = {
        {"/dev/ttyUSB0", true, 0x10c4, 0xea60, "0001", "1-4.1", "CP2102 USB to UART"},
        {"/dev/ttyACM0", true, 0x1366, 0x0105, "", "1-4.2", ""},
    };
    struct bench bench;
    struct buf text;
    write_and_read(ports, 2, false, 2, &bench, &text);
    assert_string_equal(bench.devices[0].name, "cp2102-usb-to-uart-1");
    assert_string_equal(bench.devices[1].name, "board-2");
    assert_non_null(strstr(buf_text(&text), "serial      usb 10c4:ea60:0001\n"));
    assert_null(strstr(buf_text(&text), "path /dev"));
    assert_ptr_equal(ports_match(ports, 2, bench.devices[0].board), &ports[0]);
    assert_ptr_equal(ports_match(ports, 2, bench.devices[1].board), &ports[1]);
    bench_deinit(&bench);
    buf_deinit(&text);
}

static void twins_are_told_apart_by_their_place(void **state)
{
    (void)state;
    const struct port ports[] = {
        {"/dev/ttyUSB0", true, 0x1a86, 0x7523, "", "1-4.1", "USB Serial"},
        {"/dev/ttyUSB1", true, 0x1a86, 0x7523, "", "1-4.2", "USB Serial"},
    };
    struct bench bench;
    struct buf text;
    write_and_read(ports, 2, false, 2, &bench, &text);
    assert_ptr_equal(ports_match(ports, 2, bench.devices[0].board), &ports[0]);
    assert_ptr_equal(ports_match(ports, 2, bench.devices[1].board), &ports[1]);
    bench_deinit(&bench);
    buf_deinit(&text);
}

static void a_serial_number_that_is_no_word_cannot_break_the_file(void **state)
{
    (void)state;
    const struct port ports[] = {
        {"/dev/ttyUSB0", true, 0x1a86, 0x7523, "a \"b\n# {x}", "1-4.1", "\nend\n{hub.host}"},
    };
    struct bench bench;
    struct buf text;
    write_and_read(ports, 1, false, 1, &bench, &text);
    assert_ptr_equal(ports_match(ports, 1, bench.devices[0].board), &ports[0]);
    bench_deinit(&bench);
    buf_deinit(&text);
}

static void a_bare_port_is_written_only_when_asked_for(void **state)
{
    (void)state;
    const struct port ports[] = {{"/dev/ttyS0", false, 0, 0, "", "", ""}};
    struct bench bench;
    struct buf text;
    size_t boards = 7;
    buf_init(&text, 100000);
    assert_int_equal(inventory_write(ports, 1, false, &text, &boards), 0);
    assert_int_equal(boards, 0);
    assert_null(strstr(buf_text(&text), "ttyS0"));
    buf_deinit(&text);
    write_and_read(ports, 1, true, 1, &bench, &text);
    assert_string_equal(bench.devices[0].board->port_text, "/dev/ttyS0");
    bench_deinit(&bench);
    buf_deinit(&text);
}

static void a_time_is_found_in_what_a_board_says(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        int64_t utc_s; // 0 = none
    } cases[] = {
        {"1795000000\r\nshell> ", 1795000000},
        {"date\r\nnow 2026-11-20 08:00:00 UTC", 1795161600},
        {"2026-11-20T08:00:00Z", 1795161600},
        {"1000000000 then 1795000000", 1795000000}, // the last one
        {"17950000001", 0},
        {"179500000", 0},
        {"2026-11-20", 0},
        {"2026-13-40 08:00:00", 0},
        {"", 0},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        int64_t told_s = 0;
        assert_int_equal(board_find_time(span_text(cases[i].said), &told_s), cases[i].utc_s != 0);
        assert_int_equal(told_s, cases[i].utc_s);
    }
}

static void an_address_is_not_found_within_a_longer_one(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        bool is_there;
    } cases[] = {
        {"hub is 10.0.0.1\r\n", true}, {"10.0.0.1.", true},   {"(10.0.0.1)", true}, {"10.0.0.12", false},
        {"110.0.0.1", false},          {"1.10.0.0.1", false}, {"10.0.0.1.5", false}, {"", false},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        assert_int_equal(board_find_address(span_text(cases[i].said), "10.0.0.1"), cases[i].is_there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_is_written_by_its_usb_id_and_found_again),
        cmocka_unit_test(twins_are_told_apart_by_their_place),
        cmocka_unit_test(a_serial_number_that_is_no_word_cannot_break_the_file),
        cmocka_unit_test(a_bare_port_is_written_only_when_asked_for),
        cmocka_unit_test(a_time_is_found_in_what_a_board_says),
        cmocka_unit_test(an_address_is_not_found_within_a_longer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
