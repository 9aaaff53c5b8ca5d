// SPDX-License-Identifier: MIT
#include "simulator/net/weather.h"

static bool is_down_phase(const struct fault_state *s)
{
    uint64_t up_us = s->fault->number[0];
    return s->since_us % (up_us + s->fault->number[1]) >= up_us;
}

// Whether this state swallows bytes of that way at the moment.
static bool is_hole(const struct fault_state *s, enum way way)
{
    if (s->fault->kind == FAULT_FLAP) {
        return is_down_phase(s);
    }
    enum blackhole_way only = way == WAY_UP ? BLACKHOLE_UP : BLACKHOLE_DOWN;
    return s->fault->kind == FAULT_BLACKHOLE &&
           (s->fault->number[0] == BLACKHOLE_BOTH || s->fault->number[0] == only);
}

// Of two limits the narrower; 0 is none.
static uint64_t narrower(uint64_t a, uint64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static uint32_t lost_of_both(uint32_t a_ppm, uint64_t b_ppm)
{
    return (uint32_t)(FAULT_PPM - (FAULT_PPM - a_ppm) * (FAULT_PPM - b_ppm) / FAULT_PPM);
}

static void add_state(struct weather *w, const struct fault_state *s)
{
    uint64_t number = s->fault->number[0];
    struct shape_rules *rules = &w->rules;
    w->is_any = true;
    w->is_hole[WAY_UP] |= is_hole(s, WAY_UP);
    if (is_hole(s, WAY_DOWN)) {
        w->is_hole[WAY_DOWN] = true;
        w->hole_order = s->order;
    }
    switch (s->fault->kind) {
    case FAULT_LATENCY:
        rules->latency_us += number;
        return;
    case FAULT_JITTER:
        rules->jitter_us += number;
        return;
    case FAULT_LOSS:
        rules->loss_ppm = lost_of_both(rules->loss_ppm, number);
        return;
    case FAULT_BANDWIDTH:
        rules->bandwidth_bytes_per_s = narrower(rules->bandwidth_bytes_per_s, number);
        return;
    case FAULT_WINDOW:
        w->window_bytes = narrower(w->window_bytes, number);
        return;
    case FAULT_SLOW_CLOSE:
        w->close_us += number;
        return;
    case FAULT_CUT:
        w->cut_bytes = number < w->cut_bytes ? number : w->cut_bytes;
        return;
    default:
        return; // holes, above
    }
}

static bool next_state(struct fault_plan *plan, size_t *next, const struct fault_place *place,
                       struct fault_state *out)
{
    while (faults_standing(plan, next, place, out)) {
        if (fault_classes(out->fault->kind) == AT_NET) {
            return true;
        }
    }
    return false;
}

struct weather weather_look(struct fault_plan *plan, const struct fault_place *place)
{
    struct weather w = {.cut_bytes = UINT64_MAX};
    struct fault_state s;
    size_t next = 0;
    while (next_state(plan, &next, place, &s)) {
        add_state(&w, &s);
    }
    return w;
}

struct span weather_let_through(const struct weather *w, enum way way, uint64_t passed_bytes,
                                struct span due, bool *is_cut)
{
    *is_cut = false;
    if (w->is_hole[way]) {
        return SPAN_EMPTY;
    }
    uint64_t left = passed_bytes >= w->cut_bytes ? 0 : w->cut_bytes - passed_bytes;
    *is_cut = way == WAY_DOWN && due.len > left;
    return *is_cut ? span_slice(due, 0, (size_t)left) : due;
}

static bool is_told(uint64_t order, const uint64_t *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (told[i] == order) {
            return true;
        }
    }
    return false;
}

void weather_tell(struct fault_plan *plan, const struct fault_place *place, uint64_t *told,
                  size_t *count, size_t capacity)
{
    struct fault_state s;
    size_t next = 0;
    while (next_state(plan, &next, place, &s)) {
        bool is_resting = s.fault->kind == FAULT_FLAP && !is_down_phase(&s);
        if (is_resting || is_told(s.order, told, *count) || *count == capacity) {
            continue;
        }
        told[(*count)++] = s.order;
        faults_note_fired(plan, &s, place->connection, place->device);
    }
}

bool weather_is_hole(const struct fault_plan *plan, uint64_t order)
{
    struct fault_state s;
    return faults_state_of(plan, order, &s) && is_hole(&s, WAY_DOWN);
}
