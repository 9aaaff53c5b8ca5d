// SPDX-License-Identifier: MIT
// Packets, filters and telemetry of a connected device: one line per rule of IoT Hub over MQTT, to
// be read beside its documentation.
#include "simulator/mqtt/talk_rig.h"

#define CONNECTED "connect bench-01"
#define MODULE    "connect bench-01/mod-a"
#define OF_MODULE "devices/bench-01/modules/mod-a"

// ---- what closes, what is answered

static const struct talk_row packet_rows[] = {
    {"PUBLISH QoS 2: taken, then closed", "pub " EVENTS_TOPIC " q2", "FIN",
     "will=false\nmqtt.error why=\"QoS 2"},
    {"RETAIN: a property, nothing is retained", "pub " EVENTS_TOPIC " retain", "",
     "properties={\"mqtt-retain\":\"true\"}"},
    {"DUP: a property", "pub " EVENTS_TOPIC " q1 dup", "PUBACK 9",
     "properties={\"mqtt-dup\":\"true\"}"},
    {"DUP: not taken for the same message", "pub " EVENTS_TOPIC " q1; pub " EVENTS_TOPIC " q1 dup",
     "PUBACK 9 | PUBACK 9", "mqtt.puback packet_id=9\nd2c.message"},
    {"unknown topic: close", "pub home/kitchen q1", "FIN", "is none that the hub knows"},
    {"unknown $iothub topic: close", "pub $iothub/other", "FIN", "is none that the hub knows"},
    {"another device's topic: close", "pub devices/bench-02/messages/events/ q1", "FIN",
     "belongs to another identity"},
    {"the id in another case: close", "pub devices/Bench-01/messages/events/", "FIN",
     "belongs to another identity"},
    {"a longer id: close", "pub devices/bench-011/messages/events/", "FIN",
     "belongs to another identity"},
    {"its own module's topic: close", "pub " OF_MODULE "/messages/events/", "FIN",
     "belongs to another identity"},
    {"something behind events without a slash: close", "pub devices/bench-01/messages/eventsx",
     "FIN", "belongs to another identity"},
    {"SUBSCRIBE without filter: close", "bytes 82020001", "FIN", "SUBSCRIBE has no topic filter"},
    {"UNSUBSCRIBE without filter: close", "bytes A2020001", "FIN",
     "UNSUBSCRIBE has no topic filter"},
    {"packet id 0: close", "bytes 32050001740000", "FIN", "the packet id is 0"},
    {"reserved bits: close", "bytes 8006000100017800", "FIN",
     "the flags of SUBSCRIBE are 0, expected 2"},
    {"a packet that only a hub sends: close", "bytes 20020000", "FIN",
     "a device never sends this packet\" packet=CONNACK"},
    {"PUBREL: close", "bytes 62020001", "FIN", "packet=PUBREL"},
    {"PUBREC: close", "bytes 50020001", "FIN", "packet=PUBREC"},
    {"DISCONNECT with a body: close", "bytes E00178", "FIN", "packet=DISCONNECT"},
    {"packet of 262144 bytes", "fill " EVENTS_TOPIC " 262144", "PUBACK 9", "d2c.message"},
    {"packet of one byte more: close, no PUBACK", "fill " EVENTS_TOPIC " 262145", "FIN",
     "the packet has 262145 bytes; the hub takes at most 262144\" packet=PUBLISH"},
    {"PUBACK that nobody asked for: close", "ack 1", "FIN", "the hub waits for none"},
    {"PUBACK out of order: close", "sub " C2D_FILTER " 1; c2d bench-01 2; ack 3",
     "SUBACK 1 | PUBLISH q1 #2 " C2D_TOPIC " | PUBLISH q1 #3 " C2D_TOPIC " | FIN",
     "the hub waits for 2"},
    {"PINGREQ", "ping", "PINGRESP", "mqtt.ping"},
    {"UNSUBSCRIBE: UNSUBACK", "sub $iothub/twin/res/# 0; unsub $iothub/twin/res/#",
     "SUBACK 0 | UNSUBACK", "mqtt.unsubscribed filter=$iothub/twin/res/#"},
    {"UNSUBSCRIBE of what was never subscribed: UNSUBACK", "unsub never/seen", "UNSUBACK",
     "!mqtt.unsubscribed"},
    {"DISCONNECT: close", "disconnect", "FIN", "mqtt.disconnect"},
};

static void every_packet_has_its_rule(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, packet_rows);
}

// ---- filters: never 0x80

static const struct talk_row filter_rows[] = {
    {"QoS 2 is granted as 1", "sub " C2D_FILTER " 2", "SUBACK 1", "!run.note"},
    {"cloud to device", "sub " C2D_FILTER " 1", "SUBACK 1", "!run.note"},
    {"cloud to device with + (embedded C)", "sub devices/+/messages/devicebound/# 1", "SUBACK 1",
     "!run.note"},
    {"twin answers", "sub $iothub/twin/res/# 0", "SUBACK 0", "!run.note"},
    {"desired properties", "sub $iothub/twin/PATCH/properties/desired/# 0", "SUBACK 0",
     "!run.note"},
    {"methods", "sub $iothub/methods/POST/# 0", "SUBACK 0", "!run.note"},
    {"credentials", "sub $iothub/credentials/res/# 1", "SUBACK 1", "!run.note"},
    {"unknown filter: granted, noted", "sub home/# 1", "SUBACK 1", "run.note"},
    {"unknown filter, strict: close", "set has_strict_subscriptions 1; sub home/# 1", "FIN",
     "mqtt.error"},
    {"another device's: granted, noted", "sub devices/bench-02/messages/devicebound/# 1",
     "SUBACK 1", "run.note"},
    {"the sixth filter: granted, noted",
     "sub " C2D_FILTER " 1; sub $iothub/twin/res/# 0; sub $iothub/methods/POST/# 0; "
     "sub $iothub/twin/PATCH/properties/desired/# 0; sub $iothub/credentials/res/# 0; "
     "sub devices/+/messages/devicebound/# 0",
     "SUBACK 1 | SUBACK 0 | SUBACK 0 | SUBACK 0 | SUBACK 0 | SUBACK 0", "is the sixth"},
    {"the sixth filter, strict: close",
     "set has_strict_subscriptions 1; sub " C2D_FILTER " 1; sub $iothub/twin/res/# 0; "
     "sub $iothub/methods/POST/# 0; sub $iothub/twin/PATCH/properties/desired/# 0; "
     "sub $iothub/credentials/res/# 0; sub devices/+/messages/devicebound/# 0",
     "SUBACK 1 | SUBACK 0 | SUBACK 0 | SUBACK 0 | SUBACK 0 | FIN", "is the sixth"},
};

static void every_filter_has_its_grant(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, filter_rows);
}

static const struct talk_row module_filter_rows[] = {
    {"module, everything (C, C#)", "sub " OF_MODULE "/# 1", "SUBACK 1", "!run.note"},
    {"module, inputs (Node, Python, Java)", "sub " OF_MODULE "/inputs/# 1", "SUBACK 1",
     "!run.note"},
    {"module, devicebound (Java)", "sub " OF_MODULE "/messages/devicebound/# 1", "SUBACK 1",
     "!run.note"},
    {"module: its device's is noted", "sub " C2D_FILTER " 1", "SUBACK 1", "run.note"},
    {"module: telemetry below its own topic", "pub " OF_MODULE "/messages/events/a=1/ q1",
     "PUBACK 9", "properties={\"a\":\"1\"}"},
    {"module: its device's topic closes", "pub " EVENTS_TOPIC " q1", "FIN",
     "belongs to another identity"},
};

static void every_filter_of_a_module_has_its_grant(void **state)
{
    (void)state;
    ASSERT_TALKS(MODULE, module_filter_rows);
}

// ---- telemetry: the topic's bag

static const struct talk_row telemetry_rows[] = {
    {"QoS 0", "pub " EVENTS_TOPIC " = x", "", "d2c.message message_id=\"\" qos=0"},
    {"QoS 1: PUBACK after it is stored", "pub " EVENTS_TOPIC " q1 = x", "PUBACK 9",
     "packet_id=9 will=false\nmqtt.puback packet_id=9\n"},
    {"without the slash behind events", "pub devices/bench-01/messages/events", "", "d2c.message"},
    {"with a slash behind the bag (Java, modules of Node)", "pub " EVENTS_TOPIC "a=1/", "",
     "properties={\"a\":\"1\"}"},
    {"with slashes in the bag (C)", "pub " EVENTS_TOPIC "a=b/c/d=e/", "",
     "properties={\"a\":\"b/c/d=e\"}"},
    {"keys and values are decoded", "pub " EVENTS_TOPIC "a%2Fb=c%26d", "",
     "properties={\"a/b\":\"c&d\"}"},
    {"%2B is a plus sign", "pub " EVENTS_TOPIC "a=b%2Bc", "", "properties={\"a\":\"b+c\"}"},
    {"a raw + is a wildcard: close", "pub " EVENTS_TOPIC "a=b+c", "FIN", "percent-encode"},
    {"a key alone is null", "pub " EVENTS_TOPIC "a&b=", "", "properties={\"a\":null,\"b\":\"\"}"},
    {"$ raw (Java)", "pub " EVENTS_TOPIC "$.mid=m-1", "", "message_id=m-1"},
    {"$ as %24 (C, Node, Python)", "pub " EVENTS_TOPIC "%24.mid=m-1", "", "message_id=m-1"},
    {"application properties before the system's (C)", "pub " EVENTS_TOPIC "a=1&%24.mid=m-1", "",
     "message_id=m-1"},
    {"a bag that cannot be read: close", "pub " EVENTS_TOPIC "a=%4 q1", "FIN",
     "the property bag of the topic cannot be read"},
    {"beyond the throttle: PUBACK late",
     "rate d2c 1/s; pub " EVENTS_TOPIC " q1; pub " EVENTS_TOPIC " q1; ping; wait 1",
     "PUBACK 9 | PINGRESP | PUBACK 9", "hub.throttle operation=d2c delay_ms=1000"},
    {"beyond the throttle's queue: close, no PUBACK",
     "rate d2c 1/m; pub " EVENTS_TOPIC " q1; pub " EVENTS_TOPIC " q1", "PUBACK 9 | FIN",
     "mqtt.cut reason=throttled hub_code=429002"},
};

static void every_form_of_telemetry_is_taken_by_its_rule(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, telemetry_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packet_has_its_rule),
        cmocka_unit_test(every_filter_has_its_grant),
        cmocka_unit_test(every_filter_of_a_module_has_its_grant),
        cmocka_unit_test(every_form_of_telemetry_is_taken_by_its_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
