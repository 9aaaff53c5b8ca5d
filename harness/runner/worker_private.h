// SPDX-License-Identifier: MIT
// What the files of one worker share. Not for others.
#pragma once
#include "base/env.h"
#include "harness/device/device.h"
#include "harness/device/dumpcap.h"
#include "harness/oracle/executor.h"
#include "harness/runner/credentials.h"
#include "harness/runner/evidence.h"
#include "harness/runner/fleet.h"
#include "harness/runner/log_reader.h"
#include "harness/runner/surroundings.h"
#include "harness/runner/worker.h"
#include "simulator/rig/rig.h"
#include "simulator/tls/offer_report.h"

#include <uv.h>

#define DEVICE_ID "bench-01"

struct worker {
    const struct job *job;
    struct env machine;
    struct paced_world paced;
    struct env env; // the machine's, at the pace of the scenario
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t stops[2];
    struct rig rig;
    bool has_rig;
    struct rig_device device; // or module: what the statements of the scenario are about
    struct surroundings around; // what the device is given: files, environment, argv
    struct credentials credentials; // what is known of that
    struct evidence evidence;
    struct offer_report offers;
    struct device *dut;
    struct fleet *fleet; // the others, with device.count; or NULL
    struct dumpcap *dumpcap; // NULL = none was asked for
    struct executor *executor;
    struct log_reader log;
    struct event_copy *first; // events on their way to the executor
    struct event_copy **last;
    bool is_private;
    char address[64];
    char dps_address[64];
    int port;
};

int64_t worker_machine_utc_us(const struct worker *w);
// Journal's listener: the event reaches the executor from the loop, later.
void worker_on_event(void *context, const struct event *e);

// worker_rig.c, in this order; the executor is there when the rig is opened.
int worker_enter_network(struct worker *w) HR_NODISCARD;
int worker_check_services(const struct worker *w) HR_NODISCARD;
int worker_open_rig(struct worker *w) HR_NODISCARD;
int worker_prepare_device(struct worker *w) HR_NODISCARD;
int worker_start_dumpcap(struct worker *w) HR_NODISCARD; // before the rig, when the job asks for it

// worker_acts.c
struct executor_actions worker_actions(struct worker *w);
void worker_set_hub_clock(struct worker *w, const struct when *when);
void worker_set_hub_rate(struct worker *w, const struct settings *s);
// Runs the loop until the device has done what was asked, or the scenario was interrupted.
int worker_await_device(struct worker *w) HR_NODISCARD;
