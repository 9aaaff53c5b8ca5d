// SPDX-License-Identifier: MIT
// `hubrig doctor`: what is wrong, and what is right, with what a device was given.
#include "certs/doctor/doctor.h"
#include "certs/stacks.h"
#include "base/diag.h"
#include "base/env.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/text_code.h"
#include "base/when.h"
#include "harness/cli/cli.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DOCTOR_WORDS_MOST = 256, OUTPUT_BYTES_MOST = 64 << 20, PATH_BYTES_MOST = 4096 };

struct options {
    const char *hub, *device, *at, *device_clock, *stack, *cloud, *thumbprint, *json;
};

static int refuse(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "hubrig doctor: %s: expected %s, seen '%s'\nTry: hubrig doctor --help\n",
            option, expected, value);
    return EXIT_USAGE;
}

// "2026-11-20" or "2026-11-20T08:00:00Z".
static int parse_date(const char *option, const char *text, int64_t *out_s)
{
    char whole[64];
    int64_t us = 0;
    bool is_day = strlen(text) == 10;
    snprintf(whole, sizeof whole, "%.32s%s", text, is_day ? "T00:00:00Z" : "");
    if (utc_parse(span_text(whole), &us) < 0) {
        return refuse(option, text, "a date such as 2026-11-20 or 2026-11-20T08:00:00Z");
    }
    *out_s = us / 1000000;
    return EXIT_PASS;
}

static int parse_word(const char *option, const char *word, const char *const *words, size_t count,
                      size_t *out)
{
    char hint[96];
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            *out = i;
            return EXIT_PASS;
        }
    }
    fprintf(stderr, "hubrig doctor: %s: unknown word '%s'%s\nTry: hubrig doctor --help\n", option,
            word, suggest_text(span_text(word), words, count, hint));
    return EXIT_USAGE;
}

static int settings_from(const struct options *o, struct doctor_settings *s)
{
    struct env env = env_system();
    size_t index = 0;
    int code = EXIT_PASS;
    *s = (struct doctor_settings){.now_s = env.utc_us(env.world) / 1000000,
                                  .stack = STACK_ANY,
                                  .cloud = CLOUD_ANY,
                                  .hub_host = o->hub,
                                  .device_id = o->device,
                                  .thumbprint = o->thumbprint};
    if (o->at) {
        code = parse_date("--at", o->at, &s->now_s);
    }
    if (code == EXIT_PASS && o->device_clock) {
        s->has_device_clock = true;
        code = parse_date("--device-clock", o->device_clock, &s->device_clock_s);
    }
    if (code == EXIT_PASS && o->stack) {
        code = parse_word("--stack", o->stack, doctor_stack_words, STACK_COUNT, &index);
        s->stack = (enum doctor_stack)index;
    }
    if (code == EXIT_PASS && o->cloud) {
        code = parse_word("--cloud", o->cloud, doctor_cloud_words, CLOUD_COUNT, &index);
        s->cloud = (enum doctor_cloud)index;
    }
    return code;
}

static int add_file(struct doctor *d, const char *path, bool is_of_folder)
{
    struct buf bytes HR_CLEANUP(buf_wipe);
    struct stat st;
    buf_init(&bytes, DOCTOR_INPUT_BYTES_MOST);
    TRY(fs_read_file(path, &bytes));
    bool is_open = stat(path, &st) == 0 && (st.st_mode & S_IROTH);
    return doctor_add(d, &(struct doctor_input){.name = path,
                                                .bytes = buf_span(&bytes),
                                                .is_world_readable = is_open,
                                                .is_of_folder = is_of_folder});
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int add_folder(struct doctor *d, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_visible, alphasort);
    int code = 0;
    if (count < 0) {
        FAIL(ERR_IO, "%s: the folder cannot be read", folder);
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES_MOST];
        code = code < 0 ? code : fs_join(path, sizeof path, folder, entries[i]->d_name);
        if (code == 0 && !fs_is_folder(path)) {
            code = add_file(d, path, true);
        }
        free(entries[i]);
    }
    free(entries);
    return code;
}

static int add_word(struct doctor *d, const char *word, size_t number)
{
    char name[32];
    if (fs_is_folder(word)) {
        return add_folder(d, word);
    }
    if (fs_exists(word)) {
        return add_file(d, word, false);
    }
    snprintf(name, sizeof name, "argument %zu", number);
    int code = doctor_add(
        d, &(struct doctor_input){.name = name, .bytes = span_text(word), .is_text = true});
    // a path with a slip of the pen may be shown, anything longer may be a secret
    bool is_path = code == ERR_UNKNOWN_NAME && strlen(word) < 20 && !strchr(word, '=');
    if (is_path) {
        FAIL(ERR_NO_FILE, "%s: no such file, and no connection string, token or id scope", word);
    }
    return code;
}

static int print_field(struct buf *out, const char *name, const char *value)
{
    TRY(buf_printf(out, ",\"%s\":\"", name));
    TRY(json_escape(span_text(value), out));
    return buf_append_u8(out, '"');
}

static int print_json_texts(struct buf *out, const char *name, const struct doctor *d,
                            size_t (*count)(const struct doctor *d),
                            const char *(*text)(const struct doctor *d, size_t i))
{
    TRY(buf_printf(out, ",\n\"%s\":[", name));
    for (size_t i = 0; i < count(d); i++) {
        TRY(buf_append_text(out, i ? ",\n \"" : "\n \""));
        TRY(json_escape(span_text(text(d, i)), out));
        TRY(buf_append_u8(out, '"'));
    }
    return buf_append_u8(out, ']');
}

// What is known of the stack from measuring it: ids of the catalogue, blanks between them.
struct measured {
    struct buf lets_through, refuses;
    bool is_known;
};

static int read_measured(enum doctor_stack stack, struct measured *m)
{
    static const char *const libraries[STACK_COUNT + 1] = {
        [STACK_MBEDTLS_228] = "mbedtls", [STACK_OPENSSL] = "openssl", [STACK_WOLFSSL] = "wolfssl",
        [STACK_GNUTLS] = "gnutls",      [STACK_BEARSSL] = "bearssl",
    };
    buf_init(&m->lets_through, OUTPUT_BYTES_MOST);
    buf_init(&m->refuses, OUTPUT_BYTES_MOST);
    m->is_known = libraries[stack] != NULL;
    return m->is_known ? stacks_differences(libraries[stack], &m->lets_through, &m->refuses) : 0;
}

static void release_measured(struct measured *m)
{
    buf_deinit(&m->lets_through);
    buf_deinit(&m->refuses);
}

static int print_measured(const struct measured *m, struct buf *out)
{
    if (m->lets_through.len > 0) {
        TRY(buf_printf(out, "stack    accepts, with its usual settings, what must be refused: %s\n",
                       buf_text(&m->lets_through)));
    }
    if (m->refuses.len > 0) {
        TRY(buf_printf(out, "stack    refuses what is sound: %s\n", buf_text(&m->refuses)));
    }
    if (m->is_known) {
        TRY(buf_append_text(out, "         what each means: hubrig certs show catalogue/ID\n"));
    }
    return 0;
}

static int print_json(const struct doctor *d, const char *worst, const struct measured *m,
                      struct buf *out)
{
    char date[32];
    TRY(buf_printf(out, "{\"worst\":\"%s\",\n\"findings\":[", worst));
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        const struct doctor_finding *f = doctor_finding(d, i);
        TRY(buf_printf(out, "%s{\"rule\":\"%s\",\"severity\":\"%s\",\"line\":%d",
                       i ? ",\n " : "\n ", doctor_rule_id(f->rule),
                       doctor_severity_word(f->severity), f->line));
        TRY(print_field(out, "title", doctor_rule_title(f->rule)));
        TRY(print_field(out, "file", f->file));
        TRY(print_field(out, "message", f->what));
        TRY(print_field(out, "shows", f->shows));
        TRY(print_field(out, "fix", f->fix));
        TRY(buf_append_u8(out, '}'));
    }
    TRY(buf_append_u8(out, ']'));
    TRY(print_json_texts(out, "right", d, doctor_right_count, doctor_right));
    TRY(print_json_texts(out, "outlook", d, doctor_outlook_count, doctor_outlook));
    TRY(buf_append_text(out, ",\n\"dates\":["));
    for (size_t i = 0; i < doctor_date_count(d); i++) {
        const struct doctor_date *when = doctor_date(d, i);
        TRY(buf_printf(out, "%s{\"utc\":\"%s\"", i ? ",\n " : "\n ",
                       utc_print(when->at_s * 1000000, date)));
        TRY(print_field(out, "text", when->text));
        TRY(buf_append_u8(out, '}'));
    }
    TRY(buf_append_u8(out, ']'));
    if (m->is_known) {
        TRY(print_field(out, "accepts_wrongly", buf_text(&m->lets_through)));
        TRY(print_field(out, "refuses_wrongly", buf_text(&m->refuses)));
    }
    return buf_append_text(out, "}\n");
}

static int print_findings(const struct doctor *d, struct buf *out)
{
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        const struct doctor_finding *f = doctor_finding(d, i);
        TRY(buf_printf(out, "%-7s  %s  ", doctor_severity_word(f->severity),
                       doctor_rule_id(f->rule)));
        if (f->file[0] && f->line) {
            TRY(buf_printf(out, "%s:%d: ", f->file, f->line));
        } else if (f->file[0]) {
            TRY(buf_printf(out, "%s: ", f->file));
        }
        TRY(buf_printf(out, "%s\n", f->what));
        if (f->shows[0]) {
            TRY(buf_printf(out, "         shows  %s\n", f->shows));
        }
        TRY(f->fix[0] ? buf_printf(out, "         try    %s\n", f->fix) : 0);
    }
    return 0;
}

static int print_text(const struct doctor *d, const size_t counts[3], const struct measured *m,
                      struct buf *out)
{
    char date[32];
    TRY(print_findings(d, out));
    for (size_t i = 0; i < doctor_right_count(d); i++) {
        TRY(buf_printf(out, "right    %s\n", doctor_right(d, i)));
    }
    for (size_t i = 0; i < doctor_outlook_count(d); i++) {
        TRY(buf_printf(out, "outlook  %s\n", doctor_outlook(d, i)));
    }
    for (size_t i = 0; i < doctor_date_count(d); i++) {
        const struct doctor_date *when = doctor_date(d, i);
        TRY(buf_printf(out, "date     %.10s  %s\n", utc_print(when->at_s * 1000000, date),
                       when->text));
    }
    TRY(print_measured(m, out));
    return buf_printf(out, "%zu error%s, %zu warning%s, %zu info\n", counts[DOCTOR_ERROR],
                      counts[DOCTOR_ERROR] == 1 ? "" : "s", counts[DOCTOR_WARNING],
                      counts[DOCTOR_WARNING] == 1 ? "" : "s", counts[DOCTOR_INFO]);
}

static int examine(struct doctor *d, const char *const *words, size_t count, bool is_json,
                   const struct measured *m, bool *is_clean)
{
    size_t counts[3] = {0};
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, OUTPUT_BYTES_MOST);
    for (size_t i = 0; i < count; i++) {
        TRY(add_word(d, words[i], i + 1));
    }
    TRY(doctor_run(d));
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        counts[doctor_finding(d, i)->severity]++;
    }
    *is_clean = counts[DOCTOR_ERROR] + counts[DOCTOR_WARNING] == 0;
    const char *worst = counts[DOCTOR_ERROR]     ? "error"
                        : counts[DOCTOR_WARNING] ? "warning"
                        : counts[DOCTOR_INFO]    ? "info"
                                                 : "none";
    TRY(is_json ? print_json(d, worst, m, &out) : print_text(d, counts, m, &out));
    fputs(buf_text(&out), stdout);
    return 0;
}

static int doctor_command(int argc, char **argv)
{
    struct options o = {0};
    const char *words[DOCTOR_WORDS_MOST];
    size_t count = 0;
    const struct option_spec specs[] = {
        {"--hub", "HOST", &o.hub},
        {"--device", "ID", &o.device},
        {"--at", "DATE", &o.at},
        {"--device-clock", "DATE", &o.device_clock},
        {"--stack", "NAME", &o.stack},
        {"--cloud", "NAME", &o.cloud},
        {"--thumbprint", "HEX", &o.thumbprint},
        {"--json", NULL, &o.json},
    };
    struct doctor_settings settings;
    struct doctor *d = NULL;
    bool is_clean = false;
    int code = cli_options(&command_doctor, argc, argv, specs, HR_COUNT_OF(specs), false, words,
                           DOCTOR_WORDS_MOST, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        fputs("hubrig doctor: a file or string is missing\nTry: hubrig doctor --help\n", stderr);
        return EXIT_USAGE;
    }
    code = settings_from(&o, &settings);
    if (code != EXIT_PASS) {
        return code;
    }
    struct measured measured = {0};
    code = doctor_new(&settings, &d);
    code = code < 0 ? code : read_measured(settings.stack, &measured);
    code = code < 0 ? code : examine(d, words, count, o.json != NULL, &measured, &is_clean);
    release_measured(&measured);
    doctor_free(d);
    if (code < 0) {
        return cli_fail("doctor", code);
    }
    return is_clean ? EXIT_PASS : EXIT_FAIL;
}

const struct command command_doctor = {
    .name = "doctor",
    .summary = "find the mistakes in what a device was given",
    .run = doctor_command,
    .help =
        "usage: hubrig doctor [OPTION...] FILE|FOLDER|STRING...\n"
        "\n"
        "Takes any mix of trust bundles, device certificates, private keys, C headers and sources\n"
        "with PEM in string literals or byte arrays, connection strings, SAS tokens, id scopes,\n"
        "build configuration (mbedTLS config.h, sdkconfig and Kconfig files, wolfSSL\n"
        "user_settings.h) and device logs. Each is recognised by its content; names such as\n"
        "ca-cert.pem or CLIENT_CERTIFICATE say what a certificate is meant for. Prints what is\n"
        "wrong and where, what the device will show for it and what to try, then what is right,\n"
        "which of the hub's known chains the trust anchors verify, and the dates that end it.\n"
        "\n"
        "  --hub HOST            the hub (or provisioning host) that the device should reach\n"
        "  --device ID           its device id or registration id\n"
        "  --at DATE             judge as of this date instead of today\n"
        "  --device-clock DATE   the time that the device believes it is\n"
        "  --stack NAME          mbedtls228 mbedtls36 openssl wolfssl gnutls bearssl modem:\n"
        "                        findings are as harsh as this stack is, and it is told where this\n"
        "                        library, as measured, differs from the texts (certs/stacks.md)\n"
        "  --cloud NAME          public china gov; default: from the host name, else public\n"
        "  --thumbprint HEX      as registered; primary and secondary with a comma between\n"
        "  --json                one object: worst, findings, right, outlook, dates\n"
        "\n"
        "Keys, signatures and whole tokens are never printed. Dates are 2026-11-20 or\n"
        "2026-11-20T08:00:00Z, UTC. The rules are listed in certs/README.md.\n"
        "\n"
        "Exit codes: 0 nothing wrong (info at most), 1 errors or warnings, 2 wrong usage or no\n"
        "such file, 3 a file cannot be read.\n"
        "\n"
        "  hubrig doctor --device bench-01 ca.pem device.pem device.key 'HostName=...'\n"
        "  hubrig doctor --stack mbedtls228 --device-clock 1980-01-06 certs.h mbedtls_config.h\n",
};
