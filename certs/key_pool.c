// SPDX-License-Identifier: MIT
#include "certs/key_pool.h"
#include "base/error.h"
#include "base/fs.h"
#include "certs/workshop.h"

#include <stdio.h>
#include <stdlib.h>

struct pool {
    struct key_wish *wishes;
    size_t count;
};

static int add_key(struct pool *pool, enum key_kind kind, struct span name)
{
    for (size_t i = 0; i < pool->count; i++) {
        if (pool->wishes[i].kind == kind && span_equals_text(name, pool->wishes[i].name)) {
            return 0;
        }
    }
    struct key_wish *grown = realloc(pool->wishes, (pool->count + 1) * sizeof *grown);
    ENSURE(grown != NULL, ERR_NO_MEMORY);
    pool->wishes = grown;
    grown[pool->count] = (struct key_wish){.kind = kind};
    ENSURE(span_copy_text(name, grown[pool->count].name, sizeof grown->name), ERR_VALUE);
    pool->count++;
    return 0;
}

static int add_recipe(struct workshop *w, const char *name, struct pool *pool)
{
    struct recipe *recipe = NULL;
    struct diag_list diags;
    diag_init(&diags);
    int code = workshop_read_recipe(w, name, &recipe, &diags);
    diag_deinit(&diags);
    for (size_t i = 0; code == 0 && i < recipe->cert_count; i++) {
        code = add_key(pool, recipe->certs[i].key_kind, recipe->certs[i].key_name);
    }
    recipe_free(recipe);
    return code == ERR_SYNTAX ? 0 : code;
}

static bool is_missing(const struct workshop *w, const struct key_wish *wish)
{
    char file[KEY_NAME_BYTES_MOST + 32], path[PATH_MAX];
    snprintf(file, sizeof file, "%s.%s.pem", wish->name, key_kind_words[wish->kind]);
    return fs_join(path, sizeof path, w->keys, file) == 0 && !fs_exists(path);
}

int key_pool_fill(struct workshop *w, const char *const *names, size_t count,
                  struct key_pool_count *out)
{
    struct pool pool = {0};
    size_t missing = 0;
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = add_recipe(w, names[i], &pool);
    }
    // only the missing ones: the others are read when a chain needs them
    for (size_t i = 0; i < pool.count && code == 0; i++) {
        if (is_missing(w, &pool.wishes[i])) {
            pool.wishes[missing++] = pool.wishes[i];
        }
    }
    if (code == 0 && missing > 0) {
        code = key_cache_load(w->keys, pool.wishes, missing);
        key_wishes_free(pool.wishes, missing);
    }
    if (out) {
        *out = (struct key_pool_count){pool.count, missing};
    }
    free(pool.wishes);
    return code;
}
