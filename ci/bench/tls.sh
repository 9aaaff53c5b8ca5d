#!/bin/sh
# SPDX-License-Identifier: MIT
# TLS of both engines beside Mosquitto on the same client, chain, suite and curve: handshakes a
# second (in turn, medians of ROUNDS), memory per idle connection, a burst; ratios are hubrig /
# Mosquitto. And the mbedTLS engine beside what mbedTLS alone needs for a handshake.
#
#   ci/bench/tls.sh [BUILD_FOLDER [ROUNDS [CONNECTIONS...]]]    default: build 3 1000 5000
#   needs `cmake --build BUILD_FOLDER -t bench_tls bench_limit bench_hub`
set -eu

build=${1:-build}
rounds=${2:-3}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 1000 5000
count=1000
. "$(dirname "$0")/lib.sh"

tls() { # MODE COUNT PARALLEL|PID; prints what bench_tls prints
    "$build/bench_tls" "$port" "$here/hub/root.pem" $host "$@"
}

once() { # MODE
    before=$(cpu_ms)
    line=$(tls "$1" $count 16)
    after=$(cpu_ms)
    awk -v l="$line" -v ms=$((after - before)) -v n=$count \
        'BEGIN { printf "%s cpu_ms_per_handshake=%.2f\n", l, ms / n }'
}

handshakes() { # LABEL MODE ENGINE TICKETS
    start_hub 1 "$3" "$4"
    ours_server=$server ours_port=$port
    start_mosquitto "$version"
    theirs_server=$server theirs_port=$port
    rm -f "$here/ours" "$here/theirs"
    round=0
    while [ $round -lt "$rounds" ]; do
        round=$((round + 1))
        server=$ours_server port=$ours_port
        once "$2" >>"$here/ours"
        server=$theirs_server port=$theirs_port
        once "$2" >>"$here/theirs"
    done
    stop
    server=$ours_server
    stop
    echo "$1, $2 handshakes, 16 at a time"
    compare handshakes_per_s cpu_ms_per_handshake
}

limit() { # of the library; $here/ours has the engine's figures
    a=$(middle "$here/ours" cpu_ms_per_handshake)
    b=$(field "$("$build/bench_limit" "$here/hub/chain.pem" "$here/hub/key.pem" 300)" limit_ms_per_handshake)
    echo "  the library alone needs $b ms of a core for a handshake"
    ratio "limit / engine" "$b" "$a"
}

memory() { # COUNT; of all three
    for who in mosquitto openssl mbedtls; do
        for mode in idle burst; do
            case $who in
            mosquitto) start_mosquitto tlsv1.2 ;;
            *) start_hub 1 $who off ;;
            esac
            line=$(tls $mode "$1" $server)
            stop
            echo "$who $mode $1: $line"
            [ $mode != idle ] || kb=$(field "$line" kb_per_connection)
            [ $mode != burst ] || seconds=$(field "$line" seconds)
        done
        [ $who != mosquitto ] || { their_kb=$kb their_seconds=$seconds; }
        [ $who = mosquitto ] || { ratio kb_per_idle_connection "$kb" "$their_kb"; ratio burst_seconds "$seconds" "$their_seconds"; }
    done
}

version=tlsv1.2
start_hub 1 openssl off # makes the chain that all present
stop
handshakes openssl full openssl off
handshakes openssl resumed openssl honoured
handshakes mbedtls full mbedtls off
limit
handshakes mbedtls resumed mbedtls honoured
BENCH_TLS13=1
export BENCH_TLS13
version=tlsv1.3
handshakes "openssl, TLS 1.3" full openssl off
handshakes "openssl, TLS 1.3" resumed openssl honoured
unset BENCH_TLS13
for connections in "$@"; do
    memory "$connections"
done
