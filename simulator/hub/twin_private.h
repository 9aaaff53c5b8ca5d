// SPDX-License-Identifier: MIT
// What twin.c, twin_document.c and twin_state.c share.
#pragma once
#include "simulator/hub/hub_private.h"
#include "simulator/hub/twin.h"
#include "simulator/hub/twin_rules.h"

struct twin_part {
    json_t *value;
    json_t *metadata; // the root's node
    int64_t version;
};

struct twin {
    struct twin_part desired;
    struct twin_part reported;
    json_t *tags;
    int64_t version; // rises with any change
    int64_t etag;    // rises with tags and desired
};

// The twin of an identity, made when it is not there yet. NULL without memory.
struct twin *twin_of(struct hub_entry *entry);
struct twin *twin_new(void);
// "AAAAAAAAAAE=": base64 of eight bytes.
int twin_etag(const struct twin *twin, struct buf *out) HR_NODISCARD;
