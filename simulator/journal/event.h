// SPDX-License-Identifier: MIT
// Every fact that hubrig can record, one row each: C name, word in scripts and journals, the names
// of its fields, and what it means. `hubrig words` prints this table.
#pragma once
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

//    C name                  word                     fields                                         meaning
#define EVENT_TABLE(X)                                                                             \
    X(RUN_STARTED, "run.started", "scenario device network seed rate",                             \
      "a scenario began; network: whether it has a private one; rate: how fast its clocks run")                               \
    X(RUN_STEP, "run.step", "line text", "a statement of the scenario began")                      \
    X(RUN_NOTE, "run.note", "text", "a remark of the scenario or the rig")                         \
    X(RUN_VERDICT, "run.verdict", "verdict line cause", "the scenario ended")                      \
    X(DEVICE_STARTED, "device.started", "pid command clock", "the device's program was started")   \
    X(DEVICE_OUTPUT, "device.output", "stream text", "the device printed a line")                  \
    X(DEVICE_OUTPUT_CUT, "device.output_cut", "stream kept_bytes",                                 \
      "the device printed more than is kept; the rest is read and thrown away")                    \
    X(DEVICE_MEMORY, "device.memory", "kb",                                                        \
      "what the device's processes take that is theirs alone; told when the scenario needs memory") \
    X(DEVICE_CLOCK, "device.clock", "utc", "the device's clock was set")                           \
    X(LOG_ERROR, "log.error", "dialect code cause meaning try text",                               \
      "the device's log tells of a failure, as a dialect reads it; never a proof by itself")       \
    X(LOG_STATE, "log.state", "dialect code meaning text",                                         \
      "the device's log tells of a step that it took, as a dialect reads it")                      \
    X(DOCTOR_ROOT, "doctor.root", "file missing what try",                                         \
      "whether what the bench gives the device to trust has the root of the hub's chain; missing "  \
      "names a root that it has not")                                                              \
    X(DOCTOR_BUNDLE, "doctor.bundle", "rule file what shows try",                                  \
      "what is wrong with a root file that the bench gives the device")                            \
    X(DOCTOR_IDENTITY, "doctor.identity", "rule file what shows try",                              \
      "what is wrong with a certificate, key, token or connection string of the bench's own")      \
    X(DEVICE_EXITED, "device.exited", "code signal asked", "the device's program ended")           \
    X(DEVICE_UNPLUGGED, "device.unplugged", "port why", "the board's serial port is gone")            \
    X(DEVICE_REPLUGGED, "device.replugged", "port after_ms", "the serial port is there again")      \
    X(DEVICE_RESET, "device.reset", "", "the rig resets the device")                                \
    X(DEVICE_POWER, "device.power", "power", "the rig switches the device's power on or off")         \
    X(TCP_ACCEPTED, "tcp.accepted", "peer endpoint", "a TCP connection was accepted")              \
    X(TCP_CLOSED, "tcp.closed", "by how in_bytes out_bytes",                                       \
      "a TCP connection ended; by device or hub, how fin, rst, alert or error")                           \
    X(TLS_CLIENT_HELLO, "tls.client_hello", "sni version suites ja3",                              \
      "the device opened a TLS handshake")                                                         \
    X(TLS_OFFER, "tls.offer",                                                                      \
      "ja3 versions suites groups signatures alpn max_fragment_bytes ticket "                      \
      "extended_master_secret renegotiation_info",                                                 \
      "what a ClientHello offers, whenever one with a new fingerprint comes")                      \
    X(TLS_OFFER_JUDGED, "tls.offer_judged", "rule verdict requirement why ja3",                    \
      "an offer held against what IoT Hub takes; verdict ok, warn or fail, one event per rule")    \
    X(TLS_ESTABLISHED, "tls.established", "version suite resumed client_certificate handshake_us record_bytes chain", \
      "a TLS handshake completed; record_bytes is the most that a record of the hub holds, 16384 unless " \
      "the device asked for less")                                                                 \
    X(TLS_ALERT, "tls.alert", "by level name code during",                                         \
      "a TLS alert; by device or hub, during handshake or data")                                   \
    X(TLS_FAILED, "tls.failed", "why chain", "a TLS handshake or record layer failed")             \
    X(TLS_REFUSED, "tls.refused", "how alert chain expected_alert",                                               \
      "the device ended the connection before it sent anything over it; how: alert, close (during "  \
      "the handshake) or close-after-handshake")                                                   \
    X(TLS_RENEGOTIATED, "tls.renegotiated", "",                                                    \
      "a new handshake was made inside a connection, as hello-request asks for")                   \
    X(TLS_JUDGED, "tls.judged", "verdict alert next flight chain expected_alert after_ms",          \
      "what the device did with a flight that was made by hand: accepted, alert, closed, other, or " \
      "silent until the time limit; next is its next message, expected_alert what would be right")  \
    X(MQTT_CONNECT, "mqtt.connect",                                                                \
      "client_id username has_password clean keep_alive_s will api_version",                       \
      "a CONNECT packet arrived, before it is judged")                                             \
    X(MQTT_CONNECTED, "mqtt.connected",                                                            \
      "client_id auth key session_present hub sas_expires_in_s sas_scope",                         \
      "CONNACK 0 was sent; auth: sas (a key of its own), policy (a key of the hub's), thumbprint " \
      "or ca; with a token, sas_expires_in_s is what is left of it and sas_scope how far it "      \
      "reaches: hub, devices, device or module")                                                   \
    X(MQTT_REFUSED, "mqtt.refused", "code reason hub_code why working hint",                       \
      "CONNACK with a code from 1 to 5 was sent")                                                  \
    X(MQTT_SUBSCRIBED, "mqtt.subscribed", "filter qos", "a topic filter was granted")              \
    X(MQTT_UNSUBSCRIBED, "mqtt.unsubscribed", "filter", "a topic filter was removed")              \
    X(MQTT_PUBACK, "mqtt.puback", "packet_id", "the hub acknowledged a message")                   \
    X(MQTT_PING, "mqtt.ping", "", "PINGREQ arrived and was answered")                              \
    X(MQTT_DISCONNECT, "mqtt.disconnect", "", "the device sent DISCONNECT")                        \
    X(MQTT_ERROR, "mqtt.error", "why packet", "the device broke a packet or topic rule; closed")   \
    X(MQTT_EARLY, "mqtt.early", "packet",                                                          \
      "a packet other than CONNECT came before CONNACK or after a refusal")                        \
    X(MQTT_KEEPALIVE_EXPIRED, "mqtt.keepalive_expired", "after_s",                                 \
      "nothing arrived for one and a half times the keep-alive; closed")                           \
    X(MQTT_CUT, "mqtt.cut", "reason hub_code why hint", \
      "the hub closed the connection over a limit, a rolled key or a wished fault; no packet") \
    X(MQTT_TAKEN_OVER, "mqtt.taken_over", "by_connection",                                         \
      "a newer connection of the same identity closed this one")                                   \
    X(SAS_EXPIRED, "sas.expired", "after_s",                                                       \
      "the token of a live connection ran out; closed")                                            \
    X(D2C_MESSAGE, "d2c.message",                                                                  \
      "message_id qos dup retain body_bytes body properties system_properties packet_id will",     \
      "a telemetry message was stored")                                                            \
    X(DPS_CHAIN, "dps.chain", "name",                                                            \
      "the provisioning service presents this chain from now on")                                  \
    X(DPS_CONNECT, "dps.connect", "client_id username has_password clean keep_alive_s api_version", \
      "a CONNECT packet arrived at the provisioning service, before it is judged")                 \
    X(DPS_CONNECTED, "dps.connected", "client_id auth", "the provisioning service sent CONNACK 0") \
    X(DPS_REFUSED, "dps.refused", "code reason hub_code why working hint",                         \
      "the provisioning service sent CONNACK with a code from 1 to 5")                             \
    X(DPS_REGISTER, "dps.register", "api_version body_bytes payload",                              \
      "a device asked to be registered; payload is its custom JSON")                               \
    X(DPS_STATUS, "dps.status", "operation_id", "a device asked what became of its registration")  \
    X(DPS_ASSIGNING, "dps.assigning", "operation_id enrollment retry_after_s",                     \
      "a registration was accepted and is under way")                                              \
    X(DPS_ASSIGNED, "dps.assigned", "hub device_id substatus enrollment operation_id",             \
      "a device was assigned to a hub and exists there")                                           \
    X(DPS_FAILED, "dps.failed", "error_code message operation_id", "a registration failed")        \
    X(DPS_DISABLED, "dps.disabled", "enrollment operation_id",                                     \
      "a registration ended because its enrollment is disabled")                                   \
    X(DPS_REJECTED, "dps.rejected", "status error_code message why retry_after_s",                 \
      "a request was answered with a status of 400 or more")                                       \
    X(C2D_QUEUED, "c2d.queued", "sequence message_id ack ttl_s body_bytes body properties waiting input", \
      "the service sent a message to the device; waiting counts the queue")                            \
    X(C2D_DELIVERED, "c2d.delivered",                                                                  \
      "sequence message_id qos dup packet_id body_bytes properties input",                                 \
      "a message was published to the device; it is complete at once with QoS 0, else with its "       \
      "PUBACK")                                                                                        \
    X(C2D_COMPLETED, "c2d.completed", "sequence message_id", "the device has taken a message")         \
    X(C2D_RETURNED, "c2d.returned", "sequence message_id why deliveries",                              \
      "a message that was on its way is back in the queue")                                            \
    X(C2D_UNDELIVERED, "c2d.undelivered", "sequence message_id outcome",                               \
      "a message left the queue untaken; outcome Expired, DeliveryCountExceeded, Rejected or Purged")  \
    X(C2D_FEEDBACK, "c2d.feedback", "status message_id batch",                                         \
      "the service was told what became of a message; batch counts the feedback batches")              \
    X(TWIN_GET, "twin.get", "rid version",                                                             \
      "the device asked for its twin; version is that of desired")                                     \
    X(TWIN_REPORTED, "twin.reported", "version patch",                                             \
      "the device patched its reported properties")                                                    \
    X(TWIN_DESIRED, "twin.desired", "version patch replaced",                                          \
      "the service changed the desired properties")                                                    \
    X(TWIN_PUSHED, "twin.pushed", "version", "a change of desired properties was sent to the device")  \
    X(TWIN_REFUSED, "twin.refused", "status code why rid request", "a twin request was refused")       \
    X(METHOD_INVOKED, "method.invoked", "method rid payload", "a method call was sent to the device")  \
    X(METHOD_ANSWERED, "method.answered", "method status payload payload_bytes rid after_ms",                        \
      "the device answered a method call")                                                             \
    X(METHOD_FAILED, "method.failed", "method reason why rid", "a method call ended without an answer") \
    X(RENEWAL_REQUESTED, "renewal.requested", "rid replace csr_bytes",                                 \
      "the device asked for a renewed certificate")                                                    \
    X(RENEWAL_ACCEPTED, "renewal.accepted", "rid correlation_id expires",                              \
      "the request was taken (202); the certificate follows")                                          \
    X(RENEWAL_ISSUED, "renewal.issued", "rid days", "the hub's CA issued a certificate")               \
    X(RENEWAL_REFUSED, "renewal.refused", "status code why rid", "a request for a certificate was refused") \
    X(RENEWAL_ANSWERED, "renewal.answered", "status rid", "an answer about a certificate was sent to the device") \
    X(METHOD_LATE, "method.late", "rid status",                                                        \
      "an answer came that no call waits for; it is ignored")                                          \
    X(HTTP_REQUEST, "http.request", "method path status", "an HTTP request was answered")          \
    X(WS_OPEN, "ws.open", "path protocol query", "a connection was upgraded to WebSocket")         \
    X(WS_CLOSED, "ws.closed", "code by why",                                                       \
      "a WebSocket ended; code as in RFC 6455 7.4; by device or hub, or nobody when it was cut")   \
    X(SNTP_REQUEST, "sntp.request", "peer version answered why",                                   \
      "a question arrived at the time server; why it makes no sense, if so")                       \
    X(SNTP_REPLY, "sntp.reply", "mode stratum utc offset_ms", "the time server answered")          \
    X(DNS_QUERY, "dns.query", "name type over peer", "a question arrived at the name server")      \
    X(DNS_ANSWER, "dns.answer", "name type over code address behaviour",                           \
      "the name server answered; late answers are noted when they are decided")                    \
    X(HUB_CHAIN, "hub.chain", "name verdict accepted_by message_bytes",                         \
      "the hub presents this chain from now on; message_bytes is the length of its Certificate message") \
    X(HUB_CLOCK, "hub.clock", "utc rate",                                                        \
      "the hub's clock was set; rate: how fast it runs")                                    \
    X(HUB_CONTROL, "hub.control", "verb text",                                                    \
      "somebody asked for a change through the control interface")                                 \
    X(HUB_KEY, "hub.key", "name key", "a key of an identity or policy was replaced") \
    X(HUB_CA, "hub.ca", "name verified", "a CA certificate was added or its possession proved") \
    X(HUB_THROTTLE, "hub.throttle", "operation delay_ms", \
      "the hub answers later, to keep to its rate; refusals show as throttled") \
    X(SDK_FAULT, "sdk.fault", "type delay_s duration_s close_reason taken", \
      "a device asked for a fault as the SDKs' own tests do") \
    X(FRONT_OPENED, "front.opened", "upstream address tls after_ms",                               \
      "a front has reached the server behind it; tls is the version spoken to it, empty: none")     \
    X(FRONT_CLOSED, "front.closed", "by how to_upstream_bytes to_device_bytes",                    \
      "a front's connection to the server behind it ended; by upstream, or by device, when the "   \
      "device's own connection ended first; how fin, rst or error")                                 \
    X(FRONT_FAILED, "front.failed", "upstream why",                                                \
      "a front did not reach the server behind it, or does not trust its certificate")             \
    X(FAULT_ARMED, "fault.armed", "fault site times", "a fault was put in place")                  \
    X(FAULT_FIRED, "fault.fired", "fault site", "a fault acted")                                   \
    X(NET_BLOCKED, "net.blocked", "endpoint how",                                                  \
      "a port was closed; how: refuse-tcp (RST) or block (silence)")                                \
    X(NET_OPENED, "net.opened", "endpoint", "a port that was closed is open again")                \
    X(NET_HELD, "net.held", "from bytes",                                                          \
      "the first bytes that a black hole keeps; from device or hub")                               \
    X(PORTAL_REQUEST, "portal.request", "request host credentials status",                         \
      "the device sent something to a captive portal, whose certificate it had to refuse")         \
    X(FAULT_CLEARED, "fault.cleared", "", "all faults were removed, or those of the network")

enum event_type {
#define X(name, word, fields, meaning) EVENT_##name,
    EVENT_TABLE(X)
#undef X
    EVENT_TYPE_COUNT
};

enum field_kind { FIELD_NONE, FIELD_TEXT, FIELD_INT, FIELD_BOOL };

struct field {
    const char *name; // one of the row's fields
    enum field_kind kind;
    struct span text;
    int64_t number;
};

// Text that is not UTF-8 is shown with replacement characters.
#define F_TEXT(field_name, s)  {.name = (field_name), .kind = FIELD_TEXT, .text = span_text(s)}
#define F_SPAN(field_name, s)  {.name = (field_name), .kind = FIELD_TEXT, .text = (s)}
#define F_INT(field_name, n)   {.name = (field_name), .kind = FIELD_INT, .number = (int64_t)(n)}
#define F_BOOL(field_name, is) {.name = (field_name), .kind = FIELD_BOOL, .number = (is) ? 1 : 0}

struct event {
    enum event_type type;
    uint64_t seq;        // from 1, without gaps
    uint64_t at_us;      // monotonic, since the journal began, at the pace of its env
    uint64_t machine_us; // the same on the machine's own clock; 0: not told
    uint32_t connection; // 0 = none
    const char *device;  // "" until known; "device" or "device/module"
    const struct field *fields;
    size_t field_count;
};

const char *event_word(enum event_type type);
const char *event_fields(enum event_type type); // names separated by blanks
const char *event_meaning(enum event_type type);
// -1 for an unknown word.
int event_type_of(struct span word);
bool event_has_field(enum event_type type, struct span field);
// All words, for suggestions; EVENT_TYPE_COUNT entries.
const char *const *event_words(void);

// The field of that name, or NULL.
const struct field *event_field(const struct event *e, const char *name);
// Its value as text: text as it is, numbers in decimal, booleans true/false; "" when absent.
// `out` receives a NUL-terminated copy, cut at capacity.
const char *event_value(const struct event *e, const char *name, char *out, size_t capacity_bytes);
// One JSON object, no line end:
// {"seq":7,"at_us":123,"event":"mqtt.refused","connection":1,"device":"d","code":5,...}
int event_to_json(const struct event *e, struct buf *out) HR_NODISCARD;
// "mqtt.refused code=5 reason=sas-expired", for people; long values are cut at 120 bytes,
// the reckoning ("working") at 600.
int event_to_text(const struct event *e, struct buf *out) HR_NODISCARD;
int event_to_brief(const struct event *e, struct buf *out) HR_NODISCARD; // three fields at most

// A deep copy on the heap, for whoever keeps events; NULL without memory.
struct event_copy {
    struct event event; // all its pointers lead into the copy
    struct event_copy *next; // free for the owner
};
struct event_copy *event_copy_new(const struct event *e);
// The same with no text longer than that.
struct event_copy *event_copy_cut(const struct event *e, size_t text_bytes_most);
void event_copy_free(struct event_copy *copy); // NULL is allowed
