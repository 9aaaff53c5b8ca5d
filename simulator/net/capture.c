// SPDX-License-Identifier: MIT
#include "simulator/net/capture.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// pcapng, draft-ietf-opsawg-pcapng, section 4; blocks are written in the machine's byte order.
enum {
    BLOCK_SECTION_HEADER = 0x0A0D0D0A,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    SECRETS_TLS_KEY_LOG = 0x544C534B,
    LINKTYPE_RAW = 101, // packets begin with an IPv4 or IPv6 header
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    SEGMENT_BYTES = 1460,
    FRAME_BYTES_MOST = SEGMENT_BYTES + 60,
    COMMENT_BYTES_MOST = 1000,
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PUSH = 8, TCP_ACK = 16 };

struct side {
    uint8_t address[16];
    uint16_t port;
    uint32_t next_seq;
};

struct capture_stream {
    struct capture_stream *next;
    struct capture *capture;
    uint32_t connection;
    bool is_v6;
    bool is_held;
    struct side device;
    struct side hub;
    struct buf held; // finished packet blocks
};

struct capture {
    struct env env;
    struct journal *journal;
    int fd;
    struct capture_stream *streams;
    struct buf block;
    char failure[200];
};

// ---- blocks

static int append_u32(struct buf *b, uint32_t v)
{
    return buf_append(b, span_of(&v, sizeof v));
}

static int append_u16(struct buf *b, uint16_t v)
{
    return buf_append(b, span_of(&v, sizeof v));
}

static int append_padded(struct buf *b, struct span s)
{
    static const uint8_t zeroes[4];
    TRY(buf_append(b, s));
    return buf_append(b, span_of(zeroes, (4 - s.len % 4) % 4));
}

// A block's frame: type, length, body, length again.
static int close_block(struct buf *b, size_t began)
{
    uint32_t len = (uint32_t)(b->len - began + 4);
    memcpy(b->data + began + 4, &len, sizeof len);
    return append_u32(b, len);
}

static int open_block(struct buf *b, uint32_t type)
{
    TRY(append_u32(b, type));
    return append_u32(b, 0);
}

static int put_header(struct buf *b)
{
    static const uint64_t unknown_length = UINT64_MAX;
    TRY(open_block(b, BLOCK_SECTION_HEADER));
    TRY(append_u32(b, 0x1A2B3C4D));
    TRY(append_u16(b, 1));
    TRY(append_u16(b, 0));
    TRY(buf_append(b, span_of(&unknown_length, sizeof unknown_length)));
    TRY(close_block(b, 0));
    size_t began = b->len;
    TRY(open_block(b, BLOCK_INTERFACE));
    TRY(append_u16(b, LINKTYPE_RAW));
    TRY(append_u16(b, 0));
    TRY(append_u32(b, 0)); // no limit on packet length; times are in microseconds by default
    return close_block(b, began);
}

static int put_packet(struct buf *b, uint64_t at_us, struct span frame, struct span comment)
{
    size_t began = b->len;
    TRY(open_block(b, BLOCK_PACKET));
    TRY(append_u32(b, 0));
    TRY(append_u32(b, (uint32_t)(at_us >> 32)));
    TRY(append_u32(b, (uint32_t)at_us));
    TRY(append_u32(b, (uint32_t)frame.len));
    TRY(append_u32(b, (uint32_t)frame.len));
    TRY(append_padded(b, frame));
    if (comment.len > 0) {
        TRY(append_u16(b, OPTION_COMMENT));
        TRY(append_u16(b, (uint16_t)comment.len));
        TRY(append_padded(b, comment));
        TRY(append_u32(b, OPTION_END));
    }
    return close_block(b, began);
}

static int put_secret(struct buf *b, const char *lines)
{
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, CAPTURE_SECRET_BYTES_MOST);
    TRY(buf_printf(&text, "%s\n", lines));
    size_t began = b->len;
    TRY(open_block(b, BLOCK_SECRETS));
    TRY(append_u32(b, SECRETS_TLS_KEY_LOG));
    TRY(append_u32(b, (uint32_t)text.len));
    TRY(append_padded(b, buf_span(&text)));
    return close_block(b, began);
}

static void write_blocks(struct capture *c, struct span bytes)
{
    while (bytes.len > 0 && c->fd >= 0) {
        ssize_t n = write(c->fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            snprintf(c->failure, sizeof c->failure, "cannot write the capture: %s",
                     n < 0 ? strerror(errno) : "no space left");
            close(c->fd);
            c->fd = -1;
            return;
        }
        bytes = span_from(bytes, (size_t)n);
    }
}

// ---- frames

static uint32_t checksum_add(uint32_t sum, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        sum += i % 2 ? s.ptr[i] : (uint32_t)s.ptr[i] << 8;
    }
    return sum;
}

static uint16_t checksum_end(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void store_u16(struct buf *b, size_t at, uint16_t v)
{
    b->data[at] = (uint8_t)(v >> 8);
    b->data[at + 1] = (uint8_t)v;
}

static int put_ip(struct buf *b, bool is_v6, const struct side *from, const struct side *to,
                  size_t tcp_bytes)
{
    if (is_v6) {
        TRY(buf_append_u32be(b, 0x60000000));
        TRY(buf_append_u16be(b, (uint16_t)tcp_bytes));
        TRY(buf_append_u16be(b, 0x0640)); // next header TCP, hop limit 64
        TRY(buf_append(b, span_of(from->address, 16)));
        return buf_append(b, span_of(to->address, 16));
    }
    TRY(buf_append_u16be(b, 0x4500));
    TRY(buf_append_u16be(b, (uint16_t)(20 + tcp_bytes)));
    TRY(buf_append_u32be(b, 0x00004000)); // do not fragment
    TRY(buf_append_u32be(b, 0x40060000)); // time to live 64, TCP, checksum below
    TRY(buf_append(b, span_of(from->address, 4)));
    TRY(buf_append(b, span_of(to->address, 4)));
    store_u16(b, 10, checksum_end(checksum_add(0, buf_span(b))));
    return 0;
}

static int put_tcp(struct buf *b, bool is_v6, const struct side *from, const struct side *to,
                   uint8_t flags, struct span payload)
{
    size_t address_bytes = is_v6 ? 16 : 4;
    size_t began = b->len;
    TRY(buf_append_u16be(b, from->port));
    TRY(buf_append_u16be(b, to->port));
    TRY(buf_append_u32be(b, from->next_seq));
    TRY(buf_append_u32be(b, flags & TCP_ACK ? to->next_seq : 0));
    TRY(buf_append_u16be(b, (uint16_t)(0x5000 | flags)));
    TRY(buf_append_u16be(b, 0xFFFF)); // window
    TRY(buf_append_u32be(b, 0));      // checksum below, no urgent data
    TRY(buf_append(b, payload));
    uint32_t sum = checksum_add(0, span_of(from->address, address_bytes));
    sum = checksum_add(sum, span_of(to->address, address_bytes));
    sum += IPPROTO_TCP + (uint32_t)(b->len - began);
    store_u16(b, began + 16, checksum_end(checksum_add(sum, span_from(buf_span(b), began))));
    return 0;
}

static void emit_frame(struct capture_stream *s, bool from_device, uint8_t flags, struct span payload,
                       struct span comment)
{
    struct capture *c = s->capture;
    struct side *from = from_device ? &s->device : &s->hub;
    struct side *to = from_device ? &s->hub : &s->device;
    struct buf frame HR_CLEANUP(buf_deinit);
    buf_init(&frame, FRAME_BYTES_MOST);
    int code = put_ip(&frame, s->is_v6, from, to, 20 + payload.len);
    code = code ? code : put_tcp(&frame, s->is_v6, from, to, flags, payload);
    from->next_seq += (uint32_t)payload.len + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    struct buf *out = s->is_held ? &s->held : &c->block;
    code = code ? code : put_packet(out, (uint64_t)c->env.utc_us(c->env.world), buf_span(&frame), comment);
    if (s->is_held && (code < 0 || s->held.len > CAPTURE_HELD_BYTES_MOST)) {
        capture_release(s);
    }
    write_blocks(c, buf_span(&c->block));
    buf_clear(&c->block);
}

// ---- streams

static void read_side(const struct sockaddr *address, struct side *out, bool *is_v6)
{
    *is_v6 = address->sa_family == AF_INET6;
    if (*is_v6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        memcpy(out->address, &v6->sin6_addr, 16);
        out->port = ntohs(v6->sin6_port);
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        memcpy(out->address, &v4->sin_addr, 4);
        out->port = ntohs(v4->sin_port);
    }
}

struct capture_stream *capture_begin(struct capture *capture, uint32_t connection,
                                     const struct sockaddr *device, const struct sockaddr *hub)
{
    struct capture_stream *s = capture ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        return NULL;
    }
    s->capture = capture;
    s->connection = connection;
    s->is_held = true;
    s->next = capture->streams;
    capture->streams = s;
    buf_init(&s->held, 2 * CAPTURE_HELD_BYTES_MOST);
    read_side(device, &s->device, &s->is_v6);
    read_side(hub, &s->hub, &s->is_v6);
    emit_frame(s, true, TCP_SYN, SPAN_EMPTY, SPAN_EMPTY);
    emit_frame(s, false, TCP_SYN | TCP_ACK, SPAN_EMPTY, SPAN_EMPTY);
    emit_frame(s, true, TCP_ACK, SPAN_EMPTY, SPAN_EMPTY);
    return s;
}

void capture_bytes(struct capture_stream *s, bool from_device, struct span bytes)
{
    while (s && bytes.len > 0) {
        struct span segment = span_slice(bytes, 0, SEGMENT_BYTES);
        bytes = span_from(bytes, segment.len);
        emit_frame(s, from_device, TCP_ACK | TCP_PUSH, segment, SPAN_EMPTY);
    }
}

void capture_secret(struct capture_stream *s, const char *lines)
{
    if (!s || !s->is_held) {
        return;
    }
    struct buf block HR_CLEANUP(buf_wipe);
    buf_init(&block, CAPTURE_SECRET_BYTES_MOST + 64);
    if (put_secret(&block, lines) == 0) {
        write_blocks(s->capture, buf_span(&block));
    }
    capture_release(s);
}

void capture_release(struct capture_stream *s)
{
    if (!s || !s->is_held) {
        return;
    }
    s->is_held = false;
    write_blocks(s->capture, buf_span(&s->held));
    buf_deinit(&s->held);
}

void capture_end(struct capture_stream *s, bool by_device, bool is_reset)
{
    if (!s) {
        return;
    }
    emit_frame(s, by_device, is_reset ? TCP_RST | TCP_ACK : TCP_FIN | TCP_ACK, SPAN_EMPTY, SPAN_EMPTY);
    if (!is_reset) {
        emit_frame(s, !by_device, TCP_FIN | TCP_ACK, SPAN_EMPTY, SPAN_EMPTY);
        emit_frame(s, by_device, TCP_ACK, SPAN_EMPTY, SPAN_EMPTY);
    }
    capture_release(s);
    struct capture_stream **at = &s->capture->streams;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    free(s);
}

// ---- comments

// What the bytes themselves do not say: judgements and faults. The acknowledgement that carries the
// comment adds nothing to the stream.
static bool is_told(enum event_type type)
{
    static const enum event_type told[] = {
        EVENT_TLS_FAILED,   EVENT_TLS_REFUSED,   EVENT_MQTT_CONNECTED, EVENT_MQTT_REFUSED,
        EVENT_MQTT_ERROR,   EVENT_MQTT_EARLY,    EVENT_MQTT_TAKEN_OVER, EVENT_MQTT_KEEPALIVE_EXPIRED,
        EVENT_SAS_EXPIRED,  EVENT_FAULT_FIRED,
    };
    for (size_t i = 0; i < HR_COUNT_OF(told); i++) {
        if (told[i] == type) {
            return true;
        }
    }
    return false;
}

static void on_event(void *context, const struct event *e)
{
    struct capture *c = context;
    struct capture_stream *s = c->streams;
    while (s && s->connection != e->connection) {
        s = s->next;
    }
    if (!s || !is_told(e->type)) {
        return;
    }
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 64 * 1024);
    if (event_to_text(e, &text) == 0) {
        emit_frame(s, false, TCP_ACK, SPAN_EMPTY, span_slice(buf_span(&text), 0, COMMENT_BYTES_MOST));
    }
}

// ---- the file

int capture_open(const char *path, const struct env *env, struct journal *journal,
                 struct capture **out)
{
    struct capture *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, ERR_NO_MEMORY);
    c->env = *env;
    buf_init(&c->block, 1 << 20);
    c->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (c->fd < 0) {
        int errnum = errno;
        free(c);
        FAIL(error_from_errno(errnum), "cannot write %s: %s", path, strerror(errnum));
    }
    int code = put_header(&c->block);
    if (code == 0 && journal) {
        code = journal_listen(journal, on_event, c);
        c->journal = code == 0 ? journal : NULL;
    }
    write_blocks(c, buf_span(&c->block));
    buf_clear(&c->block);
    if (code < 0) {
        capture_close(c);
        return code;
    }
    *out = c;
    return 0;
}

void capture_close(struct capture *capture)
{
    if (!capture) {
        return;
    }
    if (capture->journal) {
        journal_unlisten(capture->journal, on_event, capture);
    }
    while (capture->streams) {
        struct capture_stream *s = capture->streams;
        capture_release(s);
        capture->streams = s->next;
        free(s);
    }
    if (capture->fd >= 0) {
        close(capture->fd);
    }
    buf_deinit(&capture->block);
    free(capture);
}

const char *capture_failure(const struct capture *capture)
{
    return capture ? capture->failure : "";
}
