#!/bin/sh
# SPDX-License-Identifier: MIT
# soak.sh HUBRIG [REPETITIONS] [EVIDENCE]: the smoke suite against the reference device, 200 times,
# eight side by side, while another program takes all it can get of every processor. Verdicts must
# be identical and the rig must never fail: retries are off, so that nothing is smoothed over.
set -eu
hubrig=$1
repetitions=${2:-200}
given=${3:-}
evidence=${given:-$(mktemp -d)}
hogs=
run=
cleanup() {
  for pid in $hogs $run; do
    kill "$pid" 2>/dev/null || true
  done
  [ -z "$run" ] || wait "$run" 2>/dev/null || true
  [ -n "$given" ] || rm -rf "$evidence"
}
trap cleanup EXIT
trap 'exit 3' INT TERM
for _ in $(seq "$(nproc)"); do
  sh -c 'while :; do :; done' &
  hogs="$hogs $!"
done
"$hubrig" run smoke --device reference -j 8 --repeat "$repetitions" --retries 0 --shuffle \
  --evidence "$evidence" &
run=$!
status=0
wait "$run" || status=$?
run=
exit "$status"
