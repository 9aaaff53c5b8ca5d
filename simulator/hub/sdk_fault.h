// SPDX-License-Identifier: MIT
// The faults that the SDKs' own end-to-end tests ask for: a telemetry message whose application
// properties are AzIoTHub_FaultOperationType and its companions (reference: IoT Hub over MQTT,
// fault injection of the real service).
#pragma once
#include "simulator/hub/bag.h"

//    C name                   word                     over MQTT
#define SDK_FAULT_TABLE(X)                                                                         \
    X(KILL_TCP, "KillTcp", true)                                                                   \
    X(SHUT_DOWN_MQTT, "ShutDownMqtt", true)                                                        \
    X(INVOKE_THROTTLING, "InvokeThrottling", true)                                                 \
    X(INVOKE_MAX_MESSAGE_QUOTA, "InvokeMaxMessageQuota", true)                                     \
    X(INVOKE_AUTH_ERROR, "InvokeAuthError", true)                                                  \
    X(SHUT_DOWN_AMQP, "ShutDownAmqp", false)                                                       \
    X(KILL_AMQP_CONNECTION, "KillAmqpConnection", false)                                           \
    X(KILL_AMQP_SESSION, "KillAmqpSession", false)                                                 \
    X(KILL_AMQP_CBS_LINK_REQ, "KillAmqpCBSLinkReq", false)                                         \
    X(KILL_AMQP_CBS_LINK_RESP, "KillAmqpCBSLinkResp", false)                                       \
    X(KILL_AMQP_D2C_LINK, "KillAmqpD2CLink", false)                                                \
    X(KILL_AMQP_C2D_LINK, "KillAmqpC2DLink", false)                                                \
    X(KILL_AMQP_TWIN_LINK_REQ, "KillAmqpTwinLinkReq", false)                                       \
    X(KILL_AMQP_TWIN_LINK_RESP, "KillAmqpTwinLinkResp", false)                                     \
    X(KILL_AMQP_METHOD_REQ_LINK, "KillAmqpMethodReqLink", false)                                   \
    X(KILL_AMQP_METHOD_RESP_LINK, "KillAmqpMethodRespLink", false)

enum sdk_fault_kind {
#define X(name, word, is_mqtt) SDK_FAULT_##name,
    SDK_FAULT_TABLE(X)
#undef X
        SDK_FAULT_COUNT
};
const char *sdk_fault_word(enum sdk_fault_kind kind);
bool sdk_fault_is_mqtt(enum sdk_fault_kind kind);

struct sdk_fault {
    enum sdk_fault_kind kind;
    char close_reason[64]; // free text without a meaning
    uint64_t delay_us;     // until the fault begins; 0 cuts before the PUBACK
    uint64_t duration_us;  // 0: just the cut
};

// True when the bag asks for a fault at all. Then `*code` is 0 and *out filled, or ERR_SYNTAX or
// ERR_VALUE with a sentence: an unknown type, a number that is none, more than a day.
bool sdk_fault_read(const struct bag *bag, struct sdk_fault *out, int *code);
