// SPDX-License-Identifier: MIT
// Measures what TLS libraries do with the catalogue.
//
//     stacks show PEERS [ID...]         print rows, and what the libraries say
//     stacks write PEERS TSV MD         measure all, write both tables
//     stacks check PEERS TSV MD         measure all, tell every difference; exit 1 if there is one
#include "base/error.h"
#include "base/fs.h"
#include "certs/peers/stacks.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define HOST   "myhub.azure-devices.net"
#define PREFIX "catalogue/"

enum { FILE_BYTES_MOST = 1 << 20 };

struct survey {
    struct workshop *w;
    const char *peers;
    bool is_loud;
    struct stack_table table;
};

static int print_alerts(const struct chain_facts *facts, char *out, size_t room)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, room);
    for (size_t i = 0; i < facts->alert_count; i++) {
        TRY(buf_printf(&text, "%s%s", i > 0 ? "," : "", chain_alert_word(facts->alerts[i])));
    }
    snprintf(out, room, "%s", buf_text(&text));
    return 0;
}

static int survey_chain(struct survey *s, const struct chain *chain)
{
    const struct chain_facts *facts = &chain->facts;
    struct stack_row row = {0};
    snprintf(row.id, sizeof row.id, "%s", facts->id);
    snprintf(row.verdict, sizeof row.verdict, "%s", chain_verdict_word(facts->verdict));
    TRY(print_alerts(facts, row.alerts, sizeof row.alerts));
    for (size_t i = 0; i < STACK_COUNT; i++) {
        int code = stack_measure((enum stack)i, s->peers, chain,
                                 facts->device_host[0] ? facts->device_host : HOST, s->is_loud,
                                 row.results[i]);
        if (code < 0) {
            FAIL(code, "%s: %s", chain->name, error_detail());
        }
    }
    return stack_table_add(&s->table, &row);
}

static int survey_recipe(struct survey *s, const char *name)
{
    struct chain_request rq = {.hub_host = HOST, .utc_s = (int64_t)time(NULL)};
    struct chain chain;
    TRY(chain_make(s->w, name, &rq, &chain));
    int code = survey_chain(s, &chain);
    chain_deinit(&chain);
    return code;
}

static bool is_wanted(const char *name, char **ids, int id_count)
{
    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    for (int i = 0; i < id_count; i++) {
        if (strcmp(name + strlen(PREFIX), ids[i]) == 0) {
            return true;
        }
    }
    return id_count == 0;
}

static int survey_all(struct survey *s, char **ids, int id_count)
{
    char **names = NULL;
    size_t count = 0;
    int code = 0;
    for (size_t i = 0; i < STACK_COUNT; i++) {
        TRY(stack_version((enum stack)i, s->peers, s->table.versions[i]));
    }
    TRY(workshop_names(s->w, &names, &count));
    for (size_t i = 0; i < count && code == 0; i++) {
        code = is_wanted(names[i], ids, id_count) ? survey_recipe(s, names[i]) : 0;
    }
    workshop_names_free(names, count);
    return code;
}

static int show(struct survey *s)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, FILE_BYTES_MOST);
    TRY(stack_table_print_tsv(&s->table, &text));
    fputs(buf_text(&text), stdout);
    return 0;
}

static int write_tables(struct survey *s, const char *tsv_path, const char *md_path)
{
    struct buf tsv HR_CLEANUP(buf_deinit);
    struct buf md HR_CLEANUP(buf_deinit);
    buf_init(&tsv, FILE_BYTES_MOST);
    buf_init(&md, FILE_BYTES_MOST);
    TRY(stack_table_print_tsv(&s->table, &tsv));
    TRY(stack_table_print_md(&s->table, s->w, &md));
    TRY(fs_write_file(tsv_path, buf_span(&tsv), 0644));
    return fs_write_file(md_path, buf_span(&md), 0644);
}

// How many cells differ between the row that was measured and the one that is kept.
static int compare_row(const struct stack_row *seen, const struct stack_row *kept)
{
    int differences = 0;
    if (!kept) {
        printf("%s: measured, but not in the table\n", seen->id);
        return 1;
    }
    if (strcmp(seen->verdict, kept->verdict) != 0 || strcmp(seen->alerts, kept->alerts) != 0) {
        printf("%s: the recipe says %s [%s], the table %s [%s]\n", seen->id, seen->verdict,
               seen->alerts, kept->verdict, kept->alerts);
        differences++;
    }
    for (size_t i = 0; i < STACK_COUNT; i++) {
        if (strcmp(seen->results[i], kept->results[i]) != 0) {
            printf("%s: %s: expected %s, seen %s\n", seen->id, stack_words[i], kept->results[i],
                   seen->results[i]);
            differences++;
        }
    }
    return differences;
}

static int compare_page(struct survey *s, const struct stack_table *kept, const char *md_path)
{
    struct buf expected HR_CLEANUP(buf_deinit);
    struct buf seen HR_CLEANUP(buf_deinit);
    buf_init(&expected, FILE_BYTES_MOST);
    buf_init(&seen, FILE_BYTES_MOST);
    TRY(stack_table_print_md(kept, s->w, &expected));
    TRY(fs_read_file(md_path, &seen));
    if (span_equals(buf_span(&expected), buf_span(&seen))) {
        return 0;
    }
    printf("%s is not what the table says; build the target 'stacks'\n", md_path);
    return 1;
}

static int compare(struct survey *s, const char *tsv_path, const char *md_path)
{
    struct buf tsv HR_CLEANUP(buf_deinit);
    struct stack_table kept;
    buf_init(&tsv, FILE_BYTES_MOST);
    TRY(fs_read_file(tsv_path, &tsv));
    TRY(stack_table_parse(buf_span(&tsv), &kept));
    int differences = 0;
    for (size_t i = 0; i < s->table.count; i++) {
        const struct stack_row *row = &s->table.rows[i];
        differences += compare_row(row, stack_table_find(&kept, row->id));
    }
    for (size_t i = 0; i < kept.count; i++) {
        if (!stack_table_find(&s->table, kept.rows[i].id)) {
            printf("%s: in the table, but there is no such recipe\n", kept.rows[i].id);
            differences++;
        }
    }
    int page = compare_page(s, &kept, md_path);
    for (size_t i = 0; i < STACK_COUNT && differences > 0; i++) {
        printf("%s: table made with '%s', measured with '%s'\n", stack_words[i], kept.versions[i],
               s->table.versions[i]);
    }
    stack_table_free(&kept);
    return page < 0 ? page : differences + page;
}

static int work(struct survey *s, int argc, char **argv)
{
    bool is_show = strcmp(argv[1], "show") == 0;
    s->is_loud = is_show;
    TRY(workshop_open(NULL, &s->w));
    TRY(survey_all(s, argv + 3, is_show ? argc - 3 : 0));
    if (is_show) {
        return show(s);
    }
    return strcmp(argv[1], "write") == 0 ? write_tables(s, argv[3], argv[4])
                                         : compare(s, argv[3], argv[4]);
}

int main(int argc, char **argv)
{
    bool is_pair = argc == 5 && (strcmp(argv[1], "write") == 0 || strcmp(argv[1], "check") == 0);
    if (!is_pair && (argc < 3 || strcmp(argv[1], "show") != 0)) {
        fprintf(stderr,
                "use: stacks show PEERS [ID...] | write PEERS TSV MD | check PEERS TSV MD\n");
        return 2;
    }
    struct survey survey = {.peers = argv[2]};
    int code = work(&survey, argc, argv);
    if (code < 0) {
        fprintf(stderr, "stacks: %s\n", error_text(code));
    }
    stack_table_free(&survey.table);
    workshop_close(survey.w);
    return code < 0 ? 3 : code > 0;
}
