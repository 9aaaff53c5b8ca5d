// SPDX-License-Identifier: MIT
#include "certs/doctor/doctor_kit.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "base/text_code.h"
#include "certs/random.h"

#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const int64_t kit_now_s = INT64_C(1795176000);
const char kit_secret[] = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=";

enum { FIXTURES_MOST = 64, TEXT_BYTES_MOST = 1 << 20 };

struct fixture {
    char name[24];
    struct buf bytes;
};

static struct fixture fixtures[FIXTURES_MOST];
static size_t fixture_count;
static struct random_source source;

enum kit_key { ROOT_KEY, CA_KEY, DEVICE_KEY, OTHER_KEY, RSA_KEY, P521_KEY, KEY_COUNT };
static mbedtls_pk_context keys[KEY_COUNT];

struct cert_wish {
    const char *name;
    const char *subject;
    const char *issuer;
    enum kit_key key, signer;
    const char *from, *to; // NULL: 2026-01-01 .. 2046-01-01
    bool is_ca;
    bool is_version_1;
    bool is_sha1;
    bool has_odd_extension;
    const char *eku; // "client", "server"
};

#define ROOT  "C=DE,O=Example,CN=Example Test Root"
#define INTER "C=DE,O=Example,CN=Example Test Intermediate"
#define MADE  "C=DE,O=Example,CN=Some Root"

static const struct cert_wish wishes[] = {
    {.name = "root",
     .subject = ROOT,
     .issuer = ROOT,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true},
    {.name = "some",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true},
    {.name = "twin",
     .subject = MADE,
     .issuer = MADE,
     .key = CA_KEY,
     .signer = CA_KEY,
     .is_ca = true},
    {.name = "v1",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_version_1 = true},
    {.name = "odd",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true,
     .has_odd_extension = true},
    {.name = "sha1",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true,
     .is_sha1 = true},
    {.name = "old",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true,
     .from = "20100101000000",
     .to = "20200101000000"},
    {.name = "short",
     .subject = MADE,
     .issuer = MADE,
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true,
     .to = "20300101000000"},
    {.name = "fake",
     .subject = "C=US,O=DigiCert Inc,OU=www.digicert.com,CN=DigiCert Global Root G2",
     .issuer = "C=US,O=DigiCert Inc,OU=www.digicert.com,CN=DigiCert Global Root G2",
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true},
    {.name = "simulator",
     .subject = "O=X,CN=DigiCert Global Root G2 (hubrig test)",
     .issuer = "O=X,CN=DigiCert Global Root G2 (hubrig test)",
     .key = ROOT_KEY,
     .signer = ROOT_KEY,
     .is_ca = true},
    {.name = "inter",
     .subject = INTER,
     .issuer = ROOT,
     .key = CA_KEY,
     .signer = ROOT_KEY,
     .is_ca = true},
    {.name = "device",
     .subject = "CN=bench-01",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY,
     .eku = "client"},
    {.name = "deep",
     .subject = "CN=bench-01",
     .issuer = INTER,
     .key = DEVICE_KEY,
     .signer = CA_KEY,
     .eku = "client"},
    {.name = "self",
     .subject = "CN=bench-01",
     .issuer = "CN=bench-01",
     .key = DEVICE_KEY,
     .signer = DEVICE_KEY},
    {.name = "nameless",
     .subject = "O=Example",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY},
    {.name = "expired",
     .subject = "CN=bench-01",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY,
     .from = "20260101000000",
     .to = "20260201000000"},
    {.name = "noclient",
     .subject = "CN=bench-01",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY,
     .eku = "server"},
    {.name = "devsha1",
     .subject = "CN=bench-01",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY,
     .is_sha1 = true},
    {.name = "devrsa",
     .subject = "CN=bench-01",
     .issuer = ROOT,
     .key = RSA_KEY,
     .signer = ROOT_KEY},
    {.name = "spaced",
     .subject = "CN=bench 01",
     .issuer = ROOT,
     .key = DEVICE_KEY,
     .signer = ROOT_KEY},
    {.name = "leaf",
     .subject = "CN=*.azure-devices.net",
     .issuer = ROOT,
     .key = OTHER_KEY,
     .signer = ROOT_KEY,
     .eku = "server"},
};

static struct buf *new_fixture(const char *name)
{
    if (fixture_count == FIXTURES_MOST) {
        abort();
    }
    struct fixture *f = &fixtures[fixture_count++];
    snprintf(f->name, sizeof f->name, "%s", name);
    buf_init(&f->bytes, TEXT_BYTES_MOST);
    return &f->bytes;
}

static int add_fixture(const char *name, const void *bytes, size_t len)
{
    return buf_append(new_fixture(name), span_of(bytes, len));
}

static int add_usage(mbedtls_x509write_cert *w, const char *eku)
{
    static const char client[] = "\x30\x0a\x06\x08" MBEDTLS_OID_CLIENT_AUTH;
    static const char server[] = "\x30\x0a\x06\x08" MBEDTLS_OID_SERVER_AUTH;
    const char *value = strcmp(eku, "client") == 0 ? client : server;
    return mbedtls_x509write_crt_set_extension(w, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                               MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
                                               (const unsigned char *)value, sizeof client - 1);
}

static int make_cert(const struct cert_wish *wish)
{
    mbedtls_x509write_cert w;
    mbedtls_mpi serial;
    unsigned char pem[8192] = "";
    char der_name[32];
    static unsigned char der[8192];
    mbedtls_x509write_crt_init(&w);
    mbedtls_mpi_init(&serial);
    mbedtls_mpi_lset(&serial, (int)(wish - wishes) + 2);
    mbedtls_x509write_crt_set_version(&w, wish->is_version_1 ? MBEDTLS_X509_CRT_VERSION_1
                                                             : MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, wish->is_sha1 ? MBEDTLS_MD_SHA1 : MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, &keys[wish->key]);
    mbedtls_x509write_crt_set_issuer_key(&w, &keys[wish->signer]);
    int rc = mbedtls_x509write_crt_set_subject_name(&w, wish->subject);
    rc |= mbedtls_x509write_crt_set_issuer_name(&w, wish->issuer);
    rc |= mbedtls_x509write_crt_set_serial(&w, &serial);
    rc |= mbedtls_x509write_crt_set_validity(&w, wish->from ? wish->from : "20260101000000",
                                             wish->to ? wish->to : "20460101000000");
    if (!wish->is_version_1) {
        rc |= mbedtls_x509write_crt_set_basic_constraints(&w, wish->is_ca, -1);
    }
    rc |= wish->eku ? add_usage(&w, wish->eku) : 0;
    if (wish->has_odd_extension) {
        rc |= mbedtls_x509write_crt_set_extension(&w, "\x2a\x03\x04", 3, 1,
                                                  (const unsigned char *)"\x05\x00", 2);
    }
    int n = mbedtls_x509write_crt_der(&w, der, sizeof der, mbedtls_ctr_drbg_random, &source.drbg);
    size_t used = 0;
    rc |= n <= 0;
    rc |= mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                   der + sizeof der - (n > 0 ? n : 0), n > 0 ? (size_t)n : 0, pem,
                                   sizeof pem, &used);
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&w);
    snprintf(der_name, sizeof der_name, "%s.der", wish->name);
    if (rc) {
        return -1;
    }
    rc |= add_fixture(wish->name, pem, strlen((char *)pem));
    return rc | add_fixture(der_name, der + sizeof der - n, (size_t)n);
}

static int make_key(enum kit_key which)
{
    mbedtls_pk_context *pk = &keys[which];
    mbedtls_pk_init(pk);
    bool is_rsa = which == RSA_KEY;
    int rc =
        mbedtls_pk_setup(pk, mbedtls_pk_info_from_type(is_rsa ? MBEDTLS_PK_RSA : MBEDTLS_PK_ECKEY));
    if (is_rsa) {
        return rc | mbedtls_rsa_gen_key(mbedtls_pk_rsa(*pk), mbedtls_ctr_drbg_random, &source.drbg,
                                        3072, 65537);
    }
    return rc | mbedtls_ecp_gen_key(which == P521_KEY ? MBEDTLS_ECP_DP_SECP521R1
                                                      : MBEDTLS_ECP_DP_SECP256R1,
                                    mbedtls_pk_ec(*pk), mbedtls_ctr_drbg_random, &source.drbg);
}

static int add_key_pem(const char *name, enum kit_key which)
{
    unsigned char pem[8192] = "";
    int rc = mbedtls_pk_write_key_pem(&keys[which], pem, sizeof pem);
    return rc | add_fixture(name, pem, strlen((char *)pem));
}

static int add_file(const char *name, const char *file)
{
    char path[200];
    snprintf(path, sizeof path, "/usr/share/ca-certificates/mozilla/%s.crt", file);
    struct buf *out = new_fixture(name);
    if (fs_read_file(path, out) < 0) {
        fixture_count--;
        error_clear();
    }
    return 0;
}

int kit_set_up(void **state)
{
    (void)state;
    unsigned char pem[4096] = "";
    int rc = random_source_init(&source);
    for (enum kit_key k = 0; k < KEY_COUNT && rc == 0; k++) {
        rc |= make_key(k);
    }
    for (size_t i = 0; i < HR_COUNT_OF(wishes) && rc == 0; i++) {
        rc |= make_cert(&wishes[i]);
    }
    rc |= add_key_pem("rootkey", ROOT_KEY);
    rc |= add_key_pem("devicekey", DEVICE_KEY); // SEC1
    rc |= add_key_pem("otherkey", OTHER_KEY);
    rc |= add_key_pem("rsakey", RSA_KEY); // PKCS#1
    rc |= add_key_pem("p521key", P521_KEY);
    rc |= mbedtls_pk_write_pubkey_pem(&keys[DEVICE_KEY], pem, sizeof pem);
    rc |= add_fixture("public", pem, strlen((char *)pem));
    rc |= add_fixture("secret", kit_secret, strlen(kit_secret));
    add_file("G1", "DigiCert_Global_Root_CA");
    add_file("G2", "DigiCert_Global_Root_G2");
    add_file("G3", "DigiCert_Global_Root_G3");
    add_file("MSRSA", "Microsoft_RSA_Root_Certificate_Authority_2017");
    add_file("BALTIMORE", "Baltimore_CyberTrust_Root");
    return rc ? -1 : 0;
}

int kit_tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < fixture_count; i++) {
        buf_wipe(&fixtures[i].bytes);
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        mbedtls_pk_free(&keys[i]);
    }
    random_source_deinit(&source);
    return 0;
}

static const struct fixture *find_fixture(const char *name, size_t len)
{
    for (size_t i = 0; i < fixture_count; i++) {
        if (strlen(fixtures[i].name) == len && memcmp(fixtures[i].name, name, len) == 0) {
            return &fixtures[i];
        }
    }
    return NULL;
}

bool kit_has_real_roots(void)
{
    static const char *const names[] = {"G1", "G2", "G3", "MSRSA", "BALTIMORE"};
    for (size_t i = 0; i < HR_COUNT_OF(names); i++) {
        if (!find_fixture(names[i], strlen(names[i]))) {
            return false;
        }
    }
    return true;
}

struct span kit_fixture(const char *name)
{
    const struct fixture *f = find_fixture(name, strlen(name));
    if (!f) {
        fail_msg("no fixture '%s'", name);
        return SPAN_EMPTY;
    }
    return buf_span(&f->bytes);
}

static void put_c(struct span bytes, const char *end, struct buf *out)
{
    struct span rest = bytes;
    while (rest.len) {
        struct span line = span_cut(rest, '\n', &rest);
        assert_int_equal(buf_printf(out, "\"%.*s\\n\"%s\n", SPAN_ARG(line), end), 0);
    }
}

static void put_array(struct span bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        assert_int_equal(buf_printf(out, "0x%02x,%s", bytes.ptr[i], i % 12 == 11 ? "\n" : " "), 0);
    }
}

static bool expand_one(struct span name, struct buf *out)
{
    bool is_macro = span_ends_with(name, SPAN_LITERAL(".macro"));
    bool is_c = span_ends_with(name, SPAN_LITERAL(".c"));
    bool is_array = span_ends_with(name, SPAN_LITERAL(".array"));
    struct span bare = span_slice(name, 0, name.len - (is_c ? 2 : is_array || is_macro ? 6 : 0));
    const struct fixture *f = find_fixture((const char *)bare.ptr, bare.len);
    if (!f) {
        return false;
    }
    if (is_c || is_macro) {
        put_c(buf_span(&f->bytes), is_macro ? " \\" : "", out);
    } else if (is_array) {
        put_array(buf_span(&f->bytes), out);
    } else {
        assert_int_equal(buf_append(out, buf_span(&f->bytes)), 0);
    }
    return true;
}

void kit_expand(const char *text, struct buf *out)
{
    for (const char *c = text; *c; c++) {
        const char *end = *c == '{' ? strchr(c, '}') : NULL;
        if (end && expand_one(span_of(c + 1, (size_t)(end - c - 1)), out)) {
            c = end;
        } else {
            assert_int_equal(buf_append_u8(out, (uint8_t)*c), 0);
        }
    }
}

static struct doctor *start(const struct doctor_settings *given)
{
    struct doctor *d = NULL;
    struct doctor_settings s = *given;
    s.now_s = s.now_s ? s.now_s : kit_now_s;
    assert_int_equal(doctor_new(&s, &d), 0);
    return d;
}

struct doctor *kit_run(const struct kit_case *c)
{
    struct doctor_settings s = c->settings;
    s.stack = c->is_plain_stack ? s.stack : STACK_ANY;
    s.cloud = s.cloud ? s.cloud : CLOUD_ANY;
    struct doctor *d = start(&s);
    for (size_t i = 0; i < KIT_INPUTS_MOST && c->inputs[i]; i++) {
        struct buf content HR_CLEANUP(buf_wipe);
        char name[64];
        const char *colon = strstr(c->inputs[i], ": ");
        assert_non_null(colon);
        span_copy_text(span_of(c->inputs[i], (size_t)(colon - c->inputs[i])), name, sizeof name);
        buf_init(&content, TEXT_BYTES_MOST);
        kit_expand(colon + 2, &content);
        int code = doctor_add(d, &(struct doctor_input){.name = name,
                                                        .bytes = buf_span(&content),
                                                        .is_text = strcmp(name, "arg") == 0});
        if (code < 0) {
            fail_msg("%s: %s", c->inputs[i], error_text(code));
        }
    }
    assert_int_equal(doctor_run(d), 0);
    return d;
}

struct doctor *kit_run_bytes(const struct doctor_settings *settings, const char *name,
                             struct span bytes)
{
    struct doctor *d = start(settings);
    assert_int_equal(doctor_add(d, &(struct doctor_input){.name = name, .bytes = bytes}), 0);
    assert_int_equal(doctor_run(d), 0);
    return d;
}

const struct doctor_finding *kit_find(const struct doctor *d, const char *rule)
{
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        if (strcmp(doctor_rule_id(doctor_finding(d, i)->rule), rule) == 0) {
            return doctor_finding(d, i);
        }
    }
    return NULL;
}

void kit_print(const struct doctor *d, struct buf *out)
{
    int code = 0;
    for (size_t i = 0; i < doctor_finding_count(d); i++) {
        const struct doctor_finding *f = doctor_finding(d, i);
        code |= buf_printf(out, "%s %s %s:%d: %s | %s | %s\n", doctor_severity_word(f->severity),
                           doctor_rule_id(f->rule), f->file, f->line, f->what, f->shows, f->fix);
    }
    for (size_t i = 0; i < doctor_right_count(d); i++) {
        code |= buf_printf(out, "right %s\n", doctor_right(d, i));
    }
    for (size_t i = 0; i < doctor_outlook_count(d); i++) {
        code |= buf_printf(out, "outlook %s\n", doctor_outlook(d, i));
    }
    for (size_t i = 0; i < doctor_date_count(d); i++) {
        code |= buf_printf(out, "date %lld %s\n", (long long)doctor_date(d, i)->at_s,
                           doctor_date(d, i)->text);
    }
    assert_int_equal(code, 0);
}

void kit_check_rule(const char *rule, const struct kit_case *bad, const struct kit_case *good)
{
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, TEXT_BYTES_MOST);
    struct doctor *d = kit_run(bad);
    kit_print(d, &text);
    if (!kit_find(d, rule)) {
        fail_msg("%s is not found in:\n%s", rule, buf_text(&text));
    }
    doctor_free(d);
    buf_clear(&text);
    d = kit_run(good);
    kit_print(d, &text);
    if (kit_find(d, rule)) {
        fail_msg("%s is a false alarm in:\n%s", rule, buf_text(&text));
    }
    doctor_free(d);
}

void kit_check_rows(const struct kit_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kit_check_rule(rows[i].rule, &rows[i].bad, &rows[i].good);
    }
}
