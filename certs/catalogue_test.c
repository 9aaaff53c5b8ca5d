// SPDX-License-Identifier: MIT
// The catalogue as a whole: every row is complete, can be made, and does what is known of it.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "certs/chain.h"
#include "certs/peers/stacks.h"

#include <limits.h>
#include <mbedtls/pk.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOST   "myhub.azure-devices.net"
#define PREFIX "catalogue/"

enum { NAMES_MOST = 400, RECORD_BYTES_MOST = 16384 };

struct catalogue {
    struct workshop *w;
    char **names;
    size_t count;
    char *rows[NAMES_MOST]; // those of the catalogue, borrowed
    size_t row_count;
};

static int set_up(void **state)
{
    static struct catalogue c;
    *state = &c;
    if (workshop_open(NULL, &c.w) < 0 || workshop_names(c.w, &c.names, &c.count) < 0) {
        return -1;
    }
    for (size_t i = 0; i < c.count && c.row_count < NAMES_MOST; i++) {
        if (strncmp(c.names[i], PREFIX, strlen(PREFIX)) == 0) {
            c.rows[c.row_count++] = c.names[i];
        }
    }
    return 0;
}

static int tear_down(void **state)
{
    struct catalogue *c = *state;
    workshop_names_free(c->names, c->count);
    workshop_close(c->w);
    return 0;
}

static void make(struct workshop *w, const char *name, struct chain *out)
{
    struct chain_request rq = {.hub_host = HOST, .utc_s = (int64_t)time(NULL)};
    int code = chain_make(w, name, &rq, out);
    if (code < 0) {
        fail_msg("%s: %s", name, error_text(code));
    }
}

static void every_row_says_what_it_tests(void **state)
{
    struct catalogue *c = *state;
    assert_true(c->row_count > 120);
    for (size_t i = 0; i < c->row_count; i++) {
        struct chain_facts facts;
        assert_int_equal(chain_read_facts(c->w, c->rows[i], HOST, &facts), 0);
        bool is_base = strcmp(c->rows[i], PREFIX "base") == 0;
        bool is_complete = strcmp(facts.id, c->rows[i] + strlen(PREFIX)) == 0 &&
                           facts.verdict != CHAIN_VERDICT_NONE && strlen(facts.about) > 10 &&
                           (is_base || facts.origin[0]) &&
                           (facts.verdict != CHAIN_REJECT || facts.alert_count > 0) &&
                           (facts.verdict != CHAIN_ACCEPT || facts.alert_count == 0);
        if (!is_complete) {
            fail_msg("%s: id, about, origin, verdict or alert is missing or wrong", c->rows[i]);
        }
    }
}

// mbedTLS sends certificates as they are, unread, but never splits a message over two records.
static bool can_mbedtls_serve(const struct chain *chain)
{
    mbedtls_pk_context key;
    size_t message_bytes = 4 + 3 + 3 * chain->sent_count + chain->der.len;
    mbedtls_pk_init(&key);
    int code = mbedtls_pk_parse_key(&key, chain->key_pem.data, chain->key_pem.len + 1, NULL, 0);
    mbedtls_pk_free(&key);
    return code == 0 && message_bytes <= RECORD_BYTES_MOST;
}

static void rows_need_a_raw_flight_where_mbedtls_cannot_serve_them(void **state)
{
    struct catalogue *c = *state;
    for (size_t i = 0; i < c->row_count; i++) {
        struct chain chain;
        make(c->w, c->rows[i], &chain);
        if (can_mbedtls_serve(&chain) == chain.facts.needs_raw_flight) {
            fail_msg("%s: 'needs raw-flight' is %s", c->rows[i],
                     chain.facts.needs_raw_flight ? "not true" : "missing");
        }
        chain_deinit(&chain);
    }
}

static void a_device_needs_one_root_for_all_rows_but_those_about_roots(void **state)
{
    static const char *const own[] = {
        "c-pathlen3",       "c-root-pathlen", "c-v1-root",      "k-ecc-g3",
        "k-sha1-root",      "p-int-anchor",   "p-int-pinned",   "p-leaf-pinned",
        "p-oldroot-exp",    "p-same-dn-2",    "p-self-pinned",  "p-xsign-exp",
        "p-xsign-exp-both", "p-xsign-new",    "t-root-expired", "t-root-future"};
    struct catalogue *c = *state;
    struct chain base;
    make(c->w, PREFIX "base", &base);
    for (size_t i = 0; i < c->row_count; i++) {
        struct chain chain;
        bool is_own = false;
        for (size_t k = 0; k < HR_COUNT_OF(own); k++) {
            is_own = is_own || strcmp(own[k], c->rows[i] + strlen(PREFIX)) == 0;
        }
        make(c->w, c->rows[i], &chain);
        if (span_equals(buf_span(&chain.root_pem), buf_span(&base.root_pem)) == is_own) {
            fail_msg("%s: its bundle %s the base's", c->rows[i], is_own ? "is" : "is not");
        }
        chain_deinit(&chain);
    }
    chain_deinit(&base);
}

static void the_size_ladder_keeps_its_sizes(void **state)
{
    static const struct {
        const char *name;
        size_t bytes;
    } rows[] = {{"size-3k", 3000},   {"size-4k", 4000},   {"size-5k", 5000},   {"size-6k", 6000},
                {"size-8k", 8000},   {"size-12k", 12000}, {"size-17k", 17000}, {"size-32k", 32000},
                {"size-64k", 64000}, {"e-6k", 7000},      {"e-17k", 17000},    {"e-70k", 70000}};
    struct catalogue *c = *state;
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char name[40];
        struct chain chain;
        snprintf(name, sizeof name, PREFIX "%s", rows[i].name);
        make(c->w, name, &chain);
        size_t bytes = 4 + 3 + 3 * chain.sent_count + chain.der.len;
        if (bytes * 100 < rows[i].bytes * 99 || bytes * 100 > rows[i].bytes * 101) {
            fail_msg("%s: expected %zu bytes, seen %zu", rows[i].name, rows[i].bytes, bytes);
        }
        chain_deinit(&chain);
    }
}

// What an OpenSSL 3.0.19 client did with these rows when they were first measured, by other means.
static const struct {
    const char *result;
    const char *ids; // with a blank behind each
} openssl_rows[] = {
    {"accept", " c-adcs c-eku-none c-ku-ke c-leaf-ca c-nc-ok c-no-ku c-pathlen3 c-pol-crit "
               "c-staple c-unk c-v1-root e-17k e-21 e-40 e-6k e-70k e-bool e-neg e-zero k-4096 "
               "k-8192 k-ecc-g3 k-p521 k-pss k-sha1-root k-sha384 k-sha512 n-case n-cn-only "
               "n-exact n-ip n-nosubj n-part n-part2 n-san-crit n-san-empty p-depth10 p-depth3 "
               "p-depth9 p-dn-case p-dn-utf8 p-dup p-extra-end p-extra-mid p-oldroot-exp "
               "p-same-dn-2 p-self-pinned p-swap p-with-root p-xsign-exp p-xsign-exp-both "
               "p-xsign-new p-xsign-old t-9999 t-gen-early "},
    {"bad_certificate", " e-garbage e-len e-trunc k-1024 k-1024-int k-md5 k-p192 k-sha1 k-sha1-int "
                        "n-apex n-cloud n-cn-nul n-cn-ok-san-wrong n-dot n-ip-bad n-ip-dns n-mid "
                        "n-multi n-san-nul n-star n-tld n-uri n-wrong p-reverse t-int-future "
                        "t-leaf-future t-root-future t-swapped t-utc-nosec t-utc-offset "},
    {"certificate_expired", " t-int-expired t-leaf-expired t-root-expired "},
    {"certificate_unknown", " c-crit-int c-crit-leaf c-nc-bad c-nc-excl c-nc-nc "},
    {"decode_error", " e-trail "},
    {"decrypt_error", " e-alg e-badsig e-badsig-int "},
    {"illegal_parameter", " k-k256 "},
    {"unknown_ca", " c-bc-false c-dup-bc c-dup-san c-ku c-leaf-as-ca c-no-bc c-pathlen "
                   "c-root-pathlen c-v1-int p-aki p-dn-issuer p-int-anchor p-int-pinned "
                   "p-leaf-pinned p-no-int p-same-dn p-selfsigned p-unknown "},
    {"unsupported_certificate", " c-eku-any c-eku-client c-eku-int c-ku-cs "},
};

static const char *openssl_did(const char *id)
{
    char word[CHAIN_ID_BYTES_MOST + 3];
    snprintf(word, sizeof word, " %s ", id);
    for (size_t i = 0; i < HR_COUNT_OF(openssl_rows); i++) {
        if (strstr(openssl_rows[i].ids, word)) {
            return openssl_rows[i].result;
        }
    }
    return NULL;
}

static void read_table(struct stack_table *out)
{
    char path[PATH_MAX];
    struct buf text HR_CLEANUP(buf_deinit);
    buf_init(&text, 1 << 20);
    assert_int_equal(fs_join(path, sizeof path, CERTS_FOLDER, "stacks.tsv"), 0);
    assert_int_equal(fs_read_file(path, &text), 0);
    assert_int_equal(stack_table_parse(buf_span(&text), out), 0);
}

static void openssl_does_what_it_did_or_the_row_says_why_not(void **state)
{
    struct catalogue *c = *state;
    struct stack_table table;
    size_t compared = 0;
    read_table(&table);
    for (size_t i = 0; i < table.count; i++) {
        const struct stack_row *row = &table.rows[i];
        const char *did = openssl_did(row->id);
        char name[80];
        struct chain_facts facts;
        snprintf(name, sizeof name, PREFIX "%s", row->id);
        assert_int_equal(chain_read_facts(c->w, name, HOST, &facts), 0);
        compared += did != NULL;
        if (did && strcmp(did, row->results[STACK_OPENSSL]) != 0 &&
            !strstr(facts.about, "OpenSSL")) {
            fail_msg("%s: OpenSSL did %s, now %s; explain it in the recipe's 'about'", row->id, did,
                     row->results[STACK_OPENSSL]);
        }
    }
    assert_true(compared >= 115);
    stack_table_free(&table);
}

static void the_table_and_the_recipes_say_the_same(void **state)
{
    struct catalogue *c = *state;
    struct stack_table table;
    read_table(&table);
    assert_int_equal(table.count, c->row_count);
    for (size_t i = 0; i < c->row_count; i++) {
        struct chain_facts facts;
        assert_int_equal(chain_read_facts(c->w, c->rows[i], HOST, &facts), 0);
        const struct stack_row *row = stack_table_find(&table, facts.id);
        assert_non_null(row);
        assert_string_equal(row->verdict, chain_verdict_word(facts.verdict));
    }
    stack_table_free(&table);
}

static void what_is_no_table_of_stacks_is_refused(void **state)
{
    (void)state;
    static const char head[] = "id\tverdict\talerts\topenssl\tgnutls\tmbedtls\twolfssl\tbearssl\n";
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"a\taccept\t\taccept\taccept\tsilent\tstuck\taccept\n", 0},
        {"a\taccept\t\taccept\taccept\tsilent\tstuck\n", ERR_SYNTAX},
        {"a\taccept\t\taccept\taccept\tsilent\tstuck\taccept\tmore\n", ERR_SYNTAX},
        {"a\tacceptable\t\taccept\taccept\tsilent\tstuck\taccept\n", ERR_SYNTAX},
        {"\n", ERR_SYNTAX},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        char text[400];
        struct stack_table table;
        snprintf(text, sizeof text, "#openssl\tOpenSSL 3\n%s%s", head, rows[i].text);
        assert_int_equal(stack_table_parse(span_text(text), &table), rows[i].code);
        assert_int_equal(table.count, rows[i].code == 0 ? 1 : 0);
        assert_string_equal(table.versions[STACK_OPENSSL], rows[i].code == 0 ? "OpenSSL 3" : "");
        stack_table_free(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_says_what_it_tests),
        cmocka_unit_test(rows_need_a_raw_flight_where_mbedtls_cannot_serve_them),
        cmocka_unit_test(a_device_needs_one_root_for_all_rows_but_those_about_roots),
        cmocka_unit_test(the_size_ladder_keeps_its_sizes),
        cmocka_unit_test(openssl_does_what_it_did_or_the_row_says_why_not),
        cmocka_unit_test(the_table_and_the_recipes_say_the_same),
        cmocka_unit_test(what_is_no_table_of_stacks_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
