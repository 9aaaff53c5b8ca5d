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
. "$(dirname "$0")/lib.sh"

tls() { # MODE COUNT PARALLEL|PID; prints what bench_tls prints
    "$build/bench_tls" "$port" "$here/hub/root.pem" $host "$@"
}

measure() { # LABEL; the server runs
    for mode in full resumed; do
        [ $mode = full ] || [ "$1" != "mbedtls" ] || { stop; start_hub 1 mbedtls honoured; }
        tls $mode 64 16 >/dev/null # warm
        before=$(cpu_ms)
        line=$(tls $mode 2000 16)
        after=$(cpu_ms)
        echo "$1 $mode: $line server_cpu_ms_per_handshake=$(awk -v t=$((after - before)) 'BEGIN { printf "%.2f", t / 2000 }')"
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
hub_mbedtls() { start_hub 1 mbedtls off; }
hub_openssl() { start_hub 1 openssl off; }

start_hub 1 openssl honoured # makes the chain that all present
stop
start_mosquitto tlsv1.2
measure mosquitto
stop
start_hub 1 openssl honoured
measure openssl
stop
start_hub 1 mbedtls off
measure mbedtls
stop
BENCH_TLS13=1
export BENCH_TLS13
start_mosquitto tlsv1.3
measure "mosquitto tls1.3"
stop
start_hub 1 openssl honoured
measure "openssl tls1.3"
stop
unset BENCH_TLS13
memory mosquitto mosquitto_12 "$@"
memory openssl hub_openssl "$@"
memory mbedtls hub_mbedtls "$@"
