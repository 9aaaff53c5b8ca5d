// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/scenario/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_suite_is_all_scenarios_below_a_folder_in_order(void **state)
{
    (void)state;
    char folder[] = "/tmp/hubrig-suite-XXXXXX";
    char path[200];
    static const char *const names[] = {"b/two.scn",    "b/note.txt",     "a/one.scn",
                                        ".hidden.scn", "e/verdict.json", "e/scenario.scn"};
    char **files = NULL;
    size_t count = 0;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%c", folder, names[i][0]);
        assert_int_equal(names[i][0] == '.' ? 0 : fs_make_folder(path, 0700), 0);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(fs_write_file(path, SPAN_LITERAL("scenario x\n"), 0600), 0);
    }
    assert_int_equal(suite_files(folder, &files, &count), 0);
    assert_int_equal(count, 2);
    assert_non_null(strstr(files[0], "/a/one.scn"));
    assert_non_null(strstr(files[1], "/b/two.scn"));
    suite_free(files, count);
    snprintf(path, sizeof path, "%s/e", folder); // a run has left it; taken when it is meant
    assert_int_equal(suite_files(path, &files, &count), 0);
    assert_int_equal(count, 1);
    suite_free(files, count);
    snprintf(path, sizeof path, "%s/b/none", folder);
    assert_int_equal(suite_files(path, &files, &count), ERR_NO_FILE);
    assert_int_equal(fs_make_folder(path, 0700), 0);
    assert_int_equal(suite_files(path, &files, &count), ERR_NO_FILE);
    assert_int_equal(rmdir(path), 0);
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/a", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/b", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/e", folder);
    rmdir(path);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suite_is_all_scenarios_below_a_folder_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
