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
