// SPDX-License-Identifier: MIT
// What TLS client libraries do with the chains of the catalogue: measured, and kept as a table.
//
// certs/stacks.tsv: '#' lines name the libraries' versions, the first other line the columns, then
// one row per recipe: id, verdict, alerts (with commas), and per library accept, silent (closed
// without an alert), stuck (no answer in three seconds) or the alert's name.
#pragma once
#include "certs/chain.h"

enum stack {
    STACK_OPENSSL,
    STACK_GNUTLS,
    STACK_MBEDTLS,
    STACK_WOLFSSL,
    STACK_BEARSSL,
    STACK_COUNT
};
extern const char *const stack_words[STACK_COUNT]; // "openssl" ...

struct stack_row {
    char id[CHAIN_ID_BYTES_MOST + 1];
    char verdict[8];
    char alerts[200];
    char results[STACK_COUNT][40];
};

struct stack_table {
    struct stack_row *rows;
    size_t count;
    char versions[STACK_COUNT][80]; // "" when not known
};

void stack_table_free(struct stack_table *table);
int stack_table_add(struct stack_table *table, const struct stack_row *row) HR_NODISCARD;
const struct stack_row *stack_table_find(const struct stack_table *table, const char *id);

// ERR_SYNTAX for what is no such table.
int stack_table_parse(struct span tsv, struct stack_table *out) HR_NODISCARD;
int stack_table_print_tsv(const struct stack_table *table, struct buf *out) HR_NODISCARD;
// The page for people; recipes' texts come from the workshop.
int stack_table_print_md(const struct stack_table *table, struct workshop *w,
                         struct buf *out) HR_NODISCARD;

// Ask one library about a chain. `peers` is the folder of the peer programs, `is_loud` lets the
// program say what the library thinks. ERR_SPAWN, ERR_PROTOCOL, ERR_CRYPTO.
int stack_measure(enum stack stack, const char *peers, const struct chain *chain, const char *host,
                  bool is_loud, char out[40]) HR_NODISCARD;
// Its version line.
int stack_version(enum stack stack, const char *peers, char out[80]) HR_NODISCARD;
