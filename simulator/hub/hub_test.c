// SPDX-License-Identifier: MIT
#include "simulator/hub/hub_rig.h"

#include <string.h>

static const struct {
    const char *rule;
    struct identity identity;
    int code;
    const char *sentence;
} identity_rows[] = {
    {"device", {.name = "a", .primary_key = RIG_KEY}, 0, ""},
    {"module", {.name = "a/b", .primary_key = RIG_KEY}, 0, ""},
    {"only a secondary key", {.name = "c", .secondary_key = RIG_KEY}, 0, ""},
    {"a key of 16 bytes", {.name = "k16", .primary_key = "AAECAwQFBgcICQoLDA0ODw=="}, 0, ""},
    {"a name that exists",
     {.name = "bench-01", .primary_key = RIG_KEY},
     ERR_IN_USE,
     "exists already"},
    {"bad letter", {.name = "a b", .primary_key = RIG_KEY}, ERR_VALUE, "'a b' is no DEVICE"},
    {"empty name", {.name = "", .primary_key = RIG_KEY}, ERR_VALUE, "is no DEVICE"},
    {"three ids", {.name = "a/b/c", .primary_key = RIG_KEY}, ERR_VALUE, "is no DEVICE"},
    {"no key", {.name = "e"}, ERR_VALUE, "needs a key"},
    {"key not base64",
     {.name = "e", .primary_key = "???"},
     ERR_VALUE,
     "the primary key is not the base64"},
    {"key of 15 bytes",
     {.name = "e", .primary_key = "AAECAwQFBgcICQoLDA0O"},
     ERR_VALUE,
     "16 to 64 bytes"},
    {"bad secondary key",
     {.name = "e", .primary_key = RIG_KEY, .secondary_key = "x"},
     ERR_VALUE,
     "secondary key"},
    {"no thumbprint", {.name = "e", .auth = HUB_AUTH_THUMBPRINT}, ERR_VALUE, "needs a thumbprint"},
    {"bad thumbprint",
     {.name = "e", .auth = HUB_AUTH_THUMBPRINT, .primary_thumbprint = "12"},
     ERR_VALUE,
     "e: a thumbprint has 40"},
};

static void identities_are_checked_when_they_are_added(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    for (size_t i = 0; i < HR_COUNT_OF(identity_rows); i++) {
        int code = hub_add_identity(rig.hub, &identity_rows[i].identity);
        bool is_right = code == identity_rows[i].code &&
                        (code == 0 || strstr(error_text(code), identity_rows[i].sentence));
        if (!is_right) {
            fail_msg("%s: seen %d %s", identity_rows[i].rule, code, code ? error_text(code) : "");
        }
        const char *key = identity_rows[i].identity.primary_key;
        if (code < 0 && strlen(key) > 8) {
            assert_null(strstr(error_text(code), key));
        }
    }
    rig_close(&rig);
}

static void identities_are_found_with_case(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_string_equal(hub_find_identity(rig.hub, SPAN_LITERAL("bench-01/mod-a"))->name,
                        "bench-01/mod-a");
    assert_null(hub_find_identity(rig.hub, SPAN_LITERAL("Bench-01")));
    assert_null(hub_find_identity(rig.hub, SPAN_LITERAL("bench-0")));
    assert_null(hub_find_identity(rig.hub, SPAN_EMPTY));
    rig_close(&rig);
}

static void the_hubs_clock_is_the_real_one_plus_an_offset(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    assert_int_equal(hub_utc_us(rig.hub), rig.fake.utc_us);
    hub_clock_set(rig.hub, 10 * 1000000);
    assert_logged(&rig.log, "hub.clock utc=1970-01-01T00:00:10Z");
    rig.fake.utc_us += 5000000;
    assert_int_equal(hub_utc_us(rig.hub), 15 * 1000000); // it goes on
    hub_clock_shift(rig.hub, -1000000);
    hub_clock_shift(rig.hub, -1000000); // relative to the real clock, not to itself
    assert_int_equal(hub_utc_us(rig.hub), rig.fake.utc_us - 1000000);
    rig_close(&rig);
}

static void the_hubs_clock_may_run_at_a_rate_of_its_own(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    hub_clock_set(rig.hub, 0);
    hub_clock_set_rate(rig.hub, 20 * RATE_REAL_PPM);
    assert_logged(&rig.log, "hub.clock utc=1970-01-01T00:00:00Z rate=20");
    rig.fake.mono_us += 3000000;
    rig.fake.utc_us += 3000000;
    assert_int_equal(hub_utc_us(rig.hub), 60 * 1000000);
    assert_int_equal(hub_clock_wait_us(rig.hub, 60 * 1000000), 3 * 1000000);
    assert_int_equal(hub_clock_wait_us(rig.hub, 1), 1); // never early
    hub_clock_set(rig.hub, 100 * 1000000); // a jump keeps the rate
    rig.fake.mono_us += 1000000;
    rig.fake.utc_us += 1000000;
    assert_int_equal(hub_utc_us(rig.hub), 120 * 1000000);
    hub_clock_set_rate(rig.hub, RATE_REAL_PPM); // another rate keeps what it shows
    rig.fake.mono_us += 1000000;
    rig.fake.utc_us += 1000000;
    assert_int_equal(hub_utc_us(rig.hub), 121 * 1000000);
    rig_close(&rig);
}

struct fake_link {
    struct hub_link link;
    int closes;
    enum reason reason;
    uint32_t by;
};

static void on_close(struct hub_link *link, enum reason reason, uint32_t by_connection)
{
    struct fake_link *f = (struct fake_link *)link;
    f->closes++;
    f->reason = reason;
    f->by = by_connection;
}

static struct fake_link link_of(struct hub_rig *rig, const char *name, uint32_t connection)
{
    return (struct fake_link){.link = {.close = on_close,
                                       .connection = connection,
                                       .identity = hub_find_identity(rig->hub, span_text(name))}};
}

static void a_newer_connection_of_an_identity_ends_the_older_one(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    struct fake_link a = link_of(&rig, "bench-01", 1);
    struct fake_link module = link_of(&rig, "bench-01/mod-a", 2);
    struct fake_link b = link_of(&rig, "bench-01", 3);
    struct fake_link c = link_of(&rig, "bench-01", 4);
    hub_attach(rig.hub, &a.link);
    hub_attach(rig.hub, &module.link);
    assert_int_equal(a.closes, 0);
    hub_attach(rig.hub, &b.link);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, REASON_TAKEN_OVER);
    assert_int_equal(a.by, 3);
    hub_detach(rig.hub, &a.link); // forgotten already: no effect
    hub_detach(rig.hub, &b.link);
    hub_attach(rig.hub, &c.link);
    assert_int_equal(a.closes + b.closes + module.closes, 1);
    rig_close(&rig);
}

static void disabling_ends_the_connections_of_a_device_and_its_modules(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    struct fake_link device = link_of(&rig, "bench-01", 1);
    struct fake_link module = link_of(&rig, "bench-01/mod-a", 2);
    rig_add(&rig, (struct identity){.name = "bench-012", .primary_key = RIG_KEY});
    struct fake_link longer = link_of(&rig, "bench-012", 4);
    struct fake_link other = link_of(&rig, "bench-02", 3);
    hub_attach(rig.hub, &device.link);
    hub_attach(rig.hub, &module.link);
    hub_attach(rig.hub, &other.link);
    hub_attach(rig.hub, &longer.link);
    assert_int_equal(hub_set_disabled(rig.hub, "bench-01", true), 0);
    assert_int_equal(device.closes, 1);
    assert_int_equal(module.closes, 1);
    assert_int_equal(module.reason, REASON_DISABLED);
    assert_int_equal(other.closes, 0);
    assert_int_equal(longer.closes, 0); // shares only the beginning of its name
    assert_int_equal(hub_set_disabled(rig.hub, "bench-01", false), 0);
    assert_int_equal(hub_set_disabled(rig.hub, "nobody", true), ERR_UNKNOWN_NAME);
    hub_close_all(rig.hub, REASON_INTERNAL);
    assert_int_equal(other.closes, 1);
    assert_int_equal(other.reason, REASON_INTERNAL);
    assert_int_equal(device.closes, 1);
    rig_close(&rig);
}

static void a_removed_identity_is_unknown_and_may_come_back(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    struct fake_link device = link_of(&rig, "bench-01", 1);
    struct fake_link module = link_of(&rig, "bench-01/mod-a", 2);
    const struct identity *id = device.link.identity;
    hub_attach(rig.hub, &device.link);
    hub_attach(rig.hub, &module.link);
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("x"), 1), 0);
    assert_int_equal(hub_remove_identity(rig.hub, "bench-01"), 0);
    assert_int_equal(device.closes, 1);
    assert_int_equal(device.reason, REASON_UNKNOWN_IDENTITY);
    assert_int_equal(module.closes, 1);
    assert_null(hub_find_identity(rig.hub, SPAN_LITERAL("bench-01")));
    assert_null(hub_find_identity(rig.hub, SPAN_LITERAL("bench-01/mod-a")));
    for (const struct identity *i = NULL; (i = hub_next_identity(rig.hub, i));) {
        assert_string_not_equal(i->name, "bench-01");
    }
    assert_int_equal(hub_remove_identity(rig.hub, "bench-01"), ERR_UNKNOWN_NAME);
    assert_int_equal(hub_set_disabled(rig.hub, "bench-01", true), ERR_UNKNOWN_NAME);
    hub_detach(rig.hub, &device.link); // whoever still holds it does no harm
    rig_add(&rig, (struct identity){.name = "bench-01", .primary_key = RIG_OTHER_KEY});
    id = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01"));
    assert_string_equal(id->primary_key, RIG_OTHER_KEY);
    assert_false(id->is_disabled);
    assert_int_equal(hub_session_filter_count(rig.hub, id), 0);
    rig_close(&rig);
}

static void a_kept_session_outlives_its_connection_and_a_clean_one_does_not(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    struct fake_link a = link_of(&rig, "bench-01", 1);
    const struct identity *id = a.link.identity;
    hub_attach(rig.hub, &a.link);
    assert_false(hub_session_begin(rig.hub, id, false));
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("x/#"), 1), 0);
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("x/#"), 0), 0);
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("y"), 1), 0);
    assert_int_equal(hub_session_filter_count(rig.hub, id), 2);
    assert_int_equal(hub_session_qos(rig.hub, id, SPAN_LITERAL("x/#")), 0);
    hub_detach(rig.hub, &a.link);
    assert_int_equal(hub_session_filter_count(rig.hub, id), 2);
    hub_attach(rig.hub, &a.link);
    assert_true(hub_session_begin(rig.hub, id, false));
    assert_true(hub_session_unsubscribe(rig.hub, id, SPAN_LITERAL("y")));
    assert_false(hub_session_unsubscribe(rig.hub, id, SPAN_LITERAL("y")));
    hub_detach(rig.hub, &a.link);
    hub_attach(rig.hub, &a.link);
    assert_false(hub_session_begin(rig.hub, id, true)); // deletes what was kept
    assert_int_equal(hub_session_filter_count(rig.hub, id), 0);
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("z"), 1), 0);
    hub_detach(rig.hub, &a.link);
    assert_int_equal(hub_session_filter_count(rig.hub, id), 0);
    hub_attach(rig.hub, &a.link);
    assert_false(hub_session_begin(rig.hub, id, false));
    rig_close(&rig);
}

static void filters_are_limited(void **state)
{
    (void)state;
    struct hub_rig rig;
    rig_open(&rig);
    const struct identity *id = hub_find_identity(rig.hub, SPAN_LITERAL("bench-01"));
    for (int i = 0; i < HUB_FILTERS_MOST; i++) {
        char text[16];
        snprintf(text, sizeof text, "f%d", i);
        assert_int_equal(hub_session_subscribe(rig.hub, id, span_text(text), 0), 0);
    }
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("more"), 0), ERR_LIMIT);
    assert_int_equal(hub_session_subscribe(rig.hub, id, SPAN_LITERAL("f0"), 1), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_checked_when_they_are_added),
        cmocka_unit_test(identities_are_found_with_case),
        cmocka_unit_test(the_hubs_clock_is_the_real_one_plus_an_offset),
        cmocka_unit_test(the_hubs_clock_may_run_at_a_rate_of_its_own),
        cmocka_unit_test(a_newer_connection_of_an_identity_ends_the_older_one),
        cmocka_unit_test(disabling_ends_the_connections_of_a_device_and_its_modules),
        cmocka_unit_test(a_kept_session_outlives_its_connection_and_a_clean_one_does_not),
        cmocka_unit_test(filters_are_limited),
        cmocka_unit_test(a_removed_identity_is_unknown_and_may_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
