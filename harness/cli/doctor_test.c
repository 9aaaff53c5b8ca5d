// SPDX-License-Identifier: MIT
// The doctor from outside: exit codes, both kinds of output, and that it says no secret.
#include "base/fs.h"
#include "base/span.h"
#include "base/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
#define SOUND  "'HostName=plant7.azure-devices.net;DeviceId=d;SharedAccessKey=" SECRET "'"

static const char *hubrig;
static char folder[64];

struct result {
    int code;
    struct buf out;
};

// Runs `hubrig doctor` with these words in the test's folder; stderr goes to the output too.
static void run(struct result *r, const char *words)
{
    char command[2048];
    char chunk[4096];
    snprintf(command, sizeof command, "cd %s && %s doctor %s 2>&1", folder, hubrig, words);
    buf_init(&r->out, 1 << 20);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    for (size_t n = fread(chunk, 1, sizeof chunk, pipe); n;
         n = fread(chunk, 1, sizeof chunk, pipe)) {
        assert_int_equal(buf_append(&r->out, span_of(chunk, n)), 0);
    }
    int status = pclose(pipe);
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void check(const char *words, int code, const char *says)
{
    struct result r;
    run(&r, words);
    if (r.code != code || !strstr(buf_text(&r.out), says)) {
        fail_msg("hubrig doctor %s: expected exit %d and '%s', seen exit %d and\n%s", words, code,
                 says, r.code, buf_text(&r.out));
    }
    if (strstr(buf_text(&r.out), SECRET)) {
        fail_msg("hubrig doctor %s: the key is in the output", words);
    }
    buf_deinit(&r.out);
}

static void write_text(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(fs_write_file(path, span_text(text), 0600), 0);
}

static int set_up(void **state)
{
    (void)state;
    hubrig = getenv("HUBRIG");
    snprintf(folder, sizeof folder, "/tmp/hubrig-doctor-test-XXXXXX");
    return hubrig && mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void what_is_in_order_ends_with_0(void **state)
{
    (void)state;
    check(SOUND, 0, "right    the connection string is well formed");
    check("--json " SOUND, 0, "\"worst\":\"info\"");
}

static void findings_end_with_1(void **state)
{
    (void)state;
    write_text("ca.pem", "\n");
    check("ca.pem", 1, "error    B-17  ca.pem: the file is empty");
    check("--device-clock 1980-01-06 " SOUND, 1, "C-01  --device-clock");
    check("'HostName=plant7.azure-devices.net'", 1, "S-02  argument 1");
    // a warning alone is enough
    check("'HostName=plant7.azure-devices.net;DeviceId=d;x509=true;Colour=red'", 1,
          "0 errors, 1 warning");
}

static void wrong_words_end_with_2_and_the_right_ones(void **state)
{
    (void)state;
    check("", 2, "a file or string is missing");
    check("--stack opensll x", 2, "did you mean openssl?");
    check("--cloud chian x", 2, "did you mean china?");
    check("--at yesterday x", 2, "expected a date such as 2026-11-20");
    check("--device-clock 2026-13-01 x", 2, "expected a date");
    check("no-such.pem", 2, "no-such.pem: no such file");
    check("--devise x y", 2, "did you mean --device?");
    // an unknown word may be a key that lost its name: it is not repeated
    check(SECRET, 2, "argument 1");
    check("--help", 0, "usage: hubrig doctor");
}

static void a_date_decides_what_has_expired(void **state)
{
    (void)state;
    static const char root[] = "/usr/share/ca-certificates/mozilla/Baltimore_CyberTrust_Root.crt";
    char words[200];
    if (!fs_exists(root)) {
        print_message("skipped: no %s\n", root);
        skip();
    }
    snprintf(words, sizeof words, "--at 2022-05-01 %s", root);
    check(words, 1, "works against Microsoft RSA TLS CA 01 (until 2023) until 2023-10-15");
    snprintf(words, sizeof words, "--at 2026-11-20T08:00:00Z %s", root);
    check(words, 1, "expired 2025-05-12");
}

static void json_is_json(void **state)
{
    (void)state;
    struct result r;
    json_error_t error;
    write_text("odd\"name.pem", "-----BEGIN CERTIFICATE-----\nyour certificate\n");
    run(&r, "--json odd\\\"name.pem 'HostName=<hub>;DeviceId=d;SharedAccessKey=" SECRET "'");
    json_t *root = json_loads(buf_text(&r.out), 0, &error);
    if (!root) {
        fail_msg("%s in\n%s", error.text, buf_text(&r.out));
    }
    assert_string_equal(json_string_value(json_object_get(root, "worst")), "error");
    json_t *findings = json_object_get(root, "findings");
    assert_true(json_array_size(findings) > 2);
    static const char *const fields[] = {"rule",    "severity", "title", "file",
                                         "message", "shows",    "fix"};
    for (size_t i = 0; i < json_array_size(findings); i++) {
        for (size_t k = 0; k < HR_COUNT_OF(fields); k++) {
            assert_true(json_is_string(json_object_get(json_array_get(findings, i), fields[k])));
        }
    }
    assert_true(json_is_array(json_object_get(root, "right")));
    assert_true(json_is_array(json_object_get(root, "outlook")));
    assert_true(json_is_array(json_object_get(root, "dates")));
    json_decref(root);
    buf_deinit(&r.out);
}

static void a_folder_gives_all_its_files(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/certs", folder);
    assert_int_equal(fs_make_folder(path, 0700), 0);
    write_text("certs/a.pem",
               "-----BEGIN CERTIFICATE-----\nyour certificate\n-----END CERTIFICATE-----\n");
    write_text("certs/b.txt", "HostName=plant7.azure-devices.net\n");
    check("certs", 1, "B-20  certs/a.pem:1");
    check("certs", 1, "S-02  certs/b.txt:1");
}

static void an_unreadable_file_is_no_finding(void **state)
{
    (void)state;
    struct result r;
    char path[128];
    if (geteuid() == 0) {
        print_message("skipped: root reads every file\n");
        skip();
    }
    write_text("closed.pem", "x");
    snprintf(path, sizeof path, "chmod 000 %s/closed.pem", folder);
    assert_int_equal(system(path), 0);
    run(&r, "closed.pem");
    assert_int_equal(r.code, 3);
    buf_deinit(&r.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_order_ends_with_0),
        cmocka_unit_test(findings_end_with_1),
        cmocka_unit_test(wrong_words_end_with_2_and_the_right_ones),
        cmocka_unit_test(a_date_decides_what_has_expired),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(a_folder_gives_all_its_files),
        cmocka_unit_test(an_unreadable_file_is_no_finding),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
