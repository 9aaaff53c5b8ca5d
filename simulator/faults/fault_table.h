// SPDX-License-Identifier: MIT
// The rows of the fault table: every site and every kind of fault, in groups by the layer that
// asks. `hubrig words` prints both tables, and fault_parse() reads and checks by them alone, so a
// new fault is a row here and the code that acts.
#pragma once

// Which sites a fault can act at: classes of sites, one bit each.
enum fault_class {
    AT_ACCEPT = 1 << 0,  // a TCP connection came in; no device is known yet
    AT_CONNACK = 1 << 1, // an answer to CONNECT
    AT_ANSWER = 1 << 2,  // any other packet of the hub that the device waits for
    AT_PUSH = 1 << 3,    // a packet that the hub sends by itself
    AT_TAKE = 1 << 4,    // something arrived and is about to be taken
    AT_STATUS = 1 << 5,  // what is answered has a status of its own
    AT_ID = 1 << 9,      // the packet repeats the id of what it answers
    AT_SUBACK = 1 << 10, // SUBACK
    AT_OWNER = 1 << 11,  // the hub is about to let an identity in
    AT_PACKET = AT_CONNACK | AT_ANSWER | AT_PUSH,
    AT_ALL = (1 << 12) - 1,
    AT_NAMELESS = AT_ACCEPT, // the device is not known there, so a fault cannot name one
};

//    C name        word            classes      what happens there
#define SITE_NET_TABLE(X)                                                                          \
    X(TCP_ACCEPT, "tcp.accept", AT_ACCEPT, "a TCP connection was accepted, no byte has been read") \
    X(DPS_ACCEPT, "dps.accept", AT_ACCEPT, "the provisioning service accepted a TCP connection")

#define SITE_MQTT_TABLE(X)                                                                         \
    X(MQTT_CONNACK, "mqtt.connack", AT_CONNACK | AT_OWNER, "the hub is about to accept a CONNECT") \
    X(MQTT_PUBLISH, "mqtt.publish", AT_TAKE, "a telemetry message arrived, it is not yet stored")  \
    X(MQTT_PUBACK, "mqtt.puback", AT_ANSWER | AT_ID, "the hub is about to acknowledge a message")  \
    X(MQTT_SUBACK, "mqtt.suback", AT_ANSWER | AT_ID | AT_SUBACK,                                   \
      "the hub is about to acknowledge a subscription")                                            \
    X(MQTT_UNSUBACK, "mqtt.unsuback", AT_ANSWER | AT_ID,                                           \
      "the hub is about to acknowledge the end of a subscription")                                 \
    X(MQTT_PINGRESP, "mqtt.pingresp", AT_ANSWER, "the hub is about to answer a ping")              \
    X(MQTT_C2D, "mqtt.c2d", AT_PUSH, "the hub is about to publish a cloud-to-device message")      \
    X(TWIN_REQUEST, "twin.request", AT_TAKE | AT_STATUS,                                           \
      "a twin request arrived, it is not yet acted on")                                            \
    X(TWIN_RESPONSE, "twin.response", AT_ANSWER | AT_ID,                                           \
      "the hub is about to answer a twin request")                                                 \
    X(TWIN_DESIRED, "twin.desired", AT_PUSH,                                                       \
      "the hub is about to tell the device of new desired properties")                             \
    X(METHOD_REQUEST, "method.request", AT_PUSH | AT_ID,                                           \
      "the hub is about to send a method call to the device")

#define SITE_DPS_TABLE(X)                                                                          \
    X(DPS_CONNACK, "dps.connack", AT_CONNACK,                                                      \
      "the provisioning service is about to accept a CONNECT")                                     \
    X(DPS_PUBACK, "dps.puback", AT_ANSWER | AT_ID,                                                 \
      "the provisioning service is about to acknowledge a request")                                \
    X(DPS_SUBACK, "dps.suback", AT_ANSWER | AT_ID | AT_SUBACK,                                     \
      "the provisioning service is about to acknowledge a subscription")                           \
    X(DPS_UNSUBACK, "dps.unsuback", AT_ANSWER | AT_ID,                                             \
      "the provisioning service is about to acknowledge the end of a subscription")                \
    X(DPS_PINGRESP, "dps.pingresp", AT_ANSWER,                                                     \
      "the provisioning service is about to answer a ping")                                        \
    X(DPS_REGISTER, "dps.register", AT_ANSWER | AT_STATUS | AT_ID,                                 \
      "the provisioning service is about to take a registration")                                  \
    X(DPS_STATUS, "dps.status", AT_ANSWER | AT_STATUS | AT_ID,                                     \
      "the provisioning service is about to tell a registration's state")

#define SITE_TABLE(X) SITE_NET_TABLE(X) SITE_MQTT_TABLE(X) SITE_DPS_TABLE(X)

// Arguments: what stands in a script (the form in help texts) and what is stored of it.
// ARG_NUMBER: decimal or 0x hex, stored as it is. ARG_TIME: a duration, stored in microseconds.
// ARG_WORD: one of the words of its form, stored as its place in the list. ARG_BYTES: hex digits in
// pairs, or text behind "text:"; kept in fault.bytes.
#define ARG_NOTHING                                                                                \
    {                                                                                              \
        .type = FAULT_ARGUMENT_NONE, .form = ""                                                    \
    }
#define ARG_NUMBER(form_text, from, to)                                                            \
    {                                                                                              \
        .type = FAULT_ARGUMENT_NUMBER, .form = form_text, .least = from, .most = to                \
    }
#define ARG_TIME(form_text, from_us, to_us)                                                        \
    {                                                                                              \
        .type = FAULT_ARGUMENT_TIME, .form = form_text, .least = from_us, .most = to_us            \
    }
#define ARG_WORD(form_text)                                                                        \
    {                                                                                              \
        .type = FAULT_ARGUMENT_WORD, .form = form_text                                             \
    }
#define ARG_BYTES(form_text)                                                                       \
    {                                                                                              \
        .type = FAULT_ARGUMENT_BYTES, .form = form_text                                            \
    }
#define FAULT_DAY_US UINT64_C(86400000000)

//    C name  word       arguments                        default site  where     meaning
#define FAULT_ANY_TABLE(X)                                                                         \
    X(DELAY, "delay", ARG_TIME("DURATION", 1, FAULT_DAY_US), ARG_NOTHING, MQTT_CONNACK,            \
      AT_ACCEPT | AT_PACKET, "act only after this time")                                               \
    X(DROP, "drop", ARG_WORD("fin|rst"), ARG_NOTHING, MQTT_CONNACK, AT_ALL,                        \
      "close the TCP connection instead of acting: an orderly end or a reset")                     \
    X(STALL, "stall", ARG_NOTHING, ARG_NOTHING, TCP_ACCEPT, AT_ALL,                                \
      "keep the connection open and never read or write")

#define FAULT_MQTT_TABLE(X)                                                                        \
    X(REFUSE, "refuse", ARG_NUMBER("CODE", 1, 5), ARG_NOTHING, MQTT_CONNACK, AT_CONNACK,           \
      "answer CONNECT with this CONNACK code, 1 to 5")                                             \
    X(SWALLOW, "swallow", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK, AT_PACKET, "do not send it")      \
    X(DOUBLE, "double", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK, AT_PACKET,                          \
      "send it twice; a message of QoS 1 with DUP the second time")                                \
    X(SWAP, "swap", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK, AT_ANSWER | AT_PUSH,                    \
      "send it after the next one of its kind, or after a second when none comes")                 \
    X(INJECT, "inject", ARG_BYTES("HEX|text:WORD"), ARG_NOTHING, MQTT_PUBACK, AT_PACKET,           \
      "write these bytes first, as they are")                                                      \
    X(WRONG_ID, "wrong-id", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK, AT_ID,                          \
      "answer with another packet id or $rid than the device's")                                   \
    X(MALFORM, "malform", ARG_WORD("length|truncated|type|qos3|flags|remaining-length"),           \
      ARG_NOTHING, MQTT_CONNACK, AT_PACKET,                                                        \
      "break the packet: its length says one byte too many, it ends in mid-field, its type is "    \
      "15, QoS bits are 3, all flags are set, its length has five bytes")                          \
    X(EARLY_PUBLISH, "early-publish", ARG_NOTHING, ARG_NOTHING, MQTT_SUBACK,                       \
      AT_CONNACK | AT_SUBACK, "send a message (QoS 0) before it")                                  \
    X(SUBACK_CODE, "suback-code", ARG_NUMBER("CODE", 0, 255), ARG_NOTHING, MQTT_SUBACK, AT_SUBACK, \
      "acknowledge each filter with this code; 0x80 is a refusal, which IoT Hub never sends")      \
    X(CONNACK_CODE, "connack-code", ARG_NUMBER("CODE", 0, 255), ARG_NOTHING, MQTT_CONNACK,         \
      AT_CONNACK, "answer CONNECT with this code and close, also with 0")                          \
    X(SESSION_LIE, "session-lie", ARG_NOTHING, ARG_NOTHING, MQTT_CONNACK, AT_CONNACK,              \
      "accept CONNECT and say the contrary of the truth about a kept session")                     \
    X(RESERVED_BITS, "reserved-bits", ARG_NOTHING, ARG_NOTHING, MQTT_CONNACK, AT_CONNACK,          \
      "accept CONNECT with the reserved bits of CONNACK set")                                      \
    X(TAKEOVER, "takeover", ARG_NOTHING, ARG_NOTHING, MQTT_CONNACK, AT_OWNER,                      \
      "accept CONNECT, then another client with the same identity ends the connection")

#define FAULT_DPS_TABLE(X)                                                                         \
    X(ANSWER, "answer", ARG_NUMBER("STATUS", 400, 599), ARG_NOTHING, DPS_REGISTER, AT_STATUS,      \
      "answer a request with this status, 400 to 599, instead of acting")

#define FAULT_TABLE(X) FAULT_ANY_TABLE(X) FAULT_MQTT_TABLE(X) FAULT_DPS_TABLE(X)
