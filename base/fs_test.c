// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/hubrig-fs-test-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

static const char *in_folder(const char *name)
{
    static char path[PATH_MAX];
    assert_int_equal(fs_join(path, sizeof path, folder, name), 0);
    return path;
}

static void a_joined_path_has_no_dots_and_no_double_slash(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a", "b", "a/b"},     {"a/", "b", "a/b"},       {"/", "b", "/b"},        {"a", "./b/c", "a/b/c"},
        {"a", "././b", "a/b"}, {"a", ".", "a"},          {"a", "./", "a"},        {"a", ".b", "a/.b"},
        {"a", "../b", "a/../b"},
    };
    char path[PATH_MAX];
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        assert_int_equal(fs_join(path, sizeof path, cases[i][0], cases[i][1]), 0);
        assert_string_equal(path, cases[i][2]);
    }
}

static void a_path_in_a_file_leads_from_its_folder(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"a.hub", "b", "b"},         {"x/a.hub", "b", "x/b"},   {"/a.hub", "b", "/b"},
        {"x/a.hub", "./b", "x/b"},   {"x/a.hub", "/b", "/b"},   {"x/a.hub", "../b", "x/../b"},
    };
    char path[PATH_MAX];
    for (size_t i = 0; i < HR_COUNT_OF(cases); i++) {
        assert_int_equal(fs_beside(path, sizeof path, cases[i][0], cases[i][1]), 0);
        assert_string_equal(path, cases[i][2]);
    }
    assert_int_equal(fs_beside(path, 4, "x/a.hub", "bc"), ERR_TOO_BIG);
}

static void a_file_reads_back_as_written_with_its_mode(void **state)
{
    (void)state;
    assert_int_equal(fs_make_folder(in_folder("a/b/c"), 0700), 0);
    assert_int_equal(fs_make_folder(in_folder("a/b/c"), 0700), 0);
    assert_int_equal(fs_write_file(in_folder("a/b/c/key"), SPAN_LITERAL("secret"), 0600), 0);
    struct stat st;
    assert_int_equal(stat(in_folder("a/b/c/key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(fs_read_file(in_folder("a/b/c/key"), &b), 0);
    assert_string_equal(buf_text(&b), "secret");
    buf_deinit(&b);
}

static void a_file_over_the_cap_is_refused_and_one_at_the_cap_is_read(void **state)
{
    (void)state;
    assert_int_equal(fs_write_file(in_folder("six"), SPAN_LITERAL("123456"), 0600), 0);
    struct buf b;
    buf_init(&b, 5);
    assert_int_equal(fs_read_file(in_folder("six"), &b), ERR_TOO_BIG);
    buf_deinit(&b);
    buf_init(&b, 6);
    assert_int_equal(fs_read_file(in_folder("six"), &b), 0);
    buf_deinit(&b);
}

static void a_failed_write_leaves_the_old_file_and_no_litter(void **state)
{
    (void)state;
    assert_int_equal(fs_write_file(in_folder("no/such/folder/x"), SPAN_LITERAL("x"), 0600), ERR_NO_FILE);
    assert_non_null(strstr(error_text(ERR_NO_FILE), "no/such/folder/x"));
    assert_int_equal(fs_make_folder(in_folder("target"), 0700), 0);
    assert_int_equal(fs_make_folder(in_folder("target/full"), 0700), 0);
    assert_true(fs_write_file(in_folder("target"), SPAN_LITERAL("x"), 0600) < 0);
    assert_true(fs_is_folder(in_folder("target")));
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(fs_write_file(in_folder("plain"), SPAN_LITERAL("x"), 0600), 0);
    assert_true(fs_make_folder(in_folder("plain/below"), 0700) < 0);
}

static void the_data_folder_can_be_given(void **state)
{
    (void)state;
    setenv("HUBRIG_DATA", "/somewhere", 1);
    assert_string_equal(fs_data_folder(), "/somewhere");
    unsetenv("HUBRIG_DATA");
    char path[PATH_MAX];
    assert_int_equal(fs_join(path, sizeof path, fs_data_folder(), "suites"), 0);
    assert_true(fs_is_folder(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_joined_path_has_no_dots_and_no_double_slash),
        cmocka_unit_test(a_path_in_a_file_leads_from_its_folder),
        cmocka_unit_test(a_file_reads_back_as_written_with_its_mode),
        cmocka_unit_test(a_file_over_the_cap_is_refused_and_one_at_the_cap_is_read),
        cmocka_unit_test(a_failed_write_leaves_the_old_file_and_no_litter),
        cmocka_unit_test(a_file_in_the_way_of_a_folder_is_an_error),
        cmocka_unit_test(the_data_folder_can_be_given),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
