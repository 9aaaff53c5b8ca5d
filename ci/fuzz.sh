#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzzes one target: builds it with the preset `fuzz` and runs it from its seeds and from what earlier
# runs have found. Without a NAME it lists the targets.
#
#   ci/fuzz.sh [NAME [RUNS [LIBFUZZER_OPTION...]]]        default: 5000000 runs
set -eu
cd "$(dirname "$0")/.."

cmake --preset fuzz -DBUILD_TESTING=OFF
if [ $# -eq 0 ]; then
    cmake --build --preset fuzz --target help | sed -n "s/^\([a-z_0-9]*_fuzz\): .*/\1/p" | sort
    exit 0
fi
name=$1
runs=${2:-5000000}
shift
[ $# -eq 0 ] || shift
cmake --build --preset fuzz --target "$name"
corpus=build-fuzz/corpus/$name
mkdir -p "$corpus"
seeds=$(find base certs fixtures harness simulator -type d -name "$name.seeds")
# shellcheck disable=SC2086
exec "build-fuzz/fuzz/$name" -runs="$runs" -artifact_prefix="build-fuzz/$name." -print_final_stats=1 -reload=0 \
    "$@" "$corpus" $seeds
