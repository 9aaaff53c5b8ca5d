// SPDX-License-Identifier: MIT
// Any bytes as an exported bundle; the first byte says in which form.
#include "certs/export.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out;
    if (size == 0) {
        return 0;
    }
    buf_init(&out, EXPORT_BYTES_MOST);
    int code = export_read((enum export_format)(data[0] % EXPORT_FORMAT_COUNT),
                           span_of(data + 1, size - 1), "changeit", &out);
    (void)code;
    buf_deinit(&out);
    return 0;
}
