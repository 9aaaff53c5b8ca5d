// SPDX-License-Identifier: MIT
#include "harness/report/packets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct packet_index *index = NULL;
    if (packets_read(span_of(data, size), &index) == 0) {
        packets_number_at(index, "10.9.0.2:40000", 1, 2);
    }
    packets_free(index);
    return 0;
}
