// SPDX-License-Identifier: MIT
// The TLS secrets of all connections as a key log file, NSS format, which Wireshark, tshark and
// others take beside any capture of the same bytes.
//
//     TRY(key_log_open("keys.log", &log));
//     key_log_add(log, "CLIENT_RANDOM ... ...");     // once per connection
//     key_log_close(log);
#pragma once
#include "base/compat.h"

struct key_log;

// Creates the file with mode 0600: who has it reads passwords in a capture. File errors as
// fs_write_file.
int key_log_open(const char *path, struct key_log **out) HR_NODISCARD;
void key_log_close(struct key_log *log); // NULL is allowed
// Lines without the last line end, written at once. A NULL log takes nothing.
void key_log_add(struct key_log *log, const char *lines);
// "" or why the file could not be written any more; also for a NULL log.
const char *key_log_failure(const struct key_log *log);
