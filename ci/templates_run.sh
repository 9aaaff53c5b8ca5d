#!/bin/sh
# SPDX-License-Identifier: MIT
# templates_run.sh TEMPLATE NODE_MODULES: the shell steps of a pipeline template, run as its CI would
# run them: two shards on the scripted board, what they leave carried over, one report. hubrig,
# scripted_board and reference_device are on the PATH. Exits 77, with the reason, without node or yaml.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
template=$here/templates/$1
modules=$2
if [ "$1" != Jenkinsfile ] && ! [ -d "$modules/yaml" ]; then
  echo "skipped: no yaml in $modules; the test tap_parser installs it"
  exit 77
fi
command -v node >/dev/null 2>&1 || { echo "skipped: node is not installed (apt install nodejs)"; exit 77; }
. "$here/bench_fixture.sh"

# What the CI fills in, for shard $1 of 2 in the folder $2, job $3.
steps_of() {
  node "$here/templates_steps.mjs" "$modules" "$template" "$3" | sed \
    -e "s/\${{ matrix.shard }}/$1/g; s/\${{ github.sha }}/0123abc/g" \
    -e "s/\$(System.JobPositionInPhase)/$1/g; s/\$(System.TotalJobsInPhase)/2/g" \
    -e "s/\$(Build.SourceVersion)/0123abc/g; s|\$(Pipeline.Workspace)|$2|g" \
    -e 's/\$(\([A-Z]*\))/$\1/g' >"$work/steps.sh"
  (cd "$2" && CI_NODE_INDEX=$1 CI_NODE_TOTAL=2 CI_COMMIT_SHORT_SHA=0123abc SHARD=$1 \
    GIT_COMMIT=0123abc GITHUB_STEP_SUMMARY="$work/summary.md" \
    sh -eu "$work/steps.sh") >"$work/said" 2>&1 || {
    cat "$work/steps.sh" "$work/said"
    echo "$1: the steps of $3 failed"
    exit 1
  }
}

mkdir "$work/all"
for shard in 1 2; do
  mkdir "$work/$shard"
  steps_of $shard "$work/$shard" bench
  [ "$(grep -c '^pass  suite\.' "$work/said")" = 1 ] || { cat "$work/said"; exit 1; }
  # artefacts, as each CI hands them to the next job
  case $1 in
  github-actions.yml) mkdir -p "$work/all/shards" && cp -r "$work/$shard" "$work/all/shards/evidence-$shard" ;;
  azure-pipelines.yml) cp -r "$work/$shard/evidence" "$work/all/evidence-$shard" ;;
  *) cp -r "$work/$shard"/evidence-* "$work/all/" ;;
  esac
  find "$work/$shard" -maxdepth 1 -name 'junit*.xml' | grep -q . || [ "$1" = github-actions.yml ] ||
    { echo "shard $shard wrote no JUnit report"; exit 1; }
done
steps_of 1 "$work/all" report
grep -q '2 scenarios: 2 pass' "$work/said" || { cat "$work/said"; exit 1; }
for report in report.html junit.xml; do
  [ -s "$work/all/all/$report" ] || { echo "no $report behind the merge"; exit 1; }
done
[ "$(grep -c '<testcase ' "$work/all/all/junit.xml")" = 2 ]
[ "$1" != github-actions.yml ] || grep -q 'suite' "$work/summary.md"
echo "$1: two shards, one report"
