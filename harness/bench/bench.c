// SPDX-License-Identifier: MIT
#include "harness/bench/bench.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/bench/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICE_NAME_BYTES_MOST = 64, DEVICES_MOST = 1000 };

#define NAME_RULE "a %s name has 1 to %d letters, digits, '-', '_' and '.'"

static const char *const kind_words[] = {"process", "qemu", "board", "blackbox"};

const char *bench_kind_word(enum bench_kind kind)
{
    return kind_words[kind];
}

bool bench_is_hardware(const struct bench_device *device)
{
    return device->kind == BENCH_BOARD || device->kind == BENCH_BLACKBOX;
}

unsigned bench_capabilities(const struct bench_device *device)
{
    const struct bench_board *b = device->board;
    bool is_program = device->kind == BENCH_PROCESS || device->kind == BENCH_QEMU;
    bool has_power = is_program || b->has_power;
    bool has_reset = has_power || b->reset.count > 0;
    return device->offers | (device->kind == BENCH_PROCESS ? CAN(MEMORY) : 0) |
           (has_power ? CAN(POWER) : 0) | (has_reset ? CAN(RESET) : 0) |
           (b && b->port != PORT_NONE ? CAN(CONSOLE) : 0);
}

int reader_set_text(char **field, struct span text)
{
    free(*field);
    *field = span_dup_text(text);
    ENSURE(*field != NULL, ERR_NO_MEMORY);
    return 0;
}

int reader_unknown(struct reader *r, size_t at, const char *what, const char *const *names,
                   size_t count)
{
    char hint[96];
    struct span word = line_word(r->line, at);
    return MISTAKE(r, at, "unknown %s '%.*s'%s", what, SPAN_ARG(word),
                   suggest_text(word, names, count, hint));
}

int reader_duration(struct reader *r, size_t at, uint64_t *out_us)
{
    int64_t us = 0;
    if (duration_parse(line_word(r->line, at), &us) < 0 || us <= 0) {
        return MISTAKE(r, at, "expected a duration such as 250ms, 90s or 4m");
    }
    *out_us = (uint64_t)us;
    return 0;
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && (i == 0 || (c != '-' && c != '_' && c != '.'))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= DEVICE_NAME_BYTES_MOST;
}

int reader_check_template(struct reader *r, size_t at, struct span text)
{
    struct placeholder table[PLACEHOLDER_NAMES_MOST];
    size_t count = 0;
    struct buf scratch HR_CLEANUP(buf_deinit);
    buf_init(&scratch, LINE_FILE_BYTES_MOST);
    for (const char *const *name = placeholder_names(); *name && count < HR_COUNT_OF(table); name++) {
        table[count++] = (struct placeholder){*name, ""};
    }
    char *template = span_dup_text(text);
    ENSURE(template != NULL, ERR_NO_MEMORY);
    int code = template_fill(template, table, count, &scratch);
    free(template);
    if (code == ERR_UNKNOWN_NAME || code == ERR_SYNTAX) {
        return MISTAKE(r, at, "%s", error_text(code));
    }
    return code;
}

int reader_set_template(struct reader *r, size_t at, char **field)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    if (r->line->count <= at) {
        return MISTAKE(r, at, "something is missing here");
    }
    TRY(line_join(r->line, at, &joined));
    TRY(reader_check_template(r, at, buf_span(&joined)));
    return reader_set_text(field, buf_span(&joined));
}

static int read_about(struct reader *r)
{
    struct buf joined HR_CLEANUP(buf_deinit);
    buf_init(&joined, LINE_FILE_BYTES_MOST);
    if (r->line->count < 2) {
        return MISTAKE(r, 1, "expected: about WORDS");
    }
    TRY(line_join(r->line, 1, &joined));
    return reader_set_text(&r->device->about, buf_span(&joined));
}

static int read_command(struct reader *r)
{
    struct bench_device *d = r->device;
    r->has_command = true;
    if (r->line->count < 2) {
        return MISTAKE(r, 1, "expected: command PROGRAM [ARGUMENT...]");
    }
    if (r->line->count - 1 > BENCH_WORDS_MOST) {
        return MISTAKE(r, BENCH_WORDS_MOST + 1, "more than %d words in a command",
                       BENCH_WORDS_MOST);
    }
    for (size_t i = 1; i < r->line->count; i++) {
        TRY(reader_check_template(r, i, line_word(r->line, i)));
        TRY(reader_set_text(&d->command[d->command_count], line_word(r->line, i)));
        d->command_count++;
    }
    return 0;
}

static int check_env(struct reader *r, size_t at, struct span word)
{
    size_t equals = span_find(word, '=');
    struct span name = span_slice(word, 0, equals + 1);
    if (equals == word.len || equals == 0) {
        return MISTAKE(r, at, "'%.*s' is not NAME=VALUE", SPAN_ARG(word));
    }
    for (size_t i = 0; i < r->device->env_count; i++) {
        if (span_starts_with(span_text(r->device->env[i]), name)) {
            return MISTAKE(r, at, "%.*s is given twice", (int)equals, (const char *)word.ptr);
        }
    }
    return reader_check_template(r, at, span_from(word, equals + 1));
}

static int read_env(struct reader *r)
{
    struct bench_device *d = r->device;
    if (r->line->count < 2) {
        return MISTAKE(r, 1, "expected: env NAME=VALUE");
    }
    for (size_t i = 1; i < r->line->count; i++) {
        TRY(check_env(r, i, line_word(r->line, i)));
        if (d->env_count == BENCH_WORDS_MOST) {
            return MISTAKE(r, i, "more than %d variables", BENCH_WORDS_MOST);
        }
        TRY(reader_set_text(&d->env[d->env_count], line_word(r->line, i)));
        d->env_count++;
    }
    return 0;
}

static int read_requires(struct reader *r)
{
    if (r->line->count != 2) {
        return MISTAKE(r, r->line->count < 2 ? 1 : 2, "expected: requires FILE");
    }
    TRY(reader_check_template(r, 1, line_word(r->line, 1)));
    return reader_set_text(&r->device->requires, line_word(r->line, 1));
}

static int read_offers(struct reader *r)
{
    const char *names[CAPABILITY_COUNT + 1] = {[CAPABILITY_COUNT] = "nothing"};
    char hint[96];
    memcpy(names, capability_words(), CAPABILITY_COUNT * sizeof names[0]);
    r->device->offers = 0;
    if (r->line->count < 2) {
        return MISTAKE(r, 1,
                       "expected: offers CAPABILITY ... (see: hubrig words capabilities), or: offers "
                       "nothing");
    }
    for (size_t i = 1; i < r->line->count; i++) {
        struct span word = line_word(r->line, i);
        unsigned bit = capability_of(word);
        if (bit & CAPABILITIES_IMPLIED) {
            return MISTAKE(r, i, "'%.*s' is not offered: it follows from what the bench says of the device",
                           SPAN_ARG(word));
        }
        if (bit) {
            r->device->offers |= bit;
        } else if (!span_equals_text(word, "nothing")) {
            return MISTAKE(r, i, "unknown capability '%.*s'%s", SPAN_ARG(word),
                           suggest_text(word, names, HR_COUNT_OF(names), hint));
        } else if (r->line->count != 2) {
            return MISTAKE(r, i, "'nothing' stands alone");
        }
    }
    return 0;
}

static int read_end(struct reader *r)
{
    struct bench_device *d = r->device;
    if (r->line->count > 1) {
        return MISTAKE(r, 1, "'end' stands alone");
    }
    if (!r->has_command && (d->kind == BENCH_PROCESS || d->kind == BENCH_QEMU)) {
        diag_add(r->diags, r->opened, "%s '%s' has no command", bench_kind_word(d->kind), d->name);
    }
    int code = d->board ? board_check(r) : 0;
    r->device = NULL;
    return code;
}

static int add_device(struct reader *r, enum bench_kind kind, struct span name)
{
    struct bench *b = r->bench;
    ENSURE(b->count < DEVICES_MOST, ERR_LIMIT);
    struct bench_device *grown = realloc(b->devices, (b->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    b->devices = grown;
    r->device = &b->devices[b->count];
    *r->device = (struct bench_device){
        .kind = kind,
        .file = b->file,
        .line = r->line->at.line,
        .offers = CAN(X509) | (kind == BENCH_PROCESS ? CAN(CLOCK) : 0),
    };
    b->count++;
    TRY(reader_set_text(&r->device->name, name));
    TRY(reader_set_text(&r->device->about, SPAN_EMPTY));
    TRY(reader_set_text(&r->device->requires, SPAN_EMPTY));
    return kind == BENCH_PROCESS ? 0 : board_new(r->device);
}

static int read_block(struct reader *r, enum bench_kind kind)
{
    struct bench *b = r->bench;
    struct span name = line_word(r->line, 1);
    if (r->device) {
        MISTAKE(r, 0, "%s '%s' of line %d has no 'end'", bench_kind_word(r->device->kind),
                r->device->name, r->opened.line);
    }
    for (size_t i = 0; i < b->count; i++) {
        if (span_equals_text(name, b->devices[i].name)) {
            MISTAKE(r, 1, "%s '%s' is defined twice", bench_kind_word(b->devices[i].kind),
                    b->devices[i].name);
        }
    }
    r->opened = r->line->at;
    r->has_command = false;
    memset(r->seen, 0, sizeof r->seen);
    TRY(add_device(r, kind, name));
    if (!is_name(name)) {
        return MISTAKE(r, 1, NAME_RULE, bench_kind_word(kind), DEVICE_NAME_BYTES_MOST);
    }
    return r->line->count > 2 ? MISTAKE(r, 2, "expected: %s NAME", bench_kind_word(kind)) : 0;
}

static int read_process(struct reader *r)
{
    return read_block(r, BENCH_PROCESS);
}

static int read_qemu(struct reader *r)
{
    return read_block(r, BENCH_QEMU);
}

static int read_board(struct reader *r)
{
    return read_block(r, BENCH_BOARD);
}

static int read_blackbox(struct reader *r)
{
    return read_block(r, BENCH_BLACKBOX);
}

static int append_word(struct bench_device *d, struct span word)
{
    ENSURE(d->command_count < BENCH_WORDS_MOST, ERR_LIMIT);
    TRY(reader_set_text(&d->command[d->command_count], word));
    d->command_count++;
    return 0;
}

// A new last device of the bench that is like the one at `from` (an index: the list may move).
static int copy_device(struct bench *b, size_t from, struct span name)
{
    ENSURE(b->count < DEVICES_MOST, ERR_LIMIT);
    struct bench_device *grown = realloc(b->devices, (b->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    b->devices = grown;
    const struct bench_device *old = &b->devices[from];
    struct bench_device *d = &b->devices[b->count];
    *d = (struct bench_device){.offers = old->offers};
    b->count++;
    TRY(reader_set_text(&d->name, name));
    TRY(reader_set_text(&d->requires, span_text(old->requires)));
    for (size_t i = 0; i < old->command_count; i++) {
        TRY(append_word(d, span_text(old->command[i])));
    }
    for (size_t i = 0; i < old->env_count; i++) {
        TRY(reader_set_text(&d->env[i], span_text(old->env[i])));
        d->env_count++;
    }
    return 0;
}

static int add_variant(struct reader *r, size_t from, size_t at)
{
    struct bench *b = r->bench;
    struct span option = line_word(r->line, 2);
    struct span name = line_word(r->line, at);
    for (size_t i = 0; i < b->count; i++) {
        if (span_equals_text(name, b->devices[i].name)) {
            return MISTAKE(r, at, "process '%s' is defined twice", b->devices[i].name);
        }
    }
    if (!is_name(name)) {
        return MISTAKE(r, at, NAME_RULE, "process", DEVICE_NAME_BYTES_MOST);
    }
    if (b->devices[from].command_count + 2 > BENCH_WORDS_MOST) {
        return MISTAKE(r, at, "more than %d words in a command", BENCH_WORDS_MOST);
    }
    TRY(copy_device(b, from, name));
    struct bench_device *d = &b->devices[b->count - 1];
    struct buf about HR_CLEANUP(buf_deinit);
    buf_init(&about, LINE_FILE_BYTES_MOST);
    TRY(buf_printf(&about, "%s with %.*s %s", b->devices[from].name, SPAN_ARG(option), d->name));
    TRY(reader_set_text(&d->about, buf_span(&about)));
    TRY(append_word(d, option));
    return append_word(d, name);
}

static int read_variants(struct reader *r)
{
    const struct bench *b = r->bench;
    size_t from = 0;
    if (r->device) {
        return MISTAKE(r, 0, "'variants' stands behind the 'end' of its process");
    }
    if (r->line->count < 4) {
        return MISTAKE(r, r->line->count, "expected: variants PROCESS OPTION NAME...");
    }
    while (from < b->count && 
           !(b->devices[from].kind == BENCH_PROCESS &&
             span_equals_text(line_word(r->line, 1), b->devices[from].name))) {
        from++;
    }
    if (from == b->count) {
        return MISTAKE(r, 1, "no process '%.*s' stands above", SPAN_ARG(line_word(r->line, 1)));
    }
    for (size_t at = 3; at < r->line->count; at++) {
        int code = add_variant(r, from, at);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
    }
    return 0;
}

enum {
    IN_PROCESS = 1 << BENCH_PROCESS,
    IN_QEMU = 1 << BENCH_QEMU,
    IN_BOARD = 1 << BENCH_BOARD,
    IN_BLACKBOX = 1 << BENCH_BLACKBOX,
    IN_PROGRAM = IN_PROCESS | IN_QEMU,
    WITH_CONSOLE = IN_QEMU | IN_BOARD,
    IN_HARDWARE = IN_BOARD | IN_BLACKBOX,
    NOT_A_PROCESS = IN_HARDWARE | IN_QEMU,
    IN_ANY = IN_PROCESS | NOT_A_PROCESS,
};

struct keyword {
    const char *word;
    int (*read)(struct reader *r);
    int where;  // blocks that it may stand in, 0 = outside
    bool is_once;
};

static const struct keyword keywords[] = {
    {"process", read_process, 0, false},
    {"qemu", read_qemu, 0, false},
    {"board", read_board, 0, false},
    {"blackbox", read_blackbox, 0, false},
    {"variants", read_variants, 0, false},
    {"about", read_about, IN_ANY, true},
    {"offers", read_offers, IN_ANY, true},
    {"end", read_end, IN_ANY, false},
    {"command", read_command, IN_PROGRAM, true},
    {"env", read_env, IN_ANY, false},
    {"requires", read_requires, IN_ANY, true},
    {"serial", board_read_serial, WITH_CONSOLE, true},
    {"baud", board_read_baud, IN_BOARD, true},
    {"line-end", board_read_line_end, WITH_CONSOLE, true},
    {"banner", board_read_banner, WITH_CONSOLE, true},
    {"script", board_read_script, WITH_CONSOLE, false},
    {"ask", board_read_ask, WITH_CONSOLE, false},
    {"flash", board_read_flash, IN_HARDWARE, false},
    {"reset", board_read_reset, IN_HARDWARE, false},
    {"power", board_read_power, IN_HARDWARE, false},
    {"clock", board_read_clock, NOT_A_PROCESS, true},
    {"credentials", board_read_credentials, NOT_A_PROCESS, true},
    {"hub-address", board_read_hub_address, IN_HARDWARE, true},
    {"hub-name", board_read_hub_name, IN_HARDWARE, true},
    {"hub-port", board_read_hub_port, IN_HARDWARE, true},
    {"notes", board_read_notes, NOT_A_PROCESS, true},
    {"tags", board_read_tags, NOT_A_PROCESS, true},
};
_Static_assert(HR_COUNT_OF(keywords) <= READER_KEYWORDS_MOST, "one line of `seen` per keyword");

static int read_keyword(struct reader *r, size_t i)
{
    const struct keyword *k = &keywords[i];
    if (k->where == 0) {
        return k->read(r);
    }
    if (!r->device) {
        return MISTAKE(r, 0, "'%s' stands outside of process ... end", k->word);
    }
    if (!(k->where & (1 << r->device->kind))) {
        return MISTAKE(r, 0, "a %s has no '%s'", bench_kind_word(r->device->kind), k->word);
    }
    if (k->is_once && r->seen[i]) {
        return MISTAKE(r, 0, "'%s' stands already on line %d", k->word, r->seen[i]);
    }
    r->seen[i] = r->line->at.line;
    return k->read(r);
}

static int read_line(struct reader *r)
{
    const char *names[HR_COUNT_OF(keywords)];
    for (size_t i = 0; i < HR_COUNT_OF(keywords); i++) {
        names[i] = keywords[i].word;
        if (line_word_is(r->line, 0, names[i])) {
            return read_keyword(r, i);
        }
    }
    return reader_unknown(r, 0, "word", names, HR_COUNT_OF(names));
}

static int read_script(struct reader *r, const struct line_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        r->line = &script->lines[i];
        int code = read_line(r);
        if (code < 0 && code != ERR_SYNTAX) {
            return code;
        }
    }
    if (r->device) {
        diag_add(r->diags, r->opened, "%s '%s' has no 'end'",
                 bench_kind_word(r->device->kind), r->device->name);
    }
    return 0;
}

static int bench_init(struct bench *b, const char *file)
{
    const char *slash = strrchr(file, '/');
    struct span folder = slash ? span_of(file, (size_t)(slash - file)) : SPAN_LITERAL(".");
    *b = (struct bench){0};
    TRY(reader_set_text(&b->file, span_text(file)));
    return reader_set_text(&b->folder, slash == file ? SPAN_LITERAL("/") : folder);
}

// `lexed` is what the lexer returned; its mistakes are in `diags` already.
static int bench_build(int lexed, const struct line_script *script, struct bench *out,
                       struct diag_list *diags, size_t known)
{
    struct reader r = {.bench = out, .diags = diags};
    if (lexed < 0 && lexed != ERR_SYNTAX) {
        return lexed;
    }
    TRY(read_script(&r, script));
    if (diags->count > known) {
        const struct diag *first = &diags->items[known];
        FAIL(ERR_SYNTAX, "%s:%d:%d: %s", first->file, first->line, first->column, first->message);
    }
    if (diags->count + diags->dropped > known) {
        FAIL(ERR_SYNTAX, "%s has mistakes", out->file);
    }
    return 0;
}

int bench_read(const char *path, struct bench *out, struct diag_list *diags)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    size_t known = diags->count + diags->dropped;
    TRY(bench_init(out, path));
    return bench_build(line_read(path, &script, diags), &script, out, diags, known);
}

int bench_parse(const char *name, struct span text, struct bench *out, struct diag_list *diags)
{
    struct line_script script HR_CLEANUP(line_deinit) = {0};
    size_t known = diags->count + diags->dropped;
    TRY(bench_init(out, name));
    return bench_build(line_parse(name, text, &script, diags), &script, out, diags, known);
}

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
}

void bench_deinit(struct bench *bench)
{
    for (size_t i = 0; i < bench->count; i++) {
        struct bench_device *d = &bench->devices[i];
        free(d->name);
        free(d->about);
        free(d->requires);
        board_free(d->board);
        free_texts(d->command, d->command_count);
        free_texts(d->env, d->env_count);
    }
    free(bench->devices);
    free(bench->file);
    free(bench->folder);
    *bench = (struct bench){0};
}

enum { TOLD_MOST = 12 }; // of a large bench

static int fail_unknown(const struct bench *bench, const char *name)
{
    struct buf list HR_CLEANUP(buf_deinit);
    char hint[96];
    char more[40] = "";
    buf_init(&list, 4096);
    const char **names = calloc(bench->count + 1, sizeof *names);
    ENSURE(names != NULL, ERR_NO_MEMORY);
    for (size_t i = 0; i < bench->count; i++) {
        names[i] = bench->devices[i].name;
        if (i < TOLD_MOST && buf_printf(&list, "%s%s", i ? " " : "", names[i]) < 0) {
            break;
        }
    }
    suggest_text(span_text(name), names, bench->count, hint);
    free(names);
    if (bench->count > TOLD_MOST) {
        snprintf(more, sizeof more, " and %zu more", bench->count - TOLD_MOST);
    }
    FAIL(ERR_UNKNOWN_NAME, "%s has no device '%s'%s; it has: %s%s", bench->file, name, hint,
         list.len ? buf_text(&list) : "none", more);
}

int bench_find(const struct bench *bench, const char *name, const struct bench_device **out)
{
    for (size_t i = 0; i < bench->count; i++) {
        if (strcmp(bench->devices[i].name, name) == 0) {
            *out = &bench->devices[i];
            return 0;
        }
    }
    return fail_unknown(bench, name);
}
