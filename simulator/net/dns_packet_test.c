// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "simulator/net/dns_packet.h"
#include "simulator/net/sntp_packet.h"

#include <string.h>

#define HEAD     "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define QUESTION "\x03HUB\x07" "example\x00\x00\x01\x00\x01"

static void a_question_is_read_in_lower_case(void **state)
{
    struct dns_query query;
    (void)state;
    assert_int_equal(dns_read_query(SPAN_LITERAL(HEAD QUESTION), &query), 0);
    assert_int_equal(query.code, DNS_OK);
    assert_string_equal(query.name, "hub.example");
    assert_int_equal(query.type, DNS_A);
    assert_int_equal(query.udp_bytes, DNS_UDP_BYTES);
}

static void every_shorter_query_is_refused_and_none_is_read_beyond_its_end(void **state)
{
    struct span whole = SPAN_LITERAL(HEAD QUESTION);
    (void)state;
    for (size_t len = 0; len < whole.len; len++) {
        struct dns_query query;
        uint8_t *copy = test_malloc(len + 1); // the sanitizer watches its end
        memcpy(copy, whole.ptr, len);
        int code = dns_read_query(span_of(copy, len), &query);
        assert_true(len < 12 ? code == ERR_SYNTAX : code == 0 && query.code == DNS_FORMAT_ERROR);
        test_free(copy);
    }
}

static void a_compressed_question_and_an_answer_are_no_queries(void **state)
{
    struct dns_query query;
    (void)state;
    assert_int_equal(dns_read_query(SPAN_LITERAL(HEAD "\xC0\x0C\x00\x01\x00\x01"), &query), 0);
    assert_int_equal(query.code, DNS_FORMAT_ERROR);
    assert_int_equal(
        dns_read_query(SPAN_LITERAL("\x12\x34\x81\x00\x00\x01\x00\x00\x00\x00\x00\x00"), &query),
        ERR_SYNTAX);
}

static void the_eras_of_ntp_meet_in_2036(void **state)
{
    static const struct {
        int64_t utc_s;
        const char *transmit; // the seconds, as on the wire
    } rows[] = {
        {0, "\x83\xAA\x7E\x80"},
        {2085978495, "\xFF\xFF\xFF\xFF"}, // 2036-02-07T06:28:15Z
        {2085978496, "\x00\x00\x00\x00"},
        {2147483648, "\x03\xAA\x7E\x80"}, // one second after 32 signed bits of UNIX time
    };
    const struct sntp_request request = {.version = 4, .mode = 3, .transmit = "abcdefg"};
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        uint8_t bytes[SNTP_BYTES];
        const struct sntp_reply reply = {.stratum = 2, .utc_us = rows[i].utc_s * 1000000};
        sntp_write_reply(&request, &reply, bytes);
        assert_int_equal(bytes[0], 0x24);
        assert_memory_equal(bytes + 24, request.transmit, 8);
        assert_memory_equal(bytes + 40, rows[i].transmit, 4);
    }
}

static void packets_that_ask_for_no_time_are_refused(void **state)
{
    uint8_t bytes[SNTP_BYTES] = {0x23};
    struct sntp_request request;
    (void)state;
    assert_int_equal(sntp_read_request(span_of(bytes, sizeof bytes), &request), 0);
    for (size_t len = 0; len < sizeof bytes; len++) {
        assert_int_equal(sntp_read_request(span_of(bytes, len), &request), ERR_SYNTAX);
    }
    bytes[0] = 0x24; // a server's
    assert_int_equal(sntp_read_request(span_of(bytes, sizeof bytes), &request), ERR_SYNTAX);
    bytes[0] = 0x2B; // version 5
    assert_int_equal(sntp_read_request(span_of(bytes, sizeof bytes), &request), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_read_in_lower_case),
        cmocka_unit_test(every_shorter_query_is_refused_and_none_is_read_beyond_its_end),
        cmocka_unit_test(a_compressed_question_and_an_answer_are_no_queries),
        cmocka_unit_test(the_eras_of_ntp_meet_in_2036),
        cmocka_unit_test(packets_that_ask_for_no_time_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
