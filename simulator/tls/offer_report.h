// SPDX-License-Identifier: MIT
// client-hello.txt: what each kind of device offered in its ClientHello, and what IoT Hub makes of
// it, for people. A listener of the journal.
//
//     offer_report_open(&report, folder);
//     journal_listen(journal, offer_report_event, &report);
#pragma once
#include "simulator/journal/event.h"

#include <limits.h>

struct offer_report {
    char path[PATH_MAX];
};

// The file appears with the first offer; one of an earlier run is removed. ERR_TOO_BIG: the path.
int offer_report_open(struct offer_report *report, const char *folder) HR_NODISCARD;
void offer_report_event(void *context, const struct event *event);
