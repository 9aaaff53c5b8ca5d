#!/bin/sh
# SPDX-License-Identifier: MIT
# How late a timed fault is while COUNT connections publish as fast as they are answered: a delay of
# 50 ms at the PUBACKs of one more device. Lateness is what the journal shows between the trigger
# (fault.fired), plus 50 ms, and the PUBACK on its way. Beside it: how late a bare sleep of 50 ms was
# meanwhile, which is the machine's share.
#
#   ci/bench/fault.sh [BUILD_FOLDER [COUNT [ENGINE]]]       default: build 100 mbedtls
#   needs `cmake --build BUILD_FOLDER -t bench_mqtt bench_clock bench_hub`
set -eu

build=${1:-build}
count=${2:-100}
engine=${3:-mbedtls}
delay_ms=50
messages=200
. "$(dirname "$0")/lib.sh"

start_hub $((count + 1)) "$engine" off "delay ${delay_ms}ms at mqtt.puback times always device bench-0"
"$build/bench_mqtt" "$port" "$here/hub/root.pem" $host $key "$count" 1000000 1 1 &
load=$!
servers="$servers $load"
tries=0
until [ "$(grep -c mqtt.connected "$here/hub/events.jsonl")" -ge "$count" ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { echo "bench: the load never connected" >&2; exit 3; }
    sleep 0.1
done
began=$(cpu_ms)
"$build/bench_clock" $messages $delay_ms >"$here/machine" &
clock=$!
"$build/bench_mqtt" "$port" "$here/hub/root.pem" $host $key 1 $messages 1 >"$here/line"
wait $clock
busy=$(($(cpu_ms) - began))
kill $load
wait $load 2>/dev/null || true
stop # the journal is whole
grep '"device":"bench-0"' "$here/hub/events.jsonl" >"$here/events"
at() { # EVENT; the times of bench-0's, in microseconds
    grep "\"event\":\"$1\"" "$here/events" | sed 's/.*"at_us":\([0-9]*\).*/\1/'
}
at fault.fired >"$here/fired"
at mqtt.puback >"$here/acked"
paste "$here/fired" "$here/acked" | awk -v d=$((delay_ms * 1000)) '{ print $2 - $1 - d }' | sort -n >"$here/late"
awk -v n="$count" -v engine="$engine" -v busy="$busy" '
    { v[NR] = $1 }
    END {
        if (NR == 0) { exit 3 }
        printf "%s, %d busy connections: %d timed faults, late by p50 %d us, p99 %d us, most %d us (aim: p99 at most 2000); server busy for %d ms\n",
            engine, n, NR, v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.5)], v[NR], busy
    }' "$here/late"
echo "  the machine's own timers meanwhile: $(cat "$here/machine")"
