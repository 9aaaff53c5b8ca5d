// SPDX-License-Identifier: MIT
// Faults of the network, as openssl meets them: whether it connects, and how long that takes.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <stdlib.h>

// A network of its own, where there may be one: nobody else takes the port while it is closed.
static const char *own_network = "";

// A dial tells "open" or why not, and whether it took less than 700 ms.
static void dial(const char *fault, const char *says)
{
    static const char script[] =
        "#!/bin/sh\n"
        "ip link set lo up\n"
        ". ./functions\n"
        "serve\n"
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

static void a_closed_port_counts_no_connections(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("count.scn", "scenario net.count\nnet block times 3\nboot device\n");
    shell_run(&r, "hubrig check count.scn");
    shell_assert_says(&r, "closes a port and knows no single connections");
    shell_release(&r);
}

static int open_folder(void **state)
{
    if (system("unshare -Urn ip link set lo up") == 0) {
        own_network = "unshare -Urn";
    }
    return shell_set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latency_makes_every_flight_late),
        cmocka_unit_test(a_narrow_line_is_late),
        cmocka_unit_test(a_black_hole_gives_back_what_it_kept),
        cmocka_unit_test(a_black_hole_without_end_is_silent),
        cmocka_unit_test(a_flapping_line_opens_by_turns),
        cmocka_unit_test(a_closed_port_refuses),
        cmocka_unit_test(a_blocked_port_is_silent),
        cmocka_unit_test(a_cut_connection_is_reset),
        cmocka_unit_test(a_closed_port_counts_no_connections),
    };
    return cmocka_run_group_tests(tests, open_folder, shell_tear_down);
}
