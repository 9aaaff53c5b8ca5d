// SPDX-License-Identifier: MIT
#include "simulator/net/shape.h"
#include "base/env.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLICES_PER_S = 20, // a slow line delivers evenly, not in lumps
    US_PER_S = 1000000,
    PPM = 1000000,
    RESENDS_MOST = 6, // by then any stack waits for many seconds
};

struct shape_chunk {
    struct shape_chunk *next;
    uint64_t due_us;
    size_t len;
    size_t done;
    uint8_t bytes[];
};

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t draw(struct shape_lane *lane, uint64_t below)
{
    lane->luck = env_mix(lane->luck, 1);
    return lane->luck % below;
}

static size_t slice_of(const struct shape_rules *rules)
{
    uint64_t slice = rules->bandwidth_bytes_per_s / SLICES_PER_S;
    bool is_narrow = rules->bandwidth_bytes_per_s > 0 && slice < SHAPE_SEGMENT_BYTES;
    return is_narrow ? (size_t)(slice ? slice : 1) : SHAPE_SEGMENT_BYTES;
}

static uint64_t due_of(struct shape_lane *lane, const struct shape_rules *rules, uint64_t wait_us,
                       uint64_t now_us, size_t len)
{
    uint64_t rate = rules->bandwidth_bytes_per_s;
    uint64_t sent_us = now_us;
    if (rate > 0) {
        lane->free_us = later(lane->free_us, now_us) + len * US_PER_S / rate;
        sent_us = lane->free_us;
    }
    lane->last_due_us = later(lane->last_due_us, sent_us + wait_us);
    return lane->last_due_us;
}

// A lost segment comes again after the time that TCP gives it, each time twice as long.
static uint64_t resend_us(struct shape_lane *lane, const struct shape_rules *rules)
{
    uint64_t wait_us = 0;
    uint64_t next_us = SHAPE_RESEND_US + 2 * rules->latency_us;
    for (int i = 0; i < RESENDS_MOST && draw(lane, PPM) < rules->loss_ppm; i++) {
        wait_us += next_us;
        next_us *= 2;
    }
    return wait_us;
}

static int push_slice(struct shape_lane *lane, uint64_t due_us, struct span bytes)
{
    struct shape_chunk *chunk = malloc(sizeof *chunk + bytes.len);
    ENSURE(chunk != NULL, ERR_NO_MEMORY);
    *chunk = (struct shape_chunk){.due_us = due_us, .len = bytes.len};
    memcpy(chunk->bytes, bytes.ptr, bytes.len);
    if (lane->last) {
        lane->last->next = chunk;
    } else {
        lane->first = chunk;
    }
    lane->last = chunk;
    lane->bytes += bytes.len;
    return 0;
}

int shape_push(struct shape_lane *lane, const struct shape_rules *rules, uint64_t now_us,
               struct span bytes)
{
    ENSURE(lane->bytes + bytes.len <= SHAPE_LANE_BYTES_MOST, ERR_TOO_BIG);
    uint64_t wait_us = rules->latency_us;
    wait_us += rules->jitter_us ? draw(lane, rules->jitter_us + 1) : 0;
    bool is_whole = rules->bandwidth_bytes_per_s == 0 && rules->loss_ppm == 0;
    size_t slice_bytes = is_whole ? bytes.len : slice_of(rules);
    for (size_t done = 0; done < bytes.len; done += slice_bytes) {
        struct span slice = span_slice(bytes, done, slice_bytes);
        uint64_t again_us = rules->loss_ppm ? resend_us(lane, rules) : 0;
        TRY(push_slice(lane, due_of(lane, rules, wait_us + again_us, now_us, slice.len), slice));
    }
    return 0;
}

struct span shape_due(const struct shape_lane *lane, uint64_t now_us)
{
    const struct shape_chunk *c = lane->first;
    return c && c->due_us <= now_us ? span_of(c->bytes + c->done, c->len - c->done) : SPAN_EMPTY;
}

void shape_drop(struct shape_lane *lane, size_t len)
{
    struct shape_chunk *c = lane->first;
    c->done += len;
    lane->bytes -= len;
    if (c->done < c->len) {
        return;
    }
    lane->first = c->next;
    if (!lane->first) {
        lane->last = NULL;
    }
    free(c);
}

void shape_deinit(struct shape_lane *lane)
{
    while (lane->first) {
        shape_drop(lane, lane->first->len - lane->first->done);
    }
}
