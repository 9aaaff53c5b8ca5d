// SPDX-License-Identifier: MIT
#include "harness/scenario/capability.h"
#include "base/error.h"

static const char *const words[] = {
#define X(name, word, claim, meaning) word,
    CAPABILITY_TABLE(X)
#undef X
};

static const char *const meanings[] = {
#define X(name, word, claim, meaning) meaning,
    CAPABILITY_TABLE(X)
#undef X
};

static const char *const claims[] = {
#define X(name, word, claim, meaning) claim,
    CAPABILITY_TABLE(X)
#undef X
};

const char *capability_word(size_t i)
{
    return i < CAPABILITY_COUNT ? words[i] : NULL;
}

const char *capability_meaning(size_t i)
{
    return meanings[i];
}

const char *capability_claim(size_t i)
{
    return claims[i];
}

const char *const *capability_words(void)
{
    return words;
}

unsigned capability_of(struct span word)
{
    size_t i = span_index(word, words, CAPABILITY_COUNT);
    return i < CAPABILITY_COUNT ? 1U << i : 0;
}

int capability_print(unsigned set, const char *between, struct buf *out)
{
    bool is_first = true;
    for (size_t i = 0; i < CAPABILITY_COUNT; i++) {
        if (set & 1U << i) {
            TRY(buf_printf(out, "%s%s", is_first ? "" : between, words[i]));
            is_first = false;
        }
    }
    return 0;
}
