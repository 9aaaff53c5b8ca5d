// SPDX-License-Identifier: MIT
#include "harness/cli/again.h"
#include "base/error.h"
#include "base/text_code.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int add_word(const char *word, struct buf *out)
{
    TRY(out->len ? buf_append_u8(out, ' ') : 0);
    return shell_quote(span_text(word), out);
}

static int add_option(const char *name, const char *value, struct buf *out)
{
    if (!value) {
        return 0;
    }
    TRY(add_word(name, out));
    return value[0] ? add_word(value, out) : 0; // "" = a flag
}

int again_command(const struct suite_run *run, const struct suite_numbers *numbers,
                  const struct plan *plan, const struct bench_device *device, struct buf *out)
{
    bool is_try = strcmp(run->command, "try") == 0;
    const struct suite_options *o = &run->options;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, numbers->seed);
    TRY(add_word(program_invocation_name, out));
    TRY(add_word(run->command, out));
    TRY(is_try ? add_option("--suite", plan->file, out) : add_word(plan->file, out));
    TRY(is_try ? 0 : add_option("--device", device->name, out));
    TRY(add_option("--bench", run->bench, out));
    TRY(add_option("--offers", run->offers, out));
    TRY(add_option("--seed", seed, out));
    TRY(add_option("--repeat", o->repeat, out));
    TRY(add_option("--until-fail", o->until_fail, out));
    TRY(add_option("--slow", o->slow, out));
    TRY(add_option("--network", o->network, out));
    TRY(add_option("--tls-engine", o->tls_engine, out));
    for (size_t i = 0; is_try && device->command[i]; i++) { // its program
        TRY(add_word(device->command[i], out));
    }
    return 0;
}
