// SPDX-License-Identifier: MIT
#include "harness/device/memory.h"

#include <inttypes.h>
#include <stdio.h>

enum { GENERATIONS_MOST = 8 };

static uint64_t own_kb(pid_t pid)
{
    char path[64];
    char line[256];
    uint64_t kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status) && sscanf(line, "RssAnon: %" SCNu64, &kb) != 1) {
    }
    if (status) {
        fclose(status);
    }
    return kb;
}

static uint64_t sum_kb(pid_t pid, int generation)
{
    char path[64];
    int child = 0;
    uint64_t kb = own_kb(pid);
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *children = generation < GENERATIONS_MOST ? fopen(path, "re") : NULL;
    while (children && fscanf(children, "%d", &child) == 1) {
        kb += sum_kb(child, generation + 1);
    }
    if (children) {
        fclose(children);
    }
    return kb;
}

uint64_t memory_of_kb(pid_t pid)
{
    return sum_kb(pid, 0);
}
