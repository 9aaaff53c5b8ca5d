// SPDX-License-Identifier: MIT
#include "harness/dialects/dialect.h"
#include "base/error.h"
#include "base/test.h"
#include "harness/scenario/plan.h"

#include <string.h>

#define FOLDER HUBRIG_SOURCE_FOLDER "/harness/dialects"

static struct dialects *load(const char *path)
{
    struct dialects *d = NULL;
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 100000);
    diag_init(&diags);
    int code = dialects_load(path, &d, &diags);
    assert_int_equal(diag_print(&diags, &text), 0);
    if (code < 0) {
        fail_msg("%s%s", buf_text(&text), error_text(code));
    }
    diag_deinit(&diags);
    return d;
}

static void every_pattern_has_a_sample_that_it_alone_reads(void **state)
{
    (void)state;
    char **files = NULL;
    size_t count = 0;
    assert_int_equal(suite_files_of(FOLDER, ".dialect", &files, &count), 0);
    assert_true(count >= 12);
    for (size_t f = 0; f < count; f++) {
        struct dialects *d = load(files[f]);
        assert_true(dialects_count(d) > 0);
        for (size_t i = 0; i < dialects_count(d); i++) {
            struct log_rule r = dialects_rule(d, i);
            struct log_hit hit;
            if (!r.sample[0] || !dialects_read(d, span_text(r.sample), &hit) || hit.rule != i) {
                fail_msg("%s: '%s' does not read its sample '%s'", files[f], r.pattern, r.sample);
            }
            assert_true(strlen(r.meaning) > 0);
        }
        dialects_free(d);
    }
    suite_free(files, count);
}

// Whichever dialect speaks first, the cause must be the same: nobody tells us what the device runs.
static void all_dialects_together_read_each_sample_alike(void **state)
{
    (void)state;
    struct dialects *all = load(FOLDER);
    bool is_alike = true;
    for (size_t i = 0; i < dialects_count(all); i++) {
        struct log_rule r = dialects_rule(all, i);
        struct log_hit hit;
        assert_true(dialects_read(all, span_text(r.sample), &hit));
        if (strcmp(hit.cause, r.cause) != 0) {
            print_error("%s: '%s' is of %s, but %s says %s\n", r.dialect, r.sample, r.cause,
                        hit.dialect, hit.cause);
            is_alike = false;
        }
    }
    assert_true(is_alike);
    dialects_free(all);
}

static void lines_of_other_things_are_not_read(void **state)
{
    (void)state;
    static const char *const lines[] = {"", "hello", "temperature: -22 degrees", "rssi -111",
                                        "I (321) wifi: connected", "value = 5", "sent 2700 bytes"};
    struct dialects *d = load(FOLDER);
    for (size_t i = 0; i < HR_COUNT_OF(lines); i++) {
        struct log_hit hit;
        if (dialects_read(d, span_text(lines[i]), &hit)) {
            fail_msg("'%s' was taken for %s: %s", lines[i], hit.dialect, hit.meaning);
        }
    }
    dialects_free(d);
}

static void colours_and_binary_noise_do_not_hide_a_line(void **state)
{
    (void)state;
    struct dialects *d = load(FOLDER "/mbedtls.dialect");
    struct log_hit hit;
    static const char noisy[] = "\x00\xff\x1b[0;31mE (1) tls: \x1b[1mfailed -0x71\x00"
                                "00\x1b[0m\r\n";
    assert_true(dialects_read(d, span_of(noisy, sizeof noisy - 1), &hit));
    assert_string_equal(hit.code, "-0x7100");
    assert_string_equal(hit.cause, "memory");
    dialects_free(d);
}

static void groups_fill_the_code(void **state)
{
    (void)state;
    struct dialects *d = dialects_new();
    struct diag_list diags;
    struct log_hit hit;
    diag_init(&diags);
    assert_int_equal(dialects_parse(d, "a", SPAN_LITERAL("dialect a\n"
                                                         "match \"rc=([0-9]+)(x)?\" event log.error "
                                                         "code=rc-$1$2$9 cause=dns meaning m try t\n"),
                                    &diags),
                     0);
    assert_true(dialects_read(d, SPAN_LITERAL("rc=17"), &hit));
    assert_string_equal(hit.code, "rc-17");
    assert_string_equal(hit.dialect, "a");
    assert_string_equal(hit.try_text, "t");
    assert_int_equal(hit.type, EVENT_LOG_ERROR);
    assert_false(dialects_read(d, SPAN_LITERAL("rc=x"), &hit));
    diag_deinit(&diags);
    dialects_free(d);
}

static void each_mistake_has_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mistake;
    } rows[] = {
        {"match x event log.error cause=dns meaning m", "a:1:1: the first statement must be: dialect NAME"},
        {"dialect a\nmatch \"(\" event log.error cause=dns meaning m", "a:2:7: the pattern cannot be read"},
        {"dialect a\nmatch x event log.warn cause=dns meaning m", "expected: match"},
        {"dialect a\nmatch x", "expected: match"},
        {"dialect a\nmatch x event log.error cause=dsn meaning m", "unknown cause 'dsn' (did you mean dns?)"},
        {"dialect a\nmatch x event log.error meaning m", "cause=... is missing"},
        {"dialect a\nmatch x event log.error cause=dns", "meaning \"...\" is missing"},
        {"dialect a\nmatch x event log.error cause=dns sense m", "expected code=..., cause=..."},
        {"dialect a\nmatch x event log.error cause=dns meaning", "expected code=..., cause=..."},
        {"dialect a\nsample x", "a sample stands behind its match"},
        {"dialect a\nmatch x event log.state meaning m\nsample x\nsample y", "a sample stands behind"},
        {"dialect a\nmacth x", "unknown statement 'macth' (did you mean match?)"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct dialects *d = dialects_new();
        struct diag_list diags;
        struct buf text HR_CLEANUP(buf_deinit);
        buf_init(&text, 10000);
        diag_init(&diags);
        assert_int_equal(dialects_parse(d, "a", span_text(rows[i].text), &diags), ERR_SYNTAX);
        assert_int_equal(diag_print(&diags, &text), 0);
        if (!strstr(buf_text(&text), rows[i].mistake)) {
            assert_string_equal(buf_text(&text), rows[i].mistake);
        }
        diag_deinit(&diags);
        dialects_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_has_a_sample_that_it_alone_reads),
        cmocka_unit_test(all_dialects_together_read_each_sample_alike),
        cmocka_unit_test(lines_of_other_things_are_not_read),
        cmocka_unit_test(colours_and_binary_noise_do_not_hide_a_line),
        cmocka_unit_test(groups_fill_the_code),
        cmocka_unit_test(each_mistake_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
