// SPDX-License-Identifier: MIT
// What an input is, by its content; its name only breaks ties.
#include "certs/doctor/case.h"
#include "certs/doctor/der_read.h"

#include <string.h>

static bool ends_with_one_of(const char *name, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_ends_with(span_text(name), span_text(endings[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_c_name(const char *name)
{
    static const char *const endings[] = {".c", ".h", ".cc", ".cpp", ".hpp", ".ino", ".cxx"};
    return ends_with_one_of(name, endings, HR_COUNT_OF(endings));
}

static bool is_config_name(const char *name)
{
    static const char *const endings[] = {"sdkconfig", ".conf", ".config", "Kconfig",
                                          "sdkconfig.defaults"};
    return ends_with_one_of(name, endings, HR_COUNT_OF(endings));
}

static bool is_token(struct span s)
{
    return text_has_nocase(s, "SharedAccessSignature") ||
           (text_has(s, "sr=") && text_has(s, "sig="));
}

static bool is_connection(struct span s)
{
    static const char *const fields[] = {"HostName=", "DeviceId=", "SharedAccessKey"};
    for (size_t i = 0; i < HR_COUNT_OF(fields); i++) {
        if (text_has_nocase(s, fields[i])) {
            return true;
        }
    }
    return false;
}

static bool is_id_scope(struct span s)
{
    struct span t = span_trim(s);
    return t.len <= 32 &&
           (span_starts_with(t, SPAN_LITERAL("0ne")) || span_starts_with(t, SPAN_LITERAL("0NE")) ||
            text_has(t, "ID_SCOPE") || text_has(t, "IDScope"));
}

static enum input_kind recognise_text(struct span s)
{
    if (text_has_nocase(s, "HostName=") || (is_connection(s) && !is_token(s))) {
        return INPUT_CONNECTION;
    }
    if (is_token(s)) {
        return INPUT_TOKEN;
    }
    return is_id_scope(s) ? INPUT_ID_SCOPE : INPUT_NOTHING;
}

static enum input_kind recognise_der(struct span s)
{
    struct der_item outer;
    struct der_item version;
    bool is_whole = der_next(&s, &outer) && der_next(&outer.value, &version);
    bool is_pfx =
        is_whole && version.tag == 0x02 && version.value.len == 1 && version.value.ptr[0] == 3;
    return is_pfx ? INPUT_PKCS12 : INPUT_DER;
}

static bool is_c_text(struct span s)
{
    static const char *const words[] = {"#define ", "#include ",    "#ifndef ", "const char",
                                        "char *",   "static const", "uint8_t ", "unsigned char"};
    for (size_t i = 0; i < HR_COUNT_OF(words); i++) {
        if (text_has(s, words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_log(struct span s)
{
    static const char *const marks[] = {"-0x",       "verify return", "error -", "CONNACK",
                                        "mbedtls",   "mqtt_connect",  "alert ",  "handshake",
                                        "Handshake", "connect",       "Connect", "errno"};
    for (size_t i = 0; i < HR_COUNT_OF(marks); i++) {
        if (text_has(s, marks[i])) {
            return true;
        }
    }
    return false;
}

static enum input_kind recognise_lines(const char *name, struct span s)
{
    bool has_pem = text_has_nocase(s, "-BEGIN ") || text_has(s, "CERTIFICATE-----");
    bool has_wide_dashes = text_has(s, "\xe2\x80\x94"
                                       "BEGIN ") ||
                           text_has(s, "\xe2\x80\x93"
                                       "BEGIN ");
    if (is_c_name(name) || (is_c_text(s) && !is_config_name(name))) {
        return INPUT_SOURCE;
    }
    if (has_pem || has_wide_dashes) {
        return INPUT_PEM;
    }
    if (is_config_name(name) || text_has(s, "CONFIG_")) {
        return INPUT_CONFIG;
    }
    enum input_kind kind = s.len < 4096 ? recognise_text(s) : INPUT_NOTHING;
    if (kind != INPUT_NOTHING) {
        return kind;
    }
    return is_log(s) ? INPUT_LOG : INPUT_NOTHING;
}

enum input_kind recognise(const char *name, struct span s, bool is_text)
{
    struct span start = span_slice(s, 0, 1024);
    if (is_text) {
        return recognise_text(s);
    }
    bool is_utf16 = s.len >= 2 && ((s.ptr[0] == 0xff && s.ptr[1] == 0xfe) ||
                                   (s.ptr[0] == 0xfe && s.ptr[1] == 0xff));
    if (span_trim(s).len == 0 || is_utf16 || text_has_nocase(start, "<html") ||
        text_has_nocase(start, "<!doctype html")) {
        return INPUT_NOTHING;
    }
    bool is_der = s.len > 32 && s.ptr[0] == 0x30 && s.ptr[1] >= 0x81 && s.ptr[1] <= 0x84 &&
                  der_claimed_bytes(s) <= s.len;
    if (is_der) {
        return recognise_der(s);
    }
    size_t nul = span_find(s, 0);
    if (nul + 1 < s.len && nul < s.len) {
        return INPUT_BINARY;
    }
    return recognise_lines(name, s);
}
