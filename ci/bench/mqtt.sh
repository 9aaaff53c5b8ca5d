#!/bin/sh
# SPDX-License-Identifier: MIT
# hubrig beside Mosquitto on the same client, chain and cipher suite: QoS 1 messages of 100 bytes
# over TLS 1.2, in turn, three times each; the medians and the ratio hubrig / Mosquitto (above 1:
# hubrig has more messages a second, a longer wait, or needs more CPU per message). hubrig writes
# its journal meanwhile.
#
#   ci/bench/mqtt.sh [BUILD_FOLDER [ROUNDS]]      default: build 3; needs `cmake --build BUILD_FOLDER -t bench_mqtt bench_hub`
set -eu

build=${1:-build}
rounds=${2:-3}
. "$(dirname "$0")/lib.sh"

once() { # CONNECTIONS MESSAGES WINDOW; bench_mqtt's line and the server's CPU
    before=$(cpu_ms)
    line=$("$build/bench_mqtt" "$port" "$here/hub/root.pem" $host $key "$1" "$2" "$3")
    after=$(cpu_ms)
    awk -v l="$line" -v ms=$((after - before)) -v n=$(($1 * $2)) \
        'BEGIN { printf "%s cpu_us_per_message=%.1f\n", l, ms * 1000 / n }'
}

middle() { # FILE NAME
    while read -r line; do
        field "$line" "$2"
    done <"$1" | median
}

start_hub 100 mbedtls off
hub=$server
hub_port=$port
start_mosquitto tlsv1.2
broker=$server
broker_port=$port
trap 'kill $hub $broker 2>/dev/null || true; rm -rf "$here"' EXIT INT TERM

measure() { # LABEL CONNECTIONS MESSAGES WINDOW
    rm -f "$here/ours" "$here/theirs"
    round=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        server=$hub port=$hub_port
        once "$2" "$3" "$4" >>"$here/ours"
        server=$broker port=$broker_port
        once "$2" "$3" "$4" >>"$here/theirs"
    done
    echo "$1: $2 connections, $3 messages each, window $4"
    for name in messages_per_s p50_us p99_us cpu_us_per_message; do
        a=$(middle "$here/ours" $name)
        b=$(middle "$here/theirs" $name)
        echo "  $name hubrig $a mosquitto $b"
        ratio $name "$a" "$b"
    done
}

measure "throughput" 1 40000 64
measure "round trip" 1 5000 1
measure "throughput" 100 1000 16
measure "round trip" 100 300 1
