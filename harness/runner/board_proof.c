// SPDX-License-Identifier: MIT
#include "harness/runner/board_proof.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/device/serial.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MS = 5000,    // for a question on the console
    CONNECT_MS = 60000,  // a slow network and a first back-off included
    CLOCK_SLACK_S = 120, // between what was set and what the board says
    SEEN_BYTES = 160,
    NOISE_BYTES = 12,
};
#define OTHER_DAY_US (INT64_C(400) * 86400 * 1000000) // a clock that cannot be right by chance

static void good(struct board_rig *r, enum board_part part)
{
    r->out->parts[part].proof = PROOF_GOOD;
}

static void leave_out(struct board_rig *r, enum board_part part, const char *why)
{
    struct board_finding *f = &r->out->parts[part];
    f->proof = PROOF_LEFT_OUT;
    snprintf(f->seen, sizeof f->seen, "%s", why);
}

static void broken(struct board_rig *r, enum board_part part, const char *expected, const char *seen,
                   const char *try_text)
{
    struct board_finding *f = &r->out->parts[part];
    f->proof = PROOF_BROKEN;
    snprintf(f->expected, sizeof f->expected, "%s", expected);
    snprintf(f->seen, sizeof f->seen, "%s", seen);
    snprintf(f->try_text, sizeof f->try_text, "%s", try_text);
}

static const char *file_of(const struct board_rig *r)
{
    return r->settings->device->file;
}

// ---- waiting

static void on_timer(uv_timer_t *timer)
{
    struct board_rig *r = timer->data;
    r->is_late = true;
}

static bool wait_for(struct board_rig *r, bool (*is_there)(struct board_rig *r), uint64_t ms)
{
    r->is_late = false;
    uv_update_time(&r->loop);
    uv_timer_start(&r->timer, on_timer, ms, 0);
    while (!is_there(r) && !r->is_late) {
        uv_run(&r->loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&r->timer);
    return is_there(r);
}

static int await(struct board_rig *r)
{
    while (device_is_busy(r->dut)) {
        uv_run(&r->loop, UV_RUN_ONCE);
    }
    return device_result(r->dut);
}

// What the console said right after the question, as one readable line.
static void print_heard(const struct board_rig *r, char out[SEEN_BYTES + 16])
{
    struct span heard = span_trim(device_heard(r->dut));
    heard = span_slice(heard, 0, heard.len > SEEN_BYTES ? SEEN_BYTES : heard.len);
    size_t len = 0;
    for (size_t i = 0; i < heard.len; i++) {
        uint8_t c = heard.ptr[i];
        out[len++] = c < 32 ? ' ' : c < 127 ? (char)c : '?';
    }
    snprintf(out + len, 16, "%s", len ? "" : "nothing");
}

// ---- boot: port, preparation, reset, baud rate, script

// What came last counts: an earlier program may have filled the line with text.
static struct span last_heard(const struct board_rig *r)
{
    struct span heard = device_heard(r->dut);
    return heard.len > NOISE_BYTES ? span_from(heard, heard.len - NOISE_BYTES) : heard;
}

static bool is_noise(struct span heard)
{
    size_t strange = 0;
    for (size_t i = 0; i < heard.len; i++) {
        uint8_t c = heard.ptr[i];
        bool is_text = isprint(c) || isspace(c) || c == 27; // colours begin with ESC
        strange += !is_text;
    }
    return strange * 4 >= heard.len && strange > 0;
}

static void judge_silence(struct board_rig *r, const char *sentence)
{
    const struct bench_board *b = r->board;
    char expected[160];
    char seen[500];
    struct span heard = last_heard(r);
    snprintf(expected, sizeof expected, "the banner '%.100s' after a reset", b->banner);
    if (is_noise(heard)) {
        char bytes[64] = "";
        for (size_t i = 0; i < heard.len; i++) {
            snprintf(bytes + 3 * i, 4, "%02x ", heard.ptr[i]);
        }
        snprintf(expected, sizeof expected, "text at %u baud", b->baud);
        snprintf(seen, sizeof seen, "%s:%d: bytes that are no text: %s", file_of(r), b->banner_line, bytes);
        good(r, PART_RESET);
        broken(r, PART_BAUD, expected, seen, "the rate that the firmware uses, in a `baud` line");
    } else if (heard.len == 0) {
        broken(r, b->reset.count ? PART_RESET : PART_POWER, expected, sentence,
               b->reset.count ? "is the reset line wired, and does the `reset` line of the bench act on this "
                                "board? Press its button while this runs: then the banner is right"
                              : "does the `power` line of the bench switch this board's own port?");
    } else {
        broken(r, PART_RESET, expected, sentence,
               "if that is what this board prints at boot, take it as the `banner`; else the reset does "
               "not act");
    }
}

static void judge_boot(struct board_rig *r)
{
    static const char *const read_it = "read the line that is named; it says what was seen";
    char sentence[500];
    snprintf(sentence, sizeof sentence, "%s", error_text(device_result(r->dut)));
    enum device_part part = device_failed_part(r->dut);
    bool has_port = part != DEVICE_PART_PORT;
    if (has_port && r->board->port != PORT_NONE) {
        good(r, PART_SERIAL);
    }
    switch (part) {
    case DEVICE_PART_PORT:
        broken(r, PART_SERIAL, "a serial port that opens", sentence,
               "is it plugged in, and may this user open it (group dialout)?");
        return;
    case DEVICE_PART_BANNER:
        judge_silence(r, sentence);
        return;
    case DEVICE_PART_RESET:
        broken(r, PART_RESET, "the acts of `reset` succeed", sentence, read_it);
        return;
    case DEVICE_PART_POWER:
    case DEVICE_PART_GONE:
        broken(r, PART_POWER, "power goes off and on", sentence,
               "does this hub switch power per port? `uhubctl` lists those that do");
        return;
    default:
        good(r, PART_RESET);
        good(r, PART_BAUD);
        broken(r, PART_SCRIPT, "the console answers as the bench says", sentence, read_it);
    }
}

static bool prove_boot(struct board_rig *r)
{
    const struct bench_board *b = r->board;
    device_boot(r->dut, r->env.utc_us(r->env.world));
    if (await(r) < 0) {
        judge_boot(r);
        return false;
    }
    bool has_console = b->port != PORT_NONE;
    if (has_console) {
        good(r, PART_SERIAL);
    } else {
        leave_out(r, PART_SERIAL, "a black box has no console");
    }
    if (has_console && b->banner[0]) {
        good(r, PART_RESET);
        good(r, PART_BAUD);
    } else {
        leave_out(r, PART_RESET, "nothing shows a boot: the bench has no `banner` line");
        leave_out(r, PART_BAUD, "nothing shows a boot: the bench has no `banner` line");
    }
    if (b->script.count) {
        good(r, PART_SCRIPT);
    } else {
        leave_out(r, PART_SCRIPT, "the bench has no `script` line");
    }
    return true;
}

// An absent port is known at once, and why.
static bool prove_port(struct board_rig *r)
{
    struct port *ports = NULL;
    size_t count = 0;
    if (r->board->port != PORT_USB && r->board->port != PORT_HUB) {
        return true;
    }
    ports = calloc(PORTS_MOST, sizeof *ports);
    bool is_there = ports && ports_list(ports, &count) == 0 && ports_match(ports, count, r->board);
    free(ports);
    if (!is_there) {
        char seen[500];
        snprintf(seen, sizeof seen, "%s:%d: %s", file_of(r), r->board->port_line, error_detail());
        broken(r, PART_SERIAL, "the serial port that the bench names", seen,
               "hubrig boards lists what is plugged in");
    }
    return is_there;
}

static bool prove_preparation(struct board_rig *r)
{
    const struct bench_board *b = r->board;
    bool has_acts = b->flash.count || b->credentials_acts.count || b->credentials == CREDENTIALS_FILES ||
                    b->credentials == CREDENTIALS_IMAGE;
    device_prepare(r->dut);
    if (await(r) < 0) {
        broken(r, PART_PREPARE, "the board can be flashed and given its credentials",
               error_text(device_result(r->dut)), "run the command of the line by hand");
        return false;
    }
    if (has_acts) {
        good(r, PART_PREPARE);
    } else {
        leave_out(r, PART_PREPARE, "the bench has no flash or credentials commands");
    }
    return true;
}

// ---- questions

static bool is_address_heard(struct board_rig *r)
{
    return board_find_address(device_heard(r->dut), r->address);
}

static void prove_name(struct board_rig *r)
{
    char expected[160];
    char seen[SEEN_BYTES + 16];
    if (!r->board->ask_name[0]) {
        leave_out(r, PART_NAME, "the bench has no `ask name` line");
        return;
    }
    if (strcmp(r->host, r->address) == 0) {
        leave_out(r, PART_NAME, "the board dials an address: the bench has no `hub-name` line");
        return;
    }
    device_send(r->dut, r->board->ask_name);
    if (await(r) == 0 && wait_for(r, is_address_heard, ANSWER_MS)) {
        good(r, PART_NAME);
        return;
    }
    print_heard(r, seen);
    snprintf(expected, sizeof expected, "%.80s leads to %s", r->host, r->address);
    broken(r, PART_NAME, expected, seen,
           "make this machine the board's name server (hubrig serve --dns does it, told by DHCP), or put "
           "the name into the board's own table");
}

static int64_t wanted_utc_s(const struct board_rig *r)
{
    int64_t other_us = board_sets_clock(r->board) ? OTHER_DAY_US : 0;
    return (r->env.utc_us(r->env.world) + other_us) / 1000000;
}

static bool is_time_heard(struct board_rig *r)
{
    int64_t told_s = 0;
    int64_t wanted_s = wanted_utc_s(r);
    return board_find_time(device_heard(r->dut), &told_s) && told_s >= wanted_s - CLOCK_SLACK_S &&
           told_s <= wanted_s + CLOCK_SLACK_S;
}

static int set_clock(struct board_rig *r, int64_t utc_us)
{
    TRY(device_set_clock(r->dut, utc_us));
    return await(r);
}

static void ask_clock(struct board_rig *r)
{
    char wanted[32];
    char expected[160];
    char seen[SEEN_BYTES + 16];
    device_send(r->dut, r->board->ask_clock);
    if (await(r) == 0 && wait_for(r, is_time_heard, ANSWER_MS)) {
        good(r, PART_CLOCK);
        return;
    }
    print_heard(r, seen);
    utc_print(wanted_utc_s(r) * 1000000, wanted);
    snprintf(expected, sizeof expected, "the board's clock is about %s%s", wanted,
             board_sets_clock(r->board) ? ", to which it was set" : "");
    broken(r, PART_CLOCK, expected, seen,
           board_sets_clock(r->board)
               ? "does the `clock` line of the bench set the clock that `ask clock` prints, and in UTC?"
               : "which time server does the board ask? hubrig serve --sntp can be it");
}

static void prove_clock(struct board_rig *r)
{
    const struct bench_board *b = r->board;
    if (!b->ask_clock[0]) {
        leave_out(r, PART_CLOCK, "the bench has no `ask clock` line");
        return;
    }
    if (b->clock == CLOCK_NONE) {
        leave_out(r, PART_CLOCK, "the bench has no `clock` line: nobody sets it");
        return;
    }
    int code = board_sets_clock(b) ? set_clock(r, wanted_utc_s(r) * 1000000) : 0;
    if (code == 0) {
        ask_clock(r);
        code = board_sets_clock(b) ? set_clock(r, r->env.utc_us(r->env.world)) : 0;
    }
    if (code < 0) {
        broken(r, PART_CLOCK, "the clock can be set", error_text(code),
               "do by hand what the `clock` line of the bench does");
    }
}

// ---- the hub, and power

static bool is_connected(struct board_rig *r)
{
    return r->is_connected;
}

static void prove_connect(struct board_rig *r)
{
    char expected[160];
    if (wait_for(r, is_connected, CONNECT_MS)) {
        good(r, PART_CONNECT);
        return;
    }
    snprintf(expected, sizeof expected, "an MQTT connection to %.80s:%u within %d s", r->host,
             r->board->hub_port, CONNECT_MS / 1000);
    bool is_silent = !r->sign[0];
    broken(r, PART_CONNECT, expected, is_silent ? "nothing reached the hub, not even TCP" : r->sign,
           is_silent ? "is the board on a network that reaches `hub-address`, and does no firewall stand "
                       "between?"
                     : "does the board have the root and the connection string of this run? See "
                       "`credentials` and `script`");
}

static void judge_power(struct board_rig *r, bool was_on)
{
    char sentence[500];
    snprintf(sentence, sizeof sentence, "%s", error_text(device_result(r->dut)));
    broken(r, PART_POWER, was_on ? "a fresh boot after power off and on" : "power off takes the port away",
           sentence,
           "does this hub switch power per port, and this board's? `uhubctl` lists the hubs that can; look at "
           "the board's light meanwhile");
}

static void prove_power(struct board_rig *r)
{
    if (!r->board->has_power) {
        leave_out(r, PART_POWER, "the bench has no `power` line");
        return;
    }
    device_power(r->dut, false);
    if (await(r) < 0) {
        judge_power(r, false);
        return;
    }
    r->is_connected = false;
    device_power(r->dut, true);
    if (await(r) < 0) {
        judge_power(r, true);
    } else if (r->board->banner[0]) {
        good(r, PART_POWER);
    } else if (wait_for(r, is_connected, CONNECT_MS)) {
        good(r, PART_POWER);
    } else {
        broken(r, PART_POWER, "a new connection after power off and on", "none came",
               "does the board start by itself when it gets power?");
    }
}

void board_proof_run(struct board_rig *r)
{
    if (!prove_port(r) || !prove_preparation(r) || !prove_boot(r)) {
        return;
    }
    prove_name(r);
    prove_clock(r);
    prove_connect(r);
    prove_power(r);
}
