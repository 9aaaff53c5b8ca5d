// SPDX-License-Identifier: MIT
#include "base/test.h"
#include "certs/doctor/doctor_kit.h"
#include "certs/doctor/form_peers.h"
#include "certs/doctor/pem.h"
#include "certs/doctor/stack.h"

#include <mbedtls/x509_crt.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#ifdef HUBRIG_TEST_GNUTLS
#include <gnutls/x509.h>
#endif

enum { TEXT_BYTES_MOST = 1 << 16 };

static void put(struct buf *out, struct span s)
{
    assert_int_equal(buf_append(out, s), 0);
}

static void replace(struct span in, const char *old, const char *new, struct buf *out)
{
    while (in.len) {
        size_t at = text_find(in, old);
        put(out, span_slice(in, 0, at));
        if (at < in.len) {
            put(out, span_text(new));
        }
        in = span_from(in, at < in.len ? at + strlen(old) : in.len);
    }
}

static struct span without_end(struct span s, size_t count)
{
    return span_slice(s, 0, s.len - count);
}

static struct span root(void)
{
    return kit_fixture("some");
}

static void plain(struct buf *out)
{
    put(out, root());
}

static void text_before(struct buf *out)
{
    put(out, SPAN_LITERAL("some words about the root\n"));
    put(out, root());
}

static void comment_between(struct buf *out)
{
    put(out, root());
    put(out, SPAN_LITERAL("# the next one\n"));
    put(out, kit_fixture("inter"));
}

static void blank_line_after_begin(struct buf *out)
{
    replace(root(), "BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\n\n", out);
}

static void one_line_body(struct buf *out)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
    static const char end[] = "\n-----END CERTIFICATE-----\n";
    put(out, span_text(begin));
    struct span body = span_from(root(), sizeof begin - 1);
    replace(without_end(body, sizeof end - 1), "\n", "", out);
    put(out, span_text(end));
}

static void no_final_newline(struct buf *out)
{
    put(out, without_end(root(), 1));
}

static void crlf(struct buf *out)
{
    replace(root(), "\n", "\r\n", out);
}

static void cr_only(struct buf *out)
{
    replace(root(), "\n", "\r", out);
}

static void label_ca(struct buf *out)
{
    replace(root(), " CERTIFICATE", " CA CERTIFICATE", out);
}

static void label_x509(struct buf *out)
{
    replace(root(), " CERTIFICATE", " X509 CERTIFICATE", out);
}

static void label_trusted(struct buf *out)
{
    replace(root(), " CERTIFICATE", " TRUSTED CERTIFICATE", out);
}

static void label_lower(struct buf *out)
{
    struct buf half HR_CLEANUP(buf_deinit);
    buf_init(&half, TEXT_BYTES_MOST);
    replace(root(), "BEGIN CERTIFICATE", "begin certificate", &half);
    replace(buf_span(&half), "END CERTIFICATE", "end certificate", out);
}

static void four_dashes(struct buf *out)
{
    replace(root(), "-----", "----", out);
}

static void typographic_dashes(struct buf *out)
{
    replace(root(), "-----", "\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94\xe2\x80\x94", out);
}

static void utf16(struct buf *out)
{
    put(out, SPAN_LITERAL("\xff\xfe"));
    for (size_t i = 0; i < root().len; i++) {
        const uint8_t pair[] = {root().ptr[i], 0};
        put(out, span_of(pair, 2));
    }
}

static void html(struct buf *out)
{
    put(out,
        SPAN_LITERAL("<!DOCTYPE html>\n<html><body>Sign in to the guest network</body></html>\n"));
}

static void empty(struct buf *out)
{
    (void)out;
}

static void bom(struct buf *out)
{
    put(out, SPAN_LITERAL("\xef\xbb\xbf"));
    put(out, root());
}

static void joined(struct buf *out)
{
    put(out, without_end(root(), 1));
    put(out, kit_fixture("inter"));
}

static void indented(struct buf *out)
{
    put(out, SPAN_LITERAL("    "));
    replace(without_end(root(), 1), "\n", "\n    ", out);
    put(out, SPAN_LITERAL("\n"));
}

static void trailing_blanks(struct buf *out)
{
    replace(root(), "\n", " \n", out);
}

static void blanks_after_begin(struct buf *out)
{
    replace(root(), "BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----   \n", out);
}

static void literal_n(struct buf *out)
{
    replace(root(), "\n", "\\n", out);
}

static void quotes_kept(struct buf *out)
{
    kit_expand("{some.c}", out);
}

static void no_newlines(struct buf *out)
{
    replace(root(), "\n", "", out);
}

static void end_missing(struct buf *out)
{
    put(out, span_slice(root(), 0, text_find(root(), "-----END")));
}

static void line_missing(struct buf *out)
{
    size_t second = text_find(root(), "\n") + 1 + 65;
    put(out, span_slice(root(), 0, second));
    put(out, span_from(root(), second + 65));
}

static void bad_character(struct buf *out)
{
    put(out, root());
    out->data[200] = '!';
}

// The subject's last letter: everything still parses.
static void one_character_flipped(struct buf *out)
{
    put(out, root());
    uint8_t *c = &out->data[out->len - 60]; // inside the signature
    *c = *c == 'A' ? 'B' : 'A';
}

static void der(struct buf *out)
{
    put(out, kit_fixture("some.der"));
}

static void good_and_damaged(struct buf *out)
{
    put(out, kit_fixture("inter"));
    put(out, root());
    size_t at = kit_fixture("inter").len + 200;
    out->data[at] = '!';
}

static void leading_nul(struct buf *out)
{
    put(out, span_of("\0", 1));
    put(out, root());
}

static void label_client(struct buf *out)
{
    replace(root(), " CERTIFICATE", " CLIENT CERTIFICATE", out);
}

static void label_root(struct buf *out)
{
    replace(root(), " CERTIFICATE", " ROOT CERTIFICATE", out);
}

static void placeholder(struct buf *out)
{
    put(out, SPAN_LITERAL("-----BEGIN CERTIFICATE-----\nyour certificate here\n"
                          "-----END CERTIFICATE-----\n"));
}

static void two_good(struct buf *out)
{
    put(out, root());
    put(out, kit_fixture("inter"));
}

static const struct form_case {
    const char *name;
    void (*write)(struct buf *out);
    const char *rule; // that must be found; NULL: no error about form
    bool is_compared; // with the real loaders
} forms[] = {
    {"plain", plain, NULL, true},
    {"two good ones", two_good, NULL, true},
    {"text before", text_before, NULL, true},
    {"comment between", comment_between, NULL, true},
    {"blank line after BEGIN", blank_line_after_begin, NULL, true},
    {"one-line base64", one_line_body, NULL, true},
    {"no final newline", no_final_newline, "B-09", true},
    {"CRLF", crlf, "B-08", true},
    {"CR only", cr_only, "B-08", true},
    {"label CA CERTIFICATE", label_ca, "B-01", true},
    {"label CLIENT CERTIFICATE", label_client, "B-01", true},
    {"label ROOT CERTIFICATE", label_root, "B-01", true},
    {"label X509 CERTIFICATE", label_x509, "B-02", true},
    {"label TRUSTED CERTIFICATE", label_trusted, "B-02", true},
    {"lower-case label", label_lower, "B-01", true},
    {"four dashes", four_dashes, "B-16", true},
    {"typographic dashes", typographic_dashes, "B-16", true},
    {"UTF-16", utf16, "B-17", true},
    {"HTML", html, "B-17", true},
    {"empty", empty, "B-17", true},
    {"BOM", bom, "B-16", true},
    {"END and BEGIN on one line", joined, "B-07", true},
    {"indented", indented, "B-16", true},
    {"trailing blanks", trailing_blanks, "B-16", true},
    {"several blanks after BEGIN", blanks_after_begin, "B-16", true},
    {"literal backslash n", literal_n, "B-10", true},
    {"quotes kept", quotes_kept, "B-10", true},
    {"no newlines", no_newlines, "B-11", true},
    {"END missing", end_missing, "B-12", true},
    {"line missing", line_missing, "B-12", true},
    {"bad character", bad_character, "B-12", true},
    {"one character flipped", one_character_flipped, "B-13", true},
    {"good and damaged", good_and_damaged, "B-14", true},
    {"leading NUL", leading_nul, "B-16", true},
    {"placeholder", placeholder, "B-20", true},
    {"DER", der, NULL, false},
};

static void write_form(const struct form_case *c, struct buf *out)
{
    buf_init(out, TEXT_BYTES_MOST);
    c->write(out);
}

static void every_broken_form_is_named_and_every_sound_one_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(forms); i++) {
        struct buf text HR_CLEANUP(buf_deinit);
        struct buf said HR_CLEANUP(buf_deinit);
        write_form(&forms[i], &text);
        buf_init(&said, TEXT_BYTES_MOST);
        struct doctor *d =
            kit_run_bytes(&(struct doctor_settings){.stack = STACK_ANY, .cloud = CLOUD_ANY},
                          "ca.pem", buf_span(&text));
        kit_print(d, &said);
        if (forms[i].rule && !kit_find(d, forms[i].rule)) {
            fail_msg("%s: %s is not found in:\n%s", forms[i].name, forms[i].rule, buf_text(&said));
        }
        for (size_t k = 0; k < doctor_finding_count(d); k++) {
            const struct doctor_finding *f = doctor_finding(d, k);
            bool is_form = doctor_rule_id(f->rule)[0] == 'B';
            if (is_form && !forms[i].rule) {
                fail_msg("%s: false alarm in:\n%s", forms[i].name, buf_text(&said));
            }
        }
        doctor_free(d);
    }
}

static int mbedtls_loads(struct span text)
{
    struct buf with_nul HR_CLEANUP(buf_deinit);
    mbedtls_x509_crt crt;
    int count = 0;
    buf_init(&with_nul, TEXT_BYTES_MOST);
    put(&with_nul, text);
    put(&with_nul, span_of("\0", 1));
    mbedtls_x509_crt_init(&crt);
    int rc = mbedtls_x509_crt_parse(&crt, with_nul.data, with_nul.len);
    for (const mbedtls_x509_crt *c = &crt; rc >= 0 && c && c->raw.p; c = c->next) {
        count++;
    }
    mbedtls_x509_crt_free(&crt);
    return count ? count : -1;
}

static int openssl_loads(struct span text)
{
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    int count = 0;
    for (int i = 0; all && i < sk_X509_INFO_num(all); i++) {
        count += sk_X509_INFO_value(all, i)->x509 != NULL;
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    ERR_clear_error();
    return count ? count : -1;
}

static int gnutls_loads(struct span text)
{
#ifdef HUBRIG_TEST_GNUTLS
    gnutls_x509_crt_t *certs = NULL;
    unsigned count = 0;
    struct buf copy HR_CLEANUP(buf_deinit);
    buf_init(&copy, TEXT_BYTES_MOST);
    put(&copy, text);
    put(&copy, span_of("\0", 1));
    gnutls_datum_t datum = {copy.data, (unsigned)text.len};
    int rc = gnutls_x509_crt_list_import2(&certs, &count, &datum, GNUTLS_X509_FMT_PEM, 0);
    for (unsigned i = 0; rc >= 0 && i < count; i++) {
        gnutls_x509_crt_deinit(certs[i]);
    }
    gnutls_free(rc >= 0 ? certs : NULL);
    return rc >= 0 && count ? (int)count : -1;
#else
    (void)text;
    return -3;
#endif
}

#ifndef HUBRIG_TEST_MORE_STACKS
int wolfssl_loads(struct span text)
{
    (void)text;
    return -3;
}

int bearssl_loads(struct span text)
{
    (void)text;
    return -3;
}
#endif

static void the_verdict_of_each_stack_is_that_of_its_real_loader(void **state)
{
    (void)state;
    static const struct {
        enum doctor_stack stack;
        int (*loads)(struct span text);
    } loaders[] = {{STACK_MBEDTLS_228, mbedtls_loads},
                   {STACK_OPENSSL, openssl_loads},
                   {STACK_GNUTLS, gnutls_loads},
                   {STACK_WOLFSSL, wolfssl_loads},
                   {STACK_BEARSSL, bearssl_loads}};
    int differences = 0;
    for (size_t i = 0; i < HR_COUNT_OF(forms); i++) {
        struct buf text HR_CLEANUP(buf_deinit);
        struct pem_text pem;
        write_form(&forms[i], &text);
        struct text_view view = {.file = "ca.pem", .symbol = "", .text = buf_span(&text)};
        assert_int_equal(pem_read(&view, &pem), 0);
        for (size_t k = 0; k < HR_COUNT_OF(loaders) && forms[i].is_compared; k++) {
            int real = loaders[k].loads(buf_span(&text));
            int said = stack_loads(loaders[k].stack, &pem);
            if (loaders[k].stack == STACK_WOLFSSL && said > 0) {
                said = 1; // it does not tell how many
            }
            if (real != -3 && said != -2 && real != said) {
                print_error("%s, %s: the loader takes %d, the doctor says %d\n",
                            stack_name(loaders[k].stack), forms[i].name, real, said);
                differences++;
            }
        }
        pem_deinit(&pem);
    }
    assert_int_equal(differences, 0);
}

static void a_stack_that_reads_a_form_makes_it_a_note(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    label_x509(&text);
    struct doctor *d =
        kit_run_bytes(&(struct doctor_settings){.stack = STACK_OPENSSL, .cloud = CLOUD_ANY},
                      "ca.pem", buf_span(&text));
    assert_int_equal(kit_find(d, "B-02")->severity, DOCTOR_INFO);
    doctor_free(d);
    d = kit_run_bytes(&(struct doctor_settings){.stack = STACK_MBEDTLS_228, .cloud = CLOUD_ANY},
                      "ca.pem", buf_span(&text));
    assert_int_equal(kit_find(d, "B-02")->severity, DOCTOR_ERROR);
    doctor_free(d);
}

#define ON(name) .settings = {.stack = name}, .is_plain_stack = true

static void each_rule_of_form_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"B-03",
         {ON(STACK_MBEDTLS_228),
          .inputs = {"net.c: void f(void) { mbedtls_x509_crt_parse(&ca, p, strlen(p)); }"}},
         {ON(STACK_MBEDTLS_228),
          .inputs = {"net.c: void f(void) { mbedtls_x509_crt_parse(&ca, p, strlen(p) + 1); }"}}},
        {"B-03",
         {ON(STACK_MBEDTLS_228), .inputs = {"ca.h: static const uint8_t ca[] = {{some.array}};"}},
         {ON(STACK_MBEDTLS_228),
          .inputs = {"ca.h: static const uint8_t ca[] = {{some.array} 0x00};"}}},
        {"B-04",
         {ON(STACK_MODEM), .inputs = {"k.c: int x = modem_key_mgmt_write(1, 2, ca, sizeof(ca));"}},
         {ON(STACK_MODEM),
          .inputs = {"k.c: int x = modem_key_mgmt_write(1, 2, ca, sizeof(ca) - 1);"}}},
        {"B-05",
         {.inputs = {"c.h: #define MY_BALTIMORE_ROOT \\\n{inter.macro}"}},
         {.inputs = {"c.h: #define MY_SOME_CA \\\n{some.macro}"}}},
        {"B-06", {.inputs = {"ca.der: {some.der}{inter.der}"}}, {.inputs = {"ca.der: {some.der}"}}},
        {"B-06",
         {.inputs = {"ca.h: unsigned char ca[] = { {some.der.array}{root.der.array} };"}},
         {.inputs = {"ca.h: unsigned char ca[] = { {some.der.array} };"}}},
        {"B-10",
         {.inputs = {"ca.pem: static const char ca[] =\n{some.c};\n"}},
         {.inputs = {"ca.h: static const char ca[] =\n{some.c};\n"}}},
        {"B-11",
         {.inputs = {"ca.h: const char *ca = \"-----BEGIN CERTIFICATE-----\"\n\"MIIB\"\n"
                     "\"-----END CERTIFICATE-----\";"}},
         {.inputs = {"ca.h: const char *ca =\n{some.c};"}}},
        {"B-13", {.inputs = {"ca.pem: {fake}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"B-15",
         {.inputs = {"ca.pem: -----BEGIN CERTIFICATE-----\nMCIwIDAeoAMCAQIwFwYDVR0TBBAwDgYDVR0T"
                     "BAcwBQYDVR0TMA==\n-----END CERTIFICATE-----\n"}},
         {.inputs = {"ca.pem: {some}"}}},
        {"B-18", {.inputs = {"ca.pem: {some}{otherkey}"}}, {.inputs = {"ca.pem: {some}"}}},
        {"B-19", {.inputs = {"ca.pem: {some}{some}"}}, {.inputs = {"ca.pem: {some}{inter}"}}},
        {"B-20",
         {.inputs = {"certs.h: #define CA_CERTIFICATE \"-----CERTIFICATE-----\\n\"\n"}},
         {.inputs = {"certs.h: #define CA_CERTIFICATE \\\n{some.macro}"}}},
        {"B-21",
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_SECONDARY_SEC_TAG=-1\n",
                     "ca-cert-2.pem: {some}"}},
         {.inputs = {"prj.conf: CONFIG_AZURE_IOT_HUB_SECONDARY_SEC_TAG=11\n",
                     "ca-cert-2.pem: {some}"}}},
        {"B-22",
         {.inputs = {"config.h: #define MQTT_CA_CERT_SIZE 500\n", "ca.pem: {some}{inter}"}},
         {.inputs = {"config.h: #define MQTT_CA_CERT_SIZE 5000\n", "ca.pem: {some}{inter}"}}},
    };
    kit_check_rows(rows, HR_COUNT_OF(rows));
}

static void a_nul_at_the_end_is_for_mbedtls_and_not_for_the_modem(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    plain(&text);
    put(&text, span_of("\0", 1));
    const struct doctor_settings modem = {.stack = STACK_MODEM, .cloud = CLOUD_ANY};
    struct doctor *d = kit_run_bytes(&modem, "ca.pem", buf_span(&text));
    assert_non_null(kit_find(d, "B-04"));
    doctor_free(d);
    d = kit_run_bytes(&(struct doctor_settings){.stack = STACK_MBEDTLS_228, .cloud = CLOUD_ANY},
                      "ca.pem", buf_span(&text));
    assert_null(kit_find(d, "B-04"));
    doctor_free(d);
    buf_truncate(&text, text.len - 1);
    d = kit_run_bytes(&modem, "ca.pem", buf_span(&text));
    assert_null(kit_find(d, "B-04"));
    doctor_free(d);
}

static void damage_is_reported_with_its_line(void **state)
{
    (void)state;
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    put(&text, SPAN_LITERAL("# one\n# two\n"));
    plain(&text);
    text.data[12 + 28 + 65 + 65 + 3] = '!';
    struct doctor *d =
        kit_run_bytes(&(struct doctor_settings){.stack = STACK_ANY, .cloud = CLOUD_ANY}, "ca.pem",
                      buf_span(&text));
    const struct doctor_finding *f = kit_find(d, "B-12");
    assert_non_null(f);
    assert_int_equal(f->line, 6);
    assert_string_equal(f->file, "ca.pem");
    doctor_free(d);
}

static void lines_in_a_header_are_those_of_the_source(void **state)
{
    (void)state;
    struct kit_case c = {
        .inputs = {"c.h: /* a */\n\n#define CA_CERT \\\n\"-----BEGIN CA CERTIFICATE-----\\n\" \\\n"
                   "\"MIIB\" \"MIIB\\n\" \\\n\"-----END CA CERTIFICATE-----\\n\"\n"}};
    struct doctor *d = kit_run(&c);
    assert_non_null(kit_find(d, "B-01"));
    assert_int_equal(kit_find(d, "B-01")->line, 4);
    doctor_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_form_is_named_and_every_sound_one_is_left_alone),
        cmocka_unit_test(the_verdict_of_each_stack_is_that_of_its_real_loader),
        cmocka_unit_test(a_stack_that_reads_a_form_makes_it_a_note),
        cmocka_unit_test(each_rule_of_form_has_a_case_and_a_neighbour),
        cmocka_unit_test(a_nul_at_the_end_is_for_mbedtls_and_not_for_the_modem),
        cmocka_unit_test(damage_is_reported_with_its_line),
        cmocka_unit_test(lines_in_a_header_are_those_of_the_source),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
