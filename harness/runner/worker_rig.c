// SPDX-License-Identifier: MIT
// What a scenario runs on: its network, its hub, and the device with all that it is given.
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/device/clock.h"
#include "harness/runner/sandbox.h"
#include "harness/runner/services.h"
#include "harness/runner/worker_private.h"
#include "simulator/hub/access.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define HUB_HOST   "myhub.azure-devices.net"
#define HUB_PORT   8883
#define DPS_SCOPE  "0ne00B3NCH1"
#define HTTPS_PORT 443

int worker_enter_network(struct worker *w)
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

int worker_check_services(const struct worker *w)
{
    if (w->job->plan->needs_services && !w->is_private) {
        FAIL(ERR_NAMESPACE, "a time server and a name server stand only in a private network");
    }
    if (w->job->plan->needs & CAN(FALLBACK) && !w->is_private) {
        FAIL(ERR_NAMESPACE, "the hub has port 443 only in a private network");
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

int worker_open_rig(struct worker *w)
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
    TRY(journal_listen(w->rig.journal, worker_on_event, w));
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
    worker_set_hub_clock(w, &s->hub_clock);
    worker_set_hub_rate(w, s);
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

static int add_identity(struct worker *w, const char *name, struct rig_device *out)
{
    struct identity identity = {.auth = auth_of(&w->job->plan->settings)};
    ENSURE(span_copy_text(span_text(name), identity.name, sizeof identity.name), ERR_VALUE);
    return rig_add_identity(&w->rig, &identity, w->port, out);
}

// A module stands below its device, of which it knows no credential.
static int add_module(struct worker *w)
{
    struct rig_device parent;
    char name[HUB_NAME_BYTES_MOST];
    TRY(add_identity(w, DEVICE_ID, &parent));
    rig_device_deinit(&parent);
    snprintf(name, sizeof name, "%s/%s", DEVICE_ID, w->job->plan->settings.device_module);
    return add_identity(w, name, &w->device);
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
        return s->device_module[0] ? add_module(w) : add_identity(w, DEVICE_ID, &w->device);
    }
    return rig_enroll(&w->rig, DEVICE_ID, kinds[s->provisioning], &w->device);
}

static const char *connection_string_of(const struct worker *w)
{
    bool is_secondary = w->job->plan->settings.is_given_secondary;
    return buf_text(is_secondary ? &w->device.secondary_string : &w->device.connection_string);
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
        .connection_string = connection_string_of(w),
        .utc_s = hub_utc_us(w->rig.hub) / 1000000,
    };
    TRY(credentials_read(&settings, &w->credentials));
    credentials_judge_chain(&w->credentials, chain);
    return 0;
}

int worker_prepare_device(struct worker *w)
{
    const struct settings *s = &w->job->plan->settings;
    struct buf root HR_CLEANUP(buf_deinit);
    buf_init(&root, 1 << 20);
    const struct chain *chain = w->job->given ? w->job->given->chain : &w->rig.chain;
    TRY(gather_roots(w, &root));
    TRY(add_or_enroll(w));
    if (s->has_other_certificate) {
        TRY(rig_give_certificate(&w->rig, s->certificate, &w->device));
    }
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
        .module = s->device_module,
        .connection_string = connection_string_of(w),
        .secondary_string =
            w->job->plan->needs & CAN(TWO_KEYS) ? buf_text(&w->device.secondary_string) : "",
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
    if (s->device_count > 1) {
        const struct fleet_settings fleet = {&w->rig, &dut, &around, auth_of(s), s->device_count};
        TRY(fleet_new(&fleet, &w->fleet));
    }
    device_prepare(w->dut);
    return worker_await_device(w);
}

// In a private network everything is looked at, names and time too.
int worker_start_dumpcap(struct worker *w)
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
