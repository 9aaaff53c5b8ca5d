// SPDX-License-Identifier: MIT
// A ClientHello judged: what of it IoT Hub takes today, and what it will not take for ever. One row
// per requirement; a fingerprint tells stacks apart.
//
//     struct offer_text text;
//     TRY(offer_describe(&hello, &text));                      // lists of names
//     for (size_t i = 0; i < offer_rule_count(); i++) {
//         struct offer_judgement j = offer_judge(&hello, i);   // "no-aead: warn, ..."
//     }
#pragma once
#include "simulator/tls/client_hello.h"

enum { OFFER_LIST_BYTES = 1500, OFFER_JA3_BYTES = 33 };

struct offer_text {
    char versions[64]; // "1.3,1.2"
    char suites[OFFER_LIST_BYTES];
    char groups[400];
    char signatures[700];
    char ja3[OFFER_JA3_BYTES]; // 32 hex digits: MD5 over versions, suites, extensions, groups
};

// Names in the order of the hello, with commas between; GREASE is left out. ERR_CRYPTO,
// ERR_NO_MEMORY.
int offer_describe(const struct client_hello *hello, struct offer_text *out) HR_NODISCARD;
// The text that the fingerprint is taken of (salesforce/ja3), "771,49195-49199,0-23,29-23,0".
int offer_print_ja3(const struct client_hello *hello, struct buf *out) HR_NODISCARD;

enum offer_verdict { OFFER_OK, OFFER_WARN, OFFER_FAIL };
const char *offer_verdict_word(enum offer_verdict verdict); // "ok", "warn", "fail"

struct offer_judgement {
    const char *rule;        // "tls-1.2"
    const char *requirement; // what is asked for
    enum offer_verdict verdict;
    const char *why; // one sentence; of OFFER_OK that it is met
};

size_t offer_rule_count(void);
struct offer_judgement offer_judge(const struct client_hello *hello, size_t rule);
