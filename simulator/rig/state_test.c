// SPDX-License-Identifier: MIT
#include "simulator/rig/state.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/scarce.h"
#include "simulator/dps/dps_rig.h"
#include "simulator/hub/access.h"
#include "simulator/hub/c2d.h"
#include "simulator/hub/hub_rig.h"
#include "simulator/hub/twin.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];
static char path[100];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hubrig-state-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hub.state", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

// A hub that stands on the file.
struct kept {
    struct hub_rig rig;
    struct state *state;
};

static void open_kept(struct kept *k)
{
    rig_open(&k->rig);
    assert_return_code(state_open(path, &k->state), 0);
    assert_return_code(state_attach(k->state, k->rig.hub), 0);
}

static void close_kept(struct kept *k)
{
    state_close(k->state);
    rig_close(&k->rig);
}

static const struct identity *find(struct kept *k, const char *name)
{
    return hub_find_identity(k->rig.hub, span_text(name));
}

static void identities_keys_and_flags_come_back(void **state)
{
    (void)state;
    struct kept k;
    char key[100];
    open_kept(&k);
    rig_add(&k.rig, (struct identity){.name = "later", .primary_key = RIG_KEY});
    assert_int_equal(hub_set_disabled(k.rig.hub, "later", true), 0);
    assert_int_equal(hub_roll_key(k.rig.hub, "later", HUB_KEY_SECONDARY, NULL), 0);
    snprintf(key, sizeof key, "%s", find(&k, "later")->secondary_key);
    close_kept(&k);

    open_kept(&k);
    assert_non_null(find(&k, "later"));
    assert_true(find(&k, "later")->is_disabled);
    assert_string_equal(find(&k, "later")->primary_key, RIG_KEY);
    assert_string_equal(find(&k, "later")->secondary_key, key);
    close_kept(&k);
}

static void a_kept_session_comes_back_with_its_filters(void **state)
{
    (void)state;
    struct kept k;
    open_kept(&k);
    const struct identity *id = find(&k, "bench-02");
    hub_session_begin(k.rig.hub, id, false);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("a/#"), 0), 0);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("b/#"), 1), 0);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("a/#"), 1), 0);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("c/#"), 1), 0);
    assert_true(hub_session_unsubscribe(k.rig.hub, id, SPAN_LITERAL("c/#")));
    close_kept(&k);

    open_kept(&k);
    id = find(&k, "bench-02");
    assert_int_equal(hub_session_filter_count(k.rig.hub, id), 2);
    assert_int_equal(hub_session_qos(k.rig.hub, id, SPAN_LITERAL("a/#")), 1);
    assert_int_equal(hub_session_qos(k.rig.hub, id, SPAN_LITERAL("b/#")), 1);
    assert_true(hub_session_begin(k.rig.hub, id, false));
    close_kept(&k);
}

static void a_clean_session_leaves_nothing(void **state)
{
    (void)state;
    struct kept k;
    open_kept(&k);
    const struct identity *id = find(&k, "bench-02");
    hub_session_begin(k.rig.hub, id, false);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("a/#"), 0), 0);
    hub_session_begin(k.rig.hub, id, true);
    assert_int_equal(hub_session_subscribe(k.rig.hub, id, SPAN_LITERAL("b/#"), 0), 0);
    close_kept(&k);

    open_kept(&k);
    id = find(&k, "bench-02");
    assert_false(hub_session_is_kept(k.rig.hub, id));
    assert_int_equal(hub_session_filter_count(k.rig.hub, id), 0);
    close_kept(&k);
}

static void the_second_opener_is_told_who_holds_the_file(void **state)
{
    (void)state;
    struct state *first;
    struct state *second;
    char pid[64];
    snprintf(pid, sizeof pid, "process %ld (state_test)", (long)getpid());
    assert_return_code(state_open(path, &first), 0);
    assert_int_equal(state_open(path, &second), ERR_IN_USE);
    assert_non_null(strstr(error_text(ERR_IN_USE), pid));
    assert_null(second);
    state_close(first);
    assert_return_code(state_open(path, &second), 0);
    state_close(second);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    (void)state;
    struct kept k;
    struct stat st;
    open_kept(&k);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close_kept(&k);
}

static void other_files_are_refused_and_left_alone(void **state)
{
    (void)state;
    struct state *s;
    sqlite3 *db;
    assert_return_code(
        fs_write_file(path, SPAN_LITERAL("this is a text, and no state file at all"), 0600), 0);
    assert_int_equal(state_open(path, &s), ERR_VALUE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(state_open(path, &s), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "another program"));
}

static void a_newer_version_is_refused(void **state)
{
    (void)state;
    struct state *s;
    sqlite3 *db;
    assert_return_code(state_open(path, &s), 0);
    state_close(s);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(state_open(path, &s), ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "version 99"));
}

static void count_failure(void *context)
{
    ++*(int *)context;
}

static void a_change_that_cannot_be_written_is_taken_back(void **state)
{
    (void)state;
    struct kept k;
    int failures = 0;
    sqlite3 *other;
    open_kept(&k);
    state_on_failure(k.state, count_failure, &failures);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    struct identity id = {.name = "lost", .primary_key = RIG_KEY};
    assert_true(hub_add_identity(k.rig.hub, &id) < 0);
    assert_null(find(&k, "lost"));
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(failures, 1);
    assert_non_null(state_failure(k.state));
    assert_true(hub_set_disabled(k.rig.hub, "bench-01", true) < 0); // and nothing more is accepted
    assert_false(find(&k, "bench-01")->is_disabled);
    assert_true(hub_roll_key(k.rig.hub, "bench-01", HUB_KEY_PRIMARY, NULL) < 0);
    assert_string_equal(find(&k, "bench-01")->primary_key, RIG_KEY);
    close_kept(&k);
}

static void a_twin_that_cannot_be_written_is_taken_back_and_the_hub_goes_on(void **state)
{
    (void)state;
    struct kept k;
    int failures = 0;
    int64_t version = 0;
    sqlite3 *other;
    struct buf twin;
    open_kept(&k);
    buf_init(&twin, 1 << 16);
    state_on_failure(k.state, count_failure, &failures);
    const struct identity *id = find(&k, "bench-01");
    const struct span patch = SPAN_LITERAL("{\"a\":1}");
    const char *api = "2021-04-12";
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(hub_twin_report(k.rig.hub, id, api, patch, &version), REASON_INTERNAL);
    assert_int_equal(hub_twin_patch_desired(k.rig.hub, span_text(id->name), patch, &version),
                     REASON_INTERNAL);
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(failures, 0);
    assert_null(state_failure(k.state));
    assert_int_equal(hub_twin_read(k.rig.hub, id, api, &twin, &version), REASON_OK);
    assert_string_equal(buf_text(&twin),
                        "{\"desired\":{\"$version\":1},\"reported\":{\"$version\":1}}");
    assert_not_logged(&k.rig.log, "twin.");
    assert_int_equal(hub_twin_report(k.rig.hub, id, api, patch, &version), REASON_OK);
    assert_int_equal(version, 2); // no version is left out
    buf_deinit(&twin);
    close_kept(&k);
}

static void hubs_keep_their_devices_apart(void **state)
{
    (void)state;
    struct kept k;
    struct hub_settings settings;
    hub_settings_init(&settings, "second.azure-devices.net");
    for (int round = 0; round < 2; round++) {
        open_kept(&k);
        struct hub *second = hub_new(&settings, &k.rig.env, k.rig.journal);
        assert_return_code(state_attach(k.state, second), 0);
        if (round == 0) {
            const struct identity same = {.name = "bench-02", .primary_key = RIG_OTHER_KEY};
            const struct c2d_message m = {.body = SPAN_LITERAL("on")};
            assert_int_equal(hub_add_identity(second, &same), 0);
            assert_int_equal(hub_c2d_send(second, SPAN_LITERAL("bench-02"), &m, NULL), REASON_OK);
            assert_int_equal(hub_c2d_send(k.rig.hub, SPAN_LITERAL("bench-02"), &m, NULL),
                             REASON_OK); // with the same sequence
            assert_int_equal(hub_twin_patch_desired(second, SPAN_LITERAL("bench-02"),
                                                    SPAN_LITERAL("{\"a\":1}"), NULL),
                             REASON_OK);
        }
        struct buf twin HR_CLEANUP(buf_deinit);
        buf_init(&twin, 10000);
        assert_string_equal(find(&k, "bench-02")->primary_key, RIG_KEY);
        assert_string_equal(hub_find_identity(second, SPAN_LITERAL("bench-02"))->primary_key,
                            RIG_OTHER_KEY);
        assert_null(hub_find_identity(second, SPAN_LITERAL("bench-01")));
        assert_int_equal(hub_c2d_count(second, SPAN_LITERAL("bench-02")), 1);
        assert_int_equal(hub_c2d_count(k.rig.hub, SPAN_LITERAL("bench-02")), 1);
        assert_int_equal(hub_twin_export(second, SPAN_LITERAL("bench-02"), &twin), 0);
        assert_non_null(strstr(buf_text(&twin), "\"a\":1"));
        state_close(k.state);
        hub_free(second);
        rig_close(&k.rig);
    }
}

static void run(const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static void a_file_of_version_1_is_taken_over(void **state)
{
    (void)state;
    struct kept k;
    run("CREATE TABLE identity (name TEXT PRIMARY KEY, auth TEXT NOT NULL, primary_key TEXT NOT "
        "NULL,"
        " secondary_key TEXT NOT NULL, primary_thumbprint TEXT NOT NULL,"
        " secondary_thumbprint TEXT NOT NULL, is_disabled INTEGER NOT NULL);"
        "CREATE TABLE session (name TEXT PRIMARY KEY REFERENCES identity (name) ON DELETE CASCADE);"
        "CREATE TABLE filter (number INTEGER PRIMARY KEY, name TEXT NOT NULL REFERENCES session "
        "(name)"
        " ON DELETE CASCADE, filter TEXT NOT NULL, qos INTEGER NOT NULL);"
        "CREATE INDEX filter_by_name ON filter (name);"
        "CREATE TABLE twin (name TEXT PRIMARY KEY REFERENCES identity (name) ON DELETE CASCADE,"
        " json TEXT NOT NULL);"
        "CREATE TABLE c2d (sequence INTEGER PRIMARY KEY, name TEXT NOT NULL REFERENCES identity "
        "(name)"
        " ON DELETE CASCADE, body BLOB NOT NULL, message_id TEXT, correlation_id TEXT, user_id "
        "TEXT,"
        " content_type TEXT, content_encoding TEXT, target TEXT, ack INTEGER, ttl_s INTEGER,"
        " enqueued_us INTEGER, expires_us INTEGER, deliveries INTEGER);"
        "CREATE INDEX c2d_by_name ON c2d (name);"
        "CREATE TABLE c2d_property (number INTEGER PRIMARY KEY, sequence INTEGER NOT NULL "
        "REFERENCES"
        " c2d (sequence) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL);"
        "CREATE INDEX c2d_property_by_message ON c2d_property (sequence);"
        "PRAGMA user_version=1; PRAGMA application_id=1752523378;"
        "INSERT INTO identity VALUES ('old','sas','" RIG_KEY "','" RIG_OTHER_KEY "','','',1);"
        "INSERT INTO session VALUES ('old'); INSERT INTO filter VALUES (1,'old','a/#',1);"
        "INSERT INTO c2d VALUES (7,'old','on','m','','','','','',0,60,1795168980000000,"
        "1795169040000000,0);"
        "INSERT INTO c2d_property VALUES (1,7,'k','v')");
    for (int round = 0; round < 2; round++) { // and read again once it is of version 2
        open_kept(&k);
        const struct identity *id = find(&k, "old");
        assert_non_null(id);
        assert_true(id->is_disabled);
        assert_string_equal(id->secondary_key, RIG_OTHER_KEY);
        assert_int_equal(hub_session_qos(k.rig.hub, id, SPAN_LITERAL("a/#")), 1);
        assert_int_equal(hub_c2d_count(k.rig.hub, SPAN_LITERAL("old")), 1);
        close_kept(&k);
    }
    open_kept(&k);
    assert_int_equal(hub_remove_identity(k.rig.hub, "old"), 0); // all that hangs on it too
    close_kept(&k);
    open_kept(&k);
    assert_null(find(&k, "old"));
    close_kept(&k);
}

static void registrations_that_ended_come_back(void **state)
{
    (void)state;
    struct state *file;
    for (int round = 0; round < 2; round++) {
        struct dps_rig rig;
        struct dps_caller caller;
        struct dps_answer answer;
        const struct dps_settings settings = dps_rig_settings();
        dps_rig_open_with(&rig, &settings);
        struct dps_enrollment e = {
            .name = "bench-01", .primary_key = DPS_RIG_KEY, .allocation = DPS_STATIC};
        snprintf(e.hubs[0], sizeof e.hubs[0], "%s.azure-devices.net", round ? "two" : "one");
        dps_rig_enroll(&rig, e);
        assert_return_code(state_open(path, &file), 0);
        assert_return_code(state_attach_dps(file, rig.dps), 0);
        assert_int_equal(dps_rig_connect(&rig, "bench-01", DPS_RIG_KEY, &caller), REASON_OK);
        dps_answer_init(&answer);
        dps_register(rig.dps, &caller, SPAN_LITERAL("{}"), &answer);
        assert_int_equal(answer.status, 202);
        rig.fake.mono_us += 1000000;
        dps_tick(rig.dps);
        assert_string_equal(rig.placed,
                            round ? "bench-01 at two.azure-devices.net from one.azure-devices.net "
                                    "with data"
                                  : "bench-01 at one.azure-devices.net from nowhere");
        dps_answer_deinit(&answer);
        dps_caller_deinit(&caller);
        state_close(file);
        dps_rig_close(&rig);
    }
}

// A child adds identities, says each once it is accepted, and is killed at some point.
static int run_child(int says)
{
    struct kept k;
    open_kept(&k);
    for (int i = 0;; i++) {
        struct identity id = {.primary_key = RIG_KEY};
        snprintf(id.name, sizeof id.name, "storm-%d", i);
        if (hub_add_identity(k.rig.hub, &id) < 0 || write(says, &i, sizeof i) != sizeof i) {
            return 1;
        }
    }
}

static void what_was_accepted_survives_kill_9(void **state)
{
    (void)state;
    struct kept k;
    for (int round = 1; round <= 5; round++) {
        int pair[2];
        int last = -1;
        assert_int_equal(pipe(pair), 0);
        pid_t pid = fork();
        if (pid == 0) {
            close(pair[0]);
            unlink(path);
            _exit(run_child(pair[1]));
        }
        close(pair[1]);
        while (last < round * 7 && read(pair[0], &last, sizeof last) == sizeof last) {
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(pair[0], &last, sizeof last) == sizeof last) {
        }
        close(pair[0]);
        open_kept(&k);
        for (int i = 0; i <= last; i++) {
            char name[32];
            snprintf(name, sizeof name, "storm-%d", i);
            assert_non_null(find(&k, name));
        }
        close_kept(&k);
        char command[120];
        snprintf(command, sizeof command, "rm -f %s*", path);
        assert_int_equal(system(command), 0);
    }
}

struct accepted {
    bool is_added, is_subscribed, is_sent, is_patched;
};

static void change_some(struct kept *k, struct accepted *a)
{
    const struct identity later = {.name = "later", .primary_key = RIG_KEY};
    const struct c2d_message m = {.body = SPAN_LITERAL("on")};
    const struct span name = span_text(later.name);
    a->is_added = hub_add_identity(k->rig.hub, &later) == 0;
    const struct identity *id = find(k, later.name);
    if (!id) {
        return;
    }
    hub_session_begin(k->rig.hub, id, false);
    a->is_subscribed = hub_session_subscribe(k->rig.hub, id, SPAN_LITERAL("a/#"), 1) == 0;
    a->is_sent = hub_c2d_send(k->rig.hub, name, &m, NULL) == REASON_OK;
    a->is_patched =
        hub_twin_patch_desired(k->rig.hub, name, SPAN_LITERAL("{\"a\":1}"), NULL) == REASON_OK;
}

static void expect_accepted(const struct accepted *a)
{
    struct kept k;
    struct buf twin;
    buf_init(&twin, 1 << 16);
    open_kept(&k);
    const struct identity *id = find(&k, "later");
    assert_true(!a->is_added || id);
    if (id) {
        assert_true(!a->is_subscribed || hub_session_qos(k.rig.hub, id, SPAN_LITERAL("a/#")) == 1);
        assert_true(!a->is_sent || hub_c2d_count(k.rig.hub, span_text("later")) == 1);
        assert_int_equal(hub_twin_get_json(k.rig.hub, span_text("later"), &twin), REASON_OK);
        assert_true(!a->is_patched || strstr(buf_text(&twin), "\"a\":1"));
    }
    close_kept(&k);
    buf_deinit(&twin);
}

static void live_on_a_file(void *context)
{
    struct kept k = {0};
    struct accepted a = {0};
    (void)context;
    rig_open(&k.rig);
    journal_unlisten(k.rig.journal, event_log_add, &k.rig.log);
    scarce_begin();
    if (state_open(path, &k.state) == 0 && state_attach(k.state, k.rig.hub) == 0) {
        change_some(&k, &a);
    }
    scarce_end();
    close_kept(&k);
    assert_true(scarce_has_failed() || (a.is_added && a.is_subscribed && a.is_sent && a.is_patched));
    expect_accepted(&a);
    unlink(path);
}

static void without_memory_nothing_that_was_accepted_is_lost(void **state)
{
    (void)state;
    assert_true(scarce_live(live_on_a_file, NULL) > 8);
}

int main(void)
{
#define KEPT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        KEPT(identities_keys_and_flags_come_back),
        KEPT(a_kept_session_comes_back_with_its_filters),
        KEPT(a_clean_session_leaves_nothing),
        KEPT(the_second_opener_is_told_who_holds_the_file),
        KEPT(the_file_is_for_its_owner_alone),
        KEPT(other_files_are_refused_and_left_alone),
        KEPT(a_newer_version_is_refused),
        KEPT(a_twin_that_cannot_be_written_is_taken_back_and_the_hub_goes_on),
        KEPT(a_change_that_cannot_be_written_is_taken_back),
        KEPT(hubs_keep_their_devices_apart),
        KEPT(a_file_of_version_1_is_taken_over),
        KEPT(registrations_that_ended_come_back),
        KEPT(what_was_accepted_survives_kill_9),
        KEPT(without_memory_nothing_that_was_accepted_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
