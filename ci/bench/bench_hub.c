// SPDX-License-Identifier: MIT
// A hub for bench_mqtt: as `hubrig serve`, with the devices bench-0, bench-1 ... of one key, and
// every event written as a line of JSON, as a scenario's evidence is. It leaves chain.pem, key.pem
// and root.pem in its folder, so that Mosquitto can present the same chain.
//
//     bench_hub FOLDER HOST KEY_BASE64 DEVICES [mbedtls|openssl [off|honoured [FAULT]]]
#include "base/error.h"
#include "base/fs.h"
#include "simulator/rig/rig.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { WORDS_MOST = 16 };

struct bench {
    uv_loop_t loop;
    uv_signal_t stop;
    struct env env;
    struct rig rig;
    FILE *journal;
    struct buf line;
};

static void on_event(void *context, const struct event *e)
{
    struct bench *b = context;
    buf_clear(&b->line);
    if (event_to_json(e, &b->line) < 0 || buf_append_u8(&b->line, '\n') < 0 ||
        fwrite(b->line.data, 1, b->line.len, b->journal) != b->line.len) {
        fprintf(stderr, "bench_hub: the journal cannot be written\n");
        exit(3);
    }
}

static void on_stop(uv_signal_t *signal, int number)
{
    (void)number;
    uv_stop(signal->loop);
}

static int put_file(const char *folder, const char *name, const struct buf *content, mode_t mode)
{
    char path[PATH_MAX];
    TRY(fs_join(path, sizeof path, folder, name));
    return fs_write_file(path, buf_span(content), mode);
}

static int add_devices(struct bench *b, const char *key, int count)
{
    for (int i = 0; i < count; i++) {
        struct identity identity = {.auth = HUB_AUTH_SAS};
        snprintf(identity.name, sizeof identity.name, "bench-%d", i);
        snprintf(identity.primary_key, sizeof identity.primary_key, "%s", key);
        TRY(hub_add_identity(b->rig.hub, &identity));
    }
    return 0;
}

// argv[5] and argv[6] may be NULL.
static int read_policy(char **argv, struct tls_policy *out)
{
    if (!argv[5]) {
        return 0;
    }
    TRY(tls_policy_set(out, POLICY_TLS_ENGINE, span_text(argv[5])));
    if (out->engine == TLS_ENGINE_OPENSSL) {
        TRY(tls_policy_set(out, POLICY_TLS_VERSIONS, SPAN_LITERAL("1.2..1.3")));
    }
    return argv[6] ? tls_policy_set(out, POLICY_TLS_TICKETS, span_text(argv[6])) : 0;
}

// `text` may be NULL: "delay 50ms at mqtt.puback times always device bench-1".
static int arm(struct fault_plan *faults, const char *text)
{
    struct span words[WORDS_MOST];
    struct span rest = span_text(text);
    struct fault fault;
    size_t count = 0;
    size_t bad = 0;
    while (rest.len && count < WORDS_MOST) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    if (count == 0) {
        return 0;
    }
    TRY(fault_parse(words, count, &fault, &bad));
    return faults_add(faults, &fault);
}

static int open_bench(struct bench *b, char **argv, int *port)
{
    char path[PATH_MAX];
    struct rig_settings settings = {.loop = &b->loop, .env = &b->env};
    hub_settings_init(&settings.hub, argv[2]);
    settings.more_names[settings.more_name_count++] = "127.0.0.1";
    TRY(read_policy(argv, &settings.tls));
    TRY(fs_make_folder(argv[1], 0700));
    TRY(fs_join(path, sizeof path, argv[1], "events.jsonl"));
    b->journal = fopen(path, "w");
    ENSURE(b->journal != NULL, ERR_IO);
    TRY(rig_open(&b->rig, &settings));
    TRY(journal_listen(b->rig.journal, on_event, b));
    TRY(rig_use_chain(&b->rig, "azure/digicert-g2"));
    TRY(put_file(argv[1], "chain.pem", &b->rig.chain.sent_pem, 0644));
    TRY(put_file(argv[1], "root.pem", &b->rig.chain.root_pem, 0644));
    TRY(put_file(argv[1], "key.pem", &b->rig.chain.key_pem, 0600));
    TRY(add_devices(b, argv[3], atoi(argv[4])));
    TRY(arm(b->rig.faults, argv[5] && argv[6] ? argv[7] : NULL));
    return server_listen(b->rig.server, "127.0.0.1", 0, port);
}

int main(int argc, char **argv)
{
    static struct bench b;
    int port = 0;
    if (argc < 5 || argc > 8) {
        fprintf(stderr, "usage: %s FOLDER HOST KEY DEVICES [ENGINE [TICKETS [FAULT]]]\n", argv[0]);
        return 2;
    }
    b.env = env_system();
    fs_allow_many_files();
    signal(SIGPIPE, SIG_IGN); // devices hang up at any time
    buf_init(&b.line, 1U << 20);
    uv_loop_init(&b.loop);
    uv_signal_init(&b.loop, &b.stop);
    int code = open_bench(&b, argv, &port);
    if (code < 0) {
        fprintf(stderr, "bench_hub: %s\n", error_text(code));
        return 3;
    }
    uv_signal_start(&b.stop, on_stop, SIGTERM);
    printf("ready port=%d\n", port);
    fflush(stdout);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&b.stop, NULL);
    rig_close(&b.rig);
    uv_run(&b.loop, UV_RUN_DEFAULT);
    uv_loop_close(&b.loop);
    fclose(b.journal);
    buf_deinit(&b.line);
    return 0;
}
