// SPDX-License-Identifier: MIT
#include "harness/scenario/explain.h"
#include "harness/scenario/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const chains[] = {"azure/digicert-g2"};
    struct plan plan;
    struct diag_list diags;
    struct buf out;
    diag_init(&diags);
    buf_init(&out, 1 << 22);
    int code = plan_parse("t/a.scn", span_of(data, size), chains, 1, &plan, &diags);
    // A plan without a mistake can be explained; one with a mistake says where.
    if (code == 0 && (plan_explain(&plan, &out) < 0 || plan_explain_json(&plan, &out) < 0)) {
        __builtin_trap();
    }
    if (code < 0 && diags.count + diags.dropped == 0 && size < LINE_FILE_BYTES_MOST) {
        __builtin_trap();
    }
    buf_deinit(&out);
    plan_deinit(&plan);
    diag_deinit(&diags);
    return 0;
}
