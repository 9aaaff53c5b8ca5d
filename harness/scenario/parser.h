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
    struct {
        struct place at; // the first statement that needs the capability; line 0 = none
        const char *what;
    } uses[CAPABILITY_COUNT];
    struct place count_use; // of device.count
    struct place key_use;   // of device.key = secondary
    struct place module_use; // of device.module
    struct place certificate_use; // of device.certificate
    struct line_script included[INCLUDES_MOST]; // in the order of plan->included
    const char *file;                           // of these the one being read, NULL = none
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
// Word `at` needs a device with this capability; `what` is "device.clock" or the like, static.
void parser_uses(struct parser *p, enum capability_index capability, size_t at, const char *what);
// A copy of `text` in *field, instead of what is there.
int parser_text(char **field, struct span text);
// The words from `at` on as one text.
int parser_words(struct parser *p, char **field, size_t at);
// A new statement at the end of the plan, with its place and its text.
int parser_add_step(struct parser *p, enum step_kind kind, struct step **out);
// head.c: what stands above the first statement that acts
int parser_head_scenario(struct parser *p);
int parser_head_about(struct parser *p);
int parser_head_why(struct parser *p);
int parser_head_source(struct parser *p);
int parser_head_level(struct parser *p);
int parser_head_tags(struct parser *p);
int parser_head_needs(struct parser *p);
int parser_head_limit(struct parser *p);
int parser_set(struct parser *p);
// hub_knobs.c: the knobs that are fields of struct hub_settings
int parser_hub_knob(struct parser *p, size_t at);
int parser_hub(struct parser *p, struct step *step);
int parser_dps(struct parser *p, struct step *step);
int parser_net(struct parser *p, struct step *step);
// identity.c: the knobs of the device's identity, and what only the whole file shows of them
int parser_set_device_key(struct parser *p, size_t at);
int parser_set_device_module(struct parser *p, size_t at);
void parser_check_identity(struct parser *p);
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
// plan.c: the statement from word `at` on, one that acts, as a step that belongs to the caller.
int parser_act(struct parser *p, size_t at, struct step **out);
// standing.c: device, while, when
int parser_device(struct parser *p, struct step *step);
int parser_while(struct parser *p, struct step *step);
int parser_when_do(struct parser *p);
// measure.c: measure NAME = AMOUNT UNIT [enough AMOUNT]
int parser_measure(struct parser *p);
// N, Nk or NM, of 1024; false when it is none, without a diagnostic.
bool parser_bytes(const struct parser *p, size_t at, uint64_t *out_bytes);
// include.c: the script of the file that word 1 names, read once; it lives as long as the parser.
int parser_include(struct parser *p, size_t *which);
// blocks.c: gives every statement to `parse`, with repeat, param and include written out.
int parser_blocks(struct parser *p, const struct line_script *script,
                  int (*parse)(struct parser *p));
// The statement must end before word `at`.
int parser_end(struct parser *p, size_t at);
