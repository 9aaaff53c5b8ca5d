// SPDX-License-Identifier: MIT
// The folder that a scenario leaves: journal.jsonl, device.log, root.pem, chain.pem, verdict.json, keys.log,
// and below rig/ what the sandbox and the false clock needed. What an earlier run left there is
// removed first.
#pragma once
#include "base/env.h"
#include "base/span.h"
#include "simulator/journal/journal.h"

#include <limits.h>

struct evidence {
    char folder[PATH_MAX];
    char rig_folder[PATH_MAX];
    int journal_fd;
    struct buf line;
    char failure[300]; // set once when the journal can no longer be written
};

int evidence_open(struct evidence *e, const char *folder) HR_NODISCARD;
void evidence_close(struct evidence *e);
// Only after evidence_open has made the folder.
int evidence_put(struct evidence *e, const char *name, struct span bytes, unsigned mode) HR_NODISCARD;
// A journal listener: one JSON object per line.
void evidence_event(void *context, const struct event *event);
