// SPDX-License-Identifier: MIT
#include "simulator/front/front.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/hosting.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { FAULT_WORDS_MOST = 63 };

struct fronting {
    const char *to;
    const char *to_tls;
    const char *to_root;
    const char *to_name;
    const char *host;
    const char *names;
    const char *listen;
    const char *port;
    const char *chain;
    const char *faults[OPTION_LIST_MOST + 1];
    struct fault parsed[OPTION_LIST_MOST];
    const char *files;
    struct hosting_capture capture;
    const char *seed; // NULL = drawn
    const char *tls[POLICY_KEY_COUNT];
    char upstream_host[HOSTING_NAME_BYTES];
    int upstream_port;
    char name_text[RIG_NAMES_MOST][HOSTING_NAME_BYTES];
    struct env env;
    struct hosting hosting;
    struct rig rig;
    struct front *front;
    struct hosting_desk desk;
    int bound_port;
    char root_path[PATH_MAX];
};

// "HOST:PORT" or "[v6]:PORT"
static int read_upstream(struct fronting *f)
{
    struct span host = span_text(f->to);
    const char *colon = strrchr(f->to, ':');
    if (!colon || colon == f->to || colon[1] == '\0') {
        FAIL(ERR_USAGE, "--to takes HOST:PORT, seen '%s'", f->to);
    }
    host.len = (size_t)(colon - f->to);
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = span_slice(host, 1, host.len - 2);
    } else if (memchr(host.ptr, ':', host.len)) {
        FAIL(ERR_USAGE, "--to takes an IPv6 address in brackets, as in [::1]:1883; seen '%s'", f->to);
    }
    if (!span_copy_text(host, f->upstream_host, sizeof f->upstream_host)) {
        FAIL(ERR_USAGE, "--to takes a name of at most %d bytes", HOSTING_NAME_BYTES - 1);
    }
    TRY(hosting_read_port(colon + 1, "the port of --to", &f->upstream_port));
    if (f->upstream_port == 0) {
        FAIL(ERR_USAGE, "--to needs the port of the upstream, seen 0");
    }
    if (!f->to_tls && (f->to_root || f->to_name)) {
        FAIL(ERR_USAGE, "%s belongs to --to-tls", f->to_root ? "--to-root" : "--to-name");
    }
    return 0;
}

static int read_fault(const char *text, struct fault *out)
{
    struct span words[FAULT_WORDS_MOST];
    struct span rest = span_text(text);
    size_t count = 0;
    size_t bad = 0;
    while (rest.len > 0 && count < FAULT_WORDS_MOST) {
        words[count] = span_cut(rest, ' ', &rest);
        count += words[count].len > 0;
    }
    int code = fault_parse(words, count, out, &bad);
    if (code < 0) {
        char why[400];
        snprintf(why, sizeof why, "%s", error_text(code));
        FAIL(code, "--fault \"%s\": %s", text, why);
    }
    return front_check_fault(out);
}

// After the ready line, so that it stays the first.
static int arm_faults(struct fronting *f)
{
    for (size_t i = 0; f->faults[i]; i++) {
        TRY(faults_add(f->rig.faults, &f->parsed[i]));
    }
    return 0;
}

static int open_desk(struct fronting *f)
{
    struct control_settings settings = {.rig = &f->rig,
                                        .port = f->bound_port,
                                        .files = f->files,
                                        .verbs = front_verbs,
                                        .check_fault = front_check_fault};
    return hosting_open_desk(&f->hosting, &settings, &f->desk);
}

static int open_front(struct fronting *f)
{
    int port = 0;
    struct front_settings settings = {.loop = &f->hosting.loop,
                                      .env = &f->env,
                                      .journal = f->rig.journal,
                                      .host = f->upstream_host,
                                      .port = f->upstream_port,
                                      .is_tls = f->to_tls != NULL,
                                      .root = f->to_root,
                                      .name = f->to_name};
    TRY(hosting_read_port(f->port, "--port", &port));
    TRY(front_new(&settings, &f->front));
    TRY(server_add_speaker(f->rig.server, DIALECT_ANY, front_speaker(f->front)));
    TRY(rig_use_chain(&f->rig, f->chain));
    return server_listen_for(f->rig.server, DIALECT_ANY, f->listen, port, &f->bound_port);
}

static int open_all(struct fronting *f)
{
    struct rig_settings settings = {.loop = &f->hosting.loop, .env = &f->env};
    hub_settings_init(&settings.hub, f->host);
    TRY(read_upstream(f));
    for (size_t i = 0; f->faults[i]; i++) {
        TRY(read_fault(f->faults[i], &f->parsed[i]));
    }
    TRY(hosting_read_capture(&f->capture, f->files, &settings));
    TRY(hosting_read_names(f->names, f->name_text, &settings));
    TRY(hosting_read_seed(f->seed, &settings.seed));
    TRY(hosting_read_tls(f->tls, &settings.tls));
    TRY(fs_make_folder(f->files, 0700));
    TRY(rig_open(&f->rig, &settings));
    TRY(open_front(f));
    TRY(hosting_start_capture(&f->capture, &f->hosting, &f->env, f->listen, &f->bound_port, 1));
    TRY(fs_join(f->root_path, sizeof f->root_path, f->files, "root.pem"));
    TRY(fs_write_file(f->root_path, buf_span(&f->rig.chain.root_pem), 0644));
    return open_desk(f);
}

static void print_ready(const struct fronting *f)
{
    printf("ready host=%s address=%s port=%d upstream=%s:%d upstream_tls=%s root=%s chain=%s "
           "control=%s seed=%" PRIu64 "\n",
           f->host, f->listen, f->bound_port, f->upstream_host, f->upstream_port,
           f->to_tls ? "yes" : "no", f->root_path, f->chain, f->desk.socket_path,
           faults_seed(f->rig.faults));
    if (!f->desk.json) {
        printf("\nsee the chain\n  openssl s_client -connect %s:%d -servername %s -CAfile %s "
               "-verify_return_error </dev/null\n\n",
               f->listen, f->bound_port, f->host, f->root_path);
    }
    fflush(stdout);
}

static int front(struct fronting *f)
{
    f->env = env_system();
    int code = hosting_open(&f->hosting);
    if (code < 0) {
        return cli_fail("front", code);
    }
    code = open_all(f);
    if (code == 0) {
        print_ready(f);
        code = arm_faults(f);
    }
    if (code == 0) {
        hosting_run(&f->hosting);
    }
    int exit_code = code < 0 ? cli_fail("front", code) : EXIT_PASS;
    hosting_close_desk(&f->desk);
    if (f->rig.journal) {
        rig_close(&f->rig);
    }
    code = hosting_stop_capture(&f->capture);
    exit_code = code < 0 && exit_code == EXIT_PASS ? cli_fail("front", code) : exit_code;
    front_close(f->front);
    hosting_close(&f->hosting);
    return exit_code;
}

static int front_command(int argc, char **argv)
{
    struct fronting f = {
        .host = "localhost",
        .listen = "127.0.0.1",
        .port = "8883",
        .chain = "azure/digicert-g2",
        .files = "hub-files",
    };
    const struct option_spec specs[] = {
        {"--to", "HOST:PORT", &f.to},
        {"--to-tls", NULL, &f.to_tls},
        {"--to-root", "FILE", &f.to_root},
        {"--to-name", "NAME", &f.to_name},
        {"--host", "NAME", &f.host},
        {"--names", "LIST", &f.names},
        {"--listen", "ADDRESS", &f.listen},
        {"--port", "N", &f.port},
        {"--chain", "NAME", &f.chain},
        {"--fault", "WORDS...", f.faults},
        {"--files", "FOLDER", &f.files},
        {"--control", "PATH", &f.desk.control_path},
        HOSTING_CAPTURE_OPTIONS(f.capture),
        {"--seed", "N", &f.seed},
        HOSTING_TLS_OPTIONS(f.tls),
        {"--json", NULL, &f.desk.json},
    };
    size_t words = 0;
    int code = cli_options(&command_front, argc, argv, specs, HR_COUNT_OF(specs), false, NULL, 0,
                           &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (!f.to) {
        fprintf(stderr, "hubrig front: --to HOST:PORT says where the server behind it is\n"
                        "Try: hubrig front --help\n");
        return EXIT_USAGE;
    }
    return front(&f);
}

const struct command command_front = {
    .name = "front",
    .summary = "chains and faults of TLS and network before any other server",
    .run = front_command,
    .help =
        "usage: hubrig front --to HOST:PORT [options]\n"
        "\n"
        "Stands before a server of any protocol until Ctrl-C: ends the device's TLS with a chain of\n"
        "hubrig's, with faults where asked for, and passes the plain bytes on to the server and back.\n"
        "The first line is `ready key=value ...`; then one line per event: front.opened, front.failed\n"
        "and front.closed tell of the server behind.\n"
        "\n"
        "  --to HOST:PORT    the server behind; each connection of a device makes one to it\n"
        "  --to-tls          speak TLS to it too (1.2 or 1.3), and verify its certificate\n"
        "  --to-root FILE    trust anchors for that, PEM; default: the system's\n"
        "  --to-name NAME    the name that its certificate must have; default: the host of --to\n"
        "  --host NAME       the name in the certificate shown to devices; default: localhost\n"
        "  --names LIST      more names or addresses for it, separated by commas\n"
        "  --listen ADDRESS  IP address to listen on; default: 127.0.0.1; 0.0.0.0 for boards\n"
        "  --port N          default: 8883; 0 takes a free one\n"
        "  --chain NAME      the chain to present; default: azure/digicert-g2 (`hubrig certs\n"
        "                    list` names them)\n"
        "  --fault \"WORDS\"   arm a fault of the network, at tcp.accept or at a tls site, as in scenarios:\n"
        "                    \"drop rst at tls.certificate times 3\", \"latency 300ms\"; may be repeated\n"
        "                    (`hubrig words faults`)\n"
        "  --files FOLDER    where root.pem, client-hello.txt and the control socket go; default:\n"
        "                    hub-files\n"
        "  --control PATH    the socket for `hubrig ctl` (fault, faults, clear, chain, clock, drop,\n"
        "                    connections, watch); default: control.sock in the folder\n"
        HOSTING_CAPTURE_HELP
        "  --seed N          of what faults leave to chance; the ready line tells the one in use\n"
        HOSTING_TLS_HELP
        "  --json            events as JSON lines (after the ready line)\n"
        "\n"
        "A device's client certificate is not passed on; nor is one shown to the server.\n"
        "A device that says close_notify gets what the server still sends, for up to 60 s. A server\n"
        "that closes ends the device's connection. Who does not read is not sent more than some\n"
        "hundred KB: the other side is not read meanwhile.\n"
        "\n"
        "Exit codes: 0 stopped by Ctrl-C or SIGTERM, 2 usage, 3 it could not run (port in use, ...)\n",
};
