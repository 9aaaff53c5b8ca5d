// SPDX-License-Identifier: MIT
#include "simulator/faults/fault_rig.h"

static enum fault_kind decide(struct fault_rig *w, enum fault_site site, uint32_t connection)
{
    return faults_decide(w->plan, site, connection, "d").kind;
}

static const struct {
    const char *text;
    struct fault expected; // bytes are left out
} good_rows[] = {
    {"alert fatal unknown_ca at tls.certificate",
     {.kind = FAULT_ALERT, .site = SITE_TLS_CERTIFICATE, .number = {1, 48}, .times = 1}},
    {"alert warning 255",
     {.kind = FAULT_ALERT, .site = SITE_TLS_SERVER_HELLO, .number = {0, 255}, .times = 1}},
    {"flight ske-point times always",
     {.kind = FAULT_FLIGHT,
      .site = SITE_TLS_CLIENT_HELLO,
      .number = {FLIGHT_SKE_POINT},
      .times = UINT64_MAX}},
    {"record-version 0x0301",
     {.kind = FAULT_RECORD_VERSION,
      .site = SITE_TLS_SERVER_HELLO,
      .number = {0x0301},
      .times = 1}},
    {"refuse 5",
     {.kind = FAULT_REFUSE,
      .site = SITE_MQTT_CONNACK,
      .number = {5},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"refuse 1 times 3",
     {.kind = FAULT_REFUSE,
      .site = SITE_MQTT_CONNACK,
      .number = {1},
      .times = 3,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"delay 5s",
     {.kind = FAULT_DELAY,
      .site = SITE_MQTT_CONNACK,
      .number = {5000000},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"delay 250ms at mqtt.puback after 2",
     {.kind = FAULT_DELAY,
      .site = SITE_MQTT_PUBACK,
      .number = {250000},
      .times = 1,
      .skip = 2,
      .for_us = 0,
      .device = ""}},
    {"answer 429",
     {.kind = FAULT_ANSWER,
      .site = SITE_DPS_REGISTER,
      .number = {429},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"answer 503 at dps.status times 2",
     {.kind = FAULT_ANSWER,
      .site = SITE_DPS_STATUS,
      .number = {503},
      .times = 2,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"refuse 3 at dps.connack",
     {.kind = FAULT_REFUSE,
      .site = SITE_DPS_CONNACK,
      .number = {3},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"drop rst at tcp.accept",
     {.kind = FAULT_DROP,
      .site = SITE_TCP_ACCEPT,
      .number = {DROP_RST},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"drop fin times always",
     {.kind = FAULT_DROP,
      .site = SITE_MQTT_CONNACK,
      .number = {DROP_FIN},
      .times = UINT64_MAX,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"refuse 3 for 20s",
     {.kind = FAULT_REFUSE,
      .site = SITE_MQTT_CONNACK,
      .number = {3},
      .times = UINT64_MAX,
      .skip = 0,
      .for_us = 20000000,
      .device = ""}},
    {"refuse 3 for 20s times 2",
     {.kind = FAULT_REFUSE,
      .site = SITE_MQTT_CONNACK,
      .number = {3},
      .times = 2,
      .skip = 0,
      .for_us = 20000000,
      .device = ""}},
    {"drop rst at mqtt.publish",
     {.kind = FAULT_DROP,
      .site = SITE_MQTT_PUBLISH,
      .number = {DROP_RST},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"swallow",
     {.kind = FAULT_SWALLOW,
      .site = SITE_MQTT_PUBACK,
      .number = {0},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"swallow at mqtt.connack",
     {.kind = FAULT_SWALLOW,
      .site = SITE_MQTT_CONNACK,
      .number = {0},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"stall",
     {.kind = FAULT_STALL,
      .site = SITE_TCP_ACCEPT,
      .number = {0},
      .times = 1,
      .skip = 0,
      .for_us = 0,
      .device = ""}},
    {"stall device d/m after 0 at mqtt.pingresp times 2",
     {.kind = FAULT_STALL,
      .site = SITE_MQTT_PINGRESP,
      .number = {0},
      .times = 2,
      .skip = 0,
      .for_us = 0,
      .device = "d/m"}},
};

static void good_words_become_the_fault_that_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(good_rows); i++) {
        struct fault f;
        size_t bad = 99;
        const struct fault *x = &good_rows[i].expected;
        if (fault_rig_parse(good_rows[i].text, &f, &bad) < 0) {
            fail_msg("%s: %s", good_rows[i].text, error_text(ERR_SYNTAX));
        }
        bool is_same = f.kind == x->kind && f.site == x->site && f.number[0] == x->number[0] &&
                       f.for_us == x->for_us && f.times == x->times && f.skip == x->skip &&
                       strcmp(f.device, x->device) == 0;
        if (!is_same) {
            fail_msg("%s became something else", good_rows[i].text);
        }
    }
}

static const struct {
    const char *text;
    int code;
    size_t bad;
    const char *sentence;
} bad_rows[] = {
    {"alert fatal", ERR_SYNTAX, 2, "alert wants warning|fatal ALERT, seen nothing"},
    {"alert fatal unknown-ca", ERR_SYNTAX, 2, "a name for ALERT or its number, seen"},
    {"alert fatal 256", ERR_VALUE, 2, "from 0 to 255"},
    {"flight ske-pont", ERR_SYNTAX, 1, "a name for FLIGHT; `hubrig words` lists them"},
    {"flight 3", ERR_SYNTAX, 1, "a name for FLIGHT"},
    {"slice 100 at tls.application_data", ERR_VALUE, 0, "slice makes no sense at"},
    {"stall at tls.finished device d", ERR_VALUE, 0, "no device is known yet"},
    {"", ERR_SYNTAX, 0, "a fault is missing"},
    {"refse 5", ERR_SYNTAX, 0, "(did you mean refuse?)"},
    {"refuse", ERR_SYNTAX, 1, "refuse wants CODE, seen nothing"},
    {"refuse 0", ERR_VALUE, 1, "seen '0'"},
    {"refuse 6", ERR_VALUE, 1, "seen '6'"},
    {"refuse x", ERR_VALUE, 1, "seen 'x'"},
    {"delay", ERR_SYNTAX, 1, "delay wants DURATION"},
    {"delay 5", ERR_SYNTAX, 1, "with its unit"},
    {"delay -5s", ERR_VALUE, 1, "from 1 us to 1 days, seen"},
    {"delay 0s", ERR_VALUE, 1, "from 1 us to 1 days, seen"},
    {"delay 2d", ERR_VALUE, 1, "from 1 us to 1 days, seen"},
    {"drop", ERR_SYNTAX, 1, "drop wants fin|rst"},
    {"drop ack", ERR_SYNTAX, 1, "seen 'ack'"},
    {"swallow at", ERR_SYNTAX, 2, "at wants a site"},
    {"swallow at mqtt.pubak", ERR_SYNTAX, 2, "(did you mean mqtt.puback?)"},
    {"swallow time 2", ERR_SYNTAX, 1, "(did you mean times?)"},
    {"swallow times", ERR_SYNTAX, 2, "times wants a number"},
    {"swallow times 0", ERR_VALUE, 2, "from 1 to"},
    {"swallow times 99999999999999999999", ERR_VALUE, 2, "from 1 to"},
    {"swallow times two", ERR_SYNTAX, 2, "seen 'two'"},
    {"swallow after -1", ERR_SYNTAX, 2, "after wants a number"},
    {"swallow after always", ERR_SYNTAX, 2, "after wants a number"},
    {"swallow device", ERR_SYNTAX, 2, "device wants"},
    {"swallow times 1 times 2", ERR_SYNTAX, 3, "times stands twice"},
    {"refuse 5 at mqtt.puback", ERR_VALUE, 0, "it acts at mqtt.connack, dps.connack"},
    {"answer", ERR_SYNTAX, 1, "wants STATUS"},
    {"answer 200", ERR_VALUE, 1, "from 400 to 599"},
    {"answer 600", ERR_VALUE, 1, "from 400 to 599"},
    {"answer 429 at mqtt.connack", ERR_VALUE, 0, "it acts at twin.request, dps.register, dps.status"},
    {"swallow at dps.accept", ERR_VALUE, 0, "no sense at dps.accept"},
    {"delay 1s at mqtt.publish", ERR_VALUE, 0, "no sense at mqtt.publish"},
    {"swallow at mqtt.publish", ERR_VALUE, 0, "no sense at mqtt.publish"},
    {"refuse 5 for", ERR_SYNTAX, 3, "for wants a duration"},
    {"refuse 5 for 0s", ERR_VALUE, 3, "for wants a duration"},
    {"refuse 5 for 20", ERR_SYNTAX, 3, "seen '20'"},
    {"swallow at tcp.accept", ERR_VALUE, 0, "no sense at tcp.accept"},
    {"stall device d", ERR_VALUE, 0, "no device is known yet at tcp.accept"},
    {"swallow chance", ERR_SYNTAX, 2, "seen nothing"},
    {"swallow chance 30", ERR_SYNTAX, 2, "a share such as 30%"},
    {"swallow chance 0%", ERR_VALUE, 2, "more than nothing"},
    {"swallow chance 100.5%", ERR_VALUE, 2, "up to 100%"},
    {"swallow chance 1.23456%", ERR_SYNTAX, 2, "seen '1.23456%'"},
    {"swallow in 5", ERR_SYNTAX, 2, "in wants a duration"},
    {"loss 91%", ERR_VALUE, 1, "up to 90%"},
    {"loss 3", ERR_VALUE, 1, "a share such as 2.5%"},
    {"window 100", ERR_VALUE, 1, "from 1152 to 65535"},
    {"refuse-tcp times 3", ERR_VALUE, 0, "closes a port"},
    {"block chance 30%", ERR_VALUE, 0, "closes a port"},
    {"latency 1s times 65", ERR_VALUE, 0, "at most 64 connections"},
    {"latency 1s times 2 device d", ERR_VALUE, 0, "not known yet"},
    {"portal 302 device d", ERR_VALUE, 0, "before it is known"},
    {"portal 404", ERR_SYNTAX, 1, "200|302|511"},
};

static void wrong_words_are_named_with_their_place_and_a_way_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < HR_COUNT_OF(bad_rows); i++) {
        struct fault f;
        size_t bad = 99;
        int code = fault_rig_parse(bad_rows[i].text, &f, &bad);
        if (code != bad_rows[i].code || bad != bad_rows[i].bad ||
            !strstr(error_text(code), bad_rows[i].sentence)) {
            fail_msg("'%s': expected %s at %zu with '%s', seen %s at %zu with '%s'",
                     bad_rows[i].text, error_name(bad_rows[i].code), bad_rows[i].bad,
                     bad_rows[i].sentence, error_name(code), bad, error_text(code));
        }
    }
}

static void a_device_id_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char id[300];
    memset(id, 'x', sizeof id);
    struct span words[] = {SPAN_LITERAL("swallow"), SPAN_LITERAL("device"), span_of(id, sizeof id)};
    struct fault f;
    size_t bad = 0;
    assert_int_equal(fault_parse(words, 3, &f, &bad), ERR_VALUE);
    assert_int_equal(bad, 2);
}

static void a_fault_acts_as_often_as_it_says_and_then_is_gone(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "refuse 4 times 2");
    assert_logged(&w.log, "fault.armed fault=\"refuse 4\" site=mqtt.connack times=2");
    struct fault_decision d = faults_decide(w.plan, SITE_MQTT_CONNACK, 7, "d");
    assert_int_equal(d.kind, FAULT_REFUSE);
    assert_int_equal(d.number[0], 4);
    assert_logged(&w.log, "fault.fired fault=\"refuse 4\" site=mqtt.connack");
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 8), FAULT_REFUSE);
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 9), FAULT_NONE);
    assert_int_equal(w.log.counts[EVENT_FAULT_FIRED], 2);
    fault_rig_close(&w);
}

static void after_lets_the_first_ones_pass(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "swallow after 2");
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 1), FAULT_NONE); // another site counts nothing
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_SWALLOW);
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    fault_rig_close(&w);
}

static void a_fault_for_one_device_leaves_the_others_alone(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "swallow times always device d/m");
    assert_int_equal(faults_decide(w.plan, SITE_MQTT_PUBACK, 1, "d").kind, FAULT_NONE);
    assert_int_equal(faults_decide(w.plan, SITE_MQTT_PUBACK, 1, "d/m2").kind, FAULT_NONE);
    assert_int_equal(faults_decide(w.plan, SITE_MQTT_PUBACK, 1, NULL).kind, FAULT_NONE);
    assert_int_equal(faults_decide(w.plan, SITE_MQTT_PUBACK, 1, "d/m").kind, FAULT_SWALLOW);
    assert_logged(&w.log, "times=always");
    fault_rig_close(&w);
}

static void a_delay_is_returned_once_and_what_stands_behind_it_follows(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "delay 1s times always");
    fault_rig_arm(&w, "refuse 3");
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 1), FAULT_DELAY);
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 2), FAULT_DELAY); // another connection between
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 1), FAULT_REFUSE);
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 2), FAULT_NONE);
    assert_int_equal(decide(&w, SITE_MQTT_CONNACK, 1), FAULT_DELAY); // a new occasion
    fault_rig_close(&w);
}

static void the_explicit_form_goes_on_behind_the_fault_that_it_names(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "delay 1s at mqtt.puback times always");
    fault_rig_arm(&w, "swallow after 1");
    struct fault_decision one = faults_decide_after(w.plan, SITE_MQTT_PUBACK, 1, "d", 0);
    struct fault_decision two = faults_decide_after(w.plan, SITE_MQTT_PUBACK, 1, "d", 0);
    assert_int_equal(one.kind, FAULT_DELAY);
    assert_int_equal(two.kind, FAULT_DELAY);
    assert_int_equal(one.number[0], 1000000);
    one = faults_decide_after(w.plan, SITE_MQTT_PUBACK, 1, "d", one.order);
    two = faults_decide_after(w.plan, SITE_MQTT_PUBACK, 1, "d", two.order);
    assert_int_equal(one.kind, FAULT_NONE);
    assert_int_equal(two.kind, FAULT_SWALLOW);
    fault_rig_close(&w);
}

static void sixty_four_faults_fit_and_a_spent_one_makes_room(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    const struct fault f = {.kind = FAULT_SWALLOW, .site = SITE_MQTT_PUBACK, .times = 1};
    for (int i = 0; i < 64; i++) {
        assert_int_equal(faults_add(w.plan, &f), 0);
    }
    assert_int_equal(faults_add(w.plan, &f), ERR_LIMIT);
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_SWALLOW);
    assert_int_equal(faults_add(w.plan, &f), 0);
    fault_rig_close(&w);
}

static void a_duration_ends_a_fault_and_a_start_holds_it_back(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "swallow for 20s");
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_SWALLOW);
    w.fake.mono_us += 19999999;
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_SWALLOW);
    w.fake.mono_us += 1;
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    const struct fault later = {.kind = FAULT_SWALLOW,
                                .site = SITE_MQTT_PUBACK,
                                .times = UINT64_MAX,
                                .start_us = 1000000,
                                .for_us = 5000000};
    assert_int_equal(faults_add(w.plan, &later), 0);
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    w.fake.mono_us += 1000000;
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_SWALLOW);
    w.fake.mono_us += 5000000;
    assert_int_equal(decide(&w, SITE_MQTT_PUBACK, 1), FAULT_NONE);
    fault_rig_close(&w);
}

static size_t occasions_that_act(uint64_t seed, const char *text, uint64_t *pattern)
{
    struct fault_rig w;
    size_t count = 0;
    fault_rig_open(&w);
    faults_set_seed(w.plan, seed);
    fault_rig_arm(&w, text);
    *pattern = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        bool has_acted = decide(&w, SITE_MQTT_PUBACK, i) == FAULT_SWALLOW;
        *pattern = *pattern << 1 | has_acted;
        count += has_acted;
    }
    fault_rig_close(&w);
    return count;
}

static void chance_acts_on_its_share_and_follows_from_the_seed(void **state)
{
    (void)state;
    uint64_t first;
    uint64_t again;
    uint64_t other;
    size_t count = occasions_that_act(7, "swallow chance 30% times always", &first);
    assert_in_range(count, 250, 350);
    assert_int_equal(occasions_that_act(7, "swallow chance 30% times always", &again), count);
    assert_true(first == again);
    occasions_that_act(8, "swallow chance 30% times always", &other);
    assert_true(first != other);
    assert_int_equal(occasions_that_act(7, "swallow chance 50% times 3", &again), 3);
}

// The state's place, seen from a connection.
static bool stands(struct fault_rig *w, uint32_t connection)
{
    struct fault_state s;
    size_t next = 0;
    const struct fault_place place = {SITE_NET_MQTTS, connection, ""};
    return faults_standing(w->plan, &next, &place, &s);
}

static void a_state_counts_new_connections(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "latency 1s after 1 times 2");
    for (uint32_t connection = 4; connection < 8; connection++) {
        faults_meet(w.plan, SITE_NET_MQTTS, connection);
    }
    assert_false(stands(&w, 3)); // was there before
    assert_false(stands(&w, 4));
    assert_true(stands(&w, 5));
    assert_true(stands(&w, 6));
    assert_false(stands(&w, 7));
    fault_rig_close(&w);
}

static void a_state_after_the_first_ones_goes_on_for_ever(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "latency 1s after 2");
    for (uint32_t connection = 4; connection < 300; connection++) {
        faults_meet(w.plan, SITE_NET_MQTTS, connection);
        assert_int_equal(stands(&w, connection), connection >= 6);
    }
    fault_rig_close(&w);
}

static void chance_chooses_connections_and_stays_with_them(void **state)
{
    (void)state;
    struct fault_rig w;
    size_t count = 0;
    fault_rig_open(&w);
    fault_rig_arm(&w, "blackhole both chance 25%");
    for (uint32_t connection = 1; connection <= 1000; connection++) {
        bool is_chosen = stands(&w, connection);
        assert_true(stands(&w, connection) == is_chosen);
        count += is_chosen;
    }
    assert_in_range(count, 200, 300);
    fault_rig_close(&w);
}

// One that does not begin at once, or whose end is told, is written so that it can be read again.
static void what_is_printed_reads_as_the_same_fault(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "loss 2.5% at net.mqtts times always",
        "latency 300ms at net.any times 2 after 1",
        "swallow at mqtt.puback times always chance 12.5% in 1000ms for 20000ms",
        "portal 511 at net.https times always chance 50%",
        "swallow at mqtt.puback times 1 device d/m"};
    for (size_t i = 0; i < HR_COUNT_OF(texts); i++) {
        struct fault f;
        size_t bad = 0;
        struct buf out HR_CLEANUP(buf_deinit);
        buf_init(&out, 300);
        assert_int_equal(fault_rig_parse(texts[i], &f, &bad), 0);
        assert_int_equal(fault_print(&f, &out), 0);
        assert_string_equal(buf_text(&out), texts[i]);
    }
}

static void clearing_removes_every_fault_and_says_so(void **state)
{
    (void)state;
    struct fault_rig w;
    fault_rig_open(&w);
    fault_rig_arm(&w, "stall times always");
    faults_clear(w.plan);
    assert_int_equal(decide(&w, SITE_TCP_ACCEPT, 1), FAULT_NONE);
    assert_int_equal(w.log.counts[EVENT_FAULT_CLEARED], 1);
    fault_rig_close(&w);
}

static void every_row_has_its_words(void **state)
{
    (void)state;
    assert_string_equal(fault_word(FAULT_REFUSE), "refuse");
    char form[64];
    assert_string_equal(fault_form(FAULT_DROP, form), "fin|rst");
    assert_string_equal(site_word(SITE_MQTT_PINGRESP), "mqtt.pingresp");
    for (int i = FAULT_NONE + 1; i < FAULT_KIND_COUNT; i++) {
        assert_true(strlen(fault_meaning((enum fault_kind)i)) > 0);
        assert_true(fault_classes((enum fault_kind)i) &
                    site_classes(fault_default_site((enum fault_kind)i)));
    }
    for (int i = 0; i < SITE_COUNT; i++) {
        assert_true(strlen(site_meaning((enum fault_site)i)) > 0);
    }
}

static void the_provisioning_service_has_the_places_of_the_hub(void **state)
{
    (void)state;
    static const enum fault_site rows[][2] = {
        {SITE_TCP_ACCEPT, SITE_DPS_ACCEPT},     {SITE_TLS_CLIENT_HELLO, SITE_DPS_CLIENT_HELLO},
        {SITE_TLS_FINISHED, SITE_DPS_FINISHED}, {SITE_MQTT_PUBACK, SITE_DPS_PUBACK},
        {SITE_DPS_STATUS, SITE_DPS_STATUS},     {SITE_MQTT_C2D, SITE_COUNT},
        {SITE_NET_ANY, SITE_COUNT},
    };
    for (size_t i = 0; i < HR_COUNT_OF(rows); i++) {
        assert_int_equal(site_of_dps(rows[i][0]), rows[i][1]);
    }
    for (int i = SITE_TLS_CLIENT_HELLO; i <= SITE_TLS_APPLICATION_DATA; i++) {
        enum fault_site twin = site_of_dps((enum fault_site)i);
        assert_int_not_equal(twin, SITE_COUNT);
        assert_int_equal(site_classes(twin), site_classes((enum fault_site)i));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_words_become_the_fault_that_they_say),
        cmocka_unit_test(wrong_words_are_named_with_their_place_and_a_way_out),
        cmocka_unit_test(a_device_id_that_does_not_fit_is_refused),
        cmocka_unit_test(a_fault_acts_as_often_as_it_says_and_then_is_gone),
        cmocka_unit_test(after_lets_the_first_ones_pass),
        cmocka_unit_test(a_fault_for_one_device_leaves_the_others_alone),
        cmocka_unit_test(a_delay_is_returned_once_and_what_stands_behind_it_follows),
        cmocka_unit_test(the_explicit_form_goes_on_behind_the_fault_that_it_names),
        cmocka_unit_test(sixty_four_faults_fit_and_a_spent_one_makes_room),
        cmocka_unit_test(a_duration_ends_a_fault_and_a_start_holds_it_back),
        cmocka_unit_test(chance_acts_on_its_share_and_follows_from_the_seed),
        cmocka_unit_test(a_state_counts_new_connections),
        cmocka_unit_test(a_state_after_the_first_ones_goes_on_for_ever),
        cmocka_unit_test(chance_chooses_connections_and_stays_with_them),
        cmocka_unit_test(what_is_printed_reads_as_the_same_fault),
        cmocka_unit_test(clearing_removes_every_fault_and_says_so),
        cmocka_unit_test(every_row_has_its_words),
        cmocka_unit_test(the_provisioning_service_has_the_places_of_the_hub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
