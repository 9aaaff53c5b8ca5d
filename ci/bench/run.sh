#!/bin/sh
# SPDX-License-Identifier: MIT
# hubrig beside Mosquitto on the same client, chain and cipher suite: QoS 1 messages of 100 bytes
# over TLS 1.2. Prints a line per measurement and the ratio hubrig / Mosquitto (above 1: hubrig has
# more messages or connections a second, or a longer wait). hubrig writes its journal meanwhile.
#
#   ci/bench/run.sh [BUILD_FOLDER]      default: build; needs `cmake --build BUILD_FOLDER -t bench_mqtt bench_hub`
set -eu

build=${1:-build}
here=$(mktemp -d)
host=benchhub.azure-devices.net
key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
hub=
broker=
trap 'kill $hub $broker 2>/dev/null || true; rm -rf "$here"' EXIT INT TERM

wait_for() { # FILE PATTERN
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || { echo "bench: $1 never said '$2'" >&2; cat "$1" >&2; exit 3; }
        sleep 0.1
    done
}

"$build/bench_hub" "$here/hub" $host $key 100 >"$here/hub.out" &
hub=$!
wait_for "$here/hub.out" "ready port="
hub_port=$(sed -n 's/^ready port=//p' "$here/hub.out")

broker_port=$((20000 + $$ % 20000))
cat >"$here/mosquitto.conf" <<CONF
listener $broker_port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
certfile $here/hub/chain.pem
keyfile $here/hub/key.pem
max_queued_messages 0
log_dest stderr
CONF
[ "$(id -u)" != 0 ] || echo "user root" >>"$here/mosquitto.conf"
mosquitto=$(command -v mosquitto || echo /usr/sbin/mosquitto)
"$mosquitto" -c "$here/mosquitto.conf" 2>"$here/mosquitto.out" &
broker=$!
wait_for "$here/mosquitto.out" " running"

field() { # LINE NAME
    echo "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

measure() { # LABEL CONNECTIONS MESSAGES WINDOW
    ours=$("$build/bench_mqtt" "$hub_port" "$here/hub/root.pem" $host $key "$2" "$3" "$4")
    theirs=$("$build/bench_mqtt" "$broker_port" "$here/hub/root.pem" $host $key "$2" "$3" "$4")
    echo "$1: $2 connections, $3 messages each, window $4"
    echo "  hubrig    $ours"
    echo "  mosquitto $theirs"
    for name in messages_per_s p50_us p99_us connects_per_s; do
        a=$(field "$ours" $name)
        b=$(field "$theirs" $name)
        awk -v n=$name -v a="$a" -v b="$b" 'BEGIN { printf "  ratio %s %.2f\n", n, a / b }'
    done
}

measure "throughput" 1 40000 64
measure "round trip" 1 5000 1
measure "throughput" 100 1000 16
measure "round trip" 100 300 1
