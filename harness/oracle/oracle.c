// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "harness/oracle/oracle_private.h"

#include <stdlib.h>
#include <string.h>

static const struct oracle_class *const classes[] = {
    [ORACLE_BACKOFF] = &oracle_backoff,
    [ORACLE_RATE] = &oracle_rate,
    [ORACLE_QUIET] = &oracle_quiet,
    [ORACLE_SILENCE] = &oracle_silence,
    [ORACLE_LEDGER] = &oracle_ledger,
    [ORACLE_KEEPALIVE] = &oracle_keepalive,
    [ORACLE_DETECT] = &oracle_detect,
    [ORACLE_RECOVERY] = &oracle_recovery,
    [ORACLE_RESUBSCRIBE] = &oracle_resubscribe,
    [ORACLE_TWIN_SYNC] = &oracle_twin_sync,
    [ORACLE_RENEWAL] = &oracle_renewal,
    [ORACLE_ALERT] = &oracle_alert,
    [ORACLE_LEAK] = &oracle_leak,
    [ORACLE_MEMORY] = &oracle_memory,
};

struct oracle *oracle_new(const struct oracle_spec *spec)
{
    struct oracle *o = calloc(1, sizeof *o);
    if (!o) {
        return NULL;
    }
    o->spec = spec;
    o->class = classes[spec->kind];
    o->state = calloc(1, o->class->state_bytes);
    if (!o->state) {
        free(o);
        return NULL;
    }
    return o;
}

void oracle_free(struct oracle *o)
{
    if (!o) {
        return;
    }
    if (o->class->deinit) {
        o->class->deinit(o->state);
    }
    free(o->state);
    free(o);
}

int oracle_event(struct oracle *o, const struct event *e)
{
    return o->class->event(o, e);
}

void oracle_act(struct oracle *o, uint64_t at_us)
{
    o->act_us = at_us;
    o->has_acted = true;
    if (o->class->act) {
        o->class->act(o);
    }
}

void oracle_begin(struct oracle *o, uint64_t at_us)
{
    o->begin_us = at_us;
    o->has_begun = true;
    if (o->class->begin) {
        o->class->begin(o);
    }
}

enum oracle_state oracle_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                               struct buf *say)
{
    return o->class->judge(o, now_us, is_over, say);
}

uint64_t oracle_deadline_us(const struct oracle *o)
{
    uint64_t from = o->class->origin_us ? o->class->origin_us(o) : o->begin_us;
    return o->spec->duration_us > UINT64_MAX - from ? UINT64_MAX : from + o->spec->duration_us;
}

int64_t oracle_number(const struct event *e, const char *field, int64_t otherwise)
{
    const struct field *f = event_field(e, field);
    if (!f) {
        return otherwise;
    }
    uint64_t number = 0;
    if (f->kind == FIELD_TEXT) {
        bool is_number = span_parse_u64(f->text, &number) == 0 && number <= INT64_MAX;
        return is_number ? (int64_t)number : otherwise;
    }
    return f->number;
}

bool oracle_value_is(const struct event *e, const char *field, const char *text)
{
    char value[64];
    return strcmp(event_value(e, field, value, sizeof value), text) == 0;
}

bool oracle_is_from_device(const struct event *e)
{
    switch (e->type) {
    case EVENT_TCP_ACCEPTED:
    case EVENT_TLS_CLIENT_HELLO:
    case EVENT_TLS_REFUSED:
    case EVENT_MQTT_CONNECT:
    case EVENT_MQTT_SUBSCRIBED:
    case EVENT_MQTT_UNSUBSCRIBED:
    case EVENT_MQTT_PING:
    case EVENT_MQTT_DISCONNECT:
    case EVENT_MQTT_ERROR:
    case EVENT_MQTT_EARLY:
    case EVENT_D2C_MESSAGE:
    case EVENT_DPS_CONNECT:
    case EVENT_DPS_REGISTER:
    case EVENT_DPS_STATUS:
    case EVENT_C2D_COMPLETED:
    case EVENT_TWIN_GET:
    case EVENT_TWIN_REPORTED:
    case EVENT_METHOD_ANSWERED:
    case EVENT_METHOD_LATE:
    case EVENT_HTTP_REQUEST:
    case EVENT_WS_OPEN:
        return true;
    case EVENT_TCP_CLOSED:
    case EVENT_TLS_ALERT:
        return oracle_value_is(e, "by", "device");
    default:
        return false;
    }
}

bool oracle_is_bad_chain(const struct event *e)
{
    char name[8];
    event_value(e, "name", name, sizeof name);
    return strncmp(name, "bad/", 4) == 0 || oracle_value_is(e, "verdict", "reject");
}
