// SPDX-License-Identifier: MIT
// The time and name servers of `hubrig serve`, as dig and ntpdig meet them: on the real ports, in
// a network of the test's own.
#include "base/test.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "testhub.azure-devices.net"

// Serve, tell it by ctl, ask it; what is asked prints its answer. Reading the fifo's first line
// waits until the hub is ready.
static void ask(struct shell_result *r, const char *ctl, const char *question)
{
    static const char script[] =
        "ip link set lo up; rm -rf ready hub-files; mkfifo ready\n"
        "hubrig serve --host " HOST " --port 0 --sntp 123 --dns 53 --json >ready & hub=$!\n"
        "exec 3<ready; read -r first <&3; cat <&3 >events & reader=$!\n"
        "if [ -n \"$1\" ]; then hubrig ctl $1 || { kill $hub; exit 9; }; fi\n"
        "sh -c \"$2\"\n"
        "kill $hub; wait $hub; status=$?; wait $reader; cat events; exit $status\n";
    shell_write("ask", script);
    shell_run(r, "unshare -Urn sh ./ask '%s' '%s'", ctl, question);
}

static void check(const char *ctl, const char *question, const char *const *says)
{
    struct shell_result r;
    ask(&r, ctl, question);
    for (; *says; says++) {
        shell_assert_says(&r, *says);
    }
    assert_int_equal(r.code, 0);
    shell_release(&r);
}

#define SAYS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define DIG  "dig @127.0.0.1 +time=1 +tries=1 "
#define TIME "timeout 20 ntpdig -t 1 127.0.0.1; true"

static void dig_sees_each_behaviour_of_a_name(void **state)
{
    static const struct {
        const char *ctl;
        const char *question;
        const char *says[3];
    } rows[] = {
        {"", DIG HOST, {"IN\tCNAME\t", "IN\tA\t127.0.0.1", "status: NOERROR"}},
        {"", DIG "TestHub.azure-devices.net", {"TestHub.azure-devices.net. 60\tIN\tCNAME"}},
        {"", DIG "+tcp " HOST, {"IN\tA\t127.0.0.1", "(TCP)", "\"over\":\"tcp\""}},
        {"", DIG "nobody.example", {"status: NXDOMAIN"}},
        {"dns hub nxdomain", DIG HOST, {"status: NXDOMAIN", "\"event\":\"dns.query\""}},
        {"dns hub servfail", DIG HOST, {"status: SERVFAIL"}},
        {"dns hub refused", DIG HOST, {"status: REFUSED"}},
        {"dns hub timeout", DIG HOST " || true", {"timed out"}},
        {"dns hub slow 1250ms", "dig @127.0.0.1 +time=5 +tries=1 " HOST,
         {"Query time: 12", "\"behaviour\":\"slow 1250ms\""}},
        {"dns hub truncated", DIG HOST, {"Truncated, retrying in TCP mode", "127.0.0.1"}},
        {"dns hub address 192.0.2.9", DIG HOST, {"IN\tA\t192.0.2.9"}},
        {"dns other.example address 2001:db8::9", DIG "other.example AAAA",
         {"IN\tAAAA\t2001:db8::9"}},
    };
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const char *says[4] = {rows[i].says[0], rows[i].says[1], rows[i].says[2], NULL};
        check(rows[i].ctl, rows[i].question, says);
    }
}

static void ntpdig_sees_each_mode_of_the_time(void **state)
{
    (void)state;
    check("", TIME, SAYS(" s2 no-leap", "\"event\":\"sntp.reply\""));
    check("sntp offset +7200250ms", TIME, SAYS("+7200.", "\"offset_ms\":7200250"));
    check("sntp offset -30d250ms", TIME, SAYS("-2592000.2"));
    check("sntp silent", TIME, SAYS("no eligible servers", "\"answered\":false"));
    check("sntp late 1h", TIME, SAYS("no eligible servers", "\"answered\":false"));
    check("sntp stratum16", TIME, SAYS("no eligible servers", "\"stratum\":16"));
    check("sntp kod RATE", TIME, SAYS("no eligible servers", "\"mode\":\"kod RATE\""));
    check("sntp date 2036-02-07T06:28:20Z", TIME, SAYS("\"utc\":\"2036-02-07T06:28:2"));
    check("sntp step 3600120ms", "ntpdig -t 1 127.0.0.1; " TIME, SAYS("+3600.", "+7200."));
}

static void wrong_words_are_answered_with_what_is_expected(void **state)
{
    static const char *const rows[][2] = {
        {"dns hub nxdomian", "did you mean nxdomain?"},
        {"dns hub address 300.1.1.1", "address wants an IPv4 or IPv6 address"},
        {"dns hub slow 3", "slow wants a duration"},
        {"dns hub poisoned", "has nothing to answer with"},
        {"sntp offset 3", "offset wants a signed duration"},
        {"sntp kod rate", "a kiss code has four capital letters"},
    };
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct shell_result r;
        ask(&r, rows[i][0], "true");
        shell_assert_says(&r, rows[i][1]);
        assert_int_equal(r.code, 9);
        shell_release(&r);
    }
}

static void a_name_server_without_an_address_to_tell_is_refused(void **state)
{
    struct shell_result r;
    (void)state;
    shell_run(&r, "hubrig serve --port 0 --dns 0 --listen 0.0.0.0");
    shell_assert_says(&r, "nobody can dial 0.0.0.0");
    assert_int_equal(r.code, 2);
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dig_sees_each_behaviour_of_a_name),
        cmocka_unit_test(ntpdig_sees_each_mode_of_the_time),
        cmocka_unit_test(a_name_server_without_an_address_to_tell_is_refused),
        cmocka_unit_test(wrong_words_are_answered_with_what_is_expected),
    };
    if (system("unshare -Urn ip link set lo up && command -v dig ntpdig >/dev/null") != 0) {
        puts("skipped: no network of its own here, or dig or ntpdig is not installed");
        return 77;
    }
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
