#!/bin/sh
# SPDX-License-Identifier: MIT
# templates_test.sh HUBRIG [NODE_MODULES]: what ci/templates and ci/host promise must be so: every
# option of hubrig in them exists, no address of a machine is in them, YAML and units are well-formed
# (where the tools for that are at hand).
set -eu
hubrig=$1
modules=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
status=0
complain() {
  echo "$*"
  status=1
}

"$hubrig" run --help >/dev/null
help=$("$hubrig" run --help; "$hubrig" report --help)
for file in "$here"/templates/* "$here"/host/*.service; do
  name=$(basename "$file")
  # An option belongs to hubrig from its name to the end of the command, over continued lines.
  options=$(sed 's/#.*//; s/useradd.*//; s/${HUBRIG}/hubrig/' "$file" | tr '\n\\' '  ' |
    grep -oE 'hubrig (run|report)( +[^ ]+)*' | sed 's/ \(uses\|steps\|artifacts\|post\|displayName\|SuccessExitStatus\|KillSignal\)[:= ].*//' |
    grep -oE -- ' --[a-z0-9-]+' | sort -u)
  [ -n "$options" ] || complain "$name: no hubrig command found"
  for option in $options; do
    case $help in
    *"$option "*) ;;
    *) complain "$name: hubrig has no option $option" ;;
    esac
  done
done
if grep -rnE 'https?://|[a-z0-9-]+\.(io|com|org|net|dev)(/|:|$)' "$here/templates" "$here/host"; then
  complain "an address of a machine is in the templates"
fi
if [ -n "$modules" ] && [ -d "$modules/yaml" ]; then
  for file in "$here"/templates/*.yml; do
    (cd "$modules/.." && node --input-type=module -e "
      import { parseDocument } from 'yaml'; import { readFileSync } from 'node:fs'
      const d = parseDocument(readFileSync('$file', 'utf8'))
      const j = d.toJS()
      if (d.errors.length || typeof j !== 'object') { console.log(d.errors); process.exit(1) }") ||
      complain "$(basename "$file") is no YAML"
  done
fi
if command -v systemd-analyze >/dev/null 2>&1; then
  for unit in service timer; do
    copy=$(mktemp -d)
    cp "$here/host/hubrig-bench@.service" "$here/host/hubrig-bench@.timer" "$copy/"
    said=$(systemd-analyze verify --man=no --recursive-errors=no "$copy/hubrig-bench@x.$unit" 2>&1 |
      grep -F "$copy" || true)
    rm -rf "$copy"
    [ -z "$said" ] || complain "$said"
  done
fi
exit "$status"
