// SPDX-License-Identifier: MIT
// A board's serial port: found by USB id, place or path, opened raw, read as bytes arrive; when it
// vanishes it is looked for until it returns, under whatever number it then has.
//
//     struct serial_settings s = {.loop = loop, .board = board, .path = "", .on_bytes = ..., ...};
//     TRY(serial_new(&s, &serial));      // the port may be absent yet: serial_is_open tells
//     TRY(serial_send(serial, bytes));
//     serial_free(serial);
#pragma once
#include "harness/bench/board.h"

#include <limits.h>

struct uv_loop_s;
struct serial;

struct serial_settings {
    struct uv_loop_s *loop;
    const struct bench_board *board; // borrowed
    const char *path;                // PORT_PATH: filled; PORT_ANNOUNCED: what was announced
    void *context;
    void (*on_bytes)(void *context, struct span bytes);
    void (*on_open)(void *context);                  // also when it returns
    void (*on_gone)(void *context, const char *why); // it was open and is no more
};

// ERR_NO_MEMORY. An absent port is no error: it is looked for every SERIAL_SEEK_MS.
int serial_new(const struct serial_settings *settings, struct serial **out) HR_NODISCARD;
void serial_free(struct serial *s); // runs the loop until its handles are closed; NULL is allowed
bool serial_is_open(const struct serial *s);
const char *serial_path(const struct serial *s);    // the last one that was opened, "" when none
const char *serial_trouble(const struct serial *s); // why it is not open
// What this kind of port cannot do, "" for a real one.
const char *serial_limits(const struct serial *s);
// All bytes, queued as the port takes them. ERR_IO when the port is gone.
int serial_send(struct serial *s, struct span bytes) HR_NODISCARD;
// 1 on, 0 off, -1 as it is. ERR_IO, also for a port without such lines.
int serial_set_lines(struct serial *s, int dtr, int rts) HR_NODISCARD;

enum { SERIAL_SEEK_MS = 50, SERIAL_PENDING_BYTES_MOST = 1 << 20 };

// One port of this machine, as libserialport and the system show it.
struct port {
    char path[64];
    bool is_usb;
    unsigned vendor, product;
    char serial[64];
    char place[64]; // USB bus, hub and port: "1-4.2"; "" unknown
    char product_text[96];
};
enum { PORTS_MOST = 128 };
// All that are plugged in. ERR_IO.
int ports_list(struct port *out, size_t *count) HR_NODISCARD;
// The one that the inventory means, NULL with a reason in error_text() when none or several are.
const struct port *ports_match(const struct port *ports, size_t count, const struct bench_board *b);
// "1-4.2" out of ".../usb1/1-4/1-4.2/1-4.2:1.0/ttyUSB0"; "" when there is none.
void port_place(const char *sysfs_path, char *out, size_t capacity_bytes);
