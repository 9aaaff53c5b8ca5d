// SPDX-License-Identifier: MIT
#include "certs/verify.h"
#include "base/error.h"
#include "base/test.h"
#include "certs/cert_write.h"
#include "certs/random.h"

#include <string.h>

static const int64_t now_s = 1795161645; // 2026-11-20T08:00:45Z
enum { DAY_S = 86400, PARTIES = 5 };
enum party_name { ROOT, MIDDLE, LEAF, OTHER_ROOT, IMPOSTOR };

struct party {
    mbedtls_pk_context key;
    struct buf der;
};

struct family {
    struct random_source random;
    struct party parties[PARTIES];
};

static void name_der(const char *common_name, struct buf *out)
{
    struct name_part part = {.oid = span_text("2.5.4.3"), .value = span_text(common_name)};
    buf_init(out, 1000);
    assert_int_equal(cert_write_name(&part, 1, out), 0);
}

struct shape {
    const char *subject, *issuer;
    bool is_ca;
    int64_t from_s, to_s;
};

static void write_cert(struct family *f, enum party_name who, enum party_name by,
                       const struct shape *shape)
{
    struct buf subject, issuer, extensions;
    name_der(shape->subject, &subject);
    name_der(shape->issuer, &issuer);
    buf_init(&extensions, 1000);
    struct der d = der_begin(&extensions);
    extension_basic_constraints(&d, true, shape->is_ca, -1);
    struct cert_plan plan = {.subject = buf_span(&subject),
                             .issuer = buf_span(&issuer),
                             .subject_key = &f->parties[who].key,
                             .issuer_key = &f->parties[by].key,
                             .signing = {.hash = CERT_SHA256},
                             .serial_made_bytes = 16,
                             .from_s = shape->from_s,
                             .to_s = shape->to_s,
                             .extensions = buf_span(&extensions)};
    buf_clear(&f->parties[who].der);
    assert_int_equal(cert_write(&plan, &f->random.drbg, &f->parties[who].der), 0);
    buf_deinit(&subject);
    buf_deinit(&issuer);
    buf_deinit(&extensions);
}

static struct shape shape_of(const char *subject, const char *issuer, bool is_ca)
{
    return (struct shape){subject, issuer, is_ca, now_s - 30 * DAY_S, now_s + 30 * DAY_S};
}

static int set_up(void **state)
{
    static struct family f;
    assert_int_equal(random_source_init(&f.random), 0);
    for (int i = 0; i < PARTIES; i++) {
        mbedtls_pk_init(&f.parties[i].key);
        buf_init(&f.parties[i].der, CERT_DER_BYTES_MOST);
        assert_int_equal(
            mbedtls_pk_setup(&f.parties[i].key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
        assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
                                             mbedtls_pk_ec(f.parties[i].key),
                                             mbedtls_ctr_drbg_random, &f.random.drbg),
                         0);
    }
    struct shape root = shape_of("root", "root", true);
    struct shape middle = shape_of("middle", "root", true);
    struct shape leaf = shape_of("press-01", "middle", false);
    struct shape other = shape_of("other", "other", true);
    struct shape impostor = shape_of("press-01", "middle", false);
    write_cert(&f, ROOT, ROOT, &root);
    write_cert(&f, MIDDLE, ROOT, &middle);
    write_cert(&f, LEAF, MIDDLE, &leaf);
    write_cert(&f, OTHER_ROOT, OTHER_ROOT, &other);
    write_cert(&f, IMPOSTOR, OTHER_ROOT, &impostor); // says middle, signed by another key
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct family *f = *state;
    for (int i = 0; i < PARTIES; i++) {
        mbedtls_pk_free(&f->parties[i].key);
        buf_deinit(&f->parties[i].der);
    }
    random_source_deinit(&f->random);
    return 0;
}

static struct span der_of(const struct family *f, enum party_name who)
{
    return buf_span(&f->parties[who].der);
}

static void expect_verdict(struct family *f, const enum party_name *sent, size_t sent_count,
                           const enum party_name *known, size_t known_count, int64_t utc_s,
                           enum cert_verdict verdict, size_t anchor, const char *why)
{
    struct span chain[PARTIES], anchors[PARTIES];
    struct cert_judgement j;
    for (size_t i = 0; i < sent_count; i++) {
        chain[i] = der_of(f, sent[i]);
    }
    for (size_t i = 0; i < known_count; i++) {
        anchors[i] = der_of(f, known[i]);
    }
    assert_int_equal(cert_chain_leads_to(chain, sent_count, anchors, known_count, utc_s, &j), 0);
    if (j.verdict != verdict || !strstr(j.why, why)) {
        fail_msg("expected verdict %d with '%s', seen %d: %s", verdict, why, j.verdict, j.why);
    }
    if (verdict == CERT_TRUSTED || verdict == CERT_OUT_OF_DATE) {
        assert_int_equal(j.anchor, anchor);
    }
}

struct chain_row {
    const char *name;
    enum party_name sent[3];
    size_t sent_count;
    enum party_name known[3];
    size_t known_count;
    int64_t utc_s;
    enum cert_verdict verdict;
    size_t anchor;
    const char *why;
};

static const struct chain_row rows[] = {
    {"root", {LEAF, MIDDLE}, 2, {ROOT}, 1, now_s, CERT_TRUSTED, 0, "leads to a known CA"},
    {"second anchor", {LEAF, MIDDLE}, 2, {OTHER_ROOT, ROOT}, 2, now_s, CERT_TRUSTED, 1, ""},
    {"anchor is the intermediate", {LEAF}, 1, {MIDDLE}, 1, now_s, CERT_TRUSTED, 0, ""},
    {"any order behind the leaf", {LEAF, ROOT, MIDDLE}, 3, {ROOT}, 1, now_s, CERT_TRUSTED, 0, ""},
    {"intermediate left out", {LEAF}, 1, {ROOT}, 1, now_s, CERT_UNTRUSTED, 0, "CN=middle"},
    {"another CA", {LEAF, MIDDLE}, 2, {OTHER_ROOT}, 1, now_s, CERT_UNTRUSTED, 0, "known CA"},
    {"an impostor's signature", {IMPOSTOR, MIDDLE}, 2, {ROOT}, 1, now_s, CERT_UNTRUSTED, 0, ""},
    {"no anchor", {LEAF, MIDDLE}, 2, {ROOT}, 0, now_s, CERT_UNTRUSTED, 0, "no CA"},
    {"no certificate", {LEAF}, 0, {ROOT}, 1, now_s, CERT_UNREADABLE, 0, "no certificate"},
    {"too late", {LEAF, MIDDLE}, 2, {ROOT}, 1, now_s + 60 * DAY_S, CERT_OUT_OF_DATE, 0, "ended at"},
    {"too early", {LEAF, MIDDLE}, 2, {ROOT}, 1, now_s - 60 * DAY_S, CERT_OUT_OF_DATE, 0, "begins"},
};

static void a_chain_is_judged_by_signatures_and_the_given_clock(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        const struct chain_row *r = &rows[i];
        print_message("    %s\n", r->name);
        expect_verdict(*state, r->sent, r->sent_count, r->known, r->known_count, r->utc_s,
                       r->verdict, r->anchor, r->why);
    }
}

static void a_device_certificate_is_no_ca(void **state)
{
    struct family *f = *state;
    struct shape child = shape_of("child", "press-01", false);
    write_cert(f, IMPOSTOR, LEAF, &child);
    enum party_name sent[] = {IMPOSTOR, LEAF, MIDDLE};
    enum party_name known[] = {ROOT};
    expect_verdict(f, sent, 3, known, 1, now_s, CERT_UNTRUSTED, 0, "");
}

static void an_expired_intermediate_makes_the_chain_out_of_date(void **state)
{
    struct family *f = *state;
    struct shape old = {"middle", "root", true, now_s - 30 * DAY_S, now_s - DAY_S};
    struct shape good = shape_of("middle", "root", true);
    enum party_name sent[] = {LEAF, MIDDLE};
    enum party_name known[] = {ROOT};
    write_cert(f, MIDDLE, ROOT, &old);
    expect_verdict(f, sent, 2, known, 1, now_s, CERT_OUT_OF_DATE, 0, "CN=middle ended at");
    write_cert(f, MIDDLE, ROOT, &good);
}

static void bytes_that_are_no_certificate_are_said_to_be_unreadable(void **state)
{
    struct family *f = *state;
    struct span root = der_of(f, ROOT);
    struct span broken[] = {SPAN_LITERAL("no certificate"), span_slice(root, 0, root.len - 1)};
    struct cert_judgement j;
    for (size_t i = 0; i < HR_COUNT_OF(broken); i++) {
        assert_int_equal(cert_chain_leads_to(&broken[i], 1, &root, 1, now_s, &j), 0);
        assert_int_equal(j.verdict, CERT_UNREADABLE);
        assert_int_equal(cert_chain_leads_to(&root, 1, &broken[i], 1, now_s, &j), 0);
        assert_int_equal(j.verdict, CERT_UNREADABLE);
    }
}

static void bytes_behind_a_certificate_make_it_unreadable(void **state)
{
    struct span root = der_of(*state, ROOT);
    struct buf longer;
    struct cert_judgement j;
    buf_init(&longer, 10000);
    assert_int_equal(buf_append(&longer, root), 0);
    assert_int_equal(buf_append_u8(&longer, 0), 0);
    struct span with_tail = buf_span(&longer);
    assert_int_equal(cert_chain_leads_to(&with_tail, 1, &root, 1, now_s, &j), 0);
    assert_int_equal(j.verdict, CERT_UNREADABLE);
    buf_deinit(&longer);
}

static void the_common_name_is_read(void **state)
{
    char name[20];
    assert_int_equal(cert_common_name(der_of(*state, LEAF), name, sizeof name), 0);
    assert_string_equal(name, "press-01");
    assert_int_equal(cert_common_name(der_of(*state, LEAF), name, 8), ERR_TOO_BIG);
    assert_int_equal(cert_common_name(SPAN_LITERAL("x"), name, sizeof name), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_judged_by_signatures_and_the_given_clock),
        cmocka_unit_test(a_device_certificate_is_no_ca),
        cmocka_unit_test(an_expired_intermediate_makes_the_chain_out_of_date),
        cmocka_unit_test(bytes_that_are_no_certificate_are_said_to_be_unreadable),
        cmocka_unit_test(bytes_behind_a_certificate_make_it_unreadable),
        cmocka_unit_test(the_common_name_is_read),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
