// SPDX-License-Identifier: MIT
// Outcomes from evidence folders, as a run left them: every verdict.json below, the runs of one
// scenario on one device as one outcome.
#pragma once
#include "harness/oracle/verdict.h"

struct collection {
    struct outcome *outcomes; // sorted by device and scenario
    size_t count;
};

// Adds what is below `folder`; evidence is where it lies now. ERR_NO_FILE when there is none, the
// same run found twice is ERR_VALUE, a damaged verdict.json ERR_SYNTAX. To be deinitialised in
// every case.
int collection_add(struct collection *c, const char *folder) HR_NODISCARD;
void collection_deinit(struct collection *c);
// Copies the evidence below `from` to `to`, which may exist; a file that is there with other
// contents is ERR_VALUE.
int collection_copy(const char *from, const char *to) HR_NODISCARD;
