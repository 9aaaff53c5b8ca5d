// SPDX-License-Identifier: MIT
#include "certs/summary.h"
#include "base/error.h"
#include "certs/workshop.h"

#include <string.h>

static int fail_with(const struct diag_list *diags)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    TRY(diag_print(diags, &text));
    FAIL(ERR_SYNTAX, "%.*s", SPAN_ARG(span_trim(buf_span(&text))));
}

int recipe_summary_read(struct workshop *w, const char *name, struct recipe_summary *out)
{
    struct recipe *recipe = NULL;
    struct diag_list diags;
    *out = (struct recipe_summary){0};
    diag_init(&diags);
    int code = workshop_read_recipe(w, name, &recipe, &diags);
    code = code == ERR_SYNTAX ? fail_with(&diags) : code;
    if (code == 0) {
        span_copy_text(span_text(recipe->name), out->name, sizeof out->name);
        span_copy_text(span_text(recipe->facts.about), out->about, sizeof out->about);
        out->facts = recipe->facts;
        out->sent_count = recipe->send_count;
        out->trusted_count = recipe->trust_count;
    }
    recipe_free(recipe);
    diag_deinit(&diags);
    return code;
}
