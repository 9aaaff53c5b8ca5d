// SPDX-License-Identifier: MIT
#include "certs/doctor/pem.h"
#include "base/error.h"
#include "base/text_code.h"
#include "certs/doctor/der_read.h"

#include <stdlib.h>
#include <string.h>

struct scan {
    struct span text;
    size_t at;
};

// A mark is "-----BEGIN LABEL-----" or its END, in any of its wrong forms.
struct mark {
    size_t begin; // first dash
    size_t end;   // behind the last dash
    struct span label;
    bool is_end;
    bool has_wrong_count; // of dashes
    bool is_typographic;
    bool is_lower;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_base64(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

// Length of one dash at `at`: 1, 3 (UTF-8 en dash, em dash, hyphens) or 0.
static size_t dash_at(struct span s, size_t at)
{
    if (at < s.len && s.ptr[at] == '-') {
        return 1;
    }
    bool is_utf8 = at + 2 < s.len && s.ptr[at] == 0xe2 && s.ptr[at + 1] == 0x80 &&
                   s.ptr[at + 2] >= 0x90 && s.ptr[at + 2] <= 0x95;
    return is_utf8 ? 3 : 0;
}

static size_t dash_before(struct span s, size_t at)
{
    if (at >= 1 && s.ptr[at - 1] == '-') {
        return 1;
    }
    return at >= 3 && dash_at(s, at - 3) == 3 ? 3 : 0;
}

static void note_dashes(struct mark *m, size_t count, bool is_wide)
{
    // "END-----" of one block joined to "-----BEGIN" of the next makes ten
    m->has_wrong_count = m->has_wrong_count || (!is_wide && count != 5 && count != 10);
    m->is_typographic = m->is_typographic || is_wide;
}

// The dashes before `at`; moves m->begin to the first.
static bool take_dashes_before(struct span s, size_t at, struct mark *m)
{
    size_t count = 0;
    bool is_wide = false;
    m->begin = at;
    for (size_t n = dash_before(s, m->begin); n && count < 5; n = dash_before(s, m->begin)) {
        m->begin -= n;
        is_wide = is_wide || n == 3;
        count++;
    }
    note_dashes(m, count, is_wide);
    return count > 0;
}

static void take_dashes_after(struct span s, struct mark *m)
{
    size_t count = 0;
    bool is_wide = false;
    for (size_t n = dash_at(s, m->end); n && count < 5; n = dash_at(s, m->end)) {
        m->end += n;
        is_wide = is_wide || n == 3;
        count++;
    }
    note_dashes(m, count, is_wide);
}

static bool is_label_byte(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' ' ||
           c == '.';
}

// Is there a mark whose word BEGIN or END stands at `at`?
static bool mark_at(struct span s, size_t at, struct mark *m)
{
    static const struct span words[] = {{(const uint8_t *)"BEGIN ", 6},
                                        {(const uint8_t *)"END ", 4}};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        struct span here = span_slice(s, at, words[i].len);
        *m = (struct mark){.is_end = i == 1};
        if (!span_equals_nocase(here, words[i]) || !take_dashes_before(s, at, m)) {
            continue;
        }
        m->is_lower = !span_equals(here, words[i]);
        m->end = at + words[i].len;
        size_t label = m->end;
        while (m->end < s.len && is_label_byte(s.ptr[m->end])) {
            m->is_lower = m->is_lower || (s.ptr[m->end] >= 'a' && s.ptr[m->end] <= 'z');
            m->end++;
        }
        m->label = span_trim(span_slice(s, label, m->end - label));
        take_dashes_after(s, m);
        return m->label.len > 0;
    }
    return false;
}

static bool next_mark(struct scan *scan, struct mark *m)
{
    for (; scan->at < scan->text.len; scan->at++) {
        uint8_t c = scan->text.ptr[scan->at];
        bool may_be = c == 'B' || c == 'E' || c == 'b' || c == 'e';
        if (may_be && mark_at(scan->text, scan->at, m)) {
            scan->at = m->end;
            return true;
        }
    }
    return false;
}

static void set_form(struct pem_block *b, enum pem_form form, size_t at)
{
    if (!(b->forms & 1u << form)) {
        b->forms |= 1u << form;
        b->form_at[form] = at;
    }
}

static void judge_mark(struct pem_block *b, const struct mark *m)
{
    if (m->is_lower) {
        set_form(b, FORM_LOWER_CASE, m->begin);
    }
    if (m->is_typographic) {
        set_form(b, FORM_TYPOGRAPHIC, m->begin);
    } else if (m->has_wrong_count) {
        set_form(b, FORM_DASHES, m->begin);
    }
}

static void judge_label(struct pem_block *b)
{
    static const char *const plain[] = {"CERTIFICATE", "CERTIFICATE REQUEST",
                                        "NEW CERTIFICATE REQUEST"};
    for (size_t i = 0; i < HR_COUNT_OF(plain); i++) {
        if (span_equals_nocase(b->label, span_text(plain[i]))) {
            return;
        }
    }
    if (span_equals_nocase(b->label, SPAN_LITERAL("X509 CERTIFICATE"))) {
        set_form(b, FORM_LABEL_X509, b->begin);
    } else if (span_equals_nocase(b->label, SPAN_LITERAL("TRUSTED CERTIFICATE"))) {
        set_form(b, FORM_LABEL_TRUSTED, b->begin);
    } else if (pem_is_certificate(b)) {
        set_form(b, FORM_LABEL_OTHER, b->begin);
    }
}

// Lines, blanks and carriage returns between two marks; both lines of the marks included.
static void judge_white_space(struct pem_block *b, struct span text)
{
    for (size_t i = b->begin; i < b->end && i < text.len; i++) {
        uint8_t c = text.ptr[i];
        uint8_t next = i + 1 < text.len ? text.ptr[i + 1] : '\n';
        bool ends_line = next == '\n' || next == '\r';
        if (c == '\r') {
            set_form(b, next == '\n' ? FORM_CRLF : FORM_CR_ONLY, i);
        }
        if (is_blank(c) && ends_line) {
            set_form(b, FORM_TRAILING_BLANKS, i);
        }
        bool begins_line = i > 0 && (text.ptr[i - 1] == '\n' || text.ptr[i - 1] == '\r');
        if (is_blank(c) && begins_line && !ends_line) {
            set_form(b, FORM_INDENTED, i);
        }
    }
    bool is_indented = b->begin > 0 && is_blank(text.ptr[b->begin - 1]);
    size_t i = b->begin;
    while (is_indented && i > 0 && is_blank(text.ptr[i - 1])) {
        i--;
    }
    if (is_indented && (i == 0 || text.ptr[i - 1] == '\n')) {
        set_form(b, FORM_INDENTED, b->begin);
    }
}

// Behind "Proc-Type: ..." headers, if there are any.
static struct span skip_headers(struct pem_block *b, struct span body)
{
    if (!text_has(span_slice(body, 0, 64), "Proc-Type:")) {
        return body;
    }
    b->is_encrypted = text_has(body, "ENCRYPTED");
    struct span rest = body;
    while (rest.ptr) {
        struct span line = span_trim(text_line(&rest));
        if (line.len == 0 && rest.ptr && !text_has(span_slice(rest, 0, 64), "-Info:") &&
            rest.ptr > body.ptr + 1) {
            return rest;
        }
    }
    return SPAN_EMPTY;
}

static int decode(struct pem_block *b, struct buf *clean)
{
    while (clean->len % 4 != 0 && clean->len > 0 && clean->data[clean->len - 1] != '=') {
        buf_truncate(clean, clean->len - 1); // what is whole can still be looked at
        if (!pem_has(b, FORM_BAD_CHARACTER)) {
            set_form(b, FORM_SHORT_BODY, b->body);
        }
    }
    buf_init(&b->bytes, clean->len + 1);
    int code = base64_decode(buf_span(clean), &b->bytes);
    if (code == ERR_SYNTAX) {
        set_form(b, pem_has(b, FORM_BAD_CHARACTER) ? FORM_BAD_CHARACTER : FORM_SHORT_BODY, b->body);
        return 0;
    }
    return code;
}

static bool is_words(struct span line)
{
    size_t blanks = 0;
    for (size_t i = 0; i < line.len; i++) {
        blanks += is_blank(line.ptr[i]);
    }
    return line.len > 0 && (blanks > 0 || line.ptr[0] == '-' || line.ptr[0] == '<' ||
                            line.ptr[0] == '.' || line.ptr[0] == '*');
}

static bool is_placeholder(struct span body)
{
    struct span trimmed = span_trim(body);
    return trimmed.len < 200 && (trimmed.len == 0 || is_words(trimmed) || trimmed.len < 40);
}

// A comment between the lines of a body: a line that begins with '#'.
static size_t skip_comment(struct span text, size_t i)
{
    bool begins_line = i == 0 || text.ptr[i - 1] == '\n';
    if (!begins_line || text.ptr[i] != '#') {
        return i;
    }
    size_t len = span_find(span_from(text, i), '\n');
    return i + len < text.len ? i + len : text.len - 1;
}

static int read_body(struct pem_block *b, struct span text, size_t end)
{
    struct span body = skip_headers(b, span_slice(text, b->body, end - b->body));
    struct buf clean HR_CLEANUP(buf_wipe);
    buf_init(&clean, body.len + 1);
    for (size_t i = 0; i < body.len; i++) {
        uint8_t c = body.ptr[i];
        size_t at = (size_t)(body.ptr - text.ptr) + i;
        if (c == '\\' && i + 1 < body.len && (body.ptr[i + 1] == 'n' || body.ptr[i + 1] == 'r')) {
            set_form(b, FORM_BACKSLASH_N, at);
            i++;
        } else if (c == '"' || (c == '\\' && i + 1 < body.len && body.ptr[i + 1] == '\n')) {
            set_form(b, FORM_QUOTES, at);
        } else if (is_base64(c)) {
            TRY(buf_append_u8(&clean, c));
        } else if (c == '#' && skip_comment(body, i) != i) {
            i = skip_comment(body, i);
            set_form(b, FORM_BAD_CHARACTER, at);
        } else if (!is_blank(c) && c != '\n' && c != '\r') {
            set_form(b, FORM_BAD_CHARACTER, at);
        }
    }
    if (is_placeholder(body)) {
        b->forms &= ~(1u << FORM_BAD_CHARACTER);
        set_form(b, FORM_PLACEHOLDER, b->body);
    }
    return decode(b, &clean);
}

// The first body line that is shorter than the one before it and not the last: the likely place.
static size_t irregular_line(struct span text, size_t body, size_t end)
{
    struct span rest = span_slice(text, body, end - body);
    size_t usual = 0;
    while (rest.ptr) {
        struct span line = text_line(&rest);
        size_t len = span_trim(line).len;
        bool is_last = rest.ptr == NULL || span_trim(rest).len == 0;
        usual = usual ? usual : len;
        if (len != 0 && len != usual && !is_last) {
            return (size_t)(line.ptr - text.ptr);
        }
    }
    return body;
}

static void judge_body(struct pem_block *b, struct span text, size_t end)
{
    struct span bytes = buf_span(&b->bytes);
    size_t first_byte = b->body;
    while (first_byte < text.len && is_blank(text.ptr[first_byte])) {
        first_byte++;
    }
    if (first_byte > b->body + 1) {
        set_form(b, FORM_BEGIN_BLANKS, b->body);
    }
    bool is_newline_missing =
        first_byte < text.len && text.ptr[first_byte] != '\n' && text.ptr[first_byte] != '\r';
    struct span first = span_trim(span_slice(text, b->body, 8));
    if (is_newline_missing && first.len && is_base64(first.ptr[0])) {
        set_form(b, FORM_NO_NEWLINES, b->body);
    }
    if (b->forms & 1u << FORM_PLACEHOLDER) {
        return;
    }
    bool is_der = bytes.len > 1 && bytes.ptr[0] == 0x30 && der_claimed_bytes(bytes) <= bytes.len &&
                  der_claimed_bytes(bytes) > 0;
    bool is_other = b->is_encrypted || text_has(b->label, "OPENSSH");
    if (!is_der && !is_other && !(b->forms & 1u << FORM_BAD_CHARACTER)) {
        set_form(b, FORM_SHORT_BODY, irregular_line(text, b->body, end));
    }
}

static struct pem_block *push(struct pem_text *out)
{
    if (out->count % 16 == 0) {
        struct pem_block *more = realloc(out->blocks, (out->count + 16) * sizeof *more);
        if (!more) {
            return NULL;
        }
        out->blocks = more;
    }
    struct pem_block *b = &out->blocks[out->count++];
    memset(b, 0, sizeof *b);
    buf_init(&b->bytes, 0);
    return b;
}

static bool is_on_line_of(struct span text, size_t a, size_t b)
{
    struct span between = span_slice(text, a, b - a);
    return span_find(between, '\n') == between.len && span_find(between, '\r') == between.len;
}

static int read_block(struct scan *scan, const struct mark *begin, struct pem_text *out)
{
    struct pem_block *b = push(out);
    struct mark end = {0};
    if (!b) {
        return error_set(ERR_NO_MEMORY, "%s", error_sentence(ERR_NO_MEMORY));
    }
    b->label = begin->label;
    b->begin = begin->begin;
    b->body = begin->end;
    judge_mark(b, begin);
    judge_label(b);
    struct scan ahead = *scan;
    bool is_closed = next_mark(&ahead, &end) && end.is_end;
    size_t body_end = is_closed || end.label.len ? end.begin : scan->text.len;
    if (is_closed) {
        judge_mark(b, &end);
        *scan = ahead;
        b->end = end.end;
        if (!span_equals(end.label, begin->label)) {
            set_form(b, FORM_NO_END, end.begin);
        }
    } else {
        set_form(b, FORM_NO_END, b->begin);
        b->end = body_end;
    }
    body_end = body_end < b->body ? b->body : body_end;
    TRY(read_body(b, scan->text, body_end));
    judge_white_space(b, scan->text);
    judge_body(b, scan->text, body_end);
    return 0;
}

static unsigned judge_text(struct span text)
{
    unsigned forms = 0;
    bool is_utf16 = text.len >= 2 && ((text.ptr[0] == 0xff && text.ptr[1] == 0xfe) ||
                                      (text.ptr[0] == 0xfe && text.ptr[1] == 0xff));
    struct span start = span_slice(text, 0, 1024);
    forms |= is_utf16 ? 1u << FORM_UTF16 : 0;
    forms |= span_starts_with(text, SPAN_LITERAL("\xef\xbb\xbf")) ? 1u << FORM_BOM : 0;
    forms |= span_trim(text).len == 0 ? 1u << FORM_EMPTY : 0;
    bool is_html = text_has_nocase(start, "<html") || text_has_nocase(start, "<!doctype html");
    forms |= is_html ? 1u << FORM_HTML : 0;
    forms |= text.len && text.ptr[0] == 0 ? 1u << FORM_LEADING_NUL : 0;
    bool is_der = text.len > 64 && text.ptr[0] == 0x30 && text.ptr[1] >= 0x81 &&
                  text.ptr[1] <= 0x84 && der_claimed_bytes(text) <= text.len;
    forms |= is_der ? 1u << FORM_DER : 0;
    return forms;
}

int pem_read(const struct text_view *view, struct pem_text *out)
{
    struct scan scan = {.text = view->text};
    struct mark mark;
    *out = (struct pem_text){.forms = judge_text(view->text)};
    size_t last_end = 0;
    while (out->count < PEM_BLOCKS_MOST && next_mark(&scan, &mark)) {
        if (mark.is_end) {
            continue;
        }
        int code = read_block(&scan, &mark, out);
        if (code < 0) {
            pem_deinit(out);
            return code;
        }
        struct pem_block *b = &out->blocks[out->count - 1];
        if (last_end && is_on_line_of(view->text, last_end, b->begin)) {
            set_form(b, FORM_JOINED, b->begin);
        }
        last_end = b->end;
    }
    if (out->count && last_end == view->text.len) {
        out->forms |= 1u << FORM_NO_FINAL_NEWLINE;
    }
    return 0;
}

void pem_deinit(struct pem_text *pem)
{
    for (size_t i = 0; i < pem->count; i++) {
        buf_wipe(&pem->blocks[i].bytes);
    }
    free(pem->blocks);
    *pem = (struct pem_text){0};
}

bool pem_has(const struct pem_block *block, enum pem_form form)
{
    return block->forms & 1u << form;
}

bool pem_is_certificate(const struct pem_block *block)
{
    return text_has_nocase(block->label, "CERTIFICATE") &&
           !text_has_nocase(block->label, "REQUEST");
}

bool pem_is_private_key(const struct pem_block *block)
{
    return text_has_nocase(block->label, "PRIVATE KEY");
}
