// SPDX-License-Identifier: MIT
// The table of the diagnosis, in several files by subject. Not for other folders.
//
// A row fits when all of its parts do:
//   violated  which event broke a rule: words of events, "@recovery" for an oracle ("@backoff~none"
//             for one that says this, with _ for blanks, "@a~b~c" for both), "-" when no event did, "?mqtt.connect" when
//             this one was waited for in vain; several may stand
//   chain     whether the hub's chain must be refused
//   evidence  clauses joined by "; ", each about the last event of a type:
//             "mqtt.cut"                     it was seen            "!mqtt.cut"  never
//             "mqtt.cut > mqtt.connected"    and the other not after it
//             "mqtt.cut.reason = a|b"        a field is one of these; != none of them
//             "fault.fired.fault ~ stall"    a field contains this
//   fits      what clauses cannot say
// Only the first row of a family that fits speaks, so special rows stand above general ones.
#pragma once
#include "harness/diagnosis/facts.h"

enum chain_kind { CHAIN_ANY, CHAIN_GOOD, CHAIN_BAD };

struct row {
    const char *id;
    const char *family;
    enum sureness sure;
    const char *violated;
    enum chain_kind chain;
    const char *evidence; // NULL: none asked
    facts_test *fits;     // NULL: nothing more
    const char *cause;    // {event.field}: of the last such event; and the names in fill.c
    const char *try_text;
};

struct row_table {
    const struct row *rows;
    size_t count;
};
extern const struct row_table diagnosis_chain_rows, diagnosis_net_rows, diagnosis_fault_rows,
    diagnosis_narrow_rows, diagnosis_tls_rows, diagnosis_connect_rows,
    diagnosis_link_rows, diagnosis_cloud_rows, diagnosis_last_rows;

bool evidence_fits(const char *evidence, const struct diagnosis *d);
// False when a clause cannot be read or names an event or field that is not there; for tests.
bool evidence_is_sound(const char *evidence);
// Fills {placeholders}; what is unknown becomes "". Cut at capacity.
void diagnosis_fill(const struct diagnosis *d, const struct event *violated, const char *text,
                    char *out, size_t capacity_bytes);
