#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs all tests but those with the labels `slow` and `complete`.
#   ci/test.sh              gcc build with warnings as errors
#   ci/test.sh --sanitize   the same under AddressSanitizer and UndefinedBehaviorSanitizer, without
#                           the labels `kill`, `survey` and `soak`, which look at devices and
#                           libraries, and at memory that the sanitizer holds back
#   ci/test.sh --clang      compiles everything with clang, warnings as errors; runs nothing
#   ci/test.sh --slow       the tests with the label `slow`
#   ci/test.sh --complete   those with the label `complete`: each flaw against all scenarios, a night
# Further arguments go to ctest.
set -eu
cd "$(dirname "$0")/.."

preset=dev
run="-LE slow|complete"
jobs=10
case "${1:-}" in
--sanitize) preset=asan; run="-LE slow|complete|kill|survey|soak"; jobs=6; shift ;;
--clang) preset=clang; run=; shift ;;
--slow) run="-L slow"; shift ;;
--complete) run="-L complete"; shift ;;
esac

ci/setup.sh
cmake --preset "$preset"
cmake --build --preset "$preset"
[ "$preset" != clang ] || exit 0
# Most tests wait for a device most of the time: more of them than processors; the
# sanitizer keeps the processors busier.
# shellcheck disable=SC2086
exec ctest --test-dir "build-$preset" --output-on-failure --no-tests=error -j "$jobs" $run "$@"
