// SPDX-License-Identifier: MIT
// CONNECT, its refusal, and what the hub ends a connection for.
#include "harness/diagnosis/rows.h"

#define REFUSED "mqtt.refused -"
#define STILL   "mqtt.refused > mqtt.connected; "

static const struct row rows[] = {
    {"sends-after-refusal", "early", SURENESS_SURE, "mqtt.early", CHAIN_ANY,
     "mqtt.refused > mqtt.connected", NULL,
     "the device went on sending after the hub had refused it with CONNACK code {mqtt.refused.code}",
     "wait for CONNACK and look at its return code before any SUBSCRIBE or PUBLISH"},
    {"sends-before-connack", "early", SURENESS_SURE, "mqtt.early", CHAIN_ANY, NULL, NULL,
     "the device sent a packet before CONNACK had come",
     "wait for CONNACK with code 0 before any SUBSCRIBE or PUBLISH"},

    {"identity-file", "identity", SURENESS_LIKELY, REFUSED, CHAIN_ANY, STILL "doctor.identity", NULL,
     "{doctor.identity.what}", "{doctor.identity.try}"},

    {"token-by-late-clock", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-expired", facts_clock_is_behind,
     "the SAS token had run out when it was made: the device's clock, {device_utc}, is behind"
     "{working}",
     "get the time (SNTP, RTC, the cell network) before making a token; refuse to make one while the "
     "clock stands before the build date"},
    {"token-in-local-time", "refused", SURENESS_LIKELY, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-expired", facts_ended_whole_hours_ago,
     "the SAS token is off by whole hours{working}: local time was taken for UTC",
     "make `se` from seconds since 1970 in UTC: timegm, not mktime; check what the RTC holds"},
    {"token-expired", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-expired", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}",
     "check the device's clock first (UTC), then make a new token for every connect instead of storing "
     "one; {mqtt.refused.hint}"},
    {"wrong-key", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-wrong-signature", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}",
     "compare the key with the registry (a key rolled meanwhile?); decode it from base64 before the "
     "HMAC; sign `sr` exactly as sent, a line feed, and `se`"},
    {"token-for-another", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-wrong-resource|dps-wrong-resource", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}",
     "make `sr` of the host in use, /devices/ and the device id; a connection string of another hub or "
     "device is the usual reason"},
    {"token-malformed", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = sas-malformed", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}",
     "percent-encode `sig`, leave no line feed or quote at the end, give `se` in seconds (not in "
     "milliseconds), and check that the password field is not cut"},
    {"no-credentials", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = no-credentials|wrong-auth-method|sas-switched-off", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}", "{mqtt.refused.hint}"},
    {"ca-as-device-certificate", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = certificate-wrong-name|thumbprint-mismatch", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}",
     "the device may present the CA itself instead of a certificate that it signed, or another "
     "device's: {mqtt.refused.hint}"},
    {"certificate-refused", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = certificate-expired|certificate-unknown-ca|certificate-unverified-ca",
     NULL, "the hub refused the device: {mqtt.refused.why}{working}",
     "{mqtt.refused.hint}; send the intermediates with the device certificate"},
    {"not-registered", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = unknown-identity|unknown-module", NULL,
     "the hub refused the device: {mqtt.refused.why}{working}", "{mqtt.refused.hint}"},
    {"disabled", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = disabled", NULL,
     "the hub refused the device: {mqtt.refused.why}",
     "enable the device in the registry; a disabled device should try again rarely, not give up"},
    {"wrong-names", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = bad-username|client-id-mismatch|wrong-host|wrong-protocol-level",
     NULL, "the hub refused the device: {mqtt.refused.why}{working}", "{mqtt.refused.hint}"},
    {"refused-throttled", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY,
     STILL "mqtt.refused.reason = throttled", NULL,
     "the hub takes no more connections for now: CONNACK 3",
     "connect less often: back off with a random part, and do not make a new connection per message"},
    {"refused", "refused", SURENESS_SURE, REFUSED, CHAIN_ANY, NULL, facts_was_refused_for_cause,
     "the hub refused the device: {mqtt.refused.why}{working}", "{mqtt.refused.hint}"},

    {"clean-session", "session", SURENESS_LIKELY, "mqtt.connect", CHAIN_GOOD,
     "mqtt.connect.clean = true", NULL,
     "the device asks for a clean session: the hub forgets its subscriptions and what waits for it",
     "connect with clean session 0, so that messages of a short absence are delivered afterwards"},
    {"taken-over", "taken-over", SURENESS_SURE, "mqtt.taken_over -", CHAIN_ANY,
     "mqtt.taken_over > tcp.accepted", NULL,
     "a newer connection of the same identity closed this one",
     "two programs share one device id, or the device opens a second connection before it closed "
     "the first"},
    {"message-too-large", "cut", SURENESS_SURE, "mqtt.cut -", CHAIN_ANY,
     "mqtt.cut > mqtt.connected; mqtt.cut.reason = message-too-large", NULL,
     "the hub cut the connection: {mqtt.cut.why}",
     "keep a message with its properties under 256 KiB; split or compress it; do not send the same "
     "message again after the cut"},
    {"bad-properties", "cut", SURENESS_SURE, "mqtt.cut mqtt.error -", CHAIN_ANY,
     "mqtt.cut > mqtt.connected; mqtt.cut.reason = bad-properties", NULL,
     "the hub cut the connection: {mqtt.cut.why}",
     "percent-encode names and values of properties in the topic; {mqtt.cut.hint}"},
    {"quota-used-up", "cut", SURENESS_SURE, "mqtt.cut -", CHAIN_ANY,
     "mqtt.cut.reason = quota-exceeded; mqtt.cut > d2c.message", NULL,
     "the day's messages of the hub are used up: connects are accepted, the first publish is cut",
     "send fewer or fuller messages; wait long after such a cut, for the quota returns at midnight UTC"},
    {"cut-throttled", "cut", SURENESS_SURE, "mqtt.cut -", CHAIN_ANY,
     "mqtt.cut > mqtt.connected; mqtt.cut.reason = throttled", NULL,
     "the hub cut the connection: more messages than its rate allows",
     "send slower; leave fewer messages unacknowledged at a time"},
    {"key-rolled", "cut", SURENESS_SURE, "mqtt.cut -", CHAIN_ANY,
     "mqtt.cut > mqtt.connected; mqtt.cut.reason = key-rolled", NULL,
     "the hub cut the connection: {mqtt.cut.why}",
     "give the device the new key, or the secondary one while the primary is replaced"},
    {"cut", "cut", SURENESS_SURE, "mqtt.cut -", CHAIN_ANY,
     "mqtt.cut > mqtt.connected; mqtt.cut.reason != sdk-fault", NULL,
     "the hub cut the connection: {mqtt.cut.why}", "{mqtt.cut.hint}"},

    {"token-in-milliseconds", "token", SURENESS_SURE, "mqtt.connected - @renewal", CHAIN_ANY, NULL,
     facts_token_is_endless,
     "the SAS token is good for another {mqtt.connected.sas_expires_in_s} s: its expiry is written in "
     "milliseconds",
     "give `se` in seconds since 1970; whoever finds such a token can use it for ever"},
    {"token-too-long", "token", SURENESS_LIKELY, "- @renewal", CHAIN_ANY, NULL, facts_token_is_long,
     "the SAS token is good for another {mqtt.connected.sas_expires_in_s} s: the device is trusted for "
     "all that time, whoever has it",
     "sign tokens for an hour to a day, and renew them at 85 % of their life"},
    {"token-not-renewed", "token", SURENESS_SURE, "sas.expired - @renewal", CHAIN_ANY,
     "sas.expired > mqtt.connected", NULL,
     "the device let its SAS token run out while connected",
     "make a new token and reconnect before `se` comes, such as at 85 % of its life; check that "
     "the renewal timer runs"},
    {"silent", "keep-alive", SURENESS_SURE, "mqtt.keepalive_expired -", CHAIN_ANY,
     "mqtt.keepalive_expired > mqtt.connected", NULL,
     "the device was silent for longer than one and a half times its keep-alive",
     "call the MQTT client's loop often enough, and send PINGREQ when nothing else is sent"},
    {"wildcard-or-topic", "mqtt-error", SURENESS_SURE, "mqtt.error tcp.closed -", CHAIN_ANY,
     "mqtt.error > mqtt.connected; mqtt.error.why ~ topic", NULL,
     "the device used a topic that IoT Hub does not have: {mqtt.error.why}",
     "publish to devices/{{id}/messages/events/ and subscribe devices/{{id}/messages/devicebound/# or "
     "$iothub/ topics only; no wildcard in PUBLISH"},
    {"mqtt-error", "mqtt-error", SURENESS_SURE, "mqtt.error -", CHAIN_ANY,
     "mqtt.error > mqtt.connected", NULL, "the device broke an MQTT rule: {mqtt.error.why}",
     "compare the packet in the capture with MQTT 3.1.1 and with IoT Hub's topics"},
};

const struct row_table diagnosis_connect_rows = {rows, HR_COUNT_OF(rows)};
