// SPDX-License-Identifier: MIT
// For tests of the executor: a whole rig in a struct. Time is a number, actions write down what was
// asked.
//
//     rig_start(&r, "boot device\nexpect mqtt.connected within 20s\n");
//     rig_pass_time(&r, SECOND);
//     SEND(&r, MQTT_CONNECTED, F_TEXT("client_id", "d"));
//     rig_assert_outcome(&r, VERDICT_PASS, 0, "", "");
//     rig_deinit(&r);
#pragma once
#include "harness/oracle/executor.h"

enum { SECOND = 1000000 };

struct rig {
    struct plan plan;
    struct diag_list diags;
    struct executor *x;
    struct executor_actions actions;
    uint64_t now_us;
    uint64_t seq;
    struct buf asked;
    int boot_code;             // what the boot action answers
    bool boots_with_an_event;  // the boot action emits device.started
    bool hub_emits;            // the hub action emits tcp.closed
    bool boot_aborts;
};

#define SEND(r, type, ...)                                                                         \
    rig_send((r), EVENT_##type, (const struct field[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})

void rig_send(struct rig *r, enum event_type type, const struct field *fields);
// `body` stands behind "scenario t.a\n", so its first line is line 2.
void rig_init(struct rig *r, const char *body);
void rig_start(struct rig *r, const char *body); // and executor_start
void rig_deinit(struct rig *r);
void rig_pass_time(struct rig *r, uint64_t us);
void rig_assert_outcome(const struct rig *r, enum verdict verdict, int line, const char *expected,
                        const char *observed);
