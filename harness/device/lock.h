// SPDX-License-Identifier: MIT
// One user at a time for a board: a file lock that the system drops with its holder, however that
// ends. The file says who holds it.
#pragma once
#include "base/span.h"

// Takes the lock of `name` and keeps it until *fd is closed; tries for wait_us. ERR_IN_USE names the
// holder: process, host, and the job's address when a CI told one. The folder is $HUBRIG_LOCKS, else
// /run/lock/hubrig (a board belongs to the machine, not to a user), else /tmp/hubrig-locks.
int lock_take(const char *name, uint64_t wait_us, int *fd) HR_NODISCARD;
// Who holds the lock of `name` now: the holder's own words in `out`, "" when it is free. ERR_IO.
int lock_holder(const char *name, char *out, size_t capacity_bytes) HR_NODISCARD;
