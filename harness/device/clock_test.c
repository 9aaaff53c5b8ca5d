// SPDX-License-Identifier: MIT
// The false clock from inside: this program starts itself as the device, once per way to read a
// clock or to wait, and the device says what it saw.
#include "base/test.h"
#include "harness/device/clock.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RATE     20
#define WAIT_S   4 // of the device
#define NS_PER_S INT64_C(1000000000)

static char path[64];

// ---- the device

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static struct timespec later(clockid_t id)
{
    struct timespec at;
    clock_gettime(id, &at);
    at.tv_sec += WAIT_S;
    return at;
}

static const struct timespec span_of_wait = {WAIT_S, 0};

static void by_sleep(void) { sleep(WAIT_S); }
static void by_usleep(void) { usleep(WAIT_S * 1000000); }
static void by_nanosleep(void) { nanosleep(&span_of_wait, NULL); }
static void by_poll(void) { poll(NULL, 0, WAIT_S * 1000); }
static void by_ppoll(void) { ppoll(NULL, 0, &span_of_wait, NULL); }
static void by_pselect(void) { pselect(0, NULL, NULL, NULL, &span_of_wait, NULL); }

static void by_sleep_until(clockid_t id)
{
    struct timespec at = later(id);
    clock_nanosleep(id, TIMER_ABSTIME, &at, NULL);
}

static void by_sleep_until_mono(void) { by_sleep_until(CLOCK_MONOTONIC); }
static void by_sleep_until_wall(void) { by_sleep_until(CLOCK_REALTIME); }

static void by_select(void)
{
    struct timeval wait = {WAIT_S, 0};
    select(0, NULL, NULL, NULL, &wait);
}

static void by_epoll(void)
{
    struct epoll_event event;
    epoll_wait(epoll_create1(0), &event, 1, WAIT_S * 1000);
}

static void by_condition(clockid_t id)
{
    pthread_condattr_t attributes;
    pthread_cond_t condition;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec at = later(id);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, id);
    pthread_cond_init(&condition, &attributes);
    pthread_mutex_lock(&mutex);
    while (pthread_cond_timedwait(&condition, &mutex, &at) == 0) {
    }
}

static void by_condition_mono(void) { by_condition(CLOCK_MONOTONIC); }
static void by_condition_wall(void) { by_condition(CLOCK_REALTIME); }

static void by_condition_clockwait(void)
{
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec at = later(CLOCK_MONOTONIC);
    pthread_mutex_lock(&mutex);
    while (pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &at) == 0) {
    }
}

static void by_mutex(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct timespec at = later(CLOCK_REALTIME);
    pthread_mutex_lock(&mutex);
    pthread_mutex_timedlock(&mutex, &at);
}

static void by_semaphore(void)
{
    sem_t semaphore;
    struct timespec at = later(CLOCK_REALTIME);
    sem_init(&semaphore, 0, 0);
    sem_timedwait(&semaphore, &at);
}

static void by_futex(void)
{
    uint32_t word = 0;
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, &span_of_wait, NULL, 0);
}

static void by_timer_descriptor(void)
{
    uint64_t turns = 0;
    struct itimerspec timer = {.it_value = span_of_wait};
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(fd, 0, &timer, NULL);
    ssize_t n = read(fd, &turns, sizeof turns);
    (void)n;
}

static void on_alarm(int number) { (void)number; }

static void by_alarm(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &action, NULL);
    alarm(WAIT_S);
    pause();
}

static void by_socket_limit(void)
{
    int ends[2];
    char byte;
    struct timeval limit = {WAIT_S, 0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) {
        setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ssize_t n = recv(ends[0], &byte, 1, 0);
        (void)n;
    }
}

static const struct way {
    const char *name;
    void (*wait)(void);
} ways[] = {
    {"sleep", by_sleep},
    {"usleep", by_usleep},
    {"nanosleep", by_nanosleep},
    {"clock_nanosleep until, monotonic", by_sleep_until_mono},
    {"clock_nanosleep until, wall", by_sleep_until_wall},
    {"poll", by_poll},
    {"ppoll", by_ppoll},
    {"select", by_select},
    {"pselect", by_pselect},
    {"epoll_wait", by_epoll},
    {"pthread_cond_timedwait, monotonic", by_condition_mono},
    {"pthread_cond_timedwait, wall", by_condition_wall},
    {"pthread_cond_clockwait", by_condition_clockwait},
    {"pthread_mutex_timedlock", by_mutex},
    {"sem_timedwait", by_semaphore},
    {"futex", by_futex},
    {"timerfd", by_timer_descriptor},
    {"alarm", by_alarm},
    {"SO_RCVTIMEO", by_socket_limit},
};

// "WALL MONO": seconds, then nanoseconds. With "wait N": how long way N took, in ns of its own.
static int be_the_device(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "wait") == 0) {
        int64_t began_ns = clock_ns(CLOCK_MONOTONIC);
        ways[atoi(argv[2])].wait();
        printf("%lld\n", (long long)(clock_ns(CLOCK_MONOTONIC) - began_ns));
        return 0;
    }
    int lines = atoi(argv[2]); // one now, one more for each line that it is told
    for (int i = 0; i < lines; i++) {
        struct timeval day;
        struct timespec utc;
        gettimeofday(&day, NULL);
        timespec_get(&utc, TIME_UTC);
        printf("%lld %lld %lld %lld\n", (long long)time(NULL), (long long)day.tv_sec,
               (long long)utc.tv_sec, (long long)clock_ns(CLOCK_MONOTONIC));
        fflush(stdout);
        if (i + 1 < lines && getchar() == EOF) {
            return 1;
        }
    }
    return 0;
}

// ---- the rig

struct seen {
    long long wall_s, mono_ns;
};

struct child {
    pid_t pid;
    FILE *out, *in;
};

static void start(struct child *c, char *const words[])
{
    int out[2], in[2];
    char scratch[512];
    const char *entry = NULL;
    assert_int_equal(pipe(out) | pipe(in), 0);
    c->pid = fork();
    if (c->pid == 0) {
        dup2(out[1], 1);
        dup2(in[0], 0);
        for (size_t i = 0; (entry = clock_environment(i, path, scratch, sizeof scratch)); i++) {
            putenv(strdup(entry));
        }
        execv("/proc/self/exe", words);
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    c->out = fdopen(out[0], "r");
    c->in = fdopen(in[1], "w");
}

static void end(struct child *c)
{
    int status = 0;
    fclose(c->in);
    fclose(c->out);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_int_equal(status, 0);
}

static struct seen look(struct child *c)
{
    struct seen s;
    long long day = 0, utc = 0;
    assert_int_equal(fscanf(c->out, "%lld %lld %lld %lld", &s.wall_s, &day, &utc, &s.mono_ns), 4);
    assert_in_range(day - s.wall_s + RATE, RATE, 3 * RATE); // asked one after the other
    assert_in_range(utc - day + RATE, RATE, 3 * RATE);
    return s;
}

static void go_on(struct child *c)
{
    fputc('\n', c->in);
    fflush(c->in);
}

static int64_t machine_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static void the_wall_clock_is_set_and_the_monotonic_one_stays(void **state)
{
    (void)state;
    char *words[] = {"clock_test", "look", "3", NULL};
    struct env env = env_system();
    struct child c;
    long long now = (long long)time(NULL);
    assert_int_equal(clock_write(path, &env, -(now - 10) * 1000000), 0);
    start(&c, words);
    struct seen in_1970 = look(&c);
    assert_in_range(in_1970.wall_s, 5, 70);
    assert_int_equal(clock_write(path, &env, INT64_C(-7200) * 1000000), 0);
    go_on(&c);
    struct seen late = look(&c);
    assert_in_range(late.wall_s, now - 7200 - 5, now - 7200 + 60);
    assert_int_equal(clock_write(path, &env, INT64_C(400000000) * 1000000), 0);
    go_on(&c);
    struct seen ahead = look(&c);
    assert_in_range(ahead.wall_s, now + 400000000 - 5, now + 400000000 + 60);
    assert_true(in_1970.mono_ns <= late.mono_ns && late.mono_ns <= ahead.mono_ns);
    assert_in_range(ahead.mono_ns, machine_ns() - 60 * NS_PER_S, machine_ns());
    end(&c);
}

static void both_clocks_run_at_the_pace_of_the_run(void **state)
{
    (void)state;
    char *words[] = {"clock_test", "look", "2", NULL};
    struct env machine = env_system();
    struct paced_world paced;
    struct env env = env_paced(&paced, &machine, RATE * RATE_REAL_PPM);
    struct child c;
    assert_int_equal(clock_write(path, &machine, 0), 0); // what an earlier run left behind
    assert_int_equal(clock_write(path, &env, INT64_C(-3600) * 1000000), 0);
    start(&c, words);
    struct seen first = look(&c);
    uint64_t told_us = env.mono_us(env.world);
    assert_in_range(first.mono_ns / 1000, told_us - 60 * RATE * UINT64_C(1000000), told_us); // one clock
    while (env.mono_us(env.world) < told_us + 10 * 1000000) {
        poll(NULL, 0, 1);
    }
    go_on(&c);
    struct seen second = look(&c);
    assert_in_range(second.mono_ns - first.mono_ns, 10 * NS_PER_S, 600 * NS_PER_S);
    int64_t drift_s = (second.wall_s - first.wall_s) - (second.mono_ns - first.mono_ns) / NS_PER_S;
    assert_in_range(drift_s + RATE, RATE - 1, 3 * RATE); // read one after the other
    assert_in_range(env.utc_us(env.world) / 1000000 - second.wall_s, 3600, 3600 + 60 * RATE);
    end(&c);
}

static void every_wait_takes_the_device_s_time(void **state)
{
    (void)state;
    struct env machine = env_system();
    struct paced_world paced;
    struct env env = env_paced(&paced, &machine, RATE * RATE_REAL_PPM);
    assert_int_equal(clock_write(path, &env, INT64_C(-1000000000) * 1000000), 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char number[16];
        snprintf(number, sizeof number, "%zu", i);
        char *words[] = {"clock_test", "wait", number, NULL};
        struct child c;
        long long took_ns = 0;
        int64_t began_ns = machine_ns();
        start(&c, words);
        assert_int_equal(fscanf(c.out, "%lld", &took_ns), 1);
        int64_t real_ns = machine_ns() - began_ns;
        end(&c);
        if (took_ns < WAIT_S * NS_PER_S || real_ns < took_ns / RATE || real_ns > 3 * NS_PER_S) {
            fail_msg("%s: %d s of the device took %.3f s of it and %.3f s of the machine",
                     ways[i].name, WAIT_S, (double)took_ns / 1e9, (double)real_ns / 1e9);
        }
    }
}

static int remove_page(void **state)
{
    (void)state;
    return unlink(path); // each test has a page of its own
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_wall_clock_is_set_and_the_monotonic_one_stays, remove_page),
        cmocka_unit_test_teardown(both_clocks_run_at_the_pace_of_the_run, remove_page),
        cmocka_unit_test_teardown(every_wait_takes_the_device_s_time, remove_page),
    };
    if (argc > 1) {
        return be_the_device(argc, argv);
    }
    unsetenv("LD_PRELOAD");
    snprintf(path, sizeof path, "/tmp/hubrig-clock-test-%d", (int)getpid());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
