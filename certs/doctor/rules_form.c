// SPDX-License-Identifier: MIT
// Family B: the form of bundles and certificates, before what they say.
#include "certs/doctor/case.h"
#include "certs/doctor/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct form_text {
    enum doctor_rule rule;
    const char *what;
    const char *fix;
};

static const struct form_text texts[FORM_COUNT] = {
    [FORM_LABEL_OTHER] =
        {DOCTOR_B_01, "the label is not CERTIFICATE",
         "write CERTIFICATE in both label lines and leave the lines between alone"},
    [FORM_LABEL_X509] = {DOCTOR_B_02, "the label is X509 CERTIFICATE",
                         "write CERTIFICATE in both label lines"},
    [FORM_LABEL_TRUSTED] = {DOCTOR_B_02, "the label is TRUSTED CERTIFICATE, which is OpenSSL's own",
                            "openssl x509 -in OLD -out NEW writes a plain CERTIFICATE"},
    [FORM_LOWER_CASE] = {DOCTOR_B_01, "the label line is in lower case",
                         "write -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----"},
    [FORM_DASHES] = {DOCTOR_B_16, "a label line has not five dashes on each side",
                     "write -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----"},
    [FORM_TYPOGRAPHIC] = {DOCTOR_B_16, "an editor turned the hyphens of a label line into dashes",
                          "type the five hyphens again, or copy from the original file"},
    [FORM_NO_END] = {DOCTOR_B_12, "the END line is missing or has another label",
                     "copy the whole certificate again, up to its END line"},
    [FORM_BAD_CHARACTER] = {DOCTOR_B_12, "a character here is not base64",
                            "copy the certificate again from its source"},
    [FORM_SHORT_BODY] = {DOCTOR_B_12, "the base64 body is cut or lacks a line",
                         "copy the certificate again from its source"},
    [FORM_PLACEHOLDER] = {DOCTOR_B_20, "a sample's placeholder stands where a certificate belongs",
                          "put the certificate's own lines between BEGIN and END"},
    [FORM_BACKSLASH_N] = {DOCTOR_B_10, "the text holds \\n as two characters: it was meant for C",
                          "replace each \\n by a line break, or include the text as a C string"},
    [FORM_QUOTES] = {DOCTOR_B_10, "quotes of C source stand in the PEM text",
                     "remove the quotes, or include the file as a C header"},
    [FORM_NO_NEWLINES] =
        {DOCTOR_B_11, "no line break follows the BEGIN line: all is one long line",
         "end each line with a line break; in C put \\n before each closing quote"},
    [FORM_CRLF] = {DOCTOR_B_08, "the lines end with CR LF",
                   "save with LF line ends: sed 's/\\r$//'"},
    [FORM_CR_ONLY] = {DOCTOR_B_08, "the lines end with CR alone",
                      "save with LF line ends: tr '\\r' '\\n'"},
    [FORM_INDENTED] = {DOCTOR_B_16, "the lines are indented", "remove the blanks before the lines"},
    [FORM_TRAILING_BLANKS] = {DOCTOR_B_16, "a line ends with blanks", "remove them"},
    [FORM_BEGIN_BLANKS] = {DOCTOR_B_16, "blanks stand behind the BEGIN line", "remove them"},
    [FORM_JOINED] = {DOCTOR_B_07, "this BEGIN stands on the line of the END before it",
                     "put a line break between them; cat joins files that do not end with one"},
    [FORM_NO_FINAL_NEWLINE] = {DOCTOR_B_09, "the last line has no line break", "add one"},
    [FORM_BOM] = {DOCTOR_B_16, "the file begins with a byte order mark",
                  "save as UTF-8 without byte order mark"},
    [FORM_UTF16] = {DOCTOR_B_17, "the file is UTF-16", "save it as ASCII or UTF-8"},
    [FORM_HTML] = {DOCTOR_B_17,
                   "this is a web page: a portal or a wrong link answered instead of the file",
                   "download the certificate again and look into it"},
    [FORM_EMPTY] = {DOCTOR_B_17, "the file is empty", "write the certificates into it"},
    [FORM_LEADING_NUL] = {DOCTOR_B_16, "the file begins with a NUL byte", "remove it"},
};

// Harsh as the stack in question takes it; without one, as most take it.
static int severity_of(const struct doctor *d, enum pem_form form)
{
    static const int for_answer[] = {
        [STACK_READS] = AS_INFO, [STACK_REFUSES] = AS_ERROR, [STACK_UNKNOWN] = AS_WARNING};
    char readers[128];
    if (d->settings.stack != STACK_ANY) {
        return for_answer[stack_reads_form(d->settings.stack, form)];
    }
    return stack_names(form, STACK_READS, readers)[0] ? AS_USUAL : AS_ERROR;
}

static void say_form(struct doctor *d, enum pem_form form, struct doctor_place at,
                     struct span label)
{
    char readers[128];
    char refusers[128];
    char seen[96];
    char shown_label[128] = "";
    const struct form_text *t = &texts[form];
    if (form == FORM_LABEL_OTHER) {
        snprintf(shown_label, sizeof shown_label, ": \"%s\"", case_quote(label, seen));
    }
    stack_names(form, STACK_READS, readers);
    stack_names(form, STACK_REFUSES, refusers);
    const struct remark r = {t->rule, severity_of(d, form), at, stack_error(form), t->fix};
    if (!readers[0]) {
        case_say(d, &r, "%s%s. No reader takes it", t->what, shown_label);
    } else {
        case_say(d, &r, "%s%s. Read by %s; refused by %s", t->what, shown_label, readers, refusers);
    }
}

// One finding per form and block; of the white space in all blocks only the first.
static void judge_blocks(struct doctor *d, const struct piece *p)
{
    static const unsigned once = 1u << FORM_CRLF | 1u << FORM_CR_ONLY | 1u << FORM_INDENTED |
                                 1u << FORM_TRAILING_BLANKS | 1u << FORM_NO_NEWLINES;
    unsigned said = 0;
    for (size_t i = 0; i < p->pem.count; i++) {
        const struct pem_block *b = &p->pem.blocks[i];
        unsigned forms = b->forms & ~(said & once);
        // one cause, one finding: a C string has all of these at once
        if (forms & (1u << FORM_BACKSLASH_N | 1u << FORM_QUOTES)) {
            forms &= ~(1u << FORM_NO_NEWLINES | 1u << FORM_SHORT_BODY | 1u << FORM_DASHES |
                       1u << FORM_JOINED);
            forms &= forms & 1u << FORM_QUOTES ? ~(1u << FORM_BACKSLASH_N) : ~0u;
        }
        said |= b->forms;
        for (enum pem_form f = 0; f < FORM_COUNT; f++) {
            if (forms & 1u << f) {
                say_form(d, f, case_place(p, b->form_at[f]), b->label);
            }
        }
    }
}

static void judge_text(struct doctor *d, const struct piece *p)
{
    static const enum pem_form forms[] = {FORM_BOM, FORM_LEADING_NUL, FORM_NO_FINAL_NEWLINE};
    for (size_t i = 0; i < HR_COUNT_OF(forms); i++) {
        bool is_of_file =
            forms[i] != FORM_NO_FINAL_NEWLINE || (!p->view.is_array && !p->view.is_literal);
        if (p->pem.forms & 1u << forms[i] && is_of_file) {
            say_form(d, forms[i], case_place(p, p->view.text.len), SPAN_EMPTY);
        }
    }
    bool has_placeholder = text_has(p->view.text, "-----CERTIFICATE-----");
    if (p->pem.count == 0 && has_placeholder) {
        say_form(d, FORM_PLACEHOLDER, case_place(p, text_find(p->view.text, "-----CERT")),
                 SPAN_EMPTY);
    }
}

static bool ends_like_pem_file(const char *name)
{
    static const char *const endings[] = {".pem", ".crt", ".cer", ".cert"};
    for (size_t i = 0; i < HR_COUNT_OF(endings); i++) {
        if (span_ends_with(span_text(name), span_text(endings[i]))) {
            return true;
        }
    }
    return false;
}

static void judge_input(struct doctor *d, const struct input *input)
{
    struct doctor_place at = {input->name, 1};
    struct span s = buf_span(&input->bytes);
    if (input->kind == INPUT_SOURCE && ends_like_pem_file(input->name)) {
        say_form(d, FORM_QUOTES, at, SPAN_EMPTY);
    }
    if (input->kind == INPUT_PKCS12) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_17,
                                  .as = AS_WARNING,
                                  .at = at,
                                  .shows = "mbedTLS -0x2180",
                                  .fix = "openssl pkcs12 -in FILE -nodes -out device.pem"},
                 "this is a PKCS#12 container; device stacks want certificate and key apart");
    }
    if (input->kind != INPUT_NOTHING) {
        return;
    }
    at.line = 0;
    bool is_utf16 = s.len >= 2 && (s.ptr[0] == 0xff || s.ptr[0] == 0xfe) && s.ptr[1] >= 0xfe;
    if (span_trim(s).len == 0) {
        say_form(d, FORM_EMPTY, at, SPAN_EMPTY);
    } else if (is_utf16) {
        say_form(d, FORM_UTF16, at, SPAN_EMPTY);
    } else if (text_has_nocase(span_slice(s, 0, 1024), "<html") ||
               text_has_nocase(span_slice(s, 0, 1024), "<!doctype html")) {
        say_form(d, FORM_HTML, at, SPAN_EMPTY);
    } else {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_17,
                                  .as = AS_INFO,
                                  .at = at,
                                  .fix = "leave it out, or name what it should be"},
                 "nothing here that the doctor knows: no certificate, key, source, configuration, "
                 "string or log");
    }
}

// A NUL is a part of PEM for mbedTLS, and of nothing for a modem's key store.
static void judge_nul(struct doctor *d, const struct piece *p)
{
    struct span s = p->view.text;
    if (p->pem.count == 0 || s.len == 0) {
        return;
    }
    bool ends_with_nul = s.ptr[s.len - 1] == 0;
    size_t end = p->pem.blocks[p->pem.count - 1].end;
    while (end < s.len && (s.ptr[end] == '\n' || s.ptr[end] == '\r')) {
        end++;
    }
    bool has_nul = end < s.len && s.ptr[end] == 0;
    bool may_be_mbedtls = case_is_mbedtls(d) || d->settings.stack == STACK_ANY;
    if (p->view.is_array && !has_nul && may_be_mbedtls) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_03,
                                  .at = case_place(p, s.len),
                                  .as = case_is_mbedtls(d) ? AS_ERROR : AS_WARNING,
                                  .shows = "mbedTLS -0x2180",
                                  .fix = "add a 0 at the end and count it in the length"},
                 "PEM bytes without a NUL behind them: mbedTLS takes bytes whose last one is not "
                 "NUL for DER");
    }
    if (d->settings.stack == STACK_MODEM && ends_with_nul) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_04,
                                  .at = case_place(p, s.len),
                                  .shows = "the modem's key store refuses it or connects with -22",
                                  .fix = "write the text without the NUL"},
                 "the text ends with a NUL, which the modem stores as a part of it");
    }
}

static void judge_names(struct doctor *d, const struct cert *c)
{
    static const struct {
        const char *word;
        const char *second;
        enum known_root_id root;
    } promises[] = {
        {"baltimore", NULL, ROOT_BALTIMORE},
        {"digicert", "g2", ROOT_G2},
        {"digicert", "g3", ROOT_G3},
        {"digicertglobalrootg2", NULL, ROOT_G2},
        {"digicertglobalrootg3", NULL, ROOT_G3},
    };
    const char *slash = strrchr(c->at.file, '/');
    const char *name = c->piece->view.symbol[0] ? c->piece->view.symbol
                       : slash                  ? slash + 1
                                                : c->at.file;
    bool is_alone = c->piece->pem.count <= 1;
    char day[32];
    char quoted[96];
    case_quote(span_text(name), quoted);
    for (size_t i = 0; i < HR_COUNT_OF(promises); i++) {
        const struct known_root *r = &known_roots[promises[i].root];
        bool is_promised = name_has_word(name, promises[i].word) &&
                           (!promises[i].second || name_has_word(name, promises[i].second));
        if (is_promised && is_alone && c->known != r && c->claimed != r) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_B_05,
                                      .at = c->at,
                                      .fix = "put in the root that the name promises, or rename"},
                     "the name %s promises \"%s\", but it holds \"%s\" issued by \"%s\" (until %s)",
                     quoted, r->name, c->name, c->issuer, case_day(c->to_s, day));
            return;
        }
    }
    if (is_alone && name_has_word(name, "root") && !c->is_self_issued) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_05,
                                  .at = c->at,
                                  .fix = "put in the root: its subject and issuer are the same"},
                 "the name %s promises a root, but it holds \"%s\" issued by \"%s\" (until %s)",
                 quoted, c->name, c->issuer, case_day(c->to_s, day));
    }
}

static void judge_cert(struct doctor *d, const struct cert *c)
{
    if (c->is_twice) {
        case_say(d, &(struct remark){.rule = DOCTOR_B_19, .at = c->at, .fix = "remove one of them"},
                 "\"%s\" is in this file already; the second copy wastes %zu bytes", c->name,
                 c->der.len);
    }
    if (!c->is_parsed) {
        if (!c->is_damaged) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_B_15,
                                      .at = c->at,
                                      .shows = "mbedTLS counts it as not loaded",
                                      .fix = "check whether your build has its key type and hash"},
                     "mbedTLS cannot parse this certificate (-0x%04x)", (unsigned)-c->strict_error);
        }
        return;
    }
    if (!c->is_damaged && (c->is_altered || (c->claimed && !c->known))) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_13,
                                  .at = c->at,
                                  .shows = "mbedTLS -0x2700 (-9984) flag 0x8, OpenSSL verify code "
                                           "20 or 7; the hub sees alert 48",
                                  .fix = "copy the certificate again from its source"},
                 "%s \"%s\": it loads everywhere, but it is not the root it claims to be",
                 c->is_altered ? "the signature is wrong on" : "the fingerprint is wrong for",
                 c->name);
    }
    judge_names(d, c);
}

// Good and broken certificates in one text.
static void judge_mixture(struct doctor *d, const struct piece *p)
{
    size_t whole = 0;
    size_t broken = 0;
    size_t glued = 0;
    const struct cert *first = NULL;
    const struct cert *bad = NULL;
    for (size_t i = 0; i < d->cert_count; i++) {
        const struct cert *c = d->certs[i];
        if (c->piece != p) {
            continue;
        }
        bool is_broken = c->is_damaged || !c->is_parsed || (c->strict_error && !c->is_damaged);
        first = first ? first : c;
        bad = is_broken && !bad ? c : bad;
        whole += !is_broken;
        broken += is_broken;
        glued += c->is_glued;
    }
    if (whole && broken && !bad->odd_oid[0]) {
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_14,
                                  .at = bad->at,
                                  .shows = "mbedTLS returns a positive count; Zephyr prints it as "
                                           "-0xfffffffe or -0xffffffff",
                                  .fix = "repair or remove the broken one"},
                 "%zu of %zu certificates cannot be read: mbedTLS loads the rest and returns %zu, "
                 "OpenSSL and GnuTLS drop the whole file, wolfSSL says nothing",
                 broken, whole + broken, broken);
    }
    if (glued) {
        case_say(
            d,
            &(struct remark){.rule = DOCTOR_B_06,
                             .at = first->at,
                             .shows = "-0x2700 (-9984) once the hub uses another root",
                             .fix = "use PEM, or load each certificate with a call of its own"},
            "DER certificates stand behind each other: only \"%s\" is loaded, %zu more are "
            "ignored without an error",
            first->name, glued);
    }
}

static void judge_keys_in_trust(struct doctor *d, const struct piece *p)
{
    bool is_trust = false;
    for (size_t i = 0; i < d->cert_count; i++) {
        is_trust = is_trust || (d->certs[i]->piece == p && d->certs[i]->role == ROLE_TRUST);
    }
    for (size_t i = 0; i < d->key_count && is_trust; i++) {
        if (d->keys[i]->piece == p && d->keys[i]->content <= CONTENT_OPENSSH) {
            case_say(d,
                     &(struct remark){.rule = DOCTOR_B_18,
                                      .at = d->keys[i]->at,
                                      .fix = "remove it, and treat the key as leaked"},
                     "a private key stands among the trust anchors; every stack loads the file "
                     "without a word");
        }
    }
}

static void judge_second_tag(struct doctor *d)
{
    for (size_t i = 0; i < d->setting_count; i++) {
        const struct setting *s = d->settings_read[i];
        if (!text_has(s->name, "SECONDARY_SEC_TAG") || !span_equals_text(s->value, "-1")) {
            continue;
        }
        for (size_t k = 0; k < d->piece_count; k++) {
            const struct piece *p = d->pieces[k];
            bool is_second = text_has(span_text(p->view.file), "ca-cert-2") ||
                             text_has(span_text(p->view.symbol), "CA_CERTIFICATE_2");
            if (is_second) {
                char name[96];
                case_say(
                    d,
                    &(struct remark){.rule = DOCTOR_B_21,
                                     .at = s->at,
                                     .shows = "-22 or -2 from mqtt_connect when the hub needs "
                                              "that root",
                                     .fix = "give the secondary tag a number of its own"},
                    "the secondary security tag is -1, so %s is not provisioned",
                    case_quote(span_text(p->view.symbol[0] ? p->view.symbol : p->view.file), name));
            }
        }
    }
}

static bool is_buffer_name(const char *name)
{
    static const char *const things[] = {"cert", "certs", "ca", "cacert", "pem", "certificate"};
    static const char *const sizes[] = {"size", "len", "length", "max", "buf", "buffer", "sz"};
    bool is_thing = false;
    bool is_size = false;
    for (size_t i = 0; i < HR_COUNT_OF(things); i++) {
        is_thing = is_thing || name_has_word(name, things[i]);
    }
    for (size_t i = 0; i < HR_COUNT_OF(sizes); i++) {
        is_size = is_size || name_has_word(name, sizes[i]);
    }
    return is_thing && is_size;
}

static void judge_buffers(struct doctor *d, const struct piece *p)
{
    bool is_trust = p->hint == ROLE_TRUST && p->pem.count > 0;
    for (size_t i = 0; i < d->setting_count && is_trust; i++) {
        const struct setting *s = d->settings_read[i];
        char name[96];
        uint64_t limit = 0;
        span_copy_text(s->name, name, sizeof name);
        if (!is_buffer_name(name) || !setting_number(s, &limit) || limit < 256 ||
            limit >= p->view.text.len) {
            continue;
        }
        case_say(d,
                 &(struct remark){.rule = DOCTOR_B_22,
                                  .at = s->at,
                                  .fix = "raise the limit or take certificates out"},
                 "%s is %llu, but %s%s%s has %zu bytes", name, (unsigned long long)limit,
                 p->view.file, p->view.symbol[0] ? " " : "", p->view.symbol, p->view.text.len);
    }
}

void rules_form(struct doctor *d)
{
    for (size_t i = 0; i < d->input_count; i++) {
        judge_input(d, d->inputs[i]);
    }
    for (size_t i = 0; i < d->piece_count; i++) {
        const struct piece *p = d->pieces[i];
        judge_blocks(d, p);
        judge_text(d, p);
        judge_nul(d, p);
        judge_mixture(d, p);
        judge_keys_in_trust(d, p);
        judge_buffers(d, p);
    }
    for (size_t i = 0; i < d->cert_count; i++) {
        judge_cert(d, d->certs[i]);
    }
    judge_second_tag(d);
}
