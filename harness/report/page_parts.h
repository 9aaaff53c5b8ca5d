// SPDX-License-Identifier: MIT
// What the files of report.html share. Not for other folders.
#pragma once
#include "harness/oracle/verdict.h"
#include "harness/report/timeline.h"

extern const char page_style[];
extern const char page_script[];

// "evidence/smoke.x/" as a link of a page in `page_folder`; "" when there is none.
int page_link(const char *page_folder, const char *evidence, struct buf *out) HR_NODISCARD;
// The lanes as inline SVG with their zoom, and the table of events below. Of each lane at most `most`
// marks are shown, its first and last ones, and as many more bad ones. `number` makes ids.
int page_timeline(const struct timeline *t, size_t number, size_t most, const char *link,
                  struct buf *out) HR_NODISCARD;
