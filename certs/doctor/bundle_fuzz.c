// SPDX-License-Identifier: MIT
// A trust bundle of any bytes, with each stack in turn: the first byte chooses.
#include "certs/doctor/doctor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doctor *d = NULL;
    uint8_t choice = size ? data[0] : 0;
    struct doctor_settings s = {.now_s = INT64_C(1795176000),
                                .stack = (enum doctor_stack)(choice % (STACK_COUNT + 1)),
                                .cloud = (enum doctor_cloud)(choice / 16 % (CLOUD_COUNT + 1))};
    struct doctor_input input = {.name = choice & 0x80 ? "client-cert.pem" : "ca.pem",
                                 .bytes = span_of(data + (size > 0), size - (size > 0))};
    if (doctor_new(&s, &d) < 0 || doctor_add(d, &input) < 0 || doctor_run(d) < 0) {
        abort();
    }
    doctor_free(d);
    return 0;
}
