// SPDX-License-Identifier: MIT
// For tests that let the n-th allocation fail, for every n. One test program includes it once and is
// linked with --wrap for malloc, calloc and realloc.
//
//     long n = 0;
//     do {
//         memory_has_failed = false;
//         memory_left = n++;
//         live(); // asserts what holds when nothing has failed
//     } while (memory_has_failed);
#pragma once
#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long memory_left = -1; // allocations that still succeed; -1 = all
static bool memory_has_failed;

static bool memory_fails(void)
{
    if (memory_left < 0) {
        return false;
    }
    if (memory_left > 0) {
        memory_left--;
        return false;
    }
    memory_left = -1; // only this one
    memory_has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return memory_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return memory_fails() ? NULL : __real_realloc(old, size);
}
