// SPDX-License-Identifier: MIT
#include "simulator/web/upgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The headers of an upgrade, one per line.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"mqtt", "amqp"};
    struct span rest = span_of(data, size);
    struct upgrade_request r = {
        .is_get = true, .path = SPAN_LITERAL(WEB_SOCKET_PATH), .host = SPAN_LITERAL("h")};
    r.connection = span_cut(rest, '\n', &rest);
    r.version = span_cut(rest, '\n', &rest);
    r.key = span_cut(rest, '\n', &rest);
    r.subprotocols = rest;
    if (!upgrade_judge(&r, names, 2) && !upgrade_list_has(r.subprotocols, SPAN_LITERAL("mqtt")) &&
        !upgrade_list_has(r.subprotocols, SPAN_LITERAL("amqp"))) {
        __builtin_trap();
    }
    return 0;
}
