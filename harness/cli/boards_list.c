// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "harness/cli/boards_parts.h"
#include "harness/device/lock.h"
#include "harness/scenario/capability.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 7, CELL_BYTES = 160 };

struct row {
    char cells[COLUMNS][CELL_BYTES];
};
static const char *const heads[COLUMNS] = {"NAME",   "KIND", "PLUGGED IN AT", "HELD BY",
                                           "OFFERS", "TAGS", "ABOUT"};
static const char *const keys[COLUMNS] = {"name",   "kind", "port", "held_by",
                                          "offers", "tags", "about"};

static void set(char *cell, const char *text)
{
    snprintf(cell, CELL_BYTES, "%s", text);
}

static void add_word(char *cell, const char *word)
{
    size_t len = strlen(cell);
    snprintf(cell + len, CELL_BYTES - len, "%s%s", len ? " " : "", word);
}

static void print_id(const struct port *p, char *cell)
{
    if (p->is_usb) {
        snprintf(cell, CELL_BYTES, "usb %04x:%04x%s%s", p->vendor, p->product, p->serial[0] ? ":" : "",
                 p->serial);
    } else {
        set(cell, "no USB id");
    }
    if (p->place[0]) {
        add_word(cell, "at hub");
        add_word(cell, p->place);
    }
}

// ---- what the bench names

static bool find_path(const struct boards *b, const struct bench_board *board, char *cell)
{
    const struct placeholder table[] = {{"bench", b->bench.folder}};
    struct buf path HR_CLEANUP(buf_deinit);
    buf_init(&path, PATH_MAX);
    bool is_there = template_fill(board->port_text, table, HR_COUNT_OF(table), &path) == 0 &&
                    fs_exists(buf_text(&path));
    if (is_there) {
        set(cell, buf_text(&path));
    }
    return is_there;
}

// Where its port is now: a path, else why there is none.
static const struct port *find_port(const struct boards *b, const struct bench_device *device, char *cell)
{
    const struct bench_board *board = device->board;
    const struct port *found = NULL;
    if (board->port == PORT_PATH) {
        if (!find_path(b, board, cell)) {
            set(cell, "not plugged in");
        }
    } else if (board->port == PORT_USB || board->port == PORT_HUB) {
        found = ports_match(b->ports, b->port_count, board);
        bool is_doubled = !found && strstr(error_detail(), " are both ");
        set(cell, found ? found->path : is_doubled ? "several match" : "not plugged in");
    } else {
        set(cell, "-");
    }
    return found;
}

static int fill_device(const struct boards *b, const struct bench_device *d, struct row *row,
                       bool *is_named)
{
    set(row->cells[0], d->name);
    set(row->cells[1], bench_kind_word(d->kind));
    const struct port *port = find_port(b, d, row->cells[2]);
    if (port) {
        is_named[port - b->ports] = true;
    }
    for (size_t i = 0; i < b->port_count; i++) {
        is_named[i] |= strcmp(b->ports[i].path, row->cells[2]) == 0;
    }
    if (bench_is_hardware(d)) {
        TRY(lock_holder(d->name, row->cells[3], CELL_BYTES));
    }
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (bench_capabilities(d) & 1U << i) {
            add_word(row->cells[4], capability_word(i));
        }
    }
    for (size_t i = 0; i < d->board->tag_count; i++) {
        add_word(row->cells[5], d->board->tags[i]);
    }
    set(row->cells[6], d->about ? d->about : "");
    return 0;
}

static void fill_port(const struct port *p, struct row *row)
{
    set(row->cells[1], "port");
    set(row->cells[2], p->path);
    print_id(p, row->cells[6]);
    if (p->product_text[0]) {
        add_word(row->cells[6], p->product_text);
    }
}

static int fill_rows(const struct boards *b, struct row *rows, size_t *count)
{
    bool is_named[PORTS_MOST] = {false};
    for (size_t i = 0; i < b->bench.count; i++) {
        if (b->bench.devices[i].board) {
            TRY(fill_device(b, &b->bench.devices[i], &rows[(*count)++], is_named));
        }
    }
    for (size_t i = 0; i < b->port_count; i++) {
        if (!is_named[i]) {
            fill_port(&b->ports[i], &rows[(*count)++]);
        }
    }
    return 0;
}

// ---- printing

static void print_row(const char *const cells[COLUMNS], const int widths[COLUMNS])
{
    int pending = 0; // blanks that are printed only before further text
    for (size_t k = 0; k < COLUMNS; k++) {
        const char *text = cells[k][0] ? cells[k] : "-";
        printf("%*s%s", pending, "", text);
        pending = widths[k] + 2 - (int)strlen(text);
    }
    putchar('\n');
}

static void print_table(const struct row *rows, size_t count, size_t programs)
{
    int widths[COLUMNS];
    for (size_t k = 0; k < COLUMNS; k++) {
        widths[k] = (int)strlen(heads[k]);
        for (size_t i = 0; i < count; i++) {
            int len = (int)strlen(rows[i].cells[k]);
            widths[k] = len > widths[k] ? len : widths[k];
        }
    }
    if (count) {
        print_row(heads, widths);
    } else {
        puts("nothing is plugged in, and the bench names no board");
    }
    for (size_t i = 0; i < count; i++) {
        const char *cells[COLUMNS];
        for (size_t k = 0; k < COLUMNS; k++) {
            cells[k] = rows[i].cells[k];
        }
        print_row(cells, widths);
    }
    if (programs) {
        printf("%sand %zu programs of this machine\n", count ? "\n" : "", programs);
    }
}

static int add_text(struct buf *out, const char *before, const char *key, const char *text)
{
    TRY(buf_printf(out, "%s\"%s\":\"", before, key));
    TRY(json_escape(span_text(text), out));
    return buf_append_u8(out, '"');
}

static int print_json(const struct row *rows, size_t count)
{
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 4 << 20);
    TRY(buf_append_u8(&out, '['));
    for (size_t i = 0; i < count; i++) {
        TRY(buf_append_text(&out, i ? ",\n " : "\n "));
        for (size_t k = 0; k < COLUMNS; k++) {
            TRY(add_text(&out, k ? "," : "{", keys[k], rows[i].cells[k]));
        }
        TRY(buf_append_u8(&out, '}'));
    }
    TRY(buf_append_text(&out, "\n]\n"));
    fputs(buf_text(&out), stdout);
    return 0;
}

int boards_list(const struct boards *b, bool is_json)
{
    size_t count = 0;
    size_t programs = 0;
    struct row *rows = calloc(b->bench.count + b->port_count + 1, sizeof *rows);
    ENSURE(rows != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < b->bench.count; i++) {
        programs += b->bench.devices[i].board == NULL;
    }
    int code = fill_rows(b, rows, &count);
    if (code == 0 && is_json) {
        code = print_json(rows, count);
    } else if (code == 0) {
        print_table(rows, count, programs);
    }
    free(rows);
    return code;
}

// ---- a check

void boards_print_check(const struct bench_device *device, const struct board_check *check)
{
    for (size_t i = 0; i < BOARD_PART_COUNT; i++) {
        const struct board_finding *f = &check->parts[i];
        bool is_broken = f->proof == PROOF_BROKEN;
        printf("%-11s %-7s  %s: %s%s%s\n", proof_word(f->proof), board_part_word((enum board_part)i),
               device->name, board_part_meaning((enum board_part)i),
               f->proof == PROOF_LEFT_OUT ? "? " : "", f->proof == PROOF_LEFT_OUT ? f->seen : "");
        if (is_broken) {
            printf("  expected  %s\n  seen      %s\n  try       %s\n", f->expected, f->seen, f->try_text);
        }
    }
}

int boards_check_json(const struct bench_device *device, const struct board_check *check,
                      struct buf *out)
{
    TRY(add_text(out, "{", "device", device->name));
    TRY(add_text(out, ",", "trouble", check->sentence));
    TRY(buf_append_text(out, ",\"parts\":["));
    for (size_t i = 0; i < BOARD_PART_COUNT; i++) {
        const struct board_finding *f = &check->parts[i];
        TRY(add_text(out, i ? ",\n  {" : "\n  {", "part", board_part_word((enum board_part)i)));
        TRY(add_text(out, ",", "proof", proof_word(f->proof)));
        TRY(add_text(out, ",", "expected", f->expected));
        TRY(add_text(out, ",", "seen", f->seen));
        TRY(add_text(out, ",", "try", f->try_text));
        TRY(buf_append_u8(out, '}'));
    }
    return buf_append_text(out, "]}");
}
