// SPDX-License-Identifier: MIT
// Boards, emulators and black boxes. What is done to them are acts of the inventory that a player
// plays; their console is a serial port or an emulator's standard input and output.
#include "base/error.h"
#include "base/when.h"
#include "harness/device/console.h"
#include "harness/device/deposit.h"
#include "harness/device/device.h"
#include "harness/device/player.h"
#include "harness/device/process.h"
#include "harness/device/serial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_WAIT_US = 15000000, GONE_WAIT_US = 5000000, ANNOUNCEMENT_BYTES_MOST = 4096 };

struct hardware {
    struct device base;
    const struct bench_board *board;
    struct console *console;
    struct serial *serial;   // NULL for a black box and for stdio
    struct process *machine; // the emulator
    struct player *player;
    struct buf said;        // by the emulator, until it has announced its terminal
    char machine_end[40]; // how it ended: "code 3"
    char last_words[PLAYER_TAIL_BYTES + 1]; // of the emulator itself, not of what runs in it
    char port_path[PATH_MAX];
    char clock_text[32];
    int64_t ahead_us; // what its clock was set to, of the machine's
    char *banner_words[2]; // of acts that are made here
    char *typed_words[2];
    char switched[4]; // "on" or "off", for the placeholder {power}
    uint64_t gone_us;
    bool is_down;           // its power is off
    bool is_leaving;        // the scenario is over, and its power comes back
    bool has_machine_ended;
    int code;               // what was refused before anything could be played
    char sentence[1100];
};

static struct hardware *of(struct device *d)
{
    return (struct hardware *)d;
}

static void settle(struct hardware *h, int code)
{
    h->code = code;
    if (code < 0) {
        snprintf(h->sentence, sizeof h->sentence, "%s", error_text(code));
    }
}

// ---- the console

static void take_bytes(struct hardware *h, struct span bytes)
{
    console_take(h->console, bytes);
    player_take(h->player, bytes);
}

static void on_serial_bytes(void *context, struct span bytes)
{
    take_bytes(context, bytes);
}

static void on_serial_open(void *context)
{
    struct hardware *h = context;
    const struct device_settings *s = &h->base.settings;
    if (h->gone_us && h->serial) {
        uint64_t now = s->env->mono_us(s->env->world);
        EMIT(s->journal, DEVICE_REPLUGGED, 0, NULL, F_TEXT("port", serial_path(h->serial)),
             F_INT("after_ms", (now - h->gone_us) / 1000));
    }
    if (h->player) {
        player_port_changed(h->player);
    }
}

static void on_serial_gone(void *context, const char *why)
{
    struct hardware *h = context;
    const struct device_settings *s = &h->base.settings;
    h->gone_us = s->env->mono_us(s->env->world);
    console_flush(h->console);
    EMIT(s->journal, DEVICE_UNPLUGGED, 0, NULL, F_TEXT("port", serial_path(h->serial)),
         F_TEXT("why", why));
    player_port_changed(h->player);
}

static int open_serial(struct hardware *h, const char *path)
{
    snprintf(h->port_path, sizeof h->port_path, "%s", path);
    struct serial_settings s = {
        .loop = h->base.settings.loop,
        .board = h->board,
        .path = h->port_path,
        .context = h,
        .on_bytes = on_serial_bytes,
        .on_open = on_serial_open,
        .on_gone = on_serial_gone,
    };
    return serial_new(&s, &h->serial);
}

// ---- the emulator

// "char device redirected to /dev/pts/4 (label serial0)"
static void look_for_announcement(struct hardware *h, struct span bytes)
{
    char path[PATH_MAX];
    if (h->serial || h->said.len + bytes.len > ANNOUNCEMENT_BYTES_MOST ||
        buf_append(&h->said, bytes) < 0) {
        return;
    }
    const char *at = strstr(buf_text(&h->said), "/dev/pts/");
    size_t len = at ? strcspn(at, " \r\n") : 0;
    if (!at || at[len] == '\0' || !span_copy_text(span_of(at, len), path, sizeof path)) {
        return;
    }
    if (open_serial(h, path) == 0) {
        player_port_changed(h->player);
    }
}

static void on_machine_bytes(void *context, const char *stream, struct span bytes)
{
    struct hardware *h = context;
    if (h->board->port == PORT_ANNOUNCED || strcmp(stream, "err") == 0) {
        player_print_tail(bytes, h->last_words);
    }
    if (h->board->port == PORT_ANNOUNCED) {
        look_for_announcement(h, bytes);
    } else if (strcmp(stream, "out") == 0) {
        take_bytes(h, bytes);
    }
}

// Nothing more will come of what is being played.
static void fail_without_machine(struct hardware *h)
{
    char sentence[PLAYER_TAIL_BYTES + 120];
    snprintf(sentence, sizeof sentence, "the emulator ended with %s; its last words: %s",
             h->machine_end, h->last_words[0] ? h->last_words : "none");
    player_fail(h->player, ERR_SPAWN, sentence);
}

static void on_machine_exit(void *context, int code, const char *signal)
{
    struct hardware *h = context;
    h->has_machine_ended = true;
    console_flush(h->console);
    EMIT(h->base.settings.journal, DEVICE_EXITED, 0, NULL, F_INT("code", code),
         F_TEXT("signal", signal), F_BOOL("asked", h->is_down));
    snprintf(h->machine_end, sizeof h->machine_end, "%s", signal);
    if (code >= 0) {
        snprintf(h->machine_end, sizeof h->machine_end, "code %d", code);
    }
    if (!h->is_down) {
        fail_without_machine(h);
    }
}

static void end_machine(struct hardware *h)
{
    h->is_down = true;
    process_free(h->machine);
    h->machine = NULL;
    if (h->board->port == PORT_ANNOUNCED) {
        serial_free(h->serial);
        h->serial = NULL;
        buf_clear(&h->said);
    }
}

static int start_machine(struct hardware *h)
{
    const struct device_settings *s = &h->base.settings;
    end_machine(h);
    struct process_settings settings = {
        .loop = s->loop,
        .env = s->env,
        .argv = s->around->argv,
        .envp = s->around->envp,
        .log_path = "",
        .has_stdin = true,
        .is_tool = true,
        .on_bytes = on_machine_bytes,
        .on_exit = on_machine_exit,
        .context = h,
    };
    h->is_down = h->has_machine_ended = false;
    h->last_words[0] = '\0';
    return process_start(&settings, &h->machine);
}

// ---- what the player asks

static int on_fill(void *context, const char *text, struct buf *out)
{
    struct hardware *h = context;
    surroundings_set_word(h->base.settings.around, "serial.port",
                          h->serial ? serial_path(h->serial) : "");
    surroundings_set_word(h->base.settings.around, "power", h->switched);
    return surroundings_fill(h->base.settings.around, text, out);
}

static int on_send(void *context, struct span bytes)
{
    struct hardware *h = context;
    if (h->serial) {
        return serial_send(h->serial, bytes);
    }
    if (h->machine) {
        return process_send(h->machine, bytes);
    }
    FAIL(ERR_USAGE, "%s has no console", h->base.settings.bench->name);
}

static int on_set_lines(void *context, int dtr, int rts)
{
    struct hardware *h = context;
    if (!h->serial) {
        FAIL(ERR_USAGE, "%s has no serial port with control lines", h->base.settings.bench->name);
    }
    return serial_set_lines(h->serial, dtr, rts);
}

static void on_set_power(void *context, bool is_on)
{
    struct hardware *h = context;
    snprintf(h->switched, sizeof h->switched, "%s", is_on ? "on" : "off");
}

static bool has_port(void *context)
{
    const struct hardware *h = context;
    bool has_stdio = h->board->port == PORT_STDIO && h->machine != NULL;
    return has_stdio || h->board->port == PORT_NONE || (h->serial && serial_is_open(h->serial));
}

static const char *port_trouble(void *context)
{
    const struct hardware *h = context;
    return h->serial ? serial_trouble(h->serial) : "the emulator has announced none";
}

static void print_what(const struct hardware *h, char out[PATH_MAX + 64])
{
    if (h->board->port == PORT_NONE) {
        snprintf(out, PATH_MAX + 64, "black box");
    } else if (h->machine) {
        snprintf(out, PATH_MAX + 64, "%s", h->base.settings.around->command_text);
    } else {
        snprintf(out, PATH_MAX + 64, "%s at %u baud", serial_path(h->serial), h->board->baud);
    }
}

static void on_banner(void *context)
{
    struct hardware *h = context;
    char what[PATH_MAX + 64];
    print_what(h, what);
    EMIT(h->base.settings.journal, DEVICE_STARTED, 0, NULL, F_INT("pid", 0), F_TEXT("command", what),
         F_TEXT("clock", h->base.settings.has_clock ? h->clock_text : "its own"));
}

// ---- lists of acts

static int add_wait(struct hardware *h, enum act_kind kind, int line, uint64_t most_us)
{
    struct bench_act act = {.kind = kind, .line = line, .time_us = most_us};
    if (kind == ACT_BANNER && h->board->banner[0]) {
        h->banner_words[0] = h->board->banner;
        act.words = h->banner_words;
        act.word_count = 1;
    }
    return player_add_one(h->player, &act);
}

static int add_boot(struct hardware *h)
{
    const struct bench_board *b = h->board;
    TRY(add_wait(h, ACT_PORT, b->port_line, PORT_WAIT_US));
    TRY(add_wait(h, ACT_BANNER, b->banner_line, b->banner_us));
    TRY(h->base.settings.has_clock ? player_add(h->player, &b->clock_acts) : 0);
    return player_add(h->player, &b->script);
}

static void play(struct hardware *h, int code)
{
    settle(h, code);
    if (code == 0) {
        player_start(h->player);
    }
    if (h->has_machine_ended && !h->is_down) { // too soon to be told
        fail_without_machine(h);
    }
}

static int add_preparation(struct hardware *h)
{
    const struct bench_board *b = h->board;
    player_begin(h->player);
    TRY(deposit_credentials(b, h->base.settings.around));
    TRY(player_add(h->player, &b->credentials_acts));
    return player_add(h->player, &b->flash);
}

static int add_switch(struct hardware *h, bool is_on)
{
    const struct bench_board *b = h->board;
    const struct bench_act way = {.kind = ACT_SWITCH, .line = b->power.items[0].line, .dtr = is_on};
    TRY(player_add_one(h->player, &way));
    TRY(player_add(h->player, &b->power));
    return is_on || b->port == PORT_NONE ? 0 : add_wait(h, ACT_GONE, way.line, GONE_WAIT_US);
}

// Without a reset it is switched off and on: the port must go, else it would not boot anew.
static int add_start(struct hardware *h)
{
    const struct bench_board *b = h->board;
    player_begin(h->player);
    if (b->reset.count == 0 && b->has_power) {
        TRY(add_switch(h, false));
        TRY(add_switch(h, true));
        return add_boot(h);
    }
    if (b->has_power && !has_port(h)) { // somebody who was killed may have left it off
        TRY(add_switch(h, true));
    }
    if (b->port != PORT_NONE) {
        TRY(add_wait(h, ACT_PORT, b->port_line, PORT_WAIT_US)); // open before the reset
    }
    TRY(player_add(h->player, &b->reset));
    return add_boot(h);
}

// ---- the device

static int64_t machine_us(const struct hardware *h)
{
    const struct env *env = h->base.settings.env;
    return env->utc_us(env->world);
}

// What the acts of `clock` type, and an emulator's command line: it goes on from boot to boot.
static int set_words_of_clock(struct hardware *h)
{
    int64_t utc_us = machine_us(h) + h->ahead_us;
    utc_print(utc_us, h->clock_text);
    return surroundings_set_clock(h->base.settings.around, h->base.settings.bench, utc_us);
}

static void hardware_prepare(struct device *d)
{
    play(of(d), add_preparation(of(d)));
}

// Its clock, its machine, and the acts that start it.
static int start(struct hardware *h)
{
    console_begin(h->console);
    TRY(set_words_of_clock(h));
    TRY(h->base.settings.bench->kind == BENCH_QEMU ? start_machine(h) : 0);
    return add_start(h);
}

static bool has_way_to(const struct hardware *h, enum capability_index capability)
{
    return bench_capabilities(h->base.settings.bench) & 1U << capability;
}

static void hardware_boot(struct device *d, int64_t utc_us)
{
    struct hardware *h = of(d);
    h->ahead_us = utc_us - machine_us(h);
    if (!has_way_to(h, CAPABILITY_RESET) && h->board->port == PORT_NONE) {
        EMIT(d->settings.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "start the device now, by hand"));
        fprintf(stderr, "\nhubrig: start %s now, by hand\n", d->settings.bench->name);
    }
    play(h, start(h));
}

static void hardware_reset(struct device *d)
{
    struct hardware *h = of(d);
    if (!has_way_to(h, CAPABILITY_RESET)) {
        settle(h, error_set(ERR_USAGE, "%s has neither a reset line nor a power line on its bench",
                            d->settings.bench->name));
        return;
    }
    play(h, start(h));
}

static int switch_power(struct hardware *h, bool is_on)
{
    bool is_machine = h->base.settings.bench->kind == BENCH_QEMU;
    if (!has_way_to(h, CAPABILITY_POWER)) {
        FAIL(ERR_USAGE, "%s has no power line on its bench", h->base.settings.bench->name);
    }
    if (is_machine && is_on) {
        return start(h);
    }
    player_begin(h->player);
    if (is_machine) {
        end_machine(h);
        return 0;
    }
    h->is_down = !is_on;
    TRY(set_words_of_clock(h));
    TRY(add_switch(h, is_on));
    return is_on ? add_boot(h) : 0;
}

static void hardware_power(struct device *d, bool is_on)
{
    play(of(d), switch_power(of(d), is_on));
}

static int add_text(struct hardware *h, const char *text)
{
    player_begin(h->player);
    h->typed_words[0] = (char *)(uintptr_t)text;
    const struct bench_act act = {.kind = ACT_SEND, .words = h->typed_words, .word_count = 1};
    return player_add_one(h->player, &act);
}

static void hardware_send(struct device *d, const char *text)
{
    play(of(d), add_text(of(d), text));
}

static int hardware_set_clock(struct device *d, int64_t utc_us)
{
    struct hardware *h = of(d);
    if (h->is_down && h->board->clock != CLOCK_NONE && h->board->clock != CLOCK_SNTP) {
        h->ahead_us = utc_us - machine_us(h); // its next boot sets it
        return 0;
    }
    if (!board_sets_clock(h->board)) {
        FAIL(ERR_USAGE, "the clock of %s cannot be set while it runs: its bench has neither `clock console` nor `clock command`",
             d->settings.bench->name);
    }
    h->ahead_us = utc_us - machine_us(h);
    TRY(set_words_of_clock(h));
    player_begin(h->player);
    TRY(player_add(h->player, &h->board->clock_acts));
    play(h, 0);
    return 0;
}

static bool hardware_is_busy(const struct device *d)
{
    const struct hardware *h = (const struct hardware *)d;
    return h->code == 0 && player_is_busy(h->player);
}

static int hardware_result(struct device *d)
{
    struct hardware *h = of(d);
    return h->code < 0 ? error_set(h->code, "%s", h->sentence) : player_result(h->player);
}

static bool is_of(const struct bench_act *act, const struct bench_acts *list)
{
    return act >= list->items && act < list->items + list->count;
}

static enum device_part hardware_failed_part(const struct device *d)
{
    const struct hardware *h = (const struct hardware *)d;
    const struct bench_board *b = h->board;
    const struct {
        const struct bench_acts *acts;
        enum device_part part;
    } lists[] = {
        {&b->reset, DEVICE_PART_RESET},  {&b->power, DEVICE_PART_POWER},
        {&b->script, DEVICE_PART_SCRIPT}, {&b->clock_acts, DEVICE_PART_CLOCK},
        {&b->flash, DEVICE_PART_PREPARATION}, {&b->credentials_acts, DEVICE_PART_PREPARATION},
    };
    const struct bench_act *act = player_failed_act(h->player);
    for (size_t i = 0; act && i < HR_COUNT_OF(lists); i++) {
        if (is_of(act, lists[i].acts)) {
            return lists[i].part;
        }
    }
    return !act                     ? DEVICE_PART_NONE
           : act->kind == ACT_PORT   ? DEVICE_PART_PORT
           : act->kind == ACT_BANNER ? DEVICE_PART_BANNER
           : act->kind == ACT_GONE   ? DEVICE_PART_GONE
                                     : DEVICE_PART_NONE;
}

static struct span hardware_heard(const struct device *d)
{
    return player_heard(((const struct hardware *)d)->player);
}

static int add_return_of_power(struct hardware *h)
{
    player_begin(h->player);
    TRY(add_switch(h, true));
    return h->board->port == PORT_NONE ? 0
                                       : add_wait(h, ACT_PORT, h->board->port_line, PORT_WAIT_US);
}

// Whoever has the board next finds it with its power on.
static void hardware_stop(struct device *d, uint64_t grace_us)
{
    struct hardware *h = of(d);
    player_begin(h->player);
    if (h->machine && !h->has_machine_ended) {
        h->is_down = true;
        process_stop(h->machine, grace_us);
    } else if (h->is_down && h->board->has_power) {
        h->is_down = false;
        h->is_leaving = true;
        play(h, add_return_of_power(h));
    }
}

static void tell_return_of_power(struct hardware *h)
{
    h->is_leaving = false;
    if (hardware_result(&h->base) < 0) {
        EMIT(h->base.settings.journal, RUN_NOTE, 0, NULL, F_TEXT("text", error_text(hardware_result(&h->base))));
    } else {
        EMIT(h->base.settings.journal, DEVICE_POWER, 0, NULL, F_TEXT("power", "on"));
    }
}

static bool hardware_is_running(const struct device *d)
{
    const struct hardware *h = (const struct hardware *)d;
    return (h->machine && !h->has_machine_ended) || (h->is_leaving && hardware_is_busy(d));
}

static void hardware_free(struct device *d)
{
    struct hardware *h = of(d);
    if (h->is_leaving) {
        tell_return_of_power(h);
    }
    if (h->machine) {
        end_machine(h);
        process_kill_descendants(NULL, 0);
    }
    serial_free(h->serial);
    player_free(h->player);
    console_free(h->console);
    buf_deinit(&h->said);
    free(h);
}

static int open_hardware(struct hardware *h)
{
    const struct device_settings *s = &h->base.settings;
    const struct player_world world = {
        .loop = s->loop,
        .env = s->env,
        .file = s->bench_file,
        .line_end = h->board->line_end,
        .envp = s->around->envp,
        .context = h,
        .fill = on_fill,
        .send = on_send,
        .set_lines = on_set_lines,
        .set_power = on_set_power,
        .has_port = has_port,
        .port_trouble = port_trouble,
        .on_banner = on_banner,
    };
    TRY(console_new(s->loop, s->env, s->journal, s->evidence, &h->console));
    TRY(player_new(&world, &h->player));
    if (s->bench->kind != BENCH_BOARD) {
        return 0;
    }
    struct buf path HR_CLEANUP(buf_deinit);
    buf_init(&path, PATH_MAX);
    TRY(surroundings_fill(s->around, h->board->port_text, &path));
    return open_serial(h, buf_text(&path));
}

static int hardware_make(const struct device_settings *settings, struct device **out)
{
    struct hardware *h = calloc(1, sizeof *h);
    ENSURE(h != NULL, ERR_NO_MEMORY);
    h->base = (struct device){&device_kind_hardware, *settings};
    h->board = settings->bench->board;
    buf_init(&h->said, ANNOUNCEMENT_BYTES_MOST);
    int code = open_hardware(h);
    if (code < 0) {
        hardware_free(&h->base);
        return code;
    }
    *out = &h->base;
    return 0;
}

const struct device_kind device_kind_hardware = {
    hardware_make,      hardware_prepare, hardware_boot,   hardware_reset, hardware_power, hardware_send,
    hardware_set_clock, hardware_is_busy, hardware_result, hardware_failed_part, hardware_heard,
    hardware_stop, hardware_is_running, hardware_free,
};
