// SPDX-License-Identifier: MIT
// Credentials that a board finds when it boots: files in a folder, such as its mounted disk, or a
// template filled into an image that is flashed.
#pragma once
#include "harness/runner/surroundings.h"

// Nothing to do for the other ways. ERR_NO_FILE and the like for what cannot be read or written,
// ERR_UNKNOWN_NAME for a placeholder in the template that there is not.
int deposit_credentials(const struct bench_board *board,
                        const struct surroundings *around) HR_NODISCARD;
