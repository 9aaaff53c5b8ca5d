// SPDX-License-Identifier: MIT
// How far a device came that gave no other sign; and what its own log says.
#include "harness/diagnosis/rows.h"

// Whether its program has ended since or not.
static bool never_dialled(const struct diagnosis *d)
{
    return d->series[EVENT_DEVICE_STARTED].count > 0 && d->series[EVENT_TCP_ACCEPTED].count == 0;
}

static const struct row rows[] = {
    {"time-unanswered", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "sntp.request.answered = false; sntp.request > dns.answer", facts_has_no_tcp,
     "the device waits for the answer of a time server, and dials nobody",
     "ask again, with growing waits, and ask other servers too; a lookup before each question finds "
     "the next one of a pool"},
    {"time-without-time", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "sntp.reply.stratum = 0|16; sntp.reply > dns.answer", facts_has_no_tcp,
     "the time server has no time to tell (stratum {sntp.reply.stratum}), and the device dials nobody",
     "ask again, with growing waits, or another server"},
    {"time-not-believed", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "sntp.reply.stratum != 0|16; sntp.reply > dns.answer", facts_has_no_tcp,
     "the time server answered {sntp.reply.utc}, and the device dials nobody: it cannot read or believe that time",
     "NTP counts seconds in 32 bits that begin anew on 7 February 2036: add 2^32 to a time before 1970"},
    {"dns-slow", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.answer.behaviour ~ slow", facts_has_no_tcp,
     "the device does not wait long enough for the answer about {dns.answer.name}, which comes late",
     "give a name server several seconds, and ask it more than once: a cellular link has to wake up"},
    {"dns-cut", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.answer.behaviour = truncated; dns.query.over = udp", facts_has_no_tcp,
     "the answer about {dns.answer.name} does not fit a datagram, and the device does not ask over TCP",
     "let the resolver ask again over TCP when an answer has the bit TC, or offer larger datagrams (EDNS)"},
    {"dns-first-address", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.answer.behaviour = dead-ipv6", facts_has_no_tcp,
     "the device was told two addresses of {dns.answer.name} and never came over the second",
     "try every address that getaddrinfo returns, each with a time limit of its own"},
    {"dns-stranger", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.answer.behaviour = poisoned", facts_has_no_tcp,
     "the device was told a wrong address of {dns.answer.name} and has not asked again",
     "look the name up before every attempt; keep no address for longer than its time to live"},
    {"dns-unanswered", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.query > dns.answer", facts_has_no_tcp,
     "the device's last question for {dns.query.name} got no answer, and it has not asked again",
     "give a lookup a time limit and repeat it; no task that must go on may wait for it"},
    {"dns-says-no", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY,
     "dns.answer.code = NXDOMAIN|SERVFAIL|REFUSED", facts_has_no_tcp,
     "the device asked for {dns.answer.name}, was told {dns.answer.code}, and has not asked again",
     "take no answer of a name server for final: look the name up again, with growing waits"},
    {"log-dns", "how-far", SURENESS_SURE, "- @silence", CHAIN_ANY, "log.error.cause = dns",
     facts_has_no_tcp, "the device never came to the hub; its log says: {log.error.meaning}",
     "{log.error.try}"},
    {"log-network", "how-far", SURENESS_SURE, "- @silence", CHAIN_ANY, "log.error.cause = network",
     facts_has_no_tcp, "the device never came to the hub; its log says: {log.error.meaning}",
     "{log.error.try}"},
    {"log-before-the-wire", "how-far", SURENESS_SURE, "- @silence", CHAIN_ANY,
     "log.error.cause = root|key|credentials|memory|clock", facts_has_no_tcp,
     "no packet reached the hub; the device's log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
    {"bundle-before-the-wire", "bundle", SURENESS_LIKELY, "device.exited - @silence", CHAIN_ANY,
     "doctor.bundle", never_dialled,
     "no packet reached the hub, and the device may not get past its root file: {doctor.bundle.file}: "
     "{doctor.bundle.what}",
     "{doctor.bundle.try}"},
    {"identity-before-the-wire", "identity", SURENESS_LIKELY, "device.exited - @silence", CHAIN_ANY,
     "doctor.identity", never_dialled, "no packet reached the hub: {doctor.identity.what}",
     "{doctor.identity.try}"},
    {"no-client-hello", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY, NULL, facts_has_no_hello,
     "the device opened a TCP connection and never sent a TLS ClientHello",
     "MQTT to IoT Hub is TLS from the first byte on port 8883: turn TLS on, and check its random "
     "source and memory"},
    {"no-connect", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_GOOD, "!dps.connect", facts_has_no_connect,
     "TLS was established and the device never sent CONNECT",
     "look for a wait between TLS and MQTT: a name check, a clock that is not set, a failed token, "
     "a loop that is not run"},
    {"no-telemetry", "how-far", SURENESS_LIKELY, "- @ledger", CHAIN_ANY, NULL, facts_has_no_telemetry,
     "the device is connected and sends no telemetry",
     "publish to devices/{{id}/messages/events/ after CONNACK; check the send interval and that the "
     "MQTT loop runs"},
    {"other-topics", "how-far", SURENESS_LIKELY, "?mqtt.subscribed", CHAIN_ANY,
     "mqtt.subscribed > tcp.closed", NULL,
     "the device is connected and subscribed to other topics than the one that was waited for; its last "
     "one is {mqtt.subscribed.filter}",
     "subscribe each topic of the hub's that it uses, after every connect without a kept session: "
     "devices/{{id}/messages/devicebound/#, $iothub/methods/POST/#, and as a module "
     "devices/{{id}/modules/{{module}/inputs/#"},
    {"no-tcp", "how-far", SURENESS_LIKELY, "- @silence", CHAIN_ANY, NULL, facts_has_no_tcp,
     "the device runs and never opened a TCP connection to the hub",
     "check host name and port in its connection string, name resolution, firewall and proxy, and "
     "that the program starts its network"},
    {"connected-without-root", "accepted", SURENESS_SURE, "mqtt.connect", CHAIN_GOOD,
     "doctor.root > hub.chain; doctor.root.missing != ; !mqtt.connected", NULL,
     "the device sent its credentials over a chain that it cannot verify: {doctor.root.what}",
     "turn verification on, and load only the roots that the device must trust"},
    {"connected-regardless", "accepted", SURENESS_POSSIBLE, "mqtt.connect", CHAIN_GOOD,
     "hub.chain; !doctor.root; !mqtt.connected",
     NULL,
     "the device sent its credentials over {chain}, which is sound: if it was not given this root, it "
     "does not look for one",
     "compare root.pem in the evidence folder with the chain; verify the server and load only the roots "
     "that the device must trust"},
    {"device-closed", "how-far", SURENESS_LIKELY, "tcp.closed", CHAIN_ANY, "tcp.closed.by = device",
     NULL, "the device itself ended the connection ({tcp.closed.how}), where it should have kept it",
     "look at the last packet before the end in the capture: the device crashed over it, restarted, or "
     "takes it for an error"},
    {"log-says", "log", SURENESS_POSSIBLE, "- device.exited @recovery @silence @detect", CHAIN_ANY,
     "log.error", NULL, "the device's log says: {log.error.meaning} ({log.error.code})",
     "{log.error.try}"},
};

const struct row_table diagnosis_last_rows = {rows, HR_COUNT_OF(rows)};
