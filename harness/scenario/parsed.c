// SPDX-License-Identifier: MIT
#include "harness/scenario/parsed.h"
#include "base/error.h"
#include "base/test.h"

static const char *const chains[] = {"azure/baltimore", "azure/digicert-g2", "bad/expired-leaf"};

int parsed_as(struct parsed *f, const char *file, const char *text)
{
    diag_init(&f->diags);
    buf_init(&f->printed, 1 << 20);
    int code = plan_parse(file, span_text(text), chains, HR_COUNT_OF(chains), &f->plan, &f->diags);
    assert_int_equal(diag_print(&f->diags, &f->printed), 0);
    return code;
}

int parsed_from(struct parsed *f, const char *text)
{
    return parsed_as(f, "suites/t/a.scn", text);
}

void parsed_release(struct parsed *f)
{
    plan_deinit(&f->plan);
    diag_deinit(&f->diags);
    buf_deinit(&f->printed);
}
