// SPDX-License-Identifier: MIT
// The network of a connection: what the states of the fault plan make of its bytes, both ways.
// A connection without one has no lanes and pays a comparison.
#include "base/error.h"
#include "simulator/net/connection.h"
#include "simulator/net/weather.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRED_MOST = 16,
    UP_LANE_PAUSE_BYTES = 256 * 1024, // then the device's own TCP has to wait
};

struct connection_shape {
    struct shape_lane lane[WAY_COUNT];
    bool is_held_told[WAY_COUNT];
    uint64_t fired[FIRED_MOST]; // orders of the faults that this connection has told of
    size_t fired_count;
    uint64_t window_bytes; // of the state that the socket follows; 0 = none
    bool has_eof;          // the device has closed, and the hub does not know yet
    int eof_code;
    uint64_t eof_due_us;
    bool wants_fin; // ours, behind what waits
    uint64_t fin_due_us;
};

enum fault_site connection_net_site(const struct server *server, enum dialect dialect)
{
    return server->settings.is_dps    ? SITE_NET_DPS
           : dialect == DIALECT_MQTT ? SITE_NET_MQTTS
                                     : SITE_NET_HTTPS;
}

static struct fault_plan *plan_of(const struct connection *c)
{
    return c->server->settings.faults;
}

static struct fault_place place_of(const struct connection *c)
{
    return (struct fault_place){connection_net_site(c->server, c->dialect), c->id,
                                connection_device(c)};
}

static struct weather look(const struct connection *c)
{
    struct fault_place place = place_of(c);
    return weather_look(plan_of(c), &place);
}

// Both bounds: that of what is offered, and that of what piles up unread.
static void set_window(struct connection *c, uint64_t bytes)
{
    uv_os_fd_t fd;
    int size = (int)(bytes > 0 ? bytes : UP_LANE_PAUSE_BYTES);
    if (c->shape->window_bytes != bytes && uv_fileno((uv_handle_t *)&c->tcp, &fd) == 0) {
        c->shape->window_bytes = bytes;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &size, sizeof size);
    }
}

HR_COLD static bool begin_shape(struct connection *c)
{
    c->shape = look(c).is_any ? calloc(1, sizeof *c->shape) : NULL;
    if (!c->shape) {
        return false;
    }
    for (int way = 0; way < WAY_COUNT; way++) {
        uint64_t luck = env_mix(faults_seed(plan_of(c)), c->id);
        c->shape->lane[way].luck = env_mix(luck, (uint64_t)way);
    }
    return true;
}

static bool is_shaped(struct connection *c)
{
    return c->shape || (faults_wait_at(plan_of(c), AT_NET) && begin_shape(c));
}

static void meet_portal(struct connection *c)
{
    static const int statuses[] = {200, 302, 511}; // as the words of its row
    const struct fault_place place = place_of(c);
    struct fault_state s;
    size_t next = 0;
    while (faults_standing(plan_of(c), &next, &place, &s)) {
        if (s.fault->kind == FAULT_PORTAL) {
            c->portal_status = statuses[s.fault->number[0]];
            faults_note_fired(plan_of(c), &s, c->id, "");
            return;
        }
    }
}

void connection_meet_states(struct connection *c)
{
    if (!faults_wait_at(plan_of(c), AT_STATE)) {
        return;
    }
    faults_meet(plan_of(c), connection_net_site(c->server, c->dialect), c->id);
    meet_portal(c);
    if (is_shaped(c)) {
        set_window(c, look(c).window_bytes);
        server_watch_net(c->server);
    }
}

// Some of its bytes meet these states for the first time.
static void tell_fired(struct connection *c)
{
    const struct fault_place place = place_of(c);
    weather_tell(plan_of(c), &place, c->shape->fired, &c->shape->fired_count, FIRED_MOST);
}

static void tell_held(struct connection *c, const struct weather *w, enum way way, size_t bytes)
{
    if (w->is_hole[way] && !c->shape->is_held_told[way]) {
        EMIT(connection_journal(c), NET_HELD, c->id, connection_device(c),
             F_TEXT("from", way == WAY_UP ? "device" : "hub"), F_INT("bytes", bytes));
    }
    c->shape->is_held_told[way] = w->is_hole[way];
}

// What was on its way when the line went dead.
static void tell_caught(struct connection *c, const struct weather *w)
{
    for (int way = 0; way < WAY_COUNT; way++) {
        size_t bytes = c->shape->lane[way].bytes;
        if (w->is_hole[way] && bytes > 0 && !c->shape->is_held_told[way]) {
            tell_fired(c);
            tell_held(c, w, (enum way)way, bytes);
        }
    }
}

HR_COLD static void push(struct connection *c, enum way way, struct span bytes)
{
    struct weather w = look(c);
    tell_fired(c);
    tell_held(c, &w, way, bytes.len);
    set_window(c, w.window_bytes);
    if (shape_push(&c->shape->lane[way], &w.rules, connection_now_us(c), bytes) < 0) {
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
    c->shape->eof_due_us = connection_now_us(c) + w.rules.latency_us + w.close_us;
    server_watch_net(c->server);
    return true;
}

bool connection_shape_fin(struct connection *c)
{
    if (!is_shaped(c)) {
        return false;
    }
    struct weather w = look(c);
    const struct shape_lane *lane = &c->shape->lane[WAY_DOWN];
    uint64_t due_us = connection_now_us(c) + w.rules.latency_us;
    bool is_free = lane->bytes == 0 && !w.is_hole[WAY_DOWN] && w.rules.latency_us + w.close_us == 0;
    if (is_free) {
        return false;
    }
    due_us = (lane->last_due_us > due_us ? lane->last_due_us : due_us) + w.close_us;
    if (c->linger_until_us < due_us + LINGER_US) {
        c->linger_until_us = due_us + LINGER_US;
    }
    c->shape->fin_due_us = due_us;
    c->shape->wants_fin = true;
    server_watch_net(c->server);
    return true;
}

bool connection_shape_pauses(const struct connection *c)
{
    const struct connection_shape *s = c->shape;
    return s && (s->has_eof || s->lane[WAY_UP].bytes >
                                   (s->window_bytes ? s->window_bytes : UP_LANE_PAUSE_BYTES));
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
        server_bury(c->server, fd, w.hole_order);
    }
}

// ---- when time passes

static void deliver_down(struct connection *c, const struct weather *w)
{
    struct shape_lane *lane = &c->shape->lane[WAY_DOWN];
    bool is_cut = false;
    struct span due;
    while ((due = shape_due(lane, connection_now_us(c))).len > 0) {
        due = weather_let_through(w, WAY_DOWN, c->out_bytes, due, &is_cut);
        if (due.len > 0) {
            connection_write_now(c, due);
        }
        if (c->phase == PHASE_GONE || (due.len == 0 && !is_cut)) {
            return;
        }
        if (is_cut) {
            connection_cut(c);
            return;
        }
        shape_drop(lane, due.len);
    }
    if (c->shape->wants_fin && lane->bytes == 0 && !w->is_hole[WAY_DOWN] &&
        connection_now_us(c) >= c->shape->fin_due_us) {
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
    tell_caught(c, &w);
    if (c->phase == PHASE_GONE) {
        return false; // who hears of a fault may end the connection
    }
    size_t before = connection_shape_waiting(c);
    deliver_down(c, &w);
    if (c->phase != PHASE_GONE && connection_shape_waiting(c) < before) {
        connection_tell_drained(c);
    }
    if (c->phase != PHASE_GONE) {
        deliver_up(c, &w);
    }
    if (c->phase == PHASE_GONE) {
        return false;
    }
    set_window(c, w.window_bytes);
    connection_update_reading(c);
    const struct connection_shape *s = c->shape;
    bool is_idle = !w.is_any && !s->lane[WAY_UP].bytes && !s->lane[WAY_DOWN].bytes &&
                   !s->has_eof && !s->wants_fin;
    if (is_idle) {
        connection_end_shape(c);
    }
    return !is_idle;
}
