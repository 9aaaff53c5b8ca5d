// SPDX-License-Identifier: MIT
// `hubrig certs device` and `certs verify-code`.
#include "base/error.h"
#include "base/fs.h"
#include "certs/device_files.h"
#include "certs/possession.h"
#include "harness/cli/certs_parts.h"

#include <stdio.h>
#include <string.h>

// The place of `word` in a table of words.
static int read_word(const char *option, const char *word, const char *const *words, size_t count,
                     size_t *out)
{
    char hint[96];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    suggest_text(span_text(word), words, count, hint);
    FAIL(ERR_USAGE, "%s '%s': no such word%s; --help lists them", option, word, hint);
}

// device -----------------------------------------------------------------------------------------

struct device_options {
    const char *kind, *out, *key, *form, *password, *at;
};

static int put_device(const struct device_options *o, const struct device_files *files)
{
    TRY(certs_put_in(o->out, "device.crt", buf_span(&files->cert_pem), 0644));
    TRY(certs_put_in(o->out, "device.key", buf_span(&files->key_pem), 0600));
    if (files->chain_pem.len > 0) {
        TRY(certs_put_in(o->out, "device-chain.pem", buf_span(&files->chain_pem), 0644));
        TRY(certs_put_in(o->out, "device-ca.pem", buf_span(&files->ca_pem), 0644));
    }
    printf("name    %s\nsha1    %s\nsha256  %s\n", files->common_name, files->sha1_hex,
           files->sha256_hex);
    return 0;
}

static int make_device(const struct device_options *o, const char *id)
{
    struct workshop *w = NULL;
    struct device_files files = {0};
    struct device_wish wish = {.id = id, .password = o->password};
    size_t kind = 0, form = 0, key = 0;
    TRY(read_word("--kind", o->kind, device_kind_words, DEVICE_KIND_COUNT, &kind));
    TRY(read_word("--key-form", o->form, key_form_words, KEY_FORM_COUNT, &form));
    const char *key_word = o->key ? o->key : form == KEY_FORM_PKCS1 ? "rsa2048" : "p256";
    TRY(read_word("--key", key_word, key_kind_words, KEY_KIND_COUNT, &key));
    wish.kind = (enum credential_kind)kind;
    wish.form = (enum key_form)form;
    wish.key = (enum key_kind)key;
    TRY(certs_clock(o->at, &wish.utc_s));
    TRY(workshop_open(&(struct workshop_settings){0}, &w));
    int code = device_files_make(w, &wish, &files);
    workshop_close(w);
    TRY(code);
    code = put_device(o, &files);
    device_files_deinit(&files);
    return code;
}

static int device_run(int argc, char **argv)
{
    struct device_options o = {.kind = "self-signed", .form = "pkcs8", .out = "device-files"};
    const char *id[1];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--kind", "KIND", &o.kind},
        {"--out", "FOLDER", &o.out},
        {"--key", "KEY", &o.key},
        {"--key-form", "FORM", &o.form},
        {"--password", "TEXT", &o.password},
        {"--at", "DATE", &o.at},
    };
    int code = cli_options(&command_certs_device, argc, argv, specs, HR_COUNT_OF(specs), false, id,
                           1, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        return certs_refuse(&command_certs_device, "the device's ID is missing");
    }
    code = make_device(&o, id[0]);
    return code < 0 ? cli_fail("certs device", code) : EXIT_PASS;
}

#define X(item, word, meaning)    "  " word "\n      " meaning "\n"
#define K(kind, word, type, size) word " "
const struct command command_certs_device = {
    .name = "certs device",
    .summary = "a device's certificate and key, sound or wrong on purpose",
    .run = device_run,
    .help = "usage: hubrig certs device ID [--kind KIND] [options]\n"
            "\n"
            "Writes device.crt and device.key (mode 0600), with a CA also device-chain.pem and\n"
            "device-ca.pem, and prints the thumbprints that a hub registers. KIND is one "
            "of\n" DEVICE_KIND_TABLE(X) "Default: self-signed. FORM is one of\n" KEY_FORM_TABLE(
                X) "\n"
                   "  --out FOLDER      default: device-files\n"
                   "  --key KEY         default: p256, with the form pkcs1 rsa2048; one of\n"
                   "                    " KEY_KIND_TABLE(
                       K) "\n"
                          "  --key-form FORM   default: pkcs8\n"
                          "  --password TEXT   for the form encrypted\n"
                          "  --at DATE         the hub clock; default: now\n"
                          "\n"
                          "exit: 0 made, 2 usage, 3 files or keys\n",
};
#undef X
#undef K

// verify-code ------------------------------------------------------------------------------------

struct code_options {
    const char *ca, *ca_key, *code, *check, *password, *out, *at;
};

static int read_pem(const char *path, struct buf *out)
{
    TRY(buf_reserve(out, 1 << 16)); // a key leaves no copies behind by growing
    return fs_read_file(path, out);
}

// 1 when something speaks against the proof.
static int check_code(const struct code_options *o, int64_t utc_s)
{
    struct buf ca HR_CLEANUP(buf_deinit);
    struct buf cert HR_CLEANUP(buf_deinit);
    struct buf findings HR_CLEANUP(buf_deinit);
    buf_init(&ca, CERT_FILE_BYTES_MOST);
    buf_init(&cert, CERT_FILE_BYTES_MOST);
    buf_init(&findings, 1 << 16);
    TRY(read_pem(o->ca, &ca));
    TRY(read_pem(o->check, &cert));
    TRY(possession_check(buf_span(&ca), buf_span(&cert), o->code, utc_s, &findings));
    printf("%s: %s\n%s", o->check,
           findings.len ? "the service would refuse it" : "proves possession", buf_text(&findings));
    return findings.len > 0;
}

static int make_code(const struct code_options *o, int64_t utc_s)
{
    struct workshop *w = NULL;
    struct buf ca HR_CLEANUP(buf_deinit);
    struct buf key HR_CLEANUP(buf_wipe);
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&ca, CERT_FILE_BYTES_MOST);
    buf_init(&key, CERT_FILE_BYTES_MOST);
    buf_init(&out, CERT_FILE_BYTES_MOST);
    TRY(read_pem(o->ca, &ca));
    TRY(read_pem(o->ca_key, &key));
    TRY(workshop_open(&(struct workshop_settings){0}, &w));
    struct possession_wish wish = {.ca_pem = buf_span(&ca),
                                   .ca_key_pem = buf_span(&key),
                                   .password = o->password,
                                   .code = o->code,
                                   .utc_s = utc_s};
    int code = possession_make(w, &wish, &out);
    workshop_close(w);
    TRY(code);
    return certs_put(o->out, buf_span(&out), 0644);
}

static int verify_code(const struct code_options *o)
{
    int64_t utc_s = 0;
    TRY(certs_clock(o->at, &utc_s));
    return o->check ? check_code(o, utc_s) : make_code(o, utc_s);
}

static int verify_code_run(int argc, char **argv)
{
    struct code_options o = {0};
    size_t words = 0;
    const struct option_spec specs[] = {
        {"--ca", "FILE", &o.ca},     {"--ca-key", "FILE", &o.ca_key},
        {"--code", "CODE", &o.code}, {"--check", "FILE", &o.check},
        {"--out", "FILE", &o.out},   {"--password", "TEXT", &o.password},
        {"--at", "DATE", &o.at},
    };
    const struct command *self = &command_certs_verify_code;
    int code = cli_options(self, argc, argv, specs, HR_COUNT_OF(specs), false, NULL, 0, &words);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (!o.ca || !o.code) {
        return certs_refuse(self, "--ca and --code are missing");
    }
    if (!o.check == !o.ca_key) {
        return certs_refuse(self, "give --ca-key to make the certificate, or --check to check one");
    }
    if (o.check && (o.out || o.password)) {
        return certs_refuse(self, "--out and --password do not go with --check");
    }
    code = verify_code(&o);
    return code < 0 ? cli_fail("certs verify-code", code) : code ? EXIT_FAIL : EXIT_PASS;
}

const struct command command_certs_verify_code = {
    .name = "certs verify-code",
    .summary = "prove possession of a CA's key, or check such a proof",
    .run = verify_code_run,
    .help =
        "usage: hubrig certs verify-code --ca FILE --ca-key FILE --code CODE [options]\n"
        "       hubrig certs verify-code --ca FILE --check FILE --code CODE [--at DATE]\n"
        "\n"
        "IoT Hub and DPS give a code for an uploaded CA. The first form signs a certificate with\n"
        "that code as its common name; the second says whether the service would take one.\n"
        "\n"
        "  --ca FILE        the CA's certificate, PEM\n"
        "  --ca-key FILE    its private key, PEM\n"
        "  --code CODE      the verification code\n"
        "  --password TEXT  of the key\n"
        "  --out FILE       default: stdout\n"
        "  --at DATE        the service's clock; default: now\n"
        "\n"
        "exit: 0 made or good, 1 the service would refuse it, 2 usage or a key that does not fit,\n"
        "3 files or keys\n",
};
