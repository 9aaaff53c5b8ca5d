// SPDX-License-Identifier: MIT
#include "certs/doctor/stack.h"

#include <string.h>

struct form_row {
    const char answers[STACK_COUNT + 1]; // in the order of DOCTOR_STACKS: y, n, ? = not measured
    const char *error;
};

static const struct form_row rows[FORM_COUNT] = {
    [FORM_LABEL_OTHER] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_LABEL_X509] = {"nnynyy?", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_LABEL_TRUSTED] = {"nnynnn?", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_LOWER_CASE] = {"nnnnnyn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_DASHES] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_TYPOGRAPHIC] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_NO_END] = {"nnnnnnn", "mbedTLS -0x2780"},
    [FORM_BAD_CHARACTER] = {"nnnnnnn", "mbedTLS -0x112c, wolfSSL -132"},
    [FORM_SHORT_BODY] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -140"},
    [FORM_PLACEHOLDER] = {"nnnnnnn", "mbedTLS -0x2180 or -0x112c"},
    [FORM_BACKSLASH_N] = {"nnnnnnn", "mbedTLS -0x2780"},
    [FORM_QUOTES] = {"nnnnnnn", "mbedTLS -0x2780"},
    [FORM_NO_NEWLINES] = {"nnnyyn?", "mbedTLS -0x2780"},
    [FORM_CRLF] = {"yyyyyn?", ""},
    [FORM_CR_ONLY] = {"nnnnyn?", "mbedTLS -0x2780, wolfSSL -132"},
    [FORM_INDENTED] = {"nnnyyn?", "mbedTLS -0x112c"},
    [FORM_TRAILING_BLANKS] = {"yyyyyn?", ""},
    [FORM_BEGIN_BLANKS] = {"nny?y??", "mbedTLS -0x2780"},
    [FORM_JOINED] = {"yynyyn?", ""},
    [FORM_NO_FINAL_NEWLINE] = {"yyyyyn?", ""},
    [FORM_BOM] = {"yyyyyn?", ""},
    [FORM_UTF16] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_HTML] = {"nnnnnnn", "mbedTLS -0x2180, wolfSSL -162"},
    [FORM_EMPTY] = {"nnnnnnn", "mbedTLS -0x2180"},
    [FORM_LEADING_NUL] = {"nnnnynn", "mbedTLS -0x2180"},
    [FORM_DER] = {"yynnnn?", "wolfSSL -162"},
};

static const char *const names[STACK_COUNT] = {
    [STACK_MBEDTLS_228] = "mbedTLS 2.28",
    [STACK_MBEDTLS_36] = "mbedTLS 3.6",
    [STACK_OPENSSL] = "OpenSSL",
    [STACK_WOLFSSL] = "wolfSSL",
    [STACK_GNUTLS] = "GnuTLS",
    [STACK_BEARSSL] = "BearSSL",
    [STACK_MODEM] = "the modem",
};

enum stack_answer stack_reads_form(enum doctor_stack stack, enum pem_form form)
{
    char answer = rows[form].answers[stack];
    return answer == 'y' ? STACK_READS : answer == 'n' ? STACK_REFUSES : STACK_UNKNOWN;
}

const char *stack_name(enum doctor_stack stack)
{
    return stack < STACK_COUNT ? names[stack] : "any stack";
}

const char *stack_names(enum pem_form form, enum stack_answer answer, char out[128])
{
    out[0] = '\0';
    for (enum doctor_stack s = 0; s < STACK_MODEM; s++) {
        // both versions of mbedTLS answer alike in every row
        if (s == STACK_MBEDTLS_36 || stack_reads_form(s, form) != answer) {
            continue;
        }
        strcat(out, out[0] ? ", " : "");
        strcat(out, s == STACK_MBEDTLS_228 ? "mbedTLS" : names[s]);
    }
    return out;
}

const char *stack_error(enum pem_form form)
{
    return rows[form].error;
}

static enum stack_answer answer_for(enum doctor_stack stack, unsigned forms)
{
    enum stack_answer result = STACK_READS;
    for (enum pem_form f = 0; f < FORM_COUNT; f++) {
        if (!(forms & 1u << f) || f == FORM_DER) {
            continue;
        }
        enum stack_answer one = stack_reads_form(stack, f);
        if (one == STACK_REFUSES) {
            return one;
        }
        result = one == STACK_UNKNOWN ? one : result;
    }
    return result;
}

// A reader that goes by the exact words -----BEGIN CERTIFICATE----- never sees these at all.
static bool is_invisible(unsigned forms)
{
    return forms & (1u << FORM_LABEL_OTHER | 1u << FORM_LABEL_X509 | 1u << FORM_LABEL_TRUSTED |
                    1u << FORM_LOWER_CASE | 1u << FORM_DASHES | 1u << FORM_TYPOGRAPHIC);
}

int stack_loads(enum doctor_stack stack, const struct pem_text *pem)
{
    int loaded = 0;
    bool is_all_or_nothing =
        stack == STACK_OPENSSL || stack == STACK_GNUTLS || stack == STACK_BEARSSL;
    if (answer_for(stack, pem->forms) == STACK_REFUSES) {
        return -1;
    }
    if (answer_for(stack, pem->forms) == STACK_UNKNOWN) {
        return -2;
    }
    for (size_t i = 0; i < pem->count; i++) {
        const struct pem_block *b = &pem->blocks[i];
        if (!pem_is_certificate(b)) {
            continue;
        }
        enum stack_answer answer = answer_for(stack, b->forms);
        if (answer == STACK_UNKNOWN) {
            return -2;
        }
        // BearSSL looks for the next BEGIN at the start of a line only
        bool is_skipped = stack == STACK_BEARSSL && pem_has(b, FORM_JOINED);
        is_skipped = is_skipped || is_invisible(b->forms);
        if (answer == STACK_REFUSES && is_all_or_nothing && !is_skipped) {
            return -1;
        }
        loaded += answer == STACK_READS;
    }
    return loaded ? loaded : -1;
}
