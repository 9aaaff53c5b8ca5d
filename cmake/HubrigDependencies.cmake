# SPDX-License-Identifier: MIT
# Every library is an imported target; all come from Debian packages (ci/setup.sh installs them).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(LIBXML2 REQUIRED IMPORTED_TARGET libxml-2.0)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
find_package(OpenSSL REQUIRED)
pkg_check_modules(MOSQUITTO REQUIRED IMPORTED_TARGET libmosquitto)
pkg_check_modules(LIBWEBSOCKETS REQUIRED IMPORTED_TARGET libwebsockets)
pkg_check_modules(LIBSERIALPORT REQUIRED IMPORTED_TARGET libserialport)

# mbedTLS 2.28 ships no pkg-config file, so its three libraries are imported here.
find_path(MBEDTLS_INCLUDE_DIR mbedtls/ssl.h REQUIRED)
foreach(part crypto x509 tls)
  find_library(MBED${part}_LIBRARY NAMES mbed${part} REQUIRED)
  add_library(hubrig::mbed${part} UNKNOWN IMPORTED)
  set_target_properties(hubrig::mbed${part} PROPERTIES
    IMPORTED_LOCATION ${MBED${part}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${MBEDTLS_INCLUDE_DIR})
endforeach()
set_property(TARGET hubrig::mbedx509 PROPERTY INTERFACE_LINK_LIBRARIES hubrig::mbedcrypto)
set_property(TARGET hubrig::mbedtls PROPERTY INTERFACE_LINK_LIBRARIES hubrig::mbedx509)
