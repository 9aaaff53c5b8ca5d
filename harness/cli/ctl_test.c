// SPDX-License-Identifier: MIT
// `hubrig ctl`, hub files and state files as their users meet them.
#include "base/test.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void every_verb_says_what_happened(void **state)
{
    (void)state;
    static const char *const says[] = {
        "device-1                          sas   enabled   not connected",
        "no connection is open",
        "new is registered\nHostName=localhost:",
        "by-cert is registered",
        "by-ca is registered",
        "hub-files/by-ca.key written",
        "by-ca                             ca    enabled   not connected",
        "hub-files/by-cert.crt written",
        "new is disabled",
        "new is enabled",
        "new has a new primary key\nHostName=",
        "new has a new secondary key\n",
        "new connections get bad/expired-leaf",
        "root-bad_expired-leaf.pem",
        "the hub's clock shows 2026-11-20T08:00:00Z",
        "refuse 5 at mqtt.connack times 3 is armed",
        "1 fault removed",
        "no fault is armed",
        "0 connections closed by rst",
        "new is not connected",
        "policy device has a new primary key\n",
        "1  waiting     4 bytes",
        "1 message for new removed",
        "no message waits for new",
        "to verify it, let it sign a certificate",
        "CA lab is removed",
        "new is removed, with its modules",
        "message 1 is queued for new; 1 waiting, the device is not connected",
        "the desired properties of new have version 2",
        "\"rate\": 5",
        "hub 0",
    };
    struct shell_result r;
    shell_run(&r,
              "serve; C=\"hubrig ctl\"; $C devices && $C connections && $C add-device new && "
                "$C add-device by-cert --x509 && $C add-device by-ca --ca && $C devices && $C disable new && $C enable new && "
                "$C roll-key new primary && $C roll-key new secondary && "
                "$C chain bad/expired-leaf && $C clock 2026-11-20T08:00:00Z && "
                "$C fault refuse 5 times 3 && $C faults && $C clear && $C faults && $C drop rst && "
                "$C takeover new && "
                "$C c2d new warm --property a=b --ack full && $C twin-desired new '{\"rate\":5}' "
                "&& "
                "$C twin new && $C roll-policy device primary && $C messages new && $C purge new && "
                "$C messages new && $C add-ca lab \"$(cat hub-files/root.pem)\" && "
                "$C remove-ca lab && $C remove-device new && echo all; finish");
    shell_assert_says(&r, "\nall\n");
    shell_assert_says_all(&r, says, HR_COUNT_OF(says));
    shell_release(&r);
}

// An enrolled device registers with mosquitto_rr and is told of the second hub; a hub that is killed and
// started again knows it there.
static void a_hub_file_enrolls_devices_for_several_hubs_and_kill_9_loses_none(void **state)
{
    (void)state;
    static const char script[] =
        "S=0ne00HUBRIG; K=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "printf 'hub localhost\\nhub second.local\\nenrollment pump-1 key %s hub localhost\\n' $K >e.hub\n"
        "serve --hub e.hub --state e.db --dps localhost --dps-port 0\n"
        "port=$(sed -n 's/.* dps_port=\\([0-9]*\\).*/\\1/p' lines)\n"
        "sr=$S%2Fregistrations%2Fpump-1; se=4000000000\n"
        "sig=$(printf '%s\\n%s' $sr $se | openssl dgst -sha256 -mac HMAC -macopt "
        "hexkey:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -binary | base64 | "
        "sed 's/+/%2B/g; s/\\//%2F/g; s/=/%3D/g')\n"
        "register() { mosquitto_rr -V mqttv311 -h localhost -p $port --cafile hub-files/root.pem "
        "-i pump-1 -u $S/registrations/pump-1/api-version=2019-03-31 "
        "-P \"SharedAccessSignature sr=$sr&sig=$sig&se=$se&skn=registration\" -q 1 -W 2 "
        "-e '$dps/registrations/res/202/?$rid=1&retry-after=3' -t '$dps/registrations/PUT/iotdps-register/?$rid=1' "
        "-m '{\"registrationId\":\"pump-1\"}'; echo; }\n"
        "await() { for i in 1 2 3 4 5; do grep -q \"$1\" lines && return; register >again 2>&1; done; }\n"
        "register; await 'dps.assigned hub=localhost'\n"
        "hubrig ctl assign pump-1 second.local; await 'dps.assigned hub=second.local'\n"
        "hubrig ctl assign pump-1 third.local; grep -o 'dps.assigned hub=second.*Migrated' lines\n"
        "kill -9 $hub; wait $hub; printf 'enrollment pump-1 key %s hub second.local\\n' $K >again.hub\n"
        "sed /enroll/d e.hub | cat - again.hub >after.hub\n"
        "serve --hub after.hub --state e.db --dps localhost --dps-port 0\n"
        "port=$(sed -n 's/.* dps_port=\\([0-9]*\\).*/\\1/p' lines); hubrig ctl devices | sed -n 's/^pump-1 .*sas .*at second.local/kept/p'\n"
        "hubrig ctl c2d pump-1 hello; hubrig ctl twin-desired pump-1 '{\"a\":1}'; "
        "hubrig ctl roll-key pump-1 primary; hubrig ctl disable pump-1; hubrig ctl enable pump-1\n"
        "await 'dps.assigned hub=second.local'; echo after $(grep -c 'dps.assigned hub=second.*Migrated' lines); finish";
    static const char *const says[] = {"\"status\":\"assigning\"",
              "pump-1 goes to second.local when it registers again",
              "no hub named 'third.local' is linked",
              "substatus=deviceDataMigrated", "\nkept\n", "after 1\n",
        "message 1 is queued for pump-1", "the desired properties of pump-1 have version 2",
        "HostName=second.local", "pump-1 is disabled", "hub 0"};
    struct shell_result r;
    shell_run(&r, "%s", script);
    shell_assert_says_all(&r, says, HR_COUNT_OF(says));
    shell_release(&r);
}

// A message waits for the input of a module, also over kill -9.
static void a_message_for_an_input_waits_for_its_module(void **state)
{
    (void)state;
    static const char script[] =
        "K=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
        "printf 'device d\\nmodule d/m key %s\\n' $K >i.hub\n"
        "serve --host localhost --hub i.hub --state i.db\n"
        "hubrig ctl c2d d/m hello --input in-1 --property a=b; hubrig ctl c2d d hello --input in-1\n"
        "kill -9 $hub; wait $hub; serve --host localhost --hub i.hub --state i.db\n"
        "sr=localhost%2Fdevices%2Fd%2Fmodules%2Fm; se=4000000000\n"
        "sig=$(printf '%s\\n%s' $sr $se | openssl dgst -sha256 -mac HMAC -macopt "
        "hexkey:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f -binary | base64 | "
        "sed 's/+/%2B/g; s/\\//%2F/g; s/=/%3D/g')\n"
        "mosquitto_sub -V mqttv311 -h localhost -p $port --cafile hub-files/root.pem -i d/m "
        "-u 'localhost/d/m/?api-version=2021-04-12' "
        "-P \"SharedAccessSignature sr=$sr&sig=$sig&se=$se\" -q 1 -C 1 -W 10 -F '%t %p' "
        "-t 'devices/d/modules/m/inputs/#'; finish";
    static const char *const says[] = {
        "message 1 is queued for d/m", "only a module has inputs; 'd' is a device",
        "devices/d/modules/m/inputs/in-1/%24.cdid=d&a=b hello", "hub 0"};
    struct shell_result r;
    shell_run(&r, "%s", script);
    shell_assert_says_all(&r, says, HR_COUNT_OF(says));
    shell_release(&r);
}

// The CA is that of this machine, which the hub knows again after kill -9
static void a_device_by_ca_sends_with_what_ctl_wrote_and_after_a_restart(void **state)
{
    (void)state;
    static const char script[] =
        "publish() { mosquitto_pub -V mqttv311 -h localhost -p $port --cafile hub-files/root.pem --cert "
        "hub-files/press-9.crt --key hub-files/press-9.key -i press-9 -u "
        "'localhost/press-9/?api-version=2021-04-12' -q 1 -t devices/press-9/messages/events/ -m $1 && "
        "echo sent $1; }\n"
        "serve --host localhost --state ca.db; hubrig ctl add-device press-9 --ca; publish first\n"
        "kill -9 $hub; wait $hub; serve --host localhost --state ca.db; publish second; finish";
    static const char *const says[] = {"press-9 is registered\n", ";x509=true",
                                       "hub-files/press-9.crt written", "sent first",
                                       "sent second", "hub 0"};
    struct shell_result r;
    shell_run(&r, "%s", script);
    shell_assert_says_all(&r, says, HR_COUNT_OF(says));
    shell_release(&r);
}

static void wrong_requests_end_with_their_code_and_a_hint(void **state)
{
    (void)state;
    static const struct shell_row rows[] = {
        {"devics", 2, "did you mean devices?"},
        {"", 2, "a verb is missing"},
        {"disable", 2, "expected: hubrig ctl disable ID"},
        {"disable devic-1", 2, "did you mean device-1?"},
        {"--sokket x devices", 2, "did you mean --socket?"},
        {"devices --count 3", 2, "--count is for watch"},
        {"add-device device-1", 2, "exists already"},
        {"add-device 'a b'", 2, "device id 'a b'"},
        {"add-device x --key abc", 2, "primary key is not the base64"},
        {"add-device x --key abc --ca", 2, "a key, a thumbprint (--x509) or a CA, not two"},
        {"add-device x --x509 --ca", 2, "a key, a thumbprint (--x509) or a CA, not two"},
        {"roll-key device-1 third", 2, "expected primary or secondary"},
        {"roll-policy device third", 2, "expected primary or secondary"},
        {"assign device-1 x", 2, "start serve with --dps"},
        {"roll-policy nobody primary", 2, "nobody"},
        {"add-ca lab nonsense", 2, "expected the text of a PEM certificate"},
        {"settle device-1 7 reject", 2, "message 7 is not on its way to device-1"},
        {"settle device-1 7 rejekt", 2, "complete|reject|abandon"},
        {"chain azure/digicert-g3", 2, "did you mean azure/digicert-g2?"},
        {"clock noon", 2, "is no time for a clock"},
        {"fault refuse 9", 2, "a number from 1 to 5 for CODE"},
        {"drop softly", 2, "expected fin"},
        {"watch mqtt.conected", 2, "did you mean mqtt.connected?"},
        {"c2d device-1 x --ack maybe", 2, "--ack wants none, positive"},
        {"c2d device-1 x --property a", 2, "--property wants NAME=VALUE"},
        {"twin-desired device-1 '{'", 2, "400"},
        {"method device-1 reboot", 1, "404103"},
        {"watch --count 1 --timeout 10ms d2c", 3, "no event"},
        {"--socket /nonexistent/s devices", 3, "no hub is running here"},
        {"--socket lines devices", 3, "lines"},
        {"--socket dead.sock devices", 3, "no hub"},
    };
    served_start("");
    shell_assert_rows("hubrig ctl", rows, HR_COUNT_OF(rows));
}

// How far the hub's clock is ahead of the machine's by the time that ctl asks. A rate alone keeps it.
static void a_hub_s_clock_runs_at_its_own_rate_or_with_its_devices(void **state)
{
    (void)state;
    static const char *const ways[] = {"--clock-rate 1000", "--device-rate 1000",
                                       "--device-rate 1000 --clock-rate 500"};
    for (size_t i = 0; i < HR_COUNT_OF(ways); i++) {
        struct shell_result r;
        shell_run(&r,
                  "serve %s; hubrig ctl clock x1 >one; finish; shown=$(date -u -d \"$(sed 's/.*shows //' one)\" "
                  "+%%s); test $((shown - $(date +%%s))) -gt 1 && echo it is ahead", ways[i]);
        shell_assert_says(&r, "it is ahead");
        shell_release(&r);
    }
    shell_assert("hubrig serve --clock-rate fast", 2, "--clock-rate: 'fast' is not a rate");
    shell_assert("hubrig serve --device-rate 0", 2, "--device-rate: '0' is not a rate");
}

static void events_are_watched_as_json_lines(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve; hubrig ctl watch hub.clock --json --count 1 >seen 2>&1 & w=$!; "
              "while kill -0 $w 2>/dev/null; do hubrig ctl clock +1h >/dev/null; done; cat "
              "seen; finish");
    shell_assert_says(&r, "\"event\":\"hub.clock\",\"utc\":");
    shell_release(&r);
}

// A device in the background: mosquitto_sub with the credentials that serve prints.
#define DEVICE(options, to)                                                                        \
    "eval \"exec timeout 60 $sub " options " -t 'devices/device-1/messages/devicebound/#'\" >" to       \
    " 2>&1 & s=$!; until hubrig ctl connections | grep -q device-1; do :; done; "

static void a_message_reaches_a_connected_device_and_is_completed(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve; " DEVICE("-C 1", "got") "hubrig ctl devices; hubrig ctl c2d device-1 'hello there' --ack full; "
              "wait $s; cat got; until grep -q c2d.completed lines; do :; "
              "done; echo completed; finish");
    shell_assert_says(&r, "connected as #1");
    shell_assert_says(&r, "hello there\n");
    shell_assert_says(&r, "completed\n");
    shell_release(&r);
}

static void one_device_is_dropped_by_its_id(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve; " DEVICE("-k 60", "/dev/null") "hubrig ctl drop rst device-2; hubrig ctl drop rst device-1; "
              "until grep -q 'tcp.closed by=hub how=rst' lines; do :; "
              "done; echo cut; kill $s; finish");
    shell_assert_says(&r, "1 connection closed by rst");
    shell_assert_says(&r, "cut\n");
    shell_release(&r);
}

// A watcher that is stopped while nine thousand messages come.
static void a_watcher_that_falls_behind_is_told_so_and_the_hub_goes_on(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve; hubrig ctl watch d2c >seen 2>told & w=$!; "
              "until grep -qs . told; do kill -0 $w || break; done; kill -STOP $w; "
              "pub=$(echo \"$sub\" | sed 's/^mosquitto_sub/mosquitto_pub/'); "
              "yes $(head -c 1000 /dev/zero | tr '\\0' x) | head -9000 | "
              "eval \"$pub\" -q 1 -l -t devices/device-1/messages/events/; "
              "hubrig ctl faults; kill -CONT $w; wait $w; echo ctl $?; tail -1 told; "
              "n=$(wc -l <seen); [ $n -gt 5000 ] && [ $n -lt 9000 ] && "
              "echo cut; finish");
    static const char *const says[] = {"no fault is armed\n", "ctl 3\n",
                                       "events are missing from here on", "cut\n", "hub 0"};
    shell_assert_says_all(&r, says, HR_COUNT_OF(says));
    shell_release(&r);
}

static void a_hub_file_fills_the_hub_and_its_mistakes_stop_it(void **state)
{
    (void)state;
    struct shell_result r;
    shell_write("good.hub",
                "hub my.example\ndevice a disabled\ndevice b\nmodule b/m\nfault swallow\n");
    shell_write("bad.hub", "devise a\n");
    shell_run(&r,
              "serve --hub good.hub; head -1 lines; hubrig ctl devices; hubrig ctl faults; finish; "
              "hubrig check good.hub; hubrig check bad.hub; echo check $?; "
              "hubrig serve --port 0 --hub bad.hub; echo serve $?; "
              "hubrig serve --port 0 --hub none.hub; echo serve $?");
    shell_assert_says(&r, "ready host=my.example");
    shell_assert_says(&r, "device=b auth=sas control=hub-files/control.sock");
    shell_assert_says(&r, "a                                 sas   disabled");
    shell_assert_says(&r, "swallow at mqtt.puback times 1");
    shell_assert_says(&r, "1 file, no mistakes");
    shell_assert_says(&r, "bad.hub:1:1: unknown statement 'devise' (did you mean device?)");
    shell_assert_says(&r, "check 2");
    shell_assert_says(&r, "bad.hub has mistakes\nserve 2");
    shell_assert_says(&r, "none.hub");
    shell_release(&r);
}

static void what_ctl_acknowledged_survives_kill_9(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve --state s.db; (i=0; while hubrig ctl add-device storm-$i >/dev/null 2>&1; do "
              "echo storm-$i; hubrig ctl c2d storm-$i x >/dev/null 2>&1 && echo c2d-$i; "
              "hubrig ctl twin-desired storm-$i \"{\\\"n\\\":$i}\" >/dev/null 2>&1 && "
              "echo twin-$i; "
              "i=$((i + 1)); done) >acked & storm=$!; "
              "until grep -q storm-20 acked; do :; done; kill -9 $hub; wait $storm; "
              "serve --state s.db; echo replaced; hubrig ctl devices >after; "
              "for id in $(grep storm acked); do grep -q \"^$id \" after || echo "
              "lost $id; done; "
              "for n in $(sed -n 's/twin-//p' acked); do hubrig ctl twin storm-$n | grep "
              "-q \"\\\"n\\\": $n\" "
              "|| echo lost twin $n; done; "
              "for n in $(sed -n 's/c2d-//p' acked); do hubrig ctl c2d storm-$n y | grep "
              "-q '; 2 waiting' "
              "|| echo lost c2d $n; done; echo compared; finish");
    shell_assert_says(&r, "replaced");
    shell_assert_says(&r, "compared");
    shell_assert_says(&r, "hub 0");
    if (strstr(buf_text(&r.out), "lost ")) {
        fail_msg("%s", buf_text(&r.out));
    }
    shell_release(&r);
}

static void a_second_serve_is_told_who_is_there(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve --state s2.db; hubrig serve --port 0 --state s2.db --files other; echo state $?; "
              "hubrig serve --port 0; echo socket $?; echo pid $hub; hubrig ctl devices; "
              "finish");
    shell_assert_says(&r, "s2.db is held by process ");
    shell_assert_says(&r, "(hubrig); stop it");
    shell_assert_says(&r, "state 3");
    shell_assert_says(&r, "another hub answers at hub-files/control.sock");
    shell_assert_says(&r, "socket 3");
    shell_assert_says(&r, "device-1 "); // the first one goes on
    shell_assert_says(&r, "hub 0");
    shell_release(&r);
}

static void the_socket_is_for_its_owner_and_goes_with_the_hub(void **state)
{
    (void)state;
    struct shell_result r;
    shell_run(&r,
              "serve --control my.sock; stat -c %%a my.sock; hubrig ctl --socket my.sock devices; "
              "HUBRIG_SOCKET=my.sock hubrig ctl faults; finish; ls my.sock");
    shell_assert_says(&r, "600\n");
    shell_assert_says(&r, "no fault is armed");
    shell_assert_says(&r, "cannot access 'my.sock'");
    shell_release(&r);
}

// ---- clients that misbehave

static int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/bad.sock", shell_folder);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void read_answer(int fd, const char *says)
{
    char answer[4096];
    size_t len = 0;
    ssize_t n = 0;
    while (len < sizeof answer - 1 && (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0) {
        len += (size_t)n;
        if (answer[len - 1] == '\n') {
            break;
        }
    }
    answer[len] = '\0';
    if (!strstr(answer, says)) {
        fail_msg("expected '%s', seen '%s'", says, answer);
    }
}

static void ask(const char *request, const char *says)
{
    int fd = dial();
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    read_answer(fd, says);
    close(fd);
}

static void bad_lines_are_answered_and_the_hub_goes_on(void **state)
{
    (void)state;
    served_start("--control bad.sock");
    ask("nonsense\n", "\"ok\":false,\"error\":\"ERR_SYNTAX\"");
    ask("[]\n", "one JSON object per line");
    ask("{\"verb\":7}\n", "expected {");
    ask("{\"verb\":\"disable\",\"args\":[7]}\n", "array of texts");
    ask("{\"verb\":\"disable\",\"args\":[]}\n", "expected: disable ID");
    ask("{\"verb\":\"devices\",\"options\":{\"x\":true}}\n", "no option 'x'");
    ask("{\"verb\":\"add-device\",\"args\":[\"a\"],\"options\":{\"x509\":\"yes\"}}\n",
        "true or false");
    ask("{\"verb\":\"devices\"}", "\"ok\":true"); // without a line end
}

static void an_endless_line_is_refused(void **state)
{
    (void)state;
    char chunk[65536];
    served_start("--control bad.sock");
    memset(chunk, 'x', sizeof chunk);
    int fd = dial();
    for (int i = 0; i < 17; i++) {
        if (send(fd, chunk, sizeof chunk, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    read_answer(fd, "ERR_TOO_BIG");
    close(fd);
    ask("{\"verb\":\"faults\"}\n", "\"ok\":true");
}

static void a_client_that_floods_and_never_reads_stalls_nobody(void **state)
{
    (void)state;
    static const char request[] = "{\"verb\":\"devices\"}\n";
    served_start("--control bad.sock");
    int fd = dial();
    ssize_t n = 0;
    while ((n = send(fd, request, sizeof request - 1, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0) {
    }
    ask("{\"verb\":\"faults\"}\n", "\"ok\":true"); // while the other one is still there
    close(fd);
}

static void more_clients_than_allowed_are_told(void **state)
{
    (void)state;
    int fds[33];
    served_start("--control bad.sock");
    for (size_t i = 0; i < HR_COUNT_OF(fds); i++) {
        fds[i] = dial();
    }
    read_answer(fds[32], "too many control clients");
    for (size_t i = 0; i < HR_COUNT_OF(fds); i++) {
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_says_what_happened),
        cmocka_unit_test_teardown(wrong_requests_end_with_their_code_and_a_hint, served_stop),
        cmocka_unit_test(a_hub_s_clock_runs_at_its_own_rate_or_with_its_devices),
        cmocka_unit_test(a_message_for_an_input_waits_for_its_module),
        cmocka_unit_test(a_device_by_ca_sends_with_what_ctl_wrote_and_after_a_restart),
        cmocka_unit_test(events_are_watched_as_json_lines),
        cmocka_unit_test(a_watcher_that_falls_behind_is_told_so_and_the_hub_goes_on),
        cmocka_unit_test(a_hub_file_enrolls_devices_for_several_hubs_and_kill_9_loses_none),
        cmocka_unit_test(a_message_reaches_a_connected_device_and_is_completed),
        cmocka_unit_test(one_device_is_dropped_by_its_id),
        cmocka_unit_test(a_hub_file_fills_the_hub_and_its_mistakes_stop_it),
        cmocka_unit_test(what_ctl_acknowledged_survives_kill_9),
        cmocka_unit_test(a_second_serve_is_told_who_is_there),
        cmocka_unit_test(the_socket_is_for_its_owner_and_goes_with_the_hub),
        cmocka_unit_test_teardown(bad_lines_are_answered_and_the_hub_goes_on, served_stop),
        cmocka_unit_test_teardown(an_endless_line_is_refused, served_stop),
        cmocka_unit_test_teardown(a_client_that_floods_and_never_reads_stalls_nobody, served_stop),
        cmocka_unit_test_teardown(more_clients_than_allowed_are_told, served_stop),
    };
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
