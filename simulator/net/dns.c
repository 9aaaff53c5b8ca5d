// SPDX-License-Identifier: MIT
#include "simulator/net/dns.h"
#include "base/error.h"
#include "simulator/net/datagram.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CLIENTS_MOST = 64, LATER_MOST = 256, LENGTH_BYTES = 2 };

struct dns {
    struct dns_settings settings;
    struct dns_zone zone;
    uv_udp_t udp;
    uv_tcp_t tcp;
    struct client *clients;
    size_t client_count;
    struct later *laters;
    size_t later_count;
    size_t open_handles;
    bool is_closing;
    void (*closed)(void *context);
    void *context;
};

struct client { // over TCP
    struct client *next;
    struct dns *dns;
    uv_tcp_t tcp;
    struct buf in;
    uint32_t pending; // answers that are still held back
    bool is_closed;
};

struct later { // an answer that a slow server holds back
    struct later *next;
    struct dns *dns;
    uv_timer_t timer;
    struct sockaddr_storage peer;
    struct client *client; // NULL = UDP
    size_t len;
    uint8_t bytes[];
};

struct dns_zone *dns_zone(struct dns *dns)
{
    return &dns->zone;
}

static void release_if_done(struct dns *d)
{
    if (!d->is_closing || d->open_handles > 0) {
        return;
    }
    void (*closed)(void *) = d->closed;
    void *context = d->context;
    free(d);
    if (closed) {
        closed(context);
    }
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct dns *d = handle->data;
    d->open_handles--;
    release_if_done(d);
}

// ---- clients over TCP

static void free_client_if_done(struct client *c)
{
    if (!c->is_closed || c->pending > 0) {
        return;
    }
    struct dns *d = c->dns;
    buf_deinit(&c->in);
    free(c);
    d->open_handles--;
    release_if_done(d);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    c->is_closed = true;
    free_client_if_done(c);
}

static void close_client(struct client *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp)) {
        return;
    }
    for (struct client **at = &c->dns->clients; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    c->dns->client_count--;
    uv_close((uv_handle_t *)&c->tcp, on_client_closed);
}

static void send_stream(struct client *c, struct span message)
{
    uint8_t head[LENGTH_BYTES] = {(uint8_t)(message.len >> 8), (uint8_t)message.len};
    uv_buf_t out[2] = {uv_buf_init((char *)head, sizeof head),
                       uv_buf_init((char *)(uintptr_t)message.ptr, (unsigned)message.len)};
    if (uv_is_closing((uv_handle_t *)&c->tcp)) {
        return;
    }
    // an answer is small: what does not fit into the socket at once belongs to a client that reads
    // nothing
    if (uv_try_write((uv_stream_t *)&c->tcp, out, 2) != (int)(message.len + LENGTH_BYTES)) {
        close_client(c);
    }
}

// ---- answering

static void send_to(struct dns *d, struct client *client, const struct sockaddr *peer,
                    struct span message)
{
    if (client) {
        send_stream(client, message);
    } else {
        datagram_send(&d->udp, message, peer);
    }
}

static void on_later_closed(uv_handle_t *handle)
{
    struct later *l = handle->data;
    struct dns *d = l->dns;
    if (l->client) {
        l->client->pending--;
        free_client_if_done(l->client);
    }
    free(l);
    d->open_handles--;
    release_if_done(d);
}

static void end_later(struct later *l)
{
    for (struct later **at = &l->dns->laters; *at; at = &(*at)->next) {
        if (*at == l) {
            *at = l->next;
            break;
        }
    }
    l->dns->later_count--;
    uv_close((uv_handle_t *)&l->timer, on_later_closed);
}

static void on_later(uv_timer_t *timer)
{
    struct later *l = timer->data;
    send_to(l->dns, l->client, (struct sockaddr *)&l->peer, span_of(l->bytes, l->len));
    end_later(l);
}

static void send_later(struct dns *d, struct client *client, const struct sockaddr *peer,
                       struct span message, uint64_t delay_us)
{
    struct later *l = d->later_count < LATER_MOST ? calloc(1, sizeof *l + message.len) : NULL;
    if (!l || uv_timer_init(d->settings.loop, &l->timer) < 0) {
        free(l);
        return; // as an overloaded server: no answer
    }
    l->dns = d;
    l->client = client;
    l->len = message.len;
    memcpy(l->bytes, message.ptr, message.len);
    if (peer) {
        memcpy(&l->peer, peer, peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                           : sizeof(struct sockaddr_in));
    }
    l->timer.data = l;
    l->next = d->laters;
    d->laters = l;
    d->later_count++;
    d->open_handles++;
    if (client) {
        client->pending++;
    }
    uv_update_time(d->settings.loop); // else it counts from the beginning of this turn
    uv_timer_start(&l->timer, on_later, (env_machine_us(d->settings.env, delay_us) + 999) / 1000, 0);
}

static const char *type_word(uint16_t type, char out[16])
{
    switch (type) {
    case DNS_A:
        return "A";
    case DNS_AAAA:
        return "AAAA";
    case DNS_CNAME:
        return "CNAME";
    case DNS_ANY:
        return "ANY";
    default:
        snprintf(out, 16, "TYPE%u", type);
        return out;
    }
}

static void answer(struct dns *d, struct client *client, const struct sockaddr *peer,
                   struct span message)
{
    struct dns_query query;
    struct dns_verdict verdict;
    struct buf out HR_CLEANUP(buf_deinit);
    char text[80];
    char type[16];
    buf_init(&out, DNS_MESSAGE_BYTES_MOST);
    if (dns_read_query(message, &query) < 0) {
        return;
    }
    EMIT(d->settings.journal, DNS_QUERY, 0, NULL, F_TEXT("name", query.name),
         F_TEXT("type", type_word(query.type, type)), F_TEXT("over", client ? "tcp" : "udp"),
         F_TEXT("peer", peer ? address_text(peer, text) : ""));
    size_t limit = client ? DNS_MESSAGE_BYTES_MOST : query.udp_bytes;
    if (dns_zone_answer(&d->zone, &query, message, limit, client != NULL, &verdict, &out) < 0 ||
        verdict.is_silent) {
        return;
    }
    EMIT(d->settings.journal, DNS_ANSWER, 0, NULL, F_TEXT("name", query.name),
         F_TEXT("type", type_word(query.type, type)), F_TEXT("over", client ? "tcp" : "udp"),
         F_TEXT("code", dns_code_word(verdict.code)), F_TEXT("address", verdict.address),
         F_TEXT("behaviour", dns_behaviour_print(&verdict.behaviour, text)));
    if (verdict.delay_us) {
        send_later(d, client, peer, buf_span(&out), verdict.delay_us);
    } else {
        send_to(d, client, peer, buf_span(&out));
    }
}

// ---- sockets

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char chunk[DNS_MESSAGE_BYTES_MOST]; // one loop, one read at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(chunk, sizeof chunk);
}

static void on_datagram(uv_udp_t *socket, ssize_t n, const uv_buf_t *bytes,
                        const struct sockaddr *peer, unsigned flags)
{
    (void)flags;
    if (n > 0 && peer) {
        answer(socket->data, NULL, peer, span_of(bytes->base, (size_t)n));
    }
}

static void on_stream(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct client *c = stream->data;
    if (n == 0) {
        return;
    }
    if (n < 0 || buf_append(&c->in, span_of(bytes->base, (size_t)n)) < 0) {
        close_client(c);
        return;
    }
    while (c->in.len >= LENGTH_BYTES && !uv_is_closing((uv_handle_t *)stream)) {
        size_t len = (size_t)c->in.data[0] << 8 | c->in.data[1];
        if (c->in.len - LENGTH_BYTES < len) {
            return;
        }
        answer(c->dns, c, NULL, span_slice(buf_span(&c->in), LENGTH_BYTES, len));
        buf_consume(&c->in, LENGTH_BYTES + len);
    }
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct dns *d = stream->data;
    struct client *c = status == 0 && !d->is_closing ? calloc(1, sizeof *c) : NULL;
    if (!c || uv_tcp_init(d->settings.loop, &c->tcp) < 0) {
        free(c);
        return;
    }
    buf_init(&c->in, DNS_MESSAGE_BYTES_MOST + 2 * LENGTH_BYTES);
    c->dns = d;
    c->tcp.data = c;
    c->next = d->clients;
    d->clients = c;
    d->client_count++;
    d->open_handles++;
    if (uv_accept(stream, (uv_stream_t *)&c->tcp) < 0 || d->client_count > CLIENTS_MOST ||
        uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_stream) < 0) {
        close_client(c);
    }
}

static int listen_stream(struct dns *d, const char *address, int port)
{
    struct sockaddr_storage at;
    TRY(address_parse(address, port, &at));
    int code = uv_tcp_bind(&d->tcp, (struct sockaddr *)&at, 0);
    code = code < 0 ? code : uv_listen((uv_stream_t *)&d->tcp, 16, on_connection);
    return code < 0 ? address_fail_listen(address, port, code) : 0;
}

int dns_open(const struct dns_settings *settings, const char *address, int port, int *bound_port,
             struct dns **out)
{
    struct dns *d = calloc(1, sizeof *d);
    ENSURE(d != NULL, ERR_NO_MEMORY);
    d->settings = *settings;
    uv_udp_init(settings->loop, &d->udp);
    uv_tcp_init(settings->loop, &d->tcp);
    d->udp.data = d->tcp.data = d;
    d->open_handles = 2;
    int code = datagram_bind(&d->udp, address, port, bound_port);
    code = code < 0 ? code : listen_stream(d, address, *bound_port);
    if (code == 0 && uv_udp_recv_start(&d->udp, on_alloc, on_datagram) < 0) {
        code = ERR_IO;
    }
    if (code < 0) {
        dns_close(d, NULL, NULL);
        return code;
    }
    *out = d;
    return 0;
}

void dns_close(struct dns *d, void (*closed)(void *context), void *context)
{
    d->is_closing = true;
    d->closed = closed;
    d->context = context;
    while (d->clients) {
        close_client(d->clients);
    }
    while (d->laters) {
        end_later(d->laters);
    }
    uv_close((uv_handle_t *)&d->udp, on_socket_closed);
    uv_close((uv_handle_t *)&d->tcp, on_socket_closed);
}
