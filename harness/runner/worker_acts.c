// SPDX-License-Identifier: MIT
// What the statements of a scenario do to the hub and to the device.
#include "base/error.h"
#include "base/when.h"
#include "harness/runner/cloud.h"
#include "harness/runner/services.h"
#include "harness/runner/worker_private.h"
#include "simulator/hub/access.h"

int64_t worker_machine_utc_us(const struct worker *w)
{
    return w->env.utc_us(w->env.world);
}

// The device's clock minus the machine's.
static int64_t device_offset_us(const struct worker *w, const struct when *when)
{
    int64_t hub_offset = hub_utc_us(w->rig.hub) - worker_machine_utc_us(w);
    switch (when->kind) {
    case WHEN_DATE:
        return when->us - worker_machine_utc_us(w);
    case WHEN_OFFSET:
        return hub_offset + when->us;
    default:
        return hub_offset;
    }
}

void worker_set_hub_clock(struct worker *w, const struct when *when)
{
    for (size_t i = 0; i <= w->rig.other_count; i++) {
        struct hub *hub = rig_hub_at(&w->rig, i);
        if (when->kind == WHEN_DATE) {
            hub_clock_set(hub, when->us);
        } else if (when->kind == WHEN_OFFSET) {
            hub_clock_set(hub, worker_machine_utc_us(w) + when->us);
        } else {
            hub_clock_shift(hub, 0);
        }
    }
}

void worker_set_hub_rate(struct worker *w, const struct settings *s)
{
    uint64_t hub_ppm = settings_hub_rate_ppm(s);
    for (size_t i = 0; hub_ppm != s->device_rate_ppm && i <= w->rig.other_count; i++) {
        hub_clock_set_rate(rig_hub_at(&w->rig, i), (uint32_t)(hub_ppm * RATE_REAL_PPM / s->device_rate_ppm));
    }
}

// Runs the loop until the device has done what was asked, or the scenario was interrupted.
int worker_await_device(struct worker *w)
{
    while (device_is_busy(w->dut) && !executor_is_done(w->executor)) {
        uv_run(&w->loop, UV_RUN_ONCE);
    }
    return device_result(w->dut);
}

static int set_device_clock(struct worker *w, const struct when *when)
{
    int64_t offset_us = device_offset_us(w, when);
    char text[32];
    TRY(device_set_clock(w->dut, worker_machine_utc_us(w) + offset_us));
    TRY(worker_await_device(w));
    utc_print(worker_machine_utc_us(w) + offset_us, text);
    EMIT(w->rig.journal, DEVICE_CLOCK, 0, NULL, F_TEXT("utc", text));
    return 0;
}

static int act_boot(void *context)
{
    struct worker *w = context;
    const struct when *clock = &w->job->plan->settings.device_clock;
    int64_t utc_us = worker_machine_utc_us(w) + device_offset_us(w, clock);
    device_boot(w->dut, utc_us);
    TRY(w->fleet ? fleet_boot(w->fleet, utc_us) : 0);
    return worker_await_device(w);
}

static int act_time(void *context, const struct step *step)
{
    struct worker *w = context;
    if (step->is_device) {
        return set_device_clock(w, &step->when);
    }
    worker_set_hub_clock(w, &step->when);
    return 0;
}

static struct hub *hub_of_device(const struct worker *w)
{
    return rig_hub_of(&w->rig, w->device.id);
}

static void take_over(struct worker *w)
{
    struct hub *hub = hub_of_device(w);
    const struct identity *identity = hub_find_identity(hub, span_text(w->device.id));
    if (!identity || !hub_take_over(hub, identity)) {
        EMIT(w->rig.journal, RUN_NOTE, 0, NULL,
             F_TEXT("text", "nothing is taken over: the device is not connected"));
    }
}

static int act_hub(void *context, const struct step *step)
{
    struct worker *w = context;
    switch (step->verb) {
    case HUB_CHAIN:
        TRY(rig_use_chain(&w->rig, step->chain));
        credentials_judge_chain(&w->credentials, &w->rig.chain);
        return 0;
    case HUB_DROP:
        server_drop_all(w->rig.server, step->drop);
        return 0;
    case HUB_FAULT:
        return faults_add(w->rig.faults, &step->fault);
    case HUB_CLEAR:
        faults_clear(w->rig.faults);
        return 0;
    case HUB_NET_CLEAR:
        faults_clear_states(w->rig.faults);
        return 0;
    case HUB_DISABLE:
    case HUB_ENABLE:
        return hub_set_disabled(hub_of_device(w), DEVICE_ID, step->verb == HUB_DISABLE);
    case HUB_DPS_CHAIN:
        return rig_use_dps_chain(&w->rig, step->chain);
    case HUB_DPS_ASSIGN:
        return rig_assign(&w->rig, DEVICE_ID,
                          hub_settings_of(rig_hub_at(&w->rig, step->hub_index))->host);
    case HUB_DPS_DISABLE:
    case HUB_DPS_ENABLE:
        return rig_set_enrollment_disabled(&w->rig, DEVICE_ID, step->verb == HUB_DPS_DISABLE);
    case HUB_ROLL:
        return hub_roll_key(hub_of_device(w), w->device.id,
                            step->is_secondary ? HUB_KEY_SECONDARY : HUB_KEY_PRIMARY, NULL);
    case HUB_TAKEOVER:
        take_over(w);
        return 0;
    case HUB_REMOVE:
        return hub_remove_identity(hub_of_device(w), w->device.id);
    case HUB_C2D:
    case HUB_DESIRED:
    case HUB_METHOD:
        return cloud_act(hub_of_device(w), w->device.id, step);
    case HUB_SNTP:
    case HUB_DNS:
        return services_act(&w->rig, step);
    }
    return ERR_INTERNAL;
}

static int act_device(void *context, const struct step *step)
{
    struct worker *w = context;
    switch (step->act) {
    case DEVICE_POWER_OFF:
    case DEVICE_POWER_ON:
        device_power(w->dut, step->act == DEVICE_POWER_ON);
        break;
    case DEVICE_RESET:
        device_reset(w->dut);
        break;
    case DEVICE_SEND:
        device_send(w->dut, step->text);
        break;
    }
    return worker_await_device(w);
}

static void act_note(void *context, const char *text)
{
    struct worker *w = context;
    EMIT(w->rig.journal, RUN_NOTE, 0, NULL, F_TEXT("text", text));
}

static void act_begin(void *context, const struct step *step)
{
    struct worker *w = context;
    EMIT(w->rig.journal, RUN_STEP, 0, NULL, F_INT("line", step->line), F_TEXT("text", step->source));
}

struct executor_actions worker_actions(struct worker *w)
{
    return (struct executor_actions){w,          act_boot, act_hub, act_time,
                                     act_device, act_note, act_begin};
}
