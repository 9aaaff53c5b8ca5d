// SPDX-License-Identifier: MIT
// Both engines against OpenSSL's client, in memory: what one can the other must do alike.
#include "base/error.h"
#include "base/test.h"
#include "certs/chain.h"
#include "simulator/tls/engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

static const struct tls_engine *const engines[] = {&tls_engine_mbedtls, &tls_engine_openssl};

static struct workshop *workshop;
static struct chain chain;
static struct env env;
static uint8_t secret[TLS_TICKET_SECRET_BYTES];
static EVP_PKEY *client_key;
static X509 *client_certificate;

// ---- a client

struct peer {
    const struct tls_engine *engine;
    struct tls_server *server;
    struct tls_connection *hub;
    SSL_CTX *context;
    SSL *device;
    BIO *to_device; // what the hub sent
    BIO *to_hub;
    size_t step_bytes; // fed to the hub at a time
};

struct wish {
    const char *engine_versions; // of the hub; NULL = standard
    const char *suites;
    const char *groups;
    const char *tickets;
    const char *client_certificate;
    const char *client_cas;
    bool wants_key_log;
    bool has_certificate; // the device
    bool verifies;        // the device, and trusts nothing
    int device_version;   // most; 0 = any
    uint8_t fragment_code; // of the longest record that the device asks for; 0 = it does not
    SSL_SESSION *session;
};

static void make_client_certificate(void)
{
    client_key = EVP_EC_gen("P-256");
    client_certificate = X509_new();
    X509_set_version(client_certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(client_certificate), 7);
    X509_gmtime_adj(X509_getm_notBefore(client_certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(client_certificate), 86400);
    X509_NAME *name = X509_get_subject_name(client_certificate);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"bench", -1, -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)"press-4", -1, -1, 0);
    X509_set_issuer_name(client_certificate, name);
    X509_set_pubkey(client_certificate, client_key);
    assert_true(X509_sign(client_certificate, client_key, EVP_sha256()) > 0);
}

static int set_up(void **state)
{
    (void)state;
    env = env_system();
    struct chain_request request = {.hub_host = "h.example", .utc_s = 1790000000};
    make_client_certificate();
    return workshop_open(NULL, &workshop) | chain_make(workshop, "azure/digicert-g2", &request, &chain) |
           env.random(env.world, secret, sizeof secret);
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(client_certificate);
    EVP_PKEY_free(client_key);
    chain_deinit(&chain);
    workshop_close(workshop);
    return 0;
}

static void set(struct tls_policy *policy, enum tls_policy_key key, const char *value)
{
    if (value) {
        assert_int_equal(tls_policy_set(policy, key, span_text(value)), 0);
    }
}

static struct tls_policy policy_of(const struct wish *wish)
{
    struct tls_policy policy = {0};
    set(&policy, POLICY_TLS_VERSIONS, wish->engine_versions);
    set(&policy, POLICY_TLS_SUITES, wish->suites);
    set(&policy, POLICY_TLS_GROUPS, wish->groups);
    set(&policy, POLICY_TLS_TICKETS, wish->tickets);
    set(&policy, POLICY_CLIENT_CERTIFICATE, wish->client_certificate);
    set(&policy, POLICY_CLIENT_CAS, wish->client_cas);
    return policy;
}

static int server_of(const struct tls_engine *engine, const struct wish *wish,
                     struct tls_server **out)
{
    struct tls_server_settings settings = {
        .sent_der = chain.sent_der,
        .sent_count = chain.sent_count,
        .key_pem = buf_span(&chain.key_pem),
        .chain_name = "test/chain",
        .policy = policy_of(wish),
        .ticket_secret = span_of(secret, sizeof secret),
        .wants_key_log = wish->wants_key_log,
        .env = &env,
    };
    return engine->server_new(&settings, out);
}

static void open_device(struct peer *p, const struct wish *wish)
{
    p->context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(p->context, 0);
    SSL_CTX_set_min_proto_version(p->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(p->context, wish->device_version);
    SSL_CTX_set_verify(p->context, wish->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (wish->has_certificate) {
        assert_int_equal(SSL_CTX_use_certificate(p->context, client_certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(p->context, client_key), 1);
    }
    p->device = SSL_new(p->context);
    p->to_device = BIO_new(BIO_s_mem());
    p->to_hub = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(p->to_device, -1);
    SSL_set_bio(p->device, p->to_device, p->to_hub);
    SSL_set_connect_state(p->device);
    SSL_set_tlsext_max_fragment_length(p->device, wish->fragment_code);
    if (wish->session) {
        assert_int_equal(SSL_set_session(p->device, wish->session), 1);
    }
}

static void open_peer(struct peer *p, const struct tls_engine *engine, const struct wish *wish)
{
    *p = (struct peer){.engine = engine, .step_bytes = 16384};
    assert_int_equal(server_of(engine, wish, &p->server), 0);
    assert_int_equal(engine->connection_new(p->server, &p->hub), 0);
    open_device(p, wish);
}

static void close_peer(struct peer *p)
{
    p->engine->connection_free(p->hub);
    p->engine->server_release(p->server);
    SSL_free(p->device);
    SSL_CTX_free(p->context);
    ERR_clear_error();
}

// Carries bytes both ways until nothing moves.
static enum tls_state exchange(struct peer *p)
{
    enum tls_state state = p->engine->step(p->hub);
    bool has_moved = true;
    while (has_moved) {
        char bytes[16384];
        char plain[1000];
        has_moved = false;
        if (!SSL_is_init_finished(p->device)) {
            SSL_do_handshake(p->device);
        } else {
            SSL_peek(p->device, plain, sizeof plain); // session tickets come with the data
        }
        int n = BIO_read(p->to_hub, bytes, (int)p->step_bytes);
        if (n > 0) {
            has_moved = true;
            assert_int_equal(p->engine->feed(p->hub, span_of(bytes, (size_t)n)), 0);
        }
        state = p->engine->step(p->hub);
        struct buf *out = p->engine->output(p->hub);
        if (out->len > 0) {
            has_moved = true;
            BIO_write(p->to_device, out->data, (int)out->len);
            buf_clear(out);
        }
    }
    return state;
}

// ---- handshakes

static void every_version_carries_bytes_both_ways_and_ends_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *versions;
        const char *name;
        const char *suite;
    } rows[] = {{"1.0", "TLSv1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
                {"1.1", "TLSv1.1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
                {"1.2", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                {"1.0..1.2", "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
                {"1.2..1.3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
                {"1.3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"}};
    for (size_t i = 0; i < 2 * HR_COUNT_OF(rows); i++) {
        const struct tls_engine *engine = engines[i % 2];
        struct wish wish = {.engine_versions = rows[i / 2].versions};
        struct peer p;
        char plain[100];
        if (i / 2 >= 4 && engine == &tls_engine_mbedtls) {
            continue; // knows no TLS 1.3
        }
        open_peer(&p, engine, &wish);
        assert_int_equal(exchange(&p), TLS_OPEN);
        const struct tls_facts *facts = engine->facts(p.hub);
        assert_string_equal(facts->version, rows[i / 2].name);
        assert_string_equal(facts->suite, rows[i / 2].suite);
        assert_string_equal(facts->chain_name, "test/chain");
        assert_false(facts->is_resumed || facts->has_certificate || facts->from_hub.is_seen);
        assert_int_equal(SSL_write(p.device, "hello", 5), 5);
        assert_int_equal(exchange(&p), TLS_OPEN);
        assert_true(span_equals_text(buf_span(engine->plain(p.hub)), "hello"));
        assert_int_equal(engine->write(p.hub, SPAN_LITERAL("answer")), 0);
        exchange(&p);
        int first = SSL_read(p.device, plain, sizeof plain); // TLS 1.0 may send one byte alone
        assert_true(first > 0);
        assert_int_equal(first == 6 ? 6 : first + SSL_read(p.device, plain, sizeof plain), 6);
        engine->close(p.hub);
        exchange(&p);
        assert_true(SSL_get_shutdown(p.device) & SSL_RECEIVED_SHUTDOWN);
        SSL_shutdown(p.device);
        assert_int_equal(exchange(&p), TLS_CLOSED);
        assert_true(engine->facts(p.hub)->from_device.is_seen);
        assert_false(engine->facts(p.hub)->from_device.is_fatal);
        close_peer(&p);
    }
}

static void a_handshake_may_come_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(engines); i++) {
        struct wish wish = {.has_certificate = true};
        struct peer p;
        open_peer(&p, engines[i], &wish);
        p.step_bytes = 1;
        assert_int_equal(exchange(&p), TLS_OPEN);
        assert_true(engines[i]->facts(p.hub)->has_certificate);
        close_peer(&p);
    }
}

static void the_chain_is_sent_byte_for_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(engines); i++) {
        struct peer p;
        open_peer(&p, engines[i], &(struct wish){0});
        assert_int_equal(exchange(&p), TLS_OPEN);
        STACK_OF(X509) *seen = SSL_get_peer_cert_chain(p.device);
        assert_int_equal(sk_X509_num(seen), chain.sent_count);
        for (size_t k = 0; k < chain.sent_count; k++) {
            uint8_t *der = NULL;
            int len = i2d_X509(sk_X509_value(seen, (int)k), &der);
            assert_true(span_equals(span_of(der, (size_t)len), chain.sent_der[k]));
            OPENSSL_free(der);
        }
        close_peer(&p);
    }
}

// ---- the device's certificate

static void both_engines_tell_the_same_of_a_client_certificate(void **state)
{
    (void)state;
    struct peer p[2];
    const struct peer_certificate *seen[2];
    for (size_t i = 0; i < 2; i++) {
        struct wish wish = {.has_certificate = true};
        open_peer(&p[i], engines[i], &wish);
        assert_int_equal(exchange(&p[i]), TLS_OPEN);
        assert_true(engines[i]->facts(p[i].hub)->has_certificate);
        seen[i] = &engines[i]->facts(p[i].hub)->certificate;
    }
    assert_string_equal(seen[1]->common_name, "press-4");
    assert_string_equal(seen[0]->common_name, seen[1]->common_name);
    assert_memory_equal(seen[0]->sha1, seen[1]->sha1, sizeof seen[0]->sha1);
    assert_memory_equal(seen[0]->sha256, seen[1]->sha256, sizeof seen[0]->sha256);
    assert_int_equal(seen[0]->not_before_s, seen[1]->not_before_s);
    assert_int_equal(seen[1]->not_after_s - seen[1]->not_before_s, 86400 + 3600);
    assert_int_equal(seen[0]->not_after_s, seen[1]->not_after_s);
    assert_int_equal(seen[0]->is_ca, seen[1]->is_ca);
    assert_int_equal(seen[0]->chain_count, 1);
    assert_int_equal(seen[1]->chain_count, 1);
    assert_true(span_equals(seen[0]->chain_der[0], seen[1]->chain_der[0]));
    close_peer(&p[0]);
    close_peer(&p[1]);
}

static void a_demanded_certificate_must_come(void **state)
{
    (void)state;
    static const struct {
        const char *wish;
        bool has_certificate;
        enum tls_state state;
        bool is_known;
    } rows[] = {{"required", true, TLS_OPEN, true},
                {"required", false, TLS_FAILED, false},
                {"optional", false, TLS_OPEN, false},
                {"none", true, TLS_OPEN, false}};
    for (size_t i = 0; i < 2 * HR_COUNT_OF(rows); i++) {
        struct wish wish = {.client_certificate = rows[i / 2].wish,
                            .has_certificate = rows[i / 2].has_certificate};
        struct peer p;
        open_peer(&p, engines[i % 2], &wish);
        assert_int_equal(exchange(&p), rows[i / 2].state);
        const struct tls_facts *facts = engines[i % 2]->facts(p.hub);
        assert_int_equal(facts->has_certificate, rows[i / 2].is_known);
        if (rows[i / 2].state == TLS_FAILED) {
            assert_string_equal(facts->why,
                                "the device sent no certificate, and this hub demands one");
            assert_true(facts->from_hub.is_seen && facts->from_hub.is_fatal);
        }
        close_peer(&p);
    }
}

static void the_request_for_a_certificate_lists_as_many_cas_as_wanted(void **state)
{
    (void)state;
    static const char *const counts[] = {"none", "3", "200"};
    static const int expected[] = {0, 3, 200};
    for (size_t i = 0; i < 2 * HR_COUNT_OF(counts); i++) {
        struct wish wish = {.client_cas = counts[i / 2]};
        struct peer p;
        char name[100] = "";
        open_peer(&p, engines[i % 2], &wish);
        assert_int_equal(exchange(&p), TLS_OPEN);
        const STACK_OF(X509_NAME) *names = SSL_get_client_CA_list(p.device);
        int count = names ? sk_X509_NAME_num(names) : 0;
        assert_int_equal(count, expected[i / 2]);
        if (count) {
            X509_NAME_get_text_by_NID(sk_X509_NAME_value(names, count - 1), NID_commonName, name,
                                      sizeof name);
            assert_non_null(strstr(name, "Foreign Device CA "));
        }
        close_peer(&p);
    }
}

// ---- what a policy restricts

static void suites_and_curves_are_those_of_the_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(engines); i++) {
        struct wish wish = {.suites = "tls_ecdhe_rsa_with_aes_256_cbc_sha384",
                            .groups = "secp521r1"};
        struct peer p;
        open_peer(&p, engines[i], &wish);
        assert_int_equal(exchange(&p), TLS_OPEN);
        assert_string_equal(engines[i]->facts(p.hub)->suite,
                            "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384");
        EVP_PKEY *key = NULL;
        assert_int_equal(SSL_get_peer_tmp_key(p.device, &key), 1);
        assert_int_equal(EVP_PKEY_get_bits(key), 521);
        EVP_PKEY_free(key);
        close_peer(&p);
    }
}

static void a_handshake_that_fails_says_why(void **state)
{
    (void)state;
    static const struct {
        struct wish wish;
        const char *why;
    } rows[] = {
        {{.device_version = TLS1_1_VERSION}, "the device does not offer TLS 1.2"},
        {{.suites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}, "no common cipher suite"},
        {{.verifies = true}, "the device sent a fatal alert"},
    };
    for (size_t i = 0; i < 2 * HR_COUNT_OF(rows); i++) {
        struct peer p;
        open_peer(&p, engines[i % 2], &rows[i / 2].wish);
        assert_int_equal(exchange(&p), TLS_FAILED);
        const struct tls_facts *facts = engines[i % 2]->facts(p.hub);
        assert_ptr_equal(strstr(facts->why, rows[i / 2].why), facts->why);
        if (rows[i / 2].wish.verifies) {
            assert_true(facts->from_device.is_fatal);
            assert_int_equal(facts->from_device.code, 48); // unknown_ca
            assert_false(facts->from_hub.is_seen);
        } else {
            assert_true(facts->from_hub.is_fatal);
        }
        close_peer(&p);
    }
}

static void what_an_engine_cannot_do_is_said(void **state)
{
    (void)state;
    static const struct {
        const struct tls_engine *engine;
        struct wish wish;
        const char *says;
    } rows[] = {
        {&tls_engine_mbedtls, {.engine_versions = "1.2..1.3"}, "the mbedtls engine ends at TLS 1.2"},
        {&tls_engine_mbedtls, {.groups = "ffdhe2048"}, "the mbedtls engine has no curve ffdhe2048"},
        {&tls_engine_openssl, {.groups = "ffdhe2048"}, "the OpenSSL engine has no curve ffdhe2048"},
        {&tls_engine_openssl,
         {.suites = "TLS_RSA_WITH_RC4_128_SHA"},
         "the OpenSSL engine has no TLS_RSA_WITH_RC4_128_SHA"},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct tls_server *server = NULL;
        assert_int_equal(server_of(rows[i].engine, &rows[i].wish, &server), ERR_VALUE);
        assert_non_null(strstr(error_text(ERR_VALUE), rows[i].says));
    }
}

static void bytes_that_are_no_certificate_go_through_mbedtls_alone(void **state)
{
    (void)state;
    struct chain good = chain;
    struct tls_server *server = NULL;
    chain.sent_der[1] = SPAN_LITERAL("no certificate at all");
    int with_mbedtls = server_of(&tls_engine_mbedtls, &(struct wish){0}, &server);
    tls_engine_mbedtls.server_release(server);
    int with_openssl = server_of(&tls_engine_openssl, &(struct wish){0}, &server);
    chain = good;
    assert_int_equal(with_mbedtls, 0);
    assert_int_equal(with_openssl, ERR_VALUE);
    assert_non_null(strstr(error_text(ERR_VALUE), "cannot be parsed by the OpenSSL engine; use "
                                                  "mbedtls (test/chain: certificate 2)"));
}

// ---- records; those of the unencrypted handshake are cut by the rewriter, not by the engines

// The longest in what waits for the device.
static size_t longest_record(const struct peer *p)
{
    char *bytes = NULL;
    size_t left = (size_t)BIO_get_mem_data(p->to_device, &bytes);
    size_t longest = 0;
    for (const uint8_t *at = (const uint8_t *)bytes; left > 5;) {
        size_t record = (size_t)at[3] << 8 | at[4];
        longest = record > longest ? record : longest;
        left -= 5 + record;
        at += 5 + record;
    }
    return longest;
}

static void records_are_as_long_as_the_device_asks_for(void **state)
{
    (void)state;
    static const struct {
        const char *versions;
        uint8_t code;
        size_t most;
    } rows[] = {{"1.2", 0, 16384}, {"1.2", TLSEXT_max_fragment_length_4096, 4096},
                {"1.3", TLSEXT_max_fragment_length_4096, 4096}, {"1.3", TLSEXT_max_fragment_length_1024, 1024}};
    static uint8_t plain[20000];
    for (size_t i = 0; i < 2 * HR_COUNT_OF(rows); i++) {
        struct wish wish = {.engine_versions = rows[i / 2].versions, .fragment_code = rows[i / 2].code};
        const struct tls_engine *engine = engines[i % 2];
        struct peer p;
        if (engine == &tls_engine_mbedtls && wish.fragment_code) {
            continue; // it does not cut its chain
        }
        open_peer(&p, engine, &wish);
        assert_int_equal(exchange(&p), TLS_OPEN);
        assert_int_equal(engine->facts(p.hub)->record_bytes, rows[i / 2].most);
        assert_int_equal(engine->write(p.hub, span_of(plain, sizeof plain)), 0);
        struct buf *out = engine->output(p.hub);
        BIO_write(p.to_device, out->data, (int)out->len);
        size_t longest = longest_record(&p);
        assert_in_range(longest, rows[i / 2].most + 1, rows[i / 2].most + 48); // nonce and tag are beside it
        buf_clear(out);
        close_peer(&p);
    }
}

// ---- sessions

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_get_app_data(ssl);
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1;
}

static bool connect_once(const struct tls_engine *engine, struct wish *wish, SSL_SESSION **session)
{
    struct peer p;
    wish->session = *session;
    open_peer(&p, engine, wish);
    SSL_SESSION *fresh = NULL;
    SSL_CTX_set_session_cache_mode(p.context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(p.context, keep_session);
    SSL_set_app_data(p.device, &fresh);
    assert_int_equal(exchange(&p), TLS_OPEN);
    bool is_resumed = engine->facts(p.hub)->is_resumed;
    assert_int_equal(is_resumed, SSL_session_reused(p.device));
    assert_true(engine->facts(p.hub)->has_certificate); // a session remembers it
    SSL_set_shutdown(p.device, SSL_SENT_SHUTDOWN); // a connection that is cut forgets its session
    close_peer(&p);
    if (fresh) {
        SSL_SESSION_free(*session);
        *session = fresh;
    }
    return is_resumed;
}

static void tickets_are_taken_back_as_the_policy_says(void **state)
{
    (void)state;
    static const struct {
        const char *tickets;
        bool has_other_secret; // at the second connection
        bool is_resumed;
    } rows[] = {{"off", false, false},
                {"honoured", false, true},
                {"refused", false, false},
                {"stale", false, true},
                {"stale", true, false}};
    static const char *const versions[] = {"1.2", "1.3"};
    for (size_t i = 0; i < 4 * HR_COUNT_OF(rows); i++) {
        const struct tls_engine *engine = engines[i % 2];
        struct wish wish = {.engine_versions = versions[i / 2 % 2],
                            .tickets = rows[i / 4].tickets,
                            .has_certificate = true};
        SSL_SESSION *session = NULL;
        if (i / 2 % 2 == 1 && engine == &tls_engine_mbedtls) {
            continue;
        }
        assert_false(connect_once(engine, &wish, &session));
        secret[5] ^= rows[i / 4].has_other_secret ? 1 : 0;
        secret[30] ^= rows[i / 4].has_other_secret ? 1 : 0;
        assert_int_equal(connect_once(engine, &wish, &session), rows[i / 4].is_resumed);
        SSL_SESSION_free(session);
    }
}

// ---- secrets

static size_t count_lines_with(const char *text, const char *label)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, label)) != NULL; at++) {
        count++;
    }
    return count;
}

static void secrets_are_told_only_to_who_wants_them(void **state)
{
    (void)state;
    static const char *const tls13_labels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
                                               "SERVER_HANDSHAKE_TRAFFIC_SECRET ",
                                               "CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
    for (size_t i = 0; i < 3; i++) {
        const struct tls_engine *engine = engines[i > 0];
        struct wish wish = {.engine_versions = i == 2 ? "1.3" : "1.2", .wants_key_log = true};
        struct peer p;
        open_peer(&p, engine, &wish);
        exchange(&p);
        const char *log = engine->facts(p.hub)->key_log;
        assert_int_equal(count_lines_with(log, "CLIENT_RANDOM "), i == 2 ? 0 : 1);
        for (size_t k = 0; k < HR_COUNT_OF(tls13_labels); k++) {
            assert_int_equal(count_lines_with(log, tls13_labels[k]), i == 2 ? 1 : 0);
        }
        close_peer(&p);
        wish.wants_key_log = false;
        open_peer(&p, engine, &wish);
        exchange(&p);
        assert_string_equal(engine->facts(p.hub)->key_log, "");
        close_peer(&p);
    }
}

// ---- alerts and keys, as a fault wants them

static void give_to_device(struct peer *p)
{
    struct buf *out = p->engine->output(p->hub);
    BIO_write(p->to_device, out->data, (int)out->len);
    buf_clear(out);
}

static void a_protected_alert_is_what_the_device_reads_next(void **state)
{
    (void)state;
    static const struct {
        const char *versions;
        const char *suite;
        bool openssl_cannot;
    } rows[] = {{"1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false},
                {"1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", false},
                {"1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false},
                {"1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", true},
                {"1.3", "TLS_AES_128_GCM_SHA256", false},
                {"1.3", "TLS_AES_256_GCM_SHA384", false},
                {"1.3", "TLS_CHACHA20_POLY1305_SHA256", false}};
    for (size_t i = 0; i < 2 * HR_COUNT_OF(rows); i++) {
        const struct tls_engine *engine = engines[i % 2];
        struct wish wish = {.engine_versions = rows[i / 2].versions,
                            .suites = rows[i / 2].suite,
                            .tickets = "honoured"};
        bool can = engine == &tls_engine_mbedtls || !rows[i / 2].openssl_cannot;
        struct peer p;
        char plain[100];
        if (engine == &tls_engine_mbedtls && i / 2 >= 4) {
            continue; // knows no TLS 1.3
        }
        open_peer(&p, engine, &wish);
        assert_int_equal(exchange(&p), TLS_OPEN);
        assert_string_equal(engine->facts(p.hub)->suite, rows[i / 2].suite);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(engine->write(p.hub, SPAN_LITERAL("before")), 0);
        }
        give_to_device(&p);
        assert_int_equal(engine->send_alert(p.hub, true, 80), can ? 0 : ERR_TLS);
        give_to_device(&p);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(SSL_read(p.device, plain, sizeof plain), 6);
        }
        ERR_clear_error();
        assert_true(SSL_read(p.device, plain, sizeof plain) <= 0);
        assert_int_equal(ERR_GET_REASON(ERR_peek_error()), can ? SSL_AD_REASON_OFFSET + 80 : 0);
        close_peer(&p);
    }
}

static void keys_may_change_in_tls_1_3(void **state)
{
    (void)state;
    struct wish wish = {.engine_versions = "1.3"};
    struct peer p;
    char plain[100];
    open_peer(&p, &tls_engine_openssl, &wish);
    assert_int_equal(exchange(&p), TLS_OPEN);
    assert_int_equal(p.engine->update_keys(p.hub), 0);
    assert_int_equal(p.engine->write(p.hub, SPAN_LITERAL("after")), 0);
    give_to_device(&p);
    assert_int_equal(SSL_read(p.device, plain, sizeof plain), 5);
    assert_int_equal(SSL_write(p.device, "answer", 6), 6);
    assert_int_equal(exchange(&p), TLS_OPEN);
    assert_int_equal(p.engine->plain(p.hub)->len, 6);
    assert_int_equal(p.engine->send_alert(p.hub, true, 80), ERR_TLS); // its keys are the library's
    close_peer(&p);
    wish.engine_versions = "1.2";
    open_peer(&p, &tls_engine_openssl, &wish);
    assert_int_equal(exchange(&p), TLS_OPEN);
    assert_int_equal(p.engine->update_keys(p.hub), ERR_TLS);
    close_peer(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_carries_bytes_both_ways_and_ends_in_order),
        cmocka_unit_test(a_handshake_may_come_byte_by_byte),
        cmocka_unit_test(the_chain_is_sent_byte_for_byte),
        cmocka_unit_test(both_engines_tell_the_same_of_a_client_certificate),
        cmocka_unit_test(a_demanded_certificate_must_come),
        cmocka_unit_test(the_request_for_a_certificate_lists_as_many_cas_as_wanted),
        cmocka_unit_test(suites_and_curves_are_those_of_the_policy),
        cmocka_unit_test(a_handshake_that_fails_says_why),
        cmocka_unit_test(what_an_engine_cannot_do_is_said),
        cmocka_unit_test(bytes_that_are_no_certificate_go_through_mbedtls_alone),
        cmocka_unit_test(records_are_as_long_as_the_device_asks_for),
        cmocka_unit_test(tickets_are_taken_back_as_the_policy_says),
        cmocka_unit_test(secrets_are_told_only_to_who_wants_them),
        cmocka_unit_test(a_protected_alert_is_what_the_device_reads_next),
        cmocka_unit_test(keys_may_change_in_tls_1_3),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
