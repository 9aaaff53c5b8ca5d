// SPDX-License-Identifier: MIT
// `hubrig certs export`.
#include "base/error.h"
#include "certs/export.h"
#include "harness/cli/certs_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct exporting {
    const char *format, *out, *symbol, *password, *sec_tag, *at;
};

static int read_format(const char *word, enum export_format *format)
{
    char hint[96];
    for (size_t i = 0; word && i < EXPORT_FORMAT_COUNT; i++) {
        if (strcmp(word, export_format_words[i]) == 0) {
            *format = (enum export_format)i;
            return 0;
        }
    }
    if (!word) {
        FAIL(ERR_USAGE, "--format is missing; --help lists them");
    }
    suggest_text(span_text(word), export_format_words, EXPORT_FORMAT_COUNT, hint);
    FAIL(ERR_USAGE, "unknown format '%s'%s; --help lists them", word, hint);
}

// An option that the format does not look at is a mistake, not a wish to ignore.
static int check_options(const struct exporting *e, enum export_format format)
{
    bool is_store = format == EXPORT_JKS || format == EXPORT_BKS;
    bool has_symbol = format == EXPORT_C_ARRAY || format == EXPORT_C_STRING;
    if (e->symbol && !has_symbol) {
        FAIL(ERR_USAGE, "--symbol goes with c-array and c-string");
    }
    if (e->password && !is_store) {
        FAIL(ERR_USAGE, "--password goes with jks and bks");
    }
    if (e->sec_tag && format != EXPORT_ZEPHYR) {
        FAIL(ERR_USAGE, "--sec-tag goes with zephyr");
    }
    bool is_binary = is_store || format == EXPORT_DER || format == EXPORT_ESP_IDF;
    if (is_binary && !e->out && isatty(STDOUT_FILENO)) {
        FAIL(ERR_USAGE, "the form %s is not for a terminal: give --out FILE",
             export_format_words[format]);
    }
    return 0;
}

// "azure_digicert_g2_root" of a recipe's or file's name.
static void name_symbol(const char *name, char *out, size_t out_bytes)
{
    snprintf(out, out_bytes, "%.80s_root", name);
    for (char *c = out; *c; c++) {
        bool is_alnum = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                        (*c >= '0' && *c <= '9' && c > out);
        *c = is_alnum ? *c : '_';
    }
}

// Other certificates do not belong into what a device trusts, but the person may know better.
static void note_others(const struct cert_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct cert_facts *f = list->items[i];
        if (f->is_readable && !(f->signer == SIGNER_SELF && f->is_ca)) {
            fprintf(stderr, "hubrig certs export: note: '%s' is no root: %s\n", f->subject_cn,
                    f->is_ca ? "an issuing CA changes without notice" : "it is no CA at all");
        }
    }
}

static int export(const struct exporting *e, const char *name)
{
    struct cert_list list HR_CLEANUP(cert_list_deinit);
    struct buf out HR_CLEANUP(buf_deinit);
    char symbol[128];
    uint64_t sec_tag = 1;
    struct export_wish wish = {.password = e->password ? e->password : "changeit"};
    struct certs_source source = {.name = name, .host = CERTS_HOST, .only_roots = true};
    cert_list_init(&list);
    buf_init(&out, EXPORT_BYTES_MOST);
    TRY(read_format(e->format, &wish.format));
    TRY(check_options(e, wish.format));
    if (e->sec_tag &&
        (span_parse_u64(span_text(e->sec_tag), &sec_tag) < 0 || sec_tag > INT32_MAX)) {
        FAIL(ERR_USAGE, "--sec-tag '%s': expected a number from 0 to 2147483647", e->sec_tag);
    }
    TRY(certs_clock(e->at, &source.utc_s));
    TRY(certs_load(&source, &list));
    note_others(&list);
    name_symbol(list.name, symbol, sizeof symbol);
    wish.symbol = e->symbol ? e->symbol : symbol;
    wish.sec_tag = (unsigned)sec_tag;
    wish.utc_s = source.utc_s;
    TRY(export_write(&list, &wish, &out));
    return certs_put(e->out, buf_span(&out), 0644);
}

static int export_run(int argc, char **argv)
{
    struct exporting e = {0};
    const char *name[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--format", "FORMAT", &e.format}, {"--out", "FILE", &e.out},
        {"--symbol", "NAME", &e.symbol},   {"--password", "TEXT", &e.password},
        {"--sec-tag", "N", &e.sec_tag},    {"--at", "DATE", &e.at},
    };
    int code = cli_options(&command_certs_export, argc, argv, specs, HR_COUNT_OF(specs), false,
                           name, 1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        return certs_refuse(&command_certs_export, "the NAME of a recipe or a file is missing");
    }
    code = export(&e, name[0]);
    return code < 0 ? cli_fail("certs export", code) : EXIT_PASS;
}

#define X(format, word, meaning) "  " word "\n      " meaning "\n"
const struct command command_certs_export = {
    .name = "certs export",
    .summary = "a trust bundle in the form that a device wants",
    .run = export_run,
    .help =
        "usage: hubrig certs export NAME|FILE --format FORMAT [options]\n"
        "\n"
        "Writes the roots that a device needs for recipe NAME, or all certificates of a PEM or\n"
        "DER file. What is written has been read back and compared first. FORMAT is one "
        "of\n" EXPORT_FORMAT_TABLE(
            X) "\n"
               "  --out FILE       default: stdout\n"
               "  --symbol NAME    c-array, c-string: the C name; default: from the bundle's name\n"
               "  --sec-tag N      zephyr: the security tag; default: 1\n"
               "  --password TEXT  jks, bks: default changeit\n"
               "  --at DATE        the hub clock, and the date of key store entries; default: now\n"
               "\n"
               "Zephyr keeps what `cred buf` gathers in a buffer of\n"
               "CONFIG_TLS_CREDENTIALS_SHELL_CRED_BUF_SIZE bytes: raise it to the base64 text's "
               "size.\n"
               "\n"
               "exit: 0 written, 2 usage, an unknown name or no certificate in the file, 3 files "
               "or "
               "keys\n",
};
#undef X
