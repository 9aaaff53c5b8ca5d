# SPDX-License-Identifier: MIT
# The layer check finds an offender: cmake -DSCRIPT=check_layers.cmake -DWORK=<folder> -P this
function(expect_offence file text wanted)
  file(REMOVE_RECURSE ${WORK})
  file(WRITE ${WORK}/base/good.h "#include <stdio.h>\n")
  file(WRITE ${WORK}/${file} "${text}")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${SCRIPT}
    RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(wanted STREQUAL "" AND code)
    message(FATAL_ERROR "${file} was refused: ${err}")
  endif()
  if(NOT wanted STREQUAL "" AND (NOT code OR NOT err MATCHES "${wanted}"))
    message(FATAL_ERROR "${file} with '${text}' was not reported; seen: ${out}${err}")
  endif()
endfunction()

expect_offence(harness/oracle/a.c "#include <sys/socket.h>\n" "pure room includes sys/socket.h")
expect_offence(harness/diagnosis/a.h "  # include <uv.h>\n" "pure room includes uv.h")
expect_offence(simulator/hub/a.c "#include \"mbedtls/ssl.h\"\n" "pure room includes mbedtls/ssl.h")
expect_offence(simulator/mqtt/a.c "#include <time.h>\n" "pure room includes time.h")
expect_offence(simulator/journal/a.c "#include <libwebsockets.h>\n" "includes libwebsockets.h")
expect_offence(simulator/faults/a.c "#include <netinet/in.h>\n" "includes netinet/in.h")
expect_offence(simulator/dps/a.c "#include <openssl/ssl.h>\n" "includes openssl/ssl.h")
expect_offence(harness/oracle/a.c "#include \"simulator/net/listen.h\"\n" "simulator/net/listen.h")
expect_offence(base/a.c "#include \"certs/chain.h\"\n" "certs/chain.h lies above")
expect_offence(certs/a.c "#include \"simulator/hub/hub.h\"\n" "simulator/hub/hub.h lies above")
expect_offence(simulator/hub/a.c "#include \"harness/cli/cli.h\"\n" "harness/cli/cli.h lies above")

expect_offence(harness/oracle/a_test.c "#include <time.h>\n" "")
expect_offence(harness/oracle/a.c "#include <runtime.h>\n#include \"base/when.h\"\n" "")
expect_offence(harness/runner/a.c "#include <uv.h>\n#include \"simulator/hub/hub.h\"\n" "")
file(REMOVE_RECURSE ${WORK})

# An empty place is no success.
execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${WORK} -P ${SCRIPT}
  RESULT_VARIABLE code OUTPUT_QUIET ERROR_QUIET)
if(NOT code)
  message(FATAL_ERROR "a folder without a source file passed the check")
endif()
