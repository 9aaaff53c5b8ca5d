#!/bin/sh
# SPDX-License-Identifier: MIT
# templates_ctest.sh CMAKE CTEST: templates/ctest.cmake in a project of its own. One board, two tests,
# ctest -j 2: CTest gives the board to one after the other, and neither waits for a lock.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cmake=$1
ctest=$2
. "$here/bench_fixture.sh"
mkdir "$work/project"
cat >"$work/project/CMakeLists.txt" <<PROJECT_END
cmake_minimum_required(VERSION 3.16)
project(firmware NONE)
enable_testing()
include($here/templates/ctest.cmake)
hubrig_board_test(first $SUITE/connect.scn)
hubrig_board_test(second $SUITE/message.scn)
PROJECT_END
"$cmake" -S "$work/project" -B "$work/build" -DHUBRIG_BENCH="$BENCH" -DHUBRIG_FIRMWARE=1.2 >"$work/said"
said() {
  grep -q -e "$1" "$work/said" || { cat "$work/said"; echo "expected: $1"; exit 1; }
}
hubrig boards --bench "$BENCH" --resource-spec "$work/boards.json" >"$work/said"
said "ctest --resource-spec-file $work/boards.json"
"$ctest" --test-dir "$work/build" --resource-spec-file "$work/boards.json" -j 2 --output-on-failure \
  >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
said '100% tests passed, 0 tests failed out of 2'
grep -q 'my-board' "$work/build/first.xml"
# without the spec, or with one that is out of date, it is said what is missing
(unset CTEST_RESOURCE_GROUP_COUNT; hubrig run "$SUITE" --device @ctest --bench "$BENCH") >"$work/said" 2>&1 &&
  exit 1
said 'RESOURCE_GROUPS board:1, and ctest --resource-spec-file FILE'
(export CTEST_RESOURCE_GROUP_COUNT=1 CTEST_RESOURCE_GROUP_0_BOARD=id:gone,slots:1
 hubrig run "$SUITE" --device @ctest --bench "$BENCH") >"$work/said" 2>&1 && exit 1
said "gives the board 'gone', and .* has none of that name"
sed 's/board my-board/board My_Board/' "$BENCH" | cat "$BENCH" - >"$work/two.bench"
hubrig boards --bench "$work/two.bench" --resource-spec "$work/two.json" >"$work/said" 2>&1 && exit 1
said "are both 'my_board' to CTest"
echo "two tests shared one board"
