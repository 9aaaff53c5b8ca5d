// SPDX-License-Identifier: MIT
#include "certs/patch.h"
#include "base/error.h"
#include "base/hash.h"

#include <string.h>

// Where `offset` points, with `room` bytes from there on.
static int find_offset(const struct buf *bytes, int64_t offset, size_t room, size_t *at)
{
    int64_t len = (int64_t)bytes->len;
    int64_t from = offset < 0 ? len + offset : offset;
    if (from < 0 || from + (int64_t)room > len) {
        FAIL(ERR_VALUE, "a patch at offset %lld needs %zu bytes there; there are %zu in all",
             (long long)offset, room, bytes->len);
    }
    *at = (size_t)from;
    return 0;
}

static int flip_bit(const struct patch *patch, struct buf *bytes)
{
    size_t at = 0;
    TRY(find_offset(bytes, patch->offset, 1, &at));
    bytes->data[at] ^= 1;
    return 0;
}

static int overwrite(const struct patch *patch, struct buf *bytes)
{
    size_t at = 0;
    TRY(find_offset(bytes, patch->offset, patch->bytes.len, &at));
    memcpy(bytes->data + at, patch->bytes.data, patch->bytes.len);
    return 0;
}

static int truncate_by(const struct patch *patch, struct buf *bytes)
{
    if (patch->count >= bytes->len) {
        FAIL(ERR_VALUE, "a patch cuts %zu bytes off; there are %zu in all", patch->count,
             bytes->len);
    }
    buf_truncate(bytes, bytes->len - patch->count);
    return 0;
}

static int replace(const struct patch *patch, struct buf *bytes)
{
    const uint8_t *found = memmem(bytes->data, bytes->len, patch->find.data, patch->find.len);
    if (!found) {
        FAIL(ERR_VALUE, "a patch replaces %zu bytes that are not there", patch->find.len);
    }
    struct buf tail HR_CLEANUP(buf_deinit);
    buf_init(&tail, bytes->cap);
    size_t at = (size_t)(found - bytes->data);
    TRY(buf_append(&tail, span_from(buf_span(bytes), at + patch->find.len)));
    buf_truncate(bytes, at);
    TRY(buf_append(bytes, span_of(patch->bytes.data, patch->bytes.len)));
    return buf_append(bytes, buf_span(&tail));
}

// SHA-256 over a counter: the same bytes on every machine.
static int fill_with_garbage(const struct patch *patch, struct buf *bytes)
{
    buf_clear(bytes);
    for (uint32_t i = 0; bytes->len < patch->count; i++) {
        uint8_t block[HASH_SHA256_BYTES];
        const uint8_t count[] = {(uint8_t)(i >> 8), (uint8_t)i};
        TRY(hash_sha256(span_of(count, sizeof count), block));
        TRY(buf_append(bytes,
                       span_slice(span_of(block, sizeof block), 0, patch->count - bytes->len)));
    }
    return 0;
}

int patch_apply(const struct patch *patch, struct buf *bytes)
{
    switch (patch->verb) {
    case PATCH_FLIP_BIT:
        return flip_bit(patch, bytes);
    case PATCH_TRUNCATE:
        return truncate_by(patch, bytes);
    case PATCH_APPEND:
        return buf_append(bytes, span_of(patch->bytes.data, patch->bytes.len));
    case PATCH_BYTE:
        return overwrite(patch, bytes);
    case PATCH_REPLACE:
        return replace(patch, bytes);
    case PATCH_GARBAGE:
        return fill_with_garbage(patch, bytes);
    }
    return 0;
}
