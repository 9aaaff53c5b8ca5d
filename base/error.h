// SPDX-License-Identifier: MIT
// Errors: an int, 0 or a negative code of one table. The code's class says who failed, and so
// which verdict and exit code follow. The sentence that a person reads travels beside the code in
// a thread-local place, written by FAIL and read by whoever reports.
//
//     int load(const char *path) {
//         TRY(fs_read_file(path, LIMIT_FILE_BYTES, &text));
//         ENSURE(text.len > 0, ERR_SYNTAX);
//         if (bad) { FAIL(ERR_SYNTAX, "%s: expected a chain, seen '%s'", path, word); }
//         return 0;
//     }
#pragma once
#include "base/compat.h"

#include <stdbool.h>

enum error_class {
    ERROR_CLASS_NONE = 0,
    ERROR_CLASS_USAGE,    // the person's input is wrong: exit 2
    ERROR_CLASS_DEVICE,   // the device or its bytes are wrong: a verdict, exit 1
    ERROR_CLASS_INFRA,    // the rig, the machine or the bench is wrong: exit 3
    ERROR_CLASS_INTERNAL, // hubrig is wrong: exit 3, and a bug
};

//       code                class     sentence
#define ERROR_TABLE(X)                                                                             \
    X(ERR_USAGE, USAGE, "the command line is wrong")                                               \
    X(ERR_SYNTAX, USAGE, "the file has a syntax error")                                            \
    X(ERR_UNKNOWN_NAME, USAGE, "no such name")                                                     \
    X(ERR_NO_FILE, USAGE, "no such file")                                                          \
    X(ERR_VALUE, USAGE, "the value is out of range")                                               \
    X(ERR_PROTOCOL, DEVICE, "the peer broke the protocol")                                         \
    X(ERR_TLS, DEVICE, "the TLS handshake or record layer failed")                                 \
    X(ERR_PEER_CLOSED, DEVICE, "the peer closed the connection")                                   \
    X(ERR_TOO_BIG, DEVICE, "more bytes than the limit allows")                                     \
    X(ERR_IO, INFRA, "input or output failed")                                                     \
    X(ERR_PERMISSION, INFRA, "permission denied")                                                  \
    X(ERR_IN_USE, INFRA, "already in use")                                                         \
    X(ERR_NO_SPACE, INFRA, "no space left")                                                        \
    X(ERR_SPAWN, INFRA, "the program could not be started")                                        \
    X(ERR_NAMESPACE, INFRA, "this machine does not allow a private network")                       \
    X(ERR_TIMEOUT, INFRA, "no answer in time")                                                     \
    X(ERR_NO_MEMORY, INFRA, "out of memory")                                                       \
    X(ERR_CRYPTO, INTERNAL, "a cryptographic operation failed")                                    \
    X(ERR_LIMIT, INTERNAL, "an internal limit was reached")                                        \
    X(ERR_INTERNAL, INTERNAL, "internal error")

enum error_code {
    ERROR_NONE = 0,
#define X(code, class, sentence) code##_ORDINAL,
    ERROR_TABLE(X)
#undef X
#define X(code, class, sentence) code = -(int)(code##_ORDINAL),
    ERROR_TABLE(X)
#undef X
};

// The table's name ("ERR_IO"), class and sentence of a code; an unknown code reads as internal.
const char *error_name(int code);
enum error_class error_class_of(int code);
const char *error_sentence(int code);

// Set and read this thread's detail: what FAIL wrote last, "" when nothing. At most 1023 bytes.
int error_set(int code, const char *format, ...) HR_PRINTF(2, 3);
const char *error_detail(void);
void error_clear(void);

// The detail when there is one for `code`, else the table's sentence.
const char *error_text(int code);

// The code of the class infra (or usage) that an errno value means.
int error_from_errno(int errnum);

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        int try_code_ = (expr);                                                                    \
        if (try_code_ < 0) {                                                                       \
            return try_code_;                                                                      \
        }                                                                                          \
    } while (0)
#define ENSURE(cond, code)                                                                         \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            return error_set((code), "%s", error_sentence(code));                                  \
        }                                                                                          \
    } while (0)
#define FAIL(code, ...) return error_set((code), __VA_ARGS__)
