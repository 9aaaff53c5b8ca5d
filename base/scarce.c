// SPDX-License-Identifier: MIT
#include "base/scarce.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static long budget;    // of this life: allocations that succeed before one fails
static long left = -1; // -1 = all succeed
static bool has_failed;

static bool fails(void)
{
    if (left < 0) {
        return false;
    }
    has_failed = left == 0;
    left--; // only this one
    return has_failed;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void scarce_begin(void)
{
    left = budget;
}

void scarce_end(void)
{
    left = -1;
}

bool scarce_has_failed(void)
{
    return has_failed;
}

long scarce_live(void (*life)(void *context), void *context)
{
    budget = 0;
    do {
        has_failed = false;
        life(context);
        scarce_end();
        budget++;
    } while (has_failed);
    return budget;
}
