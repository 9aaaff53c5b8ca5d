// SPDX-License-Identifier: MIT
#include "certs/show.h"
#include "base/error.h"
#include "base/text_code.h"
#include "base/when.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, INDENT = 10, WRAP_COLUMNS = 96 };

// Dates ------------------------------------------------------------------------------------------

enum show_state show_state_of(const struct cert_facts *f, int64_t utc_s)
{
    if (utc_s > f->to_s) {
        return SHOW_EXPIRED;
    }
    if (utc_s < f->from_s) {
        return SHOW_NOT_YET;
    }
    return f->to_s - utc_s < SHOW_NEAR_DAYS * (int64_t)DAY_S ? SHOW_ENDS_SOON : SHOW_VALID;
}

const char *show_state_word(enum show_state state)
{
    static const char *const words[] = {
        [SHOW_VALID] = "valid",
        [SHOW_ENDS_SOON] = "ends-soon",
        [SHOW_EXPIRED] = "expired",
        [SHOW_NOT_YET] = "not-yet-valid",
    };
    return words[state];
}

const char *show_date(int64_t utc_s, char out[32])
{
    struct civil_date d = civil_from_utc(utc_s);
    snprintf(out, 32, "%04d-%02d-%02d", (int)(d.year % 10000), d.month, d.day);
    return out;
}

static const char *print_moment(int64_t utc_s, char out[48])
{
    char date[32];
    struct civil_date d = civil_from_utc(utc_s);
    snprintf(out, 48, "%s %02d:%02d:%02d", show_date(utc_s, date), d.hour, d.minute, d.second);
    return out;
}

// "150 days", "3 hours", "less than a minute".
static const char *print_span(int64_t s, char out[48])
{
    static const struct {
        int64_t s;
        const char *word;
    } units[] = {{2 * 365 * (int64_t)DAY_S, NULL},
                 {2 * (int64_t)DAY_S, "day"},
                 {2 * 3600, "hour"},
                 {120, "minute"}};
    if (s >= units[0].s) {
        snprintf(out, 48, "%" PRId64 " years", s / (365 * (int64_t)DAY_S));
    } else if (s >= units[1].s) {
        snprintf(out, 48, "%" PRId64 " days", s / DAY_S);
    } else if (s >= units[2].s) {
        snprintf(out, 48, "%" PRId64 " hours", s / 3600);
    } else if (s >= units[3].s) {
        snprintf(out, 48, "%" PRId64 " minutes", s / 60);
    } else {
        snprintf(out, 48, "%" PRId64 " seconds", s);
    }
    return out;
}

static const char *print_state(const struct cert_facts *f, int64_t utc_s, char out[96])
{
    char length[48];
    switch (show_state_of(f, utc_s)) {
    case SHOW_EXPIRED:
        snprintf(out, 96, "EXPIRED %s ago", print_span(utc_s - f->to_s, length));
        break;
    case SHOW_NOT_YET:
        snprintf(out, 96, "NOT YET VALID, starts in %s", print_span(f->from_s - utc_s, length));
        break;
    case SHOW_ENDS_SOON:
        snprintf(out, 96, "ends soon: %s left", print_span(f->to_s - utc_s, length));
        break;
    case SHOW_VALID:
        snprintf(out, 96, "%s left", print_span(f->to_s - utc_s, length));
        break;
    }
    return out;
}

static const char *colour_of(enum show_state state, bool has_colour)
{
    static const char *const colours[] = {
        [SHOW_VALID] = "\x1b[32m",
        [SHOW_ENDS_SOON] = "\x1b[33m",
        [SHOW_EXPIRED] = "\x1b[31m",
        [SHOW_NOT_YET] = "\x1b[31m",
    };
    return has_colour ? colours[state] : "";
}

// One certificate --------------------------------------------------------------------------------

const char *show_place(const struct cert_facts *f, char out[32])
{
    static const char *const words[] = {
        [CERT_ROLE_FILE] = "number", [CERT_ROLE_SENT] = "sent", [CERT_ROLE_TRUSTED] = "root"};
    snprintf(out, 32, "%s %zu", words[f->role], f->number);
    return out;
}

static int print_signer(const struct cert_list *list, const struct cert_facts *f, struct buf *out)
{
    char place[32];
    const struct cert_facts *signer = list->items[f->signer_at];
    switch (f->signer) {
    case SIGNER_SELF:
        return buf_append_text(out, "by itself");
    case SIGNER_FOUND:
        return buf_printf(out, "by %s (%s)", f->issuer_cn, show_place(signer, place));
    case SIGNER_WRONG:
        return buf_printf(out, "WRONGLY: it names %s (%s), whose key did not make this signature",
                          f->issuer_cn, show_place(signer, place));
    case SIGNER_ABSENT:
        break;
    }
    return buf_printf(out, "by %s (not here)", f->issuer_cn);
}

// Words of `text`, cut at blanks and line ends, wrapped behind a label.
static int print_words(const char *label, struct span text, struct buf *out)
{
    size_t column = INDENT + 8;
    TRY(buf_printf(out, "%*s%-8s", INDENT, "", label));
    bool is_first = true;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && text.ptr[end] != ' ' && text.ptr[end] != '\n') {
            end++;
        }
        struct span word = span_slice(text, at, end - at);
        at = end + 1;
        if (word.len == 0) {
            continue;
        }
        if (!is_first && column + 1 + word.len > WRAP_COLUMNS) {
            TRY(buf_printf(out, "\n%*s", INDENT + 8, ""));
            column = INDENT + 8;
            is_first = true;
        }
        TRY(buf_printf(out, "%s%.*s", is_first ? "" : " ", SPAN_ARG(word)));
        column += word.len + !is_first;
        is_first = false;
    }
    return buf_append_u8(out, '\n');
}

static int print_powers(const struct cert_facts *f, struct buf *out)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1024);
    if (!f->has_constraints) {
        TRY(buf_append_text(&text, "no basicConstraints"));
    } else if (!f->is_ca) {
        TRY(buf_append_text(&text, "no CA"));
    } else if (f->path_length < 0) {
        TRY(buf_append_text(&text, "CA"));
    } else {
        TRY(buf_printf(&text, "CA, path length %d", f->path_length));
    }
    TRY(buf_printf(&text, "%s%s%s%s", f->usages[0] ? "; " : "", f->usages,
                   f->purposes[0] ? "; " : "", f->purposes));
    return print_words("may", buf_span(&text), out);
}

static int print_cert(const struct cert_list *list, const struct cert_facts *f,
                      const struct show_settings *settings, struct buf *out)
{
    char place[32], from[48], to[48], state[96];
    enum show_state kind = f->is_readable ? show_state_of(f, settings->utc_s) : SHOW_EXPIRED;
    const char *colour = colour_of(kind, settings->has_colour);
    const char *plain = settings->has_colour ? "\x1b[0m" : "";
    const char *bold = settings->has_colour ? "\x1b[1m" : "";
    if (!f->is_readable) {
        return buf_printf(out, "%-*s%sUNREADABLE%s (%s), %zu bytes of DER\n", INDENT,
                          show_place(f, place), colour, plain, f->trouble, f->der.len);
    }
    TRY(buf_printf(out, "%-*s%s%s%s\n", INDENT, show_place(f, place), bold, f->subject_cn, plain));
    TRY(buf_printf(out, "%*s%-8s%s, signed with %s ", INDENT, "", "key", f->key, f->hash));
    TRY(print_signer(list, f, out));
    TRY(buf_printf(out, "\n%*s%-8s%s .. %s UTC, %s%s%s\n", INDENT, "", "valid",
                   print_moment(f->from_s, from), print_moment(f->to_s, to), colour,
                   print_state(f, settings->utc_s, state), plain));
    if (f->names.len > 0) {
        TRY(print_words("names", buf_span(&f->names), out));
    }
    TRY(print_powers(f, out));
    if (f->unknown_critical[0]) {
        TRY(buf_printf(out, "%*s%-8s %s, which mbedTLS does not know: a device may refuse it\n",
                       INDENT, "", "critical", f->unknown_critical));
    }
    TRY(print_words("subject", span_text(f->subject), out));
    TRY(buf_printf(out, "%*s%-8s%s, %zu bytes of DER\n", INDENT, "", "serial", f->serial_hex,
                   f->der.len));
    TRY(buf_printf(out, "%*s%-8s%s\n", INDENT, "", "sha1", f->sha1_hex));
    return buf_printf(out, "%*s%-8s%s\n", INDENT, "", "sha256", f->sha256_hex);
}

// "a client that is in order: reject, alert unknown_ca or bad_certificate"
static int print_verdict(const struct chain_facts *facts, struct buf *out)
{
    if (facts->verdict == CHAIN_VERDICT_NONE) {
        return 0;
    }
    TRY(buf_printf(out, "a client that is in order: %s", chain_verdict_word(facts->verdict)));
    for (size_t i = 0; i < facts->alert_count; i++) {
        const char *word = chain_alert_word(facts->alerts[i]);
        TRY(buf_printf(out, "%s%s", i ? " or " : ", alert ", word ? word : "?"));
    }
    return buf_append_u8(out, '\n');
}

int show_print(const struct cert_list *list, const struct show_settings *settings, struct buf *out)
{
    const char *bold = settings->has_colour ? "\x1b[1m" : "";
    const char *plain = settings->has_colour ? "\x1b[0m" : "";
    TRY(buf_printf(out, "%s%s%s\n", bold, list->name, plain));
    if (list->about[0]) {
        TRY(buf_printf(out, "%s\n", list->about));
    }
    TRY(print_verdict(&list->facts, out));
    for (size_t i = 0; i < list->count; i++) {
        TRY(buf_append_u8(out, '\n'));
        TRY(print_cert(list, list->items[i], settings, out));
    }
    return 0;
}

// JSON -------------------------------------------------------------------------------------------

static int put_pair(const char *key, const char *value, struct buf *out)
{
    TRY(buf_printf(out, ",\"%s\":\"", key));
    TRY(json_escape(span_text(value), out));
    return buf_append_u8(out, '"');
}

// The words of a text as an array of strings.
static int put_array(const char *key, struct span words, uint8_t separator, struct buf *out)
{
    bool is_first = true;
    TRY(buf_printf(out, ",\"%s\":[", key));
    while (words.len > 0) {
        struct span word = span_cut(words, separator, &words);
        TRY(buf_append_text(out, is_first ? "\"" : ",\""));
        TRY(json_escape(word, out));
        TRY(buf_append_u8(out, '"'));
        is_first = false;
    }
    return buf_append_u8(out, ']');
}

static int put_signer(const struct cert_facts *f, struct buf *out)
{
    static const char *const words[] = {[SIGNER_ABSENT] = "absent",
                                        [SIGNER_SELF] = "self",
                                        [SIGNER_FOUND] = "found",
                                        [SIGNER_WRONG] = "wrong"};
    TRY(put_pair("signer", words[f->signer], out));
    if (f->signer == SIGNER_FOUND || f->signer == SIGNER_WRONG) {
        TRY(buf_printf(out, ",\"signer_index\":%zu", f->signer_at));
    }
    return 0;
}

static int put_cert_json(const struct cert_facts *f, int64_t utc_s, struct buf *out)
{
    static const char *const roles[] = {
        [CERT_ROLE_FILE] = "file", [CERT_ROLE_SENT] = "sent", [CERT_ROLE_TRUSTED] = "root"};
    char date[32];
    TRY(buf_printf(out, "{\"role\":\"%s\",\"der_bytes\":%zu", roles[f->role], f->der.len));
    TRY(put_pair("sha1", f->sha1_hex, out));
    TRY(put_pair("sha256", f->sha256_hex, out));
    if (!f->is_readable) {
        TRY(put_pair("unreadable", f->trouble, out));
        return buf_append_u8(out, '}');
    }
    TRY(put_pair("subject", f->subject, out));
    TRY(put_pair("issuer", f->issuer, out));
    TRY(put_signer(f, out));
    TRY(put_pair("serial", f->serial_hex, out));
    TRY(put_pair("key", f->key, out));
    TRY(put_pair("hash", f->hash, out));
    TRY(put_pair("from", utc_print(f->from_s * 1000000, date), out));
    TRY(put_pair("to", utc_print(f->to_s * 1000000, date), out));
    TRY(put_pair("state", show_state_word(show_state_of(f, utc_s)), out));
    TRY(buf_printf(out, ",\"ca\":%s", f->is_ca ? "true" : "false"));
    if (f->path_length >= 0) {
        TRY(buf_printf(out, ",\"path_length\":%d", f->path_length));
    }
    TRY(put_array("names", buf_span(&f->names), '\n', out));
    TRY(put_array("usages", span_text(f->usages), ' ', out));
    TRY(put_array("unknown_critical", span_text(f->unknown_critical), ' ', out));
    TRY(put_array("purposes", span_text(f->purposes), ' ', out));
    return buf_append_u8(out, '}');
}

int show_json(const struct cert_list *list, int64_t utc_s, struct buf *out)
{
    TRY(buf_append_text(out, "{\"name\":\""));
    TRY(json_escape(span_text(list->name), out));
    TRY(buf_append_u8(out, '"'));
    TRY(put_pair("about", list->about, out));
    TRY(put_pair("verdict", chain_verdict_word(list->facts.verdict), out));
    TRY(buf_append_text(out, ",\"certificates\":["));
    for (size_t i = 0; i < list->count; i++) {
        TRY(buf_append_text(out, i ? ",\n " : "\n "));
        TRY(put_cert_json(list->items[i], utc_s, out));
    }
    return buf_append_text(out, "\n]}\n");
}
