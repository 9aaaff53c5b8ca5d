// SPDX-License-Identifier: MIT
// What a scenario ended with. Reports read nothing else.
#pragma once
#include "base/span.h"
#include "harness/scenario/measure.h"

#include <stdbool.h>
#include <stdint.h>

//    C name        word            exit  meaning
#define VERDICT_TABLE(X)                                                                           \
    X(PASS, "pass", 0, "everything expected was seen")                                             \
    X(WARN, "warn", 0, "passed, with a remark")                                                    \
    X(FAIL, "fail", 1, "the device did something else")                                            \
    X(INCONCLUSIVE, "inconclusive", 1, "the device gave nothing to judge")                         \
    X(FLAKY, "flaky", 1, "it passed and failed by turns")                                          \
    X(INFRA, "infra", 3, "the rig failed, not the device")                                         \
    X(SKIPPED, "skipped", 77, "the device does not offer what the scenario needs")

enum verdict {
#define X(name, word, exit_code, meaning) VERDICT_##name,
    VERDICT_TABLE(X)
#undef X
    VERDICT_COUNT
};
const char *verdict_word(enum verdict verdict);
const char *verdict_meaning(enum verdict verdict);
int verdict_of(struct span word); // -1 when unknown

enum { OUTCOME_FINDINGS_MOST = 4 };
struct outcome_finding { // heap texts or ""
    char *id;
    char *sure; // sure, likely or possible
    char *cause;
    char *try_text;
};

struct outcome {
    enum verdict verdict;
    char *scenario;
    char *about;
    char *file;
    int line; // the statement that decided, 0 when none
    int column;
    char *statement; // as written
    char *expected;  // one sentence each; "" when there is nothing to say
    char *observed;
    char *cause;
    char *try_text;
    char *evidence;  // folder
    char *device;
    uint64_t duration_us;
    uint64_t events;
    // All causes that fit, the best first; its texts are `cause` and `try_text` as well.
    struct outcome_finding findings[OUTCOME_FINDINGS_MOST];
    size_t finding_count;
    struct measures measures; // of a scenario that was run more than once: the lowest
    // What the scenario and the run say about themselves; "" and 0 in files of earlier versions.
    char *why;
    char *level; // must, should, info
    char *clause;
    char *firmware;
    char *earlier; // what an attempt that was repeated had ended with
    char *again;   // the command that runs this alone, the same way
    uint64_t seed;
    int64_t started_us; // UTC
    unsigned attempts;
    // A scenario that was run more than once: the texts above are those of its worst run.
    unsigned run; // which one this is, or the worst; from 1
    unsigned runs, good_runs, bad_runs, infra_runs;
};
void outcome_init(struct outcome *o);
void outcome_deinit(struct outcome *o);
// Text fields hold "" or a heap text; set them through outcome_set alone.
// Replace a text field by a copy of `text` (NULL = ""). ERR_NO_MEMORY leaves "".
void outcome_set(char **field, const char *text);
// Add a finding; beyond OUTCOME_FINDINGS_MOST it is left out.
void outcome_add_finding(struct outcome *o, const char *id, const char *sure, const char *cause,
                         const char *try_text);
void outcome_copy_findings(struct outcome *to, const struct outcome *from); // instead of its own
// verdict.json: one JSON object; read back by the runner. ERR_SYNTAX when damaged. 'o' is
// initialised here and must be deinitialised in every case.
int outcome_to_json(const struct outcome *o, struct buf *out) HR_NODISCARD;
int outcome_from_json(struct span json, struct outcome *o) HR_NODISCARD;

// Puts the outcome of one more run into `sum` (freshly initialised for the first): all alike gives
// that verdict; good and bad by turns gives flaky; a single infra gives infra.
void outcome_add_run(struct outcome *sum, const struct outcome *run);
bool verdict_is_good(enum verdict verdict);    // pass and warn
bool verdict_is_trouble(enum verdict verdict); // neither good nor skipped: to be looked at

// Exit code of a whole run: infra 3 before fail 1 before pass 0; 77 when all were skipped.
int verdicts_exit_code(const struct outcome *outcomes, size_t count);
