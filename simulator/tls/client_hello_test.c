// SPDX-License-Identifier: MIT
// The hellos are OpenSSL's, so that reader and writer have nothing in common.
#include "base/error.h"
#include "base/test.h"
#include "simulator/tls/client_hello.h"

#include <openssl/ssl.h>
#include <string.h>

static struct buf hello_from(SSL_CTX *ctx, const char *sni)
{
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    if (sni) {
        SSL_set_tlsext_host_name(ssl, sni);
    }
    SSL_connect(ssl);
    char *bytes = NULL;
    long len = BIO_get_mem_data(out, &bytes);
    struct buf copy;
    buf_init(&copy, 65536);
    assert_int_equal(buf_append(&copy, span_of(bytes, (size_t)len)), 0);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return copy;
}

static struct buf hello_of(const char *sni, int max_version, const char *suites)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(ctx, max_version);
    if (suites) {
        assert_int_equal(SSL_CTX_set_cipher_list(ctx, suites), 1);
    }
    return hello_from(ctx, sni);
}

static void a_hello_names_host_version_and_suites(void **state)
{
    (void)state;
    struct buf bytes = hello_of("myhub.azure-devices.net", TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256");
    struct client_hello hello;
    assert_int_equal(client_hello_read(buf_span(&bytes), &hello), 1);
    assert_string_equal(hello.sni, "myhub.azure-devices.net");
    assert_int_equal(hello.version, 0x0303);
    assert_int_equal(hello.suites[0], 0xC02F);
    assert_int_equal(hello.suite_count, 2); // and the renegotiation signal
    buf_deinit(&bytes);
}

static void tls_1_3_is_seen_in_the_supported_versions(void **state)
{
    (void)state;
    struct buf bytes = hello_of(NULL, TLS1_3_VERSION, NULL);
    struct client_hello hello;
    assert_int_equal(client_hello_read(buf_span(&bytes), &hello), 1);
    assert_int_equal(hello.version, 0x0304);
    assert_string_equal(hello.sni, "");
    buf_deinit(&bytes);
}

static void the_extensions_of_a_hello_are_read(void **state)
{
    (void)state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_tlsext_max_fragment_length(ctx, TLSEXT_max_fragment_length_1024);
    SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)"\x04mqtt\x08http/1.1\x01\x07", 16);
    SSL_CTX_set1_groups_list(ctx, "P-256:X25519");
    SSL_CTX_set1_sigalgs_list(ctx, "RSA+SHA256:ECDSA+SHA384");
    struct buf bytes = hello_from(ctx, "h.example");
    struct client_hello hello;
    assert_int_equal(client_hello_read(buf_span(&bytes), &hello), 1);
    assert_int_equal(hello.legacy_version, 0x0303);
    assert_int_equal(hello.versions.at[0], 0x0304);
    assert_int_equal(hello.max_fragment_bytes, 1024);
    assert_string_equal(hello.alpn, "mqtt,http/1.1"); // what is not printable is left out
    assert_int_equal(hello.groups.count, 2);
    assert_int_equal(hello.groups.at[0], 23);
    assert_int_equal(hello.signatures.count, 2);
    assert_int_equal(hello.signatures.at[1], 0x0503);
    assert_true(hello.has_groups && hello.has_signatures && hello.has_ticket);
    assert_true(hello.has_extended_master_secret && hello.has_renegotiation_info);
    assert_false(hello.has_compression);
    buf_deinit(&bytes);
}

static void every_shorter_beginning_asks_for_more_bytes(void **state)
{
    (void)state;
    struct buf bytes = hello_of("a.b", TLS1_2_VERSION, NULL);
    struct client_hello hello;
    for (size_t n = 0; n < bytes.len; n++) {
        assert_int_equal(client_hello_read(span_slice(buf_span(&bytes), 0, n), &hello), 0);
    }
    buf_deinit(&bytes);
}

static void a_hello_cut_into_records_of_ten_bytes_reads_the_same(void **state)
{
    (void)state;
    struct buf whole = hello_of("split.azure-devices.net", TLS1_2_VERSION, NULL);
    struct buf cut;
    buf_init(&cut, 65536);
    struct span body = span_from(buf_span(&whole), 5);
    while (body.len > 0) {
        struct span part = span_slice(body, 0, 10);
        assert_int_equal(buf_append(&cut, SPAN_LITERAL("\x16\x03\x01")), 0);
        assert_int_equal(buf_append_u16be(&cut, (uint16_t)part.len), 0);
        assert_int_equal(buf_append(&cut, part), 0);
        body = span_from(body, part.len);
    }
    struct client_hello hello;
    assert_int_equal(client_hello_read(buf_span(&cut), &hello), 1);
    assert_string_equal(hello.sni, "split.azure-devices.net");
    buf_deinit(&cut);
    buf_deinit(&whole);
}

static void what_is_no_hello_is_refused(void **state)
{
    (void)state;
    struct client_hello hello;
    assert_int_equal(client_hello_read(SPAN_LITERAL("GET / HTTP/1.1\r\n"), &hello), ERR_PROTOCOL);
    assert_int_equal(client_hello_read(SPAN_LITERAL("\x16\x03\x01\x00\x04\x02\x00\x00\x00"), &hello),
                     ERR_PROTOCOL);
    // a hello that promises more than a hello may have
    assert_int_equal(client_hello_read(SPAN_LITERAL("\x16\x03\x01\x00\x04\x01\xFF\xFF\xFF"), &hello),
                     ERR_PROTOCOL);
    // lengths inside that lead past the end
    struct buf bytes = hello_of("a.b", TLS1_2_VERSION, NULL);
    bytes.data[5 + 4 + 2 + 32] = 0xFF; // session id length
    assert_int_equal(client_hello_read(buf_span(&bytes), &hello), ERR_PROTOCOL);
    buf_deinit(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_names_host_version_and_suites),
        cmocka_unit_test(tls_1_3_is_seen_in_the_supported_versions),
        cmocka_unit_test(the_extensions_of_a_hello_are_read),
        cmocka_unit_test(every_shorter_beginning_asks_for_more_bytes),
        cmocka_unit_test(a_hello_cut_into_records_of_ten_bytes_reads_the_same),
        cmocka_unit_test(what_is_no_hello_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
