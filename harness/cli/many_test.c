// SPDX-License-Identifier: MIT
// Many runs from outside: which scenarios, how often, in which order, what a run that was cut short
// leaves, and that shards make one report.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Connects on every second start.
static const char wavering[] = "#!/bin/sh\n"
                               "n=$(cat count 2>/dev/null || echo 0)\n"
                               "echo $((n + 1)) > count\n"
                               "[ $((n %% 2)) = %d ] || exit 9\n"
                               "exec \"$@\"\n";

static int set_up(void **state)
{
    char sub[100];
    if (shell_set_up(state) < 0) {
        return -1;
    }
    snprintf(sub, sizeof sub, "%s/t", shell_folder);
    if (fs_make_folder(sub, 0755) < 0) {
        return -1;
    }
    shell_write("t/connect.scn",
                "scenario t.connect\nabout it connects\ntags net\nlimit 30s\nboot device\n"
                "expect mqtt.connected within 20s\n");
    shell_write("t/again.scn", "scenario t.again\nlevel should\nlimit 30s\nboot device\n"
                               "expect mqtt.connected within 20s\n");
    shell_write("t/never.scn", "scenario t.never\nlimit 30s\nboot device\n"
                               "expect mqtt.connected with auth = none within 200ms\n");
    shell_write("dev.bench",
                "process a\n  command reference_device --root {root.pem}\n"
                "  env IOTHUB_DEVICE_CONNECTION_STRING={device.connection_string}\nend\n"
                "process b\n  command reference_device --root {root.pem}\n"
                "  env IOTHUB_DEVICE_CONNECTION_STRING={device.connection_string}\nend\n");
    return 0;
}

static void make_wavering(int good)
{
    char text[400];
    snprintf(text, sizeof text, wavering, good);
    shell_write("wavering.sh", text);
    struct shell_result r;
    shell_run(&r, "rm -f count");
    shell_release(&r);
}

static void verdicts_that_differ_make_a_scenario_flaky(void **state)
{
    (void)state;
    struct shell_result r;
    make_wavering(0);
    shell_run(&r,
              "hubrig try --suite t/connect.scn --repeat 4 -j 1 --evidence flaky $PWD/wavering.sh reference_device "
              "--root {root.pem}");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "flaky  t.connect");
    shell_assert_says(&r, "2 of 4 runs passed");
    shell_assert_says(&r, "observed  in run 2: ");
    shell_assert_says(&r, "evidence  flaky/t.connect/run-2/");
    shell_release(&r);
    shell_run(&r, "hubrig report flaky");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "flaky  t.connect");
    shell_release(&r);
}

static void until_fail_ends_with_the_first_that_does_not_pass(void **state)
{
    (void)state;
    struct shell_result r;
    make_wavering(0);
    shell_run(&r,
              "hubrig try --suite t/connect.scn --until-fail --evidence until $PWD/wavering.sh reference_device "
              "--root {root.pem}");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "until one fails");
    shell_assert_says(&r, "1 of 2 runs passed");
    shell_release(&r);
    shell_run(&r, "cat count; grep -o '\"verdict\":\"[a-z]*\"' until/t.connect/verdict.json");
    assert_string_equal(buf_text(&r.out), "2\n\"verdict\":\"fail\"\n");
    shell_release(&r);
}

static void fail_fast_begins_nothing_more(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t --fail-fast -j 1 --evidence fast sh -c 'exit 9'");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "fail  t.again");
    shell_assert_says(&r, "not run, after t.again on program: fail");
    shell_assert_says(&r, "3 scenarios: 1 fail, 2 skipped");
    shell_release(&r);
}

static void a_rig_that_failed_once_is_tried_again_and_shown(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write(
        "killer.sh",
        "#!/bin/sh\n[ -e killed ] && exec \"$@\"\ntouch killed\nkill -9 $PPID\nexec sleep 98771\n");
    shell_run(&r,
              "hubrig try --suite t/connect.scn --evidence again $PWD/killer.sh reference_device --root {root.pem}");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "again t.connect: the rig failed: signal 9 ended it");
    shell_assert_says(&r, "second attempt");
    shell_assert_says(&r, "earlier   infra: signal 9 ended it");
    shell_release(&r);
    shell_run(&r, "ls again; grep -c . again/t.connect.attempt-1/journal.jsonl");
    shell_assert_says(&r, "t.connect.attempt-1");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(
        &r,
        "rm killed; hubrig try --suite t/connect.scn --retries 0 --evidence again $PWD/killer.sh true");
    assert_int_equal(r.code, 3);
    shell_release(&r);
    assert_int_equal(shell_count_processes("sleep 98771"), 0);
}

static void the_line_again_runs_what_failed_alone_and_the_same_way(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig run t --device a --bench dev.bench --seed 7 --slow 2 --evidence one |"
                  " sed -n 's/^      again  *//p' | head -n 1 > again.sh; cat again.sh; sh again.sh");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "hubrig run t/never.scn --device a --bench dev.bench --seed 7 --slow 2\n");
    shell_assert_says(&r, "fail  t.never");
    shell_assert_says(&r, "1 scenario: 1 fail");
    shell_release(&r);
    shell_run(&r, "hubrig try --suite t/never.scn --offers x509 sh -c 'exit 9' |"
                  " sed -n 's/^      again  *//p' > again.sh; sh again.sh");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "try --suite t/never.scn --offers x509 --seed ");
    shell_assert_says(&r, " sh -c 'exit 9'\n");
    shell_release(&r);
}

static void tags_globs_and_names_choose_scenarios(void **state)
{
    (void)state;
    static const struct {
        const char *options, *expected;
    } cases[] = {
        {"t --tag net", "t.connect\n"},
        {"t --tag should", "t.again\n"},
        {"t --only 't.*n*e*'", "t.connect\nt.never\n"},
        {"t --tag must --tag net", "t.connect\n"},
        {"t t/connect.scn --only t.connect", "t.connect\n"},
        {"t --shard 2/2 --list", "t.again\nt.connect\nt.never\n"}, // listed before it is divided
        {"smoke.connect-sas", "smoke.connect-sas\n"},
        {"tls.only-1.3", "tls.only-1.3\n"}, // a dot in the name of its file
        {"pick.suite", "t.connect\n"},
    };
    shell_write("pick.suite", "about one\ninclude t\nexclude t.a*\nexclude t.never\n");
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct shell_result r;
        shell_run(&r, "hubrig run --list %s | sed 's/ .*//'", cases[i].options);
        if (strcmp(buf_text(&r.out), cases[i].expected) != 0) {
            fail_msg("%s: expected\n%sseen\n%s", cases[i].options, cases[i].expected,
                     buf_text(&r.out));
        }
        shell_release(&r);
    }
}

static void suites_lists_what_ships_with_level_limit_and_title(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig suites");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "a device with a shared key connects and is accepted");
    shell_assert_says(&r, "\nbundles: aws-parity full release sdk-link sdk-module sdk-twin sdk\n");
    shell_release(&r);
    shell_run(&r, "hubrig suites release --json");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "\"level\":\"must\"");
    assert_null(strstr(buf_text(&r.out), "\"level\":\"should\""));
    shell_release(&r);
    shell_run(&r, "hubrig suites t --only nothing.like.it");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "hubrig suites releas");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "hubrig suites` lists them");
    shell_release(&r);
}

static void suites_makes_a_page_of_what_each_costs_and_catches(void **state)
{
    (void)state;
    struct shell_result r;
    char sub[100];
    snprintf(sub, sizeof sub, "%s/p", shell_folder);
    assert_int_equal(fs_make_folder(sub, 0755), 0);
    shell_write("p/a.scn", "scenario p.a\nabout a | b\nwhy it costs\nlevel should\nsource RFC 1\n"
                           "needs clock\nlimit 2m\nboot device\n");
    shell_write("p/b.scn", "scenario p.b\nlimit 30s\nboot device\n");
    shell_write("p/matrix.txt", "# asks: who `asks`\nreference:\none:       p.a p.b\none slow:  p.a # p.b\n"
                                "two slow:  p.a\nthree maybe: p.a\nfour:  p.b\n");
    shell_run(&r, "hubrig suites p --markdown");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "| [p](#p) | 2 | 1 | 1 | 0 | who `asks` |\n");
    shell_assert_says(&r, "## p\n\nwho `asks`\n\n2 scenarios, 1 of them a must.\n");
    shell_assert_says(&r, "| [a](p/a.scn) | should | a \\| b | it costs |\n");
    shell_assert_says(&r, "| p.a | RFC 1 | clock | 2 min | one, two |\n");
    shell_assert_says(&r, "| one, four |\n");
    shell_release(&r);
    shell_run(&r, "hubrig suites p --markdown --json");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "not both");
    shell_release(&r);
}

static void shards_make_one_report(void **state)
{
    (void)state;
    struct shell_result r;
    for (int i = 1; i <= 2; i++) {
        shell_run(&r, "hubrig try --suite t --shard %d/2 --evidence s%d reference_device --root {root.pem}", i, i);
        assert_true(r.code == 0 || r.code == 1);
        shell_release(&r);
    }
    shell_run(&r, "hubrig report merge s1 s2 -o all; echo code $?; ls all");
    shell_assert_says(&r, "pass  t.again");
    shell_assert_says(&r, "pass  t.connect");
    shell_assert_says(&r, "fail  t.never");
    shell_assert_says(&r, "3 scenarios: 2 pass, 1 fail");
    shell_assert_says(&r, "code 1");
    shell_assert_says(&r, "junit.xml");
    shell_assert_says(&r, "report.html");
    shell_release(&r);
    shell_run(&r, "hubrig report all s1");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "is there twice");
    shell_release(&r);
    shell_run(&r, "hubrig report t");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "no verdict.json below this folder");
    shell_release(&r);
}

static void several_devices_run_side_by_side(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "hubrig run t/connect.scn --bench dev.bench "
              "--device a --device b --evidence two");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "pass  a/t.connect");
    shell_assert_says(&r, "pass  b/t.connect");
    shell_release(&r);
    shell_run(&r, "ls two/a/t.connect/verdict.json two/b/t.connect/verdict.json");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "hubrig run t --bench dev.bench --device a --device a");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "--device a is given twice");
    shell_release(&r);
}

static void the_seed_is_printed_and_gives_the_same_keys_again(void **state)
{
    (void)state;
    struct shell_result r;
    static const char *const seeds[] = {"41", "41", "42"};
    for (int i = 0; i < 3; i++) {
        shell_run(&r,
                  "hubrig try --suite t/connect.scn --seed %s --evidence seed%d sh -c "
                  "'echo $IOTHUB_DEVICE_CONNECTION_STRING | cksum > key%d; exec \"$@\"' - reference_device "
                  "--root {root.pem}", seeds[i], i, i);
        assert_int_equal(r.code, 0);
        shell_assert_says(&r, i < 2 ? "seed 41" : "seed 42");
        shell_release(&r);
    }
    shell_run(&r, "cmp key0 key1 && ! cmp -s key0 key2 && echo told apart");
    assert_string_equal(buf_text(&r.out), "told apart\n");
    shell_release(&r);
}

static void a_slow_factor_stretches_limits_and_waits(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/never.scn --slow 0.5 --evidence slow sleep 98772");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "at most 100 ms");
    shell_assert_says(&r, "in 100 ms");
    shell_release(&r);
}

static void a_terminal_shows_a_line_per_device_and_a_log_stays_plain(void **state)
{
    (void)state;
    struct shell_result r;
    char command[600];
    snprintf(command, sizeof command,
             "hubrig try --suite t/connect.scn --evidence tty reference_device --root {root.pem}");
    shell_run(&r, "script -qec '%s' /dev/null", command);
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "program  0/1");
    shell_assert_says(&r, "\033[32mpass");
    shell_release(&r);
    shell_run(&r, "%s", command);
    assert_null(strchr(buf_text(&r.out), 033));
    assert_null(strstr(buf_text(&r.out), "0/1"));
    shell_release(&r);
}

static void wait_for_file(const char *name, pid_t child)
{
    char path[200];
    struct timespec tick = {0, 5000000};
    snprintf(path, sizeof path, "%s/%s", shell_folder, name);
    while (!fs_exists(path) && waitpid(child, NULL, WNOHANG) == 0) {
        nanosleep(&tick, NULL);
    }
    assert_true(fs_exists(path));
}

static void a_run_is_resumed_after_its_runner_was_killed(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("hang.sh", "#!/bin/sh\nif [ -e go ]; then exec \"$@\"; fi\n"
                           "if [ -e first ]; then touch hanging; exec sleep 98773; fi\n"
                           "touch first\nexec \"$@\"\n");
    char program[300];
    snprintf(program, sizeof program, "%s/hang.sh", shell_folder);
    pid_t child = fork();
    if (child == 0) {
        if (chdir(shell_folder) == 0 && freopen("killed.txt", "w", stdout)) {
            execlp("hubrig", "hubrig", "try", "--suite", "t", "--only", "t.[ac]*", "-j", "1",
                  "--evidence", "res", "--seed", "55", program, "reference_device", "--root", "{root.pem}",
                  NULL);
        }
        _exit(99);
    }
    wait_for_file("hanging", child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct timespec tick = {0, 5000000};
    while (shell_count_processes("sleep 98773") >
           0) { // the worker ends with its runner, and its device with it
        nanosleep(&tick, NULL);
    }
    shell_run(&r,
              "touch go; cp -p res/t.again/verdict.json before; hubrig try --suite t --only 't.[ac]*' "
              "-j 1 --evidence res --resume %s reference_device --root {root.pem}", program);
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "seed 55");
    shell_assert_says(&r, "2 scenarios: 2 pass");
    shell_release(&r);
    shell_run(&r, "test ! res/t.again/verdict.json -nt before && test res/t.connect/verdict.json "
                  "-nt before && echo kept");
    assert_string_equal(buf_text(&r.out), "kept\n");
    shell_release(&r);
}

static void a_fresh_run_takes_no_verdict_of_an_earlier_one(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "hubrig try --suite t/connect.scn --evidence fresh reference_device --root {root.pem} && sed -i "
              "s/pass/warn/ fresh/t.connect/verdict.json");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "hubrig try --suite t/connect.scn --evidence fresh --resume true");
    shell_assert_says(&r, "warn  t.connect"); // taken as it stands
    shell_release(&r);
    shell_run(&r,
              "sed -i 's/it connects/it does/' t/connect.scn; hubrig try --suite t/connect.scn "
              "--evidence fresh --resume sh -c 'exit 9'; echo code $?");
    shell_assert_says(&r, "code 1"); // the scenario has changed since
    shell_release(&r);
}

static void what_cannot_be_written_is_told_before_anything_runs(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"--html none/page.html", 2, "cannot write none/page.html: No such file"},
        {"--junit none/j.xml", 2, "cannot write none/j.xml: No such file"},
        {"--summary none/s.md", 2, "cannot write none/s.md: No such file"},
        {"--history none/h.sqlite", 3, "none/h.sqlite"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct shell_result r;
        shell_run(&r, "hubrig try --suite t/connect.scn %s touch has-begun; code=$?; ls; exit $code",
                  rows[i].words);
        assert_int_equal(r.code, rows[i].code);
        shell_assert_says(&r, rows[i].says);
        assert_null(strstr(buf_text(&r.out), "has-begun"));
        shell_release(&r);
    }
}

static void an_evidence_folder_has_one_run_at_a_time(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "mkfifo held; hubrig try --suite t/connect.scn --evidence busy sh -c \"cat $PWD/held\" & "
                  "while ! [ -e busy/t.connect/journal.jsonl ]; do :; done; "
                  "hubrig try --suite t/connect.scn --evidence busy true; code=$?; "
                  "echo 1<> held; wait; exit $code");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "runs scenarios into busy; try: --evidence OTHER");
    shell_release(&r);
}

static void annotations_point_at_the_scenario_in_each_system(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "GITHUB_ACTIONS=true GITHUB_WORKSPACE=$PWD GITHUB_STEP_SUMMARY=sum.md hubrig try --suite "
              "$PWD/t/never.scn --annotate auto --evidence ann true; cat sum.md");
    shell_assert_says(&r,
                      "\n::error file=t/never.scn,line=4,col=1,title=fail%3A t.never on program::");
    shell_assert_says(&r, "| t | **F** | 0 of 1 |");
    shell_release(&r);
    shell_run(&r, "TF_BUILD=True hubrig try --suite t/never.scn --annotate auto --evidence ann true");
    shell_assert_says(&r, "##vso[task.logissue type=error;sourcepath=t/never.scn;linenumber=4;");
    shell_release(&r);
    shell_run(&r,
              "GITLAB_CI=true hubrig try --suite t/never.scn --annotate auto --evidence ann true; cat "
              "ann/gl-code-quality-report.json");
    shell_assert_says(&r, "\"location\":{\"path\":\"t/never.scn\",\"lines\":{\"begin\":4}}");
    shell_release(&r);
    shell_run(&r,
              "env -u GITHUB_ACTIONS -u TF_BUILD -u GITLAB_CI hubrig try --suite t/never.scn "
              "--annotate auto --evidence ann true");
    assert_null(strstr(buf_text(&r.out), "::error"));
    shell_release(&r);
    shell_run(&r, "hubrig try --suite t/never.scn --annotate githb true");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "did you mean github?");
    shell_release(&r);
}

static void options_that_make_no_sense_are_refused_with_the_reason(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"--shard 3/2 true", 2, "--shard takes I/N"},
        {"--shard 0/2 true", 2, "--shard takes I/N"},
        {"--shard two true", 2, "--shard takes I/N"},
        {"--repeat 0 true", 2, "--repeat takes"},
        {"--seed x true", 2, "--seed takes"},
        {"--slow 0 true", 2, "--slow takes"},
        {"--slow nan true", 2, "--slow takes"},
        {"--retries 11 true", 2, "--retries takes"},
        {"--until-fail --repeat 3 true", 2, "--until-fail has no number"},
        {"--until-fail --resume true", 2, "nothing can be resumed"},
        {"--only none.such true", 2, "of 3 scenarios none fits --only none.such"},
    };
    shell_assert_rows("hubrig try --suite t", rows, HR_COUNT_OF(rows));
}

static void a_history_tells_what_changed_with_which_firmware(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "for v in 1.0 1.1; do hubrig try --suite t/again.scn --evidence h --history h.sqlite "
              "--firmware $v reference_device --root {root.pem} || exit 9; done; "
              "hubrig try --suite t/again.scn --evidence h --history h.sqlite --firmware 1.2 true; hubrig "
              "history h.sqlite");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "program\n  t.again  fail         since ");
    shell_assert_says(&r, " with firmware 1.2, before pass with firmware 1.0\n");
    shell_release(&r);
    shell_run(&r, "hubrig history h.sqlite --json --device program --scenario 't.*'");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "\"since_firmware\":\"1.2\",\"before\":\"pass\"");
    shell_release(&r);
    shell_run(&r, "hubrig history none.sqlite");
    assert_int_equal(r.code, 2);
    shell_release(&r);
    shell_run(&r, "hubrig history dev.bench");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "is no history of hubrig");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_that_differ_make_a_scenario_flaky),
        cmocka_unit_test(until_fail_ends_with_the_first_that_does_not_pass),
        cmocka_unit_test(fail_fast_begins_nothing_more),
        cmocka_unit_test(a_rig_that_failed_once_is_tried_again_and_shown),
        cmocka_unit_test(the_line_again_runs_what_failed_alone_and_the_same_way),
        cmocka_unit_test(tags_globs_and_names_choose_scenarios),
        cmocka_unit_test(suites_lists_what_ships_with_level_limit_and_title),
        cmocka_unit_test(suites_makes_a_page_of_what_each_costs_and_catches),
        cmocka_unit_test(shards_make_one_report),
        cmocka_unit_test(several_devices_run_side_by_side),
        cmocka_unit_test(the_seed_is_printed_and_gives_the_same_keys_again),
        cmocka_unit_test(a_slow_factor_stretches_limits_and_waits),
        cmocka_unit_test(a_terminal_shows_a_line_per_device_and_a_log_stays_plain),
        cmocka_unit_test(a_run_is_resumed_after_its_runner_was_killed),
        cmocka_unit_test(a_fresh_run_takes_no_verdict_of_an_earlier_one),
        cmocka_unit_test(what_cannot_be_written_is_told_before_anything_runs),
        cmocka_unit_test(an_evidence_folder_has_one_run_at_a_time),
        cmocka_unit_test(annotations_point_at_the_scenario_in_each_system),
        cmocka_unit_test(options_that_make_no_sense_are_refused_with_the_reason),
        cmocka_unit_test(a_history_tells_what_changed_with_which_firmware),
    };
    return cmocka_run_group_tests(tests, set_up, shell_tear_down);
}
