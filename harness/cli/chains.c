// SPDX-License-Identifier: MIT
#include "harness/cli/chains.h"
#include "certs/chain.h"

void chain_names_load(struct chain_names *out)
{
    struct workshop *w = NULL;
    *out = (struct chain_names){0};
    if (workshop_open(&(struct workshop_settings){0}, &w) == 0 &&
        workshop_names(w, &out->names, &out->count) < 0) {
        *out = (struct chain_names){0};
    }
    workshop_close(w);
}

void chain_names_deinit(struct chain_names *chains)
{
    if (chains->names) {
        workshop_names_free(chains->names, chains->count);
    }
    *chains = (struct chain_names){0};
}
