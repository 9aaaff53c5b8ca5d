// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "certs/recipe.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// "a" is the input; "b" a sound recipe that it may be based on.
static int open_input(void *ctx, const char *name, struct line_script *script,
                      struct diag_list *diags)
{
    static const char base[] =
        "chain b\ncert leaf\nsubject CN=x\nkey p256 k\nissuer self\n"
        "hash sha256\nserial 01\nvalid -1d +1d\nend\nsend leaf\ntrust leaf\n";
    if (strcmp(name, "b") == 0) {
        return line_parse("b", span_text(base), script, diags);
    }
    return line_parse(name, *(struct span *)ctx, script, diags);
}

static void check_recipe(const struct recipe *r)
{
    for (size_t i = 0; i < r->send_count; i++) {
        if (r->send[i] >= r->cert_count) {
            __builtin_trap();
        }
    }
    for (size_t i = 0; i < r->cert_count; i++) {
        const struct recipe_cert *c = &r->certs[i];
        bool is_sound = c->issuer < r->cert_count && c->key_kind < KEY_KIND_COUNT &&
                        c->signing.hash < CERT_HASH_COUNT && c->subject.count <= RECIPE_RDNS_MOST &&
                        c->serial_len_bytes > 0 && key_name_is_good(c->key_name);
        if (!is_sound) {
            __builtin_trap();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    struct recipe_source source = {.ctx = &input, .open = open_input};
    struct recipe *recipe;
    struct diag_list diags;
    diag_init(&diags);
    int code = recipe_read(&source, "a", &recipe, &diags);
    if ((code == 0) != (recipe != NULL) || (code == ERR_SYNTAX && diags.count == 0)) {
        __builtin_trap();
    }
    if (recipe) {
        check_recipe(recipe);
    }
    recipe_free(recipe);
    diag_deinit(&diags);
    return 0;
}
