// SPDX-License-Identifier: MIT
// Faults of MQTT packets as a client sees them that knows none: openssl sends the packets of a
// whole session, and what it prints is compared byte by byte.
#include "base/test.h"
#include "harness/cli/shell.h"
#include "simulator/mqtt/packet.h"

#include <stdio.h>
#include <string.h>

// What the hub answers to the session below.
#define CONNACK  "20020000"
#define SUBACK   "9003000301"
#define PUBACK_7 "40020007"
#define PUBACK_8 "40020008"
#define UNSUBACK "b0020004"
#define PINGRESP "d000"
#define REST     PUBACK_7 PUBACK_8 UNSUBACK PINGRESP
#define EARLY                                                                                      \
    "3062005b646576696365732f6465766963652d312f6d657373616765732f646576696365626f756e642f"         \
    "2532342e746f3d253246646576696365732532466465766963652d312532466d65737361676573253246"         \
    "646576696365426f756e64"                                                                       \
    "6561726c79"

static const struct row {
    const char *fault;
    const char *heard;
} rows[] = {
    {"refuse 5 after 9", CONNACK SUBACK REST}, // nothing happens
    {"refuse 4", "20020004"},
    {"connack-code 200", "200200c8"},
    {"connack-code 0", CONNACK},
    {"session-lie", "20020100" SUBACK REST},
    {"reserved-bits", "2002fe00" SUBACK REST},
    {"double at mqtt.connack", CONNACK CONNACK SUBACK REST},
    {"double", CONNACK SUBACK PUBACK_7 REST},
    {"double at mqtt.suback", CONNACK SUBACK SUBACK REST},
    {"swallow", CONNACK SUBACK PUBACK_8 UNSUBACK PINGRESP},
    {"swallow at mqtt.suback", CONNACK REST},
    {"swallow at mqtt.unsuback", CONNACK SUBACK PUBACK_7 PUBACK_8 PINGRESP},
    {"swallow at mqtt.pingresp", CONNACK SUBACK PUBACK_7 PUBACK_8 UNSUBACK},
    {"wrong-id", CONNACK SUBACK "40024007" PUBACK_8 UNSUBACK PINGRESP},
    {"wrong-id at mqtt.suback", CONNACK "9003400301" REST},
    {"wrong-id at mqtt.unsuback", CONNACK SUBACK PUBACK_7 PUBACK_8 "b0024004" PINGRESP},
    {"suback-code 0x80", CONNACK "9003000380" REST},
    {"swap", CONNACK SUBACK PUBACK_8 PUBACK_7 UNSUBACK PINGRESP},
    {"inject 40021234", CONNACK SUBACK "40021234" REST},
    {"inject 9003123400 at mqtt.pingresp",
     CONNACK SUBACK PUBACK_7 PUBACK_8 UNSUBACK "9003123400" PINGRESP},
    {"inject D000 at mqtt.connack", PINGRESP CONNACK SUBACK REST},
    {"early-publish", CONNACK EARLY SUBACK REST},
    {"early-publish at mqtt.connack", EARLY CONNACK SUBACK REST},
    {"malform length at mqtt.puback", CONNACK SUBACK "40030007" PUBACK_8 UNSUBACK PINGRESP},
    {"malform truncated", "200100" SUBACK REST},
    {"malform type at mqtt.suback", CONNACK "f003000301" REST},
    {"malform qos3 at mqtt.suback", CONNACK "9603000301" REST},
    {"malform flags", "2f020000" SUBACK REST},
    {"malform remaining-length", "20ffffffff7f0000" SUBACK REST},
    {"takeover", CONNACK},
    {"drop fin at mqtt.suback", CONNACK},
};

static void add(int code)
{
    assert_int_equal(code, 0);
}

static void write_session_file(const char *name, struct buf *b)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b->data, 1, b->len, file), b->len);
    assert_int_equal(fclose(file), 0);
    buf_deinit(b);
}

static void begin_session(struct buf *b, struct span filter)
{
    const struct mqtt_filter wanted = {filter, 1};
    const struct mqtt_connect c = {.level = 4,
                                   .is_clean = true,
                                   .keepalive_s = 60,
                                   .client_id = SPAN_LITERAL("device-1"),
                                   .username =
                                       SPAN_LITERAL("localhost/device-1/?api-version=2021-04-12")};
    buf_init(b, 4096);
    add(mqtt_write_connect(&c, b));
    add(mqtt_write_subscribe(3, &wanted, 1, b));
}

// CONNECT, SUBSCRIBE, two PUBLISH, UNSUBSCRIBE, PINGREQ, DISCONNECT in one go.
static void write_session(void)
{
    struct buf b;
    const struct span filter = SPAN_LITERAL("devices/device-1/messages/devicebound/#");
    struct mqtt_publish p = {.topic = SPAN_LITERAL("devices/device-1/messages/events/"),
                             .body = SPAN_LITERAL("x"),
                             .qos = 1,
                             .packet_id = 7};
    begin_session(&b, filter);
    add(mqtt_write_publish(&p, &b));
    p.packet_id = 8;
    add(mqtt_write_publish(&p, &b));
    add(mqtt_write_unsubscribe(4, &filter, 1, &b));
    add(mqtt_write_pingreq(&b));
    add(mqtt_write_disconnect(&b));
    write_session_file("session", &b);
}

// CONNECT, SUBSCRIBE, a request for the twin, DISCONNECT.
static void write_twin_session(void)
{
    struct buf b;
    const struct mqtt_publish p = {.topic = SPAN_LITERAL("$iothub/twin/GET/?$rid=1")};
    begin_session(&b, SPAN_LITERAL("$iothub/twin/res/#"));
    add(mqtt_write_publish(&p, &b));
    add(mqtt_write_disconnect(&b));
    write_session_file("twin-session", &b);
}

#define DIAL                                                                                       \
    "dial() { openssl s_client -quiet -connect localhost:$port -CAfile hub-files/root.pem -cert "  \
    "hub-files/device.crt -key hub-files/device.key <${1:-session} 2>/dev/null | od -An -v -tx1 | " \
    "tr -d ' \\n'; }"

static void every_packet_fault_shows_on_the_wire(void **state)
{
    (void)state;
    char expected[600];
    struct buf script HR_CLEANUP(buf_deinit);
    struct shell_result r;
    write_session();
    buf_init(&script, 1 << 16);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(buf_printf(&script,
                                    "hubrig ctl clear >/dev/null; hubrig ctl fault %s >/dev/null; "
                                    "echo \"row %zu: $(dial).\"; ",
                                    rows[i].fault, i),
                         0);
    }
    shell_run(&r, "serve --x509; %s; %s finish", DIAL, buf_text(&script));
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        snprintf(expected, sizeof expected, "row %zu: %s.\n", i, rows[i].heard);
        if (!strstr(buf_text(&r.out), expected)) {
            print_error("fault: %s\n", rows[i].fault);
        }
        shell_assert_says(&r, expected);
    }
    shell_assert_says(&r, "hub 0\n");
    shell_release(&r);
}

static void a_twin_request_gets_the_status_that_is_asked_for(void **state)
{
    (void)state;
    static const char fault[] = "answer 429 at twin.request";
    struct shell_result r;
    write_twin_session();
    shell_run(&r,
              "serve --x509; %s; hubrig ctl fault %s; echo busy $(dial twin-session); "
              "echo free $(dial twin-session); finish",
              DIAL, fault);
    const char *busy = strstr(buf_text(&r.out), "busy");
    const char *free_again = strstr(buf_text(&r.out), "free");
    assert_non_null(busy);
    assert_non_null(free_again);
    const char *refused = strstr(busy, "2f7265732f3432392f"); // "/res/429/"
    assert_true(refused && refused < free_again);
    assert_non_null(strstr(free_again, "2f7265732f3230302f")); // "/res/200/"
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packet_fault_shows_on_the_wire),
        cmocka_unit_test(a_twin_request_gets_the_status_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
