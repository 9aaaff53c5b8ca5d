// SPDX-License-Identifier: MIT
// Between the files that read a .bench file: the state of the reader and one function per keyword.
#pragma once
#include "base/line.h"
#include "harness/bench/bench.h"

enum { READER_KEYWORDS_MOST = 40 };

struct reader {
    struct bench *bench;
    struct diag_list *diags;
    const struct line *line;
    struct bench_device *device; // the open block, or NULL
    struct place opened;
    bool has_command;
    int seen[READER_KEYWORDS_MOST]; // the line on which each keyword stood first in the block
};

#define MISTAKE(r, at, ...) diag_add((r)->diags, line_place((r)->line, (at)), __VA_ARGS__)

int reader_set_text(char **field, struct span text) HR_NODISCARD;
// The words from `at` on, joined, checked as a template.
int reader_set_template(struct reader *r, size_t at, char **field) HR_NODISCARD;
// Every placeholder must be one that a run can fill.
int reader_check_template(struct reader *r, size_t at, struct span text) HR_NODISCARD;
int reader_duration(struct reader *r, size_t at, uint64_t *out_us) HR_NODISCARD;
// A mistake with a suggestion out of `names`.
int reader_unknown(struct reader *r, size_t at, const char *what, const char *const *names,
                   size_t count) HR_NODISCARD;

// The act that begins with word `at`, appended to `acts`.
int acts_read(struct reader *r, size_t at, struct bench_acts *acts) HR_NODISCARD;
int acts_add_command(struct bench_acts *acts, int line, const char *const *words,
                     size_t count) HR_NODISCARD;
void acts_deinit(struct bench_acts *acts);

int board_new(struct bench_device *device) HR_NODISCARD;
void board_free(struct bench_board *board);
int board_check(struct reader *r) HR_NODISCARD; // at its end

// The keywords of hardware.
int board_read_serial(struct reader *r);
int board_read_baud(struct reader *r);
int board_read_line_end(struct reader *r);
int board_read_flash(struct reader *r);
int board_read_reset(struct reader *r);
int board_read_power(struct reader *r);
int board_read_clock(struct reader *r);
int board_read_credentials(struct reader *r);
int board_read_script(struct reader *r);
int board_read_banner(struct reader *r);
int board_read_ask(struct reader *r);
int board_read_hub_address(struct reader *r);
int board_read_hub_name(struct reader *r);
int board_read_hub_port(struct reader *r);
int board_read_notes(struct reader *r);
int board_read_tags(struct reader *r);
