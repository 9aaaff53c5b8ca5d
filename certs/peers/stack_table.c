// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "certs/peers/stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const stack_words[STACK_COUNT] = {"openssl", "gnutls", "mbedtls", "wolfssl", "bearssl"};

#define COLUMNS "id\tverdict\talerts\topenssl\tgnutls\tmbedtls\twolfssl\tbearssl"

void stack_table_free(struct stack_table *table)
{
    free(table->rows);
    *table = (struct stack_table){0};
}

int stack_table_add(struct stack_table *table, const struct stack_row *row)
{
    struct stack_row *grown = realloc(table->rows, (table->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    table->rows = grown;
    grown[table->count++] = *row;
    return 0;
}

const struct stack_row *stack_table_find(const struct stack_table *table, const char *id)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->rows[i].id, id) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

// Reading ----------------------------------------------------------------------------------------

static int take_cell(struct span *rest, char *out, size_t room)
{
    struct span cell = span_cut(*rest, '\t', rest);
    ENSURE(span_copy_text(cell, out, room), ERR_SYNTAX);
    return 0;
}

static int read_version(struct span line, struct stack_table *out)
{
    struct span text, word = span_cut(span_from(line, 1), '\t', &text);
    for (size_t i = 0; i < STACK_COUNT; i++) {
        if (span_equals_text(word, stack_words[i])) {
            ENSURE(span_copy_text(text, out->versions[i], sizeof out->versions[i]), ERR_SYNTAX);
        }
    }
    return 0;
}

static int read_row(struct span line, struct stack_table *out)
{
    struct stack_row row = {0};
    TRY(take_cell(&line, row.id, sizeof row.id));
    TRY(take_cell(&line, row.verdict, sizeof row.verdict));
    TRY(take_cell(&line, row.alerts, sizeof row.alerts));
    for (size_t i = 0; i < STACK_COUNT; i++) {
        ENSURE(line.ptr != NULL, ERR_SYNTAX);
        TRY(take_cell(&line, row.results[i], sizeof row.results[i]));
    }
    ENSURE(line.ptr == NULL, ERR_SYNTAX);
    return stack_table_add(out, &row);
}

int stack_table_parse(struct span tsv, struct stack_table *out)
{
    bool has_head = false;
    *out = (struct stack_table){0};
    while (tsv.len > 0) {
        struct span line = span_cut(tsv, '\n', &tsv);
        int code = 0;
        if (line.len > 0 && line.ptr[0] == '#') {
            code = read_version(line, out);
        } else if (!has_head) {
            has_head = true;
            code = span_equals_text(line, COLUMNS) ? 0 : ERR_SYNTAX;
        } else {
            code = read_row(line, out);
        }
        if (code < 0) {
            stack_table_free(out);
            FAIL(ERR_SYNTAX, "expected a row of the table of TLS stacks, seen '%.*s'",
                 SPAN_ARG(line));
        }
    }
    return 0;
}

// Printing ---------------------------------------------------------------------------------------

int stack_table_print_tsv(const struct stack_table *table, struct buf *out)
{
    for (size_t i = 0; i < STACK_COUNT; i++) {
        TRY(buf_printf(out, "#%s\t%s\n", stack_words[i], table->versions[i]));
    }
    TRY(buf_append_text(out, COLUMNS "\n"));
    for (size_t i = 0; i < table->count; i++) {
        const struct stack_row *row = &table->rows[i];
        TRY(buf_printf(out, "%s\t%s\t%s", row->id, row->verdict, row->alerts));
        for (size_t k = 0; k < STACK_COUNT; k++) {
            TRY(buf_printf(out, "\t%s", row->results[k]));
        }
        TRY(buf_append_u8(out, '\n'));
    }
    return 0;
}

static const char *const head =
    "# What TLS libraries do with the catalogue\n"
    "\n"
    "Each recipe of `recipes/catalogue` was presented to five TLS client libraries with their "
    "usual\n"
    "settings: the recipe's `trust` as bundle, its host name asked for, TLS 1.2. **accept** means "
    "that\n"
    "the client went on with its ClientKeyExchange; a name is the fatal alert that it sent; "
    "**silent**\n"
    "means that it closed the connection without one, **stuck** that it did neither within three\n"
    "seconds. *verdict* and *alerts* are what the texts ask for; results that differ are bold.\n"
    "`free`: the texts leave it open.\n"
    "\n"
    "Made by `cmake --build BUILD --target stacks` out of `stacks.tsv`, which is for programs.\n"
    "The test `stacks_check` measures again and tells what has changed.\n"
    "\n";

static bool is_as_expected(const struct stack_row *row, const char *result)
{
    bool is_accepted = strcmp(result, "accept") == 0;
    return strcmp(row->verdict, "free") == 0 ||
           (strcmp(row->verdict, "accept") == 0 ? is_accepted
                                                : !is_accepted && strcmp(result, "stuck") != 0);
}

static int print_md_row(const struct stack_row *row, struct workshop *w, struct buf *out)
{
    char name[sizeof row->id + 16];
    struct chain_facts facts;
    snprintf(name, sizeof name, "catalogue/%s", row->id);
    TRY(chain_read_facts(w, name, "myhub.azure-devices.net", &facts));
    TRY(buf_printf(out, "| %s | %s | %s | %s |", row->id, facts.about, row->verdict, row->alerts));
    for (size_t i = 0; i < STACK_COUNT; i++) {
        const char *mark = is_as_expected(row, row->results[i]) ? "" : "**";
        TRY(buf_printf(out, " %s%s%s |", mark, row->results[i], mark));
    }
    return buf_append_u8(out, '\n');
}

int stack_table_print_md(const struct stack_table *table, struct workshop *w, struct buf *out)
{
    TRY(buf_append_text(out, head));
    TRY(buf_append_text(out, "| Column | Library |\n|---|---|\n"));
    for (size_t i = 0; i < STACK_COUNT; i++) {
        TRY(buf_printf(out, "| %s | %s |\n", stack_words[i], table->versions[i]));
    }
    TRY(buf_append_text(out, "\n| id | the server presents | verdict | alerts |"));
    for (size_t i = 0; i < STACK_COUNT; i++) {
        TRY(buf_printf(out, " %s |", stack_words[i]));
    }
    TRY(buf_append_text(out, "\n|---|---|---|---|---|---|---|---|---|\n"));
    for (size_t i = 0; i < table->count; i++) {
        TRY(print_md_row(&table->rows[i], w, out));
    }
    return 0;
}
