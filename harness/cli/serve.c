// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/cli/cli.h"
#include "harness/cli/chains.h"
#include "harness/cli/hosting.h"
#include "harness/scenario/served_knobs.h"
#include "simulator/control/socket.h"
#include "simulator/rig/hub_file.h"
#include "simulator/rig/responders.h"
#include "simulator/rig/rig.h"
#include "simulator/tls/offer_report.h"
#include "simulator/rig/state.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LIFE_S = 24 * 3600 };

struct serving {
    const char *host;
    const char *listen;
    const char *port;
    const char *https_port; // NULL = no HTTPS
    const char *sntp_port;  // NULL = no time server
    const char *dns_port;   // NULL = no name server
    const char *chain;
    const char *device_id;
    const char *x509;
    const char *files;
    const char *names; // more SANs, comma-separated
    struct hosting_capture capture;
    const char *seed; // NULL = drawn
    const char *tls[POLICY_KEY_COUNT];
    const char *sets[OPTION_LIST_MOST + 1]; // of --set
    const char *json;
    const char *hub_path;
    const char *state_path;
    const char *dps_host; // NULL = no provisioning service
    const char *dps_port;
    const char *id_scope;
    const char *control_path; // NULL = control.sock in the folder
    const char *clock_rate;  // of the hub; NULL = as the devices'
    const char *device_rate; // NULL = real time
    struct env machine;
    struct paced_world paced;
    struct env env; // at the pace of the devices
    struct hosting hosting;
    struct rig rig;
    struct offer_report offers;
    struct rig_device device;
    int bound_port;
    struct hub_file hub_file;
    struct state *state;
    struct control *control;
    struct control_socket *control_socket;
    char socket_path[PATH_MAX];
    int bound_https_port;
    int bound_dps_port;
    int bound_sntp_port;
    int bound_dns_port;
    char root_path[PATH_MAX];
    char cert_path[PATH_MAX];
    char key_path[PATH_MAX];
    char name_text[RIG_NAMES_MOST][HOSTING_NAME_BYTES];
};

static void on_event(void *context, const struct event *e)
{
    struct serving *s = context;
    hosting_print_event(e, s->json != NULL);
}

// ---- setting up

static int write_file(struct serving *s, const char *name, const struct buf *content, mode_t mode,
                      char *path, size_t capacity)
{
    TRY(fs_join(path, capacity, s->files, name));
    return fs_write_file(path, buf_span(content), mode);
}

// The key survives a restart, so that a flashed device needs no new one.
static int read_kept_key(struct serving *s, struct identity *identity)
{
    char path[PATH_MAX];
    struct buf text HR_CLEANUP(buf_wipe);
    buf_init(&text, 200);
    TRY(fs_join(path, sizeof path, s->files, "device.sas-key"));
    if (!fs_exists(path)) {
        TRY(rig_random_key(&s->rig, &text));
        TRY(fs_write_file(path, buf_span(&text), 0600));
    } else {
        TRY(fs_read_file(path, &text));
    }
    span_copy_text(span_trim(buf_span(&text)), identity->primary_key, sizeof identity->primary_key);
    return 0;
}

static int write_credential(struct serving *s)
{
    TRY(write_file(s, "device.crt", &s->device.credential.cert_pem, 0644, s->cert_path,
                   sizeof s->cert_path));
    return write_file(s, "device.key", &s->device.credential.key_pem, 0600, s->key_path,
                      sizeof s->key_path);
}

// A device that the hub file or the state file has brought. Of its certificate only the files of
// the run that registered it are known.
static int use_known_device(struct serving *s, const struct identity *identity)
{
    s->device = (struct rig_device){.is_x509 = identity->auth != HUB_AUTH_SAS};
    buf_init(&s->device.connection_string, 2000);
    span_copy_text(span_text(identity->name), s->device.id, sizeof s->device.id);
    TRY(fs_join(s->cert_path, sizeof s->cert_path, s->files, "device.crt"));
    TRY(fs_join(s->key_path, sizeof s->key_path, s->files, "device.key"));
    return rig_connection_string(&s->rig, identity, s->bound_port, &s->device.connection_string);
}

// The first device of the hub file that may connect.
static const char *first_device(const struct hub_file *file)
{
    for (size_t i = 0; i < file->identity_count; i++) {
        const struct identity *id = &file->identities[i].identity;
        if (!id->is_disabled && !strchr(id->name, '/')) {
            return id->name;
        }
    }
    return "device-1";
}

static int add_device(struct serving *s)
{
    struct identity identity = {.auth = s->x509 ? HUB_AUTH_THUMBPRINT : HUB_AUTH_SAS};
    if (!s->device_id) {
        s->device_id = first_device(&s->hub_file);
    }
    const struct identity *known = hub_find_identity(s->rig.hub, span_text(s->device_id));
    if (known) {
        return use_known_device(s, known);
    }
    if (!span_copy_text(span_text(s->device_id), identity.name, HUB_ID_BYTES_MOST + 1)) {
        FAIL(ERR_VALUE, "--device takes an id of at most %d bytes", HUB_ID_BYTES_MOST);
    }
    if (!s->x509) {
        TRY(read_kept_key(s, &identity));
    }
    int code = rig_add_identity(&s->rig, &identity, s->bound_port, &s->device);
    explicit_bzero(&identity, sizeof identity);
    TRY(code);
    return write_credential(s);
}

// ---- files that fill the hub

static int read_hub_file(struct serving *s)
{
    struct chain_names chains;
    struct diag_list diags;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    if (!s->hub_path) {
        return 0;
    }
    diag_init(&diags);
    chain_names_load(&chains);
    int code = hub_file_read(s->hub_path, (const char *const *)chains.names, chains.count,
                             &s->hub_file, &diags);
    chain_names_deinit(&chains);
    if (diags.count > 0 && diag_print(&diags, &text) == 0) {
        fputs(buf_text(&text), stderr);
        code = error_set(ERR_SYNTAX, "%s has mistakes", s->hub_path);
    }
    diag_deinit(&diags);
    return code;
}

// What the command line leaves open, the hub file says.
static void choose(struct serving *s)
{
    const struct hub_file *file = &s->hub_file;
    s->host = s->host ? s->host : file->host[0] ? file->host : "localhost";
    s->chain = s->chain ? s->chain : file->chain[0] ? file->chain : "azure/digicert-g2";
}

static void on_state_failure(void *context)
{
    struct serving *s = context;
    hosting_stop(&s->hosting);
}

static int open_state(struct serving *s)
{
    if (!s->state_path) {
        return 0;
    }
    TRY(state_open(s->state_path, &s->state));
    state_on_failure(s->state, on_state_failure, s);
    return 0;
}

static int open_control(struct serving *s)
{
    struct control_settings settings = {
        .rig = &s->rig, .port = s->bound_port, .files = s->files};
    if (s->control_path) {
        ENSURE(span_copy_text(span_text(s->control_path), s->socket_path, sizeof s->socket_path),
               ERR_TOO_BIG);
    } else {
        TRY(fs_join(s->socket_path, sizeof s->socket_path, s->files, "control.sock"));
    }
    TRY(control_new(&settings, &s->control));
    struct control_socket_settings socket = {&s->hosting.loop, s->control, s->rig.journal, s->socket_path};
    return control_socket_open(&socket, &s->control_socket);
}

// It presents the same chain, issued to its own name.
static int listen_dps(struct serving *s)
{
    int port = 0;
    TRY(hosting_read_port(s->dps_port, "--dps-port", &port));
    TRY(rig_use_dps_chain(&s->rig, s->chain));
    return server_listen(s->rig.dps_server, s->listen, port, &s->bound_dps_port);
}

static int open_responders(struct serving *s)
{
    int port = 0;
    if (s->sntp_port) {
        TRY(hosting_read_port(s->sntp_port, "--sntp", &port));
        TRY(rig_listen_sntp(&s->rig, s->listen, port, &s->bound_sntp_port));
    }
    if (s->dns_port) {
        TRY(hosting_read_port(s->dns_port, "--dns", &port));
        if (strcmp(s->listen, "0.0.0.0") == 0 || strcmp(s->listen, "::") == 0) {
            FAIL(ERR_USAGE,
                 "--dns answers with the address of --listen, and nobody can dial %s; try --listen "
                 "with the address that devices dial",
                 s->listen);
        }
        TRY(rig_listen_dns(&s->rig, s->listen, port, s->listen, &s->bound_dns_port));
    }
    return 0;
}

static int start_capture(struct serving *s)
{
    const int ports[] = {s->bound_port, s->bound_https_port, s->bound_dps_port, s->bound_sntp_port,
                         s->bound_dns_port};
    return hosting_start_capture(&s->capture, &s->hosting, &s->env, s->listen, ports,
                                 HR_COUNT_OF(ports));
}

static int open_rig(struct serving *s)
{
    struct rig_settings settings = {.loop = &s->hosting.loop, .env = &s->env};
    int port = 0;
    TRY(hosting_read_port(s->port, "--port", &port));
    TRY(read_hub_file(s));
    choose(s);
    hub_settings_init(&settings.hub, s->host);
    TRY(hosting_read_names(s->names, s->name_text, &settings));
    TRY(hosting_read_seed(s->seed, &settings.seed));
    if (s->dps_host) {
        dps_settings_init(&settings.dps, s->dps_host, s->id_scope);
    }
    TRY(hosting_read_capture(&s->capture, s->files, &settings));
    settings.tls = s->hub_file.tls;
    TRY(served_knobs_set(s->sets, &settings));
    TRY(hosting_read_tls(s->tls, &settings.tls));
    TRY(fs_make_folder(s->files, 0700));
    TRY(open_state(s));
    TRY(rig_open(&s->rig, &settings));
    TRY(s->state ? state_attach(s->state, s->rig.hub) : 0);
    TRY(s->state && s->rig.dps ? state_attach_dps(s->state, s->rig.dps) : 0);
    TRY(hub_file_apply(&s->hub_file, &s->rig, s->state));
    TRY(rig_use_chain(&s->rig, s->chain));
    TRY(server_listen(s->rig.server, s->listen, port, &s->bound_port));
    if (s->https_port) {
        TRY(hosting_read_port(s->https_port, "--https-port", &port));
        TRY(rig_listen_https(&s->rig, s->listen, port, &s->bound_https_port));
    }
    TRY(s->dps_host ? listen_dps(s) : 0);
    TRY(open_responders(s));
    TRY(start_capture(s));
    TRY(write_file(s, "root.pem", &s->rig.chain.root_pem, 0644, s->root_path, sizeof s->root_path));
    TRY(add_device(s));
    TRY(open_control(s));
    TRY(offer_report_open(&s->offers, s->files));
    TRY(journal_listen(s->rig.journal, offer_report_event, &s->offers));
    return journal_listen(s->rig.journal, on_event, s);
}

// ---- what a person needs to begin

static int print_ready(struct serving *s)
{
    struct buf token HR_CLEANUP(buf_wipe);
    buf_init(&token, 2000);
    char https[32] = "";
    char sntp[32] = "";
    char dns[32] = "";
    if (s->https_port) {
        snprintf(https, sizeof https, " https_port=%d", s->bound_https_port);
    }
    char dps[400] = "";
    if (s->dps_host) {
        snprintf(dps, sizeof dps, " dps=%s dps_port=%d id_scope=%s", s->dps_host,
                 s->bound_dps_port, s->id_scope);
    }
    if (s->sntp_port) {
        snprintf(sntp, sizeof sntp, " sntp_port=%d", s->bound_sntp_port);
    }
    if (s->dns_port) {
        snprintf(dns, sizeof dns, " dns_port=%d", s->bound_dns_port);
    }
    printf("ready host=%s address=%s port=%d%s%s%s%s root=%s chain=%s device=%s auth=%s control=%s "
           "seed=%" PRIu64 "\n",
           s->host, s->listen, s->bound_port, https, dps, sntp, dns, s->root_path, s->chain, s->device_id,
           s->device.is_x509 ? "x509" : "sas", s->socket_path,
           faults_seed(s->rig.faults));
    if (s->json) {
        return 0;
    }
    printf("\nconnection string\n  %s\n", buf_text(&s->device.connection_string));
    printf("\nsee the chain\n  openssl s_client -connect %s:%d -servername %s -CAfile %s "
           "-verify_return_error </dev/null\n",
           s->listen, s->bound_port, s->host, s->root_path);
    if (s->device.is_x509 && !fs_exists(s->cert_path)) {
        printf("\n%s has a certificate that only its owner knows\n\n", s->device_id);
        return 0;
    }
    if (s->device.is_x509) {
        printf("\nsend a message\n  mosquitto_pub -V mqttv311 -h localhost -p %d --cafile %s --cert %s "
               "--key %s -i %s -u '%s/%s/?api-version=2021-04-12' -q 1 -t "
               "devices/%s/messages/events/ -m hello\n\n",
               s->bound_port, s->root_path, s->cert_path, s->key_path, s->device_id, s->host,
               s->device_id, s->device_id);
        return 0;
    }
    TRY(rig_sas_token(&s->rig, &s->device, TOKEN_LIFE_S, &token));
    printf("\nsend a message (this token lives 24 hours)\n  mosquitto_pub -V mqttv311 -h localhost -p %d "
           "--cafile %s -i %s -u '%s/%s/?api-version=2021-04-12' -P '%s' -q 1 -t "
           "devices/%s/messages/events/ -m hello\n\n",
           s->bound_port, s->root_path, s->device_id, s->host, s->device_id, buf_text(&token),
           s->device_id);
    return 0;
}

static int read_rate(const char *text, const char *option, uint32_t *out_ppm)
{
    if (text && rate_parse(span_text(text), out_ppm) < 0) {
        FAIL(ERR_USAGE, "%s: '%s' is not a rate; expected a number from 0.001 to 1000", option, text);
    }
    return 0;
}

static int set_pace(struct serving *s)
{
    uint32_t rate_ppm = RATE_REAL_PPM;
    TRY(read_rate(s->device_rate, "--device-rate", &rate_ppm));
    s->machine = env_system();
    s->env = env_paced(&s->paced, &s->machine, rate_ppm);
    return 0;
}

static int set_clock_rate(struct serving *s)
{
    uint32_t rate_ppm = s->paced.pace.rate_ppm;
    TRY(read_rate(s->clock_rate, "--clock-rate", &rate_ppm));
    for (size_t i = 0; s->clock_rate && i <= s->rig.other_count; i++) {
        uint64_t relative = (uint64_t)rate_ppm * RATE_REAL_PPM / s->paced.pace.rate_ppm;
        hub_clock_set_rate(rig_hub_at(&s->rig, i), (uint32_t)relative);
    }
    return 0;
}

static int serve(struct serving *s)
{
    int code = set_pace(s);
    code = code < 0 ? code : hosting_open(&s->hosting);
    if (code < 0) {
        return cli_fail("serve", code);
    }
    code = open_rig(s);
    code = code < 0 ? code : set_clock_rate(s);
    if (code == 0) {
        code = print_ready(s);
        fflush(stdout);
    }
    if (code == 0) {
        hosting_run(&s->hosting);
    }
    if (code == 0 && s->state && state_failure(s->state)) {
        code = error_set(ERR_IO, "stopped, because a change could not be kept: %s",
                         state_failure(s->state));
    }
    int exit_code = code < 0 ? cli_fail("serve", code) : EXIT_PASS;
    rig_device_deinit(&s->device);
    control_socket_close(s->control_socket);
    control_free(s->control);
    state_close(s->state);
    if (s->rig.journal) {
        rig_close(&s->rig);
    }
    code = hosting_stop_capture(&s->capture);
    exit_code = code < 0 && exit_code == EXIT_PASS ? cli_fail("serve", code) : exit_code;
    hosting_close(&s->hosting);
    hub_file_deinit(&s->hub_file);
    return exit_code;
}

static int serve_command(int argc, char **argv)
{
    struct serving s = {
        .listen = "127.0.0.1",
        .port = "8883",
        .files = "hub-files",
        .dps_port = "8884",
        .id_scope = "0ne00HUBRIG",
    };
    const struct option_spec specs[] = {
        {"--host", "NAME", &s.host},     {"--listen", "ADDRESS", &s.listen},
        {"--port", "N", &s.port},   {"--https-port", "N", &s.https_port},
              {"--chain", "NAME", &s.chain},
        {"--device", "ID", &s.device_id}, {"--x509", NULL, &s.x509},
        {"--files", "FOLDER", &s.files}, {"--names", "LIST", &s.names},
        {"--json", NULL, &s.json},       {"--hub", "FILE", &s.hub_path},
        {"--state", "FILE", &s.state_path}, {"--control", "PATH", &s.control_path},
        HOSTING_CAPTURE_OPTIONS(s.capture),
        {"--seed", "N", &s.seed},
        {"--dps", "NAME", &s.dps_host},
        {"--dps-port", "N", &s.dps_port},
        {"--id-scope", "TEXT", &s.id_scope},
        HOSTING_TLS_OPTIONS(s.tls),
        {"--set", "KNOB=VALUE...", s.sets},
        {"--sntp", "PORT", &s.sntp_port}, {"--dns", "PORT", &s.dns_port},
        {"--clock-rate", "N", &s.clock_rate}, {"--device-rate", "N", &s.device_rate},
        {"--json", NULL, &s.json},
    };
    size_t words = 0;
    int code = cli_options(&command_serve, argc, argv, specs, HR_COUNT_OF(specs), false, NULL, 0, &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    return serve(&s);
}

const struct command command_serve = {
    .name = "serve",
    .summary = "a hub until stopped, with one device ready to connect",
    .run = serve_command,
    .help =
        "usage: hubrig serve [options]\n"
        "\n"
        "Runs a simulated hub in the foreground until Ctrl-C. The first line is `ready key=value\n"
        "...`; then a connection string, the openssl line that shows the chain, and a\n"
        "mosquitto_pub line that sends a message. After that, one line per event.\n"
        "\n"
        "  --host NAME       the hub's name in connection strings and certificate; default: localhost\n"
        "  --listen ADDRESS  IP address to listen on; default: 127.0.0.1; 0.0.0.0 for boards\n"
        "  --port N          default: 8883; 0 takes a free one\n"
        "  --https-port N    also listen for HTTPS and MQTT over WebSocket; 0 takes a free port;\n"
        "                    devices that speak WebSocket dial 443; default: not at all\n"
        "  --sntp PORT       also answer NTP and SNTP with the hub's clock; 0 takes a free port\n"
        "  --dns PORT        also answer DNS (UDP and TCP): the hub's name leads to the address listened\n"
        "                    on; 0 takes a free port\n"
        "  --device-rate N   the devices run under clocks N times as fast (faketime -f '+0 xN'), and so\n"
        "                    do the hub's clock, time limits, delays and the times printed here\n"
        "  --clock-rate N    the hub's clock alone runs N times as fast as a real one: tokens, certificates\n"
        "                    and times to live end sooner, time limits of the protocol do not\n"
        "  --chain NAME      the chain to present; default: azure/digicert-g2\n"
        "  --names LIST      more names or addresses for the certificate, separated by commas\n"
        "  --device ID       the registered device; default: device-1\n"
        "  --x509            register the device by certificate thumbprint instead of a key\n"
        "  --files FOLDER    where root.pem, the device's certificate and keys are written, and\n"
        "                    from where the device's SAS key is read again; default: hub-files\n"
        "  --hub FILE        a hub file: host, devices, modules, keys, policies, CA certificates, chain,\n"
        "                    clock, faults; what the options above say goes before what the file says\n"
        "  --state FILE      a database that keeps devices, keys and sessions across restarts; what\n"
        "                    it holds of a device goes before what the hub file says\n"
        "  --dps NAME        a provisioning service beside the hub, for the enrollments of the hub file;\n"
        "                    its certificate has this name\n"
        "  --dps-port N      its port; default: 8884; 0 takes a free one\n"
        "  --id-scope TEXT   its id scope; default: 0ne00HUBRIG\n"
        "  --control PATH    the socket for `hubrig ctl`; default: control.sock in the folder\n"
        HOSTING_CAPTURE_HELP
        "  --seed N          of what faults leave to chance; the ready line tells the one in use\n"
        HOSTING_TLS_HELP
        "  --set KNOB=VALUE  a knob of scenarios, such as hub.tier=S1, hub.quota=100 or hub.sdk_faults=on:\n"
        "                    hubrig words knobs lists them; those that only a scenario has are\n"
        "                    refused. May be repeated; goes before what a hub file says\n"
        "  --json            events as JSON lines (after the ready line)\n"
        "\n"
        "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 usage, 3 the hub could not run (port in use, ...)\n",
};
