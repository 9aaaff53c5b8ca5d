// SPDX-License-Identifier: MIT
#include "simulator/web/frame_scan.h"

enum { MASK_BYTES = 4, MASK_BIT = 0x80, LENGTH_16 = 126, LENGTH_64 = 127 };

void frame_scan_head(struct frame_scan *s, struct span bytes)
{
    static const uint8_t end[] = {'\r', '\n', '\r', '\n'};
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.ptr[i];
        s->behind_head++;
        s->head_match = byte == end[s->head_match] ? (uint8_t)(s->head_match + 1) : byte == '\r';
        if (s->head_match == sizeof end) {
            s->head_match = 0;
            s->behind_head = 0;
        }
    }
}

static uint8_t length_bytes(uint8_t second)
{
    uint8_t length = second & (MASK_BIT - 1);
    return length == LENGTH_64 ? 8 : length == LENGTH_16 ? 2 : 0;
}

static uint64_t payload_of(const uint8_t *header)
{
    size_t more = length_bytes(header[1]);
    uint64_t value = more == 0 ? header[1] & (MASK_BIT - 1) : 0;
    for (size_t i = 0; i < more; i++) {
        value = value << 8 | header[2 + i];
    }
    return value;
}

static void take_header_byte(struct frame_scan *s, uint8_t byte)
{
    s->header[s->have++] = byte;
    if (s->have == 2) {
        s->has_violation = !(byte & MASK_BIT);
        s->need = (uint8_t)(2 + length_bytes(byte) + MASK_BYTES);
    }
    if (s->have == s->need) {
        s->payload = payload_of(s->header);
        s->have = 0;
        s->need = 0;
    }
}

size_t frame_scan_frames(struct frame_scan *s, struct span bytes)
{
    size_t at = 0;
    if (s->behind_head > 0) {
        return bytes.len;
    }
    while (at < bytes.len && !s->has_violation) {
        uint64_t left = bytes.len - at;
        uint64_t skip = left < s->payload ? left : s->payload;
        if (skip > 0) {
            s->payload -= skip;
            at += (size_t)skip;
            continue;
        }
        take_header_byte(s, bytes.ptr[at]);
        at += s->has_violation ? 0 : 1;
    }
    return at;
}
