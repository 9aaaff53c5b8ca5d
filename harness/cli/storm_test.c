// SPDX-License-Identifier: MIT
// Twenty clients (libmosquitto) patch their twins as fast as they are answered, while the service
// sends messages and patches desired properties; the hub is killed in the middle, several times.
// What was accepted is there afterwards, and nothing is half-written.
#include "base/test.h"
#include "base/text_code.h"
#include "fixtures/peer/child.h"
#include "harness/cli/served.h"
#include "harness/cli/shell.h"
#include "simulator/hub/sas.h"

#include <jansson.h>
#include <mosquitto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY     "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ANSWER  "$iothub/twin/res/204/?$rid="
#define PATCH   "$iothub/twin/PATCH/properties/reported/?$rid="
#define OPTIONS "--hub storm.hub --state storm.db"

enum {
    DEVICES = 20,
    ROUNDS = 4,
    MESSAGES_MOST = 400,
    SERVICE_EVERY = 10, // answers between two requests of the service
    KILL_AFTER_LEAST = 40,
    KILL_AFTER_MOST = 160,
    PATIENCE_MS = 120000,
};

struct storm_device {
    struct mosquitto *client;
    char name[16];
    int subscribed; // filters that are granted
    int asked;      // n of the patch on its way
    int answered;   // n of the last patch that was accepted
    long version;   // of it
    long desired;   // the last desired n that was accepted
};

static struct storm_device devices[DEVICES];
static int answers;
static int round_number;
static struct {
    int device;
    bool was_accepted;
    bool has_come;
} messages[MESSAGES_MOST];
static int message_count;

// ---- the clients

static void patch(struct storm_device *d)
{
    char topic[80];
    char body[80];
    d->asked++;
    snprintf(topic, sizeof topic, PATCH "%d", d->asked);
    snprintf(body, sizeof body, "{\"n\":%d,\"part\":{\"n\":%d}}", d->asked, d->asked);
    mosquitto_publish(d->client, NULL, topic, (int)strlen(body), body, 1, false);
}

static void on_connect(struct mosquitto *m, void *context, int code, int flags)
{
    struct storm_device *d = context;
    char filter[80];
    assert_int_equal(code, 0);
    if (round_number > 0) { // the session was kept: no SUBSCRIBE
        assert_int_equal(flags & 1, 1);
        patch(d);
        return;
    }
    snprintf(filter, sizeof filter, "devices/%s/messages/devicebound/#", d->name);
    mosquitto_subscribe(m, NULL, filter, 1);
    mosquitto_subscribe(m, NULL, "$iothub/twin/res/#", 0);
}

static void on_subscribe(struct mosquitto *m, void *context, int id, int count, const int *granted)
{
    struct storm_device *d = context;
    (void)m;
    (void)id;
    assert_int_equal(count, 1);
    assert_true(granted[0] <= 1);
    if (++d->subscribed == 2) {
        patch(d);
    }
}

static void on_message(struct mosquitto *m, void *context, const struct mosquitto_message *message)
{
    struct storm_device *d = context;
    int number = 0;
    long version = 0;
    (void)m;
    if (sscanf(message->topic, ANSWER "%d&$version=%ld", &number, &version) == 2) {
        assert_int_equal(number, d->asked);
        d->answered = number;
        d->version = version;
        answers++;
        patch(d);
    } else if (message->payloadlen > 4 && memcmp(message->payload, "c2d-", 4) == 0) {
        char text[20];
        span_copy_text(span_of(message->payload, (size_t)message->payloadlen), text, sizeof text);
        number = atoi(text + 4);
        assert_in_range(number, 0, message_count);
        messages[number].has_come = true;
    } else {
        fail_msg("%s: %.*s", message->topic, message->payloadlen, (const char *)message->payload);
    }
}

static void dial(struct storm_device *d)
{
    char sr[100];
    char password[400];
    char user[100];
    char root[120];
    struct buf sig HR_CLEANUP(buf_deinit);
    struct buf encoded HR_CLEANUP(buf_deinit);
    buf_init(&sig, 100);
    buf_init(&encoded, 300);
    snprintf(sr, sizeof sr, "localhost%%2Fdevices%%2F%s", d->name);
    assert_int_equal(sas_sign(KEY, span_text(sr), SPAN_LITERAL("4000000000"), &sig), 0);
    assert_int_equal(percent_encode(buf_span(&sig), &encoded), 0);
    snprintf(password, sizeof password, "SharedAccessSignature sr=%s&sig=%s&se=4000000000", sr,
             buf_text(&encoded));
    snprintf(user, sizeof user, "localhost/%s/?api-version=2021-04-12", d->name);
    snprintf(root, sizeof root, "%s/hub-files/root.pem", shell_folder);
    d->client = mosquitto_new(d->name, false, d);
    assert_non_null(d->client);
    mosquitto_connect_with_flags_callback_set(d->client, on_connect);
    mosquitto_subscribe_callback_set(d->client, on_subscribe);
    mosquitto_message_callback_set(d->client, on_message);
    mosquitto_username_pw_set(d->client, user, password);
    assert_int_equal(mosquitto_tls_set(d->client, root, NULL, NULL, NULL, NULL), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_connect(d->client, "localhost", served_port(), 60),
                     MOSQ_ERR_SUCCESS);
}

static void loop_once(void)
{
    for (int i = 0; i < DEVICES; i++) {
        assert_int_equal(mosquitto_loop(devices[i].client, i == 0 ? 2 : 0, 1), MOSQ_ERR_SUCCESS);
    }
    child_collect();
}

// ---- the service

static bool ctl(const char *format, ...) HR_PRINTF(1, 2);

static bool ctl(const char *format, ...)
{
    char words[400];
    struct shell_result r;
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    shell_run(&r, "hubrig ctl %s", words);
    bool is_done = r.code == 0;
    shell_release(&r);
    return is_done;
}

static void serve_somebody(unsigned *seed)
{
    struct storm_device *d = &devices[rand_r(seed) % DEVICES];
    if (ctl("twin-desired %s '{\"n\":%ld,\"part\":{\"n\":%ld}}'", d->name, d->desired + 1,
            d->desired + 1)) {
        d->desired++;
    }
    if (message_count < MESSAGES_MOST) {
        int number = message_count++;
        messages[number].device = (int)(d - devices);
        messages[number].was_accepted = ctl("c2d %s c2d-%d", d->name, number);
    }
}

// ---- afterwards

static json_int_t number_at(const json_t *section, const char *name)
{
    return json_integer_value(json_object_get(section, name));
}

// Whole, and not older than what was accepted. The next patch begins behind it.
static void check_section(const struct storm_device *d, const char *name, const json_t *section,
                          long accepted)
{
    json_int_t n = number_at(section, "n");
    json_int_t part = number_at(json_object_get(section, "part"), "n");
    json_int_t version = number_at(section, "$version");
    if (n < accepted || n != part || version != n + 1) {
        fail_msg("%s, %s: n %lld, part %lld, version %lld; accepted was n %ld", d->name, name,
                 (long long)n, (long long)part, (long long)version, accepted);
    }
}

static void check_device(struct storm_device *d)
{
    struct shell_result r;
    shell_run(&r, "hubrig ctl --json twin %s", d->name);
    json_t *twin = json_loads(buf_text(&r.out), 0, NULL);
    if (!twin) {
        fail_msg("%s: %s", d->name, buf_text(&r.out));
    }
    const json_t *properties = json_object_get(twin, "properties");
    const json_t *reported = json_object_get(properties, "reported");
    check_section(d, "reported", reported, d->answered);
    check_section(d, "desired", json_object_get(properties, "desired"), d->desired);
    d->asked = (int)number_at(reported, "n");
    d->desired = (long)number_at(json_object_get(properties, "desired"), "n");
    json_decref(twin);
    shell_release(&r);
}

static bool has_come_all(void)
{
    for (int i = 0; i < message_count; i++) {
        if (messages[i].was_accepted && !messages[i].has_come) {
            return false;
        }
    }
    return true;
}

static void hang_up(void)
{
    for (int i = 0; i < DEVICES; i++) {
        mosquitto_destroy(devices[i].client);
        devices[i].client = NULL;
    }
}

static void storm(unsigned *seed)
{
    int until = answers + KILL_AFTER_LEAST + rand_r(seed) % (KILL_AFTER_MOST - KILL_AFTER_LEAST);
    int service_at = answers + SERVICE_EVERY;
    unsigned long long give_up_ms = monotonic_ms() + PATIENCE_MS;
    while (answers < until) {
        loop_once();
        assert_true(monotonic_ms() < give_up_ms);
        if (answers >= service_at) {
            service_at = answers + SERVICE_EVERY;
            serve_somebody(seed);
        }
    }
}

static void what_was_accepted_in_a_storm_survives_kill_9(void **state)
{
    const char *said = getenv("STORM_SEED");
    unsigned seed = said ? (unsigned)atoi(said) : (unsigned)monotonic_ms();
    struct buf file HR_CLEANUP(buf_deinit);
    (void)state;
    print_message("STORM_SEED=%u\n", seed);
    buf_init(&file, 10000);
    assert_int_equal(buf_append_text(&file, "hub localhost\n"), 0);
    for (int i = 0; i < DEVICES; i++) {
        snprintf(devices[i].name, sizeof devices[i].name, "storm-%d", i);
        assert_int_equal(buf_printf(&file, "device storm-%d key " KEY "\n", i), 0);
    }
    shell_write("storm.hub", buf_text(&file));
    for (round_number = 0; round_number < ROUNDS; round_number++) {
        served_start(OPTIONS);
        for (int i = 0; i < DEVICES; i++) {
            if (round_number > 0) {
                check_device(&devices[i]);
            }
            dial(&devices[i]);
        }
        storm(&seed);
        served_kill();
        hang_up();
    }
    served_start(OPTIONS);
    unsigned long long give_up_ms = monotonic_ms() + PATIENCE_MS;
    for (int i = 0; i < DEVICES; i++) {
        check_device(&devices[i]);
        dial(&devices[i]);
    }
    while (!has_come_all()) {
        loop_once();
        assert_true(monotonic_ms() < give_up_ms);
    }
    assert_true(message_count > ROUNDS);
    hang_up();
}

static int set_up(void **state)
{
    mosquitto_lib_init();
    return shell_set_up(state);
}

static int tear_down(void **state)
{
    mosquitto_lib_cleanup();
    return shell_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_was_accepted_in_a_storm_survives_kill_9, served_stop),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
