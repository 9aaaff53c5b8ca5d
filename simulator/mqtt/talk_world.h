// SPDX-License-Identifier: MIT
// For tests: the hub and the connections of a talk (talk_rig.h), and what the devices see, in
// words.
#pragma once
#include "simulator/hub/ca_rig.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/method.h"
#include "simulator/hub/renewal.h"
#include "simulator/hub/twin.h"
#include "simulator/mqtt/session_rig.h"
#include <stdlib.h>

enum { TALK_WIRES_MOST = 16 };

struct talk {
    struct session_rig rig;
    struct hub_settings settings;
    struct wire wires[TALK_WIRES_MOST];
    bool has_told_end[TALK_WIRES_MOST];
    size_t count;
    struct buf seen;
    bool is_open;
};

#define C2D_FILTER "devices/bench-01/messages/devicebound/#"
#define C2D_TOPIC                                                                                  \
    "devices/bench-01/messages/devicebound/"                                                       \
    "%24.to=%2Fdevices%2Fbench-01%2Fmessages%2FdeviceBound&iothub-ack=full"

#define SETTING(name)                                                                              \
    {                                                                                              \
#name, offsetof(struct hub_settings, name), sizeof(((struct hub_settings *)NULL)->name)    \
    }

static const struct {
    const char *name;
    size_t offset;
    size_t size;
} settings_table[] = {
    SETTING(sas_grace_s),
    SETTING(disabled_connack),
    SETTING(bad_username_connack),
    SETTING(wrong_host_connack),
    SETTING(throttled_connack),
    SETTING(has_strict_subscriptions),
    SETTING(c2d_deliveries_most),
    SETTING(c2d_counts_attempts),
    SETTING(c2d_goes_with_session),
    SETTING(twin_too_large_status),
    SETTING(is_device_sas_off),
    SETTING(c2d_ttl_s),
    SETTING(takes_any_renewal),
    SETTING(renewal_csr_code),
    SETTING(renewal_conflict_code),
    SETTING(closes_renewal_without_rid),
    SETTING(renewal_expires_s),
};

static inline void talk_set(struct talk *t, struct span name, int value)
{
    for (size_t i = 0; i < HR_COUNT_OF(settings_table); i++) {
        if (span_equals_text(name, settings_table[i].name)) {
            uint8_t *at = (uint8_t *)&t->settings + settings_table[i].offset;
            if (settings_table[i].size == sizeof(bool)) {
                *(bool *)at = value != 0;
            } else {
                *(int32_t *)(void *)at = value;
            }
            return;
        }
    }
    fail_msg("no setting '%.*s'", SPAN_ARG(name));
}

// A CA that takes the request "good" (base64 Z29vZA==) alone.
static inline int talk_issue(void *context, struct span csr_der, const char *common_name,
                             int64_t from_s, int64_t to_s, struct buf chain[RENEWAL_CHAIN_COUNT])
{
    (void)context;
    assert_int_equal(to_s - from_s, 30 * 86400);
    if (!span_equals_text(csr_der, "good")) {
        return error_set(ERR_VALUE, "no PKCS#10");
    }
    TRY(buf_append_text(&chain[0], common_name));
    TRY(buf_append_text(&chain[1], "issuing"));
    return buf_append_text(&chain[2], "root");
}

static inline void talk_people(struct hub_rig *rig)
{
    rig_add_access(rig);
    struct identity other = {.name = "x509-02", .auth = HUB_AUTH_THUMBPRINT};
    memset(other.primary_thumbprint, 'a', 64);
    rig_add(rig, other);
    const struct hub_issuer issuer = {NULL, talk_issue};
    hub_set_issuer(rig->hub, &issuer);
}

static inline void talk_open(struct talk *t)
{
    if (!t->is_open) {
        t->is_open = true;
        session_rig_open_with(&t->rig, &t->settings);
        talk_people(&t->rig.hub);
    }
}

static inline void talk_close(struct talk *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->wires[i].session) {
            wire_end(&t->wires[i]);
        }
    }
    buf_deinit(&t->seen);
    session_rig_close(&t->rig);
}

// ---- what the devices see

static inline void talk_say(struct talk *t, size_t wire, const char *format, ...) HR_PRINTF(3, 4);

static inline void talk_say(struct talk *t, size_t wire, const char *format, ...)
{
    char text[9000];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    assert_int_equal(buf_append_text(&t->seen, t->seen.len ? " | " : ""), 0);
    assert_int_equal(
        wire ? buf_printf(&t->seen, "%zu:%s", wire + 1, text) : buf_append_text(&t->seen, text), 0);
}

// A body without what is different each time: of an error its code and info, GUIDs as "ID".
static inline const char *talk_tidy(struct span body, char out[9000])
{
    static const char mark[] = "\"correlationId\":\"";
    char text[9000];
    span_copy_text(body, text, sizeof text);
    if (strncmp(text, "{\"errorCode\":", 13) == 0) {
        const char *info = strstr(text, ",\"info\":{");
        snprintf(out, 9000, "%.*s%s", (int)strcspn(text, ","), text, info ? info : "}");
        strcpy(text, out);
    }
    char *at = strstr(text, mark);
    if (at && strlen(at) > sizeof mark + 36) {
        at += sizeof mark - 1;
        memmove(at + 2, at + 36, strlen(at + 36) + 1);
        memcpy(at, "ID", 2);
    }
    strcpy(out, text);
    return out;
}

static inline void talk_say_packet(struct talk *t, size_t wire, const struct mqtt_packet *p)
{
    struct mqtt_publish m;
    char body[9000];
    const uint8_t *b = p->body.ptr;
    const char *name = mqtt_packet_name(p->type);
    if (p->type == PACKET_CONNACK) {
        talk_say(t, wire, "%s %d%s", name, b[1], b[0] ? " present" : "");
    } else if (p->type == PACKET_SUBACK) {
        talk_say(t, wire, "%s %d", name, b[2]);
    } else if (p->type == PACKET_PUBACK) {
        talk_say(t, wire, "%s %d", name, b[0] << 8 | b[1]);
    } else if (p->type == PACKET_PUBLISH) {
        assert_int_equal(mqtt_read_publish(p, &m), 0);
        char id[16] = "";
        if (m.qos) {
            snprintf(id, sizeof id, " #%d", m.packet_id);
        }
        talk_say(t, wire, "%s q%d%s%s %.*s%s%s", name, m.qos, m.is_dup ? " dup" : "", id,
                 SPAN_ARG(m.topic), m.body.len ? " " : "", talk_tidy(m.body, body));
    } else {
        talk_say(t, wire, "%s", name);
    }
}

static inline void talk_listen(struct talk *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct wire *w = &t->wires[i];
        struct mqtt_reader reader;
        struct mqtt_packet packet;
        struct span bytes = buf_span(&w->sent);
        mqtt_reader_init(&reader);
        while (w->session && mqtt_reader_next(&reader, &bytes, &packet) == 1) {
            talk_say_packet(t, i, &packet);
        }
        mqtt_reader_deinit(&reader);
        buf_clear(&w->sent);
        if (w->closes && !t->has_told_end[i]) {
            t->has_told_end[i] = true;
            talk_say(t, i, "%s", w->how == DROP_FIN ? "FIN" : "RST");
        }
    }
}
