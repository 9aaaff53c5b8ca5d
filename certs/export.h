// SPDX-License-Identifier: MIT
// A trust bundle in the forms that devices want. Every export is read back and compared with what
// went in before it is handed out.
//
//     struct export_wish wish = {.format = EXPORT_C_ARRAY, .symbol = "hub_root"};
//     TRY(export_write(&roots, &wish, &out));
#pragma once
#include "certs/cert_list.h"

//     format              word        meaning
#define EXPORT_FORMAT_TABLE(X)                                                                     \
    X(EXPORT_PEM, "pem", "PEM text")                                                               \
    X(EXPORT_DER, "der", "DER; holds one certificate")                                             \
    X(EXPORT_C_ARRAY, "c-array", "C source: the PEM as bytes, with its NUL, and its length")       \
    X(EXPORT_C_STRING, "c-string", "C source: the PEM as a string")                                \
    X(EXPORT_H, "h", "quoted lines alone, to #include inside an initialiser")                      \
    X(EXPORT_ESP_IDF, "esp-idf", "ESP-IDF's x509_crt_bundle: subjects and keys, sorted")           \
    X(EXPORT_ZEPHYR, "zephyr", "lines for Zephyr's shell: cred buf ..., cred add ...")             \
    X(EXPORT_JKS, "jks", "Java key store")                                                         \
    X(EXPORT_BKS, "bks", "Bouncy Castle key store, version 2, as Android reads it")

enum export_format {
#define X(format, word, meaning) format,
    EXPORT_FORMAT_TABLE(X)
#undef X
        EXPORT_FORMAT_COUNT
};
extern const char *const export_format_words[EXPORT_FORMAT_COUNT];
extern const char *const export_format_meanings[EXPORT_FORMAT_COUNT];

struct export_wish {
    enum export_format format;
    const char *symbol;   // c-array, c-string: a C identifier
    const char *password; // jks, bks: ASCII; guards nothing but the store's integrity
    unsigned sec_tag;     // zephyr
    int64_t utc_s;        // jks, bks: when the entries were made
};

enum { EXPORT_BYTES_MOST = 1 << 24 };

// All certificates of the list, appended to `out`. ERR_VALUE: a symbol that C does not take, a
// password that is empty or not ASCII, no or an unreadable certificate, several for DER.
// ERR_INTERNAL: what was written does not read back.
int export_write(const struct cert_list *list, const struct export_wish *wish,
                 struct buf *out) HR_NODISCARD;

// What a file in this form holds: the DER of all its certificates one behind the other, or for
// esp-idf the subject Names and SubjectPublicKeyInfos. ERR_SYNTAX: not this form, damaged, or (key
// stores) another password.
int export_read(enum export_format format, struct span bytes, const char *password,
                struct buf *out) HR_NODISCARD;

bool export_is_symbol(const char *text); // a C identifier that is no keyword
