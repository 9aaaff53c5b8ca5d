// SPDX-License-Identifier: MIT
#include "simulator/net/dispatch.h"

struct opening {
    const char *bytes;
    enum dialect dialect;
};

static const struct opening openings[] = {
    {"\x16", DIALECT_TLS},      {"\x10", DIALECT_MQTT},  {"AMQP", DIALECT_AMQP},
    {"GET ", DIALECT_HTTP},     {"POST ", DIALECT_HTTP}, {"PUT ", DIALECT_HTTP},
    {"PATCH ", DIALECT_HTTP},   {"HEAD ", DIALECT_HTTP}, {"DELETE ", DIALECT_HTTP},
    {"OPTIONS ", DIALECT_HTTP}, {"PRI ", DIALECT_HTTP},
};

enum dialect dialect_of(struct span first_bytes)
{
    if (first_bytes.len == 0) {
        return DIALECT_UNDECIDED;
    }
    for (size_t i = 0; i < HR_COUNT_OF(openings); i++) {
        struct span wanted = span_text(openings[i].bytes);
        size_t n = first_bytes.len < wanted.len ? first_bytes.len : wanted.len;
        if (span_equals(span_slice(first_bytes, 0, n), span_slice(wanted, 0, n))) {
            return n == wanted.len ? openings[i].dialect : DIALECT_UNDECIDED;
        }
    }
    return DIALECT_UNKNOWN;
}

const char *dialect_name(enum dialect dialect)
{
    static const char *const names[] = {"nothing yet", "TLS",  "MQTT",
                                        "HTTP",        "AMQP", "an unknown protocol",
                                        "anything"};
    return names[dialect];
}
