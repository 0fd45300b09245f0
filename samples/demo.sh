#!/bin/sh
# The main job of factc, start to end: check, compile, look, draw, run with a receiver that prints the events.
# `make demo` runs it; by hand: sh samples/demo.sh, with factc on PATH.
set -eu

samples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$(mktemp -d)
receiver=
trap 'test -z "$receiver" || kill "$receiver" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cp "$samples"/*.fact "$samples"/visits.csv "$folder"
cd "$folder"

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

show cat nightly.fact
show factc validate nightly.fact
show factc compile nightly.fact -o nightly.factotum
show factc plan nightly.factotum --set day=2026-01-31

picture=
if show factc dot nightly.factotum --render svg -o nightly.svg; then
    picture=$samples/nightly.svg
    cp nightly.svg "$picture"
fi

printf '\n$ python3 samples/receiver.py &\n'
"${PYTHON:-python3}" "$samples/receiver.py" > events 2>&1 &
receiver=$!
until test -s events || ! kill -0 "$receiver" 2>/dev/null; do sleep 0.1; done
read -r url < events
echo "$url"
show factc run nightly.factotum --set day=2026-01-31 --tag team,data --webhook "$url"
printf '\nWhat the receiver got:\n'
sed 1d events
if test -n "$picture"; then
    printf '\nThe picture of the job, for any browser: %s\n' "$picture"
    for opener in xdg-open open; do
        if command -v "$opener" >/dev/null; then
            printf 'to see it: %s "%s"\n' "$opener" "$picture"
            break
        fi
    done
fi
