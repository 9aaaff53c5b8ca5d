// SPDX-License-Identifier: MIT
#include "certs/doctor/literal.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { SYMBOL_BYTES_MOST = 96 };

struct reader {
    struct span in;
    size_t at;
    uint32_t line;
    struct literal_list *out;
    char symbol[SYMBOL_BYTES_MOST]; // what the next literal belongs to
    char word[SYMBOL_BYTES_MOST];   // the identifier seen last
    bool is_directive;              // inside a #define
    bool is_open;                   // the last item may still be joined by a neighbour
};

static uint8_t peek(const struct reader *r, size_t ahead)
{
    return r->at + ahead < r->in.len ? r->in.ptr[r->at + ahead] : 0;
}

static void step(struct reader *r)
{
    r->line += peek(r, 0) == '\n';
    r->at++;
}

static void blank(struct reader *r, size_t from)
{
    for (size_t i = from; i < r->at && i < r->out->code.len; i++) {
        uint8_t *c = &r->out->code.data[i];
        *c = *c == '\n' ? '\n' : ' ';
    }
}

static struct literal *push(struct reader *r, bool is_array)
{
    struct literal_list *list = r->out;
    if (list->count % 32 == 0) {
        struct literal *more = realloc(list->items, (list->count + 32) * sizeof *more);
        if (!more) {
            return NULL;
        }
        list->items = more;
    }
    struct literal *l = &list->items[list->count];
    *l = (struct literal){.line = (int)r->line, .is_array = is_array};
    buf_init(&l->text, r->in.len + 1);
    buf_init(&l->lines, (r->in.len + 1) * sizeof(uint32_t));
    l->symbol = strdup(r->symbol);
    if (!l->symbol) {
        return NULL;
    }
    list->count++;
    return l;
}

static int put(struct reader *r, struct literal *l, uint8_t byte)
{
    uint32_t line = r->line;
    TRY(buf_append_u8(&l->text, byte));
    return buf_append(&l->lines, span_of(&line, sizeof line));
}

static int hex_value(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Behind the backslash. A line continuation gives no byte.
static int read_escape(struct reader *r, bool *gives_byte, uint8_t *byte)
{
    static const char names[] = "ntr\\\"'abfv";
    static const char values[] = "\n\t\r\\\"'\a\b\f\v";
    uint8_t c = peek(r, 0);
    *gives_byte = true;
    *byte = c;
    if (c == '\n' || (c == '\r' && peek(r, 1) == '\n')) {
        *gives_byte = false;
        r->at += c == '\r';
        step(r);
        return 0;
    }
    const char *hit = c ? strchr(names, c) : NULL;
    int value = 0;
    int digits = 0;
    if (c == 'x' && hex_value(peek(r, 1)) >= 0) {
        for (r->at++; digits < 2 && hex_value(peek(r, 0)) >= 0; r->at++, digits++) {
            value = value * 16 + hex_value(peek(r, 0));
        }
        *byte = (uint8_t)value;
    } else if (c >= '0' && c <= '7') {
        for (; digits < 3 && peek(r, 0) >= '0' && peek(r, 0) <= '7'; r->at++, digits++) {
            value = value * 8 + (peek(r, 0) - '0');
        }
        *byte = (uint8_t)value;
    } else {
        *byte = hit ? (uint8_t)values[hit - names] : c;
        r->at += r->at < r->in.len;
    }
    return 0;
}

// From the opening quote to the closing one; an end of line closes it too, as broken C.
static int read_string(struct reader *r)
{
    size_t from = r->at;
    bool has_room = r->is_open || r->out->count < LITERALS_MOST;
    struct literal *l = NULL;
    if (r->is_open) {
        l = &r->out->items[r->out->count - 1];
    } else if (has_room) {
        l = push(r, false);
        ENSURE(l, ERR_NO_MEMORY);
    }
    step(r);
    while (r->at < r->in.len && peek(r, 0) != '"' && peek(r, 0) != '\n') {
        bool gives_byte = true;
        uint8_t byte = peek(r, 0);
        uint32_t line = r->line;
        if (byte == '\\') {
            r->at++;
            TRY(read_escape(r, &gives_byte, &byte));
        } else {
            r->at++;
        }
        if (l && gives_byte) {
            uint32_t now = r->line;
            r->line = line;
            TRY(put(r, l, byte));
            r->line = now;
        }
    }
    r->at += peek(r, 0) == '"';
    r->is_open = l != NULL;
    blank(r, from + 1);
    return 0;
}

// One number or character of an initialiser. False: something else stands here.
static bool read_element(struct reader *r, uint8_t *byte)
{
    unsigned long value = 0;
    size_t begin = r->at;
    if (peek(r, 0) == '\'' && peek(r, 1) != '\\' && peek(r, 2) == '\'') {
        *byte = peek(r, 1);
        r->at += 3;
        return true;
    }
    bool is_hex = peek(r, 0) == '0' && (peek(r, 1) == 'x' || peek(r, 1) == 'X');
    unsigned base = is_hex ? 16 : 10;
    r->at += is_hex ? 2 : 0;
    size_t digits = r->at;
    for (int v = hex_value(peek(r, 0)); v >= 0 && (unsigned)v < base; v = hex_value(peek(r, 0))) {
        value = value < 4096 ? value * base + (unsigned)v : value;
        r->at++;
    }
    bool is_number = r->at > digits && value <= 255;
    r->at += peek(r, 0) == 'u' || peek(r, 0) == 'U';
    if (!is_number) {
        r->at = begin;
        return false;
    }
    *byte = (uint8_t)value;
    return true;
}

static bool skip_comment(struct reader *r)
{
    size_t from = r->at;
    if (peek(r, 0) != '/' || (peek(r, 1) != '/' && peek(r, 1) != '*')) {
        return false;
    }
    bool is_line = peek(r, 1) == '/';
    r->at += 2;
    while (r->at < r->in.len) {
        if (is_line ? peek(r, 0) == '\n' : peek(r, 0) == '*' && peek(r, 1) == '/') {
            break;
        }
        step(r);
    }
    r->at = is_line ? r->at : r->at + 2 < r->in.len ? r->at + 2 : r->in.len;
    blank(r, from);
    return true;
}

static bool skip_filling(struct reader *r)
{
    if (skip_comment(r)) {
        return true;
    }
    uint8_t c = peek(r, 0);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == '\\') {
        step(r);
        return true;
    }
    return false;
}

// `{ 0x30, 0x82, ... }`: only numbers up to 255. Otherwise only the brace is taken.
static int read_array(struct reader *r)
{
    struct reader start = *r;
    struct literal *l = r->out->count < LITERALS_MOST ? push(r, true) : NULL;
    ENSURE(l || r->out->count >= LITERALS_MOST, ERR_NO_MEMORY);
    step(r);
    while (l && r->at < r->in.len && peek(r, 0) != '}') {
        uint8_t byte = 0;
        if (skip_filling(r)) {
            continue;
        }
        if (!read_element(r, &byte)) {
            break;
        }
        TRY(put(r, l, byte));
    }
    if (l && (peek(r, 0) != '}' || l->text.len < LITERAL_ARRAY_LEAST)) {
        r->out->count--;
        free(l->symbol);
        buf_wipe(&l->text);
        buf_deinit(&l->lines);
        *r = start;
        step(r);
    }
    r->is_open = false;
    return 0;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// An identifier; the one behind #define names what follows on the line.
static void read_word(struct reader *r)
{
    size_t begin = r->at;
    while (is_word_byte(peek(r, 0))) {
        r->at++;
    }
    struct span word = span_slice(r->in, begin, r->at - begin);
    if (word.ptr[0] >= '0' && word.ptr[0] <= '9') {
        return; // a number names nothing
    }
    bool is_name = span_equals_text(span_text(r->word), "#define");
    span_copy_text(word, r->word, sizeof r->word);
    if (is_name) {
        span_copy_text(word, r->symbol, sizeof r->symbol);
        r->is_directive = true;
    }
    // macros between two strings ("a" CRLF "b") do not part them
}

static void read_directive(struct reader *r)
{
    r->at++;
    while (peek(r, 0) == ' ' || peek(r, 0) == '\t') {
        r->at++;
    }
    size_t begin = r->at;
    while (is_word_byte(peek(r, 0))) {
        r->at++;
    }
    bool is_define = span_equals_text(span_slice(r->in, begin, r->at - begin), "define");
    memcpy(r->word, is_define ? "#define" : "#", is_define ? 8 : 2);
    r->is_open = false;
}

static void read_other(struct reader *r)
{
    uint8_t c = peek(r, 0);
    bool is_continued = c == '\\' && (peek(r, 1) == '\n' || peek(r, 1) == '\r');
    if (is_continued) {
        r->at += peek(r, 1) == '\r' ? 2 : 1;
    } else if (c == '\n' && r->is_directive) {
        r->is_directive = false;
        r->is_open = false;
        r->symbol[0] = '\0';
    } else if ((c == '=' || c == '[') && !r->is_directive) {
        if (r->word[0] && r->word[0] != '#') {
            memcpy(r->symbol, r->word, sizeof r->symbol);
        }
        r->word[0] = '\0'; // what stands in the brackets names nothing
    }
    bool parts = c == ';' || c == ',' || c == '(' || c == ')' || c == '}' || c == '=' || c == ':';
    r->is_open = r->is_open && !parts;
    if (c == ';' && !r->is_directive) {
        r->symbol[0] = '\0';
    }
    step(r);
}

static int read_one(struct reader *r)
{
    uint8_t c = peek(r, 0);
    if (skip_comment(r)) {
        return 0;
    }
    if (c == '"') {
        return read_string(r);
    }
    if (c == '{') {
        return read_array(r);
    }
    if (c == '\'' && peek(r, 1) == '"' && peek(r, 2) == '\'') {
        r->at += 3;
        return 0;
    }
    if (c == '#') {
        read_directive(r);
    } else if (is_word_byte(c)) {
        read_word(r);
    } else {
        read_other(r);
    }
    return 0;
}

int literal_read(struct span source, struct literal_list *out)
{
    struct reader r = {.in = source, .line = 1, .out = out};
    *out = (struct literal_list){0};
    buf_init(&out->code, source.len + 1);
    int code = buf_append(&out->code, source);
    while (code == 0 && r.at < r.in.len) {
        code = read_one(&r);
    }
    if (code < 0) {
        literal_deinit(out);
        return code;
    }
    return 0;
}

void literal_deinit(struct literal_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].symbol);
        buf_wipe(&list->items[i].text);
        buf_deinit(&list->items[i].lines);
    }
    free(list->items);
    buf_wipe(&list->code);
    *list = (struct literal_list){0};
}
