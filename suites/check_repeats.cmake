# SPDX-License-Identifier: MIT
# Runs SUITE against DEVICE as often as the variable HUBRIG_REPEATS says, 20 times unless told, each
# time with other random bytes: every scenario must pass every time. SEED makes a run repeatable.
cmake_minimum_required(VERSION 3.25)

set(times 20)
if(DEFINED ENV{HUBRIG_REPEATS})
  set(times $ENV{HUBRIG_REPEATS})
endif()
set(seed "")
if(DEFINED ENV{HUBRIG_SEED})
  set(seed --seed $ENV{HUBRIG_SEED})
endif()

execute_process(
  COMMAND ${HUBRIG} run ${SUITE} --device ${DEVICE} --repeat ${times} ${seed}
    --evidence ${EVIDENCE} --json
  OUTPUT_VARIABLE json ERROR_VARIABLE problems RESULT_VARIABLE code)
if(NOT code MATCHES "^[013]$")
  message(FATAL_ERROR "hubrig run ended with ${code}\n${problems}")
endif()
string(JSON count LENGTH "${json}")
if(count EQUAL 0)
  message(FATAL_ERROR "no scenario ran\n${problems}")
endif()

set(wavering "")
set(skipped 0)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON name GET "${json}" ${i} scenario)
  string(JSON verdict GET "${json}" ${i} verdict)
  if(verdict STREQUAL "skipped")
    math(EXPR skipped "${skipped} + 1")
    continue()
  endif()
  string(JSON good ERROR_VARIABLE none GET "${json}" ${i} good_runs)
  if(none)
    set(good 0)
  endif()
  if(NOT good EQUAL times)
    string(JSON observed GET "${json}" ${i} observed)
    string(APPEND wavering "\n  ${name}: good ${good} times, ${verdict}: ${observed}")
  endif()
endforeach()
if(wavering)
  message(FATAL_ERROR "${DEVICE}, ${times} times:${wavering}\n${problems}")
endif()
message(STATUS "${DEVICE}: ${count} scenarios (${skipped} skipped) passed ${times} times\n${problems}")
