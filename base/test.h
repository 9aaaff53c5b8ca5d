// SPDX-License-Identifier: MIT
// cmocka with the headers that it wants before it, for every test beside a module.
#pragma once
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
