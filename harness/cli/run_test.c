// SPDX-License-Identifier: MIT
// The command line from outside, used rightly and wrongly: exit codes, messages, and that nothing
// is left running.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/shell.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
    shell_write("t/connect.scn", "scenario t.connect\nlimit 30s\nboot device\nexpect mqtt.connected within 20s\n");
    shell_write("t/brief.scn", "scenario t.brief\nlimit 30s\nboot device\nexpect mqtt.connected within 1s\n");
    return 0;
}

static void a_missing_program_is_the_rigs_trouble(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/connect.scn ./no-such-device");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "infra");
    shell_assert_says(&r, "cannot start './no-such-device': No such file or directory");
    shell_release(&r);
}

static void a_device_that_never_dials_fails_and_is_ended(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/brief.scn sleep 98761");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "fail  t.brief");
    shell_assert_says(&r, "t/brief.scn:4");
    shell_assert_says(&r, "no TCP connection");
    assert_int_equal(shell_count_processes("sleep 98761"), 0);
    shell_release(&r);
}

static void a_killed_worker_is_infra_and_takes_its_device_along(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("killer.sh", "#!/bin/sh\nsetsid sleep 98762 &\nkill -9 $PPID\nexec sleep 98763\n");
    shell_run(&r, "hubrig try --suite t/connect.scn ./killer.sh");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "infra");
    shell_assert_says(&r, "signal 9 ended it");
    assert_int_equal(shell_count_processes("sleep 98762"), 0);
    assert_int_equal(shell_count_processes("sleep 98763"), 0);
    shell_release(&r);
}

static void a_device_that_floods_its_output_is_judged_as_any_other(void **state)
{
    (void)state;
    struct shell_result r;
    struct buf log HR_CLEANUP(buf_deinit);
    char path[200];
    shell_write("flood.sh", "#!/bin/sh\nhead -c 100000000 /dev/zero | tr '\\0' x\nexec sleep 98764\n");
    shell_run(&r, "hubrig try --suite t/brief.scn ./flood.sh");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "fail");
    assert_int_equal(shell_count_processes("sleep 98764"), 0);
    snprintf(path, sizeof path, "%s/evidence/t.brief/device.log", shell_folder);
    buf_init(&log, 10 << 20); // 100 MB were printed
    assert_int_equal(fs_read_file(path, &log), 0);
    shell_release(&r);
}

static void a_device_that_ends_early_is_named_with_its_last_words(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/connect.scn sh -c 'echo cannot open /dev/modem; exit 9'");
    assert_int_equal(r.code, 1);
    shell_assert_says(&r, "code 9");
    shell_assert_says(&r, "cannot open /dev/modem");
    shell_release(&r);
}

static void an_unwritable_evidence_folder_ends_the_run_before_it_begins(void **state)
{
    (void)state;
    struct shell_result r;
    bool was_there = fs_exists("/verdict.json");
    shell_write("in-the-way", "a file\n");
    shell_run(&r, "hubrig try --suite t/connect.scn --evidence in-the-way true");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "hubrig try: cannot make the folder in-the-way");
    assert_int_equal(fs_exists("/verdict.json"), was_there);
    shell_release(&r);
}

static void a_full_disk_is_infra(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "mkdir -p small && unshare -Urm true && echo allowed");
    bool is_allowed = r.code == 0;
    shell_release(&r);
    if (!is_allowed) {
        skip();
    }
    shell_write("t/chatty.scn", "scenario t.chatty\nlimit 30s\nboot device\nwait 5s\n");
    shell_run(&r,
        "unshare -Urm sh -c 'mount -t tmpfs -o size=256k none small && hubrig try --suite t/chatty.scn "
        "--evidence small/e sh -c \"while :; do echo 0123456789012345678901234567890123456789; done\"'");
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "infra");
    shell_assert_says(&r, "o space left on");
    shell_release(&r);
}

static void a_mistake_in_a_scenario_stops_the_run_before_it_begins(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("wrong.scn", "scenario wrong\nboot device\nexpect mqtt.conected within 3s\n");
    shell_run(&r, "hubrig try --suite wrong.scn true");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "wrong.scn:3:8");
    shell_assert_says(&r, "did you mean mqtt.connected?");
    shell_release(&r);
}

static void wrong_words_on_the_command_line_are_answered_with_the_right_ones(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"rum", 2, "run"},
        {"run t --device refernce", 2, "did you mean reference?"},
        {"run t --device nobody", 2, "it has: reference reference-mosquitto"},
        {"run t --devise reference", 2, "--device"},
        {"run no/such/suite --device reference", 2, "no/such/suite"},
        {"run relase --device reference", 2, "did you mean release?"},
        {"run tsl --device reference", 2, "did you mean tls?"},
        {"run tls.leaf-expird --device reference", 2, "did you mean tls.leaf-expired?"},
        {"run smoke --tag muust --only 'smoke.*' --device reference", 2,
         "scenarios none fits --tag muust --only smoke.*"},
        {"run tagged.suite --device reference", 2,
         "tagged.suite:1:19: no scenario of this include has the tag or level"},
        {"try --offers clok true", 2, "did you mean clock?"},
        {"run t --device reference -j many", 2, "-j takes a number"},
    };
    shell_write("tagged.suite", "include smoke tag muust\ninclude smoke tag must\n");
    shell_assert_rows("hubrig", rows, HR_COUNT_OF(rows));
}

static void every_command_has_help(void **state)
{
    (void)state;
    static const char *const names[] = {"serve", "try",    "run",     "check", "doctor", "explain",
                                        "words", "report", "history", "suites"};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        struct shell_result r;
        shell_run(&r, "hubrig %s --help", names[i]);
        assert_int_equal(r.code, 0);
        shell_assert_says(&r, "usage: hubrig");
        shell_assert_says(&r, "Exit codes:");
        shell_release(&r);
    }
}

static void without_namespaces_the_hub_takes_a_loopback_address(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/connect.scn --network host --junit j.xml --tap t.tap reference_device --root {root.pem}");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "pass  t.connect");
    shell_release(&r);
    shell_run(&r, "grep -c 'host' evidence/t.connect/journal.jsonl; xmllint --noout j.xml && head -2 t.tap");
    assert_int_equal(r.code, 0);
    shell_assert_says(&r, "TAP version 13");
    shell_release(&r);
}

static void the_key_of_the_device_is_in_no_file_that_others_read(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r, "hubrig try --suite t/connect.scn reference_device --root {root.pem} --connection-string "
            "{device.connection_string}");
    assert_int_equal(r.code, 0);
    shell_release(&r);
    shell_run(&r, "grep -rlE 'SharedAccessKey=|SharedAccessSignature' evidence; stat -c %%a evidence/t.connect/device.key");
    assert_string_equal(buf_text(&r.out), "600\n");
    shell_release(&r);
}

static bool can(const char *command)
{
    struct shell_result r;
    shell_run(&r, "%s", command);
    bool is_good = r.code == 0;
    shell_release(&r);
    return is_good;
}

static void the_capture_opens_decrypted(void **state)
{
    (void)state;
    struct shell_result r;
    if (!can("command -v tshark")) {
        skip();
    }
    shell_write("t/token.scn", "scenario t.token\nneeds clock\nlimit 30s\nset device.clock = -2h\nboot device\n"
                               "expect mqtt.refused within 20s\nwait 200ms\n");
    shell_run(&r, "hubrig try --suite t/token.scn reference_device --root {root.pem} && tshark -r evidence/t.token/wire.pcapng "
                  "-Y mqtt -T fields -e mqtt.msgtype -e mqtt.clientid -e mqtt.conack.val 2>/dev/null; "
                  "tshark -r evidence/t.token/wire.pcapng -Y frame.comment -T fields -e frame.comment 2>/dev/null");
    shell_assert_says(&r, "1\tbench-01"); // CONNECT
    shell_assert_says(&r, "2\t\t5");      // CONNACK 5
    shell_assert_says(&r, "reason=sas-expired");
    shell_release(&r);
}

// Wireshark needs the capture alone; and keys.log beside a capture that holds no secrets.
static void every_engine_and_version_shows_connect_and_publish(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"mbedtls", "1.2", ""}, {"openssl", "1.2", ""}, {"openssl", "1.3", "needs tls1.3\n"}};
    static const char show[] = "-Y mqtt -T fields -e mqtt.msgtype -e mqtt.clientid -e mqtt.topic";
    if (!can("command -v tshark")) {
        skip();
    }
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct shell_result r;
        char text[300];
        snprintf(text, sizeof text,
                 "scenario t.shown\n%slimit 30s\nset hub.tls_engine = %s\n"
                 "set hub.tls_versions = %s\nboot device\nexpect tls.established with version = TLSv%s "
                 "within 20s\nexpect d2c.message within 20s\nwait 200ms\n",
                 rows[i][2], rows[i][0], rows[i][1], rows[i][1]);
        shell_write("t/shown.scn", text);
        shell_run(&r,
                  "hubrig try --offers tls1.3 --suite t/shown.scn reference_device --root {root.pem} && cd evidence/t.shown && "
                  "tshark -r wire.pcapng %s 2>/dev/null | sort | uniq > alone.txt; "
                  "editcap --discard-all-secrets wire.pcapng bare.pcapng && "
                  "tshark -r bare.pcapng %s 2>/dev/null | wc -l | sed s,^,without=,; "
                  "tshark -r bare.pcapng -o tls.keylog_file:keys.log %s 2>/dev/null | sort | uniq | "
                  "diff alone.txt - && stat -c mode=%%a keys.log && cat alone.txt",
                  show, show, show);
        assert_int_equal(r.code, 0);
        shell_assert_says(&r, "without=0\n");
        shell_assert_says(&r, "mode=600");
        shell_assert_says(&r, "1\tbench-01");                     // CONNECT
        shell_assert_says(&r, "3\t\tdevices/bench-01/messages/"); // PUBLISH
        shell_release(&r);
    }
}

static void the_capture_of_tls_1_3_shows_certificate_and_fingerprint(void **state)
{
    (void)state;
    struct shell_result r;
    if (!can("command -v tshark")) {
        skip();
    }
    shell_write("t/tls13.scn", "scenario t.tls13\nneeds tls1.3\nlimit 30s\nset hub.tls_versions = 1.3\n"
                               "boot device\nexpect mqtt.connected within 20s\n");
    shell_run(&r, "hubrig try --offers tls1.3 --suite t/tls13.scn reference_device --root {root.pem} && "
                  "tshark -r evidence/t.tls13/wire.pcapng -Y tls.handshake.type==11 2>/dev/null; "
                  "ja3=$(tshark -r evidence/t.tls13/wire.pcapng -Y tls.handshake.ja3 -T fields -e "
                  "tls.handshake.ja3 2>/dev/null) && grep -c \"JA3) $ja3$\" "
                  "evidence/t.tls13/client-hello.txt | sed s,^,same-fingerprint=,");
    shell_assert_says(&r, "same-fingerprint=1");
    shell_assert_says(&r, "Certificate"); // encrypted in TLS 1.3
    shell_release(&r);
}

static void dumpcap_sees_names_and_bytes_to_the_last_one(void **state)
{
    (void)state;
    if (!can("command -v tshark dumpcap && unshare -Urn dumpcap -D")) {
        skip();
    }
    struct shell_result r;
    shell_run(&r,
              "hubrig try --capture interface --suite t/connect.scn reference_device --root {root.pem} && cd evidence/t.connect && "
              "tshark -r interface.pcapng -o tls.keylog_file:keys.log -Y 'dns.a or mqtt.msgtype == 1 or "
              "mqtt.msgtype == 14' -T fields -e dns.a -e mqtt.msgtype 2>/dev/null");
    shell_assert_says(&r, "203.0.113.10"); // the name server's answer
    shell_assert_says(&r, "\t1\n");        // CONNECT
    shell_assert_says(&r, "14\n");         // DISCONNECT, just before the end
    shell_release(&r);
}

static void a_hub_that_serves_takes_dumpcap_along(void **state)
{
    (void)state;
    if (!can("command -v tshark dumpcap ip && unshare -Urn dumpcap -D")) {
        skip();
    }
    struct shell_result r;
    shell_write("serve.sh",
                "ip link set lo up\n"
                "mkfifo ready && trap 'kill $hub' EXIT\n"
                "hubrig serve --capture interface --files seen >ready & hub=$!\n"
                "head -1 <ready >/dev/null && openssl s_client -connect 127.0.0.1:8883 -CAfile "
                "seen/root.pem -tls1_2 </dev/null >/dev/null\n"
                "kill -INT $hub; wait $hub; echo served=$?; trap - EXIT\n"
                "tshark -r seen/interface.pcapng -o tls.keylog_file:seen/keys.log -Y "
                "'tls.handshake.type == 20' -T fields -e tls.handshake.type 2>/dev/null\n");
    shell_run(&r, "unshare -Urn sh serve.sh");
    shell_assert_says(&r, "served=0\n");
    shell_assert_says(&r, "20\n"); // Finished, which is encrypted
    shell_release(&r);
}

static void where_dumpcap_cannot_listen_is_said_with_what_to_try(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("dumpcap", "#!/bin/sh\necho 'You do not have permission to capture' >&2\nexit 1\n");
    shell_run(&r, "PATH=.:$PATH hubrig try --retries 0 --capture interface --suite t/connect.scn reference_device; "
                  "PATH=/nowhere $(command -v hubrig) serve --port 0 --capture interface; echo code=$?; "
                  "hubrig try --capture wire true; echo code=$?");
    shell_assert_says(&r, "infra");
    shell_assert_says(&r, "You do not have permission to capture; try: as root");
    shell_assert_says(&r, "no such program in PATH; try: apt-get install");
    shell_assert_says(&r, "--capture takes interface");
    assert_string_equal(strrchr(buf_text(&r.out), '='), "=2\n");
    shell_release(&r);
}

static void interrupting_a_run_leaves_whole_evidence_and_no_process(void **state)
{
    (void)state;
    char journal[200];
    struct buf text HR_CLEANUP(buf_deinit);
    snprintf(journal, sizeof journal, "%s/evidence/t.slow/journal.jsonl", shell_folder);
    shell_write("t/slow.scn", "scenario t.slow\nlimit 100s\nboot device\nwait 90s\n");
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        if (chdir(shell_folder) == 0 && freopen("interrupted.txt", "w", stdout)) {
            execlp("hubrig", "hubrig", "try", "--suite", "t/slow.scn", "sleep", "98765", NULL);
        }
        _exit(99);
    }
    setpgid(child, child);
    buf_init(&text, 1 << 20);
    struct timespec tick = {0, 5000000};
    do { // the device has started once the journal says so
        nanosleep(&tick, NULL);
        buf_clear(&text);
        if (fs_read_file(journal, &text) < 0) {
            continue;
        }
    } while (!strstr(buf_text(&text), "device.started") && waitpid(child, NULL, WNOHANG) == 0);
    assert_int_equal(shell_count_processes("sleep 98765") > 0, 1);
    kill(-child, SIGINT);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(shell_count_processes("sleep 98765"), 0);
    struct shell_result r;
    shell_run(&r, "cat interrupted.txt; tail -1 %s", journal);
    shell_assert_says(&r, "interrupted");
    shell_assert_says(&r, "\"event\":\"run.verdict\"");
    shell_release(&r);
}

static void serving_on_a_taken_port_is_refused_with_advice(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    struct shell_result r;
    shell_run(&r, "hubrig serve --port %d", ntohs(at.sin_port));
    assert_int_equal(r.code, 3);
    shell_assert_says(&r, "another program has this port");
    shell_release(&r);
    close(fd);
    shell_run(&r, "hubrig serve --port 99999");
    assert_int_equal(r.code, 2);
    shell_release(&r);
    shell_run(&r, "hubrig serve --listen nowhere");
    assert_int_equal(r.code, 2);
    shell_release(&r);
    shell_run(&r, "hubrig serve --port 0 --chain azure/digicert-g3");
    assert_int_equal(r.code, 2);
    shell_assert_says(&r, "did you mean azure/digicert-g2");
    shell_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_program_is_the_rigs_trouble),
        cmocka_unit_test(a_device_that_never_dials_fails_and_is_ended),
        cmocka_unit_test(a_killed_worker_is_infra_and_takes_its_device_along),
        cmocka_unit_test(a_device_that_floods_its_output_is_judged_as_any_other),
        cmocka_unit_test(a_device_that_ends_early_is_named_with_its_last_words),
        cmocka_unit_test(an_unwritable_evidence_folder_ends_the_run_before_it_begins),
        cmocka_unit_test(a_full_disk_is_infra),
        cmocka_unit_test(a_mistake_in_a_scenario_stops_the_run_before_it_begins),
        cmocka_unit_test(wrong_words_on_the_command_line_are_answered_with_the_right_ones),
        cmocka_unit_test(every_command_has_help),
        cmocka_unit_test(without_namespaces_the_hub_takes_a_loopback_address),
        cmocka_unit_test(the_key_of_the_device_is_in_no_file_that_others_read),
        cmocka_unit_test(the_capture_opens_decrypted),
        cmocka_unit_test(every_engine_and_version_shows_connect_and_publish),
        cmocka_unit_test(the_capture_of_tls_1_3_shows_certificate_and_fingerprint),
        cmocka_unit_test(dumpcap_sees_names_and_bytes_to_the_last_one),
        cmocka_unit_test(a_hub_that_serves_takes_dumpcap_along),
        cmocka_unit_test(where_dumpcap_cannot_listen_is_said_with_what_to_try),
        cmocka_unit_test(interrupting_a_run_leaves_whole_evidence_and_no_process),
        cmocka_unit_test(serving_on_a_taken_port_is_refused_with_advice),
    };
    return cmocka_run_group_tests(tests, set_up, shell_tear_down);
}
