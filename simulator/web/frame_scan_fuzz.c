// SPDX-License-Identifier: MIT
// Cut anywhere, the same bytes must give the same answer.
#include "simulator/web/frame_scan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame_scan whole = {0};
    struct frame_scan cut = {0};
    size_t good = frame_scan_frames(&whole, span_of(data, size));
    size_t good_cut = 0;
    for (size_t i = 0; i < size && !cut.has_violation; i++) {
        good_cut += frame_scan_frames(&cut, span_of(data + i, 1));
    }
    if (good != good_cut || whole.has_violation != cut.has_violation || good > size) {
        abort();
    }
    struct frame_scan head = {0};
    frame_scan_head(&head, span_of(data, size));
    return 0;
}
