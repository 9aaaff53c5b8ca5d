// SPDX-License-Identifier: MIT
// The reports that `run`, `try` and `report` write from outcomes.
#pragma once
#include "harness/cli/cli.h"
#include "harness/report/report.h"

enum { REPORT_SPECS = 7 };

struct report_wish {
    const char *command;  // for messages
    const char *evidence; // folder for what has no name of its own
    const char *junit, *tap, *tap14, *html, *summary, *annotate; // NULL = not asked for
    const char *json;                                            // a flag: to stdout
};

// Its options, into specs[REPORT_SPECS]; returns how many.
size_t reports_specs(struct report_wish *wish, struct option_spec *specs);
// Prints a mistake among them and returns EXIT_USAGE, before anything runs.
int reports_check(const struct report_wish *wish);
// Fails for the first file that cannot be written: also before anything runs.
int reports_check_places(const struct report_wish *wish) HR_NODISCARD;
// Returns EXIT_PASS, or the exit code of the last that could not be written.
int reports_write(const struct report_wish *wish, const struct outcome *outcomes, size_t count);

#define REPORTS_HELP                                                                               \
    "  --html FILE         one page with marks, causes and timelines; needs nothing else\n"        \
    "  --junit FILE        JUnit XML\n"                                                            \
    "  --tap FILE          TAP 13; --tap14 FILE: TAP 14\n"                                         \
    "  --summary FILE      Markdown, added to the file's end\n"                                    \
    "  --annotate KIND     remarks at the scenario's line: github and azure print them, and\n"     \
    "                      github adds to $GITHUB_STEP_SUMMARY; gitlab writes\n"                   \
    "                      gl-code-quality-report.json into the evidence folder; auto: the CI\n"   \
    "                      system that runs this, if any\n"                                        \
    "  --json              print the outcomes as JSON instead of lines\n"
