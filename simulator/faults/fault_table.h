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
    AT_TLS_HELLO = 1 << 6,   // a ClientHello has come and is about to be answered
    AT_TLS_MESSAGE = 1 << 7, // a message of the handshake that is not encrypted
    AT_TLS_RECORD = 1 << 8,  // a record whose content is none of the rewriter's business
    AT_TLS = AT_TLS_HELLO | AT_TLS_MESSAGE | AT_TLS_RECORD,
    AT_STATUS = 1 << 5,  // what is answered has a status of its own
    AT_ID = 1 << 9,      // the packet repeats the id of what it answers
    AT_SUBACK = 1 << 10, // SUBACK
    AT_OWNER = 1 << 11,  // the hub is about to let an identity in
    AT_NET = 1 << 12,     // the network between: a fault is a state there, not an act
    AT_PORT = 1 << 13,    // a listener, which has connections of any device
    AT_DIAL = 1 << 14,    // who answers a new connection
    AT_STATE = AT_NET | AT_PORT | AT_DIAL, // what stands at the network, until it is cleared
    AT_PACKET = AT_CONNACK | AT_ANSWER | AT_PUSH,
    AT_ALL = (1 << 12) - 1,
    AT_NAMELESS = AT_ACCEPT | AT_TLS, // the device is not known there, so a fault cannot name one
};

//    C name        word            classes      what happens there
#define SITE_NET_TABLE(X)                                                                          \
    X(TCP_ACCEPT, "tcp.accept", AT_ACCEPT, "a TCP connection was accepted, no byte has been read") \
    X(DPS_ACCEPT, "dps.accept", AT_ACCEPT, "the provisioning service accepted a TCP connection")                       \
    X(NET_ANY, "net.any", AT_STATE, "the network before every endpoint")                   \
    X(NET_MQTTS, "net.mqtts", AT_STATE, "the network before the hub's MQTT port, 8883")    \
    X(NET_HTTPS, "net.https", AT_STATE, "the network before the hub's port for WebSocket and HTTPS, 443") \
    X(NET_DPS, "net.dps", AT_STATE, "the network before the provisioning service")

// What a server is about to put on the wire. In TLS 1.3 everything between server_hello and the end
// of the handshake is encrypted and counts as finished. NAME and word: whose sites, who: in a sentence.
#define SITE_FLIGHT_TABLE(X, NAME, word, who)                                                      \
    X(NAME##_CLIENT_HELLO, word ".client_hello", AT_TLS_HELLO,                                     \
      "a ClientHello arrived and " who " is about to answer it")                                   \
    X(NAME##_SERVER_HELLO, word ".server_hello", AT_TLS_MESSAGE,                                   \
      who " is about to send ServerHello")                                                         \
    X(NAME##_CERTIFICATE, word ".certificate", AT_TLS_MESSAGE, who " is about to send its chain")  \
    X(NAME##_SERVER_KEY_EXCHANGE, word ".server_key_exchange", AT_TLS_MESSAGE,                     \
      who " is about to send its signed half of the key exchange")                                 \
    X(NAME##_CERTIFICATE_REQUEST, word ".certificate_request", AT_TLS_MESSAGE,                     \
      who " is about to ask for a client certificate")                                             \
    X(NAME##_SERVER_HELLO_DONE, word ".server_hello_done", AT_TLS_MESSAGE,                         \
      who " is about to end its first flight")                                                     \
    X(NAME##_NEW_SESSION_TICKET, word ".new_session_ticket", AT_TLS_MESSAGE,                       \
      who " is about to send a session ticket")                                                    \
    X(NAME##_CHANGE_CIPHER_SPEC, word ".change_cipher_spec", AT_TLS_RECORD,                        \
      who " is about to switch to encryption")                                                     \
    X(NAME##_FINISHED, word ".finished", AT_TLS_RECORD,                                            \
      who " is about to end the handshake on its side")                                            \
    X(NAME##_APPLICATION_DATA, word ".application_data", AT_TLS_RECORD,                            \
      who " is about to send a record with MQTT or HTTP in it")

#define SITE_TLS_TABLE(X)                                                                          \
    SITE_FLIGHT_TABLE(X, TLS, "tls", "the hub")                                                    \
    SITE_FLIGHT_TABLE(X, DPS, "dps", "the provisioning service")

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

#define SITE_TABLE(X) SITE_NET_TABLE(X) SITE_TLS_TABLE(X) SITE_MQTT_TABLE(X) SITE_DPS_TABLE(X)

// Arguments: what stands in a script (the form in help texts) and what is stored of it.
// ARG_NUMBER: decimal or 0x hex, stored as it is. ARG_TIME: a duration, stored in microseconds.
// ARG_NAME: a name that `find_name` knows, or a number when `most_number` is not 0.
// ARG_WORD: one of the words of its form, stored as its place in the list. ARG_BYTES: hex digits in
// pairs, or text behind "text:"; kept in fault.bytes. ARG_SHARE: a percentage such as 2.5%, stored in
// millionths.
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
#define ARG_NAME(form_text, find_name, name_of, most_number)                                       \
    {                                                                                              \
        .type = FAULT_ARGUMENT_NAME, .form = form_text, .most = most_number, .find = find_name,    \
        .name = name_of                                                                            \
    }
#define ARG_BYTES(form_text)                                                                       \
    {                                                                                              \
        .type = FAULT_ARGUMENT_BYTES, .form = form_text                                            \
    }
#define ARG_SHARE(form_text, from_ppm, to_ppm)                                                     \
    {                                                                                              \
        .type = FAULT_ARGUMENT_SHARE, .form = form_text, .least = from_ppm, .most = to_ppm         \
    }
#define FAULT_DAY_US UINT64_C(86400000000)

//    C name  word       arguments                        default site  where     meaning
#define FAULT_ANY_TABLE(X)                                                                         \
    X(DELAY, "delay", ARG_TIME("DURATION", 1, FAULT_DAY_US), ARG_NOTHING, MQTT_CONNACK,            \
      AT_ACCEPT | AT_PACKET | AT_TLS, "act only after this time")                                          \
    X(DROP, "drop", ARG_WORD("fin|rst"), ARG_NOTHING, MQTT_CONNACK, AT_ALL,                        \
      "close the TCP connection instead of acting: an orderly end or a reset")                     \
    X(STALL, "stall", ARG_NOTHING, ARG_NOTHING, TCP_ACCEPT, AT_ALL,                                \
      "keep the connection open and never read or write")

#define FAULT_MQTT_TABLE(X)                                                                        \
    X(REFUSE, "refuse", ARG_NUMBER("CODE", 1, 5), ARG_NOTHING, MQTT_CONNACK, AT_CONNACK,           \
      "answer CONNECT with this CONNACK code, 1 to 5")                                             \
    X(SWALLOW, "swallow", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK,                                   \
      AT_PACKET | AT_TLS_MESSAGE | AT_TLS_RECORD, "do not send it")                                \
    X(DOUBLE, "double", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK,                                     \
      AT_PACKET | AT_TLS_MESSAGE | AT_TLS_RECORD,                                                  \
      "send it twice; a message of QoS 1 with DUP the second time")                                \
    X(SWAP, "swap", ARG_NOTHING, ARG_NOTHING, MQTT_PUBACK,                                         \
      AT_ANSWER | AT_PUSH | AT_TLS_MESSAGE | AT_TLS_RECORD,                                        \
      "send it after the next one of its kind, or after a second when none comes; of TLS, after "  \
      "the next message or record")                 \
    X(INJECT, "inject", ARG_BYTES("HEX|text:WORD"), ARG_NOTHING, MQTT_PUBACK, AT_PACKET | AT_TLS,  \
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

// What a row says of records holds from its site to the end of the unencrypted flight. What is done to
// encrypted records breaks their protection, but for segment; an alert and a HelloRequest follow the
// record of their site there, encrypted as they should be.
#define FAULT_TLS_TABLE(X)                                                                         \
    X(SLICE, "slice", ARG_NUMBER("BYTES", 1, 16384), ARG_NOTHING, TLS_SERVER_HELLO,                \
      AT_TLS_MESSAGE, "cut the handshake into records of so many bytes, from here on")             \
    X(COALESCE, "coalesce", ARG_NOTHING, ARG_NOTHING, TLS_SERVER_HELLO, AT_TLS_MESSAGE,            \
      "put the handshake messages into one record, from here on")                                  \
    X(SEGMENT, "segment", ARG_NUMBER("BYTES", 1, 16384), ARG_NOTHING, TLS_SERVER_HELLO, AT_TLS,    \
      "send TCP segments of so many bytes, from here to the end of the connection")                \
    X(RECORD_VERSION, "record-version", ARG_NUMBER("VERSION", 0, 65535), ARG_NOTHING,              \
      TLS_SERVER_HELLO, AT_TLS_MESSAGE | AT_TLS_RECORD,                                            \
      "write this version into the headers of records, from here on")                              \
    X(RECORD_TYPE, "record-type", ARG_NUMBER("TYPE", 0, 255), ARG_NOTHING, TLS_SERVER_HELLO,       \
      AT_TLS_MESSAGE | AT_TLS_RECORD, "send the message in a record of this type")                 \
    X(EMPTY_RECORDS, "empty-records", ARG_NUMBER("COUNT", 1, 1000), ARG_NOTHING, TLS_SERVER_HELLO, \
      AT_TLS_MESSAGE | AT_TLS_RECORD, "send so many empty handshake records first")                \
    X(OVERSIZE, "oversize", ARG_NOTHING, ARG_NOTHING, TLS_SERVER_HELLO,                            \
      AT_TLS_MESSAGE | AT_TLS_RECORD, "send it in a record of 18688 bytes, 2048 more than allowed") \
    X(CORRUPT, "corrupt", ARG_NUMBER("OFFSET", 0, 65535), ARG_NOTHING, TLS_SERVER_KEY_EXCHANGE,    \
      AT_TLS_MESSAGE | AT_TLS_RECORD,                                                              \
      "flip the bits of one byte, counted from the start of the message or of the record's content") \
    X(TRUNCATE, "truncate", ARG_NUMBER("BYTES", 0, 65535), ARG_NOTHING, TLS_SERVER_HELLO,          \
      AT_TLS_MESSAGE | AT_TLS_RECORD,                                                              \
      "keep so many bytes of the body, and let the length say so")                                 \
    X(ALERT, "alert", ARG_WORD("warning|fatal"),                                                   \
      ARG_NAME("ALERT", chain_alert_code, chain_alert_word, 255), TLS_SERVER_HELLO, AT_TLS,        \
      "send this alert (a name or a number); a fatal one and close_notify end the connection")     \
    X(WARNINGS, "warnings", ARG_NUMBER("COUNT", 1, 1000), ARG_NOTHING, TLS_SERVER_HELLO,           \
      AT_TLS_HELLO | AT_TLS_MESSAGE, "send so many warnings (unrecognized_name) first")            \
    X(HELLO_REQUEST, "hello-request", ARG_NOTHING, ARG_NOTHING, TLS_APPLICATION_DATA,              \
      AT_TLS_MESSAGE | AT_TLS_RECORD,                                                              \
      "ask the device for a new handshake; at tls.application_data it is then made")               \
    X(KEY_UPDATE, "key-update", ARG_NOTHING, ARG_NOTHING, TLS_APPLICATION_DATA, AT_TLS_RECORD,     \
      "change the hub's keys behind it and ask the device to change its own (TLS 1.3)")            \
    X(PLAIN, "plain-text", ARG_WORD("http|mqtt|random|echo"), ARG_NOTHING, TLS_CLIENT_HELLO, AT_TLS, \
      "send something else than TLS and nothing more: HTTP 400, an MQTT CONNACK, random bytes, or " \
      "the ClientHello")                                                                           \
    X(HALF_CLOSE, "half-close", ARG_NOTHING, ARG_NOTHING, TLS_APPLICATION_DATA, AT_TLS,            \
      "end the connection in the hub's direction after it, and go on reading")                      \
    X(FLIGHT, "flight", ARG_NAME("FLIGHT", flight_find, flight_word, 0), ARG_NOTHING,              \
      TLS_CLIENT_HELLO, AT_TLS_HELLO,                                                              \
      "answer with a flight that is made by hand (`hubrig words flights`), and judge the device "  \
      "by its next message")

#define FAULT_DPS_TABLE(X)                                                                         \
    X(ANSWER, "answer", ARG_NUMBER("STATUS", 400, 599), ARG_NOTHING, DPS_REGISTER, AT_STATUS,      \
      "answer a request with this status, 400 to 599, instead of acting")

// States of the network: they stand until they are cleared or their time is over, and act on live
// connections too.
#define FAULT_NET_TABLE(X)                                                                         \
    X(BLACKHOLE, "blackhole", ARG_WORD("up|down|both"), ARG_NOTHING, NET_ANY, AT_NET,              \
      "nothing gets through, up from the device, down from the hub; TCP stays, and what was sent " \
      "arrives when it ends, as by retransmission")                                                \
    X(LATENCY, "latency", ARG_TIME("DURATION", 1, 60000000), ARG_NOTHING, NET_ANY, AT_NET,         \
      "bytes take so much longer, each way")                                                       \
    X(JITTER, "jitter", ARG_TIME("DURATION", 1, 60000000), ARG_NOTHING, NET_ANY, AT_NET,           \
      "bytes take longer by chance, up to this, each way; their order stays")                      \
    X(BANDWIDTH, "bandwidth", ARG_NUMBER("BYTES_PER_S", 1, 1000000000), ARG_NOTHING, NET_ANY,      \
      AT_NET, "no more bytes a second than this, each way and for each connection")                \
    X(LOSS, "loss", ARG_SHARE("PERCENT", 1, 900000), ARG_NOTHING, NET_ANY, AT_NET,                 \
      "so many segments are lost, each way: each comes again after 200 ms and a round trip, then "  \
      "twice that, and what follows waits for it, which is what TCP makes of loss")                \
    X(WINDOW, "window", ARG_NUMBER("BYTES", 1152, 65535), ARG_NOTHING, NET_ANY, AT_NET,            \
      "the hub offers a receive window of so many bytes: no more is on its way from the device")   \
    X(SLOW_CLOSE, "slow-close", ARG_TIME("DURATION", 1, FAULT_DAY_US), ARG_NOTHING, NET_ANY,       \
      AT_NET, "the hub's FIN, and every end that the device makes, arrive so much later than the bytes")  \
    X(FLAP, "flap", ARG_TIME("UP", 1000, FAULT_DAY_US), ARG_TIME("DOWN", 1000, FAULT_DAY_US),      \
      NET_ANY, AT_NET, "by turns open for UP and a black hole both ways for DOWN")                 \
    X(CUT, "cut", ARG_NUMBER("BYTES", 0, 1000000000), ARG_NOTHING, NET_ANY, AT_NET,                \
      "reset a connection when the hub has more to send than these bytes of its beginning")        \
    X(REFUSE_TCP, "refuse-tcp", ARG_NOTHING, ARG_NOTHING, NET_ANY, AT_PORT,                        \
      "the port is closed: a new connection is refused (RST); live ones stay")                     \
    X(BLOCK, "block", ARG_NOTHING, ARG_NOTHING, NET_ANY, AT_PORT,                                  \
      "the port is silent: the SYN of a new connection gets no answer; live ones stay")                \
    X(PORTAL, "portal", ARG_WORD("200|302|511"), ARG_NOTHING, NET_HTTPS, AT_DIAL,                  \
      "a captive portal answers new connections: TLS with a certificate of its own, and inside it " \
      "a login page with this HTTP status")

#define FAULT_TABLE(X)                                                                             \
    FAULT_ANY_TABLE(X)                                                                             \
    FAULT_MQTT_TABLE(X) FAULT_TLS_TABLE(X) FAULT_DPS_TABLE(X) FAULT_NET_TABLE(X)
