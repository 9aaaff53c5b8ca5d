// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "harness/device/serial.h"

#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void port_place(const char *sysfs_path, char *out, size_t capacity_bytes)
{
    struct span rest = span_text(sysfs_path);
    out[0] = '\0';
    while (rest.ptr) {
        struct span part = span_cut(rest, '/', &rest);
        bool is_place = part.len > 2 && part.ptr[0] >= '0' && part.ptr[0] <= '9' &&
                        span_find(part, '-') < part.len && span_find(part, ':') == part.len;
        if (is_place) {
            span_copy_text(part, out, capacity_bytes);
        }
    }
}

static void describe(struct sp_port *from, struct port *to)
{
    char sys[PATH_MAX];
    char link[PATH_MAX];
    int vendor = 0;
    int product = 0;
    const char *text = NULL;
    *to = (struct port){0};
    snprintf(to->path, sizeof to->path, "%s", sp_get_port_name(from));
    const char *slash = strrchr(to->path, '/');
    snprintf(link, sizeof link, "/sys/class/tty/%s", slash ? slash + 1 : to->path);
    if (realpath(link, sys)) {
        port_place(sys, to->place, sizeof to->place);
    }
    if (sp_get_port_transport(from) != SP_TRANSPORT_USB) {
        return;
    }
    to->is_usb = true;
    if (sp_get_port_usb_vid_pid(from, &vendor, &product) == SP_OK) {
        to->vendor = (unsigned)vendor;
        to->product = (unsigned)product;
    }
    text = sp_get_port_usb_serial(from);
    snprintf(to->serial, sizeof to->serial, "%s", text ? text : "");
    text = sp_get_port_usb_product(from);
    snprintf(to->product_text, sizeof to->product_text, "%s", text ? text : "");
}

int ports_list(struct port *out, size_t *count)
{
    struct sp_port **list = NULL;
    *count = 0;
    if (sp_list_ports(&list) != SP_OK) {
        FAIL(ERR_IO, "the serial ports of this machine cannot be listed");
    }
    for (size_t i = 0; list[i] && *count < PORTS_MOST; i++) {
        describe(list[i], &out[(*count)++]);
    }
    sp_free_port_list(list);
    return 0;
}

static bool is_match(const struct port *p, const struct bench_board *b)
{
    if (b->port == PORT_HUB) {
        return strcmp(p->place, b->port_text) == 0;
    }
    return b->port == PORT_USB && p->is_usb && p->vendor == b->vendor && p->product == b->product &&
           (!b->port_text[0] || strcmp(p->serial, b->port_text) == 0);
}

static void print_wanted(const struct bench_board *b, char out[128])
{
    if (b->port == PORT_HUB) {
        snprintf(out, 128, "at hub place %.80s", b->port_text);
    } else {
        snprintf(out, 128, "with USB id %04x:%04x%s%.80s", b->vendor, b->product,
                 b->port_text[0] ? ":" : "", b->port_text);
    }
}

const struct port *ports_match(const struct port *ports, size_t count, const struct bench_board *b)
{
    const struct port *found = NULL;
    char wanted[128];
    print_wanted(b, wanted);
    for (size_t i = 0; i < count; i++) {
        if (!is_match(&ports[i], b)) {
            continue;
        }
        if (found) {
            error_set(ERR_IO, "%s and %s are both %s: name the board by its serial number or hub place",
                      found->path, ports[i].path, wanted);
            return NULL;
        }
        found = &ports[i];
    }
    if (!found) {
        error_set(ERR_IO, "no serial port %s is plugged in", wanted);
    }
    return found;
}
