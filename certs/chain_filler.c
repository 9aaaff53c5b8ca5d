// SPDX-License-Identifier: MIT
// Extensions that only take up room: a list of signed certificate timestamps (RFC 6962 3.3) with
// made-up logs and signatures, or one that nobody knows.
#include "base/error.h"
#include "base/hash.h"
#include "certs/chain_extensions.h"

enum {
    SCT_SIGNATURE_BYTES = 71,
    // version, log id, timestamp, extensions' length, hash and signature algorithm, length
    SCT_HEAD_BYTES = 1 + 32 + 8 + 2 + 2 + 2,
    SCT_BYTES = 2 + SCT_HEAD_BYTES + SCT_SIGNATURE_BYTES, // with its own length
    SCT_TIME_S = 1735689600,                              // 2025-01-01
};

static void put_number(struct der *d, uint64_t value, size_t bytes)
{
    uint8_t out[8];
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    }
    der_raw(d, span_of(out, bytes));
}

// `len` bytes that look random and are the same each time.
static int put_noise(struct der *d, uint32_t seed, size_t len)
{
    for (uint32_t i = 0; len > 0; i++) {
        uint8_t counter[] = {(uint8_t)(seed >> 16), (uint8_t)(seed >> 8), (uint8_t)seed,
                             (uint8_t)(i >> 8), (uint8_t)i};
        uint8_t block[HASH_SHA256_BYTES];
        TRY(hash_sha256(span_of(counter, sizeof counter), block));
        size_t part = len < sizeof block ? len : sizeof block;
        der_raw(d, span_of(block, part));
        len -= part;
    }
    return d->code;
}

static int put_sct(struct der *d, uint32_t index, size_t extra_bytes)
{
    put_number(d, SCT_HEAD_BYTES + SCT_SIGNATURE_BYTES + extra_bytes, 2);
    put_number(d, 0, 1); // v1
    TRY(put_noise(d, index * 2, 32));
    put_number(d, (uint64_t)SCT_TIME_S * 1000 + index, 8);
    put_number(d, extra_bytes, 2); // CtExtensions
    TRY(put_noise(d, index * 2 + 1, extra_bytes));
    put_number(d, 0x0403, 2); // ECDSA with SHA-256
    put_number(d, SCT_SIGNATURE_BYTES, 2);
    // an ECDSA signature's frame around two numbers of 33 and 32 bytes
    der_raw(d, span_of("\x30\x45\x02\x21\x00", 5));
    TRY(put_noise(d, index * 2 + 100000, 32));
    der_raw(d, span_of("\x02\x20\x2a", 3));
    return put_noise(d, index * 2 + 100001, 31);
}

static int write_scts(struct der *d, size_t bytes)
{
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("1.3.6.1.4.1.11129.2.4.2"), false);
    size_t inner = der_open(d, DER_OCTET_STRING);
    size_t count = bytes / SCT_BYTES > 0 ? bytes / SCT_BYTES : 1;
    size_t extra = bytes > count * SCT_BYTES ? bytes - count * SCT_BYTES : 0;
    put_number(d, count * SCT_BYTES + extra, 2);
    for (size_t i = 0; i < count; i++) {
        TRY(put_sct(d, (uint32_t)i, i + 1 == count ? extra : 0));
    }
    der_close(d, inner);
    extension_close(d, marks);
    return 0;
}

static int write_unknown(struct der *d, size_t bytes)
{
    struct extension_marks marks = extension_open(d, SPAN_LITERAL("2.25.7305824111"), false);
    size_t inner = der_open(d, DER_OCTET_STRING);
    TRY(put_noise(d, 0, bytes));
    der_close(d, inner);
    extension_close(d, marks);
    return 0;
}

int chain_write_filler(struct der *d, const struct extension_request *rq)
{
    if (rq->filler == FILLER_SCT) {
        ENSURE(rq->filler_bytes <= UINT16_MAX - SCT_BYTES, ERR_VALUE);
        return write_scts(d, rq->filler_bytes);
    }
    return rq->filler == FILLER_UNKNOWN ? write_unknown(d, rq->filler_bytes) : 0;
}
