// SPDX-License-Identifier: MIT
#include "base/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line_script script;
    struct diag_list diags;
    diag_init(&diags);
    int code = line_parse("fuzz", span_of(data, size), &script, &diags);
    (void)code;
    for (size_t i = 0; i < script.count; i++) {
        struct buf joined;
        buf_init(&joined, LINE_FILE_BYTES_MOST);
        if (line_join(&script.lines[i], 0, &joined) < 0 || line_word(&script.lines[i], 0).ptr == NULL) {
            __builtin_trap();
        }
        buf_deinit(&joined);
    }
    line_deinit(&script);
    diag_deinit(&diags);
    return 0;
}
