// SPDX-License-Identifier: MIT
#include "certs/facts.h"
#include "simulator/tls/engine.h"

#include <stdio.h>

const char *tls_alert_name(uint8_t code, char scratch[16])
{
    const char *word = chain_alert_word(code);
    if (word) {
        return word;
    }
    snprintf(scratch, 16, "alert %d", code);
    return scratch;
}
