# SPDX-License-Identifier: MIT
# CATALOGUE.md below SUITES must be what `hubrig suites --markdown` says of them. With WRITE it is
# written instead.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND ${HUBRIG} suites ${SUITES} --markdown
  OUTPUT_VARIABLE fresh COMMAND_ERROR_IS_FATAL ANY)
if(WRITE)
  file(WRITE ${SUITES}/CATALOGUE.md "${fresh}")
  return()
endif()
file(READ ${SUITES}/CATALOGUE.md kept)
if(NOT fresh STREQUAL kept)
  message(FATAL_ERROR "suites/CATALOGUE.md is out of date; to renew it:\n"
    "  ${HUBRIG} suites ${SUITES} --markdown > ${SUITES}/CATALOGUE.md")
endif()
