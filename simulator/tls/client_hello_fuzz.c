// SPDX-License-Identifier: MIT
#include "simulator/tls/client_hello.h"
#include "simulator/tls/offer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client_hello hello;
    struct offer_text text;
    if (client_hello_read(span_of(data, size), &hello) <= 0) {
        return 0;
    }
    if (hello.sni[sizeof hello.sni - 1] != '\0' || hello.alpn[sizeof hello.alpn - 1] != '\0') {
        __builtin_trap();
    }
    for (size_t i = 0; i < offer_rule_count(); i++) {
        if (offer_judge(&hello, i).verdict > OFFER_FAIL) {
            __builtin_trap();
        }
    }
    if (offer_describe(&hello, &text) == 0 && strlen(text.ja3) != 32) {
        __builtin_trap();
    }
    return 0;
}
