// SPDX-License-Identifier: MIT
// Plays acts of the inventory one after the other: types and waits for text on a console, moves
// control lines, runs programs. What fails says which line waited for what, and what was seen.
//
//     player_begin(p);  TRY(player_add(p, &board->script));  player_start(p);
//     while (player_is_busy(p)) { uv_run(loop, UV_RUN_ONCE); }
//     TRY(player_result(p));
#pragma once
#include "base/env.h"
#include "harness/bench/board.h"

struct uv_loop_s;
struct player;

struct player_world {
    struct uv_loop_s *loop;
    const struct env *env;
    const char *file;     // the inventory, for messages
    const char *line_end; // behind what is sent
    char *const *envp;    // of commands
    void *context;
    int (*fill)(void *context, const char *text, struct buf *out); // placeholders
    int (*send)(void *context, struct span bytes);                 // NULL: there is no console
    int (*set_lines)(void *context, int dtr, int rts);
    void (*set_power)(void *context, bool is_on); // ACT_SWITCH
    bool (*has_port)(void *context);
    const char *(*port_trouble)(void *context);
    void (*on_banner)(void *context); // ACT_BANNER was seen
};

int player_new(const struct player_world *world, struct player **out) HR_NODISCARD;
void player_free(struct player *p); // ends what runs; NULL is allowed
// Forget what was to be played and what the console said.
void player_begin(struct player *p);
int player_add(struct player *p, const struct bench_acts *acts) HR_NODISCARD; // borrowed
int player_add_one(struct player *p, const struct bench_act *act) HR_NODISCARD;
void player_start(struct player *p);
bool player_is_busy(const struct player *p);
// What is being played cannot come to an end any more; no effect when nothing is.
void player_fail(struct player *p, int code, const char *sentence);
int player_result(const struct player *p) HR_NODISCARD; // 0, or an error with its sentence
// What failed, NULL when nothing has; and what the console said that no expect has taken.
const struct bench_act *player_failed_act(const struct player *p);
struct span player_heard(const struct player *p);
// What the world has to tell.
void player_take(struct player *p, struct span bytes);
void player_port_changed(struct player *p);

enum { PLAYER_WINDOW_BYTES = 65536, PLAYER_ACTS_MOST = 1000, PLAYER_TAIL_BYTES = 160 };
// The end of what somebody said as one readable line, control characters as blanks.
void player_print_tail(struct span said, char out[PLAYER_TAIL_BYTES + 1]);
