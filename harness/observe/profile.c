// SPDX-License-Identifier: MIT
#include "harness/observe/profile.h"
#include "base/error.h"
#include "base/text_code.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { FIELDS_MOST = 32 };

void profile_init(struct profile *p)
{
    *p = (struct profile){.keep_alive_s = -1, .sas_s = -1, .qos_most = -1};
}

void profile_deinit(struct profile *p)
{
    attempts_deinit(&p->attempts);
}

static int64_t number_of(const struct event *e, const char *name)
{
    const struct field *f = event_field(e, name);
    return f ? f->number : 0;
}

#define KEEP(e, name, array) (void)event_value((e), (name), (array), sizeof(array))

// ---- one function per kind of event

static void on_offer(struct profile *p, const struct event *e)
{
    if (p->ja3[0]) {
        return; // the first offer is the device's own; a later one may be a fall-back
    }
    KEEP(e, "ja3", p->ja3);
    KEEP(e, "versions", p->versions);
    KEEP(e, "groups", p->groups);
    KEEP(e, "suites", p->suites);
    struct span rest = span_text(p->suites);
    while (rest.len) {
        p->suite_count += span_cut(rest, ',', &rest).len > 0;
    }
}

static void on_judged(struct profile *p, const struct event *e)
{
    char verdict[8], requirement[160], why[200], ja3[40];
    KEEP(e, "verdict", verdict);
    KEEP(e, "requirement", requirement);
    KEEP(e, "why", why);
    KEEP(e, "ja3", ja3);
    size_t len = strlen(p->judged);
    if (strcmp(verdict, "ok") != 0 && strcmp(ja3, p->ja3) == 0) {
        snprintf(p->judged + len, sizeof p->judged - len, "%s%s: %s (%s)", len ? "; " : "", verdict,
                 requirement, why);
    }
}

static void on_established(struct profile *p, const struct event *e)
{
    char version[32], suite[80];
    KEEP(e, "version", version);
    KEEP(e, "suite", suite);
    snprintf(p->tls_used, sizeof p->tls_used, "%s %s", version, suite);
    p->resumes |= number_of(e, "resumed") != 0;
}

// The value of a parameter of the user name, percent-decoded.
static void decode_product(const char *username, char *out, size_t capacity)
{
    const char *at = strstr(username, "DeviceClientType=");
    size_t len = 0;
    struct buf byte HR_CLEANUP(buf_deinit);
    buf_init(&byte, 4);
    out[0] = '\0';
    for (at = at ? at + strlen("DeviceClientType=") : ""; *at && *at != '&' && len + 1 < capacity;
         at++) {
        buf_clear(&byte);
        bool is_code = *at == '%' && strlen(at) > 2 && hex_decode(span_of(at + 1, 2), &byte) == 0;
        out[len++] = is_code ? (char)byte.data[0] : *at;
        at += is_code ? 2 : 0;
        out[len] = '\0';
    }
}

static void on_connect(struct profile *p, const struct event *e)
{
    KEEP(e, "client_id", p->client_id);
    KEEP(e, "username", p->username);
    KEEP(e, "api_version", p->api_version);
    decode_product(p->username, p->product, sizeof p->product);
    p->is_clean = number_of(e, "clean") != 0;
    p->has_will = number_of(e, "will") != 0;
    p->keep_alive_s = number_of(e, "keep_alive_s");
}

static void on_connected(struct profile *p, const struct event *e)
{
    KEEP(e, "auth", p->auth);
    p->sessions++;
    if (event_field(e, "sas_expires_in_s") && number_of(e, "sas_expires_in_s") > p->sas_s) {
        p->sas_s = number_of(e, "sas_expires_in_s");
    }
}

static void on_subscribed(struct profile *p, const struct event *e)
{
    char filter[160];
    KEEP(e, "filter", filter);
    for (size_t i = 0; i < p->filter_count; i++) {
        if (strcmp(p->filters[i], filter) == 0) {
            return;
        }
    }
    if (p->filter_count < PROFILE_TOPICS_MOST) {
        memcpy(p->filters[p->filter_count++], filter, sizeof filter);
    }
}

static void beat(struct profile_beat *b, const struct event *e)
{
    if (b->count && b->connection == e->connection) {
        uint64_t gap_us = e->at_us - b->last_us;
        b->least_gap_us = !b->gaps || gap_us < b->least_gap_us ? gap_us : b->least_gap_us;
        b->gap_sum_us += gap_us;
        b->gaps++;
    }
    b->count++;
    b->last_us = e->at_us;
    b->connection = e->connection;
}

static void on_message(struct profile *p, const struct event *e)
{
    uint64_t size = (uint64_t)number_of(e, "body_bytes");
    p->body_least = !p->telemetry.count || size < p->body_least ? size : p->body_least;
    p->body_most = size > p->body_most ? size : p->body_most;
    p->qos_most = number_of(e, "qos") > p->qos_most ? number_of(e, "qos") : p->qos_most;
    beat(&p->telemetry, e);
}

static void on_ping(struct profile *p, const struct event *e)
{
    beat(&p->pings, e);
}

static void on_hello(struct profile *p, const struct event *e)
{
    if (!p->sni[0]) {
        KEEP(e, "sni", p->sni);
    }
}

static void count(struct profile *p, const struct event *e)
{
    p->connections += e->type == EVENT_TCP_ACCEPTED;
    p->refusals += e->type == EVENT_MQTT_REFUSED;
    p->disconnects += e->type == EVENT_MQTT_DISCONNECT;
    p->twin_reads += e->type == EVENT_TWIN_GET;
    p->twin_reports += e->type == EVENT_TWIN_REPORTED;
    p->methods_answered += e->type == EVENT_METHOD_ANSWERED;
    p->c2d_taken += e->type == EVENT_C2D_COMPLETED;
    p->uses_websocket |= e->type == EVENT_WS_OPEN;
    p->uses_dps |= e->type == EVENT_DPS_REGISTER;
    p->uses_sntp |= e->type == EVENT_SNTP_REQUEST;
}

static const struct {
    enum event_type type;
    void (*take)(struct profile *p, const struct event *e);
} takers[] = {
    {EVENT_TLS_CLIENT_HELLO, on_hello},
    {EVENT_TLS_OFFER, on_offer},
    {EVENT_TLS_OFFER_JUDGED, on_judged},
    {EVENT_TLS_ESTABLISHED, on_established},
    {EVENT_MQTT_CONNECT, on_connect},
    {EVENT_MQTT_CONNECTED, on_connected},
    {EVENT_MQTT_SUBSCRIBED, on_subscribed},
    {EVENT_D2C_MESSAGE, on_message},
    {EVENT_MQTT_PING, on_ping},
};

int profile_event(struct profile *p, const struct event *e)
{
    const char *device = e->device ? e->device : "";
    if (!p->device[0] && e->type == EVENT_MQTT_CONNECT) {
        span_copy_text(span_text(device), p->device, sizeof p->device);
    }
    if (device[0] && p->device[0] && strcmp(device, p->device) != 0) {
        span_copy_text(span_text(device), p->others, sizeof p->others);
        return 0;
    }
    count(p, e);
    for (size_t i = 0; i < HR_COUNT_OF(takers); i++) {
        if (takers[i].type == e->type) {
            takers[i].take(p, e);
        }
    }
    return attempts_event(&p->attempts, e);
}

// ---- from a journal's line

static bool field_from(const char *key, const json_t *value, struct field *out)
{
    out->name = key;
    out->kind = json_is_string(value)    ? FIELD_TEXT
                : json_is_integer(value) ? FIELD_INT
                : json_is_boolean(value) ? FIELD_BOOL
                                         : FIELD_NONE;
    out->text = span_text(json_string_value(value));
    out->number = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    return out->kind != FIELD_NONE;
}

static int take_object(struct profile *p, json_t *object)
{
    struct field fields[FIELDS_MOST];
    const char *word = json_string_value(json_object_get(object, "event"));
    const char *device = json_string_value(json_object_get(object, "device"));
    int type = word ? event_type_of(span_text(word)) : -1;
    const char *key;
    json_t *value;
    if (type < 0) {
        return 0;
    }
    struct event e = {.type = (enum event_type)type,
                      .at_us = (uint64_t)json_integer_value(json_object_get(object, "at_us")),
                      .connection =
                          (uint32_t)json_integer_value(json_object_get(object, "connection")),
                      .device = device ? device : "",
                      .fields = fields};
    json_object_foreach(object, key, value)
    {
        if (e.field_count < FIELDS_MOST && field_from(key, value, &fields[e.field_count])) {
            e.field_count++;
        }
    }
    return profile_event(p, &e);
}

int profile_line(struct profile *p, struct span line)
{
    json_t *object = json_loadb((const char *)line.ptr, line.len, 0, NULL);
    int code = object ? take_object(p, object) : 0; // a rig that was ended leaves half a line
    json_decref(object);
    return code;
}
