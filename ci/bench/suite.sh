#!/bin/sh
# SPDX-License-Identifier: MIT
# How long suites take, and how much of a device's time they stand for: the sum of what each scenario
# waited for its device, which one bench would spend one after the other. The smoke suite first, in
# its 15 seconds.
#
#   ci/bench/suite.sh [BUILD_FOLDER [SUITE...]]        default: build smoke full
set -eu

build=${1:-build}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- smoke full
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
trap 'exit 3' HUP INT PIPE TERM

for suite in "$@"; do
    began=$(date +%s%N)
    code=0
    "$build/hubrig" run "$suite" --device reference --json --evidence "$here/evidence" >"$here/outcomes" || code=$?
    ended=$(date +%s%N)
    [ $code -le 1 ] || exit $code
    grep '"verdict"' "$here/outcomes" | grep -v '"verdict":"\(pass\|skipped\|skip\)"' |
        sed 's/.*"verdict":"\([a-z]*\)","scenario":"\([^"]*\)".*/  \1 \2/' || true
    grep -o '"verdict":"[a-z]*"\|"duration_us":[0-9]*' "$here/outcomes" |
        awk -F: -v suite="$suite" -v wall=$(((ended - began) / 1000000)) '
            /verdict/ { n++; of[$2]++ }
            /duration/ { us += $2 }
            END {
                printf "%s: %d scenarios in %.1f s, %.1f min of device time, %.1f times faster;", suite, n, wall / 1000, us / 60e6, us / wall / 1000
                for (v in of) { name = v; gsub(/"/, "", name); printf " %d %s", of[v], name }
                print suite == "smoke" ? " (aim: 15 s at most)" : ""
            }'
    rm -rf "$here/evidence"
done
