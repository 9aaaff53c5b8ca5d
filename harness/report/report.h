// SPDX-License-Identifier: MIT
// Outcomes as people and CI systems read them. Console lines are written as outcomes arrive, the
// files at the end of the run.
#pragma once
#include "harness/oracle/verdict.h"

struct report_style {
    bool has_colour;
    size_t name_columns; // width of the scenario column
    bool shows_device;   // "board/smoke.connect", where several devices run
};

// One line with its line end: "pass  smoke.connect-sas          1.2 s".
int report_console_line(const struct outcome *o, const struct report_style *style,
                        struct buf *out) HR_NODISCARD;
// The lines below a verdict: what was measured, and where it is not pass where, expected, observed,
// cause, try, again, evidence; a line without a text is left out. Nothing below a skipped one, whose
// line says why.
int report_console_detail(const struct outcome *o, const struct report_style *style,
                          struct buf *out) HR_NODISCARD;
// What the run comes to: the reasons why scenarios were skipped, and the causes of what did not pass,
// with the scenarios of each. Nothing for a single scenario.
int report_console_causes(const struct outcome *outcomes, size_t count,
                          const struct report_style *style, struct buf *out) HR_NODISCARD;
// "13 scenarios: 12 pass, 1 fail in 9.8 s".
int report_console_summary(const struct outcome *outcomes, size_t count, uint64_t wall_us,
                           const struct report_style *style, struct buf *out) HR_NODISCARD;
int report_junit(const struct outcome *outcomes, size_t count, const char *suite,
                 struct buf *out) HR_NODISCARD; // JUnit XML with file and line
// TAP 13, or 14 for `version` 14.
int report_tap(const struct outcome *outcomes, size_t count, int version,
               struct buf *out) HR_NODISCARD;
int report_json(const struct outcome *outcomes, size_t count, struct buf *out) HR_NODISCARD;
// A table in Markdown, as GitHub shows it under a job: counts, the report card, what did not pass.
int report_summary(const struct outcome *outcomes, size_t count, struct buf *out) HR_NODISCARD;

// What a CI system shows at the line of the scenario. GITHUB and AZURE are commands for the log,
// GITLAB is the JSON of a code quality report. `root` is the folder of the repository: files below
// it are named from there (NULL = as they are).
enum annotations { ANNOTATE_NONE, ANNOTATE_GITHUB, ANNOTATE_GITLAB, ANNOTATE_AZURE };
int report_annotations(const struct outcome *outcomes, size_t count, enum annotations kind,
                       const char *root, struct buf *out) HR_NODISCARD;

// report.html: one page that needs nothing else. Timelines are read from the evidence folders;
// `page_folder` is where the page will stand, so that it can link to them (NULL = no links).
int report_html(const struct outcome *outcomes, size_t count, const char *page_folder,
                struct buf *out) HR_NODISCARD;
