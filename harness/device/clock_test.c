// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "harness/device/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char path[64];

// Seconds since 1970 as a program under the false clock sees them, twice: before and after the file
// is rewritten to `second_us` by the program itself.
static void read_clock(int64_t first_us, int64_t second_us, long out[2])
{
    char scratch[512];
    char second_path[80];
    struct buf command HR_CLEANUP(buf_deinit);
    const char *entry = NULL;
    buf_init(&command, 8192);
    assert_int_equal(clock_write(path, first_us), 0);
    snprintf(second_path, sizeof second_path, "%s.next", path);
    assert_int_equal(clock_write(second_path, second_us), 0);
    for (size_t i = 0; (entry = clock_environment(i, path, scratch, sizeof scratch)); i++) {
        assert_int_equal(buf_printf(&command, "%s'%s' ", i ? "" : "env ", entry), 0);
    }
    assert_int_equal(buf_printf(&command, "sh -c 'date +%%s; mv %s %s; date +%%s'", second_path, path), 0);
    FILE *pipe = popen(buf_text(&command), "r");
    assert_int_equal(fscanf(pipe, "%ld %ld", &out[0], &out[1]), 2);
    assert_int_equal(pclose(pipe), 0);
}

static void a_program_sees_the_offset_and_its_change(void **state)
{
    (void)state;
    long seen[2];
    long now = (long)time(NULL);
    read_clock(-(int64_t)(now - 10) * 1000000, INT64_C(-7200) * 1000000, seen);
    assert_in_range(seen[0], 5, 60); // 1970
    assert_in_range(seen[1], now - 7200 - 5, now - 7200 + 60);
}

static void a_clock_may_run_ahead(void **state)
{
    (void)state;
    long seen[2];
    long now = (long)time(NULL);
    read_clock(INT64_C(400000000) * 1000000, 0, seen);
    assert_in_range(seen[0], now + 400000000 - 5, now + 400000000 + 60);
    assert_in_range(seen[1], now - 5, now + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_sees_the_offset_and_its_change),
        cmocka_unit_test(a_clock_may_run_ahead),
    };
    if (!clock_library()) {
        puts("skipped: libfaketime is not installed");
        return 77;
    }
    unsetenv("LD_PRELOAD");
    snprintf(path, sizeof path, "/tmp/hubrig-clock-test-%d", (int)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
