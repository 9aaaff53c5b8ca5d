// SPDX-License-Identifier: MIT
// Build configuration: C macros, switched on or commented out, and Kconfig lines.
#include "base/error.h"
#include "certs/doctor/case.h"

#include <stdlib.h>

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct span take_name(struct span *rest)
{
    *rest = span_trim(*rest);
    size_t len = 0;
    while (len < rest->len && is_name_byte(rest->ptr[len])) {
        len++;
    }
    struct span name = span_slice(*rest, 0, len);
    *rest = span_from(*rest, len);
    return name;
}

static bool take_word(struct span *rest, const char *word)
{
    struct span t = span_trim(*rest);
    if (!span_starts_with(t, span_text(word))) {
        return false;
    }
    *rest = span_from(t, span_text(word).len);
    return true;
}

static struct span without_comment(struct span value)
{
    size_t slashes = text_find(value, "//");
    size_t star = text_find(value, "/*");
    bool is_quoted = value.len && span_trim(value).len && span_trim(value).ptr[0] == '"';
    size_t end = slashes < star ? slashes : star;
    return span_trim(is_quoted ? value : span_slice(value, 0, end));
}

static enum config_kind kind_of(const struct input *input, struct span name)
{
    if (span_starts_with(name, SPAN_LITERAL("MBEDTLS_"))) {
        return CONFIG_MBEDTLS;
    }
    bool is_wolf = text_has(buf_span(&input->bytes), "WOLFSSL");
    return is_wolf ? CONFIG_WOLFSSL : CONFIG_OTHER;
}

// "#define NAME VALUE", "//#define NAME", "/* #define NAME */", "#undef NAME"
static bool read_define(struct span line, const struct input *input, struct setting *s)
{
    struct span rest = line;
    s->is_off = take_word(&rest, "//") || take_word(&rest, "/*");
    if (!take_word(&rest, "#")) {
        return false;
    }
    if (take_word(&rest, "undef ")) {
        s->is_off = true;
    } else if (!take_word(&rest, "define ")) {
        return false;
    }
    s->name = take_name(&rest);
    s->value = without_comment(rest);
    s->kind = kind_of(input, s->name);
    return s->name.len > 0;
}

// "CONFIG_NAME=value", "# CONFIG_NAME is not set"
static bool read_kconfig(struct span line, struct setting *s)
{
    struct span rest = line;
    bool is_comment = take_word(&rest, "#");
    if (!take_word(&rest, "CONFIG_")) {
        return false;
    }
    s->kind = CONFIG_KCONFIG;
    s->name = take_name(&rest);
    rest = span_trim(rest);
    if (is_comment) {
        s->is_off = true;
        return span_equals_text(rest, "is not set");
    }
    bool has_value = rest.len && rest.ptr[0] == '=';
    s->value = span_trim(span_from(rest, 1));
    s->is_off = span_equals_text(s->value, "n");
    return has_value && s->name.len > 0;
}

static struct span unquoted(struct span value)
{
    bool is_quoted = value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"';
    return is_quoted ? span_slice(value, 1, value.len - 2) : value;
}

// Strings in a Kconfig file; those of C sources come from the literal reader.
static int read_value(struct doctor *d, const struct setting *s)
{
    struct span value = unquoted(s->value);
    if (s->kind != CONFIG_KCONFIG) {
        return 0;
    }
    if (text_has_nocase(value, "HostName=")) {
        return connection_read(d, s->at, "", value);
    }
    return text_has(value, "SharedAccessSignature ") ? token_read(d, s->at, "", value) : 0;
}

static void note_whole(struct doctor *d, const struct input *input)
{
    bool is_user_settings = span_ends_with(span_text(input->name), SPAN_LITERAL("user_settings.h"));
    for (size_t i = 0; i < d->setting_count; i++) {
        const struct setting *s = d->settings_read[i];
        // whoever switches TLS on in a header has written all of it there
        bool is_tls = span_equals_text(s->name, "MBEDTLS_SSL_TLS_C") ||
                      span_equals_text(s->name, "MBEDTLS_SSL_CLI_C");
        if (is_tls && s->kind == CONFIG_MBEDTLS) {
            d->is_config_whole[CONFIG_MBEDTLS] = true;
        }
        if (s->input == input && s->kind == CONFIG_WOLFSSL && is_user_settings) {
            d->is_config_whole[CONFIG_WOLFSSL] = true;
        }
    }
}

int settings_read(struct doctor *d, const struct input *input)
{
    struct span rest = buf_span(&input->bytes);
    int line_number = 0;
    while (rest.ptr) {
        struct span line = text_line(&rest);
        struct setting s = {.input = input, .at = {input->name, ++line_number}};
        bool is_setting =
            input->kind == INPUT_SOURCE ? read_define(line, input, &s) : read_kconfig(line, &s);
        if (!is_setting) {
            continue;
        }
        TRY(case_keep_setting(d, &s));
        TRY(read_value(d, &s));
    }
    note_whole(d, input);
    return 0;
}

const struct setting *setting_find(const struct doctor *d, const char *name)
{
    for (size_t i = d->setting_count; i > 0; i--) {
        if (span_equals_text(d->settings_read[i - 1]->name, name)) {
            return d->settings_read[i - 1];
        }
    }
    return NULL;
}

enum setting_state setting_state(const struct doctor *d, enum config_kind kind, const char *name)
{
    const struct setting *s = setting_find(d, name);
    if (s) {
        return s->is_off ? SETTING_OFF : SETTING_ON;
    }
    return d->is_config_whole[kind] ? SETTING_OFF : SETTING_UNKNOWN;
}

bool setting_number(const struct setting *s, uint64_t *out)
{
    struct span v = s->value;
    while (v.len && (v.ptr[0] == '(' || v.ptr[0] == '"')) {
        v = span_from(v, 1);
    }
    size_t len = 0;
    while (len < v.len && v.ptr[len] >= '0' && v.ptr[len] <= '9') {
        len++;
    }
    return !s->is_off && len > 0 && span_parse_u64(span_slice(v, 0, len), out) == 0;
}
