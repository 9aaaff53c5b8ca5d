// SPDX-License-Identifier: MIT
// What the oracles ask about: back-off, recovery, ledger, keep-alive, renewal.
#include "harness/diagnosis/rows.h"

#include <stdlib.h>
#include <string.h>

#define ADVICE_BACKOFF                                                                             \
    "wait longer after each failure, doubled up to a cap, with a random part; start over only "    \
    "when a connection has proved good: a PUBACK came, or it stood for some seconds"

// So soon after the loss that nobody can tell yet whether it comes back at all.
static bool was_lost_just_now(const struct diagnosis *d)
{
    return facts_stays_away(d) &&
           d->newest_us - d->series[EVENT_TCP_CLOSED].last_us < UINT64_C(10000000);
}

// Accepted again and again, and lost each time.
static bool hammers_though_accepted(const struct diagnosis *d)
{
    return facts_hammers(d) && d->series[EVENT_MQTT_CONNECTED].count >= 3 &&
           d->series[EVENT_DEVICE_STARTED].count <= 1;
}

// Too long to be back soon after the hub is.
static bool waits_long(const struct diagnosis *d)
{
    const struct fact_series *tries = &d->series[EVENT_TCP_ACCEPTED];
    return tries->count > 1 && facts_longest_us(d, tries) > UINT64_C(60000000) &&
           facts_goes_on_trying(d);
}

// What ended its connections was the device: it was long content with them, too.
static bool has_left_by_itself(const struct diagnosis *d)
{
    bool has_closed = strcmp(d->closed_by, "device") == 0;
    return waits_long(d) && (has_closed || d->series[EVENT_MQTT_DISCONNECT].count > 0);
}

// Again and again, and not once in an hour to renew its token.
static bool comes_and_goes(const struct diagnosis *d)
{
    const struct fact_series *s = &d->series[EVENT_MQTT_CONNECT];
    return s->count >= 3 && (s->last_us - s->first_us) / (s->count - 1) < UINT64_C(60000000);
}

static bool keep_alive_beyond_hub(const struct diagnosis *d)
{
    char seconds[FACT_TEXT_BYTES];
    return strtol(facts_value(d, EVENT_MQTT_CONNECT, "keep_alive_s", seconds), NULL, 10) > 1767;
}

static const struct row rows[] = {
    {"clock-step-stops", "link", SURENESS_LIKELY, "?d2c.message", CHAIN_ANY,
     "device.clock > mqtt.connected; mqtt.connected", NULL,
     "its clock was set to {device.clock.utc} while it was connected, and its messages stopped",
     "measure waits with the monotonic clock (CLOCK_MONOTONIC, a tick count), not with the time of day"},
    {"clock-step-waits", "retry", SURENESS_SURE, "?mqtt.connected", CHAIN_ANY,
     "device.clock > tcp.accepted; mqtt.connected; device.clock > tcp.closed", facts_stays_away,
     "the device's clock was set to {device.clock.utc} while it waited to dial again, and it has not "
     "dialled since",
     "measure waits with the monotonic clock (CLOCK_MONOTONIC, a tick count), not with the time of day: "
     "when that is put back by hours, the wait lasts hours"},
    {"no-jitter", "retry", SURENESS_SURE, "@backoff~=_exponential~without_jitter @backoff~=_linear~without_jitter", CHAIN_ANY, NULL, NULL,
     "the device waits longer after each failure, but without a random part",
     "add a random part to each wait (a quarter of it or more): a fleet that lost its hub together must "
     "not come back together"},
    {"tries-used-up", "retry", SURENESS_LIKELY, "@backoff @recovery -", CHAIN_ANY, NULL,
     facts_ran_out_of_tries,
     "the device gave up: {attempts} attempts, and no more for {longest}",
     "do not count attempts: go on for ever, with waits that grow to a few minutes, or restart the device "
     "when they are used up"},
    {"wait-without-cap", "retry", SURENESS_LIKELY, "?mqtt.connected", CHAIN_ANY,
     "fault.fired.fault ~ refuse|drop; fault.fired.site = mqtt.connack|tcp.accept; "
     "fault.fired > mqtt.connected", waits_long,
     "the device's waits grow too long to be back soon: {attempts} attempts, the longest wait {longest} or more",
     "cap the wait at two to five minutes, so that the device is back soon after its hub"},
    {"gave-up-subscribing", "retry", SURENESS_SURE, "@backoff @recovery -", CHAIN_ANY,
     "mqtt.refused.code = 0; mqtt.refused > tcp.accepted", facts_stays_away,
     "the hub accepted the connection and ended it before SUBACK, and the device never dialled again",
     "take a lost connection for passing in every state, also while SUBSCRIBE waits for its answer"},
    {"gave-up-after-refusal", "retry", SURENESS_LIKELY, "@backoff @recovery -", CHAIN_ANY,
     "mqtt.refused > tcp.accepted", facts_has_given_up,
     "the device gave up after CONNACK {mqtt.refused.code}: no attempt came after it",
     "treat each refusal as passing: 3 is a busy hub, 5 may be a clock that is not set yet; retry "
     "with a growing wait"},
    {"no-quick-retry", "retry", SURENESS_LIKELY, "@recovery", CHAIN_ANY, NULL, was_lost_just_now,
     "seconds after the hub had ended a good connection the device had not dialled again: its first wait "
     "is long, or it does not come back at all",
     "dial within a second when a good connection is lost, and keep long waits for failures that repeat"},
    {"no-reconnect", "retry", SURENESS_LIKELY, "@backoff @recovery @detect @resubscribe @twin-sync -",
     CHAIN_ANY, NULL, facts_stays_away,
     "the device did not come back after the hub had ended its connection",
     "handle a closed socket and a refused CONNECT as a reason to retry; use a keep-alive so that "
     "a lost link is noticed"},
    {"in-step", "retry", SURENESS_SURE, "mqtt.connect tcp.accepted @rate", CHAIN_ANY, NULL,
     facts_is_fleet, "devices that lost their connections at the same moment came back at the same moment",
     "draw a random part of every wait, of the first one after a loss as well, from a seed that no two "
     "devices share"},
    {"leaves-sound-link", "retry", SURENESS_LIKELY, "mqtt.connected mqtt.connect @rate", CHAIN_ANY,
     "mqtt.connected; !fault.fired; !mqtt.refused", has_left_by_itself,
     "the device leaves connections that nothing is wrong with: {attempts} attempts, {mean} apart on "
     "average",
     "look for a watchdog, a work-around or a timer that connects anew to be sure; a keep-alive tells a "
     "dead link, and a token needs renewal once in its life"},
    {"success-too-early", "retry", SURENESS_SURE, "mqtt.connect tcp.accepted @backoff @rate", CHAIN_ANY,
     "mqtt.connected > mqtt.refused", hammers_though_accepted,
     "each connection is accepted and then lost, and the device does not slow down: {attempts} attempts, "
     "{mean} apart on average",
     "CONNACK 0 is no success yet: let the waits grow until a connection has proved good, by a PUBACK or by "
     "some seconds"},
    {"constant-waits", "retry", SURENESS_SURE, "@backoff~=_constant", CHAIN_ANY, NULL, facts_hammers,
     "the device waits the same time after every failure: {attempts} attempts, {mean} apart on average",
     ADVICE_BACKOFF},
    {"hammering", "retry", SURENESS_SURE,
     "mqtt.connect tcp.accepted tls.client_hello dps.connect @backoff~_=_ @rate", CHAIN_ANY,
     NULL, facts_hammers,
     "the device retries without enough back-off: {attempts} attempts, {mean} apart on average",
     ADVICE_BACKOFF},
    {"leaves-at-once", "retry", SURENESS_SURE, "-", CHAIN_ANY,
     "mqtt.disconnect > d2c.message; mqtt.connected", comes_and_goes,
     "the device connects and says goodbye at once, again and again: {attempts} attempts, {mean} apart "
     "on average",
     "look at the life of its token ({mqtt.connected.sas_expires_in_s} s left): one that is stored is "
     "always due for renewal; make a new one for each connect"},
    {"slow-recovery", "retry", SURENESS_LIKELY, "@recovery", CHAIN_ANY, NULL, NULL,
     "the device came back too late after the trouble had ended",
     "cap the wait between attempts (two to five minutes), and start over with short ones when the "
     "network comes back"},

    {"old-connection-left", "detect", SURENESS_LIKELY, "@detect -", CHAIN_ANY,
     "fault.fired.site = mqtt.connack; fault.fired.fault ~ swallow|stall|delay; "
     "mqtt.connected > fault.fired; !tcp.closed", NULL,
     "the device dialled again and left its dead connection open",
     "close the socket before a new connect: each leak costs a socket, and they are few"},
    {"connack-without-timeout", "detect", SURENESS_SURE, "@detect @silence @recovery -", CHAIN_ANY,
     "fault.fired.site = mqtt.connack; fault.fired.fault ~ swallow|stall; fault.fired > tcp.accepted",
     NULL, "the device waits for a CONNACK that does not come, without a time-out",
     "give CONNECT 20 to 30 s, then close the connection and dial again with back-off"},
    {"handshake-without-timeout", "detect", SURENESS_SURE, "@detect @silence @recovery -", CHAIN_ANY,
     "fault.fired.fault ~ stall; fault.fired > tls.established", NULL,
     "the device waits for a stalled server without a time-out",
     "set a time-out for connect, TLS handshake and CONNACK; no TLS stack has one of its own"},
    {"missing-pingresp", "detect", SURENESS_SURE, "@detect -", CHAIN_ANY,
     "fault.fired.site = mqtt.pingresp; fault.fired > tcp.accepted", NULL,
     "the device does not notice that its pings are not answered",
     "close the connection when PINGRESP is missing for the keep-alive or a shorter time-out"},
    {"missing-puback", "detect", SURENESS_SURE, "@detect", CHAIN_ANY,
     "fault.fired.site = mqtt.puback", NULL,
     "the device does not notice that its messages are not acknowledged",
     "time out an unacknowledged QoS 1 message, reconnect, and send it again with DUP"},
    {"missing-suback", "detect", SURENESS_SURE, "@detect", CHAIN_ANY,
     "fault.fired.site = mqtt.suback", NULL,
     "the device does not notice that its SUBSCRIBE is not answered",
     "time out a SUBSCRIBE and reconnect; without it the device is deaf"},
    {"half-open", "detect", SURENESS_LIKELY, "@detect", CHAIN_ANY, NULL, NULL,
     "the device holds on to a connection that is dead",
     "use a keep-alive of a few minutes at most, and TCP_USER_TIMEOUT where the stack has it"},
    {"long-silence", "silence", SURENESS_LIKELY, "@silence", CHAIN_ANY, NULL, NULL,
     "the device was silent on the wire for a long time, as one that blocks: in DNS, in connect, in a "
     "handshake or in a retry without a cap",
     "bound every blocking call; log before each of them, so that the last line names the culprit"},

    {"qos-not-1", "ledger", SURENESS_SURE, "d2c.message tcp.closed @ledger -", CHAIN_ANY,
     "d2c.message.qos = 0", NULL,
     "the device sends telemetry with QoS 0: what a lost connection swallows it never learns",
     "publish with QoS 1 and keep each message until its PUBACK"},
    {"qos-2", "ledger", SURENESS_SURE, "d2c.message tcp.closed mqtt.cut mqtt.error @ledger -", CHAIN_ANY,
     "d2c.message.qos = 2", NULL,
     "the device sends telemetry with QoS 2, which IoT Hub ends the connection for",
     "publish with QoS 1, and let the receiver know a message by its id"},
    {"retained", "retained", SURENESS_SURE, "d2c.message", CHAIN_ANY, "d2c.message.retain = true", NULL,
     "the device sends telemetry with RETAIN, which IoT Hub does not keep",
     "publish without RETAIN: the hub passes it on as a property and no more"},
    {"packet-id-changed", "ledger", SURENESS_SURE, "@ledger~renumbered", CHAIN_ANY, NULL, NULL,
     "the device sent a message again under another packet id",
     "keep the packet id with the message until its PUBACK (MQTT-4.4.0-1): by it both sides know a message "
     "that comes again"},
    {"lost-unacknowledged", "ledger", SURENESS_SURE, "@ledger -", CHAIN_ANY,
     "fault.fired.site = mqtt.puback|mqtt.publish", NULL,
     "the device forgot a message, or sent it as a new one, without DUP or under another packet id, "
     "when its PUBACK did not come",
     "keep a message until its PUBACK; send it again after the reconnect with DUP, the same packet id "
     "and the same message id"},
    {"c2d-not-taken", "ledger", SURENESS_SURE, "@ledger", CHAIN_ANY, "c2d.delivered > c2d.completed",
     NULL, "the device did not acknowledge a cloud-to-device message",
     "subscribe devices/{{id}/messages/devicebound/# with QoS 1 and send PUBACK when the message is "
     "stored"},
    {"c2d-never-subscribed", "ledger", SURENESS_SURE, "@ledger", CHAIN_ANY,
     "c2d.queued; !c2d.delivered", NULL,
     "no cloud-to-device message reached the device: it does not subscribe to them",
     "subscribe devices/{{id}/messages/devicebound/# after every connect without a kept session"},
    {"doubled-in-outage", "ledger", SURENESS_LIKELY, "@ledger~,_0_lost~,_0_reordered", CHAIN_ANY,
     "tcp.closed", NULL,
     "messages came twice around a lost connection, and none went missing",
     "take a message out of the queue when its PUBACK comes, also while another is sent again"},
    {"lost-in-outage", "ledger", SURENESS_LIKELY, "@ledger", CHAIN_ANY, "tcp.closed", NULL,
     "messages went missing, doubled or changed their order around a lost connection",
     "queue what is measured while away, and what is not acknowledged; empty the queue only by PUBACK"},
    {"unordered", "ledger", SURENESS_POSSIBLE, "@ledger", CHAIN_ANY, NULL, NULL,
     "the device's messages do not add up, with no lost connection in between",
     "look for two senders on one queue, or a counter that is not kept over a restart"},

    {"keep-alive-off", "keep-alive", SURENESS_SURE, "@keepalive @detect -", CHAIN_GOOD,
     "mqtt.connect.keep_alive_s = 0", NULL,
     "the device announces keep-alive 0: neither side notices a dead link",
     "announce 60 to 240 s; IoT Hub closes an idle connection after 1767 s at the latest"},
    {"keep-alive-too-long", "keep-alive", SURENESS_SURE, "@keepalive", CHAIN_ANY,
     "mqtt.connect.keep_alive_s != 0", keep_alive_beyond_hub,
     "the device announces a keep-alive of {mqtt.connect.keep_alive_s} s; IoT Hub ends an idle connection "
     "after 1767 s",
     "announce 60 to 240 s, under the time-out of routers on the way"},
    {"keep-alive-not-kept", "keep-alive", SURENESS_LIKELY, "@keepalive", CHAIN_ANY, NULL, NULL,
     "the device announces a keep-alive of {mqtt.connect.keep_alive_s} s that does not fit, or does "
     "not ping in time",
     "choose 60 to 240 s, under the time-out of routers on the way; run the MQTT loop often enough"},

    {"not-resubscribed", "whole-again", SURENESS_SURE, "@resubscribe", CHAIN_ANY,
     "mqtt.connected.session_present = false", NULL,
     "the device did not subscribe again although the hub had no session left: it is deaf",
     "subscribe again after each CONNACK with session present = 0; connect with clean session 0 to "
     "keep it"},
    {"not-subscribed-again", "whole-again", SURENESS_LIKELY, "-", CHAIN_ANY,
     "mqtt.subscribed; mqtt.connected > mqtt.subscribed", NULL,
     "the device did not subscribe after its last connect, as it had before",
     "subscribe after each CONNACK with session present = 0: the hub has forgotten the filters"},
    {"twin-not-read", "whole-again", SURENESS_SURE, "@twin-sync", CHAIN_ANY,
     "mqtt.connected > twin.get", NULL,
     "the device did not read its twin after the reconnect: what changed meanwhile is lost",
     "after each connect: subscribe $iothub/twin/res/#, GET the twin, compare $version, then take "
     "patches"},
    {"twin-stale", "whole-again", SURENESS_LIKELY, "@twin-sync", CHAIN_ANY, NULL, NULL,
     "the device has an old version of its desired properties",
     "subscribe to desired patches before the GET; when $version jumps by more than one, GET again"},

    {"renewed-at-wrong-time", "token", SURENESS_SURE, "@renewal", CHAIN_ANY, NULL, NULL,
     "the device renews its SAS token too early, too late or not at all",
     "renew at 80 to 90 % of the token's life by the same clock that made it; a step of the clock must "
     "move the timer"},
    {"memory-grows", "memory", SURENESS_SURE, "@memory", CHAIN_ANY, NULL, NULL,
     "the device takes more and more memory",
     "find what is kept for each message or each connection: count what is allocated and what is freed "
     "around them"},
    {"wrong-alert", "refusal", SURENESS_SURE, "@alert", CHAIN_BAD, "tls.refused.how = alert", NULL,
     "the device refused the bad chain {chain}, but told a wrong reason: {tls.refused.alert}",
     "not dangerous; map the verify result to the alert, so that a capture names the cause"},
    {"no-alert", "refusal", SURENESS_SURE, "tls.refused @alert", CHAIN_BAD, "tls.refused.how != alert", NULL,
     "the device refused the bad chain {chain} without an alert",
     "not dangerous; send the alert before the socket is closed (mbedtls_ssl_close_notify comes too "
     "late), so that a capture names the cause"},
};

const struct row_table diagnosis_link_rows = {rows, HR_COUNT_OF(rows)};
