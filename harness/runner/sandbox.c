// SPDX-License-Identifier: MIT
#include "harness/runner/sandbox.h"
#include "base/error.h"
#include "base/fs.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

static int write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : -1; // old kernels have no setgroups file
    }
    size_t len = strlen(text);
    bool is_written = write(fd, text, len) == (ssize_t)len;
    close(fd);
    return is_written ? 0 : -1;
}

static int enter_namespaces(void)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) {
        FAIL(ERR_NAMESPACE, "this machine allows no private network: %s", strerror(errno));
    }
    char map[64];
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    bool is_mapped = write_proc("/proc/self/setgroups", "deny") == 0 &&
                     write_proc("/proc/self/uid_map", map) == 0;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    if (!is_mapped || write_proc("/proc/self/gid_map", map) != 0) {
        FAIL(ERR_IO, "cannot map the user into its namespace: %s", strerror(errno));
    }
    return 0;
}

static int set_interface(int fd, const char *name, const char *address)
{
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (address) {
        struct sockaddr_in at = {.sin_family = AF_INET};
        inet_pton(AF_INET, address, &at.sin_addr);
        memcpy(&request.ifr_addr, &at, sizeof at);
        if (ioctl(fd, SIOCSIFADDR, &request) != 0) {
            return -1;
        }
    }
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return -1;
    }
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
    return ioctl(fd, SIOCSIFFLAGS, &request);
}

// As <linux/ipv6.h> has it, which cannot stand beside <netinet/in.h>.
struct ipv6_request {
    struct in6_addr address;
    uint32_t prefix_bits;
    int interface;
};

// Without it only one behaviour of the name server is missing.
static void add_dead_ipv6(void)
{
    struct ipv6_request request = {.prefix_bits = 128, .interface = (int)if_nametoindex("lo")};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        inet_pton(AF_INET6, SANDBOX_DEAD_IPV6, &request.address);
        ioctl(fd, SIOCSIFADDR, &request);
        close(fd);
    }
}

bool sandbox_has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET6, SANDBOX_DEAD_IPV6, &at.sin6_addr);
    bool is_there = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_there;
}

static int raise_network(const char *address)
{
    const struct {
        const char *interface, *address;
    } rows[] = {
        {"lo", NULL},
        {"lo:hub", address},
        {"lo:dps", SANDBOX_DPS_ADDRESS},
        {"lo:second", SANDBOX_SECOND_ADDRESS},
        {"lo:dps2", SANDBOX_DPS_SECOND_ADDRESS},
        {"lo:services", SANDBOX_SERVICES_ADDRESS},
        {"lo:stranger", SANDBOX_STRANGER_ADDRESS},
    };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_up = fd >= 0;
    for (size_t i = 0; is_up && i < HR_COUNT_OF(rows); i++) {
        is_up = set_interface(fd, rows[i].interface, rows[i].address) == 0;
    }
    int errnum = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!is_up) {
        FAIL(ERR_IO, "cannot raise the private network: %s", strerror(errnum));
    }
    add_dead_ipv6();
    return 0;
}

// Bind `content` over a system file. A machine without that file keeps being without it.
static int cover_file(const char *folder, const char *name, const char *target, struct span content)
{
    char path[PATH_MAX];
    char real[PATH_MAX];
    TRY(fs_join(path, sizeof path, folder, name));
    TRY(fs_write_file(path, content, 0644));
    if (!realpath(target, real)) {
        return 0;
    }
    if (mount(path, real, NULL, MS_BIND, NULL) != 0) {
        FAIL(ERR_IO, "cannot put %s over %s: %s", path, target, strerror(errno));
    }
    return 0;
}

static int cover_names(const struct sandbox_settings *settings)
{
    struct buf hosts HR_CLEANUP(buf_deinit);
    buf_init(&hosts, 64 * 1024);
    TRY(buf_append_text(&hosts, "127.0.0.1 localhost\n"));
    for (size_t i = 0; i < settings->name_count; i++) {
        TRY(buf_printf(&hosts, "%s %s\n", settings->address, settings->names[i]));
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        FAIL(ERR_IO, "cannot make the mounts private: %s", strerror(errno));
    }
    TRY(cover_file(settings->folder, "hosts", "/etc/hosts", buf_span(&hosts)));
    TRY(cover_file(settings->folder, "nsswitch.conf", "/etc/nsswitch.conf",
                   SPAN_LITERAL("passwd: files\ngroup: files\nhosts: files dns\n")));
    return cover_file(settings->folder, "resolv.conf", "/etc/resolv.conf",
                      SPAN_LITERAL("nameserver " SANDBOX_SERVICES_ADDRESS
                                   "\noptions timeout:1 attempts:1\n"));
}

int sandbox_enter(const struct sandbox_settings *settings)
{
    TRY(enter_namespaces());
    TRY(raise_network(settings->address));
    return cover_names(settings);
}

int sandbox_probe(void)
{
    pid_t child = fork();
    if (child < 0) {
        FAIL(ERR_IO, "cannot fork: %s", strerror(errno));
    }
    if (child == 0) {
        bool is_fine = enter_namespaces() == 0 && raise_network(SANDBOX_ADDRESS) == 0 &&
                       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
        _exit(is_fine ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        FAIL(ERR_NAMESPACE, "this machine allows no private network for an ordinary user");
    }
    return 0;
}
