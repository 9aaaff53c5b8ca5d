// SPDX-License-Identifier: MIT
// Judges that look at the whole run: back-off, ledger, keep-alive, recovery, ... One per statement
// that asks for it. Each is given every event in order and answers with a sentence of numbers.
//
// Only the panel (panel.h) makes them.
//
//     struct oracle *o = oracle_new(step->oracle);
//     on every event:              oracle_event(o, e);
//     on a boot, hub, time step:   oracle_act(o, now);
//     when its statement begins:   oracle_begin(o, now);
//     then, after each event:      oracle_judge(o, now, is_over, &sentence)
//
// All times are the journal's: microseconds, as in event.at_us.
#pragma once
#include "harness/scenario/oracle_spec.h"

enum oracle_state {
    ORACLE_OPEN, // wait for more
    ORACLE_PASS,
    ORACLE_FAIL,
    ORACLE_UNDECIDED // over, and the device gave too little to judge
};

struct oracle;

// `spec` is borrowed and outlives the oracle. NULL without memory.
struct oracle *oracle_new(const struct oracle_spec *spec);
void oracle_free(struct oracle *o); // NULL is allowed

// 0 or ERR_NO_MEMORY; the event is borrowed for the call.
int oracle_event(struct oracle *o, const struct event *e) HR_NODISCARD;
// The rig acts: what an oracle measures from its cause begins here at the latest.
void oracle_act(struct oracle *o, uint64_t at_us);
void oracle_begin(struct oracle *o, uint64_t at_us);
// `is_over`: the time of oracle_deadline_us has come, decide. The sentence is appended to `say`
// in every state but ORACLE_OPEN; what does not fit is left out.
enum oracle_state oracle_judge(const struct oracle *o, uint64_t now_us, bool is_over,
                               struct buf *say);
// When it must decide, once its statement has begun. It moves with the cause for detect and
// recovery, so ask again after each event.
uint64_t oracle_deadline_us(const struct oracle *o);
