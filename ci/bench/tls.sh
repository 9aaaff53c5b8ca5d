#!/bin/sh
# SPDX-License-Identifier: MIT
# TLS of both engines beside Mosquitto on the same client, chain, suite and curve: handshakes a
# second, memory per idle connection, a burst. Ratios are hubrig / Mosquitto.
#
#   ci/bench/tls.sh [BUILD_FOLDER [CONNECTIONS...]]    default: build 1000 5000
#   needs `cmake --build BUILD_FOLDER -t bench_tls bench_hub`
set -eu

build=${1:-build}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 1000 5000
here=$(mktemp -d)
host=benchhub.azure-devices.net
key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$here"' EXIT INT TERM
ulimit -n "$(ulimit -H -n)"

wait_for() { # FILE PATTERN
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "bench: $1 never said '$2'" >&2; cat "$1" >&2; exit 3; }
        sleep 0.1
    done
}

start_hub() { # ENGINE TICKETS
    rm -f "$here/hub.out"
    "$build/bench_hub" "$here/hub" $host $key 1 "$1" "$2" >"$here/hub.out" &
    server=$!
    wait_for "$here/hub.out" "ready port="
    port=$(sed -n 's/^ready port=//p' "$here/hub.out")
}

start_mosquitto() { # TLS version tlsv1.2 or tlsv1.3
    rm -f "$here/mosquitto.out"
    port=$((20000 + $$ % 20000))
    cat >"$here/mosquitto.conf" <<CONF
listener $port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_connections -1
tls_version $1
certfile $here/hub/chain.pem
keyfile $here/hub/key.pem
log_dest stderr
CONF
    [ "$(id -u)" != 0 ] || echo "user root" >>"$here/mosquitto.conf"
    "$(command -v mosquitto || echo /usr/sbin/mosquitto)" -c "$here/mosquitto.conf" 2>"$here/mosquitto.out" &
    server=$!
    wait_for "$here/mosquitto.out" " running"
}

stop() {
    kill $server
    wait $server 2>/dev/null || true
}

tls() { # MODE COUNT PARALLEL|PID; prints what bench_tls prints
    "$build/bench_tls" "$port" "$here/hub/root.pem" $host "$@"
}

cpu_ticks() { # of the server so far, user and system
    awk '{ print $14 + $15 }' "/proc/$server/stat"
}

measure() { # LABEL; the server runs
    for mode in full resumed; do
        [ $mode = full ] || [ "$1" != "mbedtls" ] || { stop; start_hub mbedtls honoured; }
        tls $mode 64 16 >/dev/null # warm
        before=$(cpu_ticks)
        line=$(tls $mode 2000 16)
        after=$(cpu_ticks)
        echo "$1 $mode: $line server_cpu_ms_per_handshake=$(awk -v t=$((after - before)) 'BEGIN { printf "%.2f", t * 10 / 2000 }')"
    done
}

memory() { # LABEL START COUNT...
    label=$1
    start=$2
    shift 2
    for count in "$@"; do
        $start
        echo "$label idle $count: $(tls idle "$count" $server)"
        stop
    done
    $start
    for count in "$@"; do
        echo "$label burst $count: $(tls burst "$count" $server)"
    done
    stop
}

mosquitto_12() { start_mosquitto tlsv1.2; }
hub_mbedtls() { start_hub mbedtls off; }
hub_openssl() { start_hub openssl off; }

start_hub openssl honoured # makes the chain that all present
stop
start_mosquitto tlsv1.2
measure mosquitto
stop
start_hub openssl honoured
measure openssl
stop
start_hub mbedtls off
measure mbedtls
stop
BENCH_TLS13=1
export BENCH_TLS13
start_mosquitto tlsv1.3
measure "mosquitto tls1.3"
stop
start_hub openssl honoured
measure "openssl tls1.3"
stop
unset BENCH_TLS13
memory mosquitto mosquitto_12 "$@"
memory openssl hub_openssl "$@"
memory mbedtls hub_mbedtls "$@"
