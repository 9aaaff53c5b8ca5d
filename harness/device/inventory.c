// SPDX-License-Identifier: MIT
#include "harness/device/inventory.h"
#include "base/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES_MOST = 40 };

static bool is_same_id(const struct port *a, const struct port *b)
{
    return b->is_usb && a->vendor == b->vendor && a->product == b->product &&
           strcmp(a->serial, b->serial) == 0;
}

static bool is_only_one(const struct port *ports, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (i != at && is_same_id(&ports[at], &ports[i])) {
            return false;
        }
    }
    return true;
}

// "CP2102 USB to UART" becomes "cp2102-usb-to-uart", behind it a number that no other board has.
static void make_name(const struct port *p, size_t number, char out[NAME_BYTES_MOST + 16])
{
    size_t len = 0;
    for (const char *c = p->product_text; *c && len < NAME_BYTES_MOST; c++) {
        bool is_plain = isascii((unsigned char)*c) && isalnum((unsigned char)*c);
        if (is_plain) {
            out[len++] = (char)tolower((unsigned char)*c);
        } else if (len > 0 && out[len - 1] != '-') {
            out[len++] = '-';
        }
    }
    if (len == 0 || !isalpha((unsigned char)out[0])) {
        len = (size_t)snprintf(out, NAME_BYTES_MOST, "board");
    }
    snprintf(out + len, 16, "%s%zu", out[len - 1] == '-' ? "" : "-", number);
}

// A serial number that could not stand in a line as one plain word is left out.
static bool is_word(const char *text)
{
    for (; *text; text++) {
        if (!isascii((unsigned char)*text) || !isgraph((unsigned char)*text) || strchr("\"#\\{}", *text)) {
            return false;
        }
    }
    return true;
}

static int print_serial(const struct port *ports, size_t count, size_t at, struct buf *out)
{
    const struct port *p = &ports[at];
    bool has_word = p->serial[0] && is_word(p->serial);
    bool is_found_by_id = p->is_usb && is_only_one(ports, count, at) && (has_word || !p->serial[0]);
    if (is_found_by_id) {
        return buf_printf(out, "  serial      usb %04x:%04x%s%s\n", p->vendor, p->product,
                          has_word ? ":" : "", has_word ? p->serial : "");
    }
    if (p->place[0]) {
        return buf_printf(out, "  serial      hub %s\n", p->place);
    }
    return buf_printf(out, "  serial      path %s   # may be another board tomorrow\n", p->path);
}

static int print_board(const struct port *ports, size_t count, size_t at, size_t number,
                       struct buf *out)
{
    const struct port *p = &ports[at];
    char name[NAME_BYTES_MOST + 16];
    make_name(p, number, name);
    TRY(buf_printf(out, "\nboard %s\n  # was at %s%s%s\n", name, p->path, p->place[0] ? ", place " : "",
                   p->place));
    TRY(print_serial(ports, count, at, out));
    return buf_append_text(
        out, "  baud        115200\n"
             "  reset       lines dtr=off rts=on wait 100ms rts=off   # as ESP boards are wired\n"
             "  # banner    \"what every boot prints\" within 20s\n"
             "  credentials environment\n"
             "  hub-address 127.0.0.1   # this machine as the board reaches it\n"
             "  offers      nothing\n"
             "end\n");
}

int inventory_write(const struct port *ports, size_t count, bool has_paths, struct buf *out,
                    size_t *boards)
{
    *boards = 0;
    TRY(buf_append_text(out, "# What was plugged in. Fill in banner, reset, credentials and hub-address, "
                             "then prove it:\n# hubrig boards --bench THIS-FILE --check\n"));
    for (size_t i = 0; i < count; i++) {
        if (ports[i].is_usb || ports[i].place[0] || has_paths) {
            TRY(print_board(ports, count, i, ++*boards, out));
        }
    }
    return 0;
}
