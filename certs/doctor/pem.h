// SPDX-License-Identifier: MIT
// A PEM reader that forgives nothing silently: it finds the blocks of a text even where every real
// reader gives up, and says for each one what is unusual about its form and at which byte.
//
//     struct pem_text pem;
//     TRY(pem_read(&view, &pem));
//     for (size_t i = 0; i < pem.count; i++) { use(&pem.blocks[i]); }
//     pem_deinit(&pem);
#pragma once
#include "certs/doctor/text_view.h"

enum pem_form {
    FORM_LABEL_OTHER, // "CA CERTIFICATE" and the like
    FORM_LABEL_X509,
    FORM_LABEL_TRUSTED,
    FORM_LOWER_CASE,
    FORM_DASHES,      // other than five
    FORM_TYPOGRAPHIC, // en and em dashes
    FORM_NO_END,
    FORM_BAD_CHARACTER,
    FORM_SHORT_BODY, // base64 or DER ends early, or is no DER
    FORM_PLACEHOLDER,
    FORM_BACKSLASH_N,
    FORM_QUOTES,
    FORM_NO_NEWLINES,
    FORM_CRLF,
    FORM_CR_ONLY,
    FORM_INDENTED,
    FORM_TRAILING_BLANKS,
    FORM_BEGIN_BLANKS, // two or more between BEGIN and the line end
    FORM_JOINED,       // BEGIN on the line of the END before it
    // of the whole text
    FORM_NO_FINAL_NEWLINE,
    FORM_BOM,
    FORM_UTF16,
    FORM_HTML,
    FORM_EMPTY,
    FORM_LEADING_NUL,
    FORM_DER,
    FORM_COUNT
};

struct pem_block {
    struct span label;
    size_t begin; // offset of the first dash of BEGIN
    size_t body;
    size_t end;                 // behind the block
    unsigned forms;             // bit per pem_form
    size_t form_at[FORM_COUNT]; // offset of the first place, where the bit is set
    bool is_encrypted;          // Proc-Type: 4,ENCRYPTED
    struct buf bytes;           // decoded, as far as it goes; secret when it is a key
};

struct pem_text {
    struct pem_block *blocks;
    size_t count;
    unsigned forms; // of the whole text
};

enum { PEM_BLOCKS_MOST = 4096 };

// ERR_NO_MEMORY; the text stays borrowed only during the call, labels borrow from it.
int pem_read(const struct text_view *view, struct pem_text *out) HR_NODISCARD;
void pem_deinit(struct pem_text *pem); // wipes the bytes
bool pem_has(const struct pem_block *block, enum pem_form form);
// CERTIFICATE, also under a wrong label; no key, no request.
bool pem_is_certificate(const struct pem_block *block);
bool pem_is_private_key(const struct pem_block *block);
