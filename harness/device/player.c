// SPDX-License-Identifier: MIT
#include "harness/device/player.h"
#include "base/error.h"
#include "base/when.h"
#include "harness/device/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct player {
    struct player_world world;
    const struct bench_act **acts;
    struct bench_act *own; // those that player_add_one copied
    size_t own_count;
    size_t count, next;
    bool is_busy;
    bool is_stepping;
    int code;
    char sentence[800];
    struct buf window;   // what the console said and no expect has taken
    struct buf expected; // the present expect, filled
    struct process *tool;
    struct process **over; // tools that ended: freeing runs the loop, so it waits for a quiet moment
    size_t over_count;
    bool is_tool_over;
    char tool_result[64];
    int tool_code;
    char tool_words[PLAYER_TAIL_BYTES + 1]; // the last ones
    uv_timer_t timer;
    bool is_closed;
};

static const struct bench_act *present(const struct player *p)
{
    return p->acts[p->next];
}

static void finish(struct player *p, int code)
{
    uv_timer_stop(&p->timer);
    p->is_busy = false;
    p->code = code;
    if (code < 0) {
        snprintf(p->sentence, sizeof p->sentence, "%s", error_text(code));
    }
}

void player_print_tail(struct span said, char out[PLAYER_TAIL_BYTES + 1])
{
    struct span tail =
        said.len > PLAYER_TAIL_BYTES ? span_from(said, said.len - PLAYER_TAIL_BYTES) : said;
    tail = span_trim(tail);
    size_t i = 0;
    for (; i < tail.len; i++) {
        out[i] = tail.ptr[i] >= 32 && tail.ptr[i] < 127 ? (char)tail.ptr[i] : tail.ptr[i] < 32 ? ' ' : '?';
    }
    out[i] = '\0';
}

static int fail_late(struct player *p)
{
    const struct bench_act *act = present(p);
    char time[32];
    char tail[PLAYER_TAIL_BYTES + 1];
    duration_print((int64_t)act->time_us, time);
    player_print_tail(buf_span(&p->window), tail);
    switch (act->kind) {
    case ACT_PORT:
        FAIL(ERR_TIMEOUT, "%s:%d: waited %s for the serial port: %s", p->world.file, act->line, time,
             p->world.port_trouble(p->world.context));
    case ACT_GONE:
        FAIL(ERR_TIMEOUT, "%s:%d: %s after power off the serial port is still there: the power does "
             "not really go off", p->world.file, act->line, time);
    case ACT_COMMAND:
        FAIL(ERR_TIMEOUT, "%s:%d: the command was still running after %s; its last words: %s",
             p->world.file, act->line, time, p->tool_words);
    default:
        FAIL(ERR_TIMEOUT, "%s:%d: waited %s for %s'%s'; seen: %s%s%s", p->world.file, act->line, time,
             act->kind == ACT_BANNER ? "the banner " : "", buf_text(&p->expected),
             tail[0] ? "'" : "", tail[0] ? tail : "nothing", tail[0] ? "'" : "");
    }
}

static void step(struct player *p);
static void look_again(struct player *p);

static void on_timer(uv_timer_t *timer)
{
    struct player *p = timer->data;
    if (!p->is_busy) {
        return;
    }
    if (present(p)->kind == ACT_WAIT) {
        p->next++;
        step(p);
        return;
    }
    finish(p, fail_late(p));
}

// ---- acts: 1 done, 0 goes on, negative an error

static int send_text(struct player *p, const struct bench_act *act)
{
    struct buf text HR_CLEANUP(buf_wipe), bytes HR_CLEANUP(buf_wipe);
    buf_init(&text, 1 << 20);
    buf_init(&bytes, 1 << 20);
    TRY(p->world.fill(p->world.context, act->words[0], &text));
    struct span rest = buf_span(&text);
    bool is_first = true;
    while (rest.len > 0 || is_first) { // a text of several lines is typed as such
        struct span line = span_cut(rest, '\n', &rest);
        is_first = false;
        TRY(buf_append(&bytes, line));
        TRY(buf_append_text(&bytes, p->world.line_end));
    }
    TRY(p->world.send(p->world.context, buf_span(&bytes)));
    return 1;
}

static int look_for_text(struct player *p)
{
    struct span seen = buf_span(&p->window);
    struct span wanted = buf_span(&p->expected);
    const uint8_t *at = seen.len ? memmem(seen.ptr, seen.len, wanted.ptr, wanted.len) : NULL;
    if (!at) {
        return 0;
    }
    buf_consume(&p->window, (size_t)(at - seen.ptr) + wanted.len);
    return 1;
}

static void on_tool_bytes(void *context, const char *stream, struct span bytes)
{
    struct player *p = context;
    player_print_tail(bytes, p->tool_words);
    (void)stream;
}

static void on_tool_exit(void *context, int code, const char *signal)
{
    struct player *p = context;
    p->is_tool_over = true;
    p->tool_code = code;
    snprintf(p->tool_result, sizeof p->tool_result, "%s%s", code < 0 ? "signal " : "code ", signal);
    if (code >= 0) {
        snprintf(p->tool_result, sizeof p->tool_result, "code %d", code);
    }
    look_again(p);
}

static void free_words(char **argv, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (argv[i]) {
            explicit_bzero(argv[i], strlen(argv[i]));
        }
        free(argv[i]);
    }
    free(argv);
}

static int fill_words(struct player *p, const struct bench_act *act, char **argv)
{
    for (size_t i = 0; i < act->word_count; i++) {
        struct buf word HR_CLEANUP(buf_wipe);
        buf_init(&word, 1 << 17);
        TRY(p->world.fill(p->world.context, act->words[i], &word));
        argv[i] = span_dup_text(buf_span(&word));
        ENSURE(argv[i] != NULL, ERR_NO_MEMORY);
    }
    return 0;
}

static int start_tool(struct player *p, const struct bench_act *act)
{
    char **argv = calloc(act->word_count + 1, sizeof *argv);
    ENSURE(argv != NULL, ERR_NO_MEMORY);
    p->is_tool_over = false;
    p->tool_words[0] = '\0';
    int code = fill_words(p, act, argv);
    if (code == 0) {
        struct process_settings settings = {
            .loop = p->world.loop,
            .env = p->world.env,
            .argv = argv,
            .envp = p->world.envp,
            .log_path = "",
            .is_tool = true,
            .on_bytes = on_tool_bytes,
            .on_exit = on_tool_exit,
            .context = p,
        };
        code = process_start(&settings, &p->tool);
    }
    free_words(argv, act->word_count);
    if (code < 0) {
        FAIL(code, "%s:%d: %s", p->world.file, act->line, error_text(code));
    }
    return 0;
}

static int run_tool(struct player *p, const struct bench_act *act)
{
    if (!p->tool) {
        TRY(start_tool(p, act)); // a short one may be over by now, and nothing would tell again
    }
    if (!p->is_tool_over) {
        return 0;
    }
    p->over[p->over_count++] = p->tool;
    p->tool = NULL;
    if (p->tool_code != 0) {
        FAIL(ERR_SPAWN, "%s:%d: '%s' ended with %s; its last words: %s", p->world.file, act->line,
             act->words[0], p->tool_result, p->tool_words[0] ? p->tool_words : "none");
    }
    return 1;
}

static int set_lines(struct player *p, const struct bench_act *act)
{
    int code = p->world.set_lines(p->world.context, act->dtr, act->rts);
    if (code < 0) {
        FAIL(code, "%s:%d: %s", p->world.file, act->line, error_text(code));
    }
    return 1;
}

static int look_for_banner(struct player *p)
{
    int code = p->expected.len ? look_for_text(p) : 1;
    if (code == 1) {
        p->world.on_banner(p->world.context);
    }
    return code;
}

static int go_on(struct player *p)
{
    const struct bench_act *act = present(p);
    switch (act->kind) {
    case ACT_SEND:
        return send_text(p, act);
    case ACT_EXPECT:
        return look_for_text(p);
    case ACT_BANNER:
        return look_for_banner(p);
    case ACT_LINES:
        return set_lines(p, act);
    case ACT_COMMAND:
        return run_tool(p, act);
    case ACT_PORT:
        return p->world.has_port(p->world.context);
    case ACT_GONE:
        return !p->world.has_port(p->world.context);
    case ACT_SWITCH:
        p->world.set_power(p->world.context, act->dtr == 1);
        return 1;
    case ACT_WAIT:
        return 0;
    }
    return ERR_INTERNAL;
}

static int begin_act(struct player *p)
{
    const struct bench_act *act = present(p);
    buf_clear(&p->expected);
    if (act->time_us) {
        uv_update_time(p->world.loop);
        uv_timer_start(&p->timer, on_timer, (act->time_us + 999) / 1000, 0);
    }
    bool is_text = act->kind == ACT_EXPECT || act->kind == ACT_BANNER;
    return is_text && act->word_count ? p->world.fill(p->world.context, act->words[0], &p->expected) : 0;
}

// Plays until something has to be waited for.
static void step(struct player *p)
{
    if (p->is_stepping) {
        return; // an act's own doing, such as the echo of what it sends
    }
    p->is_stepping = true;
    int code = 1;
    while (p->is_busy && code == 1 && p->next < p->count) {
        code = begin_act(p);
        code = code < 0 ? code : go_on(p);
        if (code == 1) {
            uv_timer_stop(&p->timer);
            p->next++;
        }
    }
    p->is_stepping = false;
    if (code < 0) {
        finish(p, code);
    } else if (p->next >= p->count && p->is_busy) {
        finish(p, 0);
    }
}

// The present act may be done now.
static void look_again(struct player *p)
{
    if (!p->is_busy || p->is_stepping || present(p)->kind == ACT_SEND || present(p)->kind == ACT_WAIT) {
        return;
    }
    int code = go_on(p);
    if (code < 0) {
        finish(p, code);
    } else if (code == 1) {
        uv_timer_stop(&p->timer);
        p->next++;
        step(p);
    }
}

void player_take(struct player *p, struct span bytes)
{
    if (p->window.len + bytes.len > PLAYER_WINDOW_BYTES) {
        buf_consume(&p->window, p->window.len + bytes.len - PLAYER_WINDOW_BYTES);
    }
    bytes = bytes.len > PLAYER_WINDOW_BYTES ? span_from(bytes, bytes.len - PLAYER_WINDOW_BYTES) : bytes;
    if (buf_append(&p->window, bytes) == 0) {
        look_again(p);
    }
}

void player_port_changed(struct player *p)
{
    look_again(p);
}

// ---- the list

static void free_tools(struct player *p)
{
    process_free(p->tool);
    p->tool = NULL;
    for (size_t i = 0; i < p->over_count; i++) {
        process_free(p->over[i]);
    }
    p->over_count = 0;
}

void player_begin(struct player *p)
{
    uv_timer_stop(&p->timer);
    free_tools(p);
    p->is_busy = false;
    p->count = p->next = p->own_count = 0;
    p->code = 0;
    buf_clear(&p->window);
}

static int add(struct player *p, const struct bench_act *act)
{
    ENSURE(p->count < PLAYER_ACTS_MOST, ERR_LIMIT);
    p->acts[p->count++] = act;
    return 0;
}

int player_add(struct player *p, const struct bench_acts *acts)
{
    for (size_t i = 0; i < acts->count; i++) {
        TRY(add(p, &acts->items[i]));
    }
    return 0;
}

int player_add_one(struct player *p, const struct bench_act *act)
{
    ENSURE(p->own_count < PLAYER_ACTS_MOST, ERR_LIMIT);
    p->own[p->own_count] = *act;
    return add(p, &p->own[p->own_count++]);
}

void player_start(struct player *p)
{
    p->is_busy = true;
    step(p);
}

void player_fail(struct player *p, int code, const char *sentence)
{
    if (p->is_busy) {
        finish(p, error_set(code, "%s:%d: %s", p->world.file, present(p)->line, sentence));
    }
}

bool player_is_busy(const struct player *p)
{
    return p->is_busy;
}

int player_result(const struct player *p)
{
    return p->code < 0 ? error_set(p->code, "%s", p->sentence) : 0;
}

const struct bench_act *player_failed_act(const struct player *p)
{
    return p->code < 0 && p->next < p->count ? p->acts[p->next] : NULL;
}

struct span player_heard(const struct player *p)
{
    return buf_span(&p->window);
}

int player_new(const struct player_world *world, struct player **out)
{
    struct player *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, ERR_NO_MEMORY);
    p->world = *world;
    p->acts = calloc(PLAYER_ACTS_MOST, sizeof *p->acts);
    p->own = calloc(PLAYER_ACTS_MOST, sizeof *p->own);
    p->over = calloc(PLAYER_ACTS_MOST, sizeof *p->over);
    buf_init(&p->window, PLAYER_WINDOW_BYTES);
    buf_init(&p->expected, 1 << 20);
    uv_timer_init(world->loop, &p->timer);
    p->timer.data = p;
    *out = p;
    ENSURE(p->acts && p->own && p->over, ERR_NO_MEMORY); // the caller frees it in every case
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct player *p = handle->data;
    p->is_closed = true;
}

void player_free(struct player *p)
{
    if (!p) {
        return;
    }
    free_tools(p);
    uv_close((uv_handle_t *)&p->timer, on_closed);
    while (!p->is_closed) {
        uv_run(p->world.loop, UV_RUN_ONCE);
    }
    buf_deinit(&p->window);
    buf_wipe(&p->expected);
    free(p->acts);
    free(p->own);
    free(p->over);
    free(p);
}
