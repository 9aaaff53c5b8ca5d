// SPDX-License-Identifier: MIT
// Any bytes as a certificate file: read, shown in every way, exported. First byte: 0 = DER.
#include "certs/graph.h"
#include "certs/show.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_list list;
    struct buf out;
    struct show_settings settings = {.utc_s = 1795161645, .has_colour = true};
    struct span bytes = span_of(data, size);
    if (size == 0) {
        return 0;
    }
    cert_list_init(&list);
    buf_init(&out, 1 << 24);
    int code = data[0] == 0 ? cert_list_add_der(&list, span_from(bytes, 1), CERT_ROLE_SENT)
                            : cert_list_add_pem(&list, bytes, CERT_ROLE_TRUSTED);
    if (code == 0 && list.count < 8) {
        cert_list_find_signers(&list);
        code = show_print(&list, &settings, &out);
        code |= show_json(&list, settings.utc_s, &out);
        code |= graph_write(&list, settings.utc_s, &out);
    }
    buf_deinit(&out);
    cert_list_deinit(&list);
    return 0;
}
