// SPDX-License-Identifier: MIT
// Direct methods: the service calls, a connected device answers (reference: IoT Hub over MQTT,
// direct methods). Nothing is stored for a device that is away, but for connect_timeout_s.
//
//     struct method_call call = {.name = SPAN_LITERAL("bench-01"), .method =
//     SPAN_LITERAL("reboot"),
//                                .payload = SPAN_LITERAL("{}"), .response_timeout_s = 30};
//     enum reason reason = hub_method_invoke(hub, &call, on_done, context, &id);
#pragma once
#include "simulator/hub/hub.h"

enum {
    METHOD_PAYLOAD_BYTES_MOST = 128 * 1024, // each way
    METHOD_NAME_BYTES_MOST = 100,
    METHOD_RESPONSE_S_LEAST = 5,
    METHOD_TIMEOUT_S_MOST = 300,
    METHOD_RESPONSE_S = 30, // when response_timeout_s is 0
    METHODS_PENDING_MOST = 1024,
};

struct method_call {             // borrowed for the call
    struct span name;            // the identity
    struct span method;          // printable ASCII without blanks, '/', '#', '+' and '?'
    struct span payload;         // JSON; empty = null
    uint32_t response_timeout_s; // 5 to 300; 0 = 30
    uint32_t connect_timeout_s;  // 0 to 300, at most the response time; how long to wait for a
                                 // device that is not connected or not subscribed
};

struct method_outcome {
    enum reason reason;  // REASON_OK, REASON_DEVICE_NOT_ONLINE (404103), REASON_METHOD_TIMEOUT
                         // (504101), REASON_METHOD_BAD_ANSWER
    int status;          // the device's own; any integer
    struct span payload; // JSON; "null" when the device sent nothing. Borrowed for the call
};
typedef void method_done(void *context, const struct method_outcome *outcome);

// REASON_OK: `done` will be called exactly once, from hub_tick or from a session, unless the hub is
// freed first or the call is forgotten. It may be called before this function returns. Any other
// reason: `done` is never called, error_detail() says why: REASON_UNKNOWN_IDENTITY,
// REASON_DISABLED, REASON_DEVICE_NOT_ONLINE (at once with connect_timeout_s 0),
// REASON_INVALID_ARGUMENT, REASON_MALFORMED_JSON, REASON_METHOD_TOO_LARGE, REASON_THROTTLED (too
// many pending), REASON_INTERNAL. `id` may be NULL.
enum reason hub_method_invoke(struct hub *hub, const struct method_call *call, method_done *done,
                              void *context, uint64_t *id);
// The caller has lost interest: `done` is not called any more. An answer is still recorded.
void hub_method_forget(struct hub *hub, uint64_t id);

// ---- the device's side: a request goes out through hub_link.method, its answer comes here.
// An unknown or late rid is ignored; false then.
bool hub_method_answer(struct hub *hub, const struct identity *identity, struct span rid,
                       int status, struct span payload);
