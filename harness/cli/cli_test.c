// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/cli/cli.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MOST = 8, TEXT_BYTES = 1 << 18 };

// What a command printed.
struct answer {
    int code;
    char out[TEXT_BYTES];
    char err[TEXT_BYTES];
};

static FILE *redirect(FILE *stream, int *kept)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stream);
    *kept = dup(fileno(stream));
    assert_true(dup2(fileno(file), fileno(stream)) >= 0);
    return file;
}

static void restore(FILE *stream, int kept, FILE *file, char *out)
{
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    close(kept);
    rewind(file);
    size_t n = fread(out, 1, TEXT_BYTES - 1, file);
    out[n] = '\0';
    fclose(file);
}

static void call(struct answer *a, const struct command *command, const char *const *words)
{
    char *argv[WORDS_MOST + 2] = {(char *)(uintptr_t)command->name};
    int argc = 1;
    int kept_out, kept_err;
    for (; words[argc - 1]; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    }
    FILE *out = redirect(stdout, &kept_out);
    FILE *err = redirect(stderr, &kept_err);
    a->code = command->run(argc, argv);
    restore(stderr, kept_err, err, a->err);
    restore(stdout, kept_out, out, a->out);
}

#define CALL(a, command, ...) call((a), (command), (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

struct folder {
    char path[64];
    char good[128], bad[128], bench[128];
};

static void folder_init(struct folder *f)
{
    char sub[100];
    strcpy(f->path, "/tmp/hubrig-cli-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    snprintf(sub, sizeof sub, "%s/t", f->path);
    assert_int_equal(fs_make_folder(sub, 0700), 0);
    snprintf(f->good, sizeof f->good, "%s/good.scn", sub);
    snprintf(f->bad, sizeof f->bad, "%s/bad.scn", sub);
    snprintf(f->bench, sizeof f->bench, "%s/a.bench", sub);
    assert_int_equal(fs_write_file(f->good, SPAN_LITERAL("scenario t.good\nboot device\nwait 2s\n"), 0600),
                     0);
    assert_int_equal(
        fs_write_file(f->bad,
                      SPAN_LITERAL("scenario t.bad\nset hub.chain = azure/digicert-g22\nbot device\n"),
                      0600),
        0);
    assert_int_equal(fs_write_file(f->bench, SPAN_LITERAL("process a\n  command b\nend\n"), 0600), 0);
}

static void folder_deinit(struct folder *f)
{
    char sub[100];
    unlink(f->good);
    unlink(f->bad);
    unlink(f->bench);
    snprintf(sub, sizeof sub, "%s/t", f->path);
    assert_int_equal(rmdir(sub), 0);
    assert_int_equal(rmdir(f->path), 0);
}

static void check_counts_good_files_and_leaves_with_0(void **state)
{
    (void)state;
    struct folder f;
    struct answer a;
    folder_init(&f);
    CALL(&a, &command_check, f.good, f.bench);
    assert_string_equal(a.err, "");
    assert_string_equal(a.out, "2 files, no mistakes\n");
    assert_int_equal(a.code, EXIT_PASS);
    CALL(&a, &command_check, f.good, "--json");
    assert_string_equal(a.out, "[]\n");
    folder_deinit(&f);
}

static void check_prints_every_mistake_below_a_folder_and_leaves_with_2(void **state)
{
    (void)state;
    struct folder f;
    struct answer a;
    char wanted[1000];
    folder_init(&f);
    CALL(&a, &command_check, f.path);
    snprintf(wanted, sizeof wanted,
             "%s:1:1: no 'boot device': the scenario never starts the device\n"
             "%s:2:17: unknown chain 'azure/digicert-g22' (did you mean azure/digicert-g2?)\n"
             "%s:3:1: unknown verb 'bot' (did you mean boot?)\n"
             "3 files, 3 mistakes\n",
             f.bad, f.bad, f.bad);
    assert_string_equal(a.out, wanted);
    assert_int_equal(a.code, EXIT_USAGE);
    CALL(&a, &command_check, "--json", f.path);
    json_t *list = json_loads(a.out, 0, NULL);
    assert_int_equal(json_array_size(list), 3);
    const json_t *third = json_array_get(list, 2);
    assert_string_equal(json_string_value(json_object_get(third, "file")), f.bad);
    assert_int_equal(json_integer_value(json_object_get(third, "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(third, "column")), 1);
    json_decref(list);
    folder_deinit(&f);
}

static void the_recipes_that_come_with_hubrig_have_no_mistakes(void **state)
{
    (void)state;
    struct answer a;
    CALL(&a, &command_check, HUBRIG_SOURCE_FOLDER "/certs/recipes");
    assert_string_equal(a.err, "");
    assert_non_null(strstr(a.out, "files, no mistakes\n"));
    assert_int_equal(a.code, EXIT_PASS);
}

static void explain_tells_a_scenario_or_its_mistakes(void **state)
{
    (void)state;
    struct folder f;
    struct answer a;
    folder_init(&f);
    CALL(&a, &command_explain, f.good);
    assert_int_equal(a.code, EXIT_PASS);
    assert_non_null(strstr(a.out, "   2  Start the device.\n   3  Wait 2 s.\nTakes at most 2 s (limit 1 "
                                  "min).\n"));
    CALL(&a, &command_explain, "--json", f.good);
    json_t *plan = json_loads(a.out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(plan, "name")), "t.good");
    assert_int_equal(json_integer_value(json_object_get(plan, "longest_us")), 2000000);
    assert_int_equal(json_array_size(json_object_get(plan, "steps")), 2);
    json_decref(plan);
    CALL(&a, &command_explain, f.bad);
    assert_int_equal(a.code, EXIT_USAGE);
    assert_string_equal(a.out, "");
    assert_non_null(strstr(a.err, "unknown verb 'bot' (did you mean boot?)"));
    folder_deinit(&f);
}

static void words_lists_one_table_or_all(void **state)
{
    (void)state;
    struct answer a;
    static const char *const names[] = {"verbs", "oracles", "findings", "dialects", "log-causes", "causes", "capabilities", "events",  "knobs",   "faults", "sntp", "dns", "flights",
                                        "sites", "reasons", "verdicts"};
    CALL(&a, &command_words, "verdicts");
    assert_int_equal(a.code, EXIT_PASS);
    assert_string_equal(a.out, "verdicts\n"
                               "  pass          everything expected was seen\n"
                               "  warn          passed, with a remark\n"
                               "  fail          the device did something else\n"
                               "  inconclusive  the device gave nothing to judge\n"
                               "  flaky         it passed and failed by turns\n"
                               "  infra         the rig failed, not the device\n"
                               "  skipped       the device does not offer what the scenario needs\n");
    CALL(&a, &command_words, "--json");
    json_t *all = json_loads(a.out, 0, NULL);
    assert_int_equal(json_object_size(all), HR_COUNT_OF(names));
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        assert_true(json_array_size(json_object_get(all, names[i])) > 0);
        CALL(&a, &command_words, names[i]);
        assert_memory_equal(a.out, names[i], strlen(names[i]));
    }
    json_decref(all);
}

static void explain_log_names_the_cause_before_what_follows_from_it(void **state)
{
    (void)state;
    struct answer a;
    struct folder f;
    char log[100];
    folder_init(&f);
    snprintf(log, sizeof log, "%s/serial.log", f.path);
    assert_int_equal(fs_write_file(log,
                                   SPAN_LITERAL("boot\r\n"
                                                "E (12) esp-tls: Failed to open a new connection\r\n"
                                                "E (13) tls: \033[1mmbedtls_ssl_handshake returned -0x2700, flags 0x8\r\n"
                                                "E (15) esp-tls: Failed to open a new connection\r\n"),
                                   0600),
                     0);
    CALL(&a, &command_explain_log, log);
    assert_int_equal(a.code, EXIT_FAIL);
    assert_memory_equal(a.out, "cause   no path from the server's certificate to a root", 50);
    assert_non_null(strstr(a.out, "serial.log:3, 1 time: "));
    assert_non_null(strstr(a.out, "also    the TLS handshake failed (esp-idf handshake)"));
    assert_non_null(strstr(a.out, "serial.log:2, 2 times: "));
    assert_null(strchr(a.out, '\033'));
    CALL(&a, &command_explain_log, log, "--json");
    json_t *all = json_loads(a.out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(all, "lines")), 4);
    const json_t *first = json_array_get(json_object_get(all, "readings"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "cause")), "root");
    assert_int_equal(json_integer_value(json_object_get(first, "line")), 3);
    json_decref(all);
    assert_int_equal(fs_write_file(log, SPAN_LITERAL("all is well\n"), 0600), 0);
    CALL(&a, &command_explain_log, log);
    assert_int_equal(a.code, EXIT_PASS);
    assert_string_equal(a.out, "1 line, and none that a dialect knows as a failure\n");
    assert_int_equal(unlink(log), 0);
    CALL(&a, &command_explain_log, log);
    assert_int_equal(a.code, EXIT_USAGE);
    folder_deinit(&f);
}

static void each_command_says_what_was_wrong_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const struct command *command;
        const char *words[3];
        const char *text;
    } cases[] = {
        {&command_check, {NULL}, "hubrig check: a file or folder is missing"},
        {&command_check, {"--jsn"}, "hubrig check: unknown option '--jsn' (did you mean --json?)"},
        {&command_check, {"--json=1"}, "hubrig check: this option takes no argument: '--json=1'"},
        {&command_check, {"/nonexistent/a.scn"}, "/nonexistent/a.scn"},
        {&command_check, {"/dev/null"}, "expected a folder or a file that ends in .scn"},
        {&command_explain, {NULL}, "hubrig explain: a file is missing"},
        {&command_explain, {"a", "b"}, "hubrig explain: too many words; the first too many is 'b'"},
        {&command_words, {"event"}, "unknown table 'event' (did you mean events?)"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct answer a;
        call(&a, cases[i].command, cases[i].words);
        assert_int_equal(a.code, EXIT_USAGE);
        if (!strstr(a.err, cases[i].text)) {
            assert_string_equal(a.err, cases[i].text);
        }
    }
}

static void help_goes_to_stdout_and_names_the_exit_codes(void **state)
{
    (void)state;
    static const struct command *const commands[] = {&command_check, &command_explain,
                                                      &command_explain_log, &command_words};
    for (size_t i = 0; i < HR_COUNT_OF(commands); i++) {
        struct answer a;
        CALL(&a, commands[i], "--help");
        assert_int_equal(a.code, EXIT_PASS);
        assert_string_equal(a.err, "");
        assert_string_equal(a.out, commands[i]->help);
        assert_non_null(strstr(a.out, "Exit codes: 0"));
    }
}

static void options_take_arguments_in_both_forms_and_stop_where_asked(void **state)
{
    (void)state;
    const char *device = NULL, *words[4];
    const char *is_json = NULL;
    size_t count = 0;
    const struct option_spec specs[] = {{"--device", "NAME", &device}, {"--json", NULL, &is_json}};
    char *line[] = {(char *)"try", (char *)"--device=a=b", (char *)"prog", (char *)"--json", NULL};
    assert_int_equal(cli_options(&command_check, 4, line, specs, 2, true, words, 4, &count), EXIT_PASS);
    assert_string_equal(device, "a=b");
    assert_null(is_json);
    assert_int_equal(count, 2);
    assert_string_equal(words[1], "--json");
    char *second[] = {(char *)"try", (char *)"--device", (char *)"c", (char *)"-",
                      (char *)"--json", (char *)"--", (char *)"--device", NULL};
    assert_int_equal(cli_options(&command_check, 7, second, specs, 2, false, words, 4, &count),
                     EXIT_PASS);
    assert_string_equal(device, "c");
    assert_string_equal(is_json, "");
    assert_int_equal(count, 2);
    assert_string_equal(words[0], "-");
    assert_string_equal(words[1], "--device");
}

static void an_error_leaves_with_the_code_of_its_class(void **state)
{
    (void)state;
    static const struct {
        int error, exit_code;
    } cases[] = {{ERR_VALUE, EXIT_USAGE}, {ERR_TLS, EXIT_FAIL}, {ERR_IO, EXIT_INFRA},
                 {ERR_INTERNAL, EXIT_INFRA}};
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        struct answer a;
        int kept;
        FILE *err = redirect(stderr, &kept);
        error_clear();
        a.code = cli_fail("x", cases[i].error);
        restore(stderr, kept, err, a.err);
        assert_int_equal(a.code, cases[i].exit_code);
        assert_non_null(strstr(a.err, error_sentence(cases[i].error)));
    }
}

int main(void)
{
    // A folder of keys is made when recipes are listed: never in the user's home.
    char cache[] = "/tmp/hubrig-cache-XXXXXX";
    if (!mkdtemp(cache) || setenv("HUBRIG_CACHE", cache, 1) != 0) {
        return 77;
    }
    setenv("HUBRIG_DATA", HUBRIG_SOURCE_FOLDER, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_counts_good_files_and_leaves_with_0),
        cmocka_unit_test(check_prints_every_mistake_below_a_folder_and_leaves_with_2),
        cmocka_unit_test(the_recipes_that_come_with_hubrig_have_no_mistakes),
        cmocka_unit_test(explain_tells_a_scenario_or_its_mistakes),
        cmocka_unit_test(words_lists_one_table_or_all),
        cmocka_unit_test(explain_log_names_the_cause_before_what_follows_from_it),
        cmocka_unit_test(each_command_says_what_was_wrong_with_its_line),
        cmocka_unit_test(help_goes_to_stdout_and_names_the_exit_codes),
        cmocka_unit_test(options_take_arguments_in_both_forms_and_stop_where_asked),
        cmocka_unit_test(an_error_leaves_with_the_code_of_its_class),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const made[] = {"keys", "devices", ""};
    for (size_t i = 0; i < HR_COUNT_OF(made); i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", cache, made[i]);
        rmdir(path);
    }
    return failed;
}
