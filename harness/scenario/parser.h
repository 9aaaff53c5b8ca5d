// SPDX-License-Identifier: MIT
// What the files of this folder share while they read one scenario. Not for other folders.
#pragma once
#include "harness/scenario/plan.h"

struct parser {
    struct plan *plan;
    struct diag_list *diags;
    const char *const *chain_names; // NULL = any name goes
    size_t chain_count;
    const struct line *line; // the statement being read
    size_t step_room;
    int boot_line;  // 0 = none yet
    bool has_first; // the first statement was read
    int scenario_line, limit_line;
    int about_line, why_line, level_line, basis_line;
    int knob_lines[KNOB_COUNT];
    struct place clock_use; // the first statement that needs the capability; line 0 = none
    const char *clock_why;
    struct place x509_use;
    struct place dps_use;
    struct place memory_use;
    struct place policy_use; // the last knob of TLS
    struct place tls13_use;
};

// Each reads the words of p->line from `at` on. 0, ERR_SYNTAX after a diagnostic, ERR_NO_MEMORY.

// A mistake at word `at`, with a did-you-mean from `names`.
int parser_unknown(struct parser *p, size_t at, const char *what, const char *const *names,
                   size_t count);
// A duration of at least `least_us`.
int parser_duration(struct parser *p, size_t at, int64_t least_us, uint64_t *out_us);
int parser_chain(struct parser *p, size_t at, char out[96]);
// `is_device` decides between the words hub and real.
int parser_when(struct parser *p, size_t at, bool is_device, struct when *out);
// EVENT [with ...]; *next is the word behind it.
int parser_match(struct parser *p, size_t at, struct match *out, size_t *next);
int parser_range(struct parser *p, size_t at, uint64_t *least, uint64_t *most);
int parser_set(struct parser *p);
// hub_knobs.c: the knobs that are fields of struct hub_settings
int parser_hub_knob(struct parser *p, size_t at);
int parser_hub(struct parser *p, struct step *step);
int parser_dps(struct parser *p, struct step *step);
int parser_net(struct parser *p, struct step *step);
// services.c: the knobs and verbs of names and time
int parser_set_sntp(struct parser *p, size_t at);
int parser_set_dns_hub(struct parser *p, size_t at);
int parser_set_dns_dps(struct parser *p, size_t at);
int parser_sntp(struct parser *p, struct step *step);
int parser_dns(struct parser *p, struct step *step);
// cloud.c: hub c2d, hub desired, hub method
int parser_c2d(struct parser *p, struct step *step);
int parser_desired(struct parser *p, struct step *step);
int parser_method(struct parser *p, struct step *step);
// oracles.c: which oracle the second word names, -1 for none; and its parts
int parser_oracle_of(const struct parser *p);
int parser_oracle(struct parser *p, enum oracle_kind kind, bool is_never, struct step *step);
// blocks.c: gives every statement to `parse`, with repeat and param written out.
int parser_blocks(struct parser *p, const struct line_script *script,
                  int (*parse)(struct parser *p));
// The statement must end before word `at`.
int parser_end(struct parser *p, size_t at);
