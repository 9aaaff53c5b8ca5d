// SPDX-License-Identifier: MIT
#include "harness/bench/board.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/bench/reader.h"

#include <stdlib.h>
#include <string.h>

enum { BAUD_LEAST = 50, BAUD_MOST = 4000000, BANNER_US = 20000000 };

static const char *const port_words[] = {"none", "usb", "hub", "path", "stdio", "announced"};

const char *port_kind_word(enum port_kind kind)
{
    return port_words[kind];
}

int board_new(struct bench_device *device)
{
    struct bench_board *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, ERR_NO_MEMORY);
    device->board = b;
    b->baud = 115200;
    b->line_end = "\r";
    b->banner_us = BANNER_US;
    b->hub_port = 8883;
    b->port = device->kind == BENCH_QEMU ? PORT_STDIO : PORT_NONE;
    char **const texts[] = {&b->port_text,   &b->credentials_from, &b->credentials_to, &b->banner,
                            &b->ask_name,    &b->ask_clock,        &b->hub_address,    &b->hub_name,
                            &b->notes};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        TRY(reader_set_text(texts[i], SPAN_EMPTY));
    }
    return 0;
}

void board_free(struct bench_board *b)
{
    if (!b) {
        return;
    }
    char *const texts[] = {b->port_text, b->credentials_from, b->credentials_to,
                           b->banner,    b->ask_name,         b->ask_clock,
                           b->hub_address, b->hub_name,       b->notes};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        free(texts[i]);
    }
    struct bench_acts *const lists[] = {&b->flash,  &b->reset,      &b->power, &b->credentials_acts,
                                        &b->script, &b->clock_acts};
    for (size_t i = 0; i < HR_COUNT_OF(lists); i++) {
        acts_deinit(lists[i]);
    }
    free(b);
}

// ---- the port

static bool read_hex4(struct span text, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        unsigned digit = c >= '0' && c <= '9'   ? c - 48U
                         : c >= 'a' && c <= 'f' ? c - 87U
                         : c >= 'A' && c <= 'F' ? c - 55U
                                                : 16;
        if (digit == 16) {
            return false;
        }
        *out = *out * 16 + digit;
    }
    return text.len == 4;
}

static int read_usb(struct reader *r, struct bench_board *b)
{
    struct span rest = line_word(r->line, 2);
    struct span vendor = span_cut(rest, ':', &rest);
    struct span product = span_cut(rest, ':', &rest);
    if (!read_hex4(vendor, &b->vendor) || !read_hex4(product, &b->product)) {
        return MISTAKE(r, 2, "expected: serial usb VVVV:PPPP[:SERIAL], in hexadecimal");
    }
    return reader_set_text(&b->port_text, rest);
}

int board_read_serial(struct reader *r)
{
    struct bench_board *b = r->device->board;
    struct span word = line_word(r->line, 1);
    bool is_emulator = r->device->kind == BENCH_QEMU;
    b->port_line = r->line->at.line;
    const char *const *words = is_emulator ? port_words + PORT_STDIO : port_words + PORT_USB;
    size_t count = is_emulator ? 2 : 3;
    for (size_t i = 0; i < count; i++) {
        if (span_equals_text(word, words[i])) {
            b->port = (enum port_kind)((is_emulator ? PORT_STDIO : PORT_USB) + i);
            if (r->line->count != (is_emulator ? 2 : 3)) {
                return MISTAKE(r, 2, is_emulator ? "expected: serial stdio|announced"
                                                 : "expected: serial usb ID | hub PLACE | path FILE");
            }
            if (b->port == PORT_USB) {
                return read_usb(r, b);
            }
            return b->port == PORT_PATH || b->port == PORT_HUB ? reader_set_template(r, 2, &b->port_text)
                                                               : 0;
        }
    }
    if (span_starts_with(word, SPAN_LITERAL("/dev/"))) {
        return MISTAKE(r, 1, "a path may be another board tomorrow; name its USB id, "
                             "and `serial path %.*s` insists",
                       SPAN_ARG(word));
    }
    return reader_unknown(r, 1, "kind of port", words, count);
}

int board_read_baud(struct reader *r)
{
    uint64_t baud = 0;
    if (r->line->count != 2 || span_parse_u64(line_word(r->line, 1), &baud) < 0 ||
        baud < BAUD_LEAST || baud > BAUD_MOST) {
        return MISTAKE(r, 1, "expected: baud NUMBER, from %d to %d", BAUD_LEAST, BAUD_MOST);
    }
    r->device->board->baud = (unsigned)baud;
    return 0;
}

int board_read_line_end(struct reader *r)
{
    static const char *const words[] = {"cr", "lf", "crlf"};
    static const char *const ends[] = {"\r", "\n", "\r\n"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (r->line->count == 2 && line_word_is(r->line, 1, words[i])) {
            r->device->board->line_end = ends[i];
            return 0;
        }
    }
    return MISTAKE(r, 1, "expected: line-end cr|lf|crlf");
}

// ---- what is done to it


int board_read_flash(struct reader *r)
{
    return acts_read(r, 1, &r->device->board->flash);
}

int board_read_reset(struct reader *r)
{
    return acts_read(r, 1, &r->device->board->reset);
}

int board_read_script(struct reader *r)
{
    return acts_read(r, 1, &r->device->board->script);
}

int board_read_power(struct reader *r)
{
    struct bench_board *b = r->device->board;
    b->has_power = true;
    if (!line_word_is(r->line, 1, "uhubctl")) {
        return acts_read(r, 1, &b->power);
    }
    if (r->line->count != 4) {
        return MISTAKE(r, 2, "expected: power uhubctl HUB PORT, such as: power uhubctl 1-4 2");
    }
    struct buf hub HR_CLEANUP(buf_deinit), port HR_CLEANUP(buf_deinit);
    buf_init(&hub, 256);
    buf_init(&port, 256);
    TRY(buf_append(&hub, line_word(r->line, 2)));
    TRY(buf_append(&port, line_word(r->line, 3)));
    const char *const words[] = {"uhubctl", "-l", buf_text(&hub), "-p", buf_text(&port), "-a",
                                 "{power}"};
    return acts_add_command(&b->power, r->line->at.line, words, HR_COUNT_OF(words));
}

int board_read_clock(struct reader *r)
{
    static const char *const words[] = {"none", "sntp", "console", "command", "emulator"};
    struct bench_board *b = r->device->board;
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (!line_word_is(r->line, 1, words[i])) {
            continue;
        }
        b->clock = (enum clock_way)i;
        r->device->offers = (r->device->offers & ~CAN(CLOCK)) |
                            (b->clock != CLOCK_NONE ? CAN(CLOCK) : 0);
        if (board_sets_clock(b)) { // `command` is an act itself
            return acts_read(r, b->clock == CLOCK_CONSOLE ? 2 : 1, &b->clock_acts);
        }
        return r->line->count > 2 ? MISTAKE(r, 2, "expected: clock %s", words[i]) : 0;
    }
    return reader_unknown(r, 1, "way to set a clock", words, HR_COUNT_OF(words));
}

static int expect_words(struct reader *r, size_t count, const char *form)
{
    return r->line->count == count ? 0 : MISTAKE(r, r->line->count, "expected: credentials %s", form);
}

int board_read_credentials(struct reader *r)
{
    static const char *const words[] = {"environment", "files", "script", "image", "command"};
    struct bench_board *b = r->device->board;
    size_t way = 0;
    while (way < HR_COUNT_OF(words) && !line_word_is(r->line, 1, words[way])) {
        way++;
    }
    if (way == HR_COUNT_OF(words)) {
        return reader_unknown(r, 1, "way for credentials", words, HR_COUNT_OF(words));
    }
    b->credentials = (enum credentials_way)way;
    switch (b->credentials) {
    case CREDENTIALS_FILES:
        TRY(expect_words(r, 3, "files FOLDER"));
        TRY(reader_check_template(r, 2, line_word(r->line, 2)));
        return reader_set_text(&b->credentials_from, line_word(r->line, 2));
    case CREDENTIALS_IMAGE:
        TRY(expect_words(r, 4, "image TEMPLATE FILE"));
        TRY(reader_check_template(r, 2, line_word(r->line, 2)));
        TRY(reader_check_template(r, 3, line_word(r->line, 3)));
        TRY(reader_set_text(&b->credentials_from, line_word(r->line, 2)));
        return reader_set_text(&b->credentials_to, line_word(r->line, 3));
    case CREDENTIALS_COMMAND:
        return acts_read(r, 1, &b->credentials_acts);
    default:
        return expect_words(r, 2, words[way]);
    }
}

int board_read_banner(struct reader *r)
{
    struct bench_board *b = r->device->board;
    size_t until = r->line->count;
    if (until >= 4 && line_word_is(r->line, until - 2, "within")) {
        until -= 2;
        TRY(reader_duration(r, until + 1, &b->banner_us));
    }
    if (until != 2 || line_word(r->line, 1).len == 0) {
        return MISTAKE(r, 1, "expected: banner \"TEXT\" [within DURATION]");
    }
    b->banner_line = r->line->at.line;
    return reader_set_text(&b->banner, line_word(r->line, 1));
}

int board_read_ask(struct reader *r)
{
    static const char *const words[] = {"name", "clock"};
    struct bench_board *b = r->device->board;
    char **const fields[] = {&b->ask_name, &b->ask_clock};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (line_word_is(r->line, 1, words[i])) {
            if ((*fields[i])[0]) {
                return MISTAKE(r, 1, "'ask %s' stands twice", words[i]);
            }
            return reader_set_template(r, 2, fields[i]);
        }
    }
    return reader_unknown(r, 1, "question", words, HR_COUNT_OF(words));
}

// ---- the hub and the rest

int board_read_hub_address(struct reader *r)
{
    if (r->line->count != 2) {
        return MISTAKE(r, 1, "expected: hub-address ADDRESS of this machine, as the board reaches it");
    }
    return reader_set_text(&r->device->board->hub_address, line_word(r->line, 1));
}

int board_read_hub_name(struct reader *r)
{
    if (r->line->count != 2) {
        return MISTAKE(r, 1, "expected: hub-name NAME, which the board dials");
    }
    return reader_set_text(&r->device->board->hub_name, line_word(r->line, 1));
}

int board_read_hub_port(struct reader *r)
{
    uint64_t port = 0;
    if (r->line->count != 2 || span_parse_u64(line_word(r->line, 1), &port) < 0 || port < 1 ||
        port > 65535) {
        return MISTAKE(r, 1, "expected: hub-port NUMBER, from 1 to 65535");
    }
    r->device->board->hub_port = (unsigned)port;
    return 0;
}

int board_read_notes(struct reader *r)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    TRY(line_join(r->line, 1, &joined));
    return reader_set_text(&r->device->board->notes, buf_span(&joined));
}

int board_read_tags(struct reader *r)
{
    struct bench_board *b = r->device->board;
    for (size_t i = 1; i < r->line->count; i++) {
        if (b->tag_count == BOARD_TAGS_MOST) {
            return MISTAKE(r, i, "more than %d tags", BOARD_TAGS_MOST);
        }
        if (!span_copy_text(line_word(r->line, i), b->tags[b->tag_count], sizeof b->tags[0])) {
            return MISTAKE(r, i, "a tag has at most %d bytes", BOARD_TAG_BYTES_MOST);
        }
        b->tag_count++;
    }
    return r->line->count < 2 ? MISTAKE(r, 1, "expected: tags WORD...") : 0;
}

// ---- what does not fit together

static bool needs_console(const struct bench_acts *acts)
{
    for (size_t i = 0; i < acts->count; i++) {
        if (acts->items[i].kind != ACT_COMMAND && acts->items[i].kind != ACT_WAIT) {
            return true;
        }
    }
    return false;
}

int board_check(struct reader *r)
{
    const struct bench_device *d = r->device;
    const struct bench_board *b = d->board;
    const char *sentence = NULL;
    bool is_deaf = d->kind == BENCH_BLACKBOX;
    if (is_deaf && (needs_console(&b->reset) || needs_console(&b->flash) || needs_console(&b->power) ||
                    needs_console(&b->clock_acts) || needs_console(&b->credentials_acts))) {
        sentence = "has no console: only command and wait can act on it";
    } else if (d->kind == BENCH_BOARD && b->port == PORT_NONE && !b->port_line) {
        sentence = "has no serial line; a device that is only seen on the wire is a blackbox";
    } else if (d->kind != BENCH_QEMU && !b->hub_address[0]) {
        sentence = "has no hub-address: the address of this machine as the board reaches it";
    } else if (b->credentials == CREDENTIALS_SCRIPT && b->script.count == 0) {
        sentence = "takes its credentials by script and has no script line";
    } else if (d->kind == BENCH_BOARD && b->reset.count == 0 && !b->has_power) {
        sentence = "has neither reset nor power: nothing can boot it";
    }
    if (sentence) {
        return diag_add(r->diags, r->opened, "%s '%s' %s", bench_kind_word(d->kind), d->name, sentence);
    }
    return 0;
}
