// SPDX-License-Identifier: MIT
#include "harness/diagnosis/diagnosis.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/bench/bench.h"
#include "harness/diagnosis/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Which fields of which event are remembered, and where.
struct memory_row {
    enum event_type type;
    const char *field;
    size_t offset;
    size_t capacity;
};

#define REMEMBER(type, field, member)                                                              \
    {                                                                                              \
        type, field, offsetof(struct diagnosis, member), sizeof((struct diagnosis *)0)->member     \
    }
static const struct memory_row memory[] = {
    REMEMBER(EVENT_HUB_CHAIN, "name", chain),
    REMEMBER(EVENT_HUB_CHAIN, "verdict", chain_verdict),
    REMEMBER(EVENT_HUB_CHAIN, "accepted_by", chain_accepted_by),
    REMEMBER(EVENT_HUB_CLOCK, "utc", hub_utc),
    REMEMBER(EVENT_DEVICE_STARTED, "clock", device_utc),
    REMEMBER(EVENT_DEVICE_CLOCK, "utc", device_utc),
    REMEMBER(EVENT_DEVICE_EXITED, "code", exit_code),
    REMEMBER(EVENT_DEVICE_EXITED, "signal", exit_signal),
    REMEMBER(EVENT_DEVICE_EXITED, "asked", exit_asked),
    REMEMBER(EVENT_MQTT_REFUSED, "reason", refusal),
    REMEMBER(EVENT_MQTT_REFUSED, "code", refusal_code),
    REMEMBER(EVENT_MQTT_REFUSED, "why", refusal_why),
    REMEMBER(EVENT_MQTT_REFUSED, "hint", refusal_hint),
    REMEMBER(EVENT_MQTT_REFUSED, "working", refusal_working),
    REMEMBER(EVENT_MQTT_ERROR, "why", error_why),
    REMEMBER(EVENT_TLS_FAILED, "why", tls_why),
};

struct diagnosis *diagnosis_new(void)
{
    return calloc(1, sizeof(struct diagnosis));
}

void diagnosis_free(struct diagnosis *d)
{
    free(d);
}

static bool value_is(const struct event *e, const char *field, const char *text)
{
    char value[32];
    return strcmp(event_value(e, field, value, sizeof value), text) == 0;
}

void diagnosis_event(struct diagnosis *d, const struct event *e)
{
    struct fact_series *s = &d->series[e->type];
    s->first_us = s->count ? s->first_us : e->at_us;
    s->last_us = e->at_us;
    s->count++;
    d->last_seq[e->type] = e->seq;
    for (size_t i = 0; i < HR_COUNT_OF(memory); i++) {
        if (memory[i].type == e->type) {
            event_value(e, memory[i].field, (char *)d + memory[i].offset, memory[i].capacity);
        }
    }
    if (e->type == EVENT_TCP_ACCEPTED) {
        d->newest = e->connection;
        d->closed_by[0] = '\0';
    }
    if (e->type == EVENT_TCP_CLOSED && e->connection == d->newest) {
        event_value(e, "by", d->closed_by, sizeof d->closed_by);
    }
    if (e->type == EVENT_TCP_CLOSED && value_is(e, "by", "hub")) {
        d->hub_closed_seq = e->seq;
    }
    if (e->type == EVENT_TLS_ALERT && value_is(e, "by", "device") &&
        !value_is(e, "name", "close_notify")) {
        event_value(e, "name", d->alert, sizeof d->alert);
        d->alert_seq = e->seq;
    }
}

bool facts_last(const struct diagnosis *d, enum event_type a, enum event_type b)
{
    return d->last_seq[a] > d->last_seq[b];
}

bool facts_clock_is_behind(const struct diagnosis *d)
{
    static const int64_t day_us = INT64_C(86400) * 1000000;
    static const int64_t year_2015_us = INT64_C(1420070400) * 1000000;
    int64_t device_us = 0;
    int64_t hub_us = 0;
    if (utc_parse(span_text(d->device_utc), &device_us) < 0) {
        return false;
    }
    bool has_hub = utc_parse(span_text(d->hub_utc), &hub_us) == 0;
    return has_hub ? device_us < hub_us - day_us : device_us < year_2015_us;
}

enum chain_kind { CHAIN_ANY, CHAIN_GOOD, CHAIN_BAD };

struct row {
    const char *id;
    const char
        *violated; // words of events one of which broke a rule; "-" = none did; both may stand
    enum chain_kind chain;
    const char *recipe; // part of the chain's name, or NULL
    bool (*fits)(const struct diagnosis *d);
    const char *cause;
    const char *try_text;
};

static bool is_accepted_by_some(const struct diagnosis *d)
{
    return d->chain_accepted_by[0] != '\0';
}

static bool never_ended(const struct diagnosis *d)
{
    return d->series[EVENT_DEVICE_EXITED].count == 0;
}

static bool has_signal(const struct diagnosis *d)
{
    bool is_asked = strcmp(d->exit_asked, "true") == 0; // the rig's own signal
    return !is_asked && d->exit_signal[0] && strcmp(d->exit_signal, "0") != 0;
}

static bool has_refusal(const struct diagnosis *d)
{
    return facts_last(d, EVENT_MQTT_REFUSED, EVENT_MQTT_CONNECTED);
}

static bool was_refused_for_cause(const struct diagnosis *d)
{
    return has_refusal(d) && strcmp(d->refusal, "fault") != 0 &&
           strcmp(d->refusal, "internal-error") != 0; // neither is the device's doing
}

static bool hammers(const struct diagnosis *d)
{
    return d->series[EVENT_MQTT_CONNECT].count >= 3 || d->series[EVENT_TCP_ACCEPTED].count >= 3;
}

// The device's alert is the last word: no handshake was completed after it.
static bool has_alert(const struct diagnosis *d)
{
    return d->alert_seq > d->last_seq[EVENT_TLS_ESTABLISHED];
}

static bool alert_is(const struct diagnosis *d, const char *names)
{
    struct span rest = span_text(names);
    while (has_alert(d) && rest.len) {
        if (span_equals_text(span_cut(rest, ' ', &rest), d->alert)) {
            return true;
        }
    }
    return false;
}

static bool alert_and_clock_behind(const struct diagnosis *d)
{
    return facts_clock_is_behind(d) &&
           alert_is(d, "bad_certificate certificate_expired certificate_unknown unknown_ca");
}

static bool alert_unknown_ca(const struct diagnosis *d)
{
    return alert_is(d, "unknown_ca");
}

static bool alert_expired(const struct diagnosis *d)
{
    return alert_is(d, "certificate_expired");
}

static bool alert_bad_certificate(const struct diagnosis *d)
{
    return alert_is(d, "bad_certificate certificate_unknown unsupported_certificate "
                       "certificate_revoked");
}

static bool alert_no_common_ground(const struct diagnosis *d)
{
    return alert_is(d, "handshake_failure protocol_version insufficient_security "
                       "illegal_parameter unsupported_extension");
}

// A ClientHello, no completed handshake after it, and the device went away by itself.
static bool handshake_left(const struct diagnosis *d)
{
    return facts_last(d, EVENT_TLS_CLIENT_HELLO, EVENT_TLS_ESTABLISHED) && !has_alert(d) &&
           d->last_seq[EVENT_FAULT_ARMED] == 0 &&
           (strcmp(d->closed_by, "device") == 0 || strstr(d->tls_why, "without an alert"));
}

static bool handshake_left_and_clock_behind(const struct diagnosis *d)
{
    return handshake_left(d) && facts_clock_is_behind(d);
}

static bool has_mqtt_error(const struct diagnosis *d)
{
    return facts_last(d, EVENT_MQTT_ERROR, EVENT_MQTT_CONNECTED);
}

static bool token_ran_out(const struct diagnosis *d)
{
    return facts_last(d, EVENT_SAS_EXPIRED, EVENT_MQTT_CONNECTED);
}

static bool went_silent(const struct diagnosis *d)
{
    return facts_last(d, EVENT_MQTT_KEEPALIVE_EXPIRED, EVENT_MQTT_CONNECTED);
}

static bool was_taken_over(const struct diagnosis *d)
{
    return facts_last(d, EVENT_MQTT_TAKEN_OVER, EVENT_TCP_ACCEPTED);
}

// The hub ended a connection or refused, and no new attempt was seen after that.
static bool stays_away(const struct diagnosis *d)
{
    uint64_t ended = d->hub_closed_seq > d->last_seq[EVENT_MQTT_REFUSED]
                         ? d->hub_closed_seq
                         : d->last_seq[EVENT_MQTT_REFUSED];
    return never_ended(d) && d->last_seq[EVENT_MQTT_CONNECT] != 0 &&
           ended > d->last_seq[EVENT_TCP_ACCEPTED];
}

static bool has_no_hello(const struct diagnosis *d)
{
    return never_ended(d) && d->series[EVENT_TCP_ACCEPTED].count > 0 &&
           d->series[EVENT_TLS_CLIENT_HELLO].count == 0 && d->series[EVENT_FAULT_FIRED].count == 0;
}

static bool has_no_connect(const struct diagnosis *d)
{
    return never_ended(d) && facts_last(d, EVENT_TLS_ESTABLISHED, EVENT_MQTT_CONNECT) &&
           d->series[EVENT_MQTT_EARLY].count == 0;
}

static bool has_no_telemetry(const struct diagnosis *d)
{
    return never_ended(d) && facts_last(d, EVENT_MQTT_CONNECTED, EVENT_D2C_MESSAGE) &&
           facts_last(d, EVENT_MQTT_CONNECTED, EVENT_MQTT_DISCONNECT) && d->closed_by[0] == '\0';
}

static bool has_no_tcp(const struct diagnosis *d)
{
    return never_ended(d) && d->series[EVENT_DEVICE_STARTED].count > 0 &&
           d->series[EVENT_TCP_ACCEPTED].count == 0;
}

#define TRUSTED "mqtt.connect mqtt.early mqtt.connected"
#define VERIFYING                                                                                  \
    "turn verification on (mbedtls_ssl_conf_authmode VERIFY_REQUIRED, SSL_VERIFY_PEER, "           \
    "rejectUnauthorized)"

// The first row whose evidence is complete speaks, so special rows stand before general ones.
static const struct row rows[] = {
    {"accepted-expired", TRUSTED, CHAIN_BAD, "expired", NULL,
     "the device does not check notAfter: it sent MQTT over the expired chain {chain}",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE and give the device a true clock "
               "before it connects"},
    {"accepted-not-yet-valid", TRUSTED, CHAIN_BAD, "not-yet", NULL,
     "the device does not check notBefore: it sent MQTT over {chain}, which is valid only later",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; do not mask BADCERT_FUTURE in a "
               "verify callback"},
    {"accepted-before-its-time", TRUSTED, CHAIN_GOOD, NULL, facts_clock_is_behind,
     "the device does not check notBefore: by its own clock, {device_utc}, no certificate of {chain} "
     "was valid yet",
     VERIFYING "; with mbedTLS enable MBEDTLS_HAVE_TIME_DATE; get the time before the first TLS "
               "handshake"},
    {"accepted-wrong-host", TRUSTED, CHAIN_BAD, "host", NULL,
     "the device does not compare the host name with the certificate's names (chain {chain})",
     "name the host to the TLS library: mbedtls_ssl_set_hostname, SSL_set1_host, "
     "checkServerIdentity; and " VERIFYING},
    {"accepted-unknown-root", TRUSTED, CHAIN_BAD, "root", NULL,
     "the device accepts a chain without its root: {chain} does not end in an anchor it was given",
     VERIFYING " and load only the roots it must trust (mbedtls_ssl_conf_ca_chain, "
               "SSL_CTX_load_verify_locations)"},
    {"accepted-self-signed", TRUSTED, CHAIN_BAD, "self-signed", NULL,
     "the device accepts a chain without its root: {chain} is signed by itself alone",
     VERIFYING
     "; a verify callback must not clear BADCERT_NOT_TRUSTED or return 1 for every depth"},
    {"accepted-missing-intermediate", TRUSTED, CHAIN_BAD, "intermediate", NULL,
     "the device accepts a chain without its root: in {chain} the intermediate is missing",
     VERIFYING "; the leaf alone proves nothing when its issuer was neither sent nor stored"},
    {"accepted-as-its-library", TRUSTED, CHAIN_BAD, NULL, is_accepted_by_some,
     "the device accepted the chain {chain}, which must be refused; so do, with their usual "
     "settings, {accepted_by}",
     "when the device uses one of these, its application must check what the library does not; else "
     VERIFYING},
    {"accepted-bad-chain", TRUSTED, CHAIN_BAD, NULL, NULL,
     "the device accepted the chain {chain}, which must be refused", VERIFYING},

    {"exited-by-signal", "device.exited -", CHAIN_ANY, NULL, has_signal,
     "the device's program crashed: signal {signal}",
     "run it under a debugger or with AddressSanitizer; its last lines are in the evidence folder"},
    {"exited", "device.exited", CHAIN_ANY, NULL, NULL,
     "the device's program ended by itself with code {code}",
     "read its last lines in the evidence folder; a device must survive a lost or refused "
     "connection and try again"},

    {"sends-after-refusal", "mqtt.early", CHAIN_ANY, NULL, has_refusal,
     "the device went on sending after the hub had refused it with CONNACK code {refusal_code}",
     "wait for CONNACK and look at its return code before any SUBSCRIBE or PUBLISH"},
    {"sends-before-connack", "mqtt.early", CHAIN_ANY, NULL, NULL,
     "the device sent a packet before CONNACK had come",
     "wait for CONNACK with code 0 before any SUBSCRIBE or PUBLISH"},

    {"hammering", "mqtt.connect tcp.accepted", CHAIN_ANY, NULL, hammers,
     "the device retries without enough back-off: {attempts} attempts, {mean} apart on average",
     "wait longer after each failure, doubled up to a cap, with a random part; start over only "
     "after a CONNACK with code 0"},

    {"refused", "mqtt.refused -", CHAIN_ANY, NULL, was_refused_for_cause,
     "the hub refused the device: {why}{working}", "{hint}"},
    {"taken-over", "mqtt.taken_over -", CHAIN_ANY, NULL, was_taken_over,
     "a newer connection of the same identity closed this one",
     "two programs share one device id, or the device opens a second connection before it closed "
     "the first"},

    {"token-not-renewed", "sas.expired -", CHAIN_ANY, NULL, token_ran_out,
     "the device let its SAS token run out while connected",
     "make a new token and reconnect before `se` comes, such as at 85 % of its life; check that "
     "the renewal timer runs"},
    {"silent", "mqtt.keepalive_expired -", CHAIN_ANY, NULL, went_silent,
     "the device was silent for longer than one and a half times its keep-alive",
     "call the MQTT client's loop often enough, and send PINGREQ when nothing else is sent"},
    {"mqtt-error", "mqtt.error -", CHAIN_ANY, NULL, has_mqtt_error,
     "the device broke an MQTT rule: {error}",
     "compare the packet in the capture with MQTT 3.1.1 and with IoT Hub's topics"},

    {"clock-behind", "tls.alert tls.failed -", CHAIN_GOOD, NULL, alert_and_clock_behind,
     "the device refused a good chain ({alert}) because its clock, {device_utc}, is before "
     "notBefore",
     "get the time (SNTP, RTC, the cell network) before the first TLS handshake"},
    {"root-unknown", "tls.alert tls.failed -", CHAIN_GOOD, NULL, alert_unknown_ca,
     "the device does not trust the root of {chain}: it sent the alert unknown_ca",
     "give the device this root; IoT Hub moved from Baltimore to DigiCert Global Root G2, so a "
     "device needs the new one"},
    {"thinks-expired", "tls.alert tls.failed -", CHAIN_GOOD, NULL, alert_expired,
     "the device takes the good chain {chain} for expired: it sent certificate_expired",
     "its clock is ahead, or an expired certificate of the same name stands in its trust store; "
     "remove that one"},
    {"refused-certificate", "tls.alert tls.failed -", CHAIN_GOOD, NULL, alert_bad_certificate,
     "the device refused the good chain {chain} with the alert {alert}",
     "compare root, host name and clock on the device; check that its TLS build has the chain's "
     "signature and key types"},
    {"no-common-ground", "tls.alert tls.failed -", CHAIN_GOOD, NULL, alert_no_common_ground,
     "device and hub share no TLS version, cipher suite or curve: alert {alert}",
     "enable TLS 1.2 with ECDHE, AES-GCM, P-256 and RSA certificates in the device's TLS build"},
    {"ended-handshake", "tls.alert tls.failed -", CHAIN_GOOD, NULL, has_alert,
     "the device ended the TLS handshake with the alert {alert}",
     "look up the alert in the device's TLS log (RFC 5246 7.2.2)"},
    {"left-handshake-clock", "tls.failed tcp.closed -", CHAIN_GOOD, NULL,
     handshake_left_and_clock_behind,
     "the device left the TLS handshake without an alert; its clock, {device_utc}, is before "
     "notBefore",
     "get the time (SNTP, RTC, the cell network) before the first TLS handshake"},
    {"left-handshake", "tls.failed tcp.closed -", CHAIN_GOOD, NULL, handshake_left,
     "the device closed the TLS handshake without an alert, as most stacks do when the chain does "
     "not verify or memory is short",
     "check root, host name and clock; a 16 KiB record and RSA-4096 need memory "
     "(MBEDTLS_SSL_IN_CONTENT_LEN, heap)"},

    {"no-reconnect", "-", CHAIN_ANY, NULL, stays_away,
     "the device did not come back after the hub had ended its connection",
     "handle a closed socket and a refused CONNECT as a reason to retry; use a keep-alive so that "
     "a lost link is noticed"},
    {"no-client-hello", "-", CHAIN_ANY, NULL, has_no_hello,
     "the device opened a TCP connection and never sent a TLS ClientHello",
     "MQTT to IoT Hub is TLS from the first byte on port 8883: turn TLS on, and check its random "
     "source and memory"},
    {"no-connect", "-", CHAIN_GOOD, NULL, has_no_connect,
     "TLS was established and the device never sent CONNECT",
     "look for a wait between TLS and MQTT: a name check, a clock that is not set, a failed token, "
     "a loop that is not run"},
    {"no-telemetry", "-", CHAIN_ANY, NULL, has_no_telemetry,
     "the device is connected and sends no telemetry",
     "publish to devices/{{id}/messages/events/ after CONNACK; check the send interval and that the "
     "MQTT loop runs"},
    {"no-tcp", "-", CHAIN_ANY, NULL, has_no_tcp,
     "the device runs and never opened a TCP connection to the hub",
     "check host name and port in its connection string, name resolution, firewall and proxy, and "
     "that the program starts its network"},
};

static bool names_event(const char *list, const struct event *violated)
{
    const char *word = violated ? event_word(violated->type) : "-";
    struct span rest = span_text(list);
    while (rest.len) {
        if (span_equals_text(span_cut(rest, ' ', &rest), word)) {
            return true;
        }
    }
    return false;
}

static bool row_fits(const struct row *r, const struct diagnosis *d, const struct event *violated)
{
    bool is_bad = strncmp(d->chain, "bad/", 4) == 0 || strcmp(d->chain_verdict, "reject") == 0;
    return names_event(r->violated, violated) && (r->chain != CHAIN_GOOD || !is_bad) &&
           (r->chain != CHAIN_BAD || is_bad) && (!r->recipe || strstr(d->chain, r->recipe)) &&
           (!r->fits || r->fits(d));
}

// Linux's numbers; a device's program runs on this machine.
static const char *signal_name(const char *number)
{
    static const char *const names[][2] = {{"4", "SIGILL"},   {"6", "SIGABRT"}, {"7", "SIGBUS"},
                                           {"8", "SIGFPE"},   {"9", "SIGKILL"}, {"11", "SIGSEGV"},
                                           {"13", "SIGPIPE"}, {"15", "SIGTERM"}};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        if (strcmp(number, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return number;
}

static const struct fact_series *attempts_of(const struct diagnosis *d,
                                             const struct event *violated)
{
    bool is_tcp = violated && violated->type == EVENT_TCP_ACCEPTED;
    return &d->series[is_tcp ? EVENT_TCP_ACCEPTED : EVENT_MQTT_CONNECT];
}

static void fill(const struct diagnosis *d, const struct event *violated, const char *template,
                 char out[300])
{
    char attempts[24], mean[32], working[FACT_TEXT_BYTES + 4] = "";
    const struct fact_series *s = attempts_of(d, violated);
    uint64_t gaps = s->count > 1 ? s->count - 1 : 1;
    snprintf(attempts, sizeof attempts, "%" PRIu64, s->count);
    duration_print((int64_t)((s->last_us - s->first_us) / gaps), mean);
    if (d->refusal_working[0]) {
        snprintf(working, sizeof working, " (%s)", d->refusal_working);
    }
    const struct placeholder table[] = {
        {"alert", d->alert},
        {"attempts", attempts},
        {"chain", d->chain[0] ? d->chain : "of the hub"},
        {"accepted_by", d->chain_accepted_by},
        {"code", d->exit_code},
        {"device_utc", d->device_utc},
        {"error", d->error_why},
        {"hint", d->refusal_hint},
        {"mean", mean},
        {"refusal_code", d->refusal_code},
        {"signal", signal_name(d->exit_signal)},
        {"why", d->refusal_why[0] ? d->refusal_why : d->refusal},
        {"working", working},
    };
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 4096);
    out[0] = '\0';
    if (template_fill(template, table, HR_COUNT_OF(table), &text) == 0) {
        span_copy_text(buf_span(&text), out, 300);
    }
}

void diagnosis_find(const struct diagnosis *d, const struct event *violated, struct finding *out)
{
    *out = (struct finding){.id = ""};
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        if (row_fits(&rows[i], d, violated)) {
            out->id = rows[i].id;
            fill(d, violated, rows[i].cause, out->cause);
            fill(d, violated, rows[i].try_text, out->try_text);
            return;
        }
    }
}

size_t diagnosis_row_count(void)
{
    return HR_COUNT_OF(rows);
}

const char *diagnosis_row_id(size_t i)
{
    return rows[i].id;
}
