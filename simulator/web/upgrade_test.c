// SPDX-License-Identifier: MIT
#include "simulator/web/upgrade.h"
#include "base/test.h"

#include <string.h>

static const char *const names[] = {"mqtt"};

static struct upgrade_request good(void)
{
    return (struct upgrade_request){
        .is_get = true,
        .path = SPAN_LITERAL("/$iothub/websocket"),
        .host = SPAN_LITERAL("myhub.azure-devices.net"),
        .connection = SPAN_LITERAL("Upgrade"),
        .version = SPAN_LITERAL("13"),
        .key = SPAN_LITERAL("dGhlIHNhbXBsZSBub25jZQ=="),
        .subprotocols = SPAN_LITERAL("mqtt"),
    };
}

static void assert_refused(const struct upgrade_request *r, const char *word)
{
    const char *why = upgrade_judge(r, names, 1);
    if (!why || !strstr(why, word)) {
        fail_msg("expected a refusal that names '%s', got '%s'", word, why ? why : "none");
    }
}

static void an_upgrade_as_the_sdks_send_it_is_good(void **state)
{
    (void)state;
    static const char *const connections[] = {"Upgrade", "upgrade", "keep-alive, Upgrade",
                                              "keep-alive,upgrade"};
    static const char *const subprotocols[] = {"mqtt", "MQTT", "Mqtt", "foo, mqtt", "mqtt,bar"};
    struct upgrade_request r = good();
    for (size_t i = 0; i < HR_COUNT_OF(connections); i++) {
        r.connection = span_text(connections[i]);
        assert_null(upgrade_judge(&r, names, 1));
    }
    for (size_t i = 0; i < HR_COUNT_OF(subprotocols); i++) {
        r.subprotocols = span_text(subprotocols[i]);
        assert_null(upgrade_judge(&r, names, 1));
    }
}

static void every_missing_or_wrong_part_is_named(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "", "/$iothub/websocket/", "/$IoTHub/websocket",
                                        "/iothub/websocket"};
    static const char *const keys[] = {"", "short", "dGhlIHNhbXBsZSBub25jZQ=",
                                       "dGhlIHNhbXBsZSBub25jZQ*=", "dGhl HNhbXBsZSBub25jZQ=="};
    static const char *const subprotocols[] = {"mqttv3.1", "amqp", "mq tt", "mqtt;", ",mqtt"};
    struct upgrade_request r = good();
    for (size_t i = 0; i < HR_COUNT_OF(paths); i++) {
        r.path = span_text(paths[i]);
        assert_refused(&r, "/$iothub/websocket");
    }
    r = good();
    for (size_t i = 0; i < HR_COUNT_OF(keys); i++) {
        r.key = span_text(keys[i]);
        assert_refused(&r, "Sec-WebSocket-Key");
    }
    r = good();
    for (size_t i = 0; i < HR_COUNT_OF(subprotocols); i++) {
        r.subprotocols = span_text(subprotocols[i]);
        assert_refused(&r, "no known subprotocol");
    }
    r.subprotocols = SPAN_EMPTY;
    assert_refused(&r, "Sec-WebSocket-Protocol is missing");
    r = good();
    r.is_get = false;
    assert_refused(&r, "GET");
    r = good();
    r.host = SPAN_EMPTY;
    assert_refused(&r, "Host");
    r = good();
    r.connection = SPAN_LITERAL("keep-alive");
    assert_refused(&r, "Connection: Upgrade");
    r = good();
    r.version = SPAN_LITERAL("8");
    assert_refused(&r, "Sec-WebSocket-Version");
}

static void lists_too_long_for_libwebsockets_are_refused(void **state)
{
    (void)state;
    char list[300];
    struct upgrade_request r = good();
    memset(list, 'x', sizeof list);
    memcpy(list, "mqtt,", 5);
    r.subprotocols = span_of(list, 5 + UPGRADE_TOKEN_BYTES_MOST);
    assert_null(upgrade_judge(&r, names, 1));
    r.subprotocols = span_of(list, 5 + UPGRADE_TOKEN_BYTES_MOST + 1);
    assert_refused(&r, "no known subprotocol");
    memset(list + 5, ',', 1);
    r.subprotocols = span_of(list, sizeof list);
    assert_refused(&r, "no known subprotocol");
}

static void a_word_has_two_to_the_letters_spellings(void **state)
{
    (void)state;
    char seen[16][8];
    char out[8];
    for (unsigned i = 0; i < 16; i++) {
        assert_true(upgrade_spelling("mqtt", i, seen[i], sizeof seen[i]));
        for (unsigned before = 0; before < i; before++) {
            assert_string_not_equal(seen[before], seen[i]);
        }
    }
    assert_string_equal(seen[0], "mqtt");
    assert_string_equal(seen[15], "MQTT");
    assert_false(upgrade_spelling("mqtt", 16, out, sizeof out));
    assert_false(upgrade_spelling("longword", 0, out, sizeof out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_as_the_sdks_send_it_is_good),
        cmocka_unit_test(every_missing_or_wrong_part_is_named),
        cmocka_unit_test(lists_too_long_for_libwebsockets_are_refused),
        cmocka_unit_test(a_word_has_two_to_the_letters_spellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
