// SPDX-License-Identifier: MIT
// The device's attempts to reach the hub, from events: when each began, what ended it, and how
// long the device waited before the next. Attempts at the provisioning service are left out.
//
//     struct attempts list = {0};
//     TRY(attempts_event(&list, e));
//     use list.items[0 .. list.count]; attempts_deinit(&list);
#pragma once
#include "harness/scenario/oracle_spec.h"

enum { ATTEMPTS_MOST = 10000 };

enum attempt_stage { STAGE_TCP, STAGE_HELLO, STAGE_SECURE, STAGE_OPEN };

struct attempt {
    uint32_t connection;
    enum attempt_stage stage;
    enum attempt_cause cause; // ATTEMPT_NONE while it lives
    int connack_code;
    uint64_t start_us;
    uint64_t end_us; // when the device could know
};

struct attempts {
    struct attempt *items;
    size_t count, room;
};

int attempts_event(struct attempts *list, const struct event *e) HR_NODISCARD; // ERR_NO_MEMORY
void attempts_deinit(struct attempts *list);
// The wait after attempt `i`, from its end to the start of the next; 0 when they overlap.
uint64_t attempts_gap_us(const struct attempts *list, size_t i);
// "CONNACK 3", "a TLS failure": for sentences.
int attempts_print_cause(const struct attempt *a, struct buf *out) HR_NODISCARD;
