// SPDX-License-Identifier: MIT
#include "harness/runner/worker.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/device/clock.h"
#include "harness/device/device.h"
#include "harness/device/dumpcap.h"
#include "harness/oracle/executor.h"
#include "harness/runner/cloud.h"
#include "harness/runner/credentials.h"
#include "harness/runner/evidence.h"
#include "harness/runner/log_reader.h"
#include "simulator/hub/access.h"
#include "simulator/rig/rig.h"
#include "simulator/tls/offer_report.h"
#include "harness/runner/sandbox.h"
#include "harness/runner/services.h"
#include "harness/runner/surroundings.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <uv.h>

#define DEVICE_ID  "bench-01"
#define HUB_HOST   "myhub.azure-devices.net"
#define HUB_PORT   8883
#define DPS_SCOPE  "0ne00B3NCH1"
#define HTTPS_PORT 443
#define STOP_GRACE 1500000 // us for a device to end by itself

struct worker {
    const struct job *job;
    struct env machine;
    struct paced_world paced;
    struct env env; // the machine's, at the pace of the scenario
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t stops[2];
    int open_handles;
    struct rig rig;
    bool has_rig;
    struct rig_device device;
    struct surroundings around; // what the device is given: files, environment, argv
    struct credentials credentials; // what is known of that
    struct evidence evidence;
    struct offer_report offers;
    struct device *dut;
    struct dumpcap *dumpcap; // NULL = none was asked for
    struct executor *executor;
    struct log_reader log;
    struct event_copy *first; // events on their way to the executor
    struct event_copy **last;
    bool is_pumping;
    bool is_private;
    char address[64];
    char dps_address[64];
    int port;
};

static uint64_t now_us(const struct worker *w)
{
    return w->env.mono_us(w->env.world);
}

// ---- events reach the executor from the loop, never from inside the layer that emitted them

static void on_event(void *context, const struct event *e)
{
    struct worker *w = context;
    struct event_copy *copy = event_copy_new(e);
    if (copy) {
        *w->last = copy;
        w->last = &copy->next;
    }
}

static struct event_copy *take_event(struct worker *w)
{
    struct event_copy *copy = w->first;
    if (copy) {
        w->first = copy->next;
        if (!w->first) {
            w->last = &w->first;
        }
    }
    return copy;
}

static void check_evidence(struct worker *w)
{
    const char *failure = capture_failure(w->rig.capture);
    failure = failure[0] ? failure : key_log_failure(w->rig.key_log);
    failure = failure[0] ? failure : dumpcap_failure(w->dumpcap);
    failure = w->evidence.failure[0] ? w->evidence.failure : failure;
    if (failure[0]) {
        executor_abort(w->executor, VERDICT_INFRA, "evidence can be written", failure,
                       "free some space, or choose another folder with --evidence");
    }
}

static void pump(struct worker *w)
{
    while (w->first && !executor_is_done(w->executor)) {
        struct event_copy *copy = take_event(w);
        log_reader_event(&w->log, w->rig.journal, &copy->event);
        executor_event(w->executor, &copy->event, now_us(w));
        event_copy_free(copy);
    }
    executor_tick(w->executor, now_us(w));
    check_evidence(w);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; // waking up is all; the main loop pumps
}

static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct worker *w = signal->data;
    char observed[64];
    snprintf(observed, sizeof observed, "interrupted by %s", strsignal(number));
    executor_abort(w->executor, VERDICT_INFRA, "the scenario runs to its end", observed, "");
}

static void arm_timer(struct worker *w)
{
    uint64_t at = executor_deadline_us(w->executor);
    if (at == UINT64_MAX) {
        return;
    }
    uv_update_time(&w->loop);
    uv_timer_start(&w->timer, on_timer, env_wait_ms(&w->env, at), 0);
}

// ---- what statements do

static int64_t machine_utc_us(const struct worker *w)
{
    return w->env.utc_us(w->env.world);
}

// The device's clock minus the machine's.
static int64_t device_offset_us(const struct worker *w, const struct when *when)
{
    int64_t hub_offset = hub_utc_us(w->rig.hub) - machine_utc_us(w);
    switch (when->kind) {
    case WHEN_DATE:
        return when->us - machine_utc_us(w);
    case WHEN_OFFSET:
        return hub_offset + when->us;
    default:
        return hub_offset;
    }
}

static void set_hub_clock(struct worker *w, const struct when *when)
{
    for (size_t i = 0; i <= w->rig.other_count; i++) {
        struct hub *hub = rig_hub_at(&w->rig, i);
        if (when->kind == WHEN_DATE) {
            hub_clock_set(hub, when->us);
        } else if (when->kind == WHEN_OFFSET) {
            hub_clock_set(hub, machine_utc_us(w) + when->us);
        } else {
            hub_clock_shift(hub, 0);
        }
    }
}

static void set_hub_rate(struct worker *w, const struct settings *s)
{
    uint64_t hub_ppm = settings_hub_rate_ppm(s);
    for (size_t i = 0; hub_ppm != s->device_rate_ppm && i <= w->rig.other_count; i++) {
        hub_clock_set_rate(rig_hub_at(&w->rig, i), (uint32_t)(hub_ppm * RATE_REAL_PPM / s->device_rate_ppm));
    }
}

// Runs the loop until the device has done what was asked, or the scenario was interrupted.
static int await_device(struct worker *w)
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
    TRY(device_set_clock(w->dut, machine_utc_us(w) + offset_us));
    TRY(await_device(w));
    utc_print(machine_utc_us(w) + offset_us, text);
    EMIT(w->rig.journal, DEVICE_CLOCK, 0, NULL, F_TEXT("utc", text));
    return 0;
}

static int act_boot(void *context)
{
    struct worker *w = context;
    const struct when *clock = &w->job->plan->settings.device_clock;
    device_boot(w->dut, machine_utc_us(w) + device_offset_us(w, clock));
    return await_device(w);
}

static int act_time(void *context, const struct step *step)
{
    struct worker *w = context;
    if (step->is_device) {
        return set_device_clock(w, &step->when);
    }
    set_hub_clock(w, &step->when);
    return 0;
}

static void take_over(struct worker *w)
{
    struct hub *hub = rig_hub_of(&w->rig, DEVICE_ID);
    if (!hub_take_over(hub, hub_find_identity(hub, SPAN_LITERAL(DEVICE_ID)))) {
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
        return hub_set_disabled(rig_hub_of(&w->rig, DEVICE_ID), DEVICE_ID, step->verb == HUB_DISABLE);
    case HUB_DPS_CHAIN:
        return rig_use_dps_chain(&w->rig, step->chain);
    case HUB_DPS_ASSIGN:
        return rig_assign(&w->rig, DEVICE_ID,
                          hub_settings_of(rig_hub_at(&w->rig, step->hub_index))->host);
    case HUB_DPS_DISABLE:
    case HUB_DPS_ENABLE:
        return rig_set_enrollment_disabled(&w->rig, DEVICE_ID, step->verb == HUB_DPS_DISABLE);
    case HUB_ROLL:
        return hub_roll_key(rig_hub_of(&w->rig, DEVICE_ID), DEVICE_ID,
                            step->is_secondary ? HUB_KEY_SECONDARY : HUB_KEY_PRIMARY, NULL);
    case HUB_TAKEOVER:
        take_over(w);
        return 0;
    case HUB_C2D:
    case HUB_DESIRED:
    case HUB_METHOD:
        return cloud_act(rig_hub_of(&w->rig, DEVICE_ID), DEVICE_ID, step);
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
    return await_device(w);
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

// ---- setting up

static int enter_network(struct worker *w)
{
    const struct given_chain *given = w->job->given;
    const char *name = given ? given->host : HUB_HOST;
    const char *names[] = {name, SERVICES_HUB2_HOST};
    bool has_own_address = given && given->is_address;
    struct sandbox_settings s = {
        .address = has_own_address ? name : SANDBOX_ADDRESS,
        .names = names,
        .name_count = given && !has_own_address ? 2 : 0, // odd names, no matter to a name server
        .folder = w->evidence.rig_folder,
    };
    const struct bench_board *board = w->job->device->board;
    if (board && board->hub_address[0]) {
        snprintf(w->address, sizeof w->address, "%s", board->hub_address);
        snprintf(w->dps_address, sizeof w->dps_address, "%s", board->hub_address);
        return 0;
    }
    int code = ERR_NAMESPACE;
    if (w->job->network != NETWORK_HOST) {
        code = sandbox_enter(&s);
    }
    w->is_private = code == 0;
    if (code == 0) {
        snprintf(w->address, sizeof w->address, "%s", s.address);
        snprintf(w->dps_address, sizeof w->dps_address, "%s", SANDBOX_DPS_ADDRESS);
        return 0;
    }
    if (code == ERR_NAMESPACE && given) {
        FAIL(ERR_NAMESPACE, "a chain for the name %s needs a private network; this machine allows none",
             given->host);
    }
    if (code != ERR_NAMESPACE || w->job->network == NETWORK_PRIVATE) {
        return code;
    }
    // an address of our own below 127/8: distinct for every job on this machine
    unsigned key = (unsigned)getpid() * 31U + (unsigned)w->job->index;
    snprintf(w->address, sizeof w->address, "127.%u.%u.%u", 64 + key / 64516 % 64, 1 + key / 254 % 254,
             1 + key % 254);
    snprintf(w->dps_address, sizeof w->dps_address, "127.%u.%u.%u", 128 + key / 64516 % 64,
             1 + key / 254 % 254, 1 + key % 254);
    return 0;
}

static int check_services(const struct worker *w)
{
    if (w->job->plan->needs_services && !w->is_private) {
        FAIL(ERR_NAMESPACE, "a time server and a name server stand only in a private network");
    }
    return 0;
}

static void set_dps(const struct worker *w, struct rig_settings *out)
{
    const struct settings *s = &w->job->plan->settings;
    dps_settings_init(&out->dps, w->is_private ? SERVICES_DPS_HOST : w->dps_address, DPS_SCOPE);
    out->dps.retry_after_s = (uint32_t)(s->dps_retry_after_us / 1000000);
    out->dps.assign_us = s->dps_assign_after_us;
    out->dps.shows_disabled = s->dps_shows_disabled;
    out->more_names[out->more_name_count++] = w->dps_address;
}

static int listen_dps(struct worker *w)
{
    int port = 0;
    TRY(rig_use_dps_chain(&w->rig, w->job->plan->settings.dps_chain));
    return server_listen(w->rig.dps_server, w->dps_address, HUB_PORT, &port);
}

static int hub_port(const struct worker *w)
{
    return w->job->device->board ? (int)w->job->device->board->hub_port : HUB_PORT;
}

// What a device on the host's network dials.
static const char *host_name(const struct worker *w)
{
    const struct bench_board *board = w->job->device->board;
    return board && board->hub_name[0] ? board->hub_name : w->address;
}

// What only a network of its own has room for: port 443, names and time, second addresses.
static int listen_private(struct worker *w)
{
    int port = 0;
    TRY(rig_listen_https(&w->rig, w->address, HTTPS_PORT, &port));
    TRY(server_listen(w->rig.server, SANDBOX_SECOND_ADDRESS, HUB_PORT, &port));
    TRY(rig_listen_https(&w->rig, SANDBOX_SECOND_ADDRESS, HTTPS_PORT, &port));
    if (w->rig.dps) {
        TRY(server_listen(w->rig.dps_server, SANDBOX_DPS_SECOND_ADDRESS, HUB_PORT, &port));
    }
    return services_open(&w->rig, &w->job->plan->settings, w->address);
}

static int open_rig(struct worker *w)
{
    const struct settings *s = &w->job->plan->settings;
    char capture[PATH_MAX];
    char rate[32];
    char key_log[PATH_MAX];
    TRY(fs_join(capture, sizeof capture, w->evidence.folder, "wire.pcapng"));
    TRY(fs_join(key_log, sizeof key_log, w->evidence.folder, "keys.log"));
    struct rig_settings settings = {
        .loop = &w->loop, .env = &w->env, .capture = capture, .key_log = key_log};
    const char *name = w->job->given ? w->job->given->host : HUB_HOST;
    settings.hub = s->hub;
    span_copy_text(span_text(w->is_private ? name : host_name(w)), settings.hub.host,
                   sizeof settings.hub.host);
    settings.hub.sas_grace_s = (uint32_t)(s->sas_grace_us / 1000000);
    settings.hub.limits = s->limits;
    settings.hub.has_sdk_faults = s->has_sdk_faults;
    settings.tls = s->tls;
    settings.seed = job_seed(w->job);
    settings.more_names[settings.more_name_count++] = w->address;
    if (w->job->plan->needs & CAN(DPS)) {
        set_dps(w, &settings);
    }
    TRY(rig_open(&w->rig, &settings));
    w->has_rig = true;
    TRY(w->rig.dps ? rig_add_hub(&w->rig, SERVICES_HUB2_HOST) : 0);
    TRY(journal_listen(w->rig.journal, evidence_event, &w->evidence));
    TRY(offer_report_open(&w->offers, w->evidence.folder));
    TRY(journal_listen(w->rig.journal, offer_report_event, &w->offers));
    TRY(journal_listen(w->rig.journal, on_event, w));
    EMIT(w->rig.journal, RUN_STARTED, 0, NULL, F_TEXT("scenario", w->job->plan->name),
         F_TEXT("device", w->job->device->name),
         F_TEXT("network", w->is_private ? "private" : "host"),
         F_INT("seed", w->job->seed), F_TEXT("rate", rate_print(w->paced.pace.rate_ppm, rate)));
    if (!w->is_private) {
        EMIT(w->rig.journal, RUN_NOTE, 0, NULL,
             F_TEXT("text", w->job->device->board ? "the hub is on the host's network, as the bench tells"
                                             : "no private network here: the hub has a loopback "
                                               "address of its own"));
    }
    if (w->paced.pace.rate_ppm != s->device_rate_ppm) {
        EMIT(w->rig.journal, RUN_NOTE, 0, NULL,
             F_TEXT("text", "the clocks of this device do not run faster: the scenario takes its time"));
    }
    log_reader_open(&w->log, w->rig.journal);
    set_hub_clock(w, &s->hub_clock);
    set_hub_rate(w, s);
    TRY(w->job->given ? server_set_chain(w->rig.server, w->job->given->chain)
                      : rig_use_chain(&w->rig, s->hub_chain));
    TRY(server_listen(w->rig.server, w->address, hub_port(w), &w->port));
    TRY(w->rig.dps ? listen_dps(w) : 0);
    return w->is_private ? listen_private(w) : 0;
}

static enum hub_auth auth_of(const struct settings *s)
{
    if (s->is_ca_signed) {
        return HUB_AUTH_CA;
    }
    return s->is_x509 ? HUB_AUTH_THUMBPRINT : HUB_AUTH_SAS;
}

static int add_or_enroll(struct worker *w)
{
    static const enum rig_enrollment kinds[] = {
        [PROVISIONING_SYMMETRIC] = RIG_SYMMETRIC,
        [PROVISIONING_X509] = RIG_X509,
        [PROVISIONING_GROUP] = RIG_GROUP,
        [PROVISIONING_X509_GROUP] = RIG_X509_GROUP,
    };
    const struct settings *s = &w->job->plan->settings;
    if (s->provisioning == PROVISIONING_NONE) {
        const struct identity identity = {.name = DEVICE_ID, .auth = auth_of(s)};
        return rig_add_identity(&w->rig, &identity, w->port, &w->device);
    }
    return rig_enroll(&w->rig, DEVICE_ID, kinds[s->provisioning], &w->device);
}

// The trust anchors of every chain that the scenario names.
static int gather_roots(struct worker *w, struct buf *out)
{
    struct span rest = span_text(w->job->plan->settings.device_root);
    if (w->job->given) {
        return buf_append(out, buf_span(&w->job->given->chain->root_pem));
    }
    while (rest.len) {
        char name[96];
        span_copy_text(span_cut(rest, ' ', &rest), name, sizeof name);
        TRY(rig_root_of(&w->rig, name, out));
    }
    return 0;
}

static int read_credentials(struct worker *w, struct span root, const struct chain *chain)
{
    const struct credentials_settings settings = {
        .journal = w->rig.journal,
        .device = w->job->device,
        .around = &w->around,
        .root_text = root,
        .evidence = w->evidence.folder,
        .host = w->rig.settings.hub.host,
        .id = DEVICE_ID,
        .connection_string = buf_text(&w->device.connection_string),
        .utc_s = hub_utc_us(w->rig.hub) / 1000000,
    };
    TRY(credentials_read(&settings, &w->credentials));
    credentials_judge_chain(&w->credentials, chain);
    return 0;
}

static int prepare_device(struct worker *w)
{
    const struct settings *s = &w->job->plan->settings;
    struct buf root HR_CLEANUP(buf_deinit);
    buf_init(&root, 1 << 20);
    const struct chain *chain = w->job->given ? w->job->given->chain : &w->rig.chain;
    TRY(gather_roots(w, &root));
    TRY(add_or_enroll(w));
    TRY(evidence_put(&w->evidence, "root.pem", buf_span(&root), 0644));
    TRY(evidence_put(&w->evidence, "chain.pem", buf_span(&chain->sent_pem), 0644));
    TRY(evidence_put(&w->evidence, "device.crt", buf_span(&w->device.credential.cert_pem), 0644));
    TRY(evidence_put(&w->evidence, "device.key", buf_span(&w->device.credential.key_pem), 0600));
    bool is_program = w->job->device->kind == BENCH_PROCESS;
    bool has_clock = (w->job->plan->needs & CAN(CLOCK)) || w->paced.pace.rate_ppm != RATE_REAL_PPM;
    if (has_clock && is_program && !clock_library()) {
        FAIL(ERR_SPAWN, "hubrig-clock.so, which sets the clocks of programs, is not beside hubrig");
    }
    struct surroundings_settings around = {
        .device = w->job->device,
        .bench_folder = w->job->bench_folder,
        .evidence = w->evidence.folder,
        .rig_folder = w->evidence.rig_folder,
        .host = w->rig.settings.hub.host,
        .owner_key = hub_find_policy(w->rig.hub, SPAN_LITERAL("iothubowner"))->primary_key,
        .port = w->port,
        .id = DEVICE_ID,
        .connection_string = buf_text(&w->device.connection_string),
        .dps_host = s->provisioning ? w->rig.settings.dps.host : "",
        .dps_id_scope = s->provisioning ? w->rig.settings.dps.id_scope : "",
        .dps_key = buf_text(&w->device.dps_key),
        .sntp_host = w->job->plan->needs & CAN(SNTP) ? SERVICES_SNTP_HOST : "",
        .has_clock = has_clock && is_program,
        .address = w->address,
        .root_text = buf_span(&root),
        .cert_text = buf_span(&w->device.credential.cert_pem),
        .key_text = buf_span(&w->device.credential.key_pem),
    };
    TRY(surroundings_make(&around, &w->around));
    TRY(read_credentials(w, buf_span(&root), chain));
    const struct device_settings dut = {
        .loop = &w->loop,
        .env = &w->env,
        .journal = w->rig.journal,
        .bench = w->job->device,
        .bench_file = w->job->device->file,
        .around = &w->around,
        .evidence = w->evidence.folder,
        .has_clock = has_clock,
        .watches_memory = w->job->plan->needs & CAN(MEMORY),
    };
    TRY(device_new(&dut, &w->dut));
    device_prepare(w->dut);
    return await_device(w);
}

// In a private network everything is looked at, names and time too.
static int start_dumpcap(struct worker *w)
{
    char path[PATH_MAX];
    char filter[160] = "";
    struct dumpcap_settings settings = {
        .loop = &w->loop, .env = &w->env, .path = path, .filter = filter, .address = w->address};
    if (!w->job->has_interface_capture) {
        return 0;
    }
    TRY(fs_join(path, sizeof path, w->evidence.folder, "interface.pcapng"));
    if (!w->is_private) {
        snprintf(filter, sizeof filter, "host %s or host %s", w->address, w->dps_address);
    }
    return dumpcap_start(&settings, &w->dumpcap);
}

static int open_loop(struct worker *w)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    ENSURE(uv_loop_init(&w->loop) == 0, ERR_IO);
    uv_timer_init(&w->loop, &w->timer);
    for (size_t i = 0; i < HR_COUNT_OF(numbers); i++) {
        uv_signal_init(&w->loop, &w->stops[i]);
        w->stops[i].data = w;
        uv_signal_start(&w->stops[i], on_stop_signal, numbers[i]);
    }
    return 0;
}

static int set_up(struct worker *w)
{
    const struct executor_actions actions = {w, act_boot, act_hub, act_time, act_device, act_note, act_begin};
    TRY(evidence_open(&w->evidence, w->job->evidence));
    TRY(evidence_put(&w->evidence, "scenario.scn", span_text(w->job->plan->source), 0644));
    TRY(enter_network(w));
    TRY(check_services(w));
    w->executor = executor_new(w->job->plan, &actions);
    ENSURE(w->executor != NULL, ERR_NO_MEMORY);
    TRY(open_loop(w));
    TRY(start_dumpcap(w));
    TRY(open_rig(w));
    return prepare_device(w);
}

// ---- running

static void run_to_the_end(struct worker *w)
{
    while (w->first) { // what setting up has emitted
        struct event_copy *copy = take_event(w);
        executor_event(w->executor, &copy->event, now_us(w));
        event_copy_free(copy);
    }
    executor_start(w->executor, now_us(w));
    pump(w);
    while (!executor_is_done(w->executor)) {
        arm_timer(w);
        uv_run(&w->loop, UV_RUN_ONCE);
        pump(w);
    }
}

static void stop_dumpcap(struct worker *w)
{
    dumpcap_stop(w->dumpcap);
    w->dumpcap = NULL;
}

static void stop_device(struct worker *w)
{
    if (!w->dut) {
        return;
    }
    device_stop(w->dut, STOP_GRACE);
    while (device_is_running(w->dut)) {
        uv_run(&w->loop, UV_RUN_ONCE);
    }
    stop_dumpcap(w); // before what is left of the device's processes is hunted
    device_free(w->dut);
    w->dut = NULL;
}

// With the handlers gone a second signal would end the worker before its outcome is written.
static void hold_signals(void)
{
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGINT);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

static void close_loop(struct worker *w)
{
    hold_signals();
    uv_close((uv_handle_t *)&w->timer, NULL);
    for (size_t i = 0; i < HR_COUNT_OF(w->stops); i++) {
        uv_close((uv_handle_t *)&w->stops[i], NULL);
    }
    uv_run(&w->loop, UV_RUN_DEFAULT);
    uv_loop_close(&w->loop);
}

static void tear_down(struct worker *w)
{
    stop_device(w);
    stop_dumpcap(w);
    if (w->has_rig) {
        rig_device_deinit(&w->device);
        rig_close(&w->rig);
        close_loop(w);
    }
    struct event_copy *copy = NULL;
    while ((copy = take_event(w))) {
        event_copy_free(copy);
    }
    credentials_deinit(&w->credentials);
    surroundings_deinit(&w->around);
    executor_free(w->executor);
    log_reader_close(&w->log);
}

// To the evidence first: killed in between, the runner knows of no outcome and says so there.
static int send_outcome(struct worker *w, const struct outcome *o, int fd)
{
    struct buf json HR_CLEANUP(buf_deinit);
    buf_init(&json, 1 << 20);
    TRY(outcome_to_json(o, &json));
    int kept = w->evidence.folder[0]
                   ? evidence_put(&w->evidence, "verdict.json", buf_span(&json), 0644)
                   : 0; // the outcome says already why there is no folder
    struct span left = buf_span(&json);
    while (left.len > 0) {
        ssize_t n = write(fd, left.ptr, left.len);
        ENSURE(n > 0, ERR_IO);
        left = span_from(left, (size_t)n);
    }
    return kept;
}

uint32_t run_rate_ppm(const struct plan *plan, const struct bench_device *device)
{
    bool can = device && device->kind == BENCH_PROCESS && (device->offers & CAN(CLOCK));
    return can ? plan->settings.device_rate_ppm : RATE_REAL_PPM;
}

static void fill_outcome(struct worker *w, struct outcome *o)
{
    job_describe(w->job, o);
    o->started_us = machine_utc_us(w);
    outcome_set(&o->evidence, w->job->evidence);
}

static void fill_infra(struct outcome *o, int code)
{
    o->verdict = VERDICT_INFRA;
    outcome_set(&o->expected, "the rig can be set up");
    outcome_set(&o->observed, error_text(code));
}

static void copy_outcome(struct outcome *to, const struct outcome *from)
{
    to->verdict = from->verdict;
    outcome_set(&to->file, from->file);
    to->line = from->line;
    to->column = from->column;
    to->duration_us = from->duration_us;
    outcome_set(&to->statement, from->statement);
    outcome_set(&to->expected, from->expected);
    outcome_set(&to->observed, from->observed);
    outcome_set(&to->cause, from->cause);
    outcome_set(&to->try_text, from->try_text);
    outcome_copy_findings(to, from);
}

static void judge(struct worker *w, struct outcome *o)
{
    copy_outcome(o, executor_outcome(w->executor));
    EMIT(w->rig.journal, RUN_VERDICT, 0, NULL, F_TEXT("verdict", verdict_word(o->verdict)),
         F_INT("line", o->line), F_TEXT("cause", o->cause));
    o->events = journal_count(w->rig.journal);
}

int worker_run(const struct job *job, int outcome_fd)
{
    struct seeded_world world = {job_seed(job)};
    struct worker w = {.job = job, .machine = env_seeded(&world)};
    struct outcome outcome;
    w.env = env_paced(&w.paced, &w.machine, run_rate_ppm(job->plan, job->device));
    w.last = &w.first;
    outcome_init(&outcome);
    prctl(PR_SET_CHILD_SUBREAPER, 1); // what the device leaves behind comes to us
    uint64_t began_us = w.machine.mono_us(w.machine.world);
    fill_outcome(&w, &outcome);
    int code = set_up(&w);
    if (code == 0) {
        run_to_the_end(&w);
        stop_device(&w);
        judge(&w, &outcome);
    } else {
        fill_infra(&outcome, code);
    }
    outcome.duration_us = w.machine.mono_us(w.machine.world) - began_us;
    tear_down(&w);
    code = send_outcome(&w, &outcome, outcome_fd);
    evidence_close(&w.evidence);
    outcome_deinit(&outcome);
    return code;
}
