// SPDX-License-Identifier: MIT
#include "harness/history/history.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/report/timeline.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_MS = 10000, RECOVERIES_MOST = 200, APPLICATION_ID = 0x68756272 };

struct history {
    sqlite3 *db;
    char path[300];
};

static const char schema[] =
    "PRAGMA application_id = 1752523378;" // APPLICATION_ID, "hubr"
    "PRAGMA user_version = 1;"
    "CREATE TABLE IF NOT EXISTS verdicts ("
    " id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, device TEXT NOT NULL,"
    " firmware TEXT NOT NULL, scenario TEXT NOT NULL, level TEXT NOT NULL, verdict TEXT NOT NULL,"
    " duration_us INTEGER NOT NULL, recovery_us INTEGER NOT NULL, runs INTEGER NOT NULL,"
    " good_runs INTEGER NOT NULL, bad_runs INTEGER NOT NULL, cause TEXT NOT NULL,"
    " observed TEXT NOT NULL, seed INTEGER NOT NULL);"
    "CREATE INDEX IF NOT EXISTS verdicts_place ON verdicts (device, scenario, at_us, id);";

static int sql_error(const struct history *h, int result)
{
    if (result == SQLITE_NOTADB || result == SQLITE_CORRUPT) {
        FAIL(ERR_SYNTAX, "%s is no history of hubrig: %s", h->path, sqlite3_errmsg(h->db));
    }
    FAIL(ERR_IO, "%s: %s", h->path, sqlite3_errmsg(h->db));
}

static int execute(struct history *h, const char *sql)
{
    int result = sqlite3_exec(h->db, sql, NULL, NULL, NULL);
    return result == SQLITE_OK ? 0 : sql_error(h, result);
}

static int read_pragma(struct history *h, const char *sql, int *out)
{
    sqlite3_stmt *q = NULL;
    int result = sqlite3_prepare_v2(h->db, sql, -1, &q, NULL);
    result = result == SQLITE_OK ? sqlite3_step(q) : result;
    *out = result == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
    sqlite3_finalize(q);
    return result == SQLITE_ROW ? 0 : sql_error(h, result);
}

// A file of another program must not receive our table.
static int check_owner(struct history *h, bool may_create)
{
    int id = 0, version = 0, tables = 0;
    TRY(read_pragma(h, "PRAGMA application_id", &id));
    TRY(read_pragma(h, "PRAGMA user_version", &version));
    TRY(read_pragma(h, "SELECT count(*) FROM sqlite_master", &tables));
    bool is_new = id == 0 && tables == 0;
    if (is_new && may_create) {
        return execute(h, schema);
    }
    if (id != APPLICATION_ID || version != 1) {
        FAIL(ERR_SYNTAX, "%s is no history of this hubrig (application %d, version %d)", h->path,
             id, version);
    }
    return 0;
}

int history_open(const char *path, bool may_create, struct history **out)
{
    if (!may_create && !fs_exists(path)) {
        FAIL(ERR_NO_FILE, "%s: no such file; hubrig run --history %s writes it", path, path);
    }
    struct history *h = calloc(1, sizeof *h);
    ENSURE(h != NULL, ERR_NO_MEMORY);
    snprintf(h->path, sizeof h->path, "%s", path);
    int result = sqlite3_open_v2(path, &h->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    int code = result == SQLITE_OK ? 0 : sql_error(h, result);
    if (code == 0) {
        sqlite3_busy_timeout(h->db, BUSY_MS);
        code = check_owner(h, may_create);
    }
    if (code < 0) {
        history_close(h);
        return code;
    }
    *out = h;
    return 0;
}

void history_close(struct history *h)
{
    if (h) {
        sqlite3_close(h->db);
        free(h);
    }
}

// ---- adding

static uint64_t recovery_of(const struct outcome *o)
{
    struct timeline t = {0};
    uint64_t recovery_us = 0;
    if (o->evidence[0] && timeline_read(o->evidence, &t) == 0) {
        recovery_us = t.recovery_us;
    }
    timeline_deinit(&t);
    return recovery_us;
}

static int add_one(struct history *h, sqlite3_stmt *q, const struct outcome *o)
{
    const char *const texts[] = {
        o->device, o->firmware, o->scenario, o->level, verdict_word(o->verdict),
        o->cause,  o->observed};
    const sqlite3_int64 numbers[] = {o->started_us,
                                     (sqlite3_int64)o->duration_us,
                                     (sqlite3_int64)recovery_of(o),
                                     o->runs ? o->runs : 1,
                                     o->runs ? o->good_runs : verdict_is_good(o->verdict),
                                     o->bad_runs,
                                     (sqlite3_int64)o->seed};
    int result = SQLITE_OK;
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        result |= sqlite3_bind_text(q, (int)i + 1, texts[i], -1, SQLITE_TRANSIENT);
    }
    for (size_t i = 0; i < HR_COUNT_OF(numbers); i++) {
        result |= sqlite3_bind_int64(q, (int)(HR_COUNT_OF(texts) + i) + 1, numbers[i]);
    }
    result = result == SQLITE_OK ? sqlite3_step(q) : result;
    sqlite3_reset(q);
    return result == SQLITE_DONE ? 0 : sql_error(h, result);
}

static int add_all(struct history *h, const struct outcome *outcomes, size_t count)
{
    sqlite3_stmt *q = NULL;
    int result = sqlite3_prepare_v2(
        h->db,
        "INSERT INTO verdicts (device, firmware, scenario, level, verdict, cause, observed, at_us,"
        " duration_us, recovery_us, runs, good_runs, bad_runs, seed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        -1, &q, NULL);
    int code = result == SQLITE_OK ? 0 : sql_error(h, result);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (outcomes[i].verdict != VERDICT_SKIPPED) {
            code = add_one(h, q, &outcomes[i]);
        }
    }
    sqlite3_finalize(q);
    return code;
}

int history_add(struct history *h, const struct outcome *outcomes, size_t count)
{
    TRY(execute(h, "BEGIN IMMEDIATE"));
    int code = add_all(h, outcomes, count);
    if (code < 0) {
        sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
        return code;
    }
    return execute(h, "COMMIT");
}

// ---- looking back

struct row {
    const char *device, *scenario, *firmware, *verdict, *cause;
    int64_t at_us;
    uint64_t recovery_us;
    unsigned good, bad;
};

// What is gathered while the rows of one scenario go by, oldest first.
struct past {
    uint64_t recoveries[RECOVERIES_MOST];
    size_t recovery_count, seen;
    unsigned good, bad;
};

struct looker {
    struct trend *trends;
    size_t count;
    struct past now, before; // this firmware and the one before
};

static void copy(char *to, size_t room, const char *from)
{
    span_copy_text(span_text(from), to, room);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static uint64_t median(struct past *p)
{
    if (p->recovery_count == 0) {
        return 0;
    }
    qsort(p->recoveries, p->recovery_count, sizeof *p->recoveries, by_size);
    return p->recoveries[p->recovery_count / 2];
}

static void finish(struct looker *l)
{
    if (l->count == 0) {
        return;
    }
    struct trend *t = &l->trends[l->count - 1];
    unsigned all = l->now.good + l->now.bad;
    t->runs = all;
    t->bad_percent = l->now.good && l->now.bad ? (l->now.bad * 100 + all / 2) / all : 0;
    t->recovery_us = median(&l->now);
    t->recovery_before_us = median(&l->before);
    t->is_slower = t->recovery_before_us && t->recovery_us > t->recovery_before_us * 3 / 2 &&
                   t->recovery_us - t->recovery_before_us >= 500000;
}

static int begin_trend(struct looker *l, const struct row *row)
{
    finish(l);
    struct trend *grown = realloc(l->trends, (l->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    l->trends = grown;
    struct trend *t = &l->trends[l->count++];
    *t = (struct trend){0};
    l->now = l->before = (struct past){0};
    copy(t->device, sizeof t->device, row->device);
    copy(t->scenario, sizeof t->scenario, row->scenario);
    copy(t->firmware, sizeof t->firmware, row->firmware);
    return 0;
}

static void follow(struct looker *l, const struct row *row)
{
    struct trend *t = &l->trends[l->count - 1];
    if (strcmp(t->firmware, row->firmware) != 0) {
        l->before = l->now;
        l->now = (struct past){0};
        copy(t->firmware, sizeof t->firmware, row->firmware);
    }
    if (strcmp(t->verdict, row->verdict) != 0) {
        copy(t->before, sizeof t->before, t->verdict);
        copy(t->before_firmware, sizeof t->before_firmware, t->since_firmware);
        copy(t->verdict, sizeof t->verdict, row->verdict);
        copy(t->since_firmware, sizeof t->since_firmware, row->firmware);
        t->since_us = row->at_us;
    }
    t->at_us = row->at_us;
    copy(t->cause, sizeof t->cause, row->cause);
    l->now.good += row->good;
    l->now.bad += row->bad;
    if (row->recovery_us) { // of many, the latest are kept
        size_t at = l->now.seen++ % RECOVERIES_MOST;
        l->now.recoveries[at] = row->recovery_us;
        l->now.recovery_count += at == l->now.recovery_count;
    }
}

static int take_row(struct looker *l, sqlite3_stmt *q)
{
    const struct row row = {
        .device = (const char *)sqlite3_column_text(q, 0),
        .scenario = (const char *)sqlite3_column_text(q, 1),
        .firmware = (const char *)sqlite3_column_text(q, 2),
        .verdict = (const char *)sqlite3_column_text(q, 3),
        .cause = (const char *)sqlite3_column_text(q, 4),
        .at_us = sqlite3_column_int64(q, 5),
        .recovery_us = (uint64_t)sqlite3_column_int64(q, 6),
        .good = (unsigned)sqlite3_column_int(q, 7),
        .bad = (unsigned)sqlite3_column_int(q, 8),
    };
    ENSURE(row.device && row.scenario && row.firmware && row.verdict && row.cause, ERR_NO_MEMORY);
    const struct trend *t = l->count ? &l->trends[l->count - 1] : NULL;
    if (!t || strcmp(t->device, row.device) != 0 || strcmp(t->scenario, row.scenario) != 0) {
        TRY(begin_trend(l, &row));
    }
    follow(l, &row);
    return 0;
}

int history_trends(struct history *h, const char *device, const char *scenario, struct trend **out,
                   size_t *count)
{
    struct looker l = {0};
    sqlite3_stmt *q = NULL;
    int result = sqlite3_prepare_v2(
        h->db,
        "SELECT device, scenario, firmware, verdict, cause, at_us, recovery_us, good_runs, bad_runs"
        " FROM verdicts WHERE (?1 IS NULL OR device = ?1) AND (?2 IS NULL OR scenario GLOB ?2)"
        " ORDER BY device, scenario, at_us, id",
        -1, &q, NULL);
    if (result == SQLITE_OK && device) {
        result = sqlite3_bind_text(q, 1, device, -1, SQLITE_TRANSIENT);
    }
    if (result == SQLITE_OK && scenario) {
        result = sqlite3_bind_text(q, 2, scenario, -1, SQLITE_TRANSIENT);
    }
    int code = 0;
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(q);
        code = result == SQLITE_ROW ? take_row(&l, q) : 0;
        if (code < 0) {
            break;
        }
    }
    if (code == 0 && result != SQLITE_DONE) {
        code = sql_error(h, result);
    }
    sqlite3_finalize(q);
    finish(&l);
    *out = l.trends;
    *count = l.count;
    return code;
}
