// SPDX-License-Identifier: MIT
// Measures a TLS server from outside: handshakes a second, memory per idle connection, and whether
// a burst of connections is served. Own code on OpenSSL, nothing of hubrig, so that the same client
// judges hubrig and Mosquitto.
//
//     bench_tls PORT ROOT.pem HOST full COUNT PARALLEL     full handshakes, each closed at once
//     bench_tls PORT ROOT.pem HOST resumed COUNT PARALLEL  the same with one session ticket
//     bench_tls PORT ROOT.pem HOST idle COUNT PID          memory of the process per connection
//     bench_tls PORT ROOT.pem HOST burst COUNT PID         all dial at once, stay, and go together
//
// TLS 1.2, X25519 and AES-128-GCM; BENCH_TLS13=1 in the environment makes it TLS 1.3.
#include "client.h"

#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { COUNT_MOST = 20000, WAIT_MOST_MS = 60000 };

struct link {
    SSL *ssl; // NULL = not begun or over
    bool is_open;
};

struct bench {
    uint16_t port;
    const char *host;
    SSL_CTX *context;
    SSL_SESSION *session;
    struct link *links;
    struct pollfd *fds;
    int begun, open, over, reused;
};

static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void dial(struct bench *b, int i)
{
    int fd = client_dial(b->port, true);
    SSL *ssl = client_ssl(b->context, fd, b->host);
    if (b->session) { // a copy: the library marks a session of TLS 1.3 as used
        SSL_SESSION *session = SSL_SESSION_dup(b->session);
        SSL_set_session(ssl, session);
        SSL_SESSION_free(session);
    }
    b->links[i] = (struct link){.ssl = ssl};
    b->fds[i] = (struct pollfd){.fd = fd, .events = POLLOUT};
    b->begun++;
}

static void hang_up(struct bench *b, int i)
{
    SSL_shutdown(b->links[i].ssl);
    SSL_free(b->links[i].ssl);
    close(b->fds[i].fd);
    b->links[i].ssl = NULL;
    b->fds[i].fd = -1;
    b->over++;
}

// One step of a handshake; true when it is complete.
static bool shake(struct bench *b, int i)
{
    ERR_clear_error();
    int code = SSL_do_handshake(b->links[i].ssl);
    if (code == 1) {
        b->links[i].is_open = true;
        b->open++;
        b->reused += SSL_session_reused(b->links[i].ssl);
        b->fds[i].events = 0;
        return true;
    }
    int error = SSL_get_error(b->links[i].ssl, code);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        fprintf(stderr, "bench_tls: connection %d of %d\n", i, b->begun);
        client_die("a handshake failed");
    }
    b->fds[i].events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    return false;
}

static void wait_some(struct bench *b, int slots)
{
    if (poll(b->fds, (nfds_t)slots, WAIT_MOST_MS) <= 0) {
        client_die("nothing came for 60 s");
    }
}

// `count` handshakes, `parallel` at a time.
static double run_handshakes(struct bench *b, int count, int parallel)
{
    uint64_t began = client_now_ns();
    for (int i = 0; i < parallel; i++) {
        dial(b, i);
    }
    while (b->over < count) {
        wait_some(b, parallel);
        for (int i = 0; i < parallel; i++) {
            if (b->links[i].ssl && b->fds[i].revents && shake(b, i)) {
                hang_up(b, i);
                if (b->begun < count) {
                    dial(b, i);
                }
            }
        }
    }
    return (double)(client_now_ns() - began) / 1e9;
}

// Opens `count` connections, `step` more at a time, and keeps them.
static double open_all(struct bench *b, int count, int step)
{
    uint64_t began = client_now_ns();
    while (b->open < count) {
        for (int more = step; more > 0 && b->begun < count && b->begun - b->open < step; more--) {
            dial(b, b->begun);
        }
        wait_some(b, b->begun);
        for (int i = 0; i < b->begun; i++) {
            if (!b->links[i].is_open && b->fds[i].revents) {
                shake(b, i);
            }
        }
    }
    return (double)(client_now_ns() - began) / 1e9;
}

static void close_all(struct bench *b)
{
    for (int i = 0; i < b->begun; i++) {
        hang_up(b, i);
    }
}

static long rss_kb(const char *pid)
{
    char path[64];
    char line[200];
    long kb = -1;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *status = fopen(path, "r");
    if (!status) {
        client_die("no such process");
    }
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "VmRSS: %ld kB", &kb);
    }
    fclose(status);
    return kb;
}

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct bench *b = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    SSL_SESSION_free(b->session);
    b->session = session;
    return 1;
}

// The ticket of TLS 1.3 comes behind the handshake, so that this reads until it is here.
static void fetch_session(struct bench *b)
{
    char byte;
    SSL_CTX_set_app_data(b->context, b);
    SSL_CTX_set_session_cache_mode(b->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(b->context, keep_session);
    dial(b, 0);
    do {
        wait_some(b, 1);
        if (b->links[0].is_open) {
            SSL_read(b->links[0].ssl, &byte, 1);
        } else if (shake(b, 0)) {
            b->fds[0].events = POLLIN;
        }
    } while (!b->session);
    hang_up(b, 0);
    SSL_CTX_sess_set_new_cb(b->context, NULL);
    b->begun = b->open = b->over = 0;
}

static void measure_handshakes(struct bench *b, int count, int parallel, bool is_resumed)
{
    if (is_resumed) {
        fetch_session(b);
    }
    double seconds = run_handshakes(b, count, parallel < count ? parallel : count);
    if (b->reused != (is_resumed ? count : 0)) {
        fprintf(stderr, "bench_tls: %d of %d handshakes were resumed\n", b->reused, count);
        exit(3);
    }
    printf("handshakes_per_s=%.1f\n", count / seconds);
}

// A server may have given up the first ones before the last one came.
static void check_alive(struct bench *b)
{
    for (int i = 0; i < b->begun; i++) {
        b->fds[i].events = POLLRDHUP;
    }
    if (poll(b->fds, (nfds_t)b->begun, 0) != 0) {
        client_die("the server ended connections before all were open");
    }
}

static void measure_memory(struct bench *b, int count, const char *pid, bool is_burst)
{
    long before = rss_kb(pid);
    double seconds = open_all(b, count, is_burst ? count : 64);
    long during = rss_kb(pid);
    check_alive(b);
    close_all(b);
    printf("served=%d seconds=%.2f before_kb=%ld kb_per_connection=%.1f\n", b->open, seconds,
           before, (double)(during - before) / count);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    int count = argc == 7 ? atoi(argv[5]) : 0;
    int parallel = argc == 7 ? atoi(argv[6]) : 0;
    if (count < 1 || count > COUNT_MOST || parallel < 1) {
        fprintf(stderr,
                "usage: %s PORT ROOT HOST full|resumed COUNT PARALLEL | idle|burst COUNT PID\n",
                argv[0]);
        return 2;
    }
    allow_many_files();
    signal(SIGPIPE, SIG_IGN);
    b.port = (uint16_t)atoi(argv[1]);
    b.host = argv[3];
    b.context = client_context(argv[2], getenv("BENCH_TLS13") ? TLS1_3_VERSION : TLS1_2_VERSION);
    b.links = calloc((size_t)count, sizeof *b.links);
    b.fds = calloc((size_t)count, sizeof *b.fds);
    if (!b.links || !b.fds) {
        client_die("no memory");
    }
    if (strcmp(argv[4], "full") == 0 || strcmp(argv[4], "resumed") == 0) {
        measure_handshakes(&b, count, parallel, argv[4][0] == 'r');
    } else {
        measure_memory(&b, count, argv[6], strcmp(argv[4], "burst") == 0);
    }
    SSL_SESSION_free(b.session);
    SSL_CTX_free(b.context);
    free(b.links);
    free(b.fds);
    return 0;
}
