// SPDX-License-Identifier: MIT
// The few compiler attributes that the project uses, under one name each.
#pragma once

#define HR_PRINTF(format_at, args_at) __attribute__((format(printf, format_at, args_at)))
#define HR_UNUSED                     __attribute__((unused))
#define HR_NODISCARD                  __attribute__((warn_unused_result))
#define HR_CLEANUP(fn)                __attribute__((cleanup(fn)))
#define HR_COLD                       __attribute__((cold, noinline)) // rare: kept out of the way of the rest

#define HR_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
