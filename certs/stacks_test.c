// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[] = "/tmp/hubrig-stacks-test-XXXXXX";

static void write_table(const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/certs", folder);
    assert_int_equal(fs_make_folder(path, 0755), 0);
    snprintf(path, sizeof path, "%s/certs/stacks.tsv", folder);
    assert_int_equal(fs_write_file(path, span_text(text), 0644), 0);
    setenv("HUBRIG_DATA", folder, 1);
}

static const char small[] = "#alpha\tAlpha 1\nid\tverdict\talerts\talpha\tbeta\n"
                            "x-bad\treject\tbad_certificate\taccept\tbad_certificate\n"
                            "x-good\taccept\t\tsilent\taccept\n"
                            "x-odd\tfree\t\taccept\taccept\n";

static void expect_accepting(const char *id, const char *libraries)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(stacks_accepting(id, &out), 0);
    assert_string_equal(buf_text(&out), libraries);
    buf_deinit(&out);
}

static void the_libraries_that_accept_a_row_are_named(void **state)
{
    (void)state;
    write_table(small);
    expect_accepting("x-bad", "alpha");
    expect_accepting("x-odd", "alpha, beta");
    expect_accepting("x", ""); // no row
}

static void a_library_differs_both_ways_and_free_rows_do_not_count(void **state)
{
    (void)state;
    struct buf through, refuses;
    write_table(small);
    buf_init(&through, 1000);
    buf_init(&refuses, 1000);
    assert_int_equal(stacks_differences("alpha", &through, &refuses), 0);
    assert_string_equal(buf_text(&through), "x-bad");
    assert_string_equal(buf_text(&refuses), "x-good");
    buf_clear(&through);
    buf_clear(&refuses);
    assert_int_equal(stacks_differences("beta", &through, &refuses), 0);
    assert_string_equal(buf_text(&through), "");
    assert_string_equal(buf_text(&refuses), "");
    assert_int_equal(stacks_differences("gamma", &through, &refuses), ERR_UNKNOWN_NAME);
    buf_deinit(&through);
    buf_deinit(&refuses);
}

static void a_damaged_table_is_named(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    write_table("no table\n");
    assert_int_equal(stacks_accepting("x", &out), ERR_SYNTAX);
    assert_non_null(strstr(error_text(ERR_SYNTAX), "stacks.tsv"));
    buf_deinit(&out);
}

static void the_shipped_table_knows_what_was_measured(void **state)
{
    (void)state;
    unsetenv("HUBRIG_DATA");
    expect_accepting("k-md5", "wolfssl");
    expect_accepting("t-leaf-expired", "");
    expect_accepting("base", "openssl, gnutls, mbedtls, wolfssl, bearssl");
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_libraries_that_accept_a_row_are_named),
        cmocka_unit_test(a_library_differs_both_ways_and_free_rows_do_not_count),
        cmocka_unit_test(a_damaged_table_is_named),
        cmocka_unit_test(the_shipped_table_knows_what_was_measured),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
