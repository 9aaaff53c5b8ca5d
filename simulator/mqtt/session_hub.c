// SPDX-License-Identifier: MIT
// The hub's dialect of a session: who connects, whose token ends, what is said of it. Its messages
// and filters are in session_publish.c and session_subscribe.c.
#include "base/error.h"
#include "base/text_code.h"
#include "simulator/hub/sas.h"
#include "simulator/hub/username.h"
#include "simulator/mqtt/session_private.h"
#include "simulator/mqtt/topic.h"

#include <string.h>

enum { SHOWN_BYTES_MOST = 512 };

static const uint64_t second_us = 1000000;

struct mqtt_session *session_of_link(struct hub_link *link)
{
    return (struct mqtt_session *)((char *)link - offsetof(struct mqtt_session, link));
}

static void on_hub_close(struct hub_link *link, enum reason reason, uint32_t by_connection)
{
    struct mqtt_session *s = session_of_link(link);
    if (reason == REASON_TAKEN_OVER) {
        EMIT(s->world.journal, MQTT_TAKEN_OVER, s->connection, s->name,
             F_INT("by_connection", by_connection));
    }
    if (s->state == SESSION_STALLED) {
        return; // a stalled transport stays open on purpose
    }
    if (reason == REASON_TAKEN_OVER) {
        session_close(s, DROP_FIN);
    } else {
        session_cut(s, reason, DROP_FIN);
    }
}

static int open_side(struct mqtt_session *s)
{
    s->link.close = on_hub_close;
    s->link.c2d_ready = session_on_c2d_ready;
    s->link.desired = session_on_desired;
    s->link.method = session_on_method;
    s->link.renewal = session_on_renewal;
    s->link.connection = s->connection;
    s->token_expires_us = INT64_MAX;
    s->token_scope = "";
    s->sdk_fault_at_us = UINT64_MAX;
    buf_init(&s->will_bag, MQTT_PACKET_BYTES_MOST);
    buf_init(&s->will_body, MQTT_PACKET_BYTES_MOST);
    return 0;
}

static void release_side(struct mqtt_session *s)
{
    if (s->identity) {
        hub_detach(s->world.hub, &s->link);
    }
    buf_deinit(&s->will_bag);
    buf_deinit(&s->will_body);
}

static void emit_connect(struct mqtt_session *s, const struct mqtt_connect *c)
{
    char client_id[SHOWN_BYTES_MOST];
    char username[SHOWN_BYTES_MOST];
    struct username u;
    int code = username_parse(c->username, &u);
    if (code == 0) {
        memcpy(s->name, u.name, sizeof s->name);
    } else if (identity_name_is_valid(c->client_id)) {
        span_copy_text(c->client_id, s->name, sizeof s->name);
    }
    EMIT(s->world.journal, MQTT_CONNECT, s->connection, s->name,
         F_SPAN("client_id", sas_redacted(c->client_id, client_id, sizeof client_id)),
         F_SPAN("username", sas_redacted(c->username, username, sizeof username)),
         F_BOOL("has_password", c->password.ptr != NULL), F_BOOL("clean", c->is_clean),
         F_INT("keep_alive_s", c->keepalive_s), F_BOOL("will", c->has_will),
         F_TEXT("api_version", u.api_version));
}

static void emit_refused(struct mqtt_session *s, const struct session_refusal *why)
{
    const struct reason_row *row = reason_row(why->reason);
    EMIT(s->world.journal, MQTT_REFUSED, s->connection, s->name, F_INT("code", why->code),
         F_TEXT("reason", row->word), F_INT("hub_code", row->hub_code),
         F_TEXT("why", row->sentence), F_TEXT("working", why->working), F_TEXT("hint", row->hint));
}

static bool is_admitted(struct mqtt_session *s, struct session_refusal *why)
{
    enum reason reason =
        hub_admit_connection(s->world.hub, s->identity, s->connection, &s->connack_wait_us);
    if (reason != REASON_OK) {
        *why = (struct session_refusal){
            .code = hub_connack_code(s->world.hub, reason),
            .reason = reason,
            .working = "the credentials are right, but too many new connections wait already"};
    }
    return reason == REASON_OK;
}

static bool judge(struct mqtt_session *s, const struct mqtt_connect *c, struct session_refusal *why)
{
    struct auth_request request = {.client_id = c->client_id,
                                   .username = c->username,
                                   .password = c->password,
                                   .certificate = s->certificate};
    struct auth_result result;
    hub_authenticate(s->world.hub, &request, &result);
    if (result.reason != REASON_OK) {
        why->code = hub_connack_code(s->world.hub, result.reason);
        why->reason = result.reason;
        memcpy(why->working, result.working, sizeof why->working);
        return false;
    }
    s->identity = result.identity;
    s->link.identity = result.identity;
    s->token_expires_us = result.token_expires_us;
    s->token_scope = result.token_scope;
    s->is_policy = result.is_policy;
    memcpy(s->key, result.key, sizeof s->key);
    memcpy(s->api_version, result.api_version, sizeof s->api_version);
    s->link.key = s->key;
    if (!is_admitted(s, why)) {
        return false;
    }
    int code = session_keep_will(s, c);
    if (code < 0) {
        session_fail(s, code);
    }
    return true;
}

static bool is_welcome(struct mqtt_session *s, struct session_refusal *why)
{
    if (s->identity->is_disabled) {
        *why = (struct session_refusal){.code = hub_connack_code(s->world.hub, REASON_DISABLED),
                                        .reason = REASON_DISABLED,
                                        .working =
                                            "the identity was disabled while CONNACK was delayed"};
        return false;
    }
    return true;
}

static bool attach(struct mqtt_session *s)
{
    s->token_check_us = s->last_in_us;
    hub_attach(s->world.hub, &s->link);
    return hub_session_begin(s->world.hub, s->identity, s->is_clean);
}

static void offer_waiting(struct mqtt_session *s)
{
    if (s->state == SESSION_OPEN) {
        hub_link_ready(s->world.hub, &s->link);
    }
}

static void emit_connected(struct mqtt_session *s, bool is_present)
{
    static const char *const ways[] = {"sas", "thumbprint", "ca"};
    int64_t left_us = s->token_expires_us - hub_utc_us(s->world.hub);
    bool has_token = s->token_expires_us != INT64_MAX;
    struct field left = F_INT("sas_expires_in_s", left_us / 1000000);
    left.name = has_token ? left.name : NULL; // the end of the fields
    EMIT(s->world.journal, MQTT_CONNECTED, s->connection, s->name, F_TEXT("client_id", s->name),
         F_TEXT("auth", s->is_policy ? "policy" : ways[s->identity->auth]), F_TEXT("key", s->key),
         F_BOOL("session_present", is_present),
         F_TEXT("hub", hub_settings_of(s->world.hub)->host), left,
         F_TEXT("sas_scope", s->token_scope));
    offer_waiting(s); // a kept session needs no new SUBSCRIBE
}

static int stray_topic(const struct mqtt_session *s, struct buf *out)
{
    char text[TOPIC_BYTES_MOST];
    TRY(buf_append(out, topic_below(s->name, "/messages/devicebound/%24.to=", text)));
    TRY(buf_append_text(out, "%2F"));
    return percent_encode(topic_below(s->name, "/messages/deviceBound", text), out);
}

static void leave(struct mqtt_session *s)
{
    if (s->identity) {
        hub_detach(s->world.hub, &s->link);
        session_publish_will(s);
    }
}

static uint64_t deadline_us(const struct mqtt_session *s)
{
    uint64_t token_at = s->token_expires_us == INT64_MAX ? UINT64_MAX : s->token_check_us;
    return token_at < s->sdk_fault_at_us ? token_at : s->sdk_fault_at_us;
}

static void check_token(struct mqtt_session *s)
{
    uint64_t now = session_now_us(s);
    if (s->state != SESSION_OPEN || s->token_expires_us == INT64_MAX || now < s->token_check_us) {
        return;
    }
    int64_t grace_us = (int64_t)hub_settings_of(s->world.hub)->sas_grace_s * 1000000;
    int64_t late_us = hub_utc_us(s->world.hub) - s->token_expires_us;
    if (late_us >= grace_us) {
        EMIT(s->world.journal, SAS_EXPIRED, s->connection, s->name,
             F_INT("after_s", late_us / 1000000));
        session_close(s, DROP_FIN);
        return;
    }
    uint64_t left_us = hub_clock_wait_us(s->world.hub, (uint64_t)(grace_us - late_us));
    s->token_check_us = now + (left_us < second_us ? left_us : second_us);
}

static void tick(struct mqtt_session *s)
{
    check_token(s);
    session_check_sdk_fault(s);
}

const struct session_dialect session_hub_dialect = {
    .peer = "IoT Hub",
    .tells_pubacks = true,
    .connack_site = SITE_MQTT_CONNACK,
    .answer_sites = {[ANSWER_PUBACK] = SITE_MQTT_PUBACK,
                     [ANSWER_SUBACK] = SITE_MQTT_SUBACK,
                     [ANSWER_UNSUBACK] = SITE_MQTT_UNSUBACK,
                     [ANSWER_PINGRESP] = SITE_MQTT_PINGRESP,
                     [ANSWER_C2D] = SITE_MQTT_C2D,
                     [ANSWER_TWIN] = SITE_TWIN_RESPONSE,
                     [ANSWER_DESIRED] = SITE_TWIN_DESIRED,
                     [ANSWER_METHOD] = SITE_METHOD_REQUEST,
                     [ANSWER_RENEWAL] = SITE_COUNT, // no fault acts on them
                     [ANSWER_REQUEST] = SITE_COUNT},
    .open = open_side,
    .release = release_side,
    .emit_connect = emit_connect,
    .judge = judge,
    .is_welcome = is_welcome,
    .emit_refused = emit_refused,
    .attach = attach,
    .emit_connected = emit_connected,
    .leave = leave,
    .take_publish = session_take_publish,
    .after_publish = session_after_publish,
    .take_puback = session_take_puback,
    .stray_topic = stray_topic,
    .disconnect = session_drop_will,
    .grant = session_grant,
    .remove = session_remove,
    .after_subscribe = offer_waiting,
    .deadline_us = deadline_us,
    .tick = tick,
};
