# SPDX-License-Identifier: MIT
# hubrig_room(NAME SOURCES... [USES libs...])  a static library, one per folder of the house
# hubrig_program(NAME SOURCES... [USES libs...])
# hubrig_test(NAME SOURCES... [USES libs...] [LABELS l...])  a cmocka program registered with CTest
# hubrig_memory_test(NAME SOURCES... [USES libs...])  a test whose allocations can fail
# hubrig_fuzz(NAME SOURCES... [USES libs...] [SEEDS folder])  a libFuzzer program, built with
#   -DHUBRIG_FUZZ=ON; the seeds, one per file, are a test NAME_seeds of every other build

# what every source is built with, and what a program of ours is built with on top of it
add_library(hubrig_source_flags INTERFACE)
target_compile_options(hubrig_source_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -fno-common -fstack-protector-strong)
target_compile_definitions(hubrig_source_flags INTERFACE _GNU_SOURCE)
target_include_directories(hubrig_source_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(HUBRIG_WERROR)
  target_compile_options(hubrig_source_flags INTERFACE -Werror)
endif()
add_library(hubrig_flags INTERFACE)
target_link_libraries(hubrig_flags INTERFACE hubrig_source_flags)
if(HUBRIG_SANITIZE)
  target_compile_options(hubrig_flags INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(hubrig_flags INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(hubrig_flags INTERFACE HUBRIG_SANITIZE=1)
endif()
if(HUBRIG_COVERAGE)
  target_compile_options(hubrig_flags INTERFACE --coverage)
  target_link_options(hubrig_flags INTERFACE --coverage)
endif()
if(HUBRIG_FUZZ)
  target_compile_options(hubrig_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(hubrig_room name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC hubrig_flags ${ARG_USES})
endfunction()

function(hubrig_program name)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hubrig_flags ${ARG_USES})
endfunction()

function(hubrig_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "USES;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hubrig_flags ${ARG_USES} PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 120)
  if(ARG_LABELS)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}")
  endif()
endfunction()

# The same, with base/scarce.h: memory that runs out.
function(hubrig_memory_test name)
  hubrig_test(${name} ${ARGN})
  if(TARGET ${name})
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/base/scarce.c)
    target_link_options(${name} PRIVATE
      -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc)
  endif()
endfunction()

function(hubrig_fuzz name)
  cmake_parse_arguments(ARG "" "SEEDS" "USES" ${ARGN})
  if(NOT HUBRIG_FUZZ)
    if(BUILD_TESTING AND ARG_SEEDS)
      file(GLOB seeds CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SEEDS}/*)
      add_executable(${name}_seeds ${ARG_UNPARSED_ARGUMENTS} ${CMAKE_SOURCE_DIR}/base/seeds_main.c)
      target_link_libraries(${name}_seeds PRIVATE hubrig_flags ${ARG_USES})
      set_target_properties(${name}_seeds PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
      add_test(NAME ${name}_seeds COMMAND ${name}_seeds ${seeds})
    endif()
    return()
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE hubrig_flags ${ARG_USES})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()
