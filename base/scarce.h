// SPDX-License-Identifier: MIT
// For tests: memory that runs out. A life is lived again and again, and each time another
// allocation of the program's own objects fails, until all have failed once (hubrig_memory_test
// links malloc, calloc and realloc to it; shared libraries keep theirs).
//
//     static void life(void *context) { set_up(); scarce_begin(); work(); scarce_end();
//     tear_down(); } assert_true(scarce_live(life, NULL) > 30);
#pragma once
#include <stdbool.h>

// Returns how many lives there were; the last one had all the memory that it wanted.
long scarce_live(void (*life)(void *context), void *context);
void scarce_begin(void); // from here on one allocation fails
void scarce_end(void);
bool scarce_has_failed(void); // in this life
