// SPDX-License-Identifier: MIT
// What TLS libraries did with the catalogue when it was measured: certs/stacks.tsv, as programs read
// it. `hubrig doctor --stack` tells of it, and a chain of the catalogue knows who accepts it.
#pragma once
#include "base/span.h"

// Appends the libraries that accept recipe catalogue/ID, joined by ", "; nothing when the table has
// no such row. File errors, ERR_SYNTAX for a damaged table.
int stacks_accepting(const char *id, struct buf *out) HR_NODISCARD;

// Where one library (a column's name: "mbedtls") differs from the texts, ids joined by blanks: what
// it accepts and must refuse, and what it refuses and should accept. ERR_UNKNOWN_NAME for a library
// that was not measured.
int stacks_differences(const char *library, struct buf *lets_through, struct buf *refuses)
    HR_NODISCARD;
