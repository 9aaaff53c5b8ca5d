// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "harness/bench/bench.h"

#include <string.h>

enum { PLACEHOLDERS_MOST = 64 };

static const char *const names[] = {
    "bench",            // the folder of the .bench file
    "bin",              // the folder of hubrig and the fixtures
    "clock.epoch",      // the device's time in seconds since 1970, filled at every boot
    "clock.utc",        // the same as 2026-11-20T08:00:00Z
    "device.cert",      // file: the device's certificate, PEM, with needs x509
    "device.cert.text", // what is in it
    "device.connection_string",
    "device.id",
    "device.key",      // file: the private key of device.cert, PEM
    "device.key.text", // what is in it; secret
    "device.module",   // the module that it is; empty unless the scenario sets device.module
    "device.secondary_connection_string", // with its other key; empty unless needs two-keys
    "dps.host",        // empty, like the others of dps, unless the device is enrolled there
    "dps.id_scope",
    "dps.key", // what the device signs with: its own key, or derived from the group's
    "dps.registration_id",
    "hub.address", // as the device reaches it
    "hub.host",
    "hub.owner_key", // of the hub's policy iothubowner, which no device should have; secret
    "hub.port",
    "power",       // on or off, in power lines
    "root.pem",    // file: the trust anchors that the device is given
    "root.text",   // what is in it
    "serial.port", // the path of the board's serial port now
    "sntp.host",   // a time server; empty unless the scenario needs sntp
    NULL,
};

const char *const *placeholder_names(void)
{
    return names;
}

static int fill_one(struct span name, const struct placeholder *table, size_t count,
                    struct buf *out)
{
    const char *known[PLACEHOLDERS_MOST];
    char hint[96];
    size_t known_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (span_equals_text(name, table[i].name)) {
            return buf_append_text(out, table[i].value);
        }
        if (known_count < PLACEHOLDERS_MOST) {
            known[known_count++] = table[i].name;
        }
    }
    FAIL(ERR_UNKNOWN_NAME, "unknown placeholder '{%.*s}'%s", SPAN_ARG(name),
         suggest_text(name, known, known_count, hint));
}

static int fill_all(struct span rest, const struct placeholder *table, size_t count,
                    struct buf *out)
{
    while (rest.len) {
        size_t open = span_find(rest, '{');
        TRY(buf_append(out, span_slice(rest, 0, open)));
        rest = span_from(rest, open);
        if (rest.len == 0) {
            return 0;
        }
        rest = span_from(rest, 1);
        if (rest.len && rest.ptr[0] == '{') {
            TRY(buf_append_u8(out, '{'));
            rest = span_from(rest, 1);
            continue;
        }
        size_t close = span_find(rest, '}');
        if (close == rest.len) {
            FAIL(ERR_SYNTAX, "a '{' is never closed; '{{' stands for a brace");
        }
        TRY(fill_one(span_slice(rest, 0, close), table, count, out));
        rest = span_from(rest, close + 1);
    }
    return 0;
}

int template_fill(const char *template, const struct placeholder *table, size_t count,
                  struct buf *out)
{
    size_t before = out->len;
    int code = fill_all(span_text(template), table, count, out);
    if (code < 0) {
        buf_truncate(out, before);
    }
    return code;
}
