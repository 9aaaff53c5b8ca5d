// SPDX-License-Identifier: MIT
// What the network did to the device, and the device made of it.
#include "harness/diagnosis/rows.h"

#define GENERAL "- @recovery @silence @detect"

static const struct row rows[] = {
    {"portal-spoken-to", "portal", SURENESS_SURE, "portal.request", CHAIN_ANY, NULL, NULL,
     "the device sent {portal.request.request} to a captive portal, whose certificate has another name",
     "verify chain and host name before the first byte, and take a refusal for a network that is not "
     "open yet: wait and dial again"},
    {"portal-final", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "tls.refused.chain = portal; fault.cleared > tcp.accepted", NULL,
     "the device met a captive portal, refused it, and did not dial again when it was gone",
     "take a refused certificate for passing, too: dial again with growing waits"},

    {"hole-in-handshake", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "tcp.accepted > tls.established; net.held > tcp.accepted; fault.fired.fault ~ blackhole|flap", NULL,
     "the network swallowed everything during the TLS handshake, and the device waits on",
     "set a time limit for the handshake; no TLS stack has one of its own"},
    {"hole-before-connack", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "net.held.from = hub; net.held > mqtt.connected; mqtt.connect; !mqtt.subscribed; "
     "net.held > tcp.accepted; !d2c.message",
     NULL, "the device waits for a CONNACK that the network has swallowed, without a time-out",
     "give CONNECT 20 to 30 s, then close the connection and dial again with back-off"},
    {"hole-unnoticed", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "net.held > mqtt.connected; mqtt.connected; net.held > tcp.accepted", NULL,
     "the network swallows everything, and the device does not notice",
     "use a keep-alive of a few minutes at most, and end the connection when PINGRESP or PUBACK is "
     "missing"},
    {"reset-final", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "fault.fired.fault ~ cut; tcp.closed.how = rst; tcp.closed > tls.established; "
     "tcp.closed > tcp.accepted",
     NULL, "the connection was reset during the TLS handshake, and the device did not dial again",
     "take every end of a connection for passing, a reset in the handshake as well: dial again with "
     "growing waits"},
    {"slow-line", "network", SURENESS_SURE, GENERAL " tcp.closed", CHAIN_GOOD,
     "fault.fired.fault ~ latency|jitter|bandwidth|loss; tcp.closed.by = device; !mqtt.connected", NULL,
     "the device gave up on a slow line ({fault.fired.fault}): it closed the connection before CONNACK",
     "give TCP, TLS and CONNACK 20 s or more together; a handshake takes two round trips and one second "
     "is not enough for a satellite"},
    {"port-blocked", "network", SURENESS_SURE, GENERAL, CHAIN_ANY,
     "net.blocked > net.opened; net.blocked > tcp.accepted", facts_has_no_tcp,
     "port 8883 is closed in this network ({net.blocked.how}), and the device tried no other way",
     "try MQTT over WebSocket on port 443 when 8883 is out of reach"},
    {"port-open-again", "network", SURENESS_LIKELY, GENERAL, CHAIN_ANY,
     "net.opened > tcp.accepted; net.opened > net.blocked", NULL,
     "the port was closed for a while, and the device has not dialled since it is open again",
     "dial again for ever, with growing waits up to a few minutes"},
};

const struct row_table diagnosis_net_rows = {rows, HR_COUNT_OF(rows)};
