// SPDX-License-Identifier: MIT
// Five TLS client libraries meet the faults of TLS, on every engine: what each of them does is
// measured and compared with a table.
//
//     fault_survey show PEERS TABLE [ID...]    measure, print rows as the table has them
//     fault_survey check PEERS TABLE [ID...]   measure, tell every difference; exit 1 if there is one
#include "base/error.h"
#include "base/fs.h"
#include "certs/peers/stacks.h"
#include "simulator/faults/fault.h"
#include "simulator/net/server.h"
#include "simulator/tls/policy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

extern char **environ;

enum { WAIT_MS = 3000, WORDS_MOST = 16, TABLE_BYTES_MOST = 1 << 20 };

#define HOST "myhub.azure-devices.net"
#define NOT_MEASURED "-" // the library does not speak this version

static const struct tls_engine *const engines[] = {&tls_engine_mbedtls, &tls_engine_openssl};

// One library's client against the hub.
struct visit {
    pid_t pid;
    int port; // of its own end
    uint32_t connection;
    bool is_over;
    bool is_established;
    char result[40];
};

struct survey {
    const char *peers;
    char roots[64];
    uv_loop_t loop;
    uv_timer_t limit;
    struct env env;
    struct journal *journal;
    struct fault_plan *faults;
    struct chain chain;
    struct server *server; // NULL: this engine does not speak the version of the rows
    int port;
    struct visit visits[STACK_COUNT];
    int differences;
};

struct row {
    char id[40];
    char faults[120];
    char results[STACK_COUNT][40];
    char note[200];
};

// ---- what the hub sees

static bool has_text(const struct event *e, const char *name, const char *text)
{
    const struct field *field = event_field(e, name);
    return field && field->kind == FIELD_TEXT && span_equals_text(field->text, text);
}

static const char *text_of(const struct event *e, const char *name, char out[80])
{
    const struct field *field = event_field(e, name);
    span_copy_text(field ? field->text : SPAN_EMPTY, out, 80);
    return out;
}

static void settle(struct visit *v, const char *result)
{
    if (!v->result[0]) {
        span_copy_text(span_text(result), v->result, sizeof v->result);
    }
}

static void note_accepted(struct survey *s, const struct event *e)
{
    char text[80];
    const char *colon = strrchr(text_of(e, "peer", text), ':');
    for (size_t i = 0; i < STACK_COUNT && colon; i++) {
        if (s->visits[i].port == atoi(colon + 1)) {
            s->visits[i].connection = e->connection;
        }
    }
}

static void note_alert(struct visit *v, const struct event *e)
{
    char text[80];
    if (has_text(e, "by", "device") && has_text(e, "level", "fatal")) {
        settle(v, text_of(e, "name", text));
    }
}

static void on_event(void *context, const struct event *e)
{
    struct survey *s = context;
    if (e->type == EVENT_TCP_ACCEPTED) {
        note_accepted(s, e);
    }
    for (size_t i = 0; i < STACK_COUNT; i++) {
        struct visit *v = &s->visits[i];
        if (e->connection == 0 || v->connection != e->connection) {
            continue;
        }
        v->is_established = v->is_established || e->type == EVENT_TLS_ESTABLISHED;
        v->is_over = v->is_over || e->type == EVENT_TCP_CLOSED;
        if (e->type == EVENT_TLS_ALERT) {
            note_alert(v, e);
        } else if (e->type == EVENT_TLS_JUDGED && has_text(e, "verdict", "accepted")) {
            settle(v, "accept");
        }
    }
}

// ---- clients

static int connect_to(int port, int *own_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) != 0) {
        FAIL(ERR_IO, "cannot connect to the hub: %s", strerror(errno));
    }
    *own_port = ntohs(at.sin_port);
    return fd;
}

static int begin_visit(struct survey *s, enum stack stack)
{
    struct visit *v = &s->visits[stack];
    char path[PATH_MAX];
    char word[40];
    char fd_text[16];
    snprintf(word, sizeof word, "peer_%s", stack_words[stack]);
    TRY(fs_join(path, sizeof path, s->peers, word));
    *v = (struct visit){0};
    int fd = connect_to(s->port, &v->port);
    TRY(fd);
    snprintf(fd_text, sizeof fd_text, "%d", fd);
    const char *argv[] = {path, fd_text, s->roots, HOST, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    int code =
        posix_spawn(&v->pid, path, &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fd);
    if (code != 0) {
        v->pid = 0;
        FAIL(ERR_SPAWN, "%s cannot be started: %s", path, strerror(code));
    }
    return 0;
}

static void end_visit(struct visit *v)
{
    if (v->pid > 0) {
        kill(v->pid, SIGKILL);
        waitpid(v->pid, NULL, 0);
        v->pid = 0;
    }
    settle(v, !v->is_over ? "stuck" : v->is_established ? "accept" : "silent");
}

static void on_limit(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static bool are_over(const struct survey *s)
{
    for (size_t i = 0; i < STACK_COUNT; i++) {
        if (!s->visits[i].is_over) {
            return false;
        }
    }
    return true;
}

static int visit_all(struct survey *s, const struct row *row)
{
    bool is_late = false;
    int code = 0;
    for (size_t i = 0; i < STACK_COUNT && code == 0; i++) {
        s->visits[i] = (struct visit){.is_over = true, .result = NOT_MEASURED};
        code = strcmp(row->results[i], NOT_MEASURED) == 0 ? 0 : begin_visit(s, (enum stack)i);
    }
    s->limit.data = &is_late;
    uv_timer_start(&s->limit, on_limit, WAIT_MS, 0);
    while (code == 0 && !is_late && !are_over(s)) {
        uv_run(&s->loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&s->limit);
    for (size_t i = 0; i < STACK_COUNT; i++) {
        end_visit(&s->visits[i]);
    }
    server_drop_all(s->server, DROP_RST);
    while (server_connection_count(s->server) > 0) {
        uv_run(&s->loop, UV_RUN_ONCE);
    }
    return code;
}

// ---- rows

static int arm(struct survey *s, struct span text)
{
    struct span words[WORDS_MOST];
    size_t count = 0;
    size_t bad = 0;
    struct fault fault;
    text = span_trim(text);
    while (text.len > 0 && count < WORDS_MOST) {
        words[count++] = span_cut(text, ' ', &text);
    }
    TRY(fault_parse(words, count, &fault, &bad));
    fault.times = UINT64_MAX; // each library meets it once
    return faults_add(s->faults, &fault);
}

static int arm_all(struct survey *s, const struct row *row)
{
    struct span rest = span_text(row->faults);
    faults_clear(s->faults);
    while (strcmp(row->faults, "-") != 0 && rest.len > 0) {
        TRY(arm(s, span_cut(rest, ';', &rest)));
    }
    return 0;
}

static int measure(struct survey *s, const struct tls_engine *engine, const struct row *row,
                   bool is_show)
{
    TRY(arm_all(s, row));
    TRY(visit_all(s, row));
    if (is_show) {
        printf("%s\t%s", row->id, row->faults);
        for (size_t i = 0; i < STACK_COUNT; i++) {
            printf("\t%s", s->visits[i].result);
        }
        printf("\t%s\n", row->note);
    }
    for (size_t i = 0; i < STACK_COUNT; i++) {
        if (strcmp(s->visits[i].result, row->results[i]) != 0) {
            fprintf(stderr, "%s (%s) on %s: %s: expected %s, seen %s\n", row->id, row->faults,
                    engine->name, stack_words[i], row->results[i], s->visits[i].result);
            s->differences++;
        }
    }
    return 0;
}

static int read_row(struct span line, struct row *row)
{
    struct span cell = span_cut(line, '\t', &line);
    ENSURE(span_copy_text(cell, row->id, sizeof row->id), ERR_SYNTAX);
    cell = span_cut(line, '\t', &line);
    ENSURE(span_copy_text(cell, row->faults, sizeof row->faults), ERR_SYNTAX);
    for (size_t i = 0; i < STACK_COUNT; i++) {
        cell = span_cut(line, '\t', &line);
        ENSURE(cell.len > 0 && span_copy_text(cell, row->results[i], sizeof row->results[i]),
               ERR_SYNTAX);
    }
    ENSURE(span_copy_text(line, row->note, sizeof row->note), ERR_SYNTAX);
    return 0;
}

static bool is_wanted(const char *id, char **ids, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(ids[i], id) == 0) {
            return true;
        }
    }
    return count == 0;
}

// ---- the hub

static int open_hub(struct survey *s, const struct tls_engine *engine, const struct tls_policy *tls)
{
    struct server_settings settings = {.loop = &s->loop,
                                       .env = &s->env,
                                       .journal = s->journal,
                                       .faults = s->faults,
                                       .engine = engine,
                                       .tls = *tls};
    TRY(server_new(&settings, &s->server));
    TRY(server_set_chain(s->server, &s->chain));
    return server_listen(s->server, "127.0.0.1", 0, &s->port);
}

static void close_hub(struct survey *s)
{
    server_close(s->server, NULL, NULL);
    s->server = NULL;
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

// "1.3" or "1.3 secp384r1": versions and groups of the rows that follow.
static int change_hub(struct survey *s, const struct tls_engine *engine, struct span words)
{
    struct tls_policy tls = {0};
    struct span groups;
    struct span versions = span_cut(words, ' ', &groups);
    bool is_13 = span_equals_text(versions, "1.3");
    if (s->server) {
        close_hub(s);
    }
    if (is_13 && engine == &tls_engine_mbedtls) {
        return 0;
    }
    setenv("PEER_TLS", is_13 ? "1.3" : "1.2", 1);
    TRY(tls_policy_set(&tls, POLICY_TLS_VERSIONS, versions));
    TRY(groups.len > 0 ? tls_policy_set(&tls, POLICY_TLS_GROUPS, groups) : 0);
    return open_hub(s, engine, &tls);
}

static int measure_line(struct survey *s, const struct tls_engine *engine, struct span line, int argc,
                        char **argv)
{
    struct row row;
    if (span_starts_with(line, span_text("tls\t"))) {
        return change_hub(s, engine, span_from(line, strlen("tls\t")));
    }
    if (read_row(line, &row) < 0) {
        FAIL(ERR_SYNTAX, "no row of the table: %.*s", SPAN_ARG(line));
    }
    bool is_measured = s->server && is_wanted(row.id, argv + 4, argc - 4);
    return is_measured ? measure(s, engine, &row, strcmp(argv[1], "show") == 0) : 0;
}

static int measure_table(struct survey *s, const struct tls_engine *engine, struct span table,
                         int argc, char **argv)
{
    TRY(change_hub(s, engine, span_text("1.2")));
    while (table.len > 0) {
        struct span line = span_cut(table, '\n', &table);
        if (line.len > 0 && line.ptr[0] != '#' && !span_starts_with(line, span_text("id\t"))) {
            TRY(measure_line(s, engine, line, argc, argv));
        }
    }
    return 0;
}

static int survey_engines(struct survey *s, int argc, char **argv)
{
    struct buf table HR_CLEANUP(buf_deinit);
    buf_init(&table, TABLE_BYTES_MOST);
    TRY(fs_read_file(argv[3], &table));
    for (size_t i = 0; i < HR_COUNT_OF(engines); i++) {
        int code = measure_table(s, engines[i], buf_span(&table), argc, argv);
        if (s->server) {
            close_hub(s);
        }
        TRY(code);
    }
    return 0;
}

static int write_roots(struct survey *s)
{
    snprintf(s->roots, sizeof s->roots, "/tmp/hubrig-roots-XXXXXX");
    int fd = mkstemp(s->roots);
    if (fd < 0) {
        FAIL(ERR_IO, "no temporary file: %s", strerror(errno));
    }
    close(fd);
    return fs_write_file(s->roots, buf_span(&s->chain.root_pem), 0600);
}

static int work(struct survey *s, int argc, char **argv)
{
    struct workshop *w = NULL;
    s->env = env_system();
    struct chain_request request = {.hub_host = HOST,
                                    .utc_s = s->env.utc_us(s->env.world) / 1000000};
    TRY(workshop_open(NULL, &w));
    TRY(chain_make(w, "azure/digicert-g2", &request, &s->chain));
    TRY(write_roots(s));
    s->journal = journal_new(&s->env);
    s->faults = faults_new(s->journal);
    ENSURE(s->journal && s->faults, ERR_NO_MEMORY);
    TRY(journal_listen(s->journal, on_event, s));
    uv_loop_init(&s->loop);
    uv_timer_init(&s->loop, &s->limit);
    int code = survey_engines(s, argc, argv);
    uv_close((uv_handle_t *)&s->limit, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    faults_free(s->faults);
    journal_free(s->journal);
    unlink(s->roots);
    chain_deinit(&s->chain);
    workshop_close(w);
    return code;
}

int main(int argc, char **argv)
{
    static struct survey survey;
    if (argc < 4 || (strcmp(argv[1], "show") != 0 && strcmp(argv[1], "check") != 0)) {
        fprintf(stderr, "use: fault_survey show|check PEERS TABLE [ID...]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    survey.peers = argv[2];
    int code = work(&survey, argc, argv);
    if (code < 0) {
        fprintf(stderr, "fault_survey: %s\n", error_text(code));
    }
    return code < 0 ? 3 : survey.differences > 0;
}
