// SPDX-License-Identifier: MIT
// `hubrig certs show` and `certs graph`.
#include "base/error.h"
#include "certs/graph.h"
#include "certs/show.h"
#include "harness/cli/certs_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SHOW_BYTES_MOST = 1 << 26 };

static bool has_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no && no[0]);
}

// 1 when a certificate cannot be read.
static int show(struct certs_source *source, const char *at, bool is_json)
{
    struct cert_list list HR_CLEANUP(cert_list_deinit);
    struct buf out HR_CLEANUP(buf_deinit);
    cert_list_init(&list);
    buf_init(&out, SHOW_BYTES_MOST);
    TRY(certs_clock(at, &source->utc_s));
    TRY(certs_load(source, &list));
    struct show_settings settings = {.utc_s = source->utc_s, .has_colour = has_colour()};
    TRY(is_json ? show_json(&list, source->utc_s, &out) : show_print(&list, &settings, &out));
    TRY(certs_put(NULL, buf_span(&out), 0));
    int found_bad = 0;
    for (size_t i = 0; i < list.count; i++) {
        found_bad |= !list.items[i]->is_readable;
    }
    return found_bad;
}

static int show_run(int argc, char **argv)
{
    struct certs_source source = {.host = CERTS_HOST};
    const char *at = NULL, *is_json = NULL;
    const char *name[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--at", "DATE", &at}, {"--host", "HOST", &source.host}, {"--json", NULL, &is_json}};
    int code = cli_options(&command_certs_show, argc, argv, specs, HR_COUNT_OF(specs), false, name,
                           1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        return certs_refuse(&command_certs_show, "the NAME of a recipe or a file is missing");
    }
    source.name = name[0];
    code = show(&source, at, is_json != NULL);
    return code < 0 ? cli_fail("certs show", code) : code ? EXIT_FAIL : EXIT_PASS;
}

const struct command command_certs_show = {
    .name = "certs show",
    .summary = "a chain or any file of certificates, as a person reads it",
    .run = show_run,
    .help =
        "usage: hubrig certs show NAME|FILE [--at DATE] [--host HOST] [--json]\n"
        "\n"
        "Shows the chain of a recipe, or the certificates of a PEM or DER file: who signed whom\n"
        "(by checking the signatures), until when, keys and hashes, names, uses, thumbprints.\n"
        "\n"
        "  --at DATE    judge dates from here; a recipe is made for it too; default: now\n"
        "  --host HOST  the hub's name, for a recipe's leaf; default: " CERTS_HOST "\n"
        "  --json       one object {name, about, certificates}\n"
        "\n"
        "Colours only on a terminal, and never with NO_COLOR set: green, yellow with less than\n"
        "30 days left, red when past or not yet begun.\n"
        "\n"
        "exit: 0 shown, 1 a certificate cannot be read, 2 usage, an unknown name or no\n"
        "certificate in the file, 3 files or keys\n",
};

// graph ------------------------------------------------------------------------------------------

static int graph(struct certs_source *source, const char *at, const char *path)
{
    struct cert_list list HR_CLEANUP(cert_list_deinit);
    struct buf out HR_CLEANUP(buf_deinit);
    cert_list_init(&list);
    buf_init(&out, SHOW_BYTES_MOST);
    TRY(certs_clock(at, &source->utc_s));
    TRY(certs_load(source, &list));
    TRY(graph_write(&list, source->utc_s, &out));
    return certs_put(path, buf_span(&out), 0644);
}

static int graph_run(int argc, char **argv)
{
    struct certs_source source = {.host = CERTS_HOST};
    const char *at = NULL, *path = NULL;
    const char *name[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--at", "DATE", &at}, {"--host", "HOST", &source.host}, {"--out", "FILE", &path}};
    int code = cli_options(&command_certs_graph, argc, argv, specs, HR_COUNT_OF(specs), false, name,
                           1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        return certs_refuse(&command_certs_graph, "the NAME of a recipe or a file is missing");
    }
    source.name = name[0];
    code = graph(&source, at, path);
    return code < 0 ? cli_fail("certs graph", code) : EXIT_PASS;
}

const struct command command_certs_graph = {
    .name = "certs graph",
    .summary = "a picture of a chain, as SVG",
    .run = graph_run,
    .help =
        "usage: hubrig certs graph NAME|FILE [--out FILE.svg] [--at DATE] [--host HOST]\n"
        "\n"
        "Draws a recipe's chain, or the certificates of a file: a box per certificate, an arrow\n"
        "from signer to signed. The picture depends on the recipe and the date alone.\n"
        "\n"
        "  --out FILE   default: stdout\n"
        "  --at DATE    the hub clock; default: now\n"
        "  --host HOST  the hub's name, for a recipe's leaf; default: " CERTS_HOST "\n"
        "\n"
        "exit: 0 drawn, 2 usage, an unknown name or no certificate in the file, 3 files or "
        "keys\n",
};
