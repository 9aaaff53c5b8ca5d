// SPDX-License-Identifier: MIT
// The inventory of devices, a .bench file in the line syntax:
//
//     process reference
//       about    the well-behaved device
//       command  {bin}/reference_device --root {root.pem}
//       env      IOTHUB_DEVICE_CONNECTION_STRING={device.connection_string}
//       requires {bin}/reference_device      # a file that must exist, else "not installed"
//       offers   clock x509 dps tls1.3       # capabilities, or `nothing`; default clock x509
//     end
//     variants reference --flaw no-sni hammer  # further devices: the command and `--flaw NAME`
//
// Blocks may also be `qemu NAME`, `board NAME` and `blackbox NAME`: see board.h.
// Placeholders stand in command, env and file lines and are filled per run by template_fill.
#pragma once
#include "base/line.h"
#include "harness/scenario/capability.h"
#include "harness/bench/board.h"

enum { BENCH_WORDS_MOST = 48, PLACEHOLDER_NAMES_MOST = 40 };

enum bench_kind {
    BENCH_PROCESS,  // a program on this machine
    BENCH_QEMU,     // an emulator, with a console
    BENCH_BOARD,    // hardware with a serial port
    BENCH_BLACKBOX, // hardware that is only seen on the wire
};
const char *bench_kind_word(enum bench_kind kind);

struct bench_device {
    enum bench_kind kind;
    const char *file; // of the inventory, borrowed from it; NULL outside of one
    int line;
    struct bench_board *board; // NULL for a process
    char *name;
    char *about;
    char *command[BENCH_WORDS_MOST + 1]; // argv templates, NULL-terminated
    size_t command_count;
    char *env[BENCH_WORDS_MOST + 1]; // "NAME=template"
    size_t env_count;
    char *requires;
    unsigned offers; // a set of capabilities
};

struct bench {
    char *file;
    char *folder;
    struct bench_device *devices;
    size_t count;
};

// A board or a black box: it has one user and one scenario at a time.
bool bench_is_hardware(const struct bench_device *device);
// What it offers, and what follows from what the bench says of it: power, reset, console.
unsigned bench_capabilities(const struct bench_device *device);

int bench_read(const char *path, struct bench *out, struct diag_list *diags) HR_NODISCARD;
int bench_parse(const char *name, struct span text, struct bench *out,
                struct diag_list *diags) HR_NODISCARD;
void bench_deinit(struct bench *bench);
// ERR_UNKNOWN_NAME with a did-you-mean and the list of names in error_text().
int bench_find(const struct bench *bench, const char *name,
               const struct bench_device **out) HR_NODISCARD;

// {name} placeholders from a table; an unknown one is ERR_UNKNOWN_NAME with a suggestion; "{{" is
// a brace.
struct placeholder {
    const char *name; // "hub.host"
    const char *value;
};
int template_fill(const char *template, const struct placeholder *table, size_t count,
                  struct buf *out) HR_NODISCARD;
// The names that a bench may use, for checks; sorted, NULL-terminated. Each is filled by
// the worker.
const char *const *placeholder_names(void);
