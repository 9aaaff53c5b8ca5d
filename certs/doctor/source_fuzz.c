// SPDX-License-Identifier: MIT
// C sources, configuration and logs: the first byte chooses the file's name. The literals' values
// must have a line for every byte, and the code as many bytes as the source.
#include "certs/doctor/doctor.h"
#include "certs/doctor/literal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_literals(struct span source)
{
    struct literal_list list;
    if (literal_read(source, &list) < 0 || list.code.len != source.len) {
        abort();
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct literal *l = &list.items[i];
        if (l->lines.len != l->text.len * sizeof(uint32_t) || l->text.len > source.len) {
            abort();
        }
    }
    literal_deinit(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"certs.h", "main.c", "sdkconfig", "user_settings.h",
                                        "device.log"};
    struct doctor *d = NULL;
    struct doctor_settings s = {
        .now_s = INT64_C(1795176000), .stack = STACK_ANY, .cloud = CLOUD_ANY};
    struct doctor_input input = {.name = names[size ? data[0] % 5 : 0],
                                 .bytes = span_of(data + (size > 0), size - (size > 0))};
    check_literals(input.bytes);
    if (doctor_new(&s, &d) < 0 || doctor_add(d, &input) < 0 || doctor_run(d) < 0) {
        abort();
    }
    doctor_free(d);
    return 0;
}
