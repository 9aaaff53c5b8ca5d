// SPDX-License-Identifier: MIT
#include "base/error.h"
#include "base/fs.h"
#include "base/test.h"
#include "harness/runner/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/hubrig-sandbox-test-XXXXXX";

// Each check runs in a child, because entering cannot be undone; its exit code is the answer.
static int in_child(int (*check)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        static const char *const names[] = {"testhub.azure-devices.net"};
        struct sandbox_settings s = {.address = SANDBOX_ADDRESS, .names = names, .name_count = 1, .folder = folder};
        int code = sandbox_enter(&s);
        if (code < 0) {
            fprintf(stderr, "%s\n", error_text(code));
        }
        _exit(code < 0 ? 100 : check());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int resolves_the_hub(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo("testhub.azure-devices.net", "8883", &hints, &found) != 0) {
        return 1;
    }
    char text[64];
    inet_ntop(AF_INET, &((struct sockaddr_in *)found->ai_addr)->sin_addr, text, sizeof text);
    freeaddrinfo(found);
    return strcmp(text, SANDBOX_ADDRESS) == 0 ? 0 : 2;
}

static int binds_low_ports(void)
{
    static const int ports[] = {53, 123, 443, 5671, 8883};
    for (size_t i = 0; i < HR_COUNT_OF(ports); i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)ports[i])};
        inet_pton(AF_INET, SANDBOX_ADDRESS, &at.sin_addr);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
            return 1;
        }
    }
    return 0;
}

static int binds_every_address(void)
{
    static const char *const addresses[] = {SANDBOX_DPS_ADDRESS, SANDBOX_DPS_SECOND_ADDRESS,
                                            SANDBOX_SECOND_ADDRESS, SANDBOX_SERVICES_ADDRESS,
                                            SANDBOX_STRANGER_ADDRESS};
    for (size_t i = 0; i < HR_COUNT_OF(addresses); i++) {
        struct sockaddr_in at = {.sin_family = AF_INET};
        inet_pton(AF_INET, addresses[i], &at.sin_addr);
        if (bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at) != 0) {
            return 1;
        }
    }
    return 0;
}

// Nobody listens there, so the stranger says so at once.
static int is_refused_by_the_stranger(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8883)};
    inet_pton(AF_INET, SANDBOX_STRANGER_ADDRESS, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno == ECONNREFUSED ? 0 : 1;
}

// The hub's name comes from /etc/hosts here, any other from the name server.
static int asks_the_name_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct addrinfo *found = NULL;
    struct timeval soon = {.tv_sec = 5};
    char query[512];
    inet_pton(AF_INET, SANDBOX_SERVICES_ADDRESS, &at.sin_addr);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) != 0) {
        return 1;
    }
    if (getaddrinfo("elsewhere.azure-devices.net", "8883", NULL, &found) == 0) {
        return 2;
    }
    return recv(fd, query, sizeof query, 0) > 12 ? 0 : 3;
}

static int reaches_nobody_else(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80)};
    inet_pton(AF_INET, "198.51.100.7", &at.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (struct sockaddr *)&at, sizeof at) != 0 && errno == ENETUNREACH ? 0 : 1;
}

static void the_hub_name_resolves_to_the_private_address(void **state)
{
    (void)state;
    assert_int_equal(in_child(resolves_the_hub), 0);
}

static void the_real_ports_can_be_bound_without_root(void **state)
{
    (void)state;
    assert_int_equal(in_child(binds_low_ports), 0);
}

static void the_addresses_of_all_services_are_there(void **state)
{
    (void)state;
    assert_int_equal(in_child(binds_every_address), 0);
}

static void the_stranger_refuses(void **state)
{
    (void)state;
    assert_int_equal(in_child(is_refused_by_the_stranger), 0);
}

static void names_are_asked_of_the_name_server(void **state)
{
    (void)state;
    assert_int_equal(in_child(asks_the_name_server), 0);
}

static void nothing_can_leave_the_machine(void **state)
{
    (void)state;
    assert_int_equal(in_child(reaches_nobody_else), 0);
}

static void the_machine_outside_keeps_its_names(void **state)
{
    (void)state;
    struct buf before HR_CLEANUP(buf_deinit);
    struct buf after HR_CLEANUP(buf_deinit);
    buf_init(&before, 1 << 20);
    buf_init(&after, 1 << 20);
    assert_int_equal(fs_read_file("/etc/hosts", &before), 0);
    assert_int_equal(in_child(resolves_the_hub), 0);
    assert_int_equal(fs_read_file("/etc/hosts", &after), 0);
    assert_string_equal(buf_text(&before), buf_text(&after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hub_name_resolves_to_the_private_address),
        cmocka_unit_test(the_real_ports_can_be_bound_without_root),
        cmocka_unit_test(the_addresses_of_all_services_are_there),
        cmocka_unit_test(the_stranger_refuses),
        cmocka_unit_test(names_are_asked_of_the_name_server),
        cmocka_unit_test(nothing_can_leave_the_machine),
        cmocka_unit_test(the_machine_outside_keeps_its_names),
    };
    if (sandbox_probe() < 0) {
        puts("skipped: this machine allows no private network");
        return 77;
    }
    if (!mkdtemp(folder)) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? failed : 1;
}
