// SPDX-License-Identifier: MIT
#include "simulator/tls/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_hello hello;
    int code = client_hello_read(span_of(data, size), &hello);
    return code > 0 && hello.sni[sizeof hello.sni - 1] != '\0' ? -1 : 0;
}
