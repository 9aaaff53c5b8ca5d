// SPDX-License-Identifier: MIT
// `hubrig observe`.
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"
#include "harness/bench/bench.h"
#include "harness/cli/cli.h"
#include "harness/cli/observe_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPORT_BYTES_MOST = 1 << 20, BENCH_BYTES_MOST = 1 << 20, SERVE_WORDS_MOST = 40, OWN_OPTIONS = 10 };

// Options that `serve` takes as well: of a device on a port.
static const char *const serve_options[] = {"--host",   "--listen",   "--port",  "--https-port",
                                            "--device", "--files",    "--names", "--hub",
                                            "--dps",    "--dps-port", "--sntp",  "--dns"};

struct options {
    const char *passive, *most, *watch, *json, *bench, *name, *evidence, *chain, *x509, *tls_engine;
    const char *serve[HR_COUNT_OF(serve_options)];
    char *argv[SERVE_WORDS_MOST + 1];
};

static int read_duration(const char *option, const char *text, const char *standard, uint64_t *out)
{
    int64_t us = 0;
    if (duration_parse(span_text(text ? text : standard), &us) < 0 || us <= 0) {
        FAIL(ERR_USAGE, "%s takes a duration such as 30s or 5m, seen '%s'", option, text);
    }
    *out = (uint64_t)us;
    return 0;
}

static void add_word(struct observe_wish *w, const char *word)
{
    w->serve_argv[w->serve_argc++] = (char *)(uintptr_t)word; // read only
}

static int read_serve(struct options *o, struct observe_wish *w)
{
    w->serve_argv = o->argv;
    add_word(w, "serve");
    add_word(w, "--json");
    for (size_t i = 0; i < HR_COUNT_OF(serve_options); i++) {
        if (o->serve[i] && w->word_count) {
            FAIL(ERR_USAGE, "%s is for a device on a port; a program has a network of its own",
                 serve_options[i]);
        }
        if (o->serve[i]) {
            add_word(w, serve_options[i]);
            add_word(w, o->serve[i]);
        }
    }
    if (o->chain) {
        add_word(w, "--chain");
        add_word(w, o->chain);
    }
    if (o->tls_engine) {
        add_word(w, "--tls-engine");
        add_word(w, o->tls_engine);
    }
    if (o->x509) {
        add_word(w, "--x509");
    }
    return 0;
}

static int read_options(struct options *o, struct observe_wish *w)
{
    w->chain = o->chain;
    w->tls_engine = o->tls_engine;
    w->is_x509 = o->x509 != NULL;
    w->is_passive = o->passive != NULL;
    w->evidence = o->evidence ? o->evidence : "evidence/observe";
    TRY(read_duration("--for", o->most, w->word_count ? "30s" : "5m", &w->most_us));
    TRY(read_duration("--watch", o->watch, "10s", &w->watch_us));
    if (o->evidence && !w->word_count) {
        FAIL(ERR_USAGE, "--evidence is for a program; a device on a port leaves --files");
    }
    if (o->most && w->word_count && !w->is_passive) {
        FAIL(ERR_USAGE, "--for is for --passive or a device on a port; a program is ended when all "
                        "is seen");
    }
    return read_serve(o, w);
}

// The file grows by one block, and must be sound with it.
static int write_bench(const char *path, const char *name, struct span block)
{
    struct bench bench;
    struct diag_list diags HR_CLEANUP(diag_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    diag_init(&diags);
    buf_init(&text, BENCH_BYTES_MOST);
    TRY(fs_exists(path) ? fs_read_file(path, &text) : 0);
    TRY(text.len ? buf_append_u8(&text, '\n') : 0);
    TRY(buf_append(&text, block));
    int code = bench_parse(path, buf_span(&text), &bench, &diags);
    bench_deinit(&bench);
    if (code < 0) {
        FAIL(code, "%s would not be sound with '%s' in it, and stays as it is: %s", path, name,
             diags.count ? diags.items[0].message : error_text(code));
    }
    return fs_write_file(path, buf_span(&text), 0644);
}

// An entry is used from other folders as well: what names a file does so from everywhere.
static const char *place_of(const char *word, char out[PATH_MAX])
{
    bool is_path = word[0] != '/' && strchr(word, '/') != NULL;
    return is_path && realpath(word, out) ? out : word;
}

static int report(const struct options *o, const struct observe_wish *w, const struct profile *p)
{
    struct buf text HR_CLEANUP(buf_deinit);
    struct buf block HR_CLEANUP(buf_deinit);
    static char places[BENCH_WORDS_MOST][PATH_MAX];
    const char *words[BENCH_WORDS_MOST];
    for (size_t i = 0; i < w->word_count; i++) {
        words[i] = place_of(w->words[i], places[i]);
    }
    struct profile_bench how = {.name = o->name,
                                .words = w->word_count ? words : NULL,
                                .word_count = w->word_count,
                                .address = p->sni[0] ? p->sni : "127.0.0.1"};
    for (size_t i = 0; i < HR_COUNT_OF(serve_options); i++) {
        bool is_listen = strcmp(serve_options[i], "--listen") == 0;
        if (is_listen && o->serve[i] && strcmp(o->serve[i], "0.0.0.0") != 0) {
            how.address = o->serve[i];
        }
    }
    how.name = how.name ? how.name : w->word_count ? "my-program" : "my-device";
    buf_init(&text, REPORT_BYTES_MOST);
    buf_init(&block, REPORT_BYTES_MOST);
    TRY(o->json ? profile_print_json(p, &text) : profile_print_text(p, &text));
    TRY(profile_print_bench(p, &how, &block));
    fputs(buf_text(&text), stdout);
    if (!o->json) {
        printf("\nan entry for a .bench file\n\n%s", buf_text(&block));
    }
    return o->bench ? write_bench(o->bench, how.name, buf_span(&block)) : 0;
}

static int observe(struct options *o, struct observe_wish *w)
{
    struct profile p;
    profile_init(&p);
    int code = read_options(o, w);
    code = code ? code : w->word_count ? observe_program(w, &p) : observe_port(w, &p);
    code = code ? code : report(o, w, &p);
    int exit_code = p.sessions ? EXIT_PASS : EXIT_FAIL;
    if (code < 0) {
        exit_code = cli_fail("observe", code);
    } else if (!p.sessions) {
        fputs("hubrig observe: the device never got a session\n", stderr);
    }
    profile_deinit(&p);
    return exit_code;
}

static int observe_command(int argc, char **argv)
{
    struct options o = {0};
    const char *words[BENCH_WORDS_MOST];
    struct observe_wish w = {.words = words};
    struct option_spec specs[OWN_OPTIONS + HR_COUNT_OF(serve_options)] = {
        {"--passive", NULL, &o.passive},
        {"--for", "DURATION", &o.most},
        {"--watch", "DURATION", &o.watch},
        {"--json", NULL, &o.json},
        {"--bench", "FILE", &o.bench},
        {"--name", "NAME", &o.name},
        {"--evidence", "FOLDER", &o.evidence},
        {"--chain", "NAME", &o.chain},
        {"--x509", NULL, &o.x509},
        {"--tls-engine", "NAME", &o.tls_engine},
    };
    o.tls_engine = getenv("HUBRIG_TLS_ENGINE");
    for (size_t i = 0; i < HR_COUNT_OF(serve_options); i++) {
        specs[OWN_OPTIONS + i] = (struct option_spec){serve_options[i], "VALUE", &o.serve[i]};
    }
    int code = cli_options(&command_observe, argc, argv, specs, HR_COUNT_OF(specs), true, words,
                           BENCH_WORDS_MOST, &w.word_count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    return observe(&o, &w);
}

const struct command command_observe = {
    .name = "observe",
    .summary = "watch an unknown device and write its profile",
    .run = observe_command,
    .help =
        "usage: hubrig observe [options] -- PROGRAM [ARGUMENT...]\n"
        "       hubrig observe [options]\n"
        "\n"
        "The first form starts the program in a private network, as hubrig try does (see there "
        "for\n"
        "its environment and placeholders); the second waits for a device on a port, as hubrig\n"
        "serve does, and prints what to put into the device. Then the hub lets it work, drops its\n"
        "connection twice, refuses it four times, and lets it in again. What the device did is "
        "its\n"
        "profile: TLS offer, credentials, SDK, keep-alive, topics, telemetry, back-off by cause;\n"
        "with the suites that fit and an entry for a .bench file.\n"
        "\n"
        "  --passive           disturb nothing; watch until --for has passed\n"
        "  --watch DURATION    how long it may work before the first disturbance; default: 10s\n"
        "  --for DURATION      a device on a port: the longest, default 5m, or Ctrl-C;\n"
        "                      a program with --passive: default 30s\n"
        "  --json              the profile as one object\n"
        "  --bench FILE        add the entry to this file\n"
        "  --name NAME         of the entry; default: my-program or my-device\n"
        "  --chain NAME        what the hub presents\n"
        "  --tls-engine NAME   mbedtls or openssl; default: what HUBRIG_TLS_ENGINE says, else by the TLS versions\n"
        "  --x509              register the device with a certificate\n"
        "  --evidence FOLDER   of a program; default: evidence/observe\n"
        "\n"
        "For a device on a port, as in hubrig serve --help: --host --listen --port --https-port\n"
        "--device --files --names --hub --dps --dps-port --sntp --dns\n"
        "\n"
        "Exit codes: 0 a profile of a device that connected, 1 it never got a session, 2 usage,\n"
        "      3 the rig failed\n",
};
