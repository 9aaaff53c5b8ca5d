// SPDX-License-Identifier: MIT
// The doctor from outside: exit codes, both kinds of output, and that it says no secret.
#include "base/fs.h"
#include "base/span.h"
#include "base/test.h"
#include "harness/cli/shell.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ="
#define SOUND  "'HostName=plant7.azure-devices.net;DeviceId=d;SharedAccessKey=" SECRET "'"

static void check(const char *words, int code, const char *says)
{
    struct shell_result r;
    shell_run(&r, "hubrig doctor %s", words);
    if (r.code != code || !strstr(buf_text(&r.out), says)) {
        fail_msg("hubrig doctor %s: expected exit %d and '%s', seen exit %d and\n%s", words, code,
                 says, r.code, buf_text(&r.out));
    }
    if (strstr(buf_text(&r.out), SECRET)) {
        fail_msg("hubrig doctor %s: the key is in the output", words);
    }
    shell_release(&r);
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
    shell_write("ca.pem", "\n");
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
    struct shell_result r;
    json_error_t error;
    shell_write("odd\"name.pem", "-----BEGIN CERTIFICATE-----\nyour certificate\n");
    shell_run(&r, "%s", "hubrig doctor --json odd\\\"name.pem 'HostName=<hub>;DeviceId=d;SharedAccessKey=" SECRET "'");
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
    shell_release(&r);
}

static void a_folder_gives_all_its_files(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/certs", shell_folder);
    assert_int_equal(fs_make_folder(path, 0700), 0);
    shell_write("certs/a.pem",
               "-----BEGIN CERTIFICATE-----\nyour certificate\n-----END CERTIFICATE-----\n");
    shell_write("certs/b.txt", "HostName=plant7.azure-devices.net\n");
    check("certs", 1, "B-20  certs/a.pem:1");
    check("certs", 1, "S-02  certs/b.txt:1");
}

static void an_unreadable_file_is_no_finding(void **state)
{
    (void)state;
    struct shell_result r;
    if (geteuid() == 0) {
        print_message("skipped: root reads every file\n");
        skip();
    }
    shell_write("closed.pem", "x");
    shell_run(&r, "chmod 000 closed.pem; hubrig doctor closed.pem");
    assert_int_equal(r.code, 3);
    shell_release(&r);
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
    return cmocka_run_group_tests(tests, shell_set_up, shell_tear_down);
}
