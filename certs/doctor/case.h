// SPDX-License-Identifier: MIT
// The case that the doctor works on: everything the inputs turned out to hold. gather.c fills it,
// each rules_*.c reads it and says its findings. Errors (memory, crypto) stick in `code`.
#pragma once
#include "certs/doctor/doctor.h"
#include "certs/doctor/known_roots.h"
#include "certs/doctor/literal.h"
#include "certs/doctor/pem.h"

#include <mbedtls/x509_crt.h>

enum role {
    ROLE_UNKNOWN,
    ROLE_TRUST,  // what the device trusts the hub with
    ROLE_DEVICE, // what the device shows
    ROLE_CHAIN,  // CA certificates in the file of the device's own certificate
};

enum input_kind {
    INPUT_PEM,
    INPUT_DER,
    INPUT_PKCS12,
    INPUT_BINARY, // something that holds PEM or DER: a flash dump
    INPUT_SOURCE, // C, with or without literals of interest
    INPUT_CONFIG, // .config style
    INPUT_CONNECTION,
    INPUT_TOKEN,
    INPUT_ID_SCOPE,
    INPUT_LOG,
    INPUT_NOTHING, // empty, HTML, UTF-16, unreadable
};

struct input {
    char *name;
    struct buf bytes;
    enum input_kind kind;
    bool is_text;
    bool is_world_readable;
    bool is_of_folder;
    struct literal_list literals; // of sources
};

struct doctor_place {
    const char *file;
    int line;
};

// A file or literal that holds certificates or keys.
struct piece {
    const struct input *input;
    struct text_view view;
    struct pem_text pem;
    enum role hint; // by its names
    bool holds_key;
};

struct cert {
    const struct piece *piece;
    struct doctor_place at;
    struct buf der;
    mbedtls_x509_crt crt; // only when is_parsed
    bool is_parsed;
    int strict_error; // of mbedTLS without our leniency; 0: it takes it
    char odd_oid[64]; // an extension that mbedTLS does not know and must not skip; "" when none
    uint8_t sha1[20];
    uint8_t sha256[32];
    char name[128]; // common name, or the organization's when there is none
    char organization[128];
    char issuer[128];
    size_t name_count; // of common names
    int64_t from_s, to_s;
    bool is_ca;
    bool is_self_issued;
    bool is_altered; // self-issued, and its own signature is wrong
    bool has_eku, has_client_auth, has_server_auth;
    const struct known_root *known;   // this is the root
    const struct known_root *claimed; // its subject says so
    bool is_damaged;                  // its PEM form is broken; what could be read is here
    bool is_glued;                    // a further DER certificate behind the first: loaders skip it
    bool is_twice;
    enum role role;
};

enum key_content {
    CONTENT_PKCS1,
    CONTENT_PKCS8,
    CONTENT_SEC1,
    CONTENT_ENCRYPTED,
    CONTENT_OPENSSH,
    CONTENT_PUBLIC,
    CONTENT_OTHER,
};

struct key {
    const struct piece *piece;
    struct doctor_place at;
    enum key_content content;
    char label[48];
    bool is_labelled; // PEM
    bool is_ed25519;
    bool has_pk;
    mbedtls_pk_context pk;
};

// All spans borrow from the input or literal.
struct connection {
    struct doctor_place at;
    const char *symbol; // the C name that holds it, or ""
    struct span text;
    struct span host, device, module, gateway, key, key_name, signature, x509;
};

struct token {
    struct doctor_place at;
    const char *symbol;
    struct span text; // as given
    struct span sr, sig, se, skn;
    bool has_prefix;
};

enum config_kind { CONFIG_OTHER, CONFIG_MBEDTLS, CONFIG_WOLFSSL, CONFIG_KCONFIG };

// #define NAME VALUE, //#define NAME, CONFIG_NAME=value, # CONFIG_NAME is not set
struct setting {
    const struct input *input;
    struct doctor_place at;
    struct span name; // without CONFIG_
    struct span value;
    bool is_off;
    enum config_kind kind;
};

struct doctor {
    struct doctor_settings settings; // texts are owned
    enum doctor_cloud cloud;         // never CLOUD_ANY once gathered
    struct span host;                // of the settings, else of a connection string or token
    struct span device;
    int code;
    struct input **inputs;
    size_t input_count;
    struct piece **pieces;
    size_t piece_count;
    struct cert **certs;
    size_t cert_count;
    struct key **keys;
    size_t key_count;
    struct connection **connections;
    size_t connection_count;
    struct token **tokens;
    size_t token_count;
    struct setting **settings_read;
    size_t setting_count;
    bool is_config_whole[CONFIG_KCONFIG + 1]; // what is not named is off
    struct doctor_finding *findings;
    size_t finding_count;
    char **rights;
    size_t right_count;
    char **outlooks;
    size_t outlook_count;
    struct doctor_date *dates;
    size_t date_count;
};

// Findings. `as` is 0 for the rule's usual severity.
enum { AS_USUAL, AS_INFO, AS_WARNING, AS_ERROR };
struct remark {
    enum doctor_rule rule;
    int as;
    struct doctor_place at;
    const char *shows; // may be NULL
    const char *fix;
};
void case_say(struct doctor *d, const struct remark *remark, const char *format, ...)
    HR_PRINTF(3, 4);
void case_right(struct doctor *d, const char *format, ...) HR_PRINTF(2, 3);
void case_outlook(struct doctor *d, const char *format, ...) HR_PRINTF(2, 3);
void case_date(struct doctor *d, int64_t at_s, const char *format, ...) HR_PRINTF(3, 4);

// Text from outside for a message: at most 60 bytes, control characters as '?', and a run that
// could be a key as "(44 characters)". `out` holds 96 bytes.
const char *case_quote(struct span text, char out[96]);
const char *case_day(int64_t utc_s, char out[32]); // "2025-05-12"
// "ca.pem" or "certs.h ca_cert": what to call a piece in a sentence.
struct doctor_place case_place(const struct piece *piece, size_t offset);
bool case_is_mbedtls(const struct doctor *d); // one of its stacks was named

// gather.c
int gather_input(struct doctor *d, struct input *input) HR_NODISCARD;
int case_keep_connection(struct doctor *d, const struct connection *c) HR_NODISCARD;
int case_keep_token(struct doctor *d, const struct token *t) HR_NODISCARD;
int case_keep_setting(struct doctor *d, const struct setting *s) HR_NODISCARD;
// recognise.c
enum input_kind recognise(const char *name, struct span bytes, bool is_text);
void gather_roles(struct doctor *d); // after the last input
// cert_facts.c, key_facts.c: NULL and the code in d->code on failure.
struct cert *cert_read(struct doctor *d, struct span der);
void cert_free(struct cert *cert);
bool cert_issued(const struct cert *issuer, const struct cert *cert); // name and signature
bool cert_is_named_issuer(const struct cert *issuer, const struct cert *cert);
bool cert_is_root(const struct cert *cert); // a self-issued CA that is whole and not glued
struct key *key_read(struct doctor *d, struct span label, struct span der, bool is_encrypted);
void key_free(struct key *key);
bool key_fits(const struct key *key, const struct cert *cert);
// settings_text.c
int settings_read(struct doctor *d, const struct input *input) HR_NODISCARD;
// The last setting of that name, with or without CONFIG_; NULL when none.
const struct setting *setting_find(const struct doctor *d, const char *name);
enum setting_state { SETTING_UNKNOWN, SETTING_OFF, SETTING_ON };
enum setting_state setting_state(const struct doctor *d, enum config_kind kind, const char *name);
bool setting_number(const struct setting *s, uint64_t *out);
// connection.c, token_text.c
int connection_read(struct doctor *d, struct doctor_place at, const char *symbol,
                    struct span text) HR_NODISCARD;
int token_read(struct doctor *d, struct doctor_place at, const char *symbol,
               struct span text) HR_NODISCARD;
bool token_is_dps(const struct token *t);

// The families.
void rules_form(struct doctor *d);
void rules_trust(struct doctor *d);
void rules_device(struct doctor *d);
void rules_key(struct doctor *d);
void rules_build(struct doctor *d);
void rules_source(struct doctor *d);
void rules_clock(struct doctor *d);
void rules_connection(struct doctor *d);
void rules_token(struct doctor *d);
void rules_dps(struct doctor *d);
void rules_log(struct doctor *d);
void predict(struct doctor *d);

// What several families ask.
bool case_source_has(const struct doctor *d, const char *word); // outside comments and strings
bool case_has_trust(const struct doctor *d); // some input was meant as trust anchors
bool case_is_dps(const struct doctor *d);
bool case_is_own_root(const struct cert *cert);   // a test CA: says so in its name
unsigned case_known_mask(const struct doctor *d); // usable known roots, bit per known_root_id
