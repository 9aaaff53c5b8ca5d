// SPDX-License-Identifier: MIT
#include "certs/facts.h"

static const struct alert_row {
    uint8_t code;
    const char *word;
} alert_rows[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {21, "decryption_failed"},
    {22, "record_overflow"},
    {30, "decompression_failure"},
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {60, "export_restriction"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {111, "certificate_unobtainable"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {114, "bad_certificate_hash_value"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

const char *chain_verdict_word(enum chain_verdict verdict)
{
    static const char *const words[] = {"", "accept", "reject", "free"};
    return (size_t)verdict < HR_COUNT_OF(words) ? words[verdict] : "";
}

const char *chain_alert_word(unsigned code)
{
    for (size_t i = 0; i < HR_COUNT_OF(alert_rows); i++) {
        if (alert_rows[i].code == code) {
            return alert_rows[i].word;
        }
    }
    return NULL;
}

int chain_alert_code(struct span word)
{
    for (size_t i = 0; i < HR_COUNT_OF(alert_rows); i++) {
        if (span_equals_text(word, alert_rows[i].word)) {
            return alert_rows[i].code;
        }
    }
    return -1;
}
