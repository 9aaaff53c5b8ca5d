// SPDX-License-Identifier: MIT
// Measures an MQTT broker over TLS from outside: how many QoS 1 messages a second it acknowledges,
// and how long one acknowledgement takes. Own code on OpenSSL, nothing of hubrig, so that the same
// client judges hubrig and Mosquitto.
//
//     bench_mqtt PORT ROOT.pem HOST KEY_BASE64 CONNECTIONS MESSAGES WINDOW [FIRST]
//
// The connections are the devices "bench-FIRST" and following, their SAS tokens are signed with
// KEY. WINDOW messages are unacknowledged at a time on each connection; WINDOW 1 measures the round
// trip.
#include "client.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECTIONS_MOST = 1000, WINDOW_MOST = 256, BODY_BYTES = 100, PACKET_BYTES = 1024 };

struct setup {
    uint16_t port;
    const char *root, *host, *key;
    int connections, messages, window;
    int first; // number of the first device
};

struct link {
    SSL *ssl;
    int sent, acked; // messages
    uint64_t sent_ns[WINDOW_MOST];
    uint8_t in[4096];
    size_t in_len;
    uint8_t out[PACKET_BYTES];
    size_t out_len;
};

static struct link links[CONNECTIONS_MOST];
static struct pollfd fds[CONNECTIONS_MOST];
static uint64_t *waits_ns;
static size_t wait_count;

// SharedAccessSignature for HOST/devices/bench-i, good for an hour.
static void make_token(const struct setup *s, int i, char out[600])
{
    uint8_t key[128], mac[32];
    char text[400], signature[64];
    unsigned mac_len = sizeof mac;
    size_t at = 0;
    long expires = (long)time(NULL) + 3600;
    size_t key_text_len = strlen(s->key);
    if (key_text_len > 88 || key_text_len % 4) {
        client_die("the key is not base64");
    }
    int key_len = EVP_DecodeBlock(key, (const uint8_t *)s->key, (int)key_text_len);
    for (size_t k = key_text_len; k > 0 && s->key[k - 1] == '='; k--) {
        key_len--;
    }
    snprintf(text, sizeof text, "%s%%2Fdevices%%2Fbench-%d\n%ld", s->host, i, expires);
    HMAC(EVP_sha256(), key, key_len, (const uint8_t *)text, strlen(text), mac, &mac_len);
    EVP_EncodeBlock((uint8_t *)signature, mac, (int)mac_len);
    at = (size_t)snprintf(out, 600,
                          "SharedAccessSignature sr=%s%%2Fdevices%%2Fbench-%d&sig=", s->host, i);
    for (const char *c = signature; *c; c++) {
        bool is_plain = strchr("+/=", *c) == NULL;
        at += (size_t)snprintf(out + at, 600 - at, is_plain ? "%c" : "%%%02X", *c);
    }
    snprintf(out + at, 600 - at, "&se=%ld", expires);
}

static size_t put_text(uint8_t *out, const char *text)
{
    size_t len = strlen(text);
    out[0] = (uint8_t)(len >> 8);
    out[1] = (uint8_t)len;
    memcpy(out + 2, text, len);
    return len + 2;
}

// The fixed header in front of `body`; both at most 16383 bytes.
static size_t put_packet(uint8_t *out, uint8_t first, const uint8_t *body, size_t len)
{
    size_t at = 0;
    out[at++] = first;
    out[at++] = (uint8_t)(len < 128 ? len : (len & 127) | 128);
    if (len >= 128) {
        out[at++] = (uint8_t)(len >> 7);
    }
    memcpy(out + at, body, len);
    return at + len;
}

static void write_all(SSL *ssl, const uint8_t *bytes, size_t len)
{
    if (SSL_write(ssl, bytes, (int)len) != (int)len) { // blocking until the measuring begins
        client_die("a write failed");
    }
}

static void send_connect(const struct setup *s, struct link *l, int i)
{
    uint8_t body[1500], packet[1600];
    char id[32], username[400], token[600];
    snprintf(id, sizeof id, "bench-%d", i);
    snprintf(username, sizeof username, "%s/%s/?api-version=2021-04-12", s->host, id);
    make_token(s, i, token);
    memcpy(body, "\0\4MQTT\4\xC2\0\360", 10); // clean, user name, password, keep-alive 240 s
    size_t at = 10;
    at += put_text(body + at, id);
    at += put_text(body + at, username);
    at += put_text(body + at, token);
    write_all(l->ssl, packet, put_packet(packet, 0x10, body, at));
}

static void open_link(const struct setup *s, SSL_CTX *context, int i)
{
    struct link *l = &links[i];
    uint8_t connack[4];
    int got = 0;
    int fd = client_dial(s->port, false);
    l->ssl = client_ssl(context, fd, s->host);
    if (SSL_connect(l->ssl) != 1) {
        client_die("the TLS handshake failed");
    }
    send_connect(s, l, s->first + i);
    while (got < 4) {
        int n = SSL_read(l->ssl, connack + got, 4 - got);
        if (n <= 0) {
            client_die("no CONNACK");
        }
        got += n;
    }
    if (memcmp(connack, "\x20\2\0\0", 4) != 0) {
        client_die("CONNECT was refused");
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fds[i] = (struct pollfd){.fd = fd};
}

static void make_publish(struct link *l, int i)
{
    uint8_t body[300];
    char topic[80];
    uint16_t id = (uint16_t)(l->sent % 60000 + 1);
    snprintf(topic, sizeof topic, "devices/bench-%d/messages/events/", i);
    size_t at = put_text(body, topic);
    body[at++] = (uint8_t)(id >> 8);
    body[at++] = (uint8_t)id;
    memset(body + at, 'x', BODY_BYTES);
    l->out_len = put_packet(l->out, 0x32, body, at + BODY_BYTES);
}

// True while there is more to be written and the socket is full.
static bool push(const struct setup *s, struct link *l, int i)
{
    for (;;) {
        if (l->out_len == 0) {
            if (l->sent == s->messages || l->sent - l->acked == s->window) {
                return false;
            }
            make_publish(l, s->first + i);
            l->sent_ns[l->sent % s->window] = client_now_ns();
            l->sent++;
        }
        int n = SSL_write(l->ssl, l->out, (int)l->out_len);
        if (n <= 0) {
            if (SSL_get_error(l->ssl, n) != SSL_ERROR_WANT_WRITE) {
                client_die("the connection ended while publishing");
            }
            return true;
        }
        l->out_len -= (size_t)n;
        memmove(l->out, l->out + n, l->out_len);
    }
}

static void take_acks(const struct setup *s, struct link *l)
{
    size_t at = 0;
    for (; at + 4 <= l->in_len; at += 4) {
        if (l->in[at] != 0x40 || l->in[at + 1] != 2) {
            client_die("something other than PUBACK came");
        }
        waits_ns[wait_count++] = client_now_ns() - l->sent_ns[l->acked % s->window];
        l->acked++;
    }
    l->in_len -= at;
    memmove(l->in, l->in + at, l->in_len);
}

static void pull(const struct setup *s, struct link *l)
{
    for (;;) {
        int n = SSL_read(l->ssl, l->in + l->in_len, (int)(sizeof l->in - l->in_len));
        if (n <= 0) {
            if (SSL_get_error(l->ssl, n) != SSL_ERROR_WANT_READ) {
                client_die("the connection ended before all PUBACKs had come");
            }
            return;
        }
        l->in_len += (size_t)n;
        take_acks(s, l);
    }
}

static void run(const struct setup *s)
{
    int done = 0;
    for (int i = 0; i < s->connections; i++) {
        fds[i].events = (short)(POLLIN | (push(s, &links[i], i) ? POLLOUT : 0));
    }
    while (done < s->connections) {
        if (poll(fds, (nfds_t)s->connections, 30000) <= 0) {
            client_die("nothing came for 30 s");
        }
        for (int i = 0; i < s->connections; i++) {
            if (!fds[i].revents || links[i].acked == s->messages) {
                continue;
            }
            pull(s, &links[i]);
            fds[i].events = (short)(POLLIN | (push(s, &links[i], i) ? POLLOUT : 0));
            done += links[i].acked == s->messages;
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 8 && argc != 9) {
        fprintf(stderr, "usage: %s PORT ROOT HOST KEY CONNECTIONS MESSAGES WINDOW [FIRST]\n",
                argv[0]);
        return 2;
    }
    struct setup s = {.port = (uint16_t)atoi(argv[1]),
                      .root = argv[2],
                      .host = argv[3],
                      .key = argv[4],
                      .connections = atoi(argv[5]),
                      .messages = atoi(argv[6]),
                      .window = atoi(argv[7]),
                      .first = argc == 9 ? atoi(argv[8]) : 0};
    if (s.connections < 1 || s.connections > CONNECTIONS_MOST || s.messages < 1 || s.window < 1 ||
        s.window > WINDOW_MOST) {
        fprintf(stderr, "1 to %d connections, 1 to %d in the window\n", CONNECTIONS_MOST,
                WINDOW_MOST);
        return 2;
    }
    waits_ns = calloc((size_t)s.connections * (size_t)s.messages, sizeof *waits_ns);
    if (!waits_ns) {
        client_die("no memory");
    }
    SSL_CTX *context = client_context(s.root, TLS1_2_VERSION);
    uint64_t began = client_now_ns();
    for (int i = 0; i < s.connections; i++) {
        open_link(&s, context, i);
    }
    uint64_t connected = client_now_ns();
    run(&s);
    double seconds = (double)(client_now_ns() - connected) / 1e9;
    qsort(waits_ns, wait_count, sizeof *waits_ns, compare);
    printf("messages_per_s=%.0f p50_us=%.0f p99_us=%.0f connects_per_s=%.1f\n",
           (double)wait_count / seconds, (double)waits_ns[wait_count / 2] / 1e3,
           (double)waits_ns[wait_count * 99 / 100] / 1e3,
           s.connections / ((double)(connected - began) / 1e9));
    free(waits_ns);
    return 0;
}
