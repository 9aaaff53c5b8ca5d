#!/bin/sh
# SPDX-License-Identifier: MIT
# hubrig beside Mosquitto on the same client, chain and cipher suite: QoS 1 messages of 100 bytes
# over TLS 1.2, in turn, three times each; the medians and the ratio hubrig / Mosquitto (above 1:
# hubrig has more messages a second, a longer wait, or needs more CPU per message). hubrig writes
# its journal meanwhile.
#
#   ci/bench/mqtt.sh [BUILD_FOLDER [ROUNDS [ENGINE]]]      default: build 3 mbedtls
#   needs `cmake --build BUILD_FOLDER -t bench_mqtt bench_hub`
set -eu

build=${1:-build}
rounds=${2:-3}
engine=${3:-mbedtls}
. "$(dirname "$0")/lib.sh"

once() { # CONNECTIONS MESSAGES WINDOW; bench_mqtt's line and the server's CPU
    before=$(cpu_ms)
    line=$("$build/bench_mqtt" "$port" "$here/hub/root.pem" $host $key "$1" "$2" "$3")
    after=$(cpu_ms)
    awk -v l="$line" -v ms=$((after - before)) -v n=$(($1 * $2)) \
        'BEGIN { printf "%s cpu_us_per_message=%.1f\n", l, ms * 1000 / n }'
}

start_hub 100 "$engine" off
hub=$server
hub_port=$port
start_mosquitto tlsv1.2
broker=$server
broker_port=$port

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
    echo "$engine, $1: $2 connections, $3 messages each, window $4"
    compare messages_per_s p50_us p99_us cpu_us_per_message
}

measure "throughput" 1 40000 64
measure "round trip" 1 5000 1
measure "throughput" 100 1000 16
measure "round trip" 100 1000 1
