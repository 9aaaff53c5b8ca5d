// SPDX-License-Identifier: MIT
// Faults of the network, as openssl meets them: whether it connects, and how long that takes.
#include "base/test.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// A network of its own, where there may be one: nobody else takes the port while it is closed.
static const char *own_network = "";

// A dial tells "open" or why not, and whether it took less than 700 ms.
static void dial(const char *fault, const char *says)
{
    static const char script[] =
        "#!/bin/sh\n"
        "ip link set lo up\n"
        ". ./functions\n"
        "serve --seed 5\n"
        "dial() {\n"
        "  from=$(date +%s%N)\n"
        "  timeout 5 openssl s_client -connect 127.0.0.1:$port </dev/null >heard 2>&1\n"
        "  code=$?\n"
        "  to=$(date +%s%N)\n"
        "  [ $((to - from)) -lt 700000000 ] && pace=soon || pace=late\n"
        "  if grep -q '^New, TLS' heard; then what=open\n"
        "  elif grep -q refused heard; then what=refused\n"
        "  elif [ $code = 124 ]; then what=silent\n"
        "  elif grep -q 'errno=104' heard; then what=reset\n"
        "  else what=closed; fi\n"
        "  echo \"$1 $what $pace.\"\n"
        "}\n"
        "hubrig ctl fault $1\n"
        "dial during\n"
        "hubrig ctl clear\n"
        "tries=0\n"
        "until hubrig ctl faults | grep -q 'no fault' && dial after | grep open; do\n"
        "  tries=$((tries + 1)); [ $tries -lt 50 ] || break\n"
        "done\n"
        "finish; cat lines\n";
    struct shell_result r;
    shell_write("dial", script);
    shell_run(&r, "%s ./dial '%s'", own_network, fault);
    shell_assert_says(&r, says);
    shell_assert_says(&r, "after open");
    shell_assert_says(&r, "fault.fired");
    shell_assert_says(&r, "hub 0\n");
    shell_release(&r);
}

static void latency_makes_every_flight_late(void **state)
{
    (void)state;
    dial("latency 200ms", "during open late.");
}

static void jitter_makes_flights_late_by_chance(void **state)
{
    (void)state;
    dial("jitter 1200ms", "during open late."); // with the seed of the script
}

static void a_narrow_line_is_late(void **state)
{
    (void)state;
    dial("bandwidth 4000", "during open late.");
}

static void a_black_hole_gives_back_what_it_kept(void **state)
{
    (void)state;
    dial("blackhole both for 1s", "during open late.");
    dial("blackhole up for 1s", "during open late.");
    dial("blackhole down for 1s", "during open late.");
}

static void a_black_hole_without_end_is_silent(void **state)
{
    (void)state;
    dial("blackhole both", "during silent late.");
}

static void a_flapping_line_opens_by_turns(void **state)
{
    (void)state;
    dial("flap 30ms 400ms", "during open");
}

static void a_closed_port_refuses(void **state)
{
    (void)state;
    dial("refuse-tcp", "during refused soon.");
    dial("refuse-tcp at net.mqtts", "during refused soon.");
}

static void a_blocked_port_is_silent(void **state)
{
    (void)state;
    dial("block", "during silent late.");
}

static void a_cut_connection_is_reset(void **state)
{
    (void)state;
    dial("cut 100", "during reset soon.");
}

static void ask(const char *fault)
{
    struct shell_result r;
    shell_run(&r, "hubrig ctl fault %s", fault);
    shell_assert_says(&r, "armed");
    shell_release(&r);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int dial_tcp(int send_buffer_bytes)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)served_port()),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void a_portal_shows_its_own_certificate_and_a_login_page(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("--https-port 0 --host hub.example");
    ask("portal 511");
    shell_run(&r, "curl -sk -m 10 -i 'https://127.0.0.1:%d/a?token=secret'", served_https_port());
    shell_assert_says(&r, "HTTP/1.1 511 Network Authentication Required");
    shell_assert_says(&r, "Log in to this network");
    shell_release(&r);
    const char *event = served_await("portal.request");
    assert_non_null(strstr(event, "\"GET /a\""));
    assert_null(strstr(event, "secret"));
    shell_run(&r,
              "curl -s -m 10 --cacert hub-files/root.pem --resolve hub.example:%d:127.0.0.1 "
              "https://hub.example:%d/ -S",
              served_https_port(), served_https_port());
    shell_assert_says(&r, "no alternative certificate subject name matches");
    shell_release(&r);
    served_await("tls.refused");
    shell_run(&r, "hubrig ctl clear");
    shell_release(&r);
    shell_run(&r,
              "curl -s -m 10 --cacert hub-files/root.pem --resolve hub.example:%d:127.0.0.1 "
              "-w '%%{http_code}' https://hub.example:%d/",
              served_https_port(), served_https_port());
    shell_assert_says(&r, "404");
    shell_release(&r);
}

static void a_portal_redirects_and_hears_a_password(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("");
    ask("portal 302 at net.any");
    shell_run(&r,
              "printf '\\020\\014\\000\\004MQTT' | timeout 10 openssl s_client -quiet -connect "
              "127.0.0.1:%d 2>&1",
              served_port());
    shell_assert_says(&r, "302 Found");
    shell_release(&r);
    assert_non_null(strstr(served_await("portal.request"), "\"credentials\":true"));
}

static void a_lossy_line_is_late(void **state)
{
    (void)state;
    served_start("--seed 5");
    ask("loss 50% times 1");
    uint64_t from_ms = now_ms();
    struct shell_result r;
    shell_run(&r, "timeout 20 openssl s_client -connect 127.0.0.1:%d </dev/null 2>&1",
              served_port());
    shell_assert_says(&r, "New, TLS");
    shell_release(&r);
    assert_true(now_ms() - from_ms >= 200);
}

// How much a client that writes as fast as it can gets rid of in 300 ms while the bytes are on their
// way.
static size_t written_in_time(int fd)
{
    static const uint8_t zeros[4096];
    size_t count = 0;
    for (uint64_t until_ms = now_ms() + 300; now_ms() < until_ms;) {
        ssize_t n = send(fd, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
        count += n > 0 ? (size_t)n : 0;
        if (n < 0) {
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 10);
        }
    }
    return count;
}

static void a_tiny_window_lets_little_be_on_its_way(void **state)
{
    (void)state;
    served_start("");
    ask("latency 10s");
    int wide = dial_tcp(4096);
    served_await("\"tcp.accepted\"");
    assert_true(written_in_time(wide) > 200000);
    ask("window 1152");
    int narrow = dial_tcp(4096);
    served_await("\"tcp.accepted\""); // and its window is set
    assert_true(written_in_time(narrow) < 60000);
    close(wide);
    close(narrow);
}

// What is no TLS is answered by the end of the connection.
static uint64_t time_to_close_ms(void)
{
    char byte[64];
    int fd = dial_tcp(65536);
    uint64_t from_ms = now_ms();
    assert_int_equal(send(fd, "hello, hub", 10, MSG_NOSIGNAL), 10);
    while (recv(fd, byte, sizeof byte, 0) > 0) {
    }
    close(fd);
    return now_ms() - from_ms;
}

static void a_slow_close_comes_later(void **state)
{
    (void)state;
    served_start("");
    ask("slow-close 1s at net.mqtts");
    assert_true(time_to_close_ms() >= 1000);
    served_await("\"tcp.closed\"");
}

static void a_count_chooses_connections(void **state)
{
    (void)state;
    struct shell_result r;
    served_start("");
    ask("cut 0 after 1 times 1");
    for (int i = 1; i <= 3; i++) {
        shell_run(&r, "timeout 10 openssl s_client -connect 127.0.0.1:%d </dev/null 2>&1",
                  served_port());
        shell_assert_says(&r, i == 2 ? "errno=104" : "New, TLS");
        shell_release(&r);
    }
}

static int open_folder(void **state)
{
    if (system("unshare -Urn ip link set lo up") == 0) {
        own_network = "unshare -Urn";
    }
    return shell_set_up(state);
}

#define SERVED(name) cmocka_unit_test_teardown(name, served_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_makes_every_flight_late),
        cmocka_unit_test(jitter_makes_flights_late_by_chance),
        cmocka_unit_test(a_narrow_line_is_late),
        cmocka_unit_test(a_black_hole_gives_back_what_it_kept),
        cmocka_unit_test(a_black_hole_without_end_is_silent),
        cmocka_unit_test(a_flapping_line_opens_by_turns),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(a_blocked_port_is_silent),
        cmocka_unit_test(a_cut_connection_is_reset),
        SERVED(a_portal_shows_its_own_certificate_and_a_login_page),
        SERVED(a_portal_redirects_and_hears_a_password),
        SERVED(a_lossy_line_is_late),
        SERVED(a_tiny_window_lets_little_be_on_its_way),
        SERVED(a_slow_close_comes_later),
        SERVED(a_count_chooses_connections),
    };
    return cmocka_run_group_tests(tests, open_folder, shell_tear_down);
}
