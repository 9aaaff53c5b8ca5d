// SPDX-License-Identifier: MIT
// What `run` and `try` share: suites and options in, a run with its reports out.
#pragma once
#include "harness/bench/bench.h"
#include "harness/cli/cli.h"
#include "harness/cli/plan_set.h"
#include "harness/cli/reports.h"

enum { SUITE_DEVICES_MOST = OPTION_LIST_MOST, SUITE_SPECS_MOST = 32 };

// Options as given; NULL = not given.
struct suite_options {
    const char *evidence, *jobs, *network, *tls_engine, *capture;
    const char *shard, *repeat, *until_fail, *seed, *shuffle, *slow, *fail_fast, *resume, *retries;
    const char *history, *firmware, *list;
    const char *tags[OPTION_LIST_MOST + 1];
};

struct suite_run {
    const char *command; // "run" or "try", for messages
    struct plan_wish wish;
    const struct bench_device *devices[SUITE_DEVICES_MOST];
    size_t device_count;
    const char *bench;  // as given to `run`; NULL = that of hubrig
    const char *offers; // as given to `try`, or NULL
    const char *bench_folder;
    struct suite_options options;
    struct report_wish reports;
};

// The options that both commands take, into specs[SUITE_SPECS_MOST]; returns how many.
size_t suite_run_specs(struct suite_run *run, struct option_spec *specs);

// The same options as numbers.
struct suite_numbers {
    size_t jobs;
    int network;            // enum network
    bool has_interface_capture;
    uint64_t shard, shards; // from 1; 1 of 1 unless told
    uint64_t rounds;        // 0 = until one fails
    uint64_t seed;          // chosen when not given
    double slow;
    unsigned retries;
};
// Prints the mistake and returns EXIT_USAGE.
int suite_run_numbers(const struct suite_run *run, struct suite_numbers *out);

// ERR_NO_FILE when the file that the device `requires` is not there.
int run_check_installed(const struct bench_device *device) HR_NODISCARD;

// Prints and returns the exit code.
int suite_run(struct suite_run *run);

#define SUITE_RUN_HELP                                                                             \
    "  --only GLOB         scenarios whose name matches, such as 'smoke.drop-*'\n"                 \
    "  --tag WORD          scenarios with this tag or level; repeated: with all of them\n"         \
    "  --list              print the scenarios that would run, and run nothing\n"                  \
    "  --shard I/N         every N-th of them, from the I-th on; `hubrig report merge` joins\n"    \
    "  --evidence FOLDER   where scenarios leave journal, logs and verdict; default: evidence\n"   \
    "  --firmware VERSION  a label for reports and the history\n"                                  \
    "  --history FILE      add the verdicts to this SQLite file; see hubrig history\n"             \
    "\n"                                                                                           \
    "  --jobs N, -j N      scenarios side by side; default: four per processor, at most 16\n"      \
    "  --network KIND      auto: private where possible (default); private: or fail;\n"            \
    "                      host: an address of its own in 127.0.0.0/8, port 8883\n"                \
    "  --capture interface also interface.pcapng, what dumpcap sees of the network beside the hub's own\n" \
    "                      wire.pcapng: names, time, lost segments; keys.log decrypts it\n"       \
    "  --tls-engine NAME   mbedtls or openssl, for scenarios that do not choose; default:\n"       \
    "                      what HUBRIG_TLS_ENGINE says, else auto (by the TLS versions)\n"         \
    "  --repeat N          run each N times; verdicts that differ make it flaky\n"                 \
    "  --until-fail        repeat until one does not pass\n"                                       \
    "  --fail-fast         begin nothing more after one that does not pass\n"                      \
    "  --shuffle           in an order that follows from the seed\n"                               \
    "  --seed N            of the order and of all random bytes of the hub; printed when chosen\n" \
    "  --slow FACTOR       limits and waits of expectations times this, 0.1 to 100\n"              \
    "  --retries N         of a scenario in which the rig failed; default: 1\n"                    \
    "  --resume            take verdicts that an unfinished run left in the evidence folder\n"     \
    "\n" REPORTS_HELP
