// SPDX-License-Identifier: MIT
// A run's evidence folder is made and claimed before anything runs: a folder that cannot be written,
// or that another run writes, is told at once and not by every scenario.
#pragma once
#include "base/compat.h"

#include <stdint.h>

// Makes the folder, takes it for this process until *fd is closed, and notes the seed there for
// --resume. A process that ends in any way gives it back. ERR_IN_USE names the process that has it;
// ERR_PERMISSION, ERR_IO: it cannot be written.
int claim_evidence(const char *folder, uint64_t seed, int *fd) HR_NODISCARD;
