// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/device/process.h"
#include "harness/device/output.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

struct fixture {
    uv_loop_t loop;
    struct env env;
    struct journal *journal;
    struct buf seen; // one line per event
    char log_path[64];
    struct process *process;
    bool has_exited;
    int awaited_lines; // device.output events still wanted
    bool goes_on;      // the next start writes behind what the log has
};

static void on_event(void *context, const struct event *e)
{
    struct fixture *f = context;
    char text[64];
    if (e->type == EVENT_DEVICE_EXITED) {
        f->has_exited = true;
    }
    if (e->type == EVENT_DEVICE_OUTPUT) {
        f->awaited_lines--;
        assert_int_equal(buf_printf(&f->seen, "%s\n", event_value(e, "text", text, sizeof text)), 0);
    } else {
        assert_int_equal(event_to_text(e, &f->seen), 0);
        assert_int_equal(buf_append_u8(&f->seen, '\n'), 0);
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    uv_loop_init(&f->loop);
    f->env = env_system();
    f->journal = journal_new(&f->env);
    buf_init(&f->seen, 16 << 20);
    snprintf(f->log_path, sizeof f->log_path, "/tmp/hubrig-process-test-%d", (int)getpid());
    assert_int_equal(journal_listen(f->journal, on_event, f), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    process_free(f->process);
    journal_free(f->journal);
    buf_deinit(&f->seen);
    unlink(f->log_path);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    free(f);
    return 0;
}

static int start(struct fixture *f, const char *program, const char *script)
{
    char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)"-c", (char *)(uintptr_t)script, NULL};
    struct process_settings settings = {.loop = &f->loop,
                                        .env = &f->env,
                                        .journal = f->journal,
                                        .argv = argv,
                                        .envp = environ,
                                        .log_path = f->log_path,
                                        .command_text = "a test",
                                        .clock_text = "machine",
                                        .goes_on = f->goes_on};
    return process_start(&settings, &f->process);
}

static void run_until_exit(struct fixture *f)
{
    while (!f->has_exited) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
}

static void output_of_both_streams_is_kept_before_the_exit(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "sh", "echo one; echo two >&2; printf three; exit 7"), 0);
    run_until_exit(f);
    const char *seen = buf_text(&f->seen);
    assert_non_null(strstr(seen, "one\n"));
    assert_non_null(strstr(seen, "two\n"));
    assert_non_null(strstr(seen, "device.exited code=7 signal=\"\" asked=false"));
    process_free(f->process);
    f->process = NULL;
    struct buf log HR_CLEANUP(buf_deinit);
    buf_init(&log, 10000);
    assert_int_equal(fs_read_file(f->log_path, &log), 0);
    assert_non_null(strstr(buf_text(&log), " out| one\n"));
    assert_non_null(strstr(buf_text(&log), " err| two\n"));
    assert_non_null(strstr(buf_text(&log), " out| three\n")); // without a line end
}

static void a_missing_program_is_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "/nonexistent/device", ""), ERR_SPAWN);
    assert_non_null(strstr(error_text(ERR_SPAWN), "/nonexistent/device"));
    assert_int_equal(start(f, "no-such-program-anywhere", ""), ERR_SPAWN);
    assert_non_null(strstr(error_text(ERR_SPAWN), "no such program in PATH"));
    assert_int_equal(start(f, "/etc/hostname", ""), ERR_SPAWN); // not executable
}

static void stop_ends_a_program_that_ignores_sigterm(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "sh", "trap '' TERM; echo ready; while :; do sleep 1; done"), 0);
    f->awaited_lines = 1;
    while (f->awaited_lines > 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    process_stop(f->process, 50000);
    run_until_exit(f);
    assert_non_null(strstr(buf_text(&f->seen), "signal=SIGKILL asked=true"));
}

static void nothing_survives_not_even_what_left_the_process_group(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "sh", "setsid sleep 1000 & echo $!; setsid sh -c 'sleep 1000 & echo $!; wait' & wait"),
                     0);
    f->awaited_lines = 2;
    while (f->awaited_lines > 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    process_free(f->process);
    f->process = NULL;
    struct span rest = buf_span(&f->seen);
    size_t checked = 0;
    while (rest.len > 0) {
        uint64_t pid = 0;
        if (span_parse_u64(span_cut(rest, '\n', &rest), &pid) == 0) {
            assert_int_not_equal(kill((pid_t)pid, 0), 0);
            checked++;
        }
    }
    assert_int_equal(checked, 2);
}

static void a_flood_of_output_is_cut_and_the_program_goes_on(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "sh", "head -c 30000000 /dev/zero | tr '\\0' x; exit 3"), 0);
    run_until_exit(f);
    assert_true(process_output_bytes(f->process) == 30000000);
    assert_non_null(strstr(buf_text(&f->seen), "device.output_cut"));
    assert_non_null(strstr(buf_text(&f->seen), "code=3"));
    process_free(f->process);
    f->process = NULL;
    struct buf log HR_CLEANUP(buf_deinit);
    buf_init(&log, OUTPUT_LOG_BYTES_MOST + 1000);
    assert_int_equal(fs_read_file(f->log_path, &log), 0);
}

static void a_cut_is_asked_for_and_the_next_life_goes_on_in_the_same_log(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "sh", "trap '' TERM; echo first; while :; do sleep 1; done"), 0);
    f->awaited_lines = 1;
    while (f->awaited_lines > 0) {
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    process_kill(f->process);
    run_until_exit(f);
    assert_non_null(strstr(buf_text(&f->seen), "device.exited code=-1 signal=SIGKILL asked=true"));
    process_free(f->process);
    f->goes_on = true;
    f->has_exited = false;
    assert_int_equal(start(f, "sh", "echo second"), 0);
    run_until_exit(f);
    struct buf log HR_CLEANUP(buf_deinit);
    buf_init(&log, 10000);
    assert_int_equal(fs_read_file(f->log_path, &log), 0);
    const char *first = strstr(buf_text(&log), " out| first\n");
    assert_non_null(first);
    assert_non_null(strstr(first, " out| second\n"));
}

static void an_early_exit_is_seen(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(start(f, "true", ""), 0);
    run_until_exit(f);
    assert_non_null(strstr(buf_text(&f->seen), "device.exited code=0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(output_of_both_streams_is_kept_before_the_exit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_program_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stop_ends_a_program_that_ignores_sigterm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_survives_not_even_what_left_the_process_group, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_flood_of_output_is_cut_and_the_program_goes_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_cut_is_asked_for_and_the_next_life_goes_on_in_the_same_log, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_early_exit_is_seen, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
