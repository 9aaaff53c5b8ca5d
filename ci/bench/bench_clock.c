// SPDX-License-Identifier: MIT
// How late the machine itself is: sleeps COUNT times for DELAY_MS and prints by how much it woke up
// too late. What a server's timers are late beyond that is the server's own.
//
//     bench_clock COUNT DELAY_MS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? atoi(argv[1]) : 0;
    long delay_ms = argc == 3 ? atol(argv[2]) : 0;
    if (count < 1 || delay_ms < 1 || delay_ms > 999) {
        fprintf(stderr, "usage: %s COUNT DELAY_MS\n", argv[0]);
        return 2;
    }
    int64_t *late_us = calloc((size_t)count, sizeof *late_us);
    if (!late_us) {
        return 3;
    }
    for (int i = 0; i < count; i++) {
        const struct timespec delay = {.tv_nsec = delay_ms * 1000000};
        int64_t due_us = now_us() + delay_ms * 1000;
        nanosleep(&delay, NULL);
        late_us[i] = now_us() - due_us;
    }
    qsort(late_us, (size_t)count, sizeof *late_us, compare);
    printf("p50_us=%ld p99_us=%ld most_us=%ld\n", (long)late_us[count / 2],
           (long)late_us[count * 99 / 100], (long)late_us[count - 1]);
    free(late_us);
    return 0;
}
