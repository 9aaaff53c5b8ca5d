// SPDX-License-Identifier: MIT
// What the states of the fault plan come to for one connection at this moment. Pure: the time is
// that of the plan's journal.
//
//     struct weather w = weather_look(plan, &place);
//     struct span out = weather_let_through(&w, WAY_DOWN, sent_bytes, due, &is_cut);
#pragma once
#include "simulator/faults/fault.h"
#include "simulator/net/shape.h"

enum way { WAY_UP, WAY_DOWN, WAY_COUNT }; // from the device, from the hub

struct weather {
    struct shape_rules rules;
    bool is_hole[WAY_COUNT];
    uint64_t hole_order;   // of the one that swallows what the hub sends
    uint64_t cut_bytes;    // UINT64_MAX = never
    uint64_t close_us;     // how much later than its bytes an end arrives
    uint64_t window_bytes; // 0 = the system's
    bool is_any;
};

struct weather weather_look(struct fault_plan *plan, const struct fault_place *place);
// Of what is due, what gets through now: nothing in a hole, and not more than a cut leaves of the
// connection's first bytes. *is_cut: the connection ends behind it.
struct span weather_let_through(const struct weather *w, enum way way, uint64_t passed_bytes,
                                struct span due, bool *is_cut);
// fault.fired for each state that acts here now and whose order is not among the `count` orders of
// `told`, where it is added; they hold `capacity`.
void weather_tell(struct fault_plan *plan, const struct fault_place *place, uint64_t *told,
                  size_t *count, size_t capacity);
// Whether the state of that order still is a hole for what the hub sends.
bool weather_is_hole(const struct fault_plan *plan, uint64_t order);
