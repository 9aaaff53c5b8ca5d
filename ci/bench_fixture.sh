# SPDX-License-Identifier: MIT
# Sourced by tests of the templates: a folder $work with the scripted board behind it as the device
# my-board of $BENCH, and a suite of two scenarios, $SUITE. All of it goes with the shell.
# hubrig, scripted_board and reference_device are on the PATH.
work=$(mktemp -d)
trap 'kill $board 2>/dev/null || true; rm -rf "$work"' EXIT
export HUBRIG_LOCKS="$work" DEVICE=my-board BENCH="$work/lab.bench" SUITE="$work/suite"
mkdir "$work/suite"
for name in connect message; do
  event=mqtt.connected
  [ $name = connect ] || event=d2c.message
  printf 'scenario suite.%s\nlimit 60s\nboot device\nexpect %s within 30s\n' $name $event \
    >"$work/suite/$name.scn"
done
mkfifo "$work/up"
scripted_board "$work/port" 921600 reference_device >"$work/up" &
board=$!
read -r _ <"$work/up"
key=$$
cat >"$BENCH" <<BENCH_END
board my-board
  serial      path $work/port
  baud        921600
  reset       command sh -c "echo reset > $work/port.ctl"
  banner      "scripted board" within 5s
  credentials image $work/image.template $work/port.flash
  hub-address 127.$((70 + key / 64516 % 50)).$((1 + key / 254 % 254)).$((1 + key % 254))
end
BENCH_END
printf '{device.connection_string}\n{root.text}' >"$work/image.template"
