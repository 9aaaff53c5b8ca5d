// SPDX-License-Identifier: MIT
// The network of a server: ports that states of the fault plan close, and the clock of its
// connections' lanes. It stands still while no fault of the network is armed.
#include "base/error.h"
#include "simulator/net/datagram.h"
#include "simulator/net/internal.h"
#include "simulator/net/weather.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 1, BURIED_MOST = 256 };

struct server_net {
    uv_timer_t timer;
    bool is_running;
    struct buried {
        int fd;
        uint64_t order; // of the hole that it lies in
    } buried[BURIED_MOST];
    size_t buried_count;
};

// ---- connections that ended in a black hole: the device must not hear of it

void server_bury(struct server *server, int fd, uint64_t order)
{
    struct server_net *net = server->net;
    int copy = net && net->buried_count < BURIED_MOST ? dup(fd) : -1;
    if (copy >= 0) {
        net->buried[net->buried_count++] = (struct buried){copy, order};
    }
}

static void unbury(struct server *server, bool is_all)
{
    struct server_net *net = server->net;
    for (size_t i = net->buried_count; i > 0; i--) {
        struct buried *b = &net->buried[i - 1];
        if (is_all || !weather_is_hole(server->settings.faults, b->order)) {
            close(b->fd);
            *b = net->buried[--net->buried_count];
        }
    }
}

// ---- ports

static const struct sockaddr *local_of(const struct sockaddr_storage *bound,
                                       struct sockaddr_storage *out)
{
    *out = *bound;
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    if (out->ss_family == AF_INET && v4->sin_addr.s_addr == htonl(INADDR_ANY)) {
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return (const struct sockaddr *)out;
}

// A queue of one that is full: the kernel drops every further SYN.
static int fill_queue(struct listener *listener)
{
    struct sockaddr_storage to;
    const struct sockaddr *at = local_of(&listener->bound, &to);
    if (listen(listener->guard_fd, 0) != 0) {
        return ERR_IO;
    }
    listener->filler_fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->filler_fd < 0) {
        return ERR_IO;
    }
    (void)connect(listener->filler_fd, at, sizeof to); // goes on by itself
    return 0;
}

// Somebody holds the port meanwhile, so that nobody else takes it.
static void guard_port(struct listener *listener, enum fault_kind how)
{
    int on = 1;
    const struct sockaddr *at = (const struct sockaddr *)&listener->bound;
    socklen_t len = at->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                              : sizeof(struct sockaddr_in);
    listener->guard_fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener->guard_fd >= 0) {
        setsockopt(listener->guard_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(listener->guard_fd, at, len) == 0 && how == FAULT_BLOCK) {
            (void)fill_queue(listener);
        }
    }
}

static void unguard_port(struct listener *listener)
{
    int *const fds[] = {&listener->filler_fd, &listener->guard_fd};
    for (size_t i = 0; i < HR_COUNT_OF(fds); i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
            *fds[i] = -1;
        }
    }
}

static void close_port(struct server *server, struct listener *listener,
                       const struct fault_state *state)
{
    if (listener->is_open) {
        server_close_listener(listener);
    }
    unguard_port(listener);
    guard_port(listener, state->fault->kind);
    faults_note_fired(server->settings.faults, state, 0, NULL);
    EMIT(server->settings.journal, NET_BLOCKED, 0, NULL, F_TEXT("endpoint", listener->endpoint),
         F_TEXT("how", fault_word(state->fault->kind)));
}

// Fails while libuv has not let go of the old handle; the next tick tries again.
static bool open_port(struct server *server, struct listener *listener)
{
    unguard_port(listener);
    if (!server_reopen_listener(listener)) {
        return false;
    }
    EMIT(server->settings.journal, NET_OPENED, 0, NULL, F_TEXT("endpoint", listener->endpoint));
    return true;
}

// Returns whether a port is closed.
static bool watch_port(struct server *server, struct listener *listener)
{
    struct fault_state s;
    struct fault_state wanted = {0};
    size_t next = 0;
    const struct fault_place place = {.site = connection_net_site(server, listener->dialect)};
    while (faults_standing(server->settings.faults, &next, &place, &s)) {
        wanted = fault_classes(s.fault->kind) == AT_PORT ? s : wanted;
    }
    if (wanted.order != listener->closed_order) {
        if (wanted.order > 0) {
            close_port(server, listener, &wanted);
        } else if (!open_port(server, listener)) {
            return true;
        }
        listener->closed_order = wanted.order;
    }
    return wanted.order > 0;
}

static bool watch_ports(struct server *server)
{
    bool is_any_closed = false;
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].is_open || server->listeners[i].closed_order > 0) {
            is_any_closed |= watch_port(server, &server->listeners[i]);
        }
    }
    return is_any_closed;
}

// ---- the clock

static void on_tick(uv_timer_t *timer)
{
    struct server *server = timer->data;
    bool is_busy = faults_wait_at(server->settings.faults, AT_STATE);
    struct connection *next = NULL;
    is_busy |= watch_ports(server);
    unbury(server, false);
    for (struct connection *c = server->connections; c; c = next) {
        next = connection_next(c);
        is_busy |= connection_shape_tick(c);
    }
    if (!is_busy && server->net->buried_count == 0) {
        uv_timer_stop(timer);
        server->net->is_running = false;
    }
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    free(server->net);
    server->net = NULL;
    server_handle_closed(server);
}

void server_watch_net(struct server *server)
{
    if (server->net && !server->net->is_running && !server->is_closing) {
        server->net->is_running = true;
        uv_timer_start(&server->net->timer, on_tick, TICK_MS, TICK_MS);
    }
}

void server_net_changed(void *context)
{
    struct server *server = context;
    bool is_armed = faults_wait_at(server->settings.faults, AT_STATE);
    if (server->is_closing || (!server->net && !is_armed)) {
        return;
    }
    if (!server->net) {
        server->net = calloc(1, sizeof *server->net);
        if (!server->net) {
            return;
        }
        uv_timer_init(server->settings.loop, &server->net->timer);
        server->net->timer.data = server;
        server->open_handles++;
    }
    watch_ports(server);
    server_watch_net(server);
}

void server_end_net(struct server *server)
{
    for (size_t i = 0; i < server->listener_count; i++) {
        unguard_port(&server->listeners[i]);
    }
    if (server->net) {
        unbury(server, true);
        uv_close((uv_handle_t *)&server->net->timer, on_timer_closed);
    }
}
