// SPDX-License-Identifier: MIT
// A fault that the device itself asked for, as the SDKs' end-to-end tests do: after its delay the
// connection is cut, and for its duration rows of the fault plan act on that identity.
#include "base/error.h"
#include "simulator/mqtt/session_private.h"

struct plan_row {
    enum drop_how cut;
    struct fault fault; // while it lasts
};

static const struct plan_row rows[SDK_FAULT_COUNT] = {
    [SDK_FAULT_KILL_TCP] = {DROP_RST,
                            {.kind = FAULT_DROP, .site = SITE_MQTT_CONNACK, .number = {DROP_RST}}},
    [SDK_FAULT_SHUT_DOWN_MQTT] =
        {DROP_FIN, {.kind = FAULT_DROP, .site = SITE_MQTT_CONNACK, .number = {DROP_FIN}}},
    [SDK_FAULT_INVOKE_THROTTLING] = {DROP_FIN,
                                     {.kind = FAULT_REFUSE, .site = SITE_MQTT_CONNACK, .number = {3}}},
    // CONNECT is accepted, and the first publish cut
    [SDK_FAULT_INVOKE_MAX_MESSAGE_QUOTA] =
        {DROP_FIN, {.kind = FAULT_DROP, .site = SITE_MQTT_PUBLISH, .number = {DROP_FIN}}},
    [SDK_FAULT_INVOKE_AUTH_ERROR] = {DROP_FIN,
                                     {.kind = FAULT_REFUSE, .site = SITE_MQTT_CONNACK, .number = {5}}},
};

static void arm(struct mqtt_session *s, const struct sdk_fault *asked)
{
    struct fault fault = rows[asked->kind].fault;
    fault.times = UINT64_MAX;
    fault.start_us = asked->delay_us;
    fault.for_us = asked->duration_us;
    span_copy_text(span_text(s->name), fault.device, sizeof fault.device);
    if (asked->kind == SDK_FAULT_INVOKE_THROTTLING) {
        fault.number[0] = (uint64_t)hub_connack_code(s->world.hub, REASON_THROTTLED);
    }
    if (faults_add(s->world.faults, &fault) < 0) {
        session_note(s, "%s acts only as a cut: %s", sdk_fault_word(asked->kind),
                     error_text(ERR_LIMIT));
    }
}

void session_obey(struct mqtt_session *s, const struct sdk_fault *fault)
{
    uint64_t at_us = session_now_us(s) + fault->delay_us;
    if (fault->duration_us > 0) {
        arm(s, fault);
    }
    if (at_us < s->sdk_fault_at_us) { // of two, the earlier one cuts
        s->sdk_fault_at_us = at_us;
        s->sdk_fault_how = rows[fault->kind].cut;
    }
    session_check_sdk_fault(s); // without a delay: before the PUBACK
}

void session_check_sdk_fault(struct mqtt_session *s)
{
    if (s->state == SESSION_OPEN && session_now_us(s) >= s->sdk_fault_at_us) {
        session_cut(s, REASON_SDK_FAULT, s->sdk_fault_how);
    }
}
