// SPDX-License-Identifier: MIT
// `hubrig certs list` and `certs make`.
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "certs/key_pool.h"
#include "certs/summary.h"
#include "harness/cli/certs_parts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { LIST_BYTES_MOST = 1 << 22 };

// list -------------------------------------------------------------------------------------------

static int add_json(const struct recipe_summary *s, bool is_first, struct buf *out)
{
    TRY(buf_append_text(out, is_first ? "\n {\"name\":\"" : ",\n {\"name\":\""));
    TRY(json_escape(span_text(s->name), out));
    TRY(buf_append_text(out, "\",\"about\":\""));
    TRY(json_escape(span_text(s->about), out));
    TRY(buf_printf(out, "\",\"verdict\":\"%s\",\"alerts\":[",
                   chain_verdict_word(s->facts.verdict)));
    for (size_t i = 0; i < s->facts.alert_count; i++) {
        const char *word = chain_alert_word(s->facts.alerts[i]);
        TRY(buf_printf(out, "%s\"%s\"", i ? "," : "", word ? word : "?"));
    }
    return buf_printf(out, "],\"sent\":%zu,\"trusted\":%zu}", s->sent_count, s->trusted_count);
}

static int add_text(const struct recipe_summary *s, int width, struct buf *out)
{
    const char *verdict = chain_verdict_word(s->facts.verdict);
    return buf_printf(out, "%-*s  %-6s  %s\n", width, s->name, verdict[0] ? verdict : "-",
                      s->about);
}

static int widest(char **names, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        width = strlen(names[i]) > width ? strlen(names[i]) : width;
    }
    return (int)width;
}

// A recipe with mistakes is named on stderr and left out. 1 when there was one.
static int add_all(struct workshop *w, char **names, size_t count, bool is_json, struct buf *out)
{
    int found_bad = 0;
    bool is_first = true;
    int width = widest(names, count);
    TRY(is_json ? buf_append_u8(out, '[') : 0);
    for (size_t i = 0; i < count; i++) {
        struct recipe_summary s;
        int code = recipe_summary_read(w, names[i], &s);
        if (code == ERR_SYNTAX) {
            cli_fail("certs list", code);
            found_bad = 1;
            continue;
        }
        TRY(code);
        TRY(is_json ? add_json(&s, is_first, out) : add_text(&s, width, out));
        is_first = false;
    }
    TRY(is_json ? buf_append_text(out, "\n]\n") : 0);
    return found_bad;
}

static int list_recipes(bool is_json)
{
    struct workshop *w = NULL;
    char **names = NULL;
    size_t count = 0;
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, LIST_BYTES_MOST);
    TRY(workshop_open(&(struct workshop_settings){0}, &w));
    int code = workshop_names(w, &names, &count);
    if (code == 0) {
        code = add_all(w, names, count, is_json, &out);
        workshop_names_free(names, count);
    }
    workshop_close(w);
    TRY(code);
    TRY(certs_put(NULL, buf_span(&out), 0));
    return code;
}

static int list_run(int argc, char **argv)
{
    const char *is_json = NULL;
    size_t words = 0;
    const struct option_spec specs[] = {{"--json", NULL, &is_json}};
    int code = cli_options(&command_certs_list, argc, argv, specs, 1, false, NULL, 0, &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    code = list_recipes(is_json != NULL);
    return code < 0 ? cli_fail("certs list", code) : code ? EXIT_FAIL : EXIT_PASS;
}

const struct command command_certs_list = {
    .name = "certs list",
    .summary = "every recipe, with what it is about",
    .run = list_run,
    .help = "usage: hubrig certs list [--json]\n"
            "\n"
            "Lists the recipes that `certs make`, scenarios and `hubrig serve --chain` take: name, "
            "what a\n"
            "client that is in order does with the chain (accept, reject, free; - when the recipe "
            "does\n"
            "not say), and what it is about.\n"
            "\n"
            "  --json   an array of {name, about, verdict, alerts, sent, trusted}\n"
            "\n"
            "exit: 0 listed, 1 a recipe has mistakes, 2 usage, 3 the recipes cannot be read\n",
};

// make -------------------------------------------------------------------------------------------

struct making {
    const char *all, *out, *host, *at;
    const char *more_names[OPTION_LIST_MOST + 1];
    struct chain_request request;
    struct workshop *w;
};

// Of many chains only the names are told.
static int put(const struct making *m, const char *folder, const char *name,
               const struct buf *content, mode_t mode)
{
    char path[PATH_MAX];
    if (!m->all) {
        return certs_put_in(folder, name, buf_span(content), mode);
    }
    TRY(fs_make_folder(folder, 0755));
    TRY(fs_join(path, sizeof path, folder, name));
    return fs_write_file(path, buf_span(content), mode);
}

static int make_one(struct making *m, const char *name, const char *folder)
{
    struct chain chain;
    TRY(chain_make(m->w, name, &m->request, &chain));
    int code = put(m, folder, "chain.pem", &chain.sent_pem, 0644);
    code = code ? code : put(m, folder, "root.pem", &chain.root_pem, 0644);
    code = code ? code : put(m, folder, "key.pem", &chain.key_pem, 0600);
    chain_deinit(&chain);
    return code;
}

// One that cannot be made does not hold up the others.
static int make_each(struct making *m, char **names, size_t count)
{
    char folder[PATH_MAX];
    int worst = 0;
    for (size_t i = 0; i < count; i++) {
        TRY(fs_join(folder, sizeof folder, m->out, names[i]));
        int code = make_one(m, names[i], folder);
        if (code < 0) {
            fprintf(stderr, "hubrig certs make: %s: %s\n", names[i], error_text(code));
            worst = worst ? worst : code;
        } else {
            printf("made %s\n", folder);
        }
    }
    return worst;
}

static int make_all(struct making *m)
{
    char **names = NULL;
    size_t count = 0;
    struct key_pool_count keys = {0};
    struct env env = env_system();
    TRY(workshop_names(m->w, &names, &count));
    uint64_t start_us = env.mono_us(env.world);
    fprintf(stderr, "making the keys that are missing ...\n");
    int code = key_pool_fill(m->w, (const char *const *)names, count, &keys);
    uint64_t keys_us = env.mono_us(env.world) - start_us;
    code = code ? code : make_each(m, names, count);
    uint64_t all_us = env.mono_us(env.world) - start_us;
    workshop_names_free(names, count);
    printf("%zu chains in %.1f s; of %zu keys %zu were new, which took %.1f s\n", count,
           (double)all_us / 1e6, keys.keys, keys.made, (double)keys_us / 1e6);
    return code;
}

static int make(struct making *m, const char *name)
{
    size_t count = 0;
    while (m->more_names[count]) {
        count++;
    }
    m->request = (struct chain_request){
        .hub_host = m->host, .more_names = m->more_names, .more_name_count = count};
    TRY(certs_clock(m->at, &m->request.utc_s));
    TRY(workshop_open(&(struct workshop_settings){0}, &m->w));
    int code = name ? make_one(m, name, m->out) : make_all(m);
    workshop_close(m->w);
    return code;
}

static int make_run(int argc, char **argv)
{
    struct making m = {.out = "chain-files", .host = CERTS_HOST};
    const char *name[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--all", NULL, &m.all}, {"--out", "FOLDER", &m.out},         {"--host", "HOST", &m.host},
        {"--at", "DATE", &m.at}, {"--name", "NAME...", m.more_names},
    };
    int code = cli_options(&command_certs_make, argc, argv, specs, HR_COUNT_OF(specs), false, name,
                           1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if ((m.all != NULL) == (count == 1)) {
        return certs_refuse(&command_certs_make, "give the NAME of a recipe, or --all");
    }
    code = make(&m, count ? name[0] : NULL);
    return code < 0 ? cli_fail("certs make", code) : EXIT_PASS;
}

const struct command command_certs_make = {
    .name = "certs make",
    .summary = "a recipe's chain as files: chain.pem, root.pem, key.pem",
    .run = make_run,
    .help =
        "usage: hubrig certs make NAME [options]\n"
        "       hubrig certs make --all [options]\n"
        "\n"
        "Makes the chain of recipe NAME (`hubrig certs list`, a file that ends in .chain, or\n"
        "timeline/2019-06-01 for what hubs showed then):\n"
        "  chain.pem  what the server sends, leaf first\n"
        "  root.pem   what the device must trust\n"
        "  key.pem    the leaf's private key, PKCS#8, mode 0600\n"
        "Keys are made once, on all processors, and kept; after that it is signing alone.\n"
        "\n"
        "  --all         every recipe, each into a folder of its name; prints how long it took\n"
        "  --out FOLDER  default: chain-files\n"
        "  --host HOST   the hub's name, for the leaf; default: " CERTS_HOST "\n"
        "  --name NAME   one more DNS name or IP address for the leaf; may be repeated\n"
        "  --at DATE     the hub clock, 2026-11-20 or 2026-11-20T08:00:00Z; default: now\n"
        "\n"
        "exit: 0 made, 2 usage, an unknown name or a recipe with mistakes, 3 files or keys\n",
};
