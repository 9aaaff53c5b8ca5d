// SPDX-License-Identifier: MIT
// Outcomes as people and CI systems read them. Console lines are written as outcomes arrive, the
// files at the end of the run.
#pragma once
#include "harness/oracle/verdict.h"

struct report_style {
    bool has_colour;
    size_t name_columns; // width of the scenario column
};

// One line with its line end: "pass  smoke.connect-sas          1.2 s".
int report_console_line(const struct outcome *o, const struct report_style *style,
                        struct buf *out) HR_NODISCARD;
// The lines below a verdict that is not pass: where, expected, observed, cause, try, evidence;
// a line without a text is left out.
int report_console_detail(const struct outcome *o, const struct report_style *style,
                          struct buf *out) HR_NODISCARD;
// "13 scenarios: 12 pass, 1 fail in 9.8 s".
int report_console_summary(const struct outcome *outcomes, size_t count, uint64_t wall_us,
                           const struct report_style *style, struct buf *out) HR_NODISCARD;
int report_junit(const struct outcome *outcomes, size_t count, const char *suite,
                 struct buf *out) HR_NODISCARD; // JUnit XML with file and line
int report_tap(const struct outcome *outcomes, size_t count, struct buf *out) HR_NODISCARD; // TAP 13
int report_json(const struct outcome *outcomes, size_t count, struct buf *out) HR_NODISCARD;
