// SPDX-License-Identifier: MIT
// Damage done to bytes that were sound: what 'patch' and 'patch-tbs' lines of a recipe say.
#pragma once
#include "base/span.h"

enum patch_verb {
    PATCH_FLIP_BIT, // the lowest bit of the byte at `offset`
    PATCH_TRUNCATE, // cut `count` bytes off the end
    PATCH_APPEND,   // `bytes` behind the end
    PATCH_BYTE,     // overwrite from `offset` on with `bytes`
    PATCH_REPLACE,  // the first `find` becomes `bytes`, of any length
    PATCH_GARBAGE,  // `count` bytes that look random instead of everything
};

enum { PATCH_BYTES_MOST = 128, PATCH_GARBAGE_MOST = 65536 };

struct patch_bytes {
    uint8_t data[PATCH_BYTES_MOST];
    size_t len;
};

struct patch {
    enum patch_verb verb;
    int64_t offset; // negative: from the end
    size_t count;
    struct patch_bytes find, bytes;
};

// 0; ERR_VALUE when the bytes that it speaks of are not there; the buf's errors.
int patch_apply(const struct patch *patch, struct buf *bytes) HR_NODISCARD;
