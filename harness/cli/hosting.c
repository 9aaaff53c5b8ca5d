// SPDX-License-Identifier: MIT
#include "harness/cli/hosting.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/device/dumpcap.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_stop(uv_signal_t *signal, int number)
{
    (void)number;
    hosting_stop(signal->data);
}

int hosting_open(struct hosting *hosting)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    signal(SIGPIPE, SIG_IGN);
    fs_allow_many_files();
    ENSURE(uv_loop_init(&hosting->loop) == 0, ERR_IO);
    for (size_t i = 0; i < HR_COUNT_OF(numbers); i++) {
        uv_signal_init(&hosting->loop, &hosting->stops[i]);
        hosting->stops[i].data = hosting;
        uv_signal_start(&hosting->stops[i], on_stop, numbers[i]);
    }
    return 0;
}

void hosting_stop(struct hosting *hosting)
{
    hosting->has_stopped = true;
    uv_stop(&hosting->loop);
}

void hosting_run(struct hosting *hosting)
{
    while (!hosting->has_stopped) {
        uv_run(&hosting->loop, UV_RUN_DEFAULT);
    }
}

void hosting_close(struct hosting *hosting)
{
    for (size_t i = 0; i < HR_COUNT_OF(hosting->stops); i++) {
        uv_close((uv_handle_t *)&hosting->stops[i], NULL);
    }
    uv_run(&hosting->loop, UV_RUN_DEFAULT);
    uv_loop_close(&hosting->loop);
}

static void print_event(void *context, const struct event *e)
{
    const struct hosting_desk *desk = context;
    struct buf line HR_CLEANUP(buf_deinit);
    buf_init(&line, 64 * 1024);
    if (desk->json) {
        if (event_to_json(e, &line) == 0) {
            puts(buf_text(&line));
        }
    } else if (event_to_text(e, &line) == 0) {
        printf("%10.3f  #%-3" PRIu32 " %s%s%s\n", (double)e->at_us / 1e6, e->connection, e->device,
               e->device[0] ? "  " : "", buf_text(&line));
    }
    fflush(stdout);
}

int hosting_open_desk(struct hosting *hosting, const struct control_settings *settings,
                      struct hosting_desk *desk)
{
    if (desk->control_path) {
        ENSURE(span_copy_text(span_text(desk->control_path), desk->socket_path,
                              sizeof desk->socket_path),
               ERR_TOO_BIG);
    } else {
        TRY(fs_join(desk->socket_path, sizeof desk->socket_path, settings->files, "control.sock"));
    }
    struct journal *journal = settings->rig->journal;
    TRY(control_new(settings, &desk->control));
    const struct control_socket_settings socket = {&hosting->loop, desk->control, journal,
                                                   desk->socket_path};
    TRY(control_socket_open(&socket, &desk->control_socket));
    TRY(offer_report_open(&desk->offers, settings->files));
    TRY(journal_listen(journal, offer_report_event, &desk->offers));
    return journal_listen(journal, print_event, desk);
}

void hosting_close_desk(struct hosting_desk *desk)
{
    control_socket_close(desk->control_socket);
    control_free(desk->control);
}

int hosting_read_port(const char *text, const char *option, int *port)
{
    uint64_t value = 0;
    if (span_parse_u64(span_text(text), &value) < 0 || value > 65535) {
        FAIL(ERR_USAGE, "%s takes a number from 0 to 65535, seen '%s'", option, text);
    }
    *port = (int)value;
    return 0;
}

int hosting_read_seed(const char *text, uint64_t *seed)
{
    *seed = 0;
    if (text && (span_parse_u64(span_text(text), seed) < 0 || *seed == 0)) {
        FAIL(ERR_USAGE, "--seed takes a number from 1 on, seen '%s'", text);
    }
    return 0;
}

int hosting_read_names(const char *list, char text[RIG_NAMES_MOST][HOSTING_NAME_BYTES],
                       struct rig_settings *out)
{
    struct span rest = span_text(list ? list : "");
    size_t count = 0;
    while (rest.len > 0) {
        struct span name = span_trim(span_cut(rest, ',', &rest));
        if (name.len == 0) {
            continue;
        }
        if (count + 2 > RIG_NAMES_MOST) {
            FAIL(ERR_USAGE, "--names takes at most %d names", RIG_NAMES_MOST - 2);
        }
        span_copy_text(name, text[count], HOSTING_NAME_BYTES);
        out->more_names[out->more_name_count++] = text[count++];
    }
    out->more_names[out->more_name_count++] = "localhost";
    out->more_names[out->more_name_count++] = "127.0.0.1";
    return 0;
}

static bool is_interface(const struct hosting_capture *capture)
{
    return capture->file && strcmp(capture->file, "interface") == 0;
}

static int join_beside(struct hosting_capture *capture)
{
    const char *slash = strrchr(capture->path, '/');
    int folder_bytes = slash ? (int)(slash + 1 - capture->path) : 0;
    int n = snprintf(capture->beside, sizeof capture->beside, "%.*skeys.log", folder_bytes, capture->path);
    ENSURE((size_t)n < sizeof capture->beside, ERR_TOO_BIG);
    return 0;
}

int hosting_read_capture(struct hosting_capture *capture, const char *files,
                         struct rig_settings *out)
{
    out->key_log = capture->key_log;
    if (!capture->file) {
        return 0;
    }
    if (is_interface(capture)) {
        TRY(fs_join(capture->path, sizeof capture->path, files, "interface.pcapng"));
    } else {
        ENSURE(span_copy_text(span_text(capture->file), capture->path, sizeof capture->path), ERR_TOO_BIG);
        out->capture = capture->path;
    }
    TRY(join_beside(capture));
    out->key_log = capture->key_log ? capture->key_log : capture->beside;
    return 0;
}

int hosting_start_capture(struct hosting_capture *capture, struct hosting *hosting,
                          const struct env *env, const char *listen, const int *ports,
                          size_t port_count)
{
    char filter[200] = "";
    size_t used = 0;
    const struct dumpcap_settings settings = {.loop = &hosting->loop,
                                              .env = env,
                                              .path = capture->path,
                                              .filter = filter,
                                              .address = listen};
    if (!is_interface(capture)) {
        return 0;
    }
    for (size_t i = 0; i < port_count; i++) {
        if (ports[i]) {
            used += (size_t)snprintf(filter + used, sizeof filter - used, "%sport %d",
                                     used ? " or " : "", ports[i]);
        }
    }
    return dumpcap_start(&settings, &capture->dumpcap);
}

int hosting_stop_capture(struct hosting_capture *capture)
{
    char failure[300];
    snprintf(failure, sizeof failure, "%s", dumpcap_failure(capture->dumpcap));
    dumpcap_stop(capture->dumpcap);
    if (failure[0]) {
        FAIL(ERR_IO, "%s", failure);
    }
    return 0;
}

int hosting_read_tls(const char *const words[POLICY_KEY_COUNT], struct tls_policy *policy)
{
    for (int i = 0; i < POLICY_KEY_COUNT; i++) {
        if (words[i]) {
            TRY(tls_policy_set(policy, (enum tls_policy_key)i, span_text(words[i])));
        }
    }
    TRY(tls_policy_prefer(policy, getenv("HUBRIG_TLS_ENGINE")));
    return tls_policy_check(policy);
}
