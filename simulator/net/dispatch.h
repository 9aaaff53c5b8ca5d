// SPDX-License-Identifier: MIT
// First bytes decide which dialect a connection speaks, before and inside TLS.
#pragma once
#include "base/span.h"

enum dialect {
    DIALECT_UNDECIDED, // more bytes are needed
    DIALECT_TLS,
    DIALECT_MQTT,
    DIALECT_HTTP,
    DIALECT_AMQP,
    DIALECT_UNKNOWN,
    DIALECT_ANY, // of a listener: whatever is spoken goes to one speaker, opened before the first byte
};

enum dialect dialect_of(struct span first_bytes);
const char *dialect_name(enum dialect dialect); // "MQTT"
