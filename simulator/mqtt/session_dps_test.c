// SPDX-License-Identifier: MIT
// The provisioning service's dialect on the wire: what goes out, in which order.
#include "simulator/dps/dps_rig.h"
#include "simulator/mqtt/packet.h"
#include "simulator/mqtt/session.h"

#define REGISTER "$dps/registrations/PUT/iotdps-register/?$rid="
#define STATUS   "$dps/registrations/GET/iotdps-get-operationstatus/?$rid="
#define ANSWERS  "$dps/registrations/res/#"

static struct dps_rig rig;
static struct fault_plan *faults;
static struct mqtt_session *session;
static struct buf sent;
static int closes;
static bool feeds_bytewise;

static void on_send(void *context, struct span bytes)
{
    (void)context;
    assert_int_equal(closes, 0);
    assert_int_equal(buf_append(&sent, bytes), 0);
}

static void on_close(void *context, enum drop_how how)
{
    (void)context;
    (void)how;
    closes++;
}

static void on_stall(void *context)
{
    (void)context;
}

static int open_all(void **state)
{
    (void)state;
    const struct dps_settings settings = dps_rig_settings();
    dps_rig_open_with(&rig, &settings);
    dps_rig_enroll_usual(&rig);
    faults = faults_new(rig.journal);
    const struct mqtt_world world = {
        .env = &rig.env, .faults = faults, .journal = rig.journal, .dps = rig.dps};
    const struct mqtt_outlet outlet = {.send = on_send, .close = on_close, .stall = on_stall};
    session = mqtt_session_new(&world, &outlet, 1, NULL);
    buf_init(&sent, 1U << 20);
    closes = 0;
    feeds_bytewise = false;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    mqtt_session_end(session);
    mqtt_session_free(session);
    buf_deinit(&sent);
    faults_free(faults);
    dps_rig_close(&rig);
    return 0;
}

static void feed(struct buf *packet, int code)
{
    assert_int_equal(code, 0);
    for (size_t i = 0; feeds_bytewise && i < packet->len; i++) {
        mqtt_session_feed(session, span_of(packet->data + i, 1));
    }
    if (!feeds_bytewise) {
        mqtt_session_feed(session, buf_span(packet));
    }
    buf_clear(packet);
}

static void send_connect(bool is_clean, const char *key)
{
    char token[600];
    struct buf out HR_CLEANUP(buf_deinit);
    buf_init(&out, 4096);
    dps_rig_token(&rig, DPS_RIG_SCOPE "%2Fregistrations%2Fbench-01", key, 3600, "&skn=registration",
                  token);
    const struct mqtt_connect c = {
        .level = 4,
        .is_clean = is_clean,
        .client_id = SPAN_LITERAL("bench-01"),
        .username = SPAN_LITERAL(DPS_RIG_SCOPE "/registrations/bench-01/api-version=2019-03-31"),
        .password = span_text(token)};
    feed(&out, mqtt_write_connect(&c, &out));
}

static void send_subscribe(const char *filter, int qos)
{
    struct buf out HR_CLEANUP(buf_deinit);
    const struct mqtt_filter f = {span_text(filter), qos};
    buf_init(&out, 4096);
    feed(&out, mqtt_write_subscribe(9, &f, 1, &out));
}

static void send_publish(const char *topic, const char *body, int qos)
{
    struct buf out HR_CLEANUP(buf_deinit);
    const struct mqtt_publish p = {
        .topic = span_text(topic), .body = span_text(body), .qos = qos, .packet_id = qos ? 77 : 0};
    buf_init(&out, 1U << 18);
    feed(&out, mqtt_write_publish(&p, &out));
}

// What was sent since the last call, in words: "CONNACK 0 0; PUBACK 77; PUBLISH 1 topic;".
static const char *heard(void)
{
    static char text[4096];
    struct mqtt_reader reader;
    struct mqtt_packet p;
    struct mqtt_publish publish;
    struct span bytes = buf_span(&sent);
    size_t n = 0;
    text[0] = '\0';
    mqtt_reader_init(&reader);
    while (mqtt_reader_next(&reader, &bytes, &p) == 1) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", mqtt_packet_name(p.type));
        if (p.type == PACKET_CONNACK) {
            n +=
                (size_t)snprintf(text + n, sizeof text - n, " %d %d", p.body.ptr[0], p.body.ptr[1]);
        } else if (p.type == PACKET_PUBLISH && mqtt_read_publish(&p, &publish) == 0) {
            n += (size_t)snprintf(text + n, sizeof text - n, " %d %.*s", publish.qos,
                                  SPAN_ARG(publish.topic));
        } else if (p.type == PACKET_SUBACK) {
            n += (size_t)snprintf(text + n, sizeof text - n, " %d", p.body.ptr[2]);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "; ");
    }
    mqtt_reader_deinit(&reader);
    buf_clear(&sent);
    return text;
}

static void begin(int qos)
{
    send_connect(true, DPS_RIG_KEY);
    send_subscribe(ANSWERS, qos);
    heard();
}

// The operation id in what the service sent last.
static void take_operation(char out[80])
{
    const char *mark = "\"operationId\":\"";
    const uint8_t *at = memmem(sent.data, sent.len, mark, strlen(mark));
    assert_non_null(at);
    snprintf(out, 80, "%.57s", (const char *)at + strlen(mark));
    out[strcspn(out, "\"")] = '\0';
}

static void walk_the_whole_way(int qos)
{
    char operation[80];
    char topic[200];
    char expected[200];
    send_connect(true, DPS_RIG_KEY);
    assert_string_equal(heard(), "CONNACK 0 0; ");
    send_subscribe(ANSWERS, qos);
    snprintf(expected, sizeof expected, "SUBACK %d; ", qos);
    assert_string_equal(heard(), expected);
    send_publish(REGISTER "r-1", "{\"registrationId\":\"bench-01\"}", qos);
    take_operation(operation);
    snprintf(expected, sizeof expected,
             "%sPUBLISH %d $dps/registrations/res/202/?$rid=r-1&retry-after=3; ",
             qos ? "PUBACK; " : "", qos);
    assert_string_equal(heard(), expected);
    rig.fake.mono_us += 3000000;
    mqtt_session_tick(session);
    snprintf(topic, sizeof topic, STATUS "r-2&operationId=%s", operation);
    send_publish(topic, " ", qos);
    snprintf(expected, sizeof expected, "%sPUBLISH %d $dps/registrations/res/200/?$rid=r-2; ",
             qos ? "PUBACK; " : "", qos);
    assert_string_equal(heard(), expected);
    assert_int_equal(closes, 0);
}

static void puback_comes_before_the_response_at_qos_1(void **state)
{
    (void)state;
    walk_the_whole_way(1);
}

static void a_device_may_use_qos_0_throughout(void **state)
{
    (void)state;
    walk_the_whole_way(0);
}

static void one_byte_at_a_time_gives_the_same_answers(void **state)
{
    (void)state;
    feeds_bytewise = true;
    walk_the_whole_way(1);
}

static void session_present_is_0_for_a_kept_session_too(void **state)
{
    (void)state;
    send_connect(false, DPS_RIG_KEY);
    assert_string_equal(heard(), "CONNACK 0 0; ");
}

static void a_wrong_key_is_told_by_the_response_not_by_connack(void **state)
{
    (void)state;
    send_connect(true, DPS_RIG_OTHER);
    dps_rig_enroll(&rig, (struct dps_enrollment){.name = "bench-01", .primary_key = DPS_RIG_KEY});
    send_subscribe(ANSWERS, 1);
    assert_string_equal(heard(), "CONNACK 0 0; SUBACK 1; ");
    send_publish(REGISTER "1", "", 1);
    assert_string_equal(heard(), "PUBACK; PUBLISH 1 $dps/registrations/res/401/?$rid=1; ");
}

static void a_qos_2_filter_is_granted_1(void **state)
{
    (void)state;
    send_connect(true, DPS_RIG_KEY);
    send_subscribe(ANSWERS, 2);
    assert_string_equal(heard(), "CONNACK 0 0; SUBACK 1; ");
}

static void unsubscribe_is_answered(void **state)
{
    (void)state;
    struct buf out HR_CLEANUP(buf_deinit);
    const struct span filter = SPAN_LITERAL(ANSWERS);
    begin(1);
    buf_init(&out, 200);
    feed(&out, mqtt_write_unsubscribe(5, &filter, 1, &out));
    assert_string_equal(heard(), "UNSUBACK; ");
    send_publish(REGISTER "1", "", 1);
    assert_string_equal(heard(), "PUBACK; ");
    assert_logged(&rig.log, "has not subscribed");
    assert_logged(&rig.log, "dps.assigning");
}

static void the_registration_goes_on_without_its_connection(void **state)
{
    (void)state;
    begin(1);
    send_publish(REGISTER "1", "", 1);
    mqtt_session_end(session);
    rig.fake.mono_us += 1000000;
    dps_tick(rig.dps);
    assert_logged(&rig.log, "dps.assigned");
}

static const struct {
    const char *topic;
    const char *why;
} bad_topics[] = {
    {"devices/bench-01/messages/events/", "neither"},
    {REGISTER, "no $rid"},
    {"$dps/registrations/res/200/?$rid=1", "neither"},
};

static void topics_of_nobody_close(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(bad_topics); i++) {
        close_all(state);
        open_all(state);
        begin(1);
        send_publish(bad_topics[i].topic, "", 1);
        assert_int_equal(closes, 1);
        assert_string_equal(heard(), "");
        assert_logged(&rig.log, bad_topics[i].why);
    }
}

static void a_publish_at_qos_2_closes(void **state)
{
    (void)state;
    begin(1);
    send_publish(REGISTER "1", "", 2);
    assert_int_equal(closes, 1);
    assert_logged(&rig.log, "the provisioning service takes the message and closes");
}

static void pubacks_of_responses_are_taken(void **state)
{
    (void)state;
    struct buf out HR_CLEANUP(buf_deinit);
    begin(1);
    send_publish(REGISTER "1", "", 1);
    buf_init(&out, 20);
    feed(&out, mqtt_write_puback(1, &out));
    assert_int_equal(closes, 0);
    feed(&out, mqtt_write_puback(2, &out));
    assert_int_equal(closes, 1);
}

static void arm(const char *text)
{
    struct span words[8];
    size_t count = 0;
    size_t bad = 0;
    struct fault f;
    for (struct span rest = span_text(text); rest.ptr;) {
        words[count++] = span_cut(rest, ' ', &rest);
    }
    assert_int_equal(fault_parse(words, count, &f, &bad), 0);
    assert_int_equal(faults_add(faults, &f), 0);
}

static const struct {
    const char *fault;
    const char *at_once, *after_5_s;
    bool is_started;
} fault_rows[] = {
    {"answer 429", "PUBACK; PUBLISH 1 $dps/registrations/res/429/?$rid=1&retry-after=5; ", "",
     false},
    {"answer 404", "PUBACK; PUBLISH 1 $dps/registrations/res/404/?$rid=1; ", "", false},
    {"swallow at dps.register", "PUBACK; ", "", false},
    {"delay 5s at dps.register", "PUBACK; ",
     "PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", true},
    {"drop fin at dps.register", "PUBACK; ", "", false},
    {"swallow at dps.status",
     "PUBACK; PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", "", true},
    {"swallow at dps.puback", "PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", "",
     true},
    {"double at dps.puback",
     "PUBACK; PUBACK; PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", "", true},
    {"double at dps.register",
     "PUBACK; PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; "
     "PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ",
     "", true},
    {"wrong-id at dps.register",
     "PUBACK; PUBLISH 1 $dps/registrations/res/202/?$rid=0&retry-after=3; ", "", true},
    {"inject D000 at dps.register",
     "PUBACK; PINGRESP; PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", "", true},
    {"swap at dps.register", "PUBACK; ",
     "PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", true},
    {"swallow at mqtt.puback",
     "PUBACK; PUBLISH 1 $dps/registrations/res/202/?$rid=1&retry-after=3; ", "", true},
};

static void faults_act_at_the_services_own_sites(void **state)
{
    for (size_t i = 0; i < HR_COUNT_OF(fault_rows); i++) {
        close_all(state);
        open_all(state);
        begin(1);
        arm(fault_rows[i].fault);
        send_publish(REGISTER "1", "", 1);
        const char *at_once = heard();
        if (strcmp(at_once, fault_rows[i].at_once) != 0) {
            fail_msg("%s: seen '%s'", fault_rows[i].fault, at_once);
        }
        rig.fake.mono_us += 5000000;
        mqtt_session_tick(session);
        assert_string_equal(heard(), fault_rows[i].after_5_s);
        assert_int_equal(rig.log.counts[EVENT_DPS_ASSIGNING], fault_rows[i].is_started);
    }
}

static void connack_has_a_site_of_its_own(void **state)
{
    (void)state;
    arm("refuse 5");
    arm("refuse 3 at dps.connack");
    send_connect(true, DPS_RIG_KEY);
    assert_string_equal(heard(), "CONNACK 0 3; ");
    assert_int_equal(closes, 1);
    assert_logged(&rig.log, "dps.refused code=3 reason=fault");
}

static void a_token_never_reaches_the_journal(void **state)
{
    (void)state;
    begin(1);
    send_publish(REGISTER "1", "", 1);
    assert_not_logged(&rig.log, "SharedAccessSignature");
}

#define WITH_ALL(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ALL(puback_comes_before_the_response_at_qos_1),
        WITH_ALL(a_device_may_use_qos_0_throughout),
        WITH_ALL(one_byte_at_a_time_gives_the_same_answers),
        WITH_ALL(session_present_is_0_for_a_kept_session_too),
        WITH_ALL(a_wrong_key_is_told_by_the_response_not_by_connack),
        WITH_ALL(a_qos_2_filter_is_granted_1),
        WITH_ALL(unsubscribe_is_answered),
        WITH_ALL(the_registration_goes_on_without_its_connection),
        WITH_ALL(topics_of_nobody_close),
        WITH_ALL(a_publish_at_qos_2_closes),
        WITH_ALL(pubacks_of_responses_are_taken),
        WITH_ALL(faults_act_at_the_services_own_sites),
        WITH_ALL(connack_has_a_site_of_its_own),
        WITH_ALL(a_token_never_reaches_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
