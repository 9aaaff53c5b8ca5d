// SPDX-License-Identifier: MIT
// `hubrig certs`: chains, device credentials and what they look like. One file per group of
// sub-commands; this one finds them and holds what they share.
#include "base/diag.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/timeline.h"
#include "harness/cli/certs_parts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct command *const verbs[] = {
    &command_certs_list,        &command_certs_make,     &command_certs_show,
    &command_certs_export,      &command_certs_graph,    &command_certs_device,
    &command_certs_verify_code, &command_certs_timeline, &command_certs_limbo,
};

static const char *word_of(const struct command *verb)
{
    return verb->name + strlen("certs ");
}

static int refuse_verb(const char *word)
{
    const char *names[HR_COUNT_OF(verbs)];
    char hint[96];
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        names[i] = word_of(verbs[i]);
    }
    fprintf(stderr, "hubrig certs: unknown sub-command '%s'%s\nTry: hubrig certs --help\n", word,
            suggest_text(span_text(word), names, HR_COUNT_OF(verbs), hint));
    return EXIT_USAGE;
}

static void print_help(FILE *to)
{
    fputs("usage: hubrig certs SUB-COMMAND [OPTION...] [WORD...]\n\n", to);
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        fprintf(to, "  %-12s  %s\n", word_of(verbs[i]), verbs[i]->summary);
    }
    fputs("\n`hubrig certs SUB-COMMAND --help` tells more.\n"
          "exit: 0 done, 1 checked and found bad, 2 usage, 3 the rig (files, keys)\n",
          to);
}

static int certs_run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_PASS;
    }
    for (size_t i = 0; i < HR_COUNT_OF(verbs); i++) {
        if (strcmp(argv[1], word_of(verbs[i])) == 0) {
            return verbs[i]->run(argc - 1, argv + 1);
        }
    }
    return refuse_verb(argv[1]);
}

const struct command command_certs = {
    .name = "certs",
    .summary = "make, show, draw and export server chains and device credentials",
    .run = certs_run,
    .help = "", // printed from the table of sub-commands
};

// Shared -----------------------------------------------------------------------------------------

int certs_clock(const char *at, int64_t *utc_s)
{
    if (at) {
        return timeline_parse_date(at, utc_s);
    }
    struct env env = env_system();
    *utc_s = env.utc_us(env.world) / 1000000;
    return 0;
}

static bool is_cert_file(const char *name)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};
    for (size_t i = 0; i < HR_COUNT_OF(endings); i++) {
        if (span_ends_with(span_text(name), span_text(endings[i]))) {
            return true;
        }
    }
    return fs_exists(name) && !fs_is_folder(name) &&
           !span_ends_with(span_text(name), SPAN_LITERAL(".chain"));
}

static int load_chain(const struct certs_source *source, struct cert_list *list)
{
    struct workshop *w = NULL;
    struct chain chain = {0};
    struct chain_request request = {.hub_host = source->host, .utc_s = source->utc_s};
    TRY(workshop_open(&(struct workshop_settings){0}, &w));
    int code = chain_make(w, source->name, &request, &chain);
    workshop_close(w);
    TRY(code);
    if (source->only_roots) {
        span_copy_text(span_text(chain.name), list->name, sizeof list->name);
        code = cert_list_add_pem(list, buf_span(&chain.root_pem), CERT_ROLE_TRUSTED);
    } else {
        code = cert_list_add_chain(list, &chain);
    }
    chain_deinit(&chain);
    return code;
}

int certs_load(const struct certs_source *source, struct cert_list *list)
{
    TRY(is_cert_file(source->name) ? cert_list_add_file(list, source->name)
                                   : load_chain(source, list));
    cert_list_find_signers(list);
    return 0;
}

int certs_put(const char *path, struct span bytes, mode_t mode)
{
    if (path) {
        TRY(fs_write_file(path, bytes, mode));
        printf("wrote %s\n", path);
    } else if ((bytes.len > 0 && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len) ||
               fflush(stdout) != 0) {
        int errnum = errno;
        FAIL(error_from_errno(errnum), "cannot write to stdout: %s", strerror(errnum));
    }
    return 0;
}

int certs_put_in(const char *folder, const char *name, struct span bytes, mode_t mode)
{
    char path[PATH_MAX];
    TRY(fs_make_folder(folder, 0755));
    TRY(fs_join(path, sizeof path, folder, name));
    return certs_put(path, bytes, mode);
}

int certs_refuse(const struct command *command, const char *text)
{
    fprintf(stderr, "hubrig %s: %s\nTry: hubrig %s --help\n", command->name, text, command->name);
    return EXIT_USAGE;
}
