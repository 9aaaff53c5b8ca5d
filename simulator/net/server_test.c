// SPDX-License-Identifier: MIT
#include "simulator/net/server.h"
#include "base/error.h"
#include "base/test.h"
#include "simulator/journal/journal.h"

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

static void a_chain_that_fits_into_no_record_is_refused_with_its_size(void **state)
{
    (void)state;
    static const struct {
        size_t bytes; // of the one certificate; 10 more make the message
        bool needs_raw_flight;
        int code;
    } rows[] = {{16374, false, 0}, {16375, false, ERR_VALUE}, {100, true, ERR_VALUE}};
    struct env env = env_system();
    struct journal *journal = journal_new(&env);
    struct server_settings settings = {.env = &env, .journal = journal, .engine = &counting_engine};
    struct server *server = NULL;
    bool is_closed = false;
    assert_int_equal(server_new(&settings, &server), 0);
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        struct chain chain = {.name = "my/chain", .sent_count = 1, .der.len = rows[i].bytes};
        chain.facts.needs_raw_flight = rows[i].needs_raw_flight;
        made = 0;
        assert_int_equal(server_set_chain(server, &chain), rows[i].code);
        assert_int_equal(made, rows[i].code == 0 ? 1 : 0);
        assert_true(rows[i].code == 0 || strstr(error_text(ERR_VALUE), "chain my/chain: "));
    }
    server_close(server, note_closed, &is_closed);
    assert_true(is_closed);
    journal_free(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_that_fits_into_no_record_is_refused_with_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
