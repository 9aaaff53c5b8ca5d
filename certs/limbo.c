// SPDX-License-Identifier: MIT
#include "certs/limbo.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/when.h"

#include <jansson.h>
#include <mbedtls/pem.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const importance_words[] = {"undetermined", "low", "medium", "high", "critical"};

const char *limbo_importance_word(enum limbo_importance importance)
{
    return importance_words[importance];
}

static void unfit(struct limbo_case *c, const char *why)
{
    if (!c->unfit[0]) {
        snprintf(c->unfit, sizeof c->unfit, "%s", why);
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int copy(const char *text, char **out)
{
    *out = span_dup_text(span_text(text));
    ENSURE(*out != NULL, ERR_NO_MEMORY);
    return 0;
}

// ---- certificates

static int add_pem(const char *pem, struct chain *chain)
{
    mbedtls_pem_context context;
    size_t used = 0;
    ENSURE(chain->sent_count < CHAIN_CERTS_MOST, ERR_LIMIT);
    mbedtls_pem_init(&context);
    int code = mbedtls_pem_read_buffer(&context, "-----BEGIN CERTIFICATE-----",
                                       "-----END CERTIFICATE-----", (const unsigned char *)pem, NULL,
                                       0, &used);
    int result = code == 0 ? buf_append(&chain->der, span_of(context.buf, context.buflen)) : ERR_SYNTAX;
    if (result == 0) {
        // an offset until all are in: the buffer still moves
        chain->sent_der[chain->sent_count++] =
            (struct span){(const uint8_t *)(uintptr_t)(chain->der.len - context.buflen), context.buflen};
        result = buf_append_text(&chain->sent_pem, pem);
    }
    mbedtls_pem_free(&context);
    return result;
}

static void settle(struct chain *chain)
{
    for (size_t i = 0; i < chain->sent_count; i++) {
        chain->sent_der[i].ptr = chain->der.data + (uintptr_t)chain->sent_der[i].ptr;
    }
}

static int read_chain(const json_t *object, struct limbo_case *c)
{
    struct chain *chain = &c->chain;
    const json_t *item = NULL;
    size_t i = 0;
    TRY(add_pem(text_of(object, "peer_certificate"), chain));
    json_array_foreach(json_object_get(object, "untrusted_intermediates"), i, item)
    {
        TRY(add_pem(json_is_string(item) ? json_string_value(item) : "", chain));
    }
    settle(chain);
    json_array_foreach(json_object_get(object, "trusted_certs"), i, item)
    {
        const char *pem = json_is_string(item) ? json_string_value(item) : "";
        TRY(buf_append_text(&chain->root_pem, pem));
        TRY(buf_append_text(&chain->root_pem, "\n"));
    }
    return buf_append_text(&chain->key_pem, text_of(object, "peer_certificate_key"));
}

// ---- the rest of a case

static int read_time(const json_t *object, struct limbo_case *c)
{
    struct span text = span_text(text_of(object, "validation_time"));
    struct span offset = SPAN_LITERAL("+00:00");
    if (text.len == 0) {
        return 0;
    }
    char utc[40];
    if (span_ends_with(text, offset)) {
        text.len -= offset.len;
    } else if (span_ends_with(text, SPAN_LITERAL("Z"))) {
        text.len--;
    }
    snprintf(utc, sizeof utc, "%.*sZ", text.len < 30 ? (int)text.len : 30, (const char *)text.ptr);
    int64_t us = 0;
    if (utc_parse(span_text(utc), &us) < 0) {
        FAIL(ERR_SYNTAX, "case %s: cannot read validation_time '%s'", c->id,
             text_of(object, "validation_time"));
    }
    c->has_time = true;
    c->utc_s = us / 1000000;
    return 0;
}

static int read_host(const json_t *object, struct limbo_case *c)
{
    const json_t *name = json_object_get(object, "expected_peer_name");
    const char *kind = text_of(name, "kind");
    struct in_addr v4;
    TRY(copy(text_of(name, "value"), &c->host));
    if (strcmp(kind, "DNS") != 0 && strcmp(kind, "IP") != 0) {
        unfit(c, "no host name to dial");
    }
    c->is_address = strcmp(kind, "IP") == 0;
    if (c->is_address && inet_pton(AF_INET, c->host, &v4) != 1) {
        unfit(c, "the peer is an IPv6 address");
    }
    for (const char *at = c->host; *at; at++) {
        if (*at <= ' ' || *at > '~' || *at == '#') {
            unfit(c, "the host name cannot stand in a hosts file");
        }
    }
    return 0;
}

static int read_words(const json_t *object, struct limbo_case *c)
{
    struct buf features HR_CLEANUP(buf_deinit);
    const json_t *item = NULL;
    size_t i = 0;
    buf_init(&features, 4096);
    json_array_foreach(json_object_get(object, "features"), i, item)
    {
        TRY(buf_printf(&features, "%s%s", i ? " " : "", json_is_string(item) ? json_string_value(item) : ""));
    }
    TRY(copy(buf_text(&features), &c->features));
    struct span rest;
    struct span first_line = span_cut(span_text(text_of(object, "description")), '\n', &rest);
    c->description = span_dup_text(first_line);
    ENSURE(c->description != NULL, ERR_NO_MEMORY);
    for (int k = 0; k < LIMBO_IMPORTANCES; k++) {
        if (strcmp(text_of(object, "importance"), importance_words[k]) == 0) {
            c->importance = (enum limbo_importance)k;
        }
    }
    return 0;
}

static void judge_fitness(const json_t *object, struct limbo_case *c)
{
    if (strcmp(text_of(object, "validation_kind"), "SERVER") != 0) {
        unfit(c, "it validates a client's certificate");
    }
    if (!text_of(object, "peer_certificate_key")[0]) {
        unfit(c, "the file holds no private key for it");
    }
    if (json_array_size(json_object_get(object, "crls")) > 0) {
        unfit(c, "it needs revocation lists");
    }
    if (json_is_integer(json_object_get(object, "max_chain_depth"))) {
        unfit(c, "it limits the depth of the chain, which a device cannot be told");
    }
}

static int read_case(const json_t *object, struct limbo_case *c)
{
    buf_init(&c->chain.sent_pem, 1 << 20);
    buf_init(&c->chain.root_pem, 1 << 20);
    buf_init(&c->chain.key_pem, 1 << 16);
    buf_init(&c->chain.der, 1 << 20);
    TRY(copy(text_of(object, "id"), &c->id));
    snprintf(c->chain.name, sizeof c->chain.name, "limbo/%.80s", c->id);
    const char *result = text_of(object, "expected_result");
    c->expects_success = strcmp(result, "SUCCESS") == 0;
    if (!c->id[0] || (!c->expects_success && strcmp(result, "FAILURE") != 0)) {
        FAIL(ERR_SYNTAX, "case '%s': expected an id and an expected_result of SUCCESS or FAILURE", c->id);
    }
    TRY(read_words(object, c));
    TRY(read_host(object, c));
    TRY(read_time(object, c));
    judge_fitness(object, c);
    int code = read_chain(object, c);
    if (code == ERR_SYNTAX || code == ERR_LIMIT) {
        unfit(c, code == ERR_LIMIT ? "it has more than 16 certificates to send"
                                   : "a certificate of it is no PEM");
        code = 0;
    }
    return code;
}

static int read_cases(const json_t *root, struct limbo_file *out)
{
    const json_t *cases = json_object_get(root, "testcases");
    const json_t *item = NULL;
    size_t i = 0;
    if (json_integer_value(json_object_get(root, "version")) != 1 || !json_is_array(cases)) {
        FAIL(ERR_SYNTAX, "expected x509-limbo's limbo.json: an object with version 1 and testcases");
    }
    out->cases = calloc(json_array_size(cases) + 1, sizeof *out->cases);
    ENSURE(out->cases != NULL, ERR_NO_MEMORY);
    json_array_foreach(cases, i, item)
    {
        out->count++;
        TRY(read_case(item, &out->cases[i]));
    }
    return 0;
}

int limbo_parse(struct span json, struct limbo_file *out)
{
    json_error_t error;
    *out = (struct limbo_file){0};
    json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        FAIL(ERR_SYNTAX, "line %d, column %d: %s", error.line, error.column, error.text);
    }
    int code = read_cases(root, out);
    json_decref(root);
    if (code < 0) {
        limbo_deinit(out);
    }
    return code;
}

int limbo_read(const char *path, struct limbo_file *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, LIMBO_FILE_BYTES_MOST);
    *out = (struct limbo_file){0};
    TRY(fs_read_file(path, &text));
    int code = limbo_parse(buf_span(&text), out);
    if (code == ERR_SYNTAX) {
        FAIL(ERR_SYNTAX, "%s: %s", path, error_detail());
    }
    return code;
}

void limbo_deinit(struct limbo_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct limbo_case *c = &file->cases[i];
        free(c->id);
        free(c->description);
        free(c->features);
        free(c->host);
        chain_deinit(&c->chain);
    }
    free(file->cases);
    *file = (struct limbo_file){0};
}
