#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what hubrig is built and tested with, from Debian's packages. Safe to run again: what is
# there stays untouched. Needs root or sudo only when something is missing.
set -eu

packages="
build-essential clang cmake ninja-build pkg-config git ca-certificates
libmbedtls-dev libssl-dev libuv1-dev libjansson-dev libxml2-dev uthash-dev libsqlite3-dev
libcmocka-dev libmosquitto-dev mosquitto mosquitto-clients faketime openssl
libxml2-utils procps curl tshark chromium
bind9-dnsutils ntpsec-ntpdig iproute2 util-linux qemu-system-x86
libwebsockets-dev libwebsockets-evlib-uv libserialport-dev
libgnutls28-dev gnutls-bin libwolfssl-dev libbearssl-dev
"

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for package in $packages; do
    is_installed "$package" || missing="$missing $package"
done
# Node.js may come from elsewhere; only when the commands are absent are Debian's packages taken.
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"

if [ -z "$missing" ]; then
    echo "setup: everything is installed"
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "setup: these packages are missing, and neither root nor sudo is at hand:$missing" >&2
    exit 3
fi
echo "setup: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -q
# The broker is started by tests alone: its service must not come up on installing.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod +x "$policy"
    made_policy=yes
fi
status=0
# shellcheck disable=SC2086
$as_root apt-get install -y -q --no-install-recommends $missing || status=$?
[ -z "$made_policy" ] || $as_root rm -f "$policy"
exit "$status"
