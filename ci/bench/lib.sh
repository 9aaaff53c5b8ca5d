# SPDX-License-Identifier: MIT
# What the measuring scripts share, to be read with `.`: a folder of its own, bench_hub or Mosquitto
# as the one server, and an end that leaves nothing behind. $build is the build folder.
here=$(mktemp -d)
host=benchhub.azure-devices.net
key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
server=
servers=
port=
trap 'kill $servers 2>/dev/null || true; rm -rf "$here"' EXIT
trap 'exit 3' HUP INT PIPE TERM
ulimit -n "$(ulimit -H -n)"

wait_for() { # FILE PATTERN
    tries=0
    until grep -q "$2" "$1" 2>/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] && kill -0 $server || { echo "bench: $1 never said '$2'" >&2; cat "$1" >&2; exit 3; }
        sleep 0.1
    done
}

start_hub() { # DEVICES ENGINE TICKETS [FAULT]; leaves chain, key and root in $here/hub
    rm -f "$here/hub.out"
    "$build/bench_hub" "$here/hub" $host $key "$@" >"$here/hub.out" &
    server=$!
    servers="$servers $server"
    wait_for "$here/hub.out" "ready port="
    port=$(sed -n 's/^ready port=//p' "$here/hub.out")
}

start_mosquitto() { # tlsv1.2 or tlsv1.3; shows the chain that bench_hub has left
    rm -f "$here/mosquitto.out"
    port=$((20000 + $$ % 20000))
    cat >"$here/mosquitto.conf" <<CONF
listener $port 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_connections -1
max_queued_messages 0
tls_version $1
certfile $here/hub/chain.pem
keyfile $here/hub/key.pem
log_dest stderr
CONF
    [ "$(id -u)" != 0 ] || echo "user root" >>"$here/mosquitto.conf"
    "$(command -v mosquitto || echo /usr/sbin/mosquitto)" -c "$here/mosquitto.conf" 2>"$here/mosquitto.out" &
    server=$!
    servers="$servers $server"
    wait_for "$here/mosquitto.out" " running"
}

stop() {
    kill $server
    wait $server 2>/dev/null || true
    servers=$(echo "$servers " | sed "s/ $server / /")
}

cpu_ms() { # of the server so far, user and system
    awk '{ print ($14 + $15) * 10 }' "/proc/$server/stat"
}

field() { # LINE NAME
    echo "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"
}

ratio() { # NAME OURS THEIRS
    awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { printf "  ratio %s %.2f\n", n, (b > 0) ? a / b : 0 }'
}

middle() { # FILE NAME; the median of the lines' field
    while read -r line; do
        field "$line" "$2"
    done <"$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

compare() { # NAME... of the fields in $here/ours and $here/theirs
    for name in "$@"; do
        a=$(middle "$here/ours" $name)
        b=$(middle "$here/theirs" $name)
        echo "  $name hubrig $a mosquitto $b"
        ratio $name "$a" "$b"
    done
}
