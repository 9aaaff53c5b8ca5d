// SPDX-License-Identifier: MIT
// Measures an MQTT broker over TLS from outside: how many QoS 1 messages a second it acknowledges,
// and how long one acknowledgement takes. Own code on OpenSSL, nothing of hubrig, so that the same
// client judges hubrig and Mosquitto.
//
//     bench_mqtt PORT ROOT.pem HOST KEY_BASE64 CONNECTIONS MESSAGES WINDOW
//
// Device i of the connections is "bench-i", its SAS token is signed with KEY. WINDOW messages are
// unacknowledged at a time on each connection; WINDOW 1 measures the round trip.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MOST = 1000, WINDOW_MOST = 256, BODY_BYTES = 100, PACKET_BYTES = 1024 };

struct setup {
    uint16_t port;
    const char *root, *host, *key;
    int connections, messages, window;
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

static void die(const char *what)
{
    fprintf(stderr, "bench_mqtt: %s (%s)\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    exit(3);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static SSL_CTX *make_context(const char *root)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_locations(context, root, NULL) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, "ECDHE-RSA-AES128-GCM-SHA256") != 1) {
        die("the root cannot be read");
    }
    SSL_CTX_set1_groups_list(context, "X25519");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

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
        die("the key is not base64");
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
        die("a write failed");
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

static int dial(const struct setup *s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        die("no connection");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void open_link(const struct setup *s, SSL_CTX *context, int i)
{
    struct link *l = &links[i];
    uint8_t connack[4];
    int got = 0;
    int fd = dial(s);
    l->ssl = SSL_new(context);
    SSL_set_fd(l->ssl, fd);
    SSL_set_tlsext_host_name(l->ssl, s->host);
    SSL_set1_host(l->ssl, s->host);
    if (SSL_connect(l->ssl) != 1) {
        die("the TLS handshake failed");
    }
    send_connect(s, l, i);
    while (got < 4) {
        int n = SSL_read(l->ssl, connack + got, 4 - got);
        if (n <= 0) {
            die("no CONNACK");
        }
        got += n;
    }
    if (memcmp(connack, "\x20\2\0\0", 4) != 0) {
        die("CONNECT was refused");
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
            make_publish(l, i);
            l->sent_ns[l->sent % s->window] = now_ns();
            l->sent++;
        }
        int n = SSL_write(l->ssl, l->out, (int)l->out_len);
        if (n <= 0) {
            if (SSL_get_error(l->ssl, n) != SSL_ERROR_WANT_WRITE) {
                die("the connection ended while publishing");
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
            die("something other than PUBACK came");
        }
        waits_ns[wait_count++] = now_ns() - l->sent_ns[l->acked % s->window];
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
                die("the connection ended before all PUBACKs had come");
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
            die("nothing came for 30 s");
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
    if (argc != 8) {
        fprintf(stderr, "usage: %s PORT ROOT HOST KEY CONNECTIONS MESSAGES WINDOW\n", argv[0]);
        return 2;
    }
    struct setup s = {.port = (uint16_t)atoi(argv[1]),
                      .root = argv[2],
                      .host = argv[3],
                      .key = argv[4],
                      .connections = atoi(argv[5]),
                      .messages = atoi(argv[6]),
                      .window = atoi(argv[7])};
    if (s.connections < 1 || s.connections > CONNECTIONS_MOST || s.messages < 1 || s.window < 1 ||
        s.window > WINDOW_MOST) {
        fprintf(stderr, "1 to %d connections, 1 to %d in the window\n", CONNECTIONS_MOST,
                WINDOW_MOST);
        return 2;
    }
    waits_ns = calloc((size_t)s.connections * (size_t)s.messages, sizeof *waits_ns);
    if (!waits_ns) {
        die("no memory");
    }
    SSL_CTX *context = make_context(s.root);
    uint64_t began = now_ns();
    for (int i = 0; i < s.connections; i++) {
        open_link(&s, context, i);
    }
    uint64_t connected = now_ns();
    run(&s);
    double seconds = (double)(now_ns() - connected) / 1e9;
    qsort(waits_ns, wait_count, sizeof *waits_ns, compare);
    printf("messages_per_s=%.0f p50_us=%.0f p99_us=%.0f connects_per_s=%.1f\n",
           (double)wait_count / seconds, (double)waits_ns[wait_count / 2] / 1e3,
           (double)waits_ns[wait_count * 99 / 100] / 1e3,
           s.connections / ((double)(connected - began) / 1e9));
    free(waits_ns);
    return 0;
}
