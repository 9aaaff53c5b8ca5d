// SPDX-License-Identifier: MIT
// Topics, user names and register bodies of any bytes: the first byte chooses.
#include "simulator/dps/dps_private.h"
#include "simulator/dps/request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct span text = span_of(data + 1, size - 1);
    struct dps_request request;
    struct dps_username username;
    char *payload = NULL;
    switch (data[0] % 3) {
    case 0:
        if (dps_request_parse(text, &request) == 0 && request.rid.len == 0) {
            abort();
        }
        break;
    case 1:
        if (dps_username_parse(text, &username) == 0 &&
            !dps_id_is_valid(username.registration_id)) {
            abort();
        }
        break;
    default:
        if (dps_body_read(text, "bench-01", &payload) < 0 && payload) {
            abort();
        }
        free(payload);
    }
    return 0;
}
