// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/test.h"
#include "simulator/journal/journal.h"

#include <stdio.h>
#include <string.h>

struct world {
    struct fake_world fake;
    struct env env;
    struct journal *journal;
};

struct recorder {
    struct world *world;
    char tag;
    char *seen; // shared: "a1 b1 a2 ..."
    bool has_emitted;
    bool leaves;
};

static void open_world(struct world *w)
{
    *w = (struct world){.fake = {.mono_us = 5000}};
    w->env = env_fake(&w->fake);
    w->journal = journal_new(&w->env);
    assert_non_null(w->journal);
}

static void record(void *context, const struct event *e)
{
    struct recorder *r = context;
    char text[300];
    char line[340];
    snprintf(line, sizeof line, "%c%llu:%s@%llu ", r->tag, (unsigned long long)e->seq,
             event_value(e, "text", text, sizeof text), (unsigned long long)e->at_us);
    strcat(r->seen, line);
    if (r->leaves) {
        journal_unlisten(r->world->journal, record, r);
    }
}

static void record_and_emit_once(void *context, const struct event *e)
{
    struct recorder *r = context;
    record(context, e);
    if (!r->has_emitted) {
        r->has_emitted = true;
        char passing[16] = "inner"; // gone when the event is delivered: it must be copied
        EMIT(r->world->journal, RUN_NOTE, 0, NULL, F_TEXT("text", passing));
        memset(passing, '!', sizeof passing - 1);
    }
}

static void events_are_numbered_from_one_and_timed_since_the_beginning(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen};
    assert_int_equal(journal_listen(w.journal, record, &a), 0);
    assert_int_equal(journal_count(w.journal), 0);
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "x"));
    w.fake.mono_us += 250;
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "y"));
    assert_string_equal(seen, "a1:x@0 a2:y@250 ");
    assert_int_equal(journal_count(w.journal), 2);
    journal_free(w.journal);
}

static void listeners_hear_in_the_order_of_registration(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen};
    struct recorder b = {.world = &w, .tag = 'b', .seen = seen};
    assert_int_equal(journal_listen(w.journal, record, &a), 0);
    assert_int_equal(journal_listen(w.journal, record, &b), 0);
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "x"));
    assert_string_equal(seen, "a1:x@0 b1:x@0 ");
    journal_free(w.journal);
}

static void what_a_listener_emits_is_delivered_after_the_present_event(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen};
    struct recorder b = {.world = &w, .tag = 'b', .seen = seen};
    assert_int_equal(journal_listen(w.journal, record_and_emit_once, &a), 0);
    assert_int_equal(journal_listen(w.journal, record, &b), 0);
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "outer"));
    assert_string_equal(seen, "a1:outer@0 b1:outer@0 a2:inner@0 b2:inner@0 ");
    journal_free(w.journal);
}

static void who_stops_listening_hears_nothing_more(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen};
    struct recorder b = {.world = &w, .tag = 'b', .seen = seen};
    assert_int_equal(journal_listen(w.journal, record, &a), 0);
    assert_int_equal(journal_listen(w.journal, record, &b), 0);
    journal_unlisten(w.journal, record, &a);
    journal_unlisten(w.journal, record, &w); // never listened: no effect
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "x"));
    assert_string_equal(seen, "b1:x@0 ");
    journal_free(w.journal);
}

static void who_leaves_during_an_event_takes_it_from_nobody_else(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen, .leaves = true};
    struct recorder b = {.world = &w, .tag = 'b', .seen = seen};
    assert_int_equal(journal_listen(w.journal, record, &a), 0);
    assert_int_equal(journal_listen(w.journal, record, &b), 0);
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "x"));
    EMIT(w.journal, RUN_NOTE, 0, NULL, F_TEXT("text", "y"));
    assert_string_equal(seen, "a1:x@0 b1:x@0 b2:y@0 ");
    journal_free(w.journal);
}

static void one_listener_too_many_is_refused(void **state)
{
    (void)state;
    struct world w;
    char seen[1000] = "";
    open_world(&w);
    struct recorder a = {.world = &w, .tag = 'a', .seen = seen};
    for (int i = 0; i < JOURNAL_LISTENERS_MOST; i++) {
        assert_int_equal(journal_listen(w.journal, record, &a), 0);
    }
    assert_int_equal(journal_listen(w.journal, record, &a), ERR_LIMIT);
    journal_free(w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_numbered_from_one_and_timed_since_the_beginning),
        cmocka_unit_test(listeners_hear_in_the_order_of_registration),
        cmocka_unit_test(what_a_listener_emits_is_delivered_after_the_present_event),
        cmocka_unit_test(who_stops_listening_hears_nothing_more),
        cmocka_unit_test(who_leaves_during_an_event_takes_it_from_nobody_else),
        cmocka_unit_test(one_listener_too_many_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
