// SPDX-License-Identifier: MIT
// The C API without a client: what a client sees is the work of fixtures/embedding.
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "simulator/include/hubrig/hubrig.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hubrig *hub;

static int set_up(void **state)
{
    (void)state;
    return hubrig_start(NULL, &hub);
}

static int tear_down(void **state)
{
    (void)state;
    hubrig_stop(hub);
    return 0;
}

static int dial(const struct hubrig *at)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)hubrig_port(at))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_device_has_a_connection_string_and_a_token(void **state)
{
    (void)state;
    assert_return_code(hubrig_add_device(hub, "d", NULL), 0);
    assert_return_code(hubrig_add_device(hub, "d/m", NULL), 0);
    assert_non_null(strstr(hubrig_connection_string(hub, "d"), "DeviceId=d;SharedAccessKey="));
    assert_non_null(strstr(hubrig_connection_string(hub, "d/m"), "DeviceId=d;ModuleId=m;Shared"));
    assert_non_null(
        strstr(hubrig_sas_token(hub, "d/m", 60), "sr=localhost%2Fdevices%2Fd%2Fmodules%2Fm"));
}

static void mistakes_say_what_is_wrong(void **state)
{
    (void)state;
    assert_return_code(hubrig_add_device(hub, "press-4", NULL), 0);
    assert_true(hubrig_add_device(hub, "press-4", NULL) < 0);
    assert_non_null(strstr(hubrig_error(), "exists already"));
    assert_true(hubrig_disable(hub, "pres-4") < 0);
    assert_non_null(strstr(hubrig_error(), "did you mean press-4?"));
    assert_true(hubrig_add_fault(hub, "refuse 9") < 0);
    assert_non_null(strstr(hubrig_error(), "from 1 to 5 for CODE"));
    assert_true(hubrig_set_chain(hub, "azure/nothing") < 0);
    assert_true(hubrig_set_clock(hub, "tomorrow") < 0);
    assert_true(hubrig_drop(hub, "softly", NULL) < 0);
    assert_null(hubrig_connection_string(hub, "nobody"));
    assert_true(hubrig_wait(hub, "mqtt.conected", NULL, 1) < 0);
    assert_non_null(strstr(hubrig_error(), "did you mean mqtt.connected?"));
}

static void a_wait_finds_events_in_order_and_once(void **state)
{
    (void)state;
    assert_return_code(hubrig_add_fault(hub, "refuse 5"), 0);
    assert_return_code(hubrig_clear_faults(hub), 0);
    assert_return_code(hubrig_wait(hub, "fault.armed", NULL, 1000), 0);
    assert_non_null(strstr(hubrig_event(hub), "\"fault\":\"refuse 5\""));
    assert_return_code(hubrig_wait(hub, "fault.cleared", NULL, 1000), 0);
    assert_int_equal(hubrig_wait(hub, "fault.armed", NULL, 1), ERR_TIMEOUT);
    assert_non_null(strstr(hubrig_error(), "expected fault.armed within 1 ms"));
    assert_int_equal(hubrig_count(hub, "fault.armed"), 1);
}

static void a_timeout_says_what_came_instead(void **state)
{
    (void)state;
    int fd = dial(hub);
    assert_return_code(hubrig_wait(hub, "tcp.accepted", NULL, 5000), 0);
    close(fd);
    assert_int_equal(hubrig_wait(hub, "mqtt.connected", "d", 200), ERR_TIMEOUT);
    assert_non_null(strstr(hubrig_error(), "mqtt.connected of d"));
}

static void a_live_connection_is_dropped(void **state)
{
    (void)state;
    char byte;
    int fd = dial(hub);
    assert_return_code(hubrig_wait(hub, "tcp.accepted", NULL, 5000), 0);
    assert_int_equal(hubrig_drop(hub, "rst", NULL), 1);
    assert_int_equal(read(fd, &byte, 1), -1); // ECONNRESET
    close(fd);
}

static void a_message_goes_to_a_device_or_to_the_input_of_a_module(void **state)
{
    (void)state;
    assert_return_code(hubrig_add_device(hub, "d", NULL), 0);
    assert_return_code(hubrig_add_device(hub, "d/m", NULL), 0);
    assert_return_code(hubrig_send_message(hub, "d", "warm \"up\"", NULL), 0);
    assert_return_code(hubrig_wait(hub, "c2d.queued", "d", 5000), 0);
    assert_non_null(strstr(hubrig_event(hub), "\"body\":\"warm \\\"up\\\"\""));
    assert_return_code(hubrig_send_message(hub, "d/m", "warm", "in-1"), 0);
    assert_return_code(hubrig_wait(hub, "c2d.queued", "d/m", 5000), 0);
    assert_non_null(strstr(hubrig_event(hub), "\"input\":\"in-1\""));
    assert_true(hubrig_send_message(hub, "d", "warm", "in-1") < 0);
    assert_non_null(strstr(hubrig_error(), "only a module has inputs"));
    assert_true(hubrig_send_message(hub, "d", "\xff", NULL) < 0);
    assert_true(hubrig_send_message(hub, "d/m", "warm", "\xff") < 0);
    assert_int_equal(hubrig_count(hub, "c2d.queued"), 2);
}

static void the_journal_is_json(void **state)
{
    (void)state;
    assert_return_code(hubrig_set_clock(hub, "+2h"), 0);
    json_t *all = json_loads(hubrig_journal(hub), 0, NULL);
    assert_true(json_is_array(all));
    assert_int_equal(json_array_size(all), hubrig_count(hub, "hub.chain") +
                                               hubrig_count(hub, "hub.control") +
                                               hubrig_count(hub, "hub.clock"));
    json_decref(all);
}

static void any_verb_can_be_asked_and_watching_is_refused(void **state)
{
    (void)state;
    assert_return_code(hubrig_add_device(hub, "d", NULL), 0);
    assert_non_null(strstr(hubrig_ask(hub, "{\"verb\":\"devices\"}"), "\"id\":\"d\""));
    assert_non_null(strstr(hubrig_ask(hub, "{\"verb\":\"watch\"}"), "needs the control socket"));
    assert_non_null(strstr(hubrig_ask(hub, "nonsense"), "\"ok\":false"));
}

static void two_hubs_live_side_by_side(void **state)
{
    (void)state;
    struct hubrig *other;
    const struct hubrig_options options = {.host = "other.example", .chain = "bad/expired-leaf"};
    assert_return_code(hubrig_start(&options, &other), 0);
    assert_int_not_equal(hubrig_port(hub), hubrig_port(other));
    assert_return_code(hubrig_add_device(other, "d", NULL), 0);
    assert_non_null(strstr(hubrig_connection_string(other, "d"), "HostName=other.example:"));
    assert_null(hubrig_connection_string(hub, "d"));
    hubrig_stop(other);
}

static void files_of_a_hub_go_with_it(void **state)
{
    (void)state;
    struct hubrig *other;
    char root[400];
    const char *cert;
    const char *key;
    assert_return_code(hubrig_start(NULL, &other), 0);
    assert_return_code(hubrig_add_x509_device(other, "x", &cert, &key), 0);
    assert_true(fs_exists(cert) && fs_exists(key));
    strcpy(root, hubrig_root_path(other));
    assert_true(fs_exists(root));
    hubrig_stop(other);
    assert_false(fs_exists(root));
}

static void a_hub_that_cannot_start_says_why(void **state)
{
    (void)state;
    struct hubrig *other = hub;
    const struct hubrig_options taken = {.port = hubrig_port(hub)};
    const struct hubrig_options no_chain = {.chain = "bad/nothing"};
    const struct hubrig_options no_file = {.hub_file = "/nonexistent.hub"};
    assert_int_equal(hubrig_start(&taken, &other), ERR_IN_USE);
    assert_null(other);
    assert_int_equal(hubrig_start(&no_chain, &other), ERR_UNKNOWN_NAME);
    assert_int_equal(hubrig_start(&no_file, &other), ERR_NO_FILE);
    assert_non_null(strstr(hubrig_error(), "/nonexistent.hub"));
}

int main(void)
{
#define WITH_HUB(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_HUB(a_device_has_a_connection_string_and_a_token),
        WITH_HUB(mistakes_say_what_is_wrong),
        WITH_HUB(a_wait_finds_events_in_order_and_once),
        WITH_HUB(a_timeout_says_what_came_instead),
        WITH_HUB(a_live_connection_is_dropped),
        WITH_HUB(a_message_goes_to_a_device_or_to_the_input_of_a_module),
        WITH_HUB(the_journal_is_json),
        WITH_HUB(any_verb_can_be_asked_and_watching_is_refused),
        WITH_HUB(two_hubs_live_side_by_side),
        WITH_HUB(files_of_a_hub_go_with_it),
        WITH_HUB(a_hub_that_cannot_start_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
