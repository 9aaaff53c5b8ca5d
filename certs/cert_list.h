// SPDX-License-Identifier: MIT
// Certificates as facts: a chain, a bundle or any file of certificates, read once, with who signed
// whom found out by checking the signatures. What prints, draws or exports certificates starts
// here.
//
//     struct cert_list list;
//     cert_list_init(&list);
//     TRY(cert_list_add_file(&list, "root.pem"));
//     cert_list_find_signers(&list);
//     puts(list.items[0]->subject);
//     cert_list_deinit(&list);
#pragma once
#include "certs/chain.h"

#include <mbedtls/x509_crt.h>

enum cert_role { CERT_ROLE_FILE, CERT_ROLE_SENT, CERT_ROLE_TRUSTED };

enum cert_signer {
    SIGNER_ABSENT, // nobody in the list has the issuer's name
    SIGNER_SELF,
    SIGNER_FOUND, // signer_at
    SIGNER_WRONG, // the name is there, but the signature is not by that key
};

struct cert_facts {
    enum cert_role role;
    size_t number; // from 1, within its role
    struct buf der;
    bool is_readable;  // else only der, role, number and trouble are set
    char trouble[160]; // why mbedTLS cannot read it
    mbedtls_x509_crt crt;
    char subject[512], issuer[512];       // "C=US, O=..., CN=...", in encoded order
    char subject_cn[136], issuer_cn[136]; // the CN, or the whole name without one
    char key[24], hash[16];               // "RSA-4096", "SHA-384"
    char serial_hex[80];
    int64_t from_s, to_s;
    struct buf names;                // "dns:a.example\nip:10.0.0.1\n"
    bool has_constraints, is_ca;     // is_ca only with constraints
    int path_length;                 // -1: none
    char usages[200], purposes[300]; // words with blanks between; "" = no such extension
    char sha1_hex[41], sha256_hex[65];
    char unknown_critical[200]; // object identifiers with blanks between; stacks refuse these
    enum cert_signer signer;
    size_t signer_at;
};

struct cert_list {
    char name[96];            // of the recipe or the file
    char about[400];          // of the recipe, else ""
    struct chain_facts facts; // of the recipe, else empty
    struct cert_facts **items;
    size_t count;
};

enum { CERT_LIST_MOST = 4096, CERT_FILE_BYTES_MOST = 1 << 24 };

void cert_list_init(struct cert_list *list);
void cert_list_deinit(struct cert_list *list);
// A certificate that mbedTLS cannot read is added as unreadable. ERR_LIMIT, ERR_NO_MEMORY.
int cert_list_add_der(struct cert_list *list, struct span der, enum cert_role role) HR_NODISCARD;
// Every CERTIFICATE block of a text. ERR_SYNTAX: an open block or damaged base64, with its line.
int cert_list_add_pem(struct cert_list *list, struct span pem, enum cert_role role) HR_NODISCARD;
// PEM or DER. ERR_SYNTAX: no certificate in it; file errors.
int cert_list_add_file(struct cert_list *list, const char *path) HR_NODISCARD;
// What the server sends, then what the device trusts; with the recipe's name and about.
int cert_list_add_chain(struct cert_list *list, const struct chain *chain) HR_NODISCARD;
// Fill signer and signer_at of all.
void cert_list_find_signers(struct cert_list *list);

// The next CERTIFICATE block of *rest as DER (replaces `der`); *rest moves behind it.
// 1 = found, 0 = no more, ERR_SYNTAX.
int pem_next_certificate(struct span *rest, struct buf *der) HR_NODISCARD;
