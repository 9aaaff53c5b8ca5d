// SPDX-License-Identifier: MIT
// Family Z, the C literal reader and the readers of settings.
#include "base/test.h"
#include "certs/doctor/case.h"
#include "certs/doctor/doctor_kit.h"

#include <stdio.h>
#include <string.h>

// An mbedTLS configuration that is whole, apart from what a row adds.
#define MBED                                                                                       \
    "config.h: #define MBEDTLS_SSL_TLS_C\n#define MBEDTLS_SSL_CLI_C\n#define MBEDTLS_GCM_C\n"
#define HASHES  "#define MBEDTLS_SHA512_C\n#define MBEDTLS_SHA1_C\n"
#define SUITES  "#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED\n"
#define TLS12   "#define MBEDTLS_SSL_PROTO_TLS1_2\n"
#define CLOCKED "#define MBEDTLS_HAVE_TIME_DATE\n"
#define WHOLE   MBED HASHES SUITES TLS12 CLOCKED
#define WOLF    "user_settings.h: #define WOLFSSL_SMALL_STACK\n#define HAVE_ECC\n"

static void each_rule_of_the_build_has_a_case_and_a_neighbour(void **state)
{
    (void)state;
    static const struct kit_row rows[] = {
        {"Z-01",
         {.inputs = {WHOLE "#define MBEDTLS_SSL_IN_CONTENT_LEN 4096\n"}},
         {.inputs = {WHOLE "#define MBEDTLS_SSL_IN_CONTENT_LEN 16384 // bytes\n"}}},
        {"Z-01",
         {.inputs = {"sdkconfig: CONFIG_MBEDTLS_SSL_MAX_CONTENT_LEN=4096\n"}},
         {.inputs = {"sdkconfig: CONFIG_MBEDTLS_SSL_MAX_CONTENT_LEN=16384\n"}}},
        {"Z-02",
         {.inputs = {MBED SUITES TLS12 CLOCKED "//#define MBEDTLS_SHA512_C\n"}},
         {.inputs = {WHOLE}}},
        {"Z-02",
         {.settings = {.stack = STACK_MBEDTLS_36}, .is_plain_stack = true, .inputs = {WHOLE}},
         {.settings = {.stack = STACK_MBEDTLS_36},
          .is_plain_stack = true,
          .inputs = {WHOLE "#define MBEDTLS_SHA384_C\n"}}},
        {"Z-02", {.inputs = {WOLF}}, {.inputs = {WOLF "#define WOLFSSL_SHA384\n"}}},
        {"Z-02",
         {.inputs = {"prj.conf: CONFIG_MBEDTLS_SHA384=n\n"}},
         {.inputs = {"prj.conf: CONFIG_MBEDTLS_SHA384=y\n"}}},
        {"B-15",
         {.inputs = {MBED SUITES TLS12 CLOCKED, "ca.pem: {MSRSA}"}},
         {.inputs = {WHOLE, "ca.pem: {MSRSA}"}}},
        {"Z-03",
         {.inputs = {MBED "#define MBEDTLS_SHA512_C\n" SUITES TLS12, "ca.pem: {sha1}"}},
         {.inputs = {WHOLE, "ca.pem: {sha1}"}}},
        {"Z-04", {.inputs = {MBED HASHES TLS12 CLOCKED}}, {.inputs = {WHOLE}}},
        {"Z-04",
         {.inputs = {"s.c: int l[] = {MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256,\n"
                     "MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, 0};"}},
         {.inputs = {"s.c: int l[] = {MBEDTLS_TLS_RSA_WITH_AES_128_GCM_SHA256,\n"
                     "MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256, 0};"}}},
        {"Z-04",
         {.inputs = {"user_settings.h: #define WOLFSSL_SHA384\n"}},
         {.inputs = {WOLF "#define WOLFSSL_SHA384\n"}}},
        {"Z-05", {.inputs = {MBED HASHES SUITES CLOCKED}}, {.inputs = {WHOLE}}},
        {"Z-05",
         {.inputs = {WOLF "#define WOLFSSL_NO_TLS12\n"}},
         {.inputs = {WOLF "// #define WOLFSSL_NO_TLS12\n"}}},
        {"Z-06",
         {.inputs = {"t.c: void f(void) { mbedtls_ssl_conf_max_frag_len(&c, 3); }"}},
         {.inputs = {"t.c: void f(void) { /* mbedtls_ssl_conf_max_frag_len(&c, 3); */ }"}}},
        {"Z-07",
         {.inputs = {"n.c: int table[] = {NX_CRYPTO_NONE, 1};"}},
         {.inputs = {"n.c: int table[] = {NX_CRYPTO_AES, 1};"}}},
        {"Z-08",
         {.inputs =
              {"n.c: #define COUNT 2\nvoid f(void) {\n"
               "nx_secure_tls_remote_certificate_buffer_allocate(&s, COUNT, b, sizeof(b)); }"}},
         {.inputs =
              {"n.c: #define COUNT 4\nvoid f(void) {\n"
               "nx_secure_tls_remote_certificate_buffer_allocate(&s, COUNT, b, sizeof(b)); }"}}},
        {"Z-08",
         {.inputs =
              {"n.c: void f(void) {nx_secure_tls_remote_certificate_allocate(&s, &c, b, 1024);}"}},
         {.inputs =
              {"n.c: void f(void) {nx_secure_tls_remote_certificate_allocate(&s, &c, b, 4096);}"}}},
        {"Z-09",
         {.inputs = {WHOLE "#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 1\n"}},
         {.inputs = {WHOLE "#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 8\n"}}},
        {"Z-10",
         {.inputs = {"t.c: void f(void) { mbedtls_ssl_handshake(&s); }"}},
         {.inputs = {"t.c: void f(void) { mbedtls_ssl_conf_read_timeout(&c, 9);\n"
                     "mbedtls_ssl_handshake(&s); }"}}},
        {"Z-11",
         {.inputs = {"t.c: void f(void) { SSL_set1_host(s, h); SSL_connect(s); }"}},
         {.inputs = {"t.c: void f(void) { SSL_set_tlsext_host_name(s, h); SSL_connect(s); }"}}},
        {"Z-12", {.inputs = {MBED HASHES SUITES TLS12}}, {.inputs = {WHOLE}}},
        {"Z-12",
         {.inputs = {WOLF "#define NO_ASN_TIME\n"}},
         {.inputs = {WOLF "/* #define NO_ASN_TIME */\n"}}},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        bool needs_real = strcmp(rows[i].rule, "B-15") == 0;
        if (!needs_real || kit_has_real_roots()) {
            kit_check_rows(&rows[i], 1);
        }
    }
}

static void the_debian_configuration_of_mbedtls_is_in_order(void **state)
{
    (void)state;
    struct buf said HR_CLEANUP(buf_deinit);
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&said, 1 << 16);
    buf_init(&text, 1 << 20);
    FILE *f = fopen("/usr/include/mbedtls/config.h", "rb");
    if (!f) {
        skip();
    }
    char chunk[4096];
    for (size_t n = fread(chunk, 1, sizeof chunk, f); n; n = fread(chunk, 1, sizeof chunk, f)) {
        assert_int_equal(buf_append(&text, span_of(chunk, n)), 0);
    }
    fclose(f);
    struct doctor *d =
        kit_run_bytes(&(struct doctor_settings){.stack = STACK_MBEDTLS_228, .cloud = CLOUD_ANY},
                      "config.h", buf_span(&text));
    kit_print(d, &said);
    assert_string_equal(buf_text(&said), "");
    assert_true(d->is_config_whole[CONFIG_MBEDTLS]);
    doctor_free(d);
}

static void check_literal(const char *source, const char *symbol, const char *value, int line)
{
    struct literal_list list;
    assert_int_equal(literal_read(span_text(source), &list), 0);
    for (size_t i = 0; i < list.count; i++) {
        if (span_equals_text(buf_span(&list.items[i].text), value)) {
            assert_string_equal(list.items[i].symbol, symbol);
            assert_int_equal(list.items[i].line, line);
            literal_deinit(&list);
            return;
        }
    }
    literal_deinit(&list);
    fail_msg("no literal '%s' in: %s", value, source);
}

static void literals_have_the_value_that_the_compiler_gives_them(void **state)
{
    (void)state;
    check_literal("const char a[] = \"x\\ny\";", "a", "x\ny", 1);
    check_literal("\n#define B \"one\" \\\n  \"two\"\n", "B", "onetwo", 2);
    check_literal("char *c = \"a\" /* b */ \"c\" // d\n \"e\";", "c", "ace", 1);
    check_literal("char *d = \"a\\\nb\";", "d", "ab", 1);
    check_literal("char *e = \"\\x41\\102\\t\\\"\\\\\";", "e", "AB\t\"\\", 1);
    check_literal("#define F \"f\"\n#define G \"g\"\n", "G", "g", 2);
    check_literal("static const char h[10] = \"h\";", "h", "h", 1);
    check_literal("f(\"one\", \"two\");", "", "two", 1);
    check_literal("// \"no\"\nchar *i = \"yes\";", "i", "yes", 2);
    check_literal("char *j = \"open\nchar *k = \"k\";", "k", "k", 2);
    check_literal("unsigned char l[] = {0x41, 0x42, 67, 'D', 0x45, 0x46, 0x47,\n 0x48, 0x49, 0x4a,"
                  " 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50U};",
                  "l", "ABCDEFGHIJKLMNOP", 1);
}

static void what_is_no_byte_array_is_none(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "int a[] = {1, 2, 3};",
        "int b[] = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,300};",
        "void f(void) { if (x) { y = 0x41; } }",
        "struct s t = {.a = 1, .b = 2};",
        "int c[] = {1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16",
    };
    for (size_t i = 0; i < HR_COUNT_OF(sources); i++) {
        struct literal_list list;
        assert_int_equal(literal_read(span_text(sources[i]), &list), 0);
        assert_int_equal(list.count, 0);
        literal_deinit(&list);
    }
}

static void comments_and_strings_are_no_code(void **state)
{
    (void)state;
    struct literal_list list;
    assert_int_equal(literal_read(SPAN_LITERAL("a(\"b\"); // c\n/* d */ e;"), &list), 0);
    assert_string_equal(buf_text(&list.code), "a(\"  );     \n        e;");
    literal_deinit(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_of_the_build_has_a_case_and_a_neighbour),
        cmocka_unit_test(the_debian_configuration_of_mbedtls_is_in_order),
        cmocka_unit_test(literals_have_the_value_that_the_compiler_gives_them),
        cmocka_unit_test(what_is_no_byte_array_is_none),
        cmocka_unit_test(comments_and_strings_are_no_code),
    };
    return cmocka_run_group_tests(tests, kit_set_up, kit_tear_down);
}
