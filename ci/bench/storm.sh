#!/bin/sh
# SPDX-License-Identifier: MIT
# A storm: COUNT devices dial `hubrig serve` at the same moment, stay until all have TLS, and go
# together; twice. All must be served, the events of each connection must stand in order, and the
# second storm must not leave more memory behind than the first.
#
#   ci/bench/storm.sh BUILD_FOLDER ENGINE [COUNT]       default: 5000
set -eu

build=$1
engine=$2
count=${3:-5000}
here=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$here"' EXIT
trap 'exit 3' HUP INT PIPE TERM

fail() {
    echo "storm: $*" >&2
    exit 1
}

hard=$(ulimit -H -n)
if [ "$hard" != unlimited ] && [ "$hard" -lt $((count + 100)) ]; then
    echo "this machine allows $hard open files, the storm wants $count"
    exit 77
fi
ulimit -S -n 1024 # serve raises it by itself
"$build/hubrig" serve --port 0 --json --tls-engine "$engine" --files "$here/hub" >"$here/events" &
server=$!
tries=0
until grep -q '^ready ' "$here/events"; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "serve never was ready"
    sleep 0.1
done
port=$(sed -n 's/^ready .* port=\([0-9]*\).*/\1/p' "$here/events")

over() { # how many connections have ended
    grep -c '"event":"tcp.closed"' "$here/events" || true
}

storm() { # HOW_MANY_BEFORE
    "$build/bench_tls" "$port" "$here/hub/root.pem" localhost burst "$count" $server
    tries=0
    until [ "$(over)" -ge $(($1 + count)) ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "only $(over) of $(($1 + count)) connections have ended"
        sleep 0.1
    done
}

memory() { # kB
    awk '/^VmRSS/ { print $2 }' "/proc/$server/status"
}

# The heap is given back a moment after the last connection has ended.
settle() { # MOST_KB; prints kB
    tries=0
    until [ "$(memory)" -le "$1" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "$(memory) kB stay, expected at most $1 kB"
        sleep 0.1
    done
    memory
}

before=$(memory)
storm 0
first=$(settle $((before + 20000)))
storm "$count"
second=$(settle $((first + first / 10)))
echo "memory before $before kB, after the first storm $first kB, after the second $second kB"

# the order that a connection's events must have: each state knows its only successor
awk -v count=$((2 * count)) '
    match($0, /"event":"t[a-z._]*"/) {
        event = substr($0, RSTART + 9, RLENGTH - 10)
        if (!match($0, /"connection":[0-9]+/)) { next }
        c = substr($0, RSTART + 13, RLENGTH - 13)
        if (event ~ /^tls.offer/) { next }
        seen[event]++
        before["tcp.accepted"] = ""
        before["tls.client_hello"] = "tcp.accepted"
        before["tls.established"] = "tls.client_hello"
        if (event in before) {
            if (last[c] != before[event]) { bad++; print "connection " c ": " event " after " last[c] }
        } else if (event == "tcp.closed" && last[c] !~ /^tls.(established|refused)$/) {
            bad++; print "connection " c ": closed after " last[c]
        }
        last[c] = event
    }
    END {
        print seen["tcp.accepted"] " accepted, " seen["tls.established"] " established, " seen["tcp.closed"] " closed, " seen["tls.failed"] + 0 " failed"
        exit bad || seen["tcp.accepted"] != count || seen["tls.established"] != count || seen["tcp.closed"] != count || seen["tls.failed"] > 0
    }' "$here/events" || fail "events are missing or out of order"
