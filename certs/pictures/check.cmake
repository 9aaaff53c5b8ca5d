# SPDX-License-Identifier: MIT
# cmake -DHUBRIG=... -DRECIPE=... -DPICTURE=... -DSCRATCH=... -P check.cmake
# Draws the recipe again, as the picture was drawn, and compares.
execute_process(COMMAND ${HUBRIG} certs graph ${RECIPE} --at 2026-11-20 --out ${SCRATCH}
  RESULT_VARIABLE drawn OUTPUT_QUIET)
if(NOT drawn EQUAL 0)
  message(FATAL_ERROR "hubrig certs graph ${RECIPE} ended with ${drawn}")
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${SCRATCH} ${PICTURE}
  RESULT_VARIABLE differs)
if(differs)
  message(FATAL_ERROR "${PICTURE} is not what ${RECIPE} looks like (see ${SCRATCH}); draw it anew: "
    "hubrig certs graph ${RECIPE} --at 2026-11-20 --out ${PICTURE}")
endif()
