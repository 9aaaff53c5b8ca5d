#!/bin/sh
# SPDX-License-Identifier: MIT
# page_browser.sh PAGE FOLDER: opens report.html in Chromium without a display and asks the browser
# itself: does zooming widen the timeline, does a click lead to the packet, does nothing overflow on a
# narrow screen, is nothing loaded. Screenshots go to FOLDER (light, dark, narrow, print), for people.
# Exits 77, with the reason, when Chromium is missing.
set -eu
page=$1
folder=$2
browser=
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then
    browser=$name
    break
  fi
done
if [ -z "$browser" ]; then
  echo "skipped: chromium is not installed (apt install chromium)"
  exit 77
fi
mkdir -p "$folder"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT

# The questions travel in a copy of the page: the original's policy allows scripts of its own.
cat >"$profile/questions" <<'END'
<script>addEventListener('load',function(){
var bad=[],$=document.querySelector.bind(document);
function check(ok,what){if(!ok)bad.push(what)}
var tl=$('article .tl'),svg=tl.querySelector('svg'),w=svg.getBoundingClientRect().width;
tl.querySelectorAll('label')[1].click();
var zoomed=svg.getBoundingClientRect().width;
check(svg.querySelectorAll('g text').length>9,'no finer ticks at 4 times');
check(Math.abs(zoomed-4*tl.querySelector('.scroll').clientWidth)<2,'zoom: '+w+' became '+zoomed);
tl.querySelectorAll('label')[0].click();
var dot=Array.from(tl.querySelectorAll('svg a')).find(function(a){return /packet/.test(a.textContent)});
check(dot,'no dot with a packet');
dot.dispatchEvent(new MouseEvent('click',{bubbles:true,cancelable:true}));
var row=document.getElementById(dot.getAttribute('href').slice(1));
check(row&&row.getBoundingClientRect().height>0,'the row of a clicked dot is not visible');
check(row&&row.querySelector('a[href$="wire.pcapng"]'),'the row has no link to its packet');
check(document.documentElement.scrollWidth<=innerWidth,'wider than the screen: '+
document.documentElement.scrollWidth+' > '+innerWidth);
check(performance.getEntriesByType('resource').length===0,'something was loaded');
check(document.querySelectorAll('img,link,iframe').length===0,'hostile text became markup');
document.querySelectorAll('svg').forEach(function(s){
check(s.getBoundingClientRect().height>100,'a timeline without height')});
var colour=getComputedStyle(document.body).backgroundColor;
document.title=(bad.length?'BAD '+bad.join('; '):'GOOD')+' '+colour;
})</script>
END
sed "/<\/body>/{
r $profile/questions
N
}" "$page" >"$profile/page.html"

# Some versions ask for a sandbox of their own, which a container does not allow.
run() {
  timeout 100 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage \
    --disable-background-networking --no-first-run --user-data-dir="$profile/user" \
    "$@" 2>"$profile/log"
}
ask() {
  size=$1
  shift
  run --window-size="$size" --dump-dom "$@" "file://$profile/page.html" |
    sed -n 's/.*<title>\([A-Z]* [^<]*\)<\/title>.*/\1/p' | head -n 1
}
status=0
for size in 1280,900 500,800; do
  answer=$(ask "$size")
  echo "$size: $answer"
  case $answer in GOOD*) ;; *) status=1 ;; esac
done
light=$(ask 1280,900)
dark=$(ask 1280,900 --blink-settings=preferredColorScheme=0)
if [ "${light#GOOD }" = "${dark#GOOD }" ]; then
  echo "the dark page is as bright as the light one: $light"
  status=1
fi
run --window-size=1280,1500 --screenshot="$folder/light.png" "file://$page" >/dev/null
run --window-size=1280,1500 --blink-settings=preferredColorScheme=0 \
  --screenshot="$folder/dark.png" "file://$page" >/dev/null
run --window-size=500,1500 --screenshot="$folder/narrow.png" "file://$page" >/dev/null
run --no-pdf-header-footer --print-to-pdf="$folder/print.pdf" "file://$page" >/dev/null
for shot in light.png dark.png narrow.png print.pdf; do
  if [ "$(wc -c <"$folder/$shot")" -lt 10000 ]; then
    echo "$shot is empty"
    status=1
  fi
done
[ "$status" = 0 ] || cat "$profile/log" >&2
exit "$status"
