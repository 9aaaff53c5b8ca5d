// SPDX-License-Identifier: MIT
#include "certs/export.h"
#include "base/error.h"
#include "base/text_code.h"
#include "certs/cert_write.h"
#include "certs/export_parts.h"
#include "certs/show.h"

#include <string.h>

const char *const export_format_words[EXPORT_FORMAT_COUNT] = {
#define X(format, word, meaning) [format] = word,
    EXPORT_FORMAT_TABLE(X)
#undef X
};
const char *const export_format_meanings[EXPORT_FORMAT_COUNT] = {
#define X(format, word, meaning) [format] = meaning,
    EXPORT_FORMAT_TABLE(X)
#undef X
};

enum { ARRAY_COLUMNS = 12, SHELL_CHUNK = 128 };

bool export_is_symbol(const char *text)
{
    static const char *const keywords[] = {
        "auto",    "break",  "case",     "char",   "const",    "continue", "default",
        "do",      "double", "else",     "enum",   "extern",   "float",    "for",
        "goto",    "if",     "inline",   "int",    "long",     "register", "restrict",
        "return",  "short",  "signed",   "sizeof", "static",   "struct",   "switch",
        "typedef", "union",  "unsigned", "void",   "volatile", "while"};
    for (size_t i = 0; i < HR_COUNT_OF(keywords); i++) {
        if (strcmp(text, keywords[i]) == 0) {
            return false;
        }
    }
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len > 0 && len <= 120 && text[len] == '\0' && !(text[0] >= '0' && text[0] <= '9');
}

// PEM and DER ------------------------------------------------------------------------------------

static int write_pem(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    (void)wish;
    for (size_t i = 0; i < list->count; i++) {
        TRY(cert_write_pem(buf_span(&list->items[i]->der), out));
    }
    return 0;
}

static int read_pem(struct span bytes, const char *password, struct buf *out)
{
    (void)password;
    struct buf der HR_CLEANUP(buf_deinit);
    buf_init(&der, EXPORT_BYTES_MOST);
    int found = 0;
    while ((found = pem_next_certificate(&bytes, &der)) == 1) {
        TRY(buf_append(out, buf_span(&der)));
    }
    return found;
}

static int write_der(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    (void)wish;
    if (list->count != 1) {
        FAIL(ERR_VALUE,
             "DER holds one certificate and this bundle has %zu: readers take the first and never "
             "say so; use pem, c-array or c-string",
             list->count);
    }
    return buf_append(out, buf_span(&list->items[0]->der));
}

static int read_der(struct span bytes, const char *password, struct buf *out)
{
    (void)password;
    ENSURE(bytes.len > 1 && bytes.ptr[0] == 0x30, ERR_SYNTAX);
    return buf_append(out, bytes);
}

// C ----------------------------------------------------------------------------------------------

// One comment line per certificate: what it is and until when. A name may hold what ends or bends
// a comment.
static int write_comments(const struct cert_list *list, struct buf *out)
{
    char date[32];
    for (size_t i = 0; i < list->count; i++) {
        const struct cert_facts *f = list->items[i];
        TRY(buf_append_text(out, "// "));
        for (const char *c = f->subject_cn; *c; c++) {
            TRY(buf_append_u8(out, *c == '\\' || *c == '?' ? '_' : (uint8_t)*c));
        }
        TRY(buf_printf(out, ", until %s\n", show_date(f->to_s, date)));
    }
    return 0;
}

static int write_c_array(const struct cert_list *list, const struct export_wish *wish,
                         struct buf *out)
{
    struct buf pem HR_CLEANUP(buf_deinit);
    buf_init(&pem, EXPORT_BYTES_MOST);
    TRY(write_pem(list, wish, &pem));
    TRY(buf_append_u8(&pem, 0));
    TRY(write_comments(list, out));
    TRY(buf_printf(
        out,
        "// The length counts the NUL at the end, as mbedtls_x509_crt_parse wants it; for "
        "a store\n// that wants the text alone, give one less.\n"
        "const unsigned char %s[] = {",
        wish->symbol));
    for (size_t i = 0; i < pem.len; i++) {
        TRY(buf_printf(out, "%s0x%02x,", i % ARRAY_COLUMNS ? " " : "\n    ", pem.data[i]));
    }
    return buf_printf(out, "\n};\nconst unsigned int %s_len = %zu;\n", wish->symbol, pem.len);
}

static int nibble(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The bytes between { and }, then the length behind the second '='.
static int read_c_array(struct span bytes, const char *password, struct buf *out)
{
    struct buf pem HR_CLEANUP(buf_deinit);
    buf_init(&pem, EXPORT_BYTES_MOST);
    struct span tail = SPAN_EMPTY;
    struct span body = span_from(bytes, span_find(bytes, '{'));
    body = span_cut(body, '}', &tail);
    for (size_t i = 0; i + 3 < body.len; i++) {
        if (body.ptr[i] == '0' && body.ptr[i + 1] == 'x') {
            int high = nibble(body.ptr[i + 2]), low = nibble(body.ptr[i + 3]);
            ENSURE(high >= 0 && low >= 0, ERR_SYNTAX);
            TRY(buf_append_u8(&pem, (uint8_t)(high << 4 | low)));
        }
    }
    struct span number = span_from(tail, span_find(tail, '=') + 1);
    uint64_t len = 0;
    TRY(span_parse_u64(span_trim(span_cut(number, ';', &number)), &len));
    ENSURE(pem.len > 0 && pem.data[pem.len - 1] == 0 && len == pem.len, ERR_SYNTAX);
    return read_pem(span_slice(buf_span(&pem), 0, pem.len - 1), password, out);
}

static int write_quoted(const struct cert_list *list, const struct export_wish *wish,
                        const char *indent, struct buf *out)
{
    struct buf pem HR_CLEANUP(buf_deinit);
    buf_init(&pem, EXPORT_BYTES_MOST);
    TRY(write_pem(list, wish, &pem));
    struct span rest = buf_span(&pem);
    while (rest.len > 0) {
        struct span line = span_cut(rest, '\n', &rest);
        TRY(buf_printf(out, "%s\"%.*s\\n\"%s", indent, SPAN_ARG(line), rest.len > 0 ? "\n" : ""));
    }
    return 0;
}

static int write_c_string(const struct cert_list *list, const struct export_wish *wish,
                          struct buf *out)
{
    TRY(write_comments(list, out));
    TRY(buf_printf(out,
                   "// sizeof %s counts the NUL at the end, as mbedtls_x509_crt_parse wants it.\n"
                   "const char %s[] =\n",
                   wish->symbol, wish->symbol));
    TRY(write_quoted(list, wish, "    ", out));
    return buf_append_text(out, ";\n");
}

static int write_h(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    TRY(write_comments(list, out));
    TRY(buf_append_text(out, "// For: static const char root[] =\n//      #include \"this file\"\n"
                             "//      ;\n"));
    TRY(write_quoted(list, wish, "", out));
    return buf_append_u8(out, '\n');
}

// What the literals outside of comments say.
static int read_quoted(struct span bytes, const char *password, struct buf *out)
{
    struct buf pem HR_CLEANUP(buf_deinit);
    buf_init(&pem, EXPORT_BYTES_MOST);
    while (bytes.len > 0) {
        struct span line = span_trim(span_cut(bytes, '\n', &bytes));
        if (line.len < 2 || line.ptr[0] != '"') {
            continue;
        }
        line = span_cut(span_from(line, 1), '"', &(struct span){0});
        ENSURE(span_ends_with(line, SPAN_LITERAL("\\n")), ERR_SYNTAX);
        line.len -= 2;
        ENSURE(span_find(line, '\\') == line.len, ERR_SYNTAX);
        TRY(buf_append(&pem, line));
        TRY(buf_append_u8(&pem, '\n'));
    }
    return read_pem(buf_span(&pem), password, out);
}

// Zephyr -----------------------------------------------------------------------------------------

// base64 in pieces that fit into the shell's line of 256 bytes. "bint": the device decodes them and
// puts a NUL behind, as its mbedTLS wants PEM.
static int write_zephyr(const struct cert_list *list, const struct export_wish *wish,
                        struct buf *out)
{
    struct buf pem HR_CLEANUP(buf_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&pem, EXPORT_BYTES_MOST);
    buf_init(&text, EXPORT_BYTES_MOST * 2);
    TRY(write_pem(list, wish, &pem));
    TRY(base64_encode(buf_span(&pem), &text));
    TRY(buf_append_text(out, "cred buf clear\n"));
    for (size_t at = 0; at < text.len; at += SHELL_CHUNK) {
        struct span chunk = span_slice(buf_span(&text), at, SHELL_CHUNK);
        TRY(buf_printf(out, "cred buf %.*s\n", SPAN_ARG(chunk)));
    }
    return buf_printf(out, "cred add %u CA DEFAULT bint\n", wish->sec_tag);
}

static int read_zephyr(struct span bytes, const char *password, struct buf *out)
{
    const struct span verb = SPAN_LITERAL("cred buf ");
    struct buf text HR_CLEANUP(buf_deinit);
    struct buf pem HR_CLEANUP(buf_deinit);
    buf_init(&text, EXPORT_BYTES_MOST * 2);
    buf_init(&pem, EXPORT_BYTES_MOST);
    struct span line = span_cut(bytes, '\n', &bytes);
    ENSURE(span_equals_text(line, "cred buf clear"), ERR_SYNTAX);
    for (line = span_cut(bytes, '\n', &bytes); span_starts_with(line, verb);
         line = span_cut(bytes, '\n', &bytes)) {
        TRY(buf_append(&text, span_from(line, verb.len)));
    }
    ENSURE(span_starts_with(line, SPAN_LITERAL("cred add ")) &&
               span_ends_with(line, SPAN_LITERAL(" CA DEFAULT bint")),
           ERR_SYNTAX);
    TRY(base64_decode(buf_span(&text), &pem));
    return read_pem(buf_span(&pem), password, out);
}

// All --------------------------------------------------------------------------------------------

static const struct {
    export_writer *write;
    export_reader *read;
} forms[EXPORT_FORMAT_COUNT] = {
    [EXPORT_PEM] = {write_pem, read_pem},
    [EXPORT_DER] = {write_der, read_der},
    [EXPORT_C_ARRAY] = {write_c_array, read_c_array},
    [EXPORT_C_STRING] = {write_c_string, read_quoted},
    [EXPORT_H] = {write_h, read_quoted},
    [EXPORT_ESP_IDF] = {export_write_esp_idf, export_read_esp_idf},
    [EXPORT_ZEPHYR] = {write_zephyr, read_zephyr},
    [EXPORT_JKS] = {export_write_jks, export_read_jks},
    [EXPORT_BKS] = {export_write_bks, export_read_bks},
};

static int check_password(const char *password)
{
    bool is_good = password && password[0];
    for (const char *c = password; is_good && *c; c++) {
        is_good = *c >= 0x20 && *c < 0x7f;
    }
    if (!is_good) {
        FAIL(ERR_VALUE, "the key store's password: expected ASCII letters, at least one");
    }
    return 0;
}

static int check_wish(const struct cert_list *list, const struct export_wish *wish)
{
    bool has_symbol = wish->format == EXPORT_C_ARRAY || wish->format == EXPORT_C_STRING;
    ENSURE(wish->format < EXPORT_FORMAT_COUNT, ERR_VALUE);
    if (list->count == 0) {
        FAIL(ERR_VALUE, "there is no certificate to export");
    }
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i]->is_readable) {
            FAIL(ERR_VALUE, "certificate %zu cannot be exported: %s", i + 1,
                 list->items[i]->trouble);
        }
    }
    if (has_symbol && (!wish->symbol || !export_is_symbol(wish->symbol))) {
        FAIL(ERR_VALUE, "symbol '%.140s': expected a C name, such as hub_root",
             wish->symbol ? wish->symbol : "");
    }
    bool is_store = wish->format == EXPORT_JKS || wish->format == EXPORT_BKS;
    return is_store ? check_password(wish->password) : 0;
}

// What export_read should find, straight from the parsed certificates.
static int put_expected(const struct cert_list *list, const struct export_wish *wish,
                        struct span written, struct buf *out)
{
    if (wish->format != EXPORT_ESP_IDF) {
        for (size_t i = 0; i < list->count; i++) {
            TRY(buf_append(out, buf_span(&list->items[i]->der)));
        }
        return 0;
    }
    // Sorted, so each subject and key is looked up in what was written; then it stands for itself.
    for (size_t i = 0; i < list->count; i++) {
        const mbedtls_x509_crt *crt = &list->items[i]->crt;
        ENSURE(memmem(written.ptr, written.len, crt->subject_raw.p, crt->subject_raw.len) &&
                   memmem(written.ptr, written.len, crt->pk_raw.p, crt->pk_raw.len),
               ERR_INTERNAL);
    }
    return export_read(wish->format, written, wish->password, out);
}

static int check_written(const struct cert_list *list, const struct export_wish *wish,
                         struct span written)
{
    struct buf expected HR_CLEANUP(buf_deinit);
    struct buf seen HR_CLEANUP(buf_deinit);
    buf_init(&expected, EXPORT_BYTES_MOST);
    buf_init(&seen, EXPORT_BYTES_MOST);
    int code = put_expected(list, wish, written, &expected);
    if (code == 0) {
        code = export_read(wish->format, written, wish->password, &seen);
    }
    if (code < 0 || !span_equals(buf_span(&expected), buf_span(&seen))) {
        FAIL(ERR_INTERNAL, "the %s export does not read back; nothing was written",
             export_format_words[wish->format]);
    }
    return 0;
}

int export_write(const struct cert_list *list, const struct export_wish *wish, struct buf *out)
{
    struct buf made HR_CLEANUP(buf_deinit);
    buf_init(&made, EXPORT_BYTES_MOST);
    TRY(check_wish(list, wish));
    TRY(forms[wish->format].write(list, wish, &made));
    TRY(check_written(list, wish, buf_span(&made)));
    return buf_append(out, buf_span(&made));
}

int export_read(enum export_format format, struct span bytes, const char *password, struct buf *out)
{
    ENSURE(format < EXPORT_FORMAT_COUNT, ERR_VALUE);
    struct buf read HR_CLEANUP(buf_deinit);
    buf_init(&read, EXPORT_BYTES_MOST);
    int code = forms[format].read(bytes, password, &read);
    if (code < 0 || read.len == 0) {
        FAIL(ERR_SYNTAX, "expected a bundle in the form '%s' (for a key store: with this password)",
             export_format_words[format]);
    }
    return buf_append(out, buf_span(&read));
}
