// SPDX-License-Identifier: MIT
// What the device made of a packet or a record that a fault of the scenario changed, held back or
// made up.
#include "harness/diagnosis/rows.h"

#define LEFT    "tcp.closed tls.failed tls.refused -"
#define BY_FATE "tcp.closed > fault.fired; tcp.closed.by = device; "
#define KEPT    "fault.fired > tcp.closed; "

// One attempt, over since, and no second one.
static bool tried_once(const struct diagnosis *d)
{
    return d->series[EVENT_DEVICE_EXITED].count == 0 && d->series[EVENT_TCP_ACCEPTED].count == 1 &&
           facts_last(d, EVENT_TCP_CLOSED, EVENT_TCP_ACCEPTED) &&
           d->series[EVENT_TLS_ESTABLISHED].count == 0;
}

static const struct row rows[] = {
    {"message-before-suback", "changed", SURENESS_SURE, LEFT, CHAIN_ANY,
     BY_FATE "fault.fired.fault = early-publish", NULL,
     "the device takes a message that comes before its SUBACK for an error",
     "be ready for messages from the moment SUBSCRIBE is sent (MQTT-3.8.4): the hub has some "
     "waiting"},
    {"puback-order", "changed", SURENESS_SURE, LEFT, CHAIN_ANY,
     BY_FATE "fault.fired.fault = swap|double; fault.fired.site = mqtt.puback", NULL,
     "the device ends the connection over a PUBACK that it did not expect next "
     "({fault.fired.fault})",
     "look the packet id up among the open messages; ignore an acknowledgement that fits none"},
    {"answer-late", "changed", SURENESS_SURE, LEFT " @quiet", CHAIN_ANY,
     BY_FATE "fault.fired.fault ~ delay; fault.fired.site ~ mqtt.", NULL,
     "the device does not wait for an answer that comes late: {fault.fired.fault} at "
     "{fault.fired.site}",
     "wait 10 to 30 s for CONNACK, SUBACK, PUBACK and PINGRESP before the connection counts as "
     "dead"},
    {"handshake-late", "changed", SURENESS_SURE, LEFT, CHAIN_ANY,
     BY_FATE "fault.fired.fault ~ delay; fault.fired.site ~ tls.", NULL,
     "the device gives a TLS handshake too little time: it left during {fault.fired.fault} at "
     "{fault.fired.site}",
     "give the whole handshake 20 to 30 s: links are slow, and so is RSA on a small processor"},
    {"renegotiation-feared", "changed", SURENESS_SURE, LEFT, CHAIN_ANY,
     BY_FATE "fault.fired.fault = hello-request", NULL,
     "the device ends the connection when the hub asks for a new handshake",
     "answer HelloRequest with a new handshake or with the warning no_renegotiation, and go on "
     "(RFC "
     "5246 7.4.1.1)"},
    {"warning-is-fatal", "changed", SURENESS_SURE, LEFT, CHAIN_ANY,
     BY_FATE "fault.fired.fault ~ warnings", NULL,
     "the device takes a warning alert for the end of the connection",
     "go on after an alert of level 1 other than close_notify (RFC 5246 7.2)"},
    {"records-not-divided", "changed", SURENESS_SURE, LEFT, CHAIN_GOOD,
     "fault.fired.fault = coalesce; fault.fired > tls.established", NULL,
     "the device cannot read several handshake messages in one record",
     "read on behind the first message of a record (RFC 5246 6.2.1): IoT Hub sends its flight so"},
    {"gave-up-after-handshake", "changed", SURENESS_SURE, "-", CHAIN_GOOD,
     "fault.fired.site ~ tls.; !mqtt.connect", tried_once,
     "one TLS handshake went wrong, and the device never dialled again",
     "treat a failed handshake as passing, whatever it failed with, and retry with a growing wait"},
    {"malformed-kept", "changed", SURENESS_SURE, "?tcp.closed ?mqtt.connect", CHAIN_ANY,
     KEPT "fault.fired.fault ~ malform", NULL,
     "the device was sent a malformed packet ({fault.fired.fault} at {fault.fired.site}) and kept "
     "the "
     "connection",
     "close the connection at once when a packet breaks the format (MQTT-4.8.0-1): where the next "
     "one "
     "begins is not known any more"},
    {"puback-not-matched", "changed", SURENESS_SURE, "-", CHAIN_ANY,
     KEPT "fault.fired.fault = wrong-id; fault.fired.site = mqtt.puback", NULL,
     "the device took a PUBACK with another packet id for that of its message",
     "look the packet id up among the open messages instead of counting acknowledgements"},
    {"end-not-noticed", "detect", SURENESS_SURE, "?tcp.closed", CHAIN_ANY,
     "fault.fired.fault = half-close; fault.fired > tcp.closed", NULL,
     "the hub ended its half of the connection, and the device goes on writing into the other",
     "take a read of 0 bytes, or the close_notify of TLS, for the end: close and dial again"},
    {"puback-not-missed", "changed", SURENESS_SURE, "?tcp.closed ?mqtt.connect", CHAIN_ANY,
     KEPT "fault.fired.fault = swallow; fault.fired.site = mqtt.puback", NULL,
     "the device does not notice that one of its messages is not acknowledged",
     "give each open QoS 1 message a time limit of its own; then reconnect, and send it again with "
     "DUP"},
    {"suback-not-missed", "changed", SURENESS_SURE, "?tcp.closed ?mqtt.connect", CHAIN_ANY,
     KEPT "fault.fired.fault = swallow; fault.fired.site = mqtt.suback", NULL,
     "the device does not notice that its SUBSCRIBE is not answered: it may be deaf",
     "time out a SUBSCRIBE, and reconnect"},
    {"suback-unread", "changed", SURENESS_SURE, "-", CHAIN_ANY,
     KEPT "fault.fired.fault = suback-code 128", NULL,
     "the hub refused a subscription (SUBACK code 128), and the device did not look",
     "read every return code of a SUBACK; after 128 subscribe again later, or reconnect"},
    {"large-request", "request", SURENESS_LIKELY, "?tls.judged", CHAIN_GOOD,
     "tls.judged.flight = request-8k|request-20k; tls.judged.verdict != accepted", NULL,
     "the device ended the handshake at a CertificateRequest that names many CAs, {tls.judged.flight}",
     "give TLS an input buffer of 16 KB, and a stack that joins a message of several records; the names "
     "need not be kept"},
    {"session-believed", "changed", SURENESS_SURE, "-", CHAIN_ANY,
     "fault.fired.fault = session-lie; fault.fired > mqtt.subscribed; "
     "mqtt.connected.session_present = false", // CONNACK said the opposite
     NULL,
     "the device believes session present = 1 and does not subscribe, though it never had a "
     "session",
     "take session present at its word only when this boot has subscribed before; else subscribe"},
    {"no-goodbye", "goodbye", SURENESS_SURE, "?mqtt.disconnect", CHAIN_ANY,
     "tcp.closed.by = device; !mqtt.disconnect", NULL,
     "the device ends its connection without a DISCONNECT",
     "send DISCONNECT before the socket is closed: else the hub publishes the will, and takes a "
     "planned "
     "reconnect for a lost device"},
    {"address-remembered", "address", SURENESS_SURE, "?tcp.accepted", CHAIN_ANY,
     "dns.answer; tcp.closed > dns.answer; tcp.accepted > tcp.closed", NULL,
     "the device dialled the address that it had looked up for an earlier connection",
     "look the name up before every attempt, and keep no address for longer than its time to live"},
    {"assignment-awaited-for-ever", "dps", SURENESS_SURE, "?tcp.closed ?dps.register", CHAIN_ANY,
     "dps.assigning; !dps.assigned; dps.status > tcp.closed", NULL,
     "the device asks for its assignment again and again, and never starts over",
     "give a registration a few minutes in all; then close the connection and register anew, "
     "later"},
};

const struct row_table diagnosis_fault_rows = {rows, HR_COUNT_OF(rows)};
