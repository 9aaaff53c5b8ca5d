// SPDX-License-Identifier: MIT
#include "simulator/rig/state.h"
#include "base/error.h"
#include "base/fs.h"
#include "simulator/rig/state_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_VERSION = 2, FIRST_VERSION = 1, APPLICATION_ID = 0x68756272 }; // "hubr"

static const char *const statement_texts[STATEMENT_COUNT] = {
    // ?1 is the hub where there is one
    [PUT_IDENTITY] =
        "INSERT INTO identity VALUES (?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT (hub, name) DO UPDATE "
        "SET auth=?3, primary_key=?4, secondary_key=?5, primary_thumbprint=?6, "
        "secondary_thumbprint=?7, is_disabled=?8",
    [DROP_IDENTITY] = "DELETE FROM identity WHERE hub=?1 AND name=?2",
    [DROP_SESSION] = "DELETE FROM session WHERE hub=?1 AND name=?2",
    [PUT_SESSION] = "INSERT INTO session VALUES (?1,?2)",
    [PUT_FILTER] = "INSERT INTO filter (hub, name, filter, qos) VALUES (?1,?2,?3,?4)",
    [PUT_TWIN] = "INSERT INTO twin VALUES (?1,?2,?3) ON CONFLICT (hub, name) DO UPDATE SET json=?3",
    [DROP_MESSAGES] = "DELETE FROM c2d WHERE hub=?1 AND name=?2",
    [PUT_MESSAGE] =
        "INSERT INTO c2d VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
    [PUT_PROPERTY] = "INSERT INTO c2d_property (hub, sequence, name, value) VALUES (?1,?2,?3,?4)",
    [GET_TWINS] = "SELECT name, json FROM twin WHERE hub=?1",
    [GET_MESSAGES] = ("SELECT sequence, name, body, message_id, correlation_id, user_id, "
                      "content_type, content_encoding, target, ack, ttl_s, enqueued_us, "
                      "expires_us, deliveries, input FROM c2d WHERE hub=?1 ORDER BY sequence"),
    [GET_PROPERTIES] =
        "SELECT name, value FROM c2d_property WHERE hub=?1 AND sequence=?2 ORDER BY number",
    [GET_IDENTITIES] = ("SELECT name, auth, primary_key, secondary_key, primary_thumbprint, "
                        "secondary_thumbprint, is_disabled FROM identity WHERE hub=?1 "
                        "ORDER BY rowid"),
    [GET_SESSIONS] = "SELECT name FROM session WHERE hub=?1",
    [GET_FILTERS] = "SELECT filter, qos FROM filter WHERE hub=?1 AND name=?2 ORDER BY number",
    [PUT_REGISTRATION] =
        "INSERT INTO registration VALUES (?2,?3) ON CONFLICT (id) DO UPDATE SET json=?3",
    [GET_REGISTRATIONS] = "SELECT json FROM registration ORDER BY rowid",
};

static const char schema[] =
    "CREATE TABLE registration (id TEXT PRIMARY KEY, json TEXT NOT NULL);"
    "CREATE TABLE identity (hub TEXT NOT NULL, name TEXT NOT NULL, auth TEXT NOT NULL,"
    " primary_key TEXT NOT NULL, secondary_key TEXT NOT NULL, primary_thumbprint TEXT NOT NULL,"
    " secondary_thumbprint TEXT NOT NULL, is_disabled INTEGER NOT NULL, PRIMARY KEY (hub, name));"
    "CREATE TABLE session (hub TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (hub, name),"
    " FOREIGN KEY (hub, name) REFERENCES identity ON DELETE CASCADE);"
    "CREATE TABLE filter (number INTEGER PRIMARY KEY, hub TEXT NOT NULL, name TEXT NOT NULL,"
    " filter TEXT NOT NULL, qos INTEGER NOT NULL,"
    " FOREIGN KEY (hub, name) REFERENCES session ON DELETE CASCADE);"
    "CREATE INDEX filter_by_name ON filter (hub, name);"
    "CREATE TABLE twin (hub TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,"
    " PRIMARY KEY (hub, name), FOREIGN KEY (hub, name) REFERENCES identity ON DELETE CASCADE);"
    "CREATE TABLE c2d (hub TEXT NOT NULL, sequence INTEGER NOT NULL, name TEXT NOT NULL,"
    " body BLOB NOT NULL, message_id TEXT, correlation_id TEXT, user_id TEXT,"
    " content_type TEXT, content_encoding TEXT, target TEXT, ack INTEGER, ttl_s INTEGER,"
    " enqueued_us INTEGER, expires_us INTEGER, deliveries INTEGER, input TEXT, PRIMARY KEY (hub, "
    "sequence),"
    " FOREIGN KEY (hub, name) REFERENCES identity ON DELETE CASCADE);"
    "CREATE INDEX c2d_by_name ON c2d (hub, name);"
    "CREATE TABLE c2d_property (number INTEGER PRIMARY KEY, hub TEXT NOT NULL,"
    " sequence INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,"
    " FOREIGN KEY (hub, sequence) REFERENCES c2d ON DELETE CASCADE);"
    "CREATE INDEX c2d_property_by_message ON c2d_property (hub, sequence);";

// Version 1 knew one hub.
static const char upgrade_before[] =
    "DROP INDEX filter_by_name; DROP INDEX c2d_by_name; DROP INDEX c2d_property_by_message;"
    "ALTER TABLE identity RENAME TO identity_1; ALTER TABLE session RENAME TO session_1;"
    "ALTER TABLE filter RENAME TO filter_1; ALTER TABLE twin RENAME TO twin_1;"
    "ALTER TABLE c2d RENAME TO c2d_1; ALTER TABLE c2d_property RENAME TO c2d_property_1;";
static const char upgrade_after[] =
    "INSERT INTO identity SELECT '', * FROM identity_1 ORDER BY rowid;"
    "INSERT INTO session SELECT '', * FROM session_1;"
    "INSERT INTO filter SELECT number, '', name, filter, qos FROM filter_1;"
    "INSERT INTO twin SELECT '', * FROM twin_1; INSERT INTO c2d SELECT '', *, '' FROM c2d_1;"
    "INSERT INTO c2d_property SELECT number, '', sequence, name, value FROM c2d_property_1;"
    "DROP TABLE c2d_property_1; DROP TABLE c2d_1; DROP TABLE twin_1; DROP TABLE filter_1;"
    "DROP TABLE session_1; DROP TABLE identity_1;";

static const char *const auth_words[] = {
    [HUB_AUTH_SAS] = "sas",
    [HUB_AUTH_THUMBPRINT] = "thumbprint",
    [HUB_AUTH_CA] = "ca",
};

static int fail_sql(const struct state *s, const char *doing)
{
    int code = sqlite3_errcode(s->db) & 0xff;
    FAIL(code == SQLITE_FULL     ? ERR_NO_SPACE
         : code == SQLITE_NOMEM  ? ERR_NO_MEMORY
         : code == SQLITE_NOTADB ? ERR_VALUE
                                 : ERR_IO,
         "%s: cannot %s: %s", s->path, doing, sqlite3_errmsg(s->db));
}

static int run_sql(const struct state *s, const char *sql, const char *doing)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sql(s, doing);
}

// ---- the lock

static int fail_held(const char *path, int fd)
{
    char who[200] = "";
    ssize_t n = pread(fd, who, sizeof who - 1, 0);
    struct span line = span_trim(span_of(who, n > 0 ? (size_t)n : 0));
    if (line.len == 0) {
        line = SPAN_LITERAL("another process");
    }
    FAIL(ERR_IN_USE, "%s is held by %.*s; stop it, or give this hub a state file of its own", path,
         SPAN_ARG(line));
}

static void say_holder(int fd)
{
    char program[PATH_MAX];
    char line[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(program, '/');
    int len = snprintf(line, sizeof line, "process %ld (%s)\n", (long)getpid(),
                       slash ? slash + 1 : program);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, (size_t)len, 0) != len) {
        return; // the lock holds without its text
    }
}

static int take_lock(struct state *s)
{
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s.lock", s->path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot open %s: %s", path, strerror(errnum));
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        return fail_held(s->path, s->lock);
    }
    say_holder(s->lock);
    return 0;
}

// ---- opening

static int read_number(const struct state *s, const char *sql, int *out)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW) {
        int code = fail_sql(s, "read it");
        sqlite3_finalize(statement);
        return code;
    }
    *out = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return 0;
}

static int make_tables(const struct state *s, const char *before, const char *after)
{
    char sql[sizeof upgrade_before + sizeof schema + sizeof upgrade_after + 160];
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; %s %s %s PRAGMA user_version=%d; PRAGMA application_id=%d; COMMIT",
             before, schema, after, STATE_VERSION, APPLICATION_ID);
    return run_sql(s, sql, "make its tables");
}

static int check_version(const struct state *s)
{
    int version = 0;
    int application = 0;
    int tables = 0;
    TRY(read_number(s, "PRAGMA user_version", &version));
    TRY(read_number(s, "PRAGMA application_id", &application));
    TRY(read_number(s, "SELECT count(*) FROM sqlite_schema", &tables));
    if (tables == 0) {
        return make_tables(s, "", "");
    }
    if (application == APPLICATION_ID && version == FIRST_VERSION) {
        return make_tables(s, upgrade_before, upgrade_after);
    }
    if (application != APPLICATION_ID) {
        FAIL(ERR_VALUE, "%s is a database of another program; name another file", s->path);
    }
    if (version != STATE_VERSION) {
        FAIL(ERR_VALUE, "%s has version %d, this hubrig reads version %d; name another file",
             s->path, version, STATE_VERSION);
    }
    return 0;
}

static int open_database(struct state *s)
{
    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); // SQLite would make it readable
    if (fd < 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot open %s: %s", s->path, strerror(errnum));
    }
    close(fd);
    if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL) !=
        SQLITE_OK) {
        return fail_sql(s, "open it");
    }
    sqlite3_extended_result_codes(s->db, 1);
    TRY(run_sql(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", "read it as a state file"));
    TRY(check_version(s));
    TRY(run_sql(s, "PRAGMA foreign_keys=ON", "read it as a state file"));
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(s->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &s->statements[i], NULL) != SQLITE_OK) {
            return fail_sql(s, "read its tables");
        }
    }
    return 0;
}

int state_open(const char *path, struct state **out)
{
    struct state *s = calloc(1, sizeof *s);
    *out = NULL;
    ENSURE(s != NULL, ERR_NO_MEMORY);
    s->lock = -1;
    int code = span_copy_text(span_text(path), s->path, sizeof s->path) ? 0 : ERR_TOO_BIG;
    code = code < 0 ? code : take_lock(s);
    code = code < 0 ? code : open_database(s);
    if (code < 0) {
        state_close(s);
        return code;
    }
    *out = s;
    return 0;
}

void state_close(struct state *s)
{
    if (!s) {
        return;
    }
    if (s->dps) {
        dps_set_keeper(s->dps, NULL, NULL);
    }
    for (size_t i = 0; i < s->hub_count; i++) {
        hub_set_keeper(s->hubs[i].hub, NULL, NULL);
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(s->statements[i]);
    }
    sqlite3_close(s->db);
    if (s->lock >= 0) {
        close(s->lock); // the file stays: removing it would race with the next holder
    }
    free(s);
}

// ---- writing

void state_bind(sqlite3_stmt *statement, int at, struct span text)
{
    sqlite3_bind_text(statement, at, text.len ? (const char *)text.ptr : "", (int)text.len,
                      SQLITE_TRANSIENT);
}

sqlite3_stmt *state_use(const struct state_hub *h, enum state_statement which)
{
    sqlite3_stmt *statement = h->state->statements[which];
    state_bind(statement, 1, span_text(h->name));
    return statement;
}

int state_step(const struct state *s, enum state_statement which)
{
    sqlite3_stmt *statement = s->statements[which];
    int result = sqlite3_step(statement);
    int code = result == SQLITE_DONE ? 0 : fail_sql(s, "write to it");
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return code;
}

static int write_identity(struct state_hub *h, const struct identity *id)
{
    sqlite3_stmt *put = state_use(h, PUT_IDENTITY);
    state_bind(put, 2, span_text(id->name));
    state_bind(put, 3, span_text(auth_words[id->auth]));
    state_bind(put, 4, span_text(id->primary_key));
    state_bind(put, 5, span_text(id->secondary_key));
    state_bind(put, 6, span_text(id->primary_thumbprint));
    state_bind(put, 7, span_text(id->secondary_thumbprint));
    sqlite3_bind_int(put, 8, id->is_disabled);
    return state_step(h->state, PUT_IDENTITY);
}

struct filter_place {
    struct state_hub *hub;
    const char *name;
};

static int write_filter(void *context, struct span filter, int qos)
{
    struct filter_place *place = context;
    sqlite3_stmt *put = state_use(place->hub, PUT_FILTER);
    state_bind(put, 2, span_text(place->name));
    state_bind(put, 3, filter);
    sqlite3_bind_int(put, 4, qos);
    return state_step(place->hub->state, PUT_FILTER);
}

static int write_session(struct state_hub *h, const struct identity *id)
{
    state_bind(state_use(h, DROP_SESSION), 2, span_text(id->name));
    TRY(state_step(h->state, DROP_SESSION));
    if (!hub_session_is_kept(h->hub, id)) {
        return 0;
    }
    state_bind(state_use(h, PUT_SESSION), 2, span_text(id->name));
    TRY(state_step(h->state, PUT_SESSION));
    struct filter_place place = {h, id->name};
    return hub_session_each(h->hub, id, write_filter, &place);
}

static int write_parts(struct state_hub *h, const struct identity *id, unsigned what)
{
    if (what & HUB_KEEP_REMOVAL) { // what hangs on it goes with it
        state_bind(state_use(h, DROP_IDENTITY), 2, span_text(id->name));
        return state_step(h->state, DROP_IDENTITY);
    }
    TRY(what & HUB_KEEP_IDENTITY ? write_identity(h, id) : 0);
    TRY(what & HUB_KEEP_SESSION ? write_session(h, id) : 0);
    TRY(what & HUB_KEEP_TWIN ? state_write_twin(h, id) : 0);
    return what & HUB_KEEP_C2D ? state_write_queue(h, id) : 0;
}

static void note_failure(struct state *s, int code)
{
    snprintf(s->failure, sizeof s->failure, "%s", error_text(code));
    if (s->failed) {
        s->failed(s->failed_context);
    }
}

static int keep(void *context, const struct identity *id, unsigned what)
{
    struct state_hub *h = context;
    struct state *s = h->state;
    if (s->failure[0]) {
        FAIL(ERR_IO, "%s", s->failure);
    }
    int code = run_sql(s, "BEGIN IMMEDIATE", "write to it");
    code = code < 0 ? code : write_parts(h, id, what);
    code = code < 0 ? code : run_sql(s, "COMMIT", "write to it");
    if (code < 0) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (code < 0 && what != HUB_KEEP_TWIN) { // the hub takes a twin back, and nothing else
        note_failure(s, code);
        FAIL(code, "%s", s->failure);
    }
    return code;
}

const char *state_failure(const struct state *s)
{
    return s->failure[0] ? s->failure : NULL;
}

void state_on_failure(struct state *s, void (*failed)(void *context), void *context)
{
    s->failed = failed;
    s->failed_context = context;
}

// ---- reading

struct span state_column(sqlite3_stmt *statement, int at)
{
    const void *text = sqlite3_column_text(statement, at);
    return span_of(text, (size_t)sqlite3_column_bytes(statement, at));
}

static int read_auth(struct span word, enum hub_auth *out)
{
    size_t i = span_index(word, auth_words, HR_COUNT_OF(auth_words));
    ENSURE(i < HR_COUNT_OF(auth_words), ERR_VALUE);
    *out = (enum hub_auth)i;
    return 0;
}

static int read_identity(sqlite3_stmt *row, struct identity *id)
{
    *id = (struct identity){.is_disabled = sqlite3_column_int(row, 6) != 0};
    bool fits = span_copy_text(state_column(row, 0), id->name, sizeof id->name) &&
                span_copy_text(state_column(row, 2), id->primary_key, sizeof id->primary_key) &&
                span_copy_text(state_column(row, 3), id->secondary_key, sizeof id->secondary_key) &&
                span_copy_text(state_column(row, 4), id->primary_thumbprint,
                               sizeof id->primary_thumbprint) &&
                span_copy_text(state_column(row, 5), id->secondary_thumbprint,
                               sizeof id->secondary_thumbprint);
    return fits ? read_auth(state_column(row, 1), &id->auth) : ERR_VALUE;
}

static int restore_identity(struct state_hub *h, sqlite3_stmt *row)
{
    struct identity id;
    char why[900];
    int code = read_identity(row, &id);
    if (code == 0 && !hub_find_identity(h->hub, span_text(id.name))) {
        code = hub_add_identity(h->hub, &id);
    }
    explicit_bzero(&id, sizeof id);
    if (code < 0) {
        snprintf(why, sizeof why, "%s", error_text(code));
        FAIL(code, "%s: an identity in it is damaged: %s", h->state->path, why);
    }
    return 0;
}

static int restore_session(struct state_hub *h, sqlite3_stmt *row)
{
    const struct identity *id = hub_find_identity(h->hub, state_column(row, 0));
    sqlite3_stmt *filters = state_use(h, GET_FILTERS);
    int code = 0;
    int result;
    if (!id) {
        return 0;
    }
    hub_session_begin(h->hub, id, false);
    state_bind(filters, 2, span_text(id->name));
    while (code == 0 && (result = sqlite3_step(filters)) != SQLITE_DONE) {
        code = result == SQLITE_ROW ? hub_session_subscribe(h->hub, id, state_column(filters, 0),
                                                            sqlite3_column_int(filters, 1))
                                    : fail_sql(h->state, "read its subscriptions");
    }
    sqlite3_reset(filters);
    return code;
}

static int restore_all(struct state_hub *h, enum state_statement which,
                       int (*restore)(struct state_hub *h, sqlite3_stmt *row))
{
    sqlite3_stmt *statement = state_use(h, which);
    int code = 0;
    int result;
    while (code == 0 && (result = sqlite3_step(statement)) != SQLITE_DONE) {
        code = result == SQLITE_ROW ? restore(h, statement) : fail_sql(h->state, "read it");
    }
    sqlite3_reset(statement);
    return code;
}

static int write_all_identities(struct state_hub *h)
{
    struct state *s = h->state;
    const struct identity *id = NULL;
    int code = run_sql(s, "BEGIN IMMEDIATE", "write to it");
    while (code == 0 && (id = hub_next_identity(h->hub, id))) {
        code = write_identity(h, id);
    }
    code = code < 0 ? code : run_sql(s, "COMMIT", "write to it");
    if (code < 0) {
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return code;
}

int state_attach(struct state *s, struct hub *hub)
{
    struct state_hub *h = &s->hubs[s->hub_count];
    ENSURE(s->hub_count < HR_COUNT_OF(s->hubs), ERR_LIMIT);
    *h = (struct state_hub){.state = s, .hub = hub};
    if (s->hub_count > 0) { // the first one may be called by any name
        span_copy_text(span_text(hub_settings_of(hub)->host), h->name, sizeof h->name);
    }
    s->hub_count++;
    TRY(restore_all(h, GET_IDENTITIES, restore_identity));
    TRY(restore_all(h, GET_SESSIONS, restore_session));
    TRY(restore_all(h, GET_TWINS, state_read_twin));
    TRY(restore_all(h, GET_MESSAGES, state_read_message));
    hub_set_keeper(hub, keep, h);
    return write_all_identities(h);
}

// ---- the provisioning service

static int write_registration(struct state *s, const char *id)
{
    sqlite3_stmt *put = s->statements[PUT_REGISTRATION];
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, DPS_ANSWER_BYTES_MOST);
    TRY(dps_export(s->dps, id, &json));
    state_bind(put, 2, span_text(id));
    state_bind(put, 3, buf_span(&json));
    return state_step(s, PUT_REGISTRATION);
}

static int keep_registration(void *context, const char *id)
{
    struct state *s = context;
    int code = s->failure[0] ? error_set(ERR_IO, "%s", s->failure) : write_registration(s, id);
    if (code < 0 && !s->failure[0]) {
        note_failure(s, code);
    }
    return code;
}

int state_attach_dps(struct state *s, struct dps *dps)
{
    sqlite3_stmt *get = s->statements[GET_REGISTRATIONS];
    int code = 0;
    int result;
    while (code == 0 && (result = sqlite3_step(get)) != SQLITE_DONE) {
        code = result == SQLITE_ROW ? dps_import(dps, state_column(get, 0))
                                    : fail_sql(s, "read its registrations");
    }
    sqlite3_reset(get);
    if (code == ERR_VALUE) {
        FAIL(code, "%s: a registration in it is damaged", s->path);
    }
    s->dps = code < 0 ? NULL : dps;
    dps_set_keeper(dps, code < 0 ? NULL : keep_registration, s);
    return code;
}
