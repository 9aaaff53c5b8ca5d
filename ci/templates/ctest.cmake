# SPDX-License-Identifier: MIT
# CTest as the runner: copy beside your CMakeLists.txt. As many tests at a time as there are boards,
# each on a board of its own:
#
#   include(ctest.cmake)
#   hubrig_board_test(firmware_smoke smoke)
#   hubrig_board_test(firmware_reconnect reconnect)
#
#   hubrig boards --bench lab.bench --resource-spec boards.json
#   ctest --resource-spec-file boards.json -j 4
#
# HUBRIG_BENCH is the inventory, HUBRIG_FIRMWARE a label for reports.
set(HUBRIG_BENCH /etc/hubrig/lab.bench CACHE FILEPATH "inventory of the boards")
set(HUBRIG_FIRMWARE "" CACHE STRING "version of the firmware, for reports")
find_program(HUBRIG hubrig REQUIRED)

function(hubrig_board_test name suite)
  set(firmware "")
  if(HUBRIG_FIRMWARE)
    set(firmware --firmware ${HUBRIG_FIRMWARE})
  endif()
  # Another user of the bench may hold the board that CTest chose: --wait has patience with that.
  add_test(NAME ${name}
    COMMAND ${HUBRIG} run ${suite} --device @ctest --bench ${HUBRIG_BENCH} --wait 30m ${firmware}
      --evidence ${CMAKE_CURRENT_BINARY_DIR}/evidence/${name}
      --junit ${CMAKE_CURRENT_BINARY_DIR}/${name}.xml)
  set_tests_properties(${name} PROPERTIES RESOURCE_GROUPS board:1 SKIP_RETURN_CODE 77)
endfunction()
