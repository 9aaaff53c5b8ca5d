// SPDX-License-Identifier: MIT
// Reader of x509-limbo's public data file (schema version 1): path validation cases with their
// certificates, and, for most, the peer's private key, so that they can be served over the wire.
//
//     struct limbo_file file;
//     TRY(limbo_read("limbo.json", &file));
//     for each file.cases[i]: if (!c->unfit[0]) serve c->chain under c->host at c->utc_s
//     limbo_deinit(&file);
#pragma once
#include "certs/chain.h"

enum limbo_importance {
    LIMBO_UNDETERMINED,
    LIMBO_LOW,
    LIMBO_MEDIUM,
    LIMBO_HIGH,
    LIMBO_CRITICAL,
    LIMBO_IMPORTANCES
};
const char *limbo_importance_word(enum limbo_importance importance);

struct limbo_case {
    char *id;
    char *description; // its first line
    char *features;    // words between blanks, "" = none
    enum limbo_importance importance;
    bool expects_success;
    bool has_time;
    int64_t utc_s; // of the validation, with has_time
    char *host;    // the name that the client asks for
    bool is_address;    // host is an IPv4 address
    char unfit[120];    // why the case cannot be served to a device; "" = it can
    struct chain chain; // sent: peer and intermediates in the file's order; root: the trusted ones
};

struct limbo_file {
    struct limbo_case *cases;
    size_t count;
};

enum { LIMBO_FILE_BYTES_MOST = 256 << 20 };

// ERR_NO_FILE ..., ERR_SYNTAX with line and column for what is not JSON or not a limbo file.
int limbo_read(const char *path, struct limbo_file *out) HR_NODISCARD;
int limbo_parse(struct span json, struct limbo_file *out) HR_NODISCARD;
void limbo_deinit(struct limbo_file *file);
