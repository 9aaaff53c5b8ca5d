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
#include "certs/facts.h"
#include "certs/key_cache.h"
#include "certs/patch.h"

// The lines of a cert block. From AUTHORITY_KEY_ID on they are extensions, in the order in which
// these stand in a certificate.
//     field             verb             words   what it takes
#define RECIPE_FIELD_TABLE(X)                                                                      \
    X(FIELD_SUBJECT, "subject", 1, 16, subject, "\"C=US\" \"O=...\" \"CN=...\", or none")          \
    X(FIELD_KEY, "key", 2, 2, key, "KIND KEYNAME, as in 'key rsa2048 my-leaf'")                    \
    X(FIELD_ISSUER, "issuer", 1, 1, issuer, "the NAME of a cert block, or self")                   \
    X(FIELD_HASH, "hash", 1, 2, hash, "md5, sha1, sha224, sha256, sha384 or sha512, then 'pss'")   \
    X(FIELD_SERIAL, "serial", 1, 2, serial,                                                        \
      "hexadecimal digits, 'random' and a byte count, or 'raw' and digits")                        \
    X(FIELD_VALID, "valid", 2, 2, valid, "FROM TO, as in 'valid -30d +150d'")                      \
    X(FIELD_VALID_FROM, "valid-from", 1, 1, valid_from, "a date or a duration with a sign")        \
    X(FIELD_VALID_TO, "valid-to", 1, 1, valid_to, "a date or a duration with a sign")              \
    X(FIELD_VERSION, "version", 1, 1, version, "1, 2 or 3")                                        \
    X(FIELD_DATE_FORM, "date-form", 1, 1, date_form, "by-year, generalized, no-seconds or offset") \
    X(FIELD_ISSUER_NAME, "issuer-name", 1, 16, issuer_name,                                        \
      "\"C=US\" \"O=...\" \"CN=...\" in place of the issuer's subject")                            \
    X(FIELD_INNER_HASH, "inner-hash", 1, 2, inner_hash, "a hash, as 'hash' does")                  \
    X(FIELD_PAD_TO, "pad-to", 1, 2, pad_to, "a count of bytes, then sct, san or unknown")          \
    X(FIELD_DUPLICATE, "duplicate", 1, 16, duplicate, "verbs of extensions, as san")               \
    X(FIELD_PATCH_TBS, "patch-tbs", 2, 3, patch, "what 'patch' takes")                             \
    X(FIELD_PATCH, "patch", 2, 3, patch,                                                           \
      "flip-bit OFFSET, truncate N, append HEX, byte OFFSET HEX, replace HEX HEX or garbage N")    \
    X(FIELD_REMOVE, "remove", 1, 16, remove, "verbs of a cert block, as san")                      \
    X(FIELD_AUTHORITY_KEY_ID, "authority-key-id", 0, 1, key_id, "nothing, or hexadecimal digits")  \
    X(FIELD_SUBJECT_KEY_ID, "subject-key-id", 0, 1, key_id, "nothing, or hexadecimal digits")      \
    X(FIELD_SAN, "san", 1, 63, san,                                                                \
      "dns:NAME, ip:ADDRESS, uri:URI, email:TEXT, raw:HEX, {more.names} or empty")                 \
    X(FIELD_POLICIES, "policies", 1, 63, oids, "object identifiers, as 2.23.140.1.2.2")            \
    X(FIELD_KEY_USAGE, "key-usage", 1, 10, key_usage, "usages, as digitalSignature")               \
    X(FIELD_EXTENDED_KEY_USAGE, "extended-key-usage", 1, 63, purposes, "purposes, as serverAuth")  \
    X(FIELD_CRL, "crl", 1, 63, urls, "URLs")                                                       \
    X(FIELD_OCSP, "ocsp", 1, 63, urls, "URLs")                                                     \
    X(FIELD_CA_ISSUERS, "ca-issuers", 1, 63, urls, "URLs")                                         \
    X(FIELD_CA, "ca", 1, 4, ca, "true or false, then 'pathlen' and a number, then 'critical'")     \
    X(FIELD_NAME_CONSTRAINTS, "name-constraints", 1, 63, subtrees,                                 \
      "permit:dns:NAME, exclude:dns:NAME, permit:ip:ADDRESS/BITS or exclude:ip:ADDRESS/BITS")      \
    X(FIELD_MUST_STAPLE, "must-staple", 0, 0, nothing, "nothing")                                  \
    X(FIELD_EXTENSION, "extension", 2, 2, extension,                                               \
      "an object identifier and the value as hexadecimal digits")

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
    RECIPE_DEPTH_MOST = 8,
    RECIPE_EXTENSIONS_MOST = 16,
    RECIPE_PATCHES_MOST = 8,
    RECIPE_KEY_ID_BYTES_MOST = 32,
    RECIPE_PAD_BYTES_MOST = 100000,
};

struct recipe_date {
    bool is_relative; // `s` counts from the hub clock, else from 1970
    int64_t s;
};

struct recipe_words {
    const struct word *items; // borrowed from the recipe's scripts
    size_t count;
};

// A name of a certificate as a recipe writes it; values may hold {hub.host} and its kin.
struct recipe_name {
    struct name_part parts[RECIPE_RDNS_MOST];
    size_t count;
};

// An extension that a recipe spells out.
struct recipe_extension {
    struct place at;
    struct span oid; // dotted
    struct span hex; // the value inside the OCTET STRING
    bool is_critical;
};

struct recipe_patch {
    struct place at;
    bool is_before_signing;
    struct patch patch;
};

enum recipe_filler { FILLER_SCT, FILLER_SAN, FILLER_UNKNOWN, FILLER_COUNT };
struct recipe_padding {
    size_t to_bytes; // 0: none
    enum recipe_filler filler;
};

struct recipe_key_id {
    uint8_t bytes[RECIPE_KEY_ID_BYTES_MOST];
    size_t len; // 0: derived from the key
};

struct recipe_cert {
    struct span name;
    struct place at;                        // of the first `cert` line
    struct place given[FIELD_COUNT];        // where a field was given last; file NULL: not given
    bool is_critical[FIELD_COUNT];          // extensions only
    bool is_doubled[FIELD_COUNT];           // extensions only: written twice
    struct recipe_words words[FIELD_COUNT]; // of the fields that are lists
    struct recipe_name subject, issuer_name_given;
    enum key_kind key_kind;
    struct span key_name;
    struct span issuer_name; // the issuer's cert block
    size_t issuer;           // index of a cert; its own for self
    struct cert_signing signing, inner_signing;
    uint8_t serial[CERT_SERIAL_GIVEN_BYTES_MOST];
    size_t serial_len_bytes;
    bool is_serial_made, is_serial_raw;
    int version;
    enum der_time_form date_form;
    struct recipe_date from, to;
    struct recipe_key_id subject_key_id, authority_key_id;
    unsigned key_usage; // as extension_key_usage takes it
    bool is_ca;
    int path_length; // -1: none
    struct recipe_padding padding;
    struct recipe_extension extensions[RECIPE_EXTENSIONS_MOST];
    size_t extension_count;
    struct recipe_patch patches[RECIPE_PATCHES_MOST];
    size_t patch_count;
};

struct recipe {
    char name[96];
    struct chain_facts facts;      // device_host as written, with {hub.host} in it
    struct recipe_padding padding; // of the Certificate message
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
// `text` with its braces filled in, appended to `out`: {hub.host}, {hub.HOST} (in capitals),
// {hub.domain} (what stands behind its first dot, or all of it) and {nul} (a byte 0).
int recipe_expand(struct span text, const char *hub_host, struct buf *out) HR_NODISCARD;
// What 'permit:dns:NAME' and its kin say. False when it is none of them.
struct recipe_subtree {
    bool is_excluded, is_address;
    struct span name;    // of dns
    uint8_t address[32]; // address and mask (RFC 5280 4.2.1.10)
    size_t address_len;
};
bool recipe_parse_subtree(struct span word, struct recipe_subtree *out);

// For recipe.c: the rows of RECIPE_FIELD_TABLE.
struct recipe_field_row {
    const char *verb;
    size_t least, most; // words behind the verb, without "critical"
    int (*read)(struct recipe_cert *c, enum recipe_field field, const struct line *line,
                size_t first, struct diag_list *diags);
    const char *usage;
};
extern const struct recipe_field_row recipe_fields[FIELD_COUNT];
// Whether a line may stand several times in a cert block.
bool recipe_field_repeats(enum recipe_field field);

// For recipe.c: the statements of recipe_facts.c, by number.
enum { RECIPE_FACTS = 8 };
struct fact_place {
    bool is_own;     // in the recipe itself, not in one that it is based on
    bool is_nearest; // no file nearer to the recipe says it, too
};
const char *recipe_fact_verb(size_t fact);
size_t recipe_find_fact(const struct line *line); // RECIPE_FACTS: none
int recipe_read_fact(struct recipe *r, size_t fact, const struct line *line,
                     struct fact_place place, struct diag_list *diags) HR_NODISCARD;
// 0, or the mistake when a line has not as many words behind its verb as it takes.
int recipe_check_count(const struct line *line, size_t words, size_t least, size_t most,
                       const char *usage, struct diag_list *diags) HR_NODISCARD;

// Readers that recipe_fields.c lends to recipe_special.c and recipe_facts.c, and the other way.
size_t recipe_known_word(const struct line *line, size_t i, const char *what,
                         const char *const *words, size_t count, struct diag_list *diags);
int recipe_read_signing(const struct line *line, size_t first, struct cert_signing *out,
                        struct diag_list *diags);
int recipe_check_template(const struct line *line, size_t i, struct diag_list *diags);
int recipe_read_padding(const struct line *line, size_t first, struct recipe_padding *out,
                        struct diag_list *diags);
#define X(field, verb, least, most, read, usage)                                                   \
    int recipe_read_##read(struct recipe_cert *c, enum recipe_field field,                         \
                           const struct line *line, size_t first, struct diag_list *diags);
RECIPE_FIELD_TABLE(X)
#undef X
