// SPDX-License-Identifier: MIT
#include "simulator/net/server.h"
#include "base/error.h"
#include "base/test.h"
#include "simulator/journal/journal.h"

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <string.h>

// An engine that only counts the chains that it is given.
static int made;

static int count_server(const struct tls_server_settings *settings, struct tls_server **out)
{
    (void)settings;
    made++;
    *out = NULL;
    return 0;
}

static const struct tls_engine counting_engine = {.name = "counting", .server_new = count_server};

static void note_closed(void *context)
{
    *(bool *)context = true;
}

static int random_bytes(void *context, unsigned char *out, size_t len)
{
    const struct env *env = context;
    return env->random(env->world, out, len);
}

static void make_key(const struct env *env, struct buf *out)
{
    unsigned char pem[1000] = "";
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    assert_int_equal(mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), 0);
    assert_int_equal(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), random_bytes,
                                         (void *)(uintptr_t)env),
                     0);
    assert_int_equal(mbedtls_pk_write_key_pem(&key, pem, sizeof pem), 0);
    mbedtls_pk_free(&key);
    buf_init(out, sizeof pem);
    assert_int_equal(buf_append_text(out, (const char *)pem), 0);
}

static void a_chain_that_fits_into_no_record_is_left_to_hand_made_flights(void **state)
{
    (void)state;
    static const struct {
        size_t bytes; // of the one certificate; 10 more make the message
        bool needs_raw_flight;
        int made;
    } rows[] = {{16374, false, 1}, {16375, false, 0}, {100, true, 0}};
    struct env env = env_system();
    struct journal *journal = journal_new(&env);
    struct server_settings settings = {.env = &env, .journal = journal, .engine = &counting_engine};
    struct server *server = NULL;
    bool is_closed = false;
    static const uint8_t der[16375];
    assert_int_equal(server_new(&settings, &server), 0);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain chain = {.name = "my/chain", .sent_count = 1, .der.len = rows[i].bytes};
        chain.sent_der[0] = span_of(der, rows[i].bytes);
        chain.facts.needs_raw_flight = rows[i].needs_raw_flight;
        make_key(&env, &chain.key_pem);
        made = 0;
        assert_int_equal(server_set_chain(server, &chain), 0);
        assert_int_equal(made, rows[i].made);
        buf_wipe(&chain.key_pem);
    }
    server_close(server, note_closed, &is_closed);
    assert_true(is_closed);
    journal_free(journal);
}

static void a_huge_chain_with_a_key_that_cannot_sign_leaves_the_old_one(void **state)
{
    (void)state;
    struct env env = env_system();
    struct journal *journal = journal_new(&env);
    struct server_settings settings = {.env = &env, .journal = journal, .engine = &counting_engine};
    struct server *server = NULL;
    assert_int_equal(server_new(&settings, &server), 0);
    struct chain chain = {.name = "my/chain", .facts.needs_raw_flight = true};
    assert_int_equal(server_set_chain(server, &chain), ERR_CRYPTO);
    assert_non_null(strstr(error_text(ERR_CRYPTO), "key of chain my/chain"));
    server_close(server, NULL, NULL);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_that_fits_into_no_record_is_left_to_hand_made_flights),
        cmocka_unit_test(a_huge_chain_with_a_key_that_cannot_sign_leaves_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
