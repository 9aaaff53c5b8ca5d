// SPDX-License-Identifier: MIT
#include "harness/runner/board_check.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/runner/board_proof.h"
#include "harness/runner/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE_ID "bench-check"
#define HUB_HOST  "myhub.azure-devices.net"

static const char *const words[] = {
#define X(name, word, meaning) [name] = word,
    BOARD_PART_TABLE(X)
#undef X
};
static const char *const meanings[] = {
#define X(name, word, meaning) [name] = meaning,
    BOARD_PART_TABLE(X)
#undef X
};

const char *board_part_word(enum board_part part)
{
    return words[part];
}

const char *board_part_meaning(enum board_part part)
{
    return meanings[part];
}

const char *proof_word(enum proof proof)
{
    static const char *const proofs[] = {"not-reached", "good", "broken", "left-out"};
    return proofs[proof];
}

bool board_check_is_broken(const struct board_check *check)
{
    for (size_t i = 0; i < BOARD_PART_COUNT; i++) {
        if (check->parts[i].proof == PROOF_BROKEN) {
            return true;
        }
    }
    return false;
}

// ---- the rig around the board

static void on_event(void *context, const struct event *e)
{
    static const enum event_type signs[] = {EVENT_TCP_ACCEPTED, EVENT_TLS_ALERT, EVENT_TLS_FAILED,
                                            EVENT_TLS_ESTABLISHED, EVENT_MQTT_CONNECT,
                                            EVENT_MQTT_REFUSED, EVENT_MQTT_ERROR};
    struct board_rig *r = context;
    r->is_connected |= e->type == EVENT_MQTT_CONNECTED;
    for (size_t i = 0; i < HR_COUNT_OF(signs); i++) {
        if (e->type == signs[i]) {
            char value[120];
            snprintf(r->sign, sizeof r->sign, "the last that the hub saw: %s %s", event_word(e->type),
                     event_value(e, e->type == EVENT_TLS_ALERT ? "name" : "why", value, sizeof value));
        }
    }
}

static int enter_network(struct board_rig *r)
{
    static const char *const names[] = {HUB_HOST};
    r->address = r->board->hub_address;
    r->host = r->board->hub_name[0] ? r->board->hub_name : r->board->hub_address;
    if (r->board->hub_address[0]) {
        return 0;
    }
    const struct sandbox_settings s = {.address = SANDBOX_ADDRESS,
                                       .names = names,
                                       .name_count = 1,
                                       .folder = r->evidence.rig_folder};
    r->address = SANDBOX_ADDRESS;
    r->host = HUB_HOST;
    return sandbox_enter(&s);
}

static int open_hub(struct board_rig *r, int *port)
{
    struct rig_settings settings = {.loop = &r->loop, .env = &r->env};
    hub_settings_init(&settings.hub, r->host);
    settings.more_names[settings.more_name_count++] = r->address;
    TRY(rig_open(&r->rig, &settings));
    r->has_rig = true;
    TRY(journal_listen(r->rig.journal, on_event, r));
    TRY(rig_use_chain(&r->rig, "azure/digicert-g2"));
    TRY(server_listen(r->rig.server, r->address, (int)r->board->hub_port, port));
    return rig_add_device(&r->rig, DEVICE_ID, false, *port, &r->identity);
}

static int give_credentials(struct board_rig *r, int port)
{
    const struct chain *chain = &r->rig.chain;
    TRY(evidence_put(&r->evidence, "root.pem", buf_span(&chain->root_pem), 0644));
    TRY(evidence_put(&r->evidence, "device.crt", buf_span(&r->identity.credential.cert_pem), 0644));
    TRY(evidence_put(&r->evidence, "device.key", buf_span(&r->identity.credential.key_pem), 0600));
    const struct surroundings_settings around = {
        .device = r->settings->device,
        .bench_folder = r->settings->bench_folder,
        .evidence = r->evidence.folder,
        .rig_folder = r->evidence.rig_folder,
        .host = r->host,
        .address = r->address,
        .root_text = buf_span(&chain->root_pem),
        .cert_text = buf_span(&r->identity.credential.cert_pem),
        .key_text = buf_span(&r->identity.credential.key_pem),
        .port = port,
        .id = DEVICE_ID,
        .connection_string = buf_text(&r->identity.connection_string),
        .module = "",
        .secondary_string = "",
        .dps_host = "",
        .dps_id_scope = "",
        .dps_key = "",
    };
    return surroundings_make(&around, &r->around);
}

static int set_up(struct board_rig *r, const char *folder)
{
    int port = 0;
    TRY(evidence_open(&r->evidence, folder));
    TRY(enter_network(r));
    ENSURE(uv_loop_init(&r->loop) == 0, ERR_IO);
    uv_timer_init(&r->loop, &r->timer);
    r->timer.data = r;
    r->has_loop = true;
    TRY(open_hub(r, &port));
    TRY(give_credentials(r, port));
    const struct device_settings dut = {
        .loop = &r->loop,
        .env = &r->env,
        .journal = r->rig.journal,
        .bench = r->settings->device,
        .bench_file = r->settings->device->file,
        .around = &r->around,
        .evidence = r->evidence.folder,
    };
    return device_new(&dut, &r->dut);
}

static void tear_down(struct board_rig *r)
{
    if (r->dut) {
        device_stop(r->dut, 0);
        device_free(r->dut);
    }
    if (r->has_rig) {
        rig_device_deinit(&r->identity);
        rig_close(&r->rig);
    }
    if (r->has_loop) {
        uv_close((uv_handle_t *)&r->timer, NULL);
        uv_run(&r->loop, UV_RUN_DEFAULT);
        uv_loop_close(&r->loop);
    }
    surroundings_deinit(&r->around);
    evidence_close(&r->evidence);
}

static void check(const struct board_check_settings *settings, const char *folder,
                  struct board_check *out)
{
    struct board_rig r = {.settings = settings,
                          .board = settings->device->board,
                          .out = out,
                          .env = env_system()};
    int code = set_up(&r, folder);
    if (code == 0) {
        board_proof_run(&r);
    } else {
        out->code = code;
        snprintf(out->sentence, sizeof out->sentence, "%s", error_text(code));
    }
    tear_down(&r);
}

// ---- the child process

static void remove_folder(const char *folder)
{
    static const char *const files[] = {"root.pem",   "device.crt", "device.key", "device.log",
                                        "serial.raw", "serial.idx", "journal.jsonl", "rig/hosts",
                                        "rig/resolv.conf", "rig", ""};
    char path[PATH_MAX];
    for (size_t i = 0; i < HR_COUNT_OF(files); i++) {
        if (fs_join(path, sizeof path, folder, files[i]) == 0) {
            (void)(unlink(path) != 0 && rmdir(path) != 0);
        }
    }
}

static void be_child(const struct board_check_settings *settings, const char *folder, int fd)
{
    struct board_check result = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    check(settings, folder, &result);
    const char *at = (const char *)&result;
    size_t left = sizeof result;
    while (left > 0) {
        ssize_t n = write(fd, at, left);
        if (n <= 0) {
            _exit(EXIT_FAILURE);
        }
        at += n;
        left -= (size_t)n;
    }
    _exit(EXIT_SUCCESS);
}

static int read_result(int fd, struct board_check *out)
{
    char *at = (char *)out;
    size_t left = sizeof *out;
    while (left > 0) {
        ssize_t n = read(fd, at, left);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            FAIL(ERR_INTERNAL, "the check ended before it told its result");
        }
        at += n;
        left -= (size_t)n;
    }
    return 0;
}

int board_check_run(const struct board_check_settings *settings, struct board_check *out)
{
    char folder[] = "/tmp/hubrig-check-XXXXXX";
    int fds[2];
    *out = (struct board_check){0};
    if (!mkdtemp(folder) || pipe2(fds, O_CLOEXEC) != 0) {
        FAIL(ERR_IO, "cannot begin a check below /tmp: %s", strerror(errno));
    }
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        be_child(settings, folder, fds[1]);
    }
    close(fds[1]);
    int code = child < 0 ? error_set(ERR_IO, "cannot fork: %s", strerror(errno)) : read_result(fds[0], out);
    close(fds[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    remove_folder(folder);
    return code;
}
