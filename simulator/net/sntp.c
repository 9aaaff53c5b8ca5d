// SPDX-License-Identifier: MIT
#include "simulator/net/sntp.h"
#include "base/error.h"
#include "base/when.h"
#include "simulator/net/datagram.h"
#include "simulator/net/sntp_packet.h"

#include <stdlib.h>
#include <string.h>

struct sntp {
    struct sntp_settings settings;
    struct sntp_mode mode;
    uint64_t since_us;  // the mode was set then, on the monotonic clock
    int64_t since_utc_us;
    int64_t stepped_us; // STEP: how wrong the last answer was
    uv_udp_t socket;
};

static uint64_t now_us(const struct sntp *s)
{
    return s->settings.env->mono_us(s->settings.env->world);
}

static int64_t utc_us(const struct sntp *s)
{
    return s->settings.utc_us(s->settings.context);
}

void sntp_use(struct sntp *s, const struct sntp_mode *mode)
{
    s->mode = *mode;
    s->since_us = now_us(s);
    s->since_utc_us = utc_us(s);
    s->stepped_us = 0;
}

// How far the answer is from the clock it follows.
static int64_t next_offset_us(struct sntp *s)
{
    switch (s->mode.kind) {
    case SNTP_OFFSET:
        return s->mode.us;
    case SNTP_DATE:
        return s->mode.us - s->since_utc_us;
    case SNTP_STEP:
        s->stepped_us += s->mode.us;
        return s->stepped_us;
    default:
        return 0;
    }
}

static bool is_mute(const struct sntp *s)
{
    return s->mode.kind == SNTP_SILENT ||
           (s->mode.kind == SNTP_LATE && now_us(s) - s->since_us < (uint64_t)s->mode.us);
}

static void answer(struct sntp *s, const struct sntp_request *request, const struct sockaddr *peer)
{
    uint8_t bytes[SNTP_BYTES];
    char mode[64];
    char text[32];
    int64_t offset_us = next_offset_us(s);
    struct sntp_reply reply = {.stratum = 2, .reference = "HUBR", .utc_us = utc_us(s) + offset_us};
    if (s->mode.kind == SNTP_STRATUM16) {
        reply.stratum = SNTP_STRATUM_UNSYNCHRONISED;
        reply.is_unsynchronised = true;
        memcpy(reply.reference, "INIT", sizeof reply.reference);
    } else if (s->mode.kind == SNTP_KOD) {
        reply.stratum = 0;
        reply.is_unsynchronised = true;
        memcpy(reply.reference, s->mode.code, sizeof reply.reference);
    }
    sntp_write_reply(request, &reply, bytes);
    datagram_send(&s->socket, span_of(bytes, sizeof bytes), peer);
    EMIT(s->settings.journal, SNTP_REPLY, 0, NULL, F_TEXT("mode", sntp_mode_print(&s->mode, mode)),
         F_INT("stratum", reply.stratum), F_TEXT("utc", utc_print(reply.utc_us, text)),
         F_INT("offset_ms", offset_us / 1000));
}

static void on_datagram(uv_udp_t *socket, ssize_t n, const uv_buf_t *bytes,
                        const struct sockaddr *peer, unsigned flags)
{
    struct sntp *s = socket->data;
    struct sntp_request request;
    char text[80];
    (void)flags;
    if (n <= 0 || !peer) {
        return;
    }
    int code = sntp_read_request(span_of(bytes->base, (size_t)n), &request);
    bool is_answered = code == 0 && !is_mute(s);
    EMIT(s->settings.journal, SNTP_REQUEST, 0, NULL, F_TEXT("peer", address_text(peer, text)),
         F_INT("version", code == 0 ? request.version : 0), F_BOOL("answered", is_answered),
         F_TEXT("why", code < 0 ? error_text(code) : ""));
    if (is_answered) {
        answer(s, &request, peer);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    static char datagram[2048]; // one loop, one datagram at a time
    (void)handle;
    (void)suggested;
    *out = uv_buf_init(datagram, sizeof datagram);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

int sntp_open(const struct sntp_settings *settings, const char *address, int port, int *bound_port,
              struct sntp **out)
{
    struct sntp *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, ERR_NO_MEMORY);
    s->settings = *settings;
    s->socket.data = s;
    if (uv_udp_init(settings->loop, &s->socket) < 0) {
        free(s);
        return ERR_IO;
    }
    int code = datagram_bind(&s->socket, address, port, bound_port);
    if (code < 0 || uv_udp_recv_start(&s->socket, on_alloc, on_datagram) < 0) {
        sntp_close(s);
        return code < 0 ? code : ERR_IO;
    }
    sntp_use(s, &(struct sntp_mode){.kind = SNTP_RIGHT});
    *out = s;
    return 0;
}

void sntp_close(struct sntp *s)
{
    if (s) {
        uv_close((uv_handle_t *)&s->socket, on_closed);
    }
}
