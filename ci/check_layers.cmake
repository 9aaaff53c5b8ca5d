# SPDX-License-Identifier: MIT
# Which room may include what: cmake -DROOT=<source folder> -P check_layers.cmake
# Rooms know only the rooms below them, and pure rooms know no socket, clock, TLS or loop header.

# Lower rooms first: a file may include its own room and those before it.
set(ROOMS base certs simulator harness)
set(PURE_ROOMS simulator/journal simulator/faults simulator/hub simulator/mqtt simulator/dps
  harness/oracle harness/diagnosis harness/observe)
set(WORLD_HEADERS
  "sys/socket.h|sys/un.h|netinet/[a-z0-9_/]*.h|arpa/inet.h|netdb.h|poll.h|sys/epoll.h|sys/select.h|\
time.h|sys/time.h|sys/timerfd.h|uv.h|uv/[a-z-]*.h|mbedtls/[a-z0-9_]*.h|openssl/[a-z0-9_]*.h|\
libwebsockets.h|lws[a-z_-]*.h|pthread.h|mosquitto.h|simulator/tls/[a-z_]*.h|simulator/net/[a-z_]*.h|\
simulator/web/[a-z_]*.h|harness/device/[a-z_]*.h|harness/runner/[a-z_]*.h")
string(REPLACE "." "\\." WORLD_HEADERS "${WORLD_HEADERS}")

set(offences "")
set(seen 0)

function(check_file file room_index is_pure)
  file(STRINGS ${ROOT}/${file} includes REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
  foreach(line IN LISTS includes)
    string(REGEX REPLACE "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]*)[>\"].*" "\\1" header "${line}")
    if(is_pure AND header MATCHES "^(${WORLD_HEADERS})$")
      list(APPEND offences "${file}: a pure room includes ${header}")
    endif()
    string(REGEX REPLACE "/.*" "" top "${header}")
    list(FIND ROOMS "${top}" target)
    if(target GREATER room_index)
      list(APPEND offences "${file}: ${header} lies above this room")
    endif()
  endforeach()
  set(offences "${offences}" PARENT_SCOPE)
endfunction()

set(index 0)
foreach(room IN LISTS ROOMS)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${room}/*.c ${ROOT}/${room}/*.h)
  foreach(file IN LISTS files)
    get_filename_component(folder ${file} DIRECTORY)
    list(FIND PURE_ROOMS "${folder}" pure)
    # Tests and fuzz targets of a pure room may bring the world with them.
    if(pure GREATER -1 AND NOT file MATCHES "_(test|fuzz)\\.c$")
      check_file(${file} ${index} TRUE)
    else()
      check_file(${file} ${index} FALSE)
    endif()
    math(EXPR seen "${seen} + 1")
  endforeach()
  math(EXPR index "${index} + 1")
endforeach()

if(seen EQUAL 0)
  message(FATAL_ERROR "no source file below ${ROOT}")
endif()
if(offences)
  list(JOIN offences "\n" text)
  message(FATAL_ERROR "${text}")
endif()
message(STATUS "${seen} files respect the layers")
