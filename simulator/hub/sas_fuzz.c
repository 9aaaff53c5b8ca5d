// SPDX-License-Identifier: MIT
#include "simulator/hub/sas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sas_token token;
    struct span text = span_of(data, size);
    char out[64];
    bool is_signed = false;
    (void)sas_redacted(text, out, sizeof out);
    if (sas_parse(text, &token) < 0) {
        return 0;
    }
    int code =
        sas_is_signed_with(&token, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", &is_signed);
    if ((code == 0 && is_signed) || token.expires_us < 0) {
        __builtin_trap(); // a signature out of nothing
    }
    (void)sas_resource_covers(token.resource, SPAN_LITERAL("h"), SPAN_LITERAL("d"),
                              SPAN_LITERAL("m"));
    (void)sas_resource_print(token.resource, out, sizeof out);
    return 0;
}
