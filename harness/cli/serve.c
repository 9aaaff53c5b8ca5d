// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/cli/cli.h"
#include "simulator/rig/rig.h"

#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { TOKEN_LIFE_S = 24 * 3600 };

struct serving {
    const char *host;
    const char *listen;
    const char *port;
    const char *https_port; // NULL = no HTTPS
    const char *chain;
    const char *device_id;
    const char *x509;
    const char *files;
    const char *names; // more SANs, comma-separated
    const char *capture;
    const char *json;
    struct env env;
    uv_loop_t loop;
    uv_signal_t stops[2];
    bool has_stopped;
    struct rig rig;
    struct rig_device device;
    int bound_port;
    int bound_https_port;
    char root_path[PATH_MAX];
    char cert_path[PATH_MAX];
    char key_path[PATH_MAX];
    char name_text[RIG_NAMES_MOST][256];
};

static void on_event(void *context, const struct event *e)
{
    struct serving *s = context;
    struct buf line HR_CLEANUP(buf_deinit);
    buf_init(&line, 64 * 1024);
    if (s->json) {
        if (event_to_json(e, &line) == 0) {
            puts(buf_text(&line));
        }
    } else if (event_to_text(e, &line) == 0) {
        printf("%10.3f  #%-3" PRIu32 " %s%s%s\n", (double)e->at_us / 1e6, e->connection, e->device,
               e->device[0] ? "  " : "", buf_text(&line));
    }
    fflush(stdout);
}

static void on_stop(uv_signal_t *signal, int number)
{
    struct serving *s = signal->data;
    (void)number;
    s->has_stopped = true;
    uv_stop(&s->loop);
}

// ---- setting up

static int read_names(struct serving *s, struct rig_settings *out)
{
    struct span rest = span_text(s->names ? s->names : "");
    size_t count = 0;
    while (rest.len > 0) {
        struct span name = span_trim(span_cut(rest, ',', &rest));
        if (name.len == 0) {
            continue;
        }
        if (count + 2 > RIG_NAMES_MOST) {
            FAIL(ERR_USAGE, "--names takes at most %d names", RIG_NAMES_MOST - 2);
        }
        span_copy_text(name, s->name_text[count], sizeof s->name_text[count]);
        out->more_names[out->more_name_count++] = s->name_text[count++];
    }
    out->more_names[out->more_name_count++] = "localhost";
    out->more_names[out->more_name_count++] = "127.0.0.1";
    return 0;
}

static int read_port(const char *text, const char *option, int *port)
{
    uint64_t value = 0;
    if (span_parse_u64(span_text(text), &value) < 0 || value > 65535) {
        FAIL(ERR_USAGE, "%s takes a number from 0 to 65535, seen '%s'", option, text);
    }
    *port = (int)value;
    return 0;
}

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

static int add_device(struct serving *s)
{
    struct identity identity = {.auth = s->x509 ? HUB_AUTH_THUMBPRINT : HUB_AUTH_SAS};
    ENSURE(span_copy_text(span_text(s->device_id), identity.name, HUB_ID_BYTES_MOST + 1), ERR_VALUE);
    if (!s->x509) {
        TRY(read_kept_key(s, &identity));
    }
    int code = rig_add_identity(&s->rig, &identity, s->bound_port, &s->device);
    explicit_bzero(&identity, sizeof identity);
    TRY(code);
    TRY(write_file(s, "device.crt", &s->device.credential.cert_pem, 0644, s->cert_path,
                   sizeof s->cert_path));
    return write_file(s, "device.key", &s->device.credential.key_pem, 0600, s->key_path,
                      sizeof s->key_path);
}

static int open_rig(struct serving *s)
{
    struct rig_settings settings = {.loop = &s->loop, .env = &s->env, .capture = s->capture};
    int port = 0;
    TRY(read_port(s->port, "--port", &port));
    hub_settings_init(&settings.hub, s->host);
    TRY(read_names(s, &settings));
    TRY(fs_make_folder(s->files, 0700));
    TRY(rig_open(&s->rig, &settings));
    TRY(rig_use_chain(&s->rig, s->chain));
    TRY(server_listen(s->rig.server, s->listen, port, &s->bound_port));
    if (s->https_port) {
        TRY(read_port(s->https_port, "--https-port", &port));
        TRY(rig_listen_https(&s->rig, s->listen, port, &s->bound_https_port));
    }
    TRY(write_file(s, "root.pem", &s->rig.chain.root_pem, 0644, s->root_path, sizeof s->root_path));
    TRY(add_device(s));
    return journal_listen(s->rig.journal, on_event, s);
}

// ---- what a person needs to begin

static int print_ready(struct serving *s)
{
    struct buf token HR_CLEANUP(buf_wipe);
    buf_init(&token, 2000);
    char https[32] = "";
    if (s->https_port) {
        snprintf(https, sizeof https, " https_port=%d", s->bound_https_port);
    }
    printf("ready host=%s address=%s port=%d%s root=%s chain=%s device=%s auth=%s\n", s->host,
           s->listen, s->bound_port, https, s->root_path, s->chain, s->device_id,
           s->x509 ? "x509" : "sas");
    if (s->json) {
        return 0;
    }
    printf("\nconnection string\n  %s\n", buf_text(&s->device.connection_string));
    printf("\nsee the chain\n  openssl s_client -connect %s:%d -servername %s -CAfile %s "
           "-verify_return_error </dev/null\n",
           s->listen, s->bound_port, s->host, s->root_path);
    if (s->x509) {
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

static int open_loop(struct serving *s)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    ENSURE(uv_loop_init(&s->loop) == 0, ERR_IO);
    for (size_t i = 0; i < HR_COUNT_OF(numbers); i++) {
        uv_signal_init(&s->loop, &s->stops[i]);
        s->stops[i].data = s;
        uv_signal_start(&s->stops[i], on_stop, numbers[i]);
    }
    return 0;
}

static void close_loop(struct serving *s)
{
    for (size_t i = 0; i < HR_COUNT_OF(s->stops); i++) {
        uv_close((uv_handle_t *)&s->stops[i], NULL);
    }
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
}

static int serve(struct serving *s)
{
    s->env = env_system();
    signal(SIGPIPE, SIG_IGN);
    int code = open_loop(s);
    if (code < 0) {
        return cli_fail("serve", code);
    }
    code = open_rig(s);
    if (code == 0) {
        code = print_ready(s);
        fflush(stdout);
    }
    while (code == 0 && !s->has_stopped) {
        uv_run(&s->loop, UV_RUN_DEFAULT);
    }
    rig_device_deinit(&s->device);
    if (s->rig.journal) {
        rig_close(&s->rig);
    }
    close_loop(s);
    return code < 0 ? cli_fail("serve", code) : EXIT_PASS;
}

static int serve_command(int argc, char **argv)
{
    struct serving s = {
        .host = "localhost",
        .listen = "127.0.0.1",
        .port = "8883",
        .chain = "azure/digicert-g2",
        .device_id = "device-1",
        .files = "hub-files",
    };
    const struct option_spec specs[] = {
        {"--host", "NAME", &s.host},     {"--listen", "ADDRESS", &s.listen},
        {"--port", "N", &s.port},   {"--https-port", "N", &s.https_port},
              {"--chain", "NAME", &s.chain},
        {"--device", "ID", &s.device_id}, {"--x509", NULL, &s.x509},
        {"--files", "FOLDER", &s.files}, {"--names", "LIST", &s.names},
        {"--capture", "FILE", &s.capture},
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
        "  --chain NAME      the chain to present; default: azure/digicert-g2\n"
        "  --names LIST      more names or addresses for the certificate, separated by commas\n"
        "  --device ID       the registered device; default: device-1\n"
        "  --x509            register the device by certificate thumbprint instead of a key\n"
        "  --files FOLDER    where root.pem, the device's certificate and keys are written, and\n"
        "                    from where the device's SAS key is read again; default: hub-files\n"
        "  --capture FILE    record the wire as pcapng with its TLS secrets: Wireshark shows MQTT in\n"
        "                    the clear; the file holds passwords and has mode 0600\n"
        "  --json            events as JSON lines (after the ready line)\n"
        "\n"
        "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 usage, 3 the hub could not run (port in use, ...)\n",
};
