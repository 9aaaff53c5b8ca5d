// SPDX-License-Identifier: MIT
// The network of a connection: what the states of the fault plan make of its bytes, both ways.
// A connection without one has no lanes and pays a comparison.
#include "base/error.h"
#include "simulator/net/connection.h"
#include "simulator/net/shape.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIRED_MOST = 16,
    UP_LANE_PAUSE_BYTES = 256 * 1024, // then the device's own TCP has to wait
};

enum way { WAY_UP, WAY_DOWN, WAY_COUNT };

struct connection_shape {
    struct shape_lane lane[WAY_COUNT];
    bool is_held_told[WAY_COUNT];
    uint64_t fired[FIRED_MOST]; // orders of the faults that this connection has told of
    size_t fired_count;
    bool has_eof; // the device has closed, and the hub does not know yet
    int eof_code;
    uint64_t eof_due_us;
    bool wants_fin; // ours, behind what waits
};

// What the states come to.
struct weather {
    struct shape_rules rules;
    bool is_hole[WAY_COUNT];
    uint64_t hole_order; // of the one that swallows what the hub sends
    uint64_t cut_bytes;  // UINT64_MAX = never
    bool is_any;
};

enum fault_site connection_net_site(const struct server *server, enum dialect dialect)
{
    return server->settings.is_dps    ? SITE_NET_DPS
           : dialect == DIALECT_MQTT ? SITE_NET_MQTTS
                                     : SITE_NET_HTTPS;
}

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

static void add_state(struct weather *w, const struct fault_state *s)
{
    uint64_t number = s->fault->number[0];
    w->is_any = true;
    w->is_hole[WAY_UP] |= is_hole(s, WAY_UP);
    if (is_hole(s, WAY_DOWN)) {
        w->is_hole[WAY_DOWN] = true;
        w->hole_order = s->order;
    }
    if (s->fault->kind == FAULT_LATENCY) {
        w->rules.latency_us += number;
    } else if (s->fault->kind == FAULT_JITTER) {
        w->rules.jitter_us += number;
    } else if (s->fault->kind == FAULT_CUT && number < w->cut_bytes) {
        w->cut_bytes = number;
    } else if (s->fault->kind == FAULT_BANDWIDTH && (w->rules.bandwidth_bytes_per_s == 0 ||
                                                     number < w->rules.bandwidth_bytes_per_s)) {
        w->rules.bandwidth_bytes_per_s = number;
    }
}

static bool note_fired(struct connection_shape *shape, uint64_t order)
{
    for (size_t i = 0; i < shape->fired_count; i++) {
        if (shape->fired[i] == order) {
            return false;
        }
    }
    if (shape->fired_count < FIRED_MOST) {
        shape->fired[shape->fired_count++] = order;
    }
    return true;
}

static struct weather look(struct connection *c)
{
    struct weather w = {.cut_bytes = UINT64_MAX};
    struct fault_plan *plan = c->server->settings.faults;
    struct fault_state s;
    size_t next = 0;
    enum fault_site site = connection_net_site(c->server, c->dialect);
    while (faults_standing(plan, &next, site, connection_device(c), &s)) {
        if (fault_classes(s.fault->kind) == AT_NET) {
            add_state(&w, &s);
        }
    }
    return w;
}

// Some of its bytes meet these states for the first time.
static void tell_fired(struct connection *c)
{
    struct fault_plan *plan = c->server->settings.faults;
    struct fault_state s;
    size_t next = 0;
    enum fault_site site = connection_net_site(c->server, c->dialect);
    while (faults_standing(plan, &next, site, connection_device(c), &s)) {
        bool is_resting = s.fault->kind == FAULT_FLAP && !is_down_phase(&s);
        if (fault_classes(s.fault->kind) == AT_NET && !is_resting &&
            note_fired(c->shape, s.order)) {
            faults_note_fired(plan, &s, c->id, connection_device(c));
        }
    }
}

static bool is_shaped(struct connection *c)
{
    if (c->shape) {
        return true;
    }
    if (!faults_wait_at(c->server->settings.faults, AT_NET) || !look(c).is_any) {
        return false;
    }
    c->shape = calloc(1, sizeof *c->shape);
    return c->shape != NULL;
}

static void push(struct connection *c, enum way way, struct span bytes)
{
    const struct env *env = c->server->settings.env;
    struct weather w = look(c);
    uint32_t chance = 0;
    if (w.rules.jitter_us > 0) {
        env->random(env->world, &chance, sizeof chance);
    }
    tell_fired(c);
    if (w.is_hole[way] && !c->shape->is_held_told[way]) {
        EMIT(connection_journal(c), NET_HELD, c->id, connection_device(c),
             F_TEXT("from", way == WAY_UP ? "device" : "hub"), F_INT("bytes", bytes.len));
    }
    c->shape->is_held_told[way] = w.is_hole[way];
    if (shape_push(&c->shape->lane[way], &w.rules, chance, connection_now_us(c), bytes) < 0) {
        c->wants_close = true;
        c->close_how = DROP_RST;
    }
    server_watch_net(c->server);
}

bool connection_shape_out(struct connection *c, struct span bytes)
{
    if (!is_shaped(c)) {
        return false;
    }
    push(c, WAY_DOWN, bytes);
    return true;
}

bool connection_shape_in(struct connection *c, struct span bytes)
{
    if (!is_shaped(c)) {
        return false;
    }
    capture_bytes(c->capture, true, bytes);
    push(c, WAY_UP, bytes);
    connection_update_reading(c);
    return true;
}

bool connection_shape_eof(struct connection *c, int code)
{
    if (!is_shaped(c)) {
        return false;
    }
    struct weather w = look(c);
    c->shape->has_eof = true;
    c->shape->eof_code = code;
    c->shape->eof_due_us = connection_now_us(c) + w.rules.latency_us;
    server_watch_net(c->server);
    return true;
}

bool connection_shape_fin(struct connection *c)
{
    if (!is_shaped(c) || (c->shape->lane[WAY_DOWN].bytes == 0 && !look(c).is_hole[WAY_DOWN])) {
        return false;
    }
    uint64_t last_us = c->shape->lane[WAY_DOWN].last_due_us;
    if (c->linger_until_us < last_us + LINGER_US) {
        c->linger_until_us = last_us + LINGER_US;
    }
    c->shape->wants_fin = true;
    server_watch_net(c->server);
    return true;
}

bool connection_shape_pauses(const struct connection *c)
{
    return c->shape && (c->shape->has_eof || c->shape->lane[WAY_UP].bytes > UP_LANE_PAUSE_BYTES);
}

size_t connection_shape_waiting(const struct connection *c)
{
    return c->shape ? c->shape->lane[WAY_DOWN].bytes : 0;
}

void connection_end_shape(struct connection *c)
{
    if (!c->shape) {
        return;
    }
    shape_deinit(&c->shape->lane[WAY_UP]);
    shape_deinit(&c->shape->lane[WAY_DOWN]);
    free(c->shape);
    c->shape = NULL;
}

void connection_bury(struct connection *c)
{
    uv_os_fd_t fd;
    if (!is_shaped(c) || c->server->is_closing) {
        return;
    }
    struct weather w = look(c);
    if (w.is_hole[WAY_DOWN] && uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        server_bury(c->server, fd, connection_net_site(c->server, c->dialect), w.hole_order);
    }
}

bool connection_hole_stands(struct server *server, enum fault_site site, uint64_t order)
{
    struct fault_plan *plan = server->settings.faults;
    for (size_t i = 0; faults_at(plan, i); i++) {
        struct fault_state s;
        size_t next = i;
        if (faults_standing(plan, &next, site, faults_at(plan, i)->device, &s) &&
            s.order == order) {
            return is_hole(&s, WAY_DOWN);
        }
    }
    return false;
}

// ---- when time passes

static void deliver_down(struct connection *c, const struct weather *w)
{
    struct shape_lane *lane = &c->shape->lane[WAY_DOWN];
    struct span due;
    while (!w->is_hole[WAY_DOWN] && (due = shape_due(lane, connection_now_us(c))).len > 0) {
        uint64_t left = c->out_bytes >= w->cut_bytes ? 0 : w->cut_bytes - c->out_bytes;
        bool is_cut = due.len > left;
        due = span_slice(due, 0, is_cut ? (size_t)left : due.len);
        connection_write_now(c, due);
        if (c->phase == PHASE_GONE) {
            return;
        }
        if (is_cut) {
            connection_cut(c);
            return;
        }
        shape_drop(lane, due.len);
    }
    if (c->shape->wants_fin && lane->bytes == 0 && !w->is_hole[WAY_DOWN]) {
        c->shape->wants_fin = false;
        connection_send_fin(c);
    }
}

static void deliver_up(struct connection *c, const struct weather *w)
{
    struct shape_lane *lane = &c->shape->lane[WAY_UP];
    static uint8_t taken[READ_CHUNK_BYTES]; // what takes it may end the lane
    while (!w->is_hole[WAY_UP] && c->phase != PHASE_GONE && !connection_is_deaf(c)) {
        struct span due = span_slice(shape_due(lane, connection_now_us(c)), 0, sizeof taken);
        if (due.len == 0) {
            break;
        }
        memcpy(taken, due.ptr, due.len);
        shape_drop(lane, due.len);
        connection_take(c, span_of(taken, due.len));
    }
    if (c->phase == PHASE_GONE || !c->shape->has_eof || lane->bytes > 0 || w->is_hole[WAY_UP] ||
        connection_now_us(c) < c->shape->eof_due_us) {
        return;
    }
    c->shape->has_eof = false;
    c->has_eof = true;
    c->eof_code = c->shape->eof_code;
    if (!c->is_working) {
        connection_peer_closed(c);
    }
}

bool connection_shape_tick(struct connection *c)
{
    if (!c->shape) {
        return false;
    }
    struct weather w = look(c);
    deliver_down(c, &w);
    if (c->phase != PHASE_GONE) {
        deliver_up(c, &w);
    }
    if (c->phase == PHASE_GONE) {
        return false;
    }
    connection_update_reading(c);
    const struct connection_shape *s = c->shape;
    bool is_idle = !w.is_any && !s->lane[WAY_UP].bytes && !s->lane[WAY_DOWN].bytes &&
                   !s->has_eof && !s->wants_fin;
    if (is_idle) {
        connection_end_shape(c);
    }
    return !is_idle;
}
