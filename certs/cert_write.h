// SPDX-License-Identifier: MIT
// Writes X.509 certificates (RFC 5280) as DER, sound ones and ones that are wrong on purpose. Own
// code, because mbedTLS 2.28's writer has no PrintableString, no SAN and no way to a wrong
// certificate; it only signs.
#pragma once
#include "base/span.h"
#include "certs/der.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>

//     hash  word  mbedTLS  the hash itself  RSA signature  ECDSA signature (NULL: there is none)
#define CERT_HASH_TABLE(X)                                                                         \
    X(CERT_MD5, "md5", MBEDTLS_MD_MD5, "1.2.840.113549.2.5", "1.2.840.113549.1.1.4", NULL)         \
    X(CERT_SHA1, "sha1", MBEDTLS_MD_SHA1, "1.3.14.3.2.26", "1.2.840.113549.1.1.5",                 \
      "1.2.840.10045.4.1")                                                                         \
    X(CERT_SHA224, "sha224", MBEDTLS_MD_SHA224, "2.16.840.1.101.3.4.2.4", "1.2.840.113549.1.1.14", \
      "1.2.840.10045.4.3.1")                                                                       \
    X(CERT_SHA256, "sha256", MBEDTLS_MD_SHA256, "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", \
      "1.2.840.10045.4.3.2")                                                                       \
    X(CERT_SHA384, "sha384", MBEDTLS_MD_SHA384, "2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", \
      "1.2.840.10045.4.3.3")                                                                       \
    X(CERT_SHA512, "sha512", MBEDTLS_MD_SHA512, "2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", \
      "1.2.840.10045.4.3.4")

enum cert_hash {
#define X(hash, word, md, own, rsa, ecdsa) hash,
    CERT_HASH_TABLE(X)
#undef X
        CERT_HASH_COUNT
};
extern const char *const cert_hash_words[CERT_HASH_COUNT];

// How a signature is made: the issuer's key says whether it is RSA or ECDSA.
struct cert_signing {
    enum cert_hash hash;
    bool is_pss; // RSASSA-PSS (RFC 4055), salt as long as the hash; RSA keys only
};

enum {
    CERT_SERIAL_BYTES_MOST = 20,       // RFC 5280 4.1.2.2
    CERT_SERIAL_GIVEN_BYTES_MOST = 64, // of a serial that is too long on purpose
    CERT_DER_BYTES_MOST = 1 << 18,
    KEY_ID_BYTES = 20
};

struct cert_plan {
    int version;                 // 1 to 3; 0 means 3. Version 1 has no extensions
    struct span subject, issuer; // DER Names
    mbedtls_pk_context *subject_key;
    mbedtls_pk_context *issuer_key; // with its private part
    struct cert_signing signing;
    const struct cert_signing *inner_signing; // what the TBSCertificate says instead, or NULL
    struct span serial;                       // big-endian; used when serial_made_bytes is 0
    bool is_serial_raw;       // `serial` is the INTEGER's content as it stands: sign and all
    size_t serial_made_bytes; // 1 to CERT_SERIAL_BYTES_MOST: derived from everything else in the
                              // certificate, so that the same plan gives the same serial
    int64_t from_s, to_s;     // UTC seconds, not checked for order
    enum der_time_form time_form;
    struct span extensions; // concatenated Extension values; may be empty
    bool is_draft;          // for its size alone: RSA signatures, which take long, are left blank
    // Called on the finished TBSCertificate before it is signed; NULL: nothing to do.
    int (*edit)(void *ctx, struct buf *tbs);
    void *edit_ctx;
};

struct name_part {
    struct span oid; // dotted
    struct span value;
    uint8_t tag; // a DER string type; 0: PrintableString if the letters allow it, else UTF8String
};
// A Name with one RDN per part, in this order.
int cert_write_name(const struct name_part *parts, size_t count, struct buf *out) HR_NODISCARD;

// An extension's frame: open, write the value, close.
struct extension_marks {
    size_t extension, value;
};
struct extension_marks extension_open(struct der *d, struct span oid, bool is_critical);
void extension_close(struct der *d, struct extension_marks marks);

// BasicConstraints; no path length when it is negative. KeyUsage; bit i of `bits` is the bit i of
// RFC 5280 4.2.1.3 (0 = digitalSignature).
void extension_basic_constraints(struct der *d, bool is_critical, bool is_ca, int path_length);
void extension_key_usage(struct der *d, bool is_critical, unsigned bits);

// SHA-1 of the public key's bits (RFC 5280 4.2.1.2, method 1).
int cert_key_id(mbedtls_pk_context *pk, uint8_t out[KEY_ID_BYTES]) HR_NODISCARD;

// Whether keys of this type sign so: no ECDSA with MD5, no PSS without RSA.
bool cert_can_sign(bool is_rsa, const struct cert_signing *signing);
// The certificate's DER, appended to `out`. ERR_CRYPTO, ERR_VALUE (dates, signing), the buf's
// errors, those of plan->edit.
int cert_write(const struct cert_plan *plan, mbedtls_ctr_drbg_context *random,
               struct buf *out) HR_NODISCARD;
int cert_write_pem(struct span der, struct buf *out) HR_NODISCARD;
