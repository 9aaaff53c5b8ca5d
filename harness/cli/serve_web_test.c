// SPDX-License-Identifier: MIT
// HTTPS and MQTT over WebSocket of `hubrig serve`, as curl and a WebSocket client without manners
// meet them.
#include "base/error.h"
#include "base/test.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"
#include "harness/cli/web_peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNACK_BYTES = 4, PUBACK_BYTES = 4 };

static struct web_peer peer;
static char files[200];

static int serve(void **state)
{
    (void)state;
    served_start("--https-port 0 --x509");
        snprintf(files, sizeof files, "%s/hub-files", shell_folder);
    return 0;
}

static void assert_has(const char *line, const char *text)
{
    if (!strstr(line, text)) {
        fail_msg("expected '%s' in '%s'", text, line);
    }
}

// ---- MQTT packets of device-1

static struct span connect_packet(void)
{
    static const char user[] = "localhost/device-1/?api-version=2021-04-12";
    static uint8_t bytes[200];
    static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0x82, 0, 60, 0, 8};
    size_t at = 2;
    memcpy(bytes + at, head, sizeof head);
    at += sizeof head;
    memcpy(bytes + at, "device-1", 8);
    at += 8;
    bytes[at++] = 0;
    bytes[at++] = sizeof user - 1;
    memcpy(bytes + at, user, sizeof user - 1);
    at += sizeof user - 1;
    bytes[0] = 0x10;
    bytes[1] = (uint8_t)(at - 2);
    return span_of(bytes, at);
}

static size_t put_publish(uint8_t *out, unsigned id, struct span body)
{
    static const char topic[] = "devices/device-1/messages/events/";
    size_t len = 2 + sizeof topic - 1 + 2 + body.len;
    size_t at = 0;
    out[at++] = 0x32; // QoS 1
    out[at++] = (uint8_t)(len % 128 | (len > 127 ? 0x80 : 0));
    if (len > 127) {
        out[at++] = (uint8_t)(len / 128);
    }
    out[at++] = 0;
    out[at++] = sizeof topic - 1;
    memcpy(out + at, topic, sizeof topic - 1);
    at += sizeof topic - 1;
    out[at++] = (uint8_t)(id >> 8);
    out[at++] = (uint8_t)id;
    memcpy(out + at, body.ptr, body.len);
    return at + body.len;
}

static void expect_binary(const char *bytes, size_t len)
{
    struct web_frame f;
    web_peer_read_frame(&peer, &f);
    assert_int_equal(f.opcode, WS_BINARY);
    assert_true(f.is_final);
    assert_int_equal(f.len, len);
    assert_memory_equal(f.bytes, bytes, len);
}

static void expect_close(int code)
{
    struct web_frame f;
    web_peer_read_frame(&peer, &f);
    assert_int_equal(f.opcode, WS_CLOSE);
    assert_true(f.len >= 2);
    assert_int_equal(f.bytes[0] << 8 | f.bytes[1], code);
}

static void open_websocket(void)
{
    web_peer_open(&peer, served_https_port(), files);
    assert_int_equal(web_peer_upgrade(&peer, "mqtt"), 101);
}

static void connect_device(void)
{
    open_websocket();
    web_peer_send_frame(&peer, WS_BINARY, true, connect_packet());
    expect_binary("\x20\x02\0\0", CONNACK_BYTES);
}

static void publish_and_expect_puback(const char *body)
{
    uint8_t packet[300];
    size_t len = put_publish(packet, 7, span_text(body));
    web_peer_send_frame(&peer, WS_BINARY, true, span_of(packet, len));
    expect_binary("\x40\x02\0\x07", PUBACK_BYTES);
}

// ---- HTTP

static void curl_says(const char *arguments, const char *status, const char *text)
{
    struct shell_result r;
    shell_run(&r, "curl -s -i -m 20 --http1.1 --cacert hub-files/root.pem %s", arguments);
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, status);
    shell_assert_says(&r, text);
    shell_release(&r);
}

static void requests_that_are_no_upgrade_get_404_in_json(void **state)
{
    static const char *const arguments[] = {"", "-X DELETE", "-d body", "-X PATCH -d body"};
    char line[300];
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(arguments); i++) {
        snprintf(line, sizeof line, "%s 'https://localhost:%d/devices?x=1'", arguments[i],
                 served_https_port());
        curl_says(line, "HTTP/1.1 404 Not Found", "{\"message\":\"there is nothing here\"}");
    }
    assert_has(served_await("\"http.request\""),
               "\"method\":\"GET\",\"path\":\"/devices\",\"status\":404");
    assert_has(served_await("\"http.request\""), "\"method\":\"DELETE\"");
    assert_has(served_await("\"http.request\""), "\"method\":\"POST\"");
    assert_has(served_await("\"http.request\""), "\"method\":\"PATCH\"");
}

static void a_connection_is_kept_for_further_requests(void **state)
{
    struct shell_result r;
    (void)state;
    shell_run(&r,
              "curl -s -v -m 20 --http1.1 --cacert hub-files/root.pem https://localhost:%d/a -d x "
              "https://localhost:%d/b",
              served_https_port(), served_https_port());
    shell_assert_says(&r, "Re-using existing connection");
    shell_release(&r);
}

static void a_body_beyond_the_limit_is_refused_before_it_is_read(void **state)
{
    char text[500];
    (void)state;
    web_peer_open(&peer, served_https_port(), files);
    web_peer_send(&peer, SPAN_LITERAL("POST / HTTP/1.1\r\nHost: localhost\r\n"
                                      "Content-Length: 99999999999\r\n\r\n"));
    assert_int_equal(web_peer_read_head(&peer, text, sizeof text), 413);
    web_peer_close(&peer);
}

static void the_websocket_path_without_an_upgrade_gets_400(void **state)
{
    char line[300];
    (void)state;
    snprintf(line, sizeof line, "'https://localhost:%d/$iothub/websocket'", served_https_port());
    curl_says(line, "HTTP/1.1 400 Bad Request", "this path takes WebSocket upgrades alone");
}

#define CURL_UPGRADE                                                                               \
    "-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' "             \
    "-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "

static void upgrades_with_a_flaw_get_400_that_names_it(void **state)
{
    static const struct {
        const char *arguments;
        const char *text;
    } cases[] = {
        {CURL_UPGRADE "-H 'Sec-WebSocket-Protocol: mqtt' 'https://localhost:%d/websocket'",
         "at /$iothub/websocket alone"},
        {CURL_UPGRADE "'https://localhost:%d/$iothub/websocket'", "Protocol is missing"},
        {CURL_UPGRADE "-H 'Sec-WebSocket-Protocol: amqp' 'https://localhost:%d/$iothub/websocket'",
         "offers no known subprotocol"},
        {CURL_UPGRADE "-H 'Sec-WebSocket-Protocol: mqtt' -X POST "
                      "'https://localhost:%d/$iothub/websocket'",
         "begins with GET"},
        {"-H 'Upgrade: websocket' -H 'Connection: Upgrade' -H 'Sec-WebSocket-Protocol: mqtt' "
         "-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "
         "'https://localhost:%d/$iothub/websocket'",
         "Version must be 13"},
    };
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        char line[600];
        const char *port = strstr(cases[i].arguments, "%d");
        snprintf(line, sizeof line, "%.*s%d%s", (int)(port - cases[i].arguments),
                 cases[i].arguments, served_https_port(), port + 2);
        curl_says(line, "HTTP/1.1 400 Bad Request", cases[i].text);
        assert_has(served_await("\"http.request\""), "\"status\":400");
    }
}

static void the_subprotocol_is_matched_in_any_case_and_echoed(void **state)
{
    static const char *const spellings[] = {"mqtt", "MQTT", "Mqtt", "mQtT"};
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(spellings); i++) {
        struct shell_result r;
        char echo[100];
        snprintf(echo, sizeof echo, "\r\nSec-WebSocket-Protocol: %s\r\n", spellings[i]);
        shell_run(
            &r,
            "(printf 'GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1\\r\\n"
            "Host: localhost\\r\\nConnection: keep-alive, Upgrade\\r\\nUpgrade: WebSocket\\r\\n"
            "Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n"
            "Sec-WebSocket-Protocol: other, %s\\r\\n\\r\\n\\210\\200mask') "
            "| openssl s_client -quiet -connect localhost:%d 2>/dev/null",
            spellings[i], served_https_port());
        shell_assert_says(&r, "HTTP/1.1 101 Switching Protocols");
        shell_assert_says(&r, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        shell_assert_says(&r, echo);
        shell_release(&r);
        const char *line = served_await("\"ws.open\"");
        assert_has(line, spellings[i]);
        assert_has(line, "\"query\":\"iothub-no-client-cert=true\"");
    }
}

// ---- MQTT inside

static void a_device_publishes_over_websocket(void **state)
{
    (void)state;
    connect_device();
    publish_and_expect_puback("it is warm");
    const char *line = served_await("\"mqtt.connected\"");
    assert_has(line, "\"device\":\"device-1\"");
    assert_has(line, "\"auth\":\"thumbprint\"");
    assert_has(served_await("\"d2c.message\""), "\"body\":\"it is warm\"");
    web_peer_close(&peer);
}

static void packets_may_come_in_messages_of_one_byte(void **state)
{
    struct span packet = connect_packet();
    (void)state;
    open_websocket();
    for (size_t i = 0; i < packet.len; i++) {
        web_peer_send_frame(&peer, WS_BINARY, true, span_slice(packet, i, 1));
    }
    expect_binary("\x20\x02\0\0", CONNACK_BYTES);
    publish_and_expect_puback("x");
    web_peer_close(&peer);
}

static void frames_may_come_byte_by_byte_in_tls_records(void **state)
{
    uint8_t frame[6 + 200];
    struct span packet = connect_packet();
    (void)state;
    open_websocket();
    memcpy(frame, "\x82\x80\0\0\0\0", 6); // a mask of zeroes
    frame[1] = (uint8_t)(0x80 | packet.len);
    memcpy(frame + 6, packet.ptr, packet.len);
    for (size_t i = 0; i < packet.len + 6; i++) {
        web_peer_send(&peer, span_of(frame + i, 1));
    }
    expect_binary("\x20\x02\0\0", CONNACK_BYTES);
    web_peer_close(&peer);
}

static void a_message_may_hold_several_packets(void **state)
{
    uint8_t bytes[600];
    struct span packet = connect_packet();
    size_t len = packet.len;
    (void)state;
    open_websocket();
    memcpy(bytes, packet.ptr, len);
    len += put_publish(bytes + len, 1, SPAN_LITERAL("one"));
    len += put_publish(bytes + len, 2, SPAN_LITERAL("two"));
    web_peer_send_frame(&peer, WS_BINARY, true, span_of(bytes, len));
    expect_binary("\x20\x02\0\0", CONNACK_BYTES);
    expect_binary("\x40\x02\0\x01", PUBACK_BYTES);
    expect_binary("\x40\x02\0\x02", PUBACK_BYTES);
    web_peer_close(&peer);
}

static void a_ping_between_fragments_is_answered(void **state)
{
    struct span packet = connect_packet();
    struct web_frame f;
    (void)state;
    open_websocket();
    web_peer_send_frame(&peer, WS_BINARY, false, span_slice(packet, 0, 5));
    web_peer_send_frame(&peer, WS_PING, true, SPAN_LITERAL("are you there"));
    web_peer_read_frame(&peer, &f);
    assert_int_equal(f.opcode, WS_PONG);
    assert_int_equal(f.len, 13);
    assert_memory_equal(f.bytes, "are you there", 13);
    web_peer_send_frame(&peer, WS_CONTINUED, false, span_slice(packet, 5, 10));
    web_peer_send_frame(&peer, WS_CONTINUED, true, span_from(packet, 15));
    expect_binary("\x20\x02\0\0", CONNACK_BYTES);
    web_peer_close(&peer);
}

static void thousands_of_messages_are_acknowledged_to_a_device_that_reads_late(void **state)
{
    enum { MESSAGES = 3000, BODY_BYTES = 1000 };
    static uint8_t body[BODY_BYTES];
    uint8_t packet[BODY_BYTES + 100];
    (void)state;
    memset(body, 'x', sizeof body);
    connect_device();
    for (unsigned id = 1; id <= MESSAGES; id++) {
        size_t len = put_publish(packet, id, span_of(body, sizeof body));
        web_peer_send_frame(&peer, WS_BINARY, true, span_of(packet, len));
        if (id % 100 == 0) { // keep the pipe of events from filling up
            served_await("\"d2c.message\"");
            for (unsigned i = 1; i < 100; i++) {
                served_await("\"mqtt.puback\"");
            }
        }
    }
    for (unsigned id = 1; id <= MESSAGES; id++) {
        char ack[] = {0x40, 2, (char)(id >> 8), (char)id};
        expect_binary(ack, sizeof ack);
    }
    web_peer_close(&peer);
}

// ---- closing

static void a_close_frame_is_answered_with_its_code(void **state)
{
    (void)state;
    connect_device();
    web_peer_send_frame(&peer, WS_CLOSE, true, SPAN_LITERAL("\x03\xe9going away"));
    expect_close(1001);
    assert_has(served_await("\"ws.closed\""), "\"code\":1001,\"by\":\"device\"");
    web_peer_close(&peer);
}

static void mqtt_disconnect_ends_the_websocket_with_1000(void **state)
{
    (void)state;
    connect_device();
    web_peer_send_frame(&peer, WS_BINARY, true, SPAN_LITERAL("\xe0\0"));
    expect_close(1000);
    assert_has(served_await("\"ws.closed\""), "\"code\":1000,\"by\":\"hub\"");
    web_peer_close(&peer);
}

static void a_cut_connection_is_code_1006(void **state)
{
    (void)state;
    connect_device();
    web_peer_close(&peer);
    assert_has(served_await("\"ws.closed\""), "\"code\":1006,\"by\":\"\"");
    assert_has(served_await("\"tcp.closed\""), "\"by\":\"device\"");
}

static void broken_frames_are_closed_with_their_code(void **state)
{
    static const struct {
        struct span frame;
        int code;
        const char *why;
    } cases[] = {
        {SPAN_LITERAL("\x81\x82\0\0\0\0hi"), 1003, "a text frame"},
        {SPAN_LITERAL("\x82\x02\x10\x00"), 1002, "an unmasked frame"},
        {SPAN_LITERAL("\x83\x80mask"), 1002, "a broken frame"}, // reserved opcode
        {SPAN_LITERAL("\xc2\x80mask"), 1002, "a broken frame"}, // RSV1 without an extension
        {SPAN_LITERAL("\x80\x80mask"), 1002, "a broken frame"}, // nothing to continue
        {SPAN_LITERAL("\x09\x80mask"), 1002, "a broken frame"}, // a control frame in parts
        {SPAN_LITERAL("\x02\x80mask\x82\x80mask"), 1002, "a broken frame"}, // one amid another
    };
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        open_websocket();
        web_peer_send(&peer, cases[i].frame);
        expect_close(cases[i].code);
        assert_has(served_await("\"ws.closed\""), cases[i].why);
        web_peer_close(&peer);
    }
    connect_device(); // and the hub goes on
    web_peer_close(&peer);
}

static void a_broken_packet_inside_good_frames_is_an_mqtt_error(void **state)
{
    (void)state;
    connect_device();
    web_peer_send_frame(&peer, WS_BINARY, true, SPAN_LITERAL("\xf0\x02zz"));
    expect_close(1000);
    served_await("\"mqtt.error\"");
    web_peer_close(&peer);
}

// ---- no harm

static void a_flood_of_noise_does_no_harm(void **state)
{
    uint32_t seed = 1;
    (void)state;
    for (size_t round = 0; round < 60; round++) {
        uint8_t noise[2000];
        for (size_t i = 0; i < sizeof noise; i++) {
            seed = seed * 1103515245 + 12345;
            noise[i] = (uint8_t)(seed >> 16);
        }
        web_peer_open(&peer, served_https_port(), files);
        if (round % 3 > 0) {
            assert_int_equal(web_peer_upgrade(&peer, "mqtt"), 101);
        } else {
            memcpy(noise, "GET ", 4);
        }
        if (round % 3 == 1) {
            noise[0] = 0x82; // a good header with a length beyond all measure
            noise[1] = 0xff;
            noise[2] = 0x7f;
        }
        for (size_t i = 0; i < 20 && web_peer_try_send(&peer, span_of(noise, sizeof noise)); i++) {
        }
        web_peer_close(&peer);
    }
    connect_device();
    publish_and_expect_puback("still here");
    web_peer_close(&peer);
}

static void a_device_that_hangs_up_at_every_byte_does_no_harm(void **state)
{
    static const char request[] =
        "GET /$iothub/websocket HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n\x82\x85mask\x10";
    (void)state;
    for (size_t len = 1; len < sizeof request; len += len < 200 ? 13 : 1) {
        web_peer_open(&peer, served_https_port(), files);
        web_peer_send(&peer, span_of(request, len));
        web_peer_close(&peer);
    }
    connect_device();
    web_peer_close(&peer);
}

static void the_wrong_dialect_on_a_port_is_named(void **state)
{
    char byte;
    (void)state;
    web_peer_open(&peer, served_https_port(), files);
    web_peer_send(&peer, connect_packet());
    assert_true(SSL_read(peer.ssl, &byte, 1) <= 0);
    assert_has(served_await("\"mqtt.error\""), "MQTT was spoken where the hub expects HTTP");
    web_peer_close(&peer);
    web_peer_open(&peer, served_port(), files);
    web_peer_send(&peer, SPAN_LITERAL("GET / HTTP/1.1\r\n\r\n"));
    assert_true(SSL_read(peer.ssl, &byte, 1) <= 0);
    assert_has(served_await("\"mqtt.error\""), "HTTP was spoken where the hub expects MQTT");
    web_peer_close(&peer);
}

static int set_up(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    return shell_set_up(state);
}

int main(void)
{
#define SERVED(name) cmocka_unit_test_setup_teardown(name, serve, served_stop)
    const struct CMUnitTest tests[] = {
        SERVED(requests_that_are_no_upgrade_get_404_in_json),
        SERVED(a_connection_is_kept_for_further_requests),
        SERVED(a_body_beyond_the_limit_is_refused_before_it_is_read),
        SERVED(the_websocket_path_without_an_upgrade_gets_400),
        SERVED(upgrades_with_a_flaw_get_400_that_names_it),
        SERVED(the_subprotocol_is_matched_in_any_case_and_echoed),
        SERVED(a_device_publishes_over_websocket),
        SERVED(packets_may_come_in_messages_of_one_byte),
        SERVED(frames_may_come_byte_by_byte_in_tls_records),
        SERVED(a_message_may_hold_several_packets),
        SERVED(a_ping_between_fragments_is_answered),
        SERVED(thousands_of_messages_are_acknowledged_to_a_device_that_reads_late),
        SERVED(a_close_frame_is_answered_with_its_code),
        SERVED(mqtt_disconnect_ends_the_websocket_with_1000),
        SERVED(a_cut_connection_is_code_1006),
        SERVED(broken_frames_are_closed_with_their_code),
        SERVED(a_broken_packet_inside_good_frames_is_an_mqtt_error),
        SERVED(a_flood_of_noise_does_no_harm),
        SERVED(a_device_that_hangs_up_at_every_byte_does_no_harm),
        SERVED(the_wrong_dialect_on_a_port_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, shell_tear_down);
}
