// SPDX-License-Identifier: MIT
// SubjectAltName: the names of a recipe, of the request, and made-up ones that take up room.
#include "base/error.h"
#include "base/text_code.h"
#include "certs/chain_extensions.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// GeneralName choices (RFC 5280 4.2.1.6).
enum { GENERAL_EMAIL = 1, GENERAL_DNS = 2, GENERAL_URI = 6, GENERAL_IP = 7 };
enum { NAME_BYTES_MOST = 255, FILLER_NAME_BYTES = 28, LABEL_BYTES_MOST = 63 };

struct general_name {
    uint8_t tag;
    uint8_t len;
    uint8_t bytes[NAME_BYTES_MOST];
};

struct general_names {
    struct general_name *items;
    size_t count, room;
    struct buf raw; // GeneralNames that the recipe spells out
};

int chain_check_host(const char *what, const char *host)
{
    struct span text = span_text(host);
    bool is_good = text.len > 0 && text.len <= CHAIN_HOST_BYTES_MOST;
    for (size_t i = 0; i < text.len; i++) {
        is_good = is_good && text.ptr[i] > 0x20 && text.ptr[i] < 0x7f;
    }
    if (!is_good) {
        FAIL(ERR_VALUE, "%s '%.64s': expected a DNS name or an IP address of 1 to %d letters", what,
             host ? host : "", CHAIN_HOST_BYTES_MOST);
    }
    return 0;
}

static bool is_same(const struct general_name *a, const struct general_name *b)
{
    struct span left = span_of(a->bytes, a->len), right = span_of(b->bytes, b->len);
    return a->tag == b->tag &&
           (a->tag == GENERAL_DNS ? span_equals_nocase(left, right) : span_equals(left, right));
}

static int add_name(struct general_names *list, const struct general_name *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_same(&list->items[i], name)) {
            return 0;
        }
    }
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 8;
        struct general_name *grown = realloc(list->items, room * sizeof *grown);
        ENSURE(grown != NULL, ERR_NO_MEMORY);
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = *name;
    return 0;
}

static int add_text(struct general_names *list, uint8_t tag, struct span text)
{
    struct general_name name = {.tag = tag, .len = (uint8_t)text.len};
    if (text.len > NAME_BYTES_MOST) {
        FAIL(ERR_VALUE, "a name in the certificate is %zu bytes long, %d fit", text.len,
             NAME_BYTES_MOST);
    }
    memcpy(name.bytes, text.ptr, text.len);
    return add_name(list, &name);
}

// 0, 4 or 16 bytes of the address that `text` is.
static uint8_t address_of(struct span text, uint8_t out[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (!span_copy_text(text, copy, sizeof copy)) {
        return 0;
    }
    return inet_pton(AF_INET, copy, out) == 1 ? 4 : inet_pton(AF_INET6, copy, out) == 1 ? 16 : 0;
}

static int add_by_look(struct general_names *list, struct span text)
{
    struct general_name name = {.tag = GENERAL_IP};
    name.len = address_of(text, name.bytes);
    return name.len > 0 ? add_name(list, &name) : add_text(list, GENERAL_DNS, text);
}

static int add_more_names(struct general_names *list, const struct chain_request *rq)
{
    for (size_t i = 0; i < rq->more_name_count; i++) {
        TRY(chain_check_host("further host name", rq->more_names[i]));
        TRY(add_by_look(list, span_text(rq->more_names[i])));
    }
    return 0;
}

static int add_word(struct general_names *list, struct span word, const struct chain_request *rq)
{
    struct span value, type = span_cut(word, ':', &value);
    if (span_equals_text(word, RECIPE_MORE_NAMES)) {
        return add_more_names(list, rq);
    }
    if (span_equals_text(word, "empty")) {
        return 0;
    }
    if (span_equals_text(type, "raw")) {
        return hex_decode(value, &list->raw);
    }
    // An address written in the recipe as dns: stays one: that is a fault worth testing.
    bool is_host = span_equals_text(type, "dns") && span_equals_text(value, RECIPE_HUB_HOST);
    if (span_equals_text(type, "ip") || is_host) {
        return add_by_look(list, is_host ? span_text(rq->hub_host) : value);
    }
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, LINE_FILE_BYTES_MOST);
    TRY(recipe_expand(value, rq->hub_host, &text));
    return add_text(list,
                    span_equals_text(type, "uri")     ? GENERAL_URI
                    : span_equals_text(type, "email") ? GENERAL_EMAIL
                                                      : GENERAL_DNS,
                    buf_span(&text));
}

// Names of 28 bytes with their header; the last one takes what is left over.
static void put_filler_names(struct der *d, size_t bytes)
{
    for (unsigned i = 0; bytes >= FILLER_NAME_BYTES; i++) {
        size_t len = bytes < 2 * FILLER_NAME_BYTES ? bytes : FILLER_NAME_BYTES;
        char text[2 * FILLER_NAME_BYTES + 1];
        int head = snprintf(text, sizeof text, "pad%05u", i);
        memset(text + head, 'x', sizeof text - (size_t)head);
        memcpy(text + len - 2 - strlen(".hubrig.example"), ".hubrig.example",
               strlen(".hubrig.example"));
        der_value(d, DER_CONTEXT + GENERAL_DNS, span_of(text, len - 2));
        bytes -= len;
    }
}

static int put_names(struct der *d, struct general_names *list, const struct extension_request *rq)
{
    const struct recipe_words *words = &rq->cert->words[FIELD_SAN];
    for (size_t i = 0; i < words->count; i++) {
        TRY(add_word(list, words->items[i].text, rq->request));
    }
    size_t sequence = der_open(d, DER_SEQUENCE);
    for (size_t i = 0; i < list->count; i++) {
        der_value(d, (uint8_t)(DER_CONTEXT + list->items[i].tag),
                  span_of(list->items[i].bytes, list->items[i].len));
    }
    der_raw(d, buf_span(&list->raw));
    if (rq->filler == FILLER_SAN) {
        put_filler_names(d, rq->filler_bytes);
    }
    der_close(d, sequence);
    return 0;
}

int chain_write_san(struct der *d, const struct extension_request *rq)
{
    struct general_names list = {0};
    buf_init(&list.raw, LINE_FILE_BYTES_MOST);
    struct extension_marks marks =
        extension_open(d, SPAN_LITERAL("2.5.29.17"), rq->cert->is_critical[FIELD_SAN]);
    int code = put_names(d, &list, rq);
    extension_close(d, marks);
    buf_deinit(&list.raw);
    free(list.items);
    return code;
}
