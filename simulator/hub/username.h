// SPDX-License-Identifier: MIT
// The MQTT user name of a device or module: HOST/DEVICE[/MODULE][/[?]api-version=...&...]
// (reference: IoT Hub over MQTT, user name grammar). Ids are not percent-encoded and may
// themselves contain ? = and %.
//
//     struct username u;
//     TRY(username_parse(SPAN_LITERAL("h.example/bench-01/?api-version=2021-04-12"), &u));
#pragma once
#include "base/span.h"
#include "simulator/hub/hub.h"

struct username {
    struct span host;               // borrowed from the text
    struct span device;             // borrowed
    struct span module;             // borrowed; empty for a device
    char name[HUB_NAME_BYTES_MOST]; // "device" or "device/module"
    char api_version[32];           // decoded, cut at 31 bytes; "" when the tail has none
};

// ERR_SYNTAX with a sentence in error_text(). Linear in the text.
int username_parse(struct span text, struct username *out) HR_NODISCARD;

// 1 to 128 letters, digits and - . % _ * ? ! ( ) , : = @ $ '
bool id_is_valid(struct span id);
// "id" or "id/id".
bool identity_name_is_valid(struct span name);
