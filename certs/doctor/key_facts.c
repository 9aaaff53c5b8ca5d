// SPDX-License-Identifier: MIT
// What kind of key this is, whatever its label says. Nothing of the key is ever shown.
#include "base/error.h"
#include "certs/doctor/case.h"
#include "certs/doctor/der_read.h"

#include <mbedtls/pk.h>
#include <stdlib.h>
#include <string.h>

static bool is_oid(struct span algorithm, const char *dotted)
{
    struct der_item oid;
    char text[64];
    return der_next(&algorithm, &oid) && oid.tag == 0x06 &&
           strcmp(der_oid_text(oid.value, text, sizeof text), dotted) == 0;
}

// By the outermost elements: RFC 8017 A.1.2, RFC 5958 2, RFC 5915 3, RFC 5280 4.1.
static enum key_content content_of(struct span der, bool *is_ed25519)
{
    struct der_item outer;
    struct der_item first;
    struct der_item second;
    if (!der_next(&der, &outer) || outer.tag != 0x30) {
        return CONTENT_OTHER;
    }
    struct span rest = outer.value;
    if (!der_next(&rest, &first) || !der_next(&rest, &second)) {
        return CONTENT_OTHER;
    }
    if (first.tag == 0x02 && first.value.len == 1 && second.tag == 0x30) {
        *is_ed25519 = is_oid(second.value, "1.3.101.112");
        return CONTENT_PKCS8;
    }
    if (first.tag == 0x02 && second.tag == 0x02) {
        return first.value.len == 1 ? CONTENT_PKCS1 : CONTENT_PUBLIC; // the modulus comes first
    }
    if (first.tag == 0x02 && second.tag == 0x04) {
        return CONTENT_SEC1;
    }
    if (first.tag == 0x30 && second.tag == 0x03) {
        *is_ed25519 = is_oid(first.value, "1.3.101.112");
        return CONTENT_PUBLIC;
    }
    return first.tag == 0x30 && second.tag == 0x04 ? CONTENT_ENCRYPTED : CONTENT_OTHER;
}

static bool parse_bare(mbedtls_pk_context *pk, struct span der, enum key_content content)
{
    if (content == CONTENT_PUBLIC) {
        return mbedtls_pk_parse_public_key(pk, der.ptr, der.len) == 0;
    }
    return mbedtls_pk_parse_key(pk, der.ptr, der.len, NULL, 0) == 0;
}

struct key *key_read(struct doctor *d, struct span label, struct span der, bool is_encrypted)
{
    struct key *key = calloc(1, sizeof *key);
    if (!key) {
        d->code = error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
        return NULL;
    }
    mbedtls_pk_init(&key->pk);
    key->content = content_of(der, &key->is_ed25519);
    key->is_labelled = label.len > 0;
    span_copy_text(label, key->label, sizeof key->label);
    if (is_encrypted) {
        key->content = CONTENT_ENCRYPTED;
    }
    if (text_has(label, "OPENSSH")) {
        key->content = CONTENT_OPENSSH;
    }
    bool is_open = key->content <= CONTENT_SEC1 || key->content == CONTENT_PUBLIC;
    key->has_pk = is_open && parse_bare(&key->pk, der, key->content);
    return key;
}

void key_free(struct key *key)
{
    if (key) {
        mbedtls_pk_free(&key->pk);
        free(key);
    }
}

bool key_fits(const struct key *key, const struct cert *cert)
{
    return key->has_pk && key->content != CONTENT_PUBLIC && cert->is_parsed &&
           mbedtls_pk_check_pair(&cert->crt.pk, &key->pk) == 0;
}
