// SPDX-License-Identifier: MIT
// The keys of many recipes at once: each missing one is made a single time, on all processors.
// After that, chain_make only signs.
#pragma once
#include "certs/chain.h"

struct key_pool_count {
    size_t keys; // that the recipes name, each once
    size_t made; // of these, the ones that were missing
};

// A recipe with mistakes is passed over: chain_make names them. As key_cache_load; *out may be
// NULL.
int key_pool_fill(struct workshop *w, const char *const *names, size_t count,
                  struct key_pool_count *out) HR_NODISCARD;
