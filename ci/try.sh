#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh checkout to the first verdicts: sets up, builds, and runs the smoke suite against
# the reference device. Arguments go to `hubrig run`.
set -eu
cd "$(dirname "$0")/.."

ci/setup.sh
if [ ! -e build/CMakeCache.txt ]; then
    cmake --preset release >build-configure.log 2>&1 || { cat build-configure.log; exit 3; }
    rm -f build-configure.log
fi
cmake --build --preset release --target hubrig reference_device
echo
exec build/hubrig run suites/smoke --device reference "$@"
