// SPDX-License-Identifier: MIT
// The .chain language: what a recipe file says, read into plain data, with every mistake named at
// its place. Making certificates out of it is chain.c's work. certs/README.md shows the language.
//
//     struct recipe *r;
//     int code = recipe_read(&source, "azure/digicert-g2", &r, &diags);
//     const struct recipe_cert *leaf = &r->certs[r->send[0]];
//     recipe_free(r);
#pragma once
#include "base/diag.h"
#include "base/line.h"
#include "certs/cert_write.h"
#include "certs/key_cache.h"

// The lines of a cert block, in the order in which their extensions stand in a certificate.
//     field             verb             words   what it takes
#define RECIPE_FIELD_TABLE(X)                                                                      \
    X(FIELD_SUBJECT, "subject", 1, 16, subject, "\"C=US\" \"O=...\" \"CN=...\"")                   \
    X(FIELD_KEY, "key", 2, 2, key, "KIND KEYNAME, as in 'key rsa2048 my-leaf'")                    \
    X(FIELD_ISSUER, "issuer", 1, 1, issuer, "the NAME of a cert block, or self")                   \
    X(FIELD_HASH, "hash", 1, 1, hash, "sha1, sha256, sha384 or sha512")                            \
    X(FIELD_SERIAL, "serial", 1, 2, serial, "hexadecimal digits, or 'random' and a byte count")    \
    X(FIELD_VALID, "valid", 2, 2, valid, "FROM TO, as in 'valid -30d +150d'")                      \
    X(FIELD_VALID_FROM, "valid-from", 1, 1, valid_from, "a date or a duration with a sign")        \
    X(FIELD_VALID_TO, "valid-to", 1, 1, valid_to, "a date or a duration with a sign")              \
    X(FIELD_AUTHORITY_KEY_ID, "authority-key-id", 0, 0, nothing, "nothing")                        \
    X(FIELD_SUBJECT_KEY_ID, "subject-key-id", 0, 0, nothing, "nothing")                            \
    X(FIELD_SAN, "san", 1, 63, san, "dns:NAME, ip:ADDRESS or {more.names}")                        \
    X(FIELD_POLICIES, "policies", 1, 63, oids, "object identifiers, as 2.23.140.1.2.2")            \
    X(FIELD_KEY_USAGE, "key-usage", 1, 10, key_usage, "usages, as digitalSignature")               \
    X(FIELD_EXTENDED_KEY_USAGE, "extended-key-usage", 1, 63, purposes, "purposes, as serverAuth")  \
    X(FIELD_CRL, "crl", 1, 63, urls, "URLs")                                                       \
    X(FIELD_OCSP, "ocsp", 1, 63, urls, "URLs")                                                     \
    X(FIELD_CA_ISSUERS, "ca-issuers", 1, 63, urls, "URLs")                                         \
    X(FIELD_CA, "ca", 1, 4, ca, "true or false, then 'pathlen' and a number, then 'critical'")

enum recipe_field {
#define X(field, verb, least, most, read, usage) field,
    RECIPE_FIELD_TABLE(X)
#undef X
        FIELD_COUNT
};

enum {
    RECIPE_CERTS_MOST = 32,
    RECIPE_RDNS_MOST = 16,
    RECIPE_LIST_MOST = 16,
    RECIPE_DEPTH_MOST = 8
};

struct recipe_date {
    bool is_relative; // `s` counts from the hub clock, else from 1970
    int64_t s;
};

struct recipe_words {
    const struct word *items; // borrowed from the recipe's scripts
    size_t count;
};

struct recipe_cert {
    struct span name;
    struct place at;                        // of the first `cert` line
    struct place given[FIELD_COUNT];        // where a field was given last; file NULL: not given
    bool is_critical[FIELD_COUNT];          // extensions only
    struct recipe_words words[FIELD_COUNT]; // of the fields that are lists
    struct name_part subject[RECIPE_RDNS_MOST]; // values may hold {hub.host}
    size_t subject_count;
    enum key_kind key_kind;
    struct span key_name;
    struct span issuer_name;
    size_t issuer; // index of a cert; its own for self
    enum cert_hash hash;
    uint8_t serial[CERT_SERIAL_BYTES_MOST];
    size_t serial_len_bytes;
    bool is_serial_made;
    struct recipe_date from, to;
    unsigned key_usage; // as extension_key_usage takes it
    bool is_ca;
    int path_length; // -1: none
};

struct recipe {
    char name[96];
    char about[200];
    struct recipe_cert certs[RECIPE_CERTS_MOST];
    size_t cert_count;
    size_t send[RECIPE_LIST_MOST], trust[RECIPE_LIST_MOST]; // indexes of certs
    size_t send_count, trust_count;
    struct line_script scripts[RECIPE_DEPTH_MOST]; // the file and those that it is based on
    size_t script_count;
};

// Where recipes come from. `open` fills the script like line_read does; on any other error than
// ERR_SYNTAX its error_text() says why. ERR_UNKNOWN_NAME when there is no such recipe.
struct recipe_source {
    void *ctx;
    int (*open)(void *ctx, const char *name, struct line_script *script, struct diag_list *diags);
};

// Read, merge what it is based on, and check. 0; ERR_SYNTAX with all mistakes in `diags`; or what
// source->open gave. *out is NULL unless 0 is returned. `name` is a recipe's name, or a path that
// holds a '/' and ends in ".chain", whose tail must be the name in the file.
int recipe_read(const struct recipe_source *source, const char *name, struct recipe **out,
                struct diag_list *diags) HR_NODISCARD;
void recipe_free(struct recipe *r); // NULL is allowed

bool recipe_name_is_path(const char *name);
// The dotted OID of an extended key usage: a known purpose's, or the word itself.
struct span recipe_purpose_oid(struct span word);

#define RECIPE_HUB_HOST   "{hub.host}"
#define RECIPE_MORE_NAMES "{more.names}"
// `text` with every {hub.host} replaced, appended to `out`.
int recipe_expand(struct span text, const char *hub_host, struct buf *out) HR_NODISCARD;

// For recipe.c: the rows of RECIPE_FIELD_TABLE.
struct recipe_field_row {
    const char *verb;
    size_t least, most; // words behind the verb, without "critical"
    int (*read)(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                size_t first, struct diag_list *diags);
    const char *usage;
};
extern const struct recipe_field_row recipe_fields[FIELD_COUNT];
