// SPDX-License-Identifier: MIT
// The command that runs one scenario of a run again, alone and the same way: the line that a person
// copies from a report.
#pragma once
#include "harness/cli/suite_run.h"

// `out`: "hubrig run suites/tls/sni.scn --device mine --bench my.bench --seed 4711". Without what the
// run was not given, and without its reports and evidence folder.
int again_command(const struct suite_run *run, const struct suite_numbers *numbers,
                  const struct plan *plan, const struct bench_device *device,
                  struct buf *out) HR_NODISCARD;
