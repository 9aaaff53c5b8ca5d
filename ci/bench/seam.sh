#!/bin/sh
# SPDX-License-Identifier: MIT
# What the seam for faults costs while none is armed: the share of the server's own instructions per
# QoS 1 message (callgrind counts them, so that other load on the machine changes nothing). The
# kernel's work for the sockets comes on top and makes the true share smaller.
#
#   ci/bench/seam.sh [BUILD_FOLDER [MESSAGES]]     default: build 5000
#   needs `cmake --build BUILD_FOLDER -t bench_mqtt bench_hub` and valgrind (exit 77 without)
set -eu

build=${1:-build}
messages=${2:-5000}
command -v valgrind >/dev/null || { echo "seam: valgrind is not installed"; exit 77; }
. "$(dirname "$0")/lib.sh"

# the functions that every byte passes so that a fault may act: the record rewriter, the shaper, the
# plan's decisions, the capture
seam="connection_rewrite connection_shape_in connection_shape_out faults_decide faults_decide_after capture_bytes"

client() { # MESSAGES
    "$build/bench_mqtt" "$port" "$here/hub/root.pem" $host $key 1 "$1" 1 >/dev/null
}

count() { # ENGINE
    rm -f "$here"/out.*
    valgrind -q --tool=callgrind --callgrind-out-file="$here/out" \
        "$build/bench_hub" "$here/hub" $host $key 1 "$1" off >"$here/hub.out" 2>"$here/valgrind.out" &
    server=$!
    servers="$servers $server"
    wait_for "$here/hub.out" "ready port="
    port=$(sed -n 's/^ready port=//p' "$here/hub.out")
    client 100
    callgrind_control -d $server >/dev/null 2>&1 # what follows is counted apart
    client "$messages"
    callgrind_control -d $server >/dev/null 2>&1
    stop
    callgrind_annotate --inclusive=yes --threshold=100 "$here/out.2" 2>/dev/null |
        sed -n 's/^ *\([0-9,]*\) .*:\([a-z_0-9]*\) \[.*/\2 \1/p' |
        tr -d , >"$here/costs"
    awk -v engine="$1" -v messages="$messages" -v seam="$seam" '
        BEGIN { n = split(seam, names, " "); for (i = 1; i <= n; i++) { is_seam[names[i]] = 1 } }
        !($1 in cost) { cost[$1] = $2 }
        END {
            if (!cost["on_read"] || !cost["connection_rewrite"]) { exit 3 }
            for (name in is_seam) { sum += cost[name] }
            printf "%s: the seam is %.2f %% of %d instructions a message (aim: below 1 %%); journal as JSON %.1f %%\n",
                engine, 100 * sum / cost["on_read"], cost["on_read"] / messages, 100 * cost["journal_emit"] / cost["on_read"]
        }' "$here/costs"
}

count mbedtls
count openssl
