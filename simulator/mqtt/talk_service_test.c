// SPDX-License-Identifier: MIT
// What the service sends and asks for, as a connected device sees it: one line per rule of IoT Hub
// over MQTT, to be read beside its documentation. What a twin's document may hold is in
// hub/twin_test.c.
#include "simulator/mqtt/talk_rig.h"

#define CONNECTED "connect bench-01"
#define OF_MODULE "devices/bench-01/modules/mod-a"
#define MODULE_TO                                                                                  \
    "%24.to=%2Fdevices%2Fbench-01%2Fmodules%2Fmod-a%2Fmessages%2FdeviceBound&iothub-ack=full"
#define SUB_C2D "sub " C2D_FILTER " 1; "
#define FIRST   "SUBACK 1 | PUBLISH q1 #2 " C2D_TOPIC " on"

// ---- cloud to device

static const struct talk_row c2d_rows[] = {
    {"QoS 1: PUBACK completes", SUB_C2D "c2d bench-01 = on; ack 2; queue bench-01",
     FIRST " | queue: 0", "c2d.completed sequence=1"},
    {"feedback comes within 15 s", SUB_C2D "c2d bench-01 = on; ack 2; wait 15", FIRST,
     "c2d.feedback status=Success"},
    {"an expired message has feedback too", "set c2d_ttl_s 60; c2d bench-01 = on; wait 76", "",
     "c2d.feedback status=Expired"},
    {"QoS 1: without PUBACK it stays", SUB_C2D "c2d bench-01 = on; queue bench-01",
     FIRST " | queue: 1", "!c2d.feedback"},
    {"QoS 0 completes at once", "sub " C2D_FILTER " 0; c2d bench-01 = on; queue bench-01",
     "SUBACK 0 | PUBLISH q0 " C2D_TOPIC " on | queue: 0", "c2d.completed sequence=1"},
    {"not subscribed: nothing comes", "c2d bench-01 = on; queue bench-01", "queue: 1",
     "!c2d.delivered"},
    {"what waits comes behind the SUBACK", "c2d bench-01 = on; " SUB_C2D, FIRST, NULL},
    {"with + for the id", "sub devices/+/messages/devicebound/# 0; c2d bench-01 = on",
     "SUBACK 0 | PUBLISH q0 " C2D_TOPIC " on", NULL},
    {"through another device's filter: nothing comes",
     "sub devices/bench-02/messages/devicebound/# 1; c2d bench-01 = on", "SUBACK 1", NULL},
    {"lock of 60 s, then again with DUP", SUB_C2D "c2d bench-01 = on; wait 59; ping; wait 1",
     FIRST " | PINGRESP | PUBLISH q1 dup #2 " C2D_TOPIC " on", "c2d.returned"},
    {"the connection ends: back to the queue, again with DUP",
     SUB_C2D "c2d bench-01 = on; lost; connect bench-01",
     FIRST " | 2:CONNACK 0 present | 2:PUBLISH q1 dup #2 " C2D_TOPIC " on",
     "why=\"the connection ended\""},
    {"clean 1 and a new SUBSCRIBE: a first delivery, the message was kept",
     SUB_C2D "c2d bench-01 = on; lost; connect bench-01 clean=1; sub " C2D_FILTER " 1",
     FIRST " | 2:CONNACK 0 | 2:SUBACK 1 | 2:PUBLISH q1 #2 " C2D_TOPIC " on", NULL},
    {"clean 1 by the option: what waited is deleted",
     "set c2d_goes_with_session 1; " SUB_C2D "c2d bench-01 = on; lost; connect bench-01 clean=1; sub " C2D_FILTER
     " 1; queue bench-01",
     FIRST " | 2:CONNACK 0 | 2:SUBACK 1 | queue: 0", "outcome=Purged"},
    {"50 messages wait, the 51st is refused: 403004", "c2d bench-01 51 = on; queue bench-01",
     "service: 403004 | queue: 50", NULL},
    {"time to live: an expired message is not delivered",
     "set c2d_ttl_s 60; c2d bench-01 = on; wait 61; " SUB_C2D, "SUBACK 1",
     "c2d.undelivered sequence=1 message_id=\"\" outcome=Expired"},
    {"delivery attempts do not count: it comes for ever",
     "set c2d_deliveries_most 1; " SUB_C2D "c2d bench-01 = on; wait 60; wait 60",
     FIRST " | PUBLISH q1 dup #2 " C2D_TOPIC " on | PUBLISH q1 dup #2 " C2D_TOPIC " on",
     "!c2d.undelivered"},
    {"delivery attempts count by the option: dead-lettered",
     "set c2d_deliveries_most 1; set c2d_counts_attempts 1; " SUB_C2D "c2d bench-01 = on; wait 60",
     FIRST, "outcome=DeliveryCountExceeded"},
    {"packet id: the message's number and 1", SUB_C2D "c2d bench-02 = other; c2d bench-01 = on",
     "SUBACK 1 | PUBLISH q1 #3 " C2D_TOPIC " on", NULL},
};

static void every_message_to_a_device_goes_by_its_rule(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, c2d_rows);
}

static const struct talk_row module_rows[] = {
    {"all of the module (C, C#)", "sub " OF_MODULE "/# 1; c2d bench-01/mod-a = on",
     "SUBACK 1 | PUBLISH q1 #2 " OF_MODULE "/messages/devicebound/" MODULE_TO " on", NULL},
    {"devicebound (Java)", "sub " OF_MODULE "/messages/devicebound/# 0; c2d bench-01/mod-a = on",
     "SUBACK 0 | PUBLISH q0 " OF_MODULE "/messages/devicebound/" MODULE_TO " on", NULL},
    {"inputs are something else", "sub " OF_MODULE "/inputs/# 1; c2d bench-01/mod-a = on",
     "SUBACK 1", NULL},
    {"by a route to an input (Node, Python, Java)",
     "sub " OF_MODULE "/inputs/# 1; input bench-01/mod-a in-1 = on; ack 2; queue bench-01/mod-a",
     "SUBACK 1 | PUBLISH q1 #2 " OF_MODULE "/inputs/in-1/%24.cdid=bench-01&level=7 on | queue: 0",
     "input=in-1"},
    {"by a route to an input, all of the module (C, C#)",
     "sub " OF_MODULE "/# 0; input bench-01/mod-a in-1 = on",
     "SUBACK 0 | PUBLISH q0 " OF_MODULE "/inputs/in-1/%24.cdid=bench-01&level=7 on", NULL},
    {"by a route to an input, addressed messages alone are subscribed",
     "sub " OF_MODULE "/messages/devicebound/# 1; input bench-01/mod-a in-1 = on; "
     "queue bench-01/mod-a",
     "SUBACK 1 | queue: 1", "!c2d.delivered"},
    {"an addressed message that waits holds no input up",
     "c2d bench-01/mod-a = later; sub " OF_MODULE "/inputs/# 0; input bench-01/mod-a in-1 = on; "
     "queue bench-01/mod-a",
     "SUBACK 0 | PUBLISH q0 " OF_MODULE "/inputs/in-1/%24.cdid=bench-01&level=7 on | queue: 1",
     NULL},
    {"a device has no inputs", "input bench-01 in-1 = on", "service: 400004", NULL},
    {"the name of an input has no slash", "input bench-01/mod-a in/1 = on", "service: 400004",
     NULL},
    {"twin of the module", "sub $iothub/twin/res/# 0; pub $iothub/twin/GET/?$rid=1",
     "SUBACK 0 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}",
     "twin.get"},
    {"method of the module",
     "sub $iothub/methods/POST/# 0; method bench-01/mod-a 0 = {}; "
     "pub $iothub/methods/res/200/?$rid=1 = 7",
     "SUBACK 0 | PUBLISH q0 $iothub/methods/POST/getCarVIN/?$rid=1 {} | service: status 200 7",
     "method.answered"},
    {"a method of its device is not the module's",
     "sub $iothub/methods/POST/# 0; method bench-01 0 = {}", "SUBACK 0 | service: 404103", NULL},
};

static void everything_works_for_a_module(void **state)
{
    (void)state;
    ASSERT_TALKS("connect bench-01/mod-a", module_rows);
}

// ---- twins

#define SUB_TWIN    "sub $iothub/twin/res/# 1; "
#define SUB_DESIRED "sub $iothub/twin/PATCH/properties/desired/# 1; "
#define GET         "$iothub/twin/GET/?$rid="
#define PATCH       "$iothub/twin/PATCH/properties/reported/"
#define EMPTY_TWIN  "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}"

static const struct talk_row twin_rows[] = {
    {"GET", SUB_TWIN "pub " GET "4711",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=4711 " EMPTY_TWIN, "twin.get"},
    {"GET with one blank (Node, Python)", SUB_TWIN "pub " GET "1 =  ",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 " EMPTY_TWIN, NULL},
    {"? behind the segment", SUB_TWIN "pub $iothub/twin/GET?$rid=1",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 " EMPTY_TWIN, NULL},
    {"other keys are ignored", SUB_TWIN "pub $iothub/twin/GET/?x=y&$rid=1&z",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 " EMPTY_TWIN, NULL},
    {"at QoS 1 the PUBACK comes first, the answer has QoS 0 (Java)", SUB_TWIN "pub " GET "1 q1",
     "SUBACK 1 | PUBACK 9 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 " EMPTY_TWIN, NULL},
    {"PATCH: 204, rid before version", SUB_TWIN "pub " PATCH "?$rid=2 = {\"b\":2}",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/204/?$rid=2&$version=2",
     "twin.reported version=2 patch={\"b\":2}"},
    {"PATCH: null deletes",
     SUB_TWIN "pub " PATCH " = {\"a\":1,\"b\":2}; pub " PATCH " = {\"a\":null}; pub " GET "1",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 "
     "{\"desired\":{\"$version\":1},\"reported\":{\"b\":2,\"$version\":3}}",
     NULL},
    {"rid comes back byte for byte", SUB_TWIN "pub " PATCH "?$rid=0aF-9%20_x = {}",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/204/?$rid=0aF-9%20_x&$version=2", NULL},
    {"not subscribed: no answer, applied all the same", "pub " PATCH "?$rid=1 = {\"a\":1}", "",
     "twin.reported version=2"},
    {"PATCH without rid: applied, no answer", SUB_TWIN "pub " PATCH " = {\"a\":1}", "SUBACK 1",
     "twin.reported version=2"},
    {"GET without rid: close", SUB_TWIN "pub $iothub/twin/GET/ q1", "SUBACK 1 | FIN",
     "has no $rid"},
    {"GET with an empty rid: close", SUB_TWIN "pub " GET " q1", "SUBACK 1 | FIN", "has no $rid"},
    {"unknown twin topic: close", "pub $iothub/twin/PUT/?$rid=1 q1", "FIN", "is no twin request"},
    {"PATCH of desired properties: close", "pub $iothub/twin/PATCH/properties/desired/?$rid=1 q1",
     "FIN", "is no twin request"},
    {"answers come from the hub alone: close", "pub $iothub/twin/res/200/?$rid=1", "FIN",
     "is no twin request"},
    {"desired patch: as it was given, with the new version, QoS 0",
     SUB_DESIRED "desired {\"a\":null,\"b\":1}",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/PATCH/properties/desired/?$version=2 "
     "{\"a\":null,\"b\":1,\"$version\":2}",
     "twin.pushed version=2"},
    {"desired replaced: the whole new section",
     "desired {\"a\":1}; " SUB_DESIRED "replace {\"b\":2}",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/PATCH/properties/desired/?$version=3 "
     "{\"b\":2,\"$version\":3}",
     NULL},
    {"desired, not subscribed: nothing, and nothing later", "desired {\"a\":1}; " SUB_DESIRED,
     "SUBACK 1", "!twin.pushed"},
    {"desired while away: nothing after the reconnect",
     SUB_DESIRED "lost; desired {\"a\":1}; connect bench-01", "SUBACK 1 | 2:CONNACK 0 present",
     "!twin.pushed"},
    {"beyond the throttle: the answer comes late",
     "rate twin-reads 1/s; " SUB_TWIN "pub " GET "1; pub " GET "2; ping; wait 1",
     "SUBACK 1 | PUBLISH q0 $iothub/twin/res/200/?$rid=1 " EMPTY_TWIN
     " | PINGRESP | PUBLISH q0 $iothub/twin/res/200/?$rid=2 " EMPTY_TWIN,
     "hub.throttle operation=twin-reads"},
};

static void every_twin_request_has_its_answer(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, twin_rows);
}

// Refused ones have a body with an id and the time; here the journal tells what was in it.
static const struct talk_row refused_twin_rows[] = {
    {"no api-version in the user name: GET is 400", "pub " GET "1", "",
     "twin.refused status=400 code=400004 why=\"the MQTT user name carries no api-version"},
    {"no api-version in the user name: PATCH is 400", "pub " PATCH "?$rid=1 = {}", "",
     "twin.refused status=400 code=400004 why=\"the MQTT user name carries no api-version"},
};

static void without_api_version_every_twin_request_is_refused(void **state)
{
    (void)state;
    ASSERT_TALKS("connect bench-01 tail=", refused_twin_rows);
}

// ---- methods

#define SUB_METHOD "sub $iothub/methods/POST/# 1; "
#define CALL       SUB_METHOD "method bench-01 0 = {\"x\":1}; "
#define CALLED     "SUBACK 1 | PUBLISH q0 $iothub/methods/POST/getCarVIN/?$rid=1 {\"x\":1}"
#define ANSWER     "pub $iothub/methods/res/"

static const struct talk_row method_rows[] = {
    {"the request at QoS 0, rid alone behind the name", CALL, CALLED,
     "method.invoked method=getCarVIN rid=1 payload={\"x\":1}"},
    {"the answer's status and payload", CALL ANSWER "200/?$rid=1 = {\"y\":2}",
     CALLED " | service: status 200 {\"y\":2}", "method.answered"},
    {"an answer at QoS 1 (Java)", CALL ANSWER "200/?$rid=1 q1 = 7",
     CALLED " | PUBACK 9 | service: status 200 7", NULL},
    {"an answer without payload is null", CALL ANSWER "200/?$rid=1",
     CALLED " | service: status 200 null", NULL},
    {"any integer is a status", CALL ANSWER "-7/?$rid=1", CALLED " | service: status -7 null",
     NULL},
    {"the device's own 404 is an answer", CALL ANSWER "404/?$rid=1",
     CALLED " | service: status 404 null", NULL},
    {"unknown rid: ignored", CALL ANSWER "200/?$rid=2", CALLED, "method.late"},
    {"no rid: ignored", CALL ANSWER "200/", CALLED, "method.late"},
    {"a second answer: ignored", CALL ANSWER "200/?$rid=1; " ANSWER "201/?$rid=1",
     CALLED " | service: status 200 null", "method.late"},
    {"no answer within 30 s: 504101", CALL "wait 30", CALLED " | service: 504101",
     "reason=method-timeout"},
    {"a late answer: ignored", CALL "wait 30; " ANSWER "200/?$rid=1", CALLED " | service: 504101",
     "method.late"},
    {"a payload that is no JSON", CALL ANSWER "200/?$rid=1 = {", CALLED " | service: 504101",
     "reason=method-bad-answer"},
    {"not subscribed: 404103", "method bench-01 0 = {}", "service: 404103", NULL},
    {"not connected: 404103", "method bench-02 0 = {}", "service: 404103", NULL},
    {"not subscribed yet, with a connect time-out: waits",
     "method bench-01 10 = {\"x\":1}; " SUB_METHOD, CALLED, NULL},
    {"not subscribed within the connect time-out: 404103", "method bench-01 10 = {}; wait 10",
     "service: 404103", NULL},
    {"not sent again after a reconnect", CALL "lost; connect bench-01",
     CALLED " | 2:CONNACK 0 present", NULL},
    {"an answer without status: close", ANSWER "?$rid=1 q1", "FIN", "is no answer to a method"},
    {"a status that is no number: close", ANSWER "ok/?$rid=1 q1", "FIN",
     "is no answer to a method"},
    {"requests come from the hub alone: close", "pub $iothub/methods/POST/x/?$rid=1", "FIN",
     "is no answer to a method"},
};

static void every_call_of_a_method_goes_by_its_rule(void **state)
{
    (void)state;
    ASSERT_TALKS(CONNECTED, method_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_to_a_device_goes_by_its_rule),
        cmocka_unit_test(everything_works_for_a_module),
        cmocka_unit_test(every_twin_request_has_its_answer),
        cmocka_unit_test(without_api_version_every_twin_request_is_refused),
        cmocka_unit_test(every_call_of_a_method_goes_by_its_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
