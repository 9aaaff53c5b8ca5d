// SPDX-License-Identifier: MIT
#include "base/diag.h"
#include "base/error.h"
#include "base/fs.h"
#include "harness/cli/cli.h"
#include "harness/cli/suite_run.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MOST = BENCH_WORDS_MOST };

static bool mentions(const struct bench_device *device, const char *text)
{
    for (size_t i = 0; i < device->command_count; i++) {
        if (strstr(device->command[i], text)) {
            return true;
        }
    }
    return false;
}

// "clock,x509": adds to what the placeholders tell; the clock counts only when it is listed.
static int read_offers(const char *list, struct bench_device *device)
{
    struct span rest = span_text(list);
    device->offers &= ~CAN(CLOCK);
    while (rest.ptr) {
        struct span word = span_trim(span_cut(rest, ',', &rest));
        unsigned bit = capability_of(word);
        if (!bit) {
            char hint[96];
            fprintf(stderr, "hubrig try: --offers takes words of `hubrig words capabilities` with commas between, "
                            "seen '%.*s'%s\n",
                    SPAN_ARG(word), suggest_text(word, capability_words(), CAPABILITY_COUNT, hint));
            return EXIT_USAGE;
        }
        device->offers |= bit;
    }
    return EXIT_PASS;
}

static int try_program(const char **words, size_t count, struct suite_run *run)
{
    static char name[] = "program";
    struct bench_device device = {.name = name, .about = name, .command_count = count};
    for (size_t i = 0; i < count; i++) {
        device.command[i] = (char *)(uintptr_t)words[i]; // read only
    }
    device.offers = CAN(CLOCK) | (mentions(&device, "{dps.") ? CAN(DPS) : 0) |
                    (mentions(&device, "{device.cert}") ? CAN(X509) : 0) |
                    (mentions(&device, "{device.secondary_") ? CAN(TWO_KEYS) : 0) |
                    (mentions(&device, "{sntp.") ? CAN(SNTP) : 0);
    int code = run->offers ? read_offers(run->offers, &device) : EXIT_PASS;
    if (code != EXIT_PASS) {
        return code;
    }
    run->devices[0] = &device;
    run->device_count = 1;
    run->bench_folder = ".";
    return suite_run(run);
}

static int try_command(int argc, char **argv)
{
    struct suite_run run = {.command = "try"};
    const char *words[WORDS_MOST];
    size_t count = 0;
    const char *suite = "suites/smoke";
    struct option_spec specs[SUITE_SPECS_MOST + 2] = {{"--suite", "SUITE", &suite},
                                                      {"--offers", "LIST", &run.offers}};
    size_t spec_count = 2 + suite_run_specs(&run, specs + 2);
    int code = cli_options(&command_try, argc, argv, specs, spec_count, true, words, WORDS_MOST, &count);
    if (code != EXIT_PASS) {
        return code < 0 ? EXIT_PASS : code;
    }
    if (count == 0) {
        fputs("hubrig try: expected a program; try: hubrig try ./my_device\n", stderr);
        return EXIT_USAGE;
    }
    run.wish.suites = &suite;
    run.wish.suite_count = 1;
    return try_program(words, count, &run);
}

const struct command command_try = {
    .name = "try",
    .summary = "run the smoke suite against any program",
    .run = try_command,
    .help =
        "usage: hubrig try [options] PROGRAM [ARGUMENT...]\n"
        "\n"
        "Starts the program once per scenario, each time with a hub of its own. The program learns\n"
        "where the hub is from its environment or from placeholders in its arguments:\n"
        "\n"
        "  IOTHUB_DEVICE_CONNECTION_STRING   {device.connection_string}\n"
        "  HUBRIG_ROOT_PEM                   {root.pem}     the trust anchors to use\n"
        "  HUBRIG_HUB_HOST, HUBRIG_HUB_PORT  {hub.host} {hub.port}\n"
        "  HUBRIG_DEVICE_ID                  {device.id}\n"
        "  HUBRIG_DEVICE_CERT, _KEY          {device.cert} {device.key}\n"
        "\n"
        "SSL_CERT_FILE and NODE_EXTRA_CA_CERTS name the same trust anchors, so a program that uses\n"
        "the system's store needs no change.\n"
        "\n"
        "  --suite SUITE       another suite than suites/smoke\n"
        "  --offers LIST       what the program can do, with commas between: `hubrig words capabilities`;\n"
        "                      default: clock (it may be given a false clock), x509 when it is given\n"
        "                      {device.cert}, two-keys when it is given\n"
        "                      {device.secondary_connection_string}, dps when it is given\n"
        "                      one of {dps.host} {dps.id_scope} ..., sntp when it is given {sntp.host}\n"
        SUITE_RUN_HELP
        "\n"
        "Exit codes: 0 all passed, 1 the program failed, 2 usage, 3 the rig failed, 77 all skipped\n",
};
