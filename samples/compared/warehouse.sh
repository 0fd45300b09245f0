#!/bin/bash
# What ../warehouse.fact does: bash compared/warehouse.sh DAY, in the folder of the samples.
set -euo pipefail

day=${1:?usage: warehouse.sh DAY}
countries=${COUNTRIES:-de fr uk}
tools=${TOOLS:-bin}
: "${PGPASSWORD:?}"
export PGPASSWORD DAY=$day
out=out/warehouse
mkdir -p $out

tell() {
    case $? in 0) outcome=succeeded ;; 129 | 130 | 143) outcome=stopped ;; *) outcome=failed ;; esac
    printf '%s %s\n' "$day" "$outcome" >> $out/log.txt
}
trap tell EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "$day" | grep -Eqx '[0-9]{4}-[0-9]{2}-[0-9]{2}'
code=0
"$tools/fetch" --list "$day" || code=$?
case $code in 0) ;; 3) echo "nothing for $day"; exit 0 ;; *) exit "$code" ;; esac

"$tools/createdb" warehouse || [ $? -eq 1 ]
"$tools/psql" -d warehouse -c 'create table if not exists visits (day text, country text, page text)'

mkdir -p $out/raw
fetch() {
    local code wait=0.2
    for attempt in 1 2 3 4; do
        code=0
        timeout 600 "$tools/fetch" "$day" "$1" "$out/raw/$1.csv" || code=$?
        case $code in 0) return ;; 75 | 124) ;; *) return "$code" ;; esac
        [ "$attempt" = 4 ] || sleep "$wait"
        wait=$(awk "BEGIN { print $wait * 2 }")
    done
    return "$code"
}

load() {
    COUNTRY=$1 awk -f parts/load.awk < "$out/raw/$1.csv" > "$out/raw/$1.sql"
    "$tools/psql" -q -v ON_ERROR_STOP=1 -d warehouse -f "$out/raw/$1.sql"
}
export -f load
export tools out

pids=()
for country in $countries; do
    fetch "$country" &
    pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
[ $failed = 0 ]

# shellcheck disable=SC2016,SC2086
printf '%s\n' $countries | xargs -P 2 -I % bash -euo pipefail -c 'load "$1"' load %

have=$("$tools/psql" -At -d warehouse -c "select count(*) from visits where day = '$day'")
want=$(cat $out/raw/*.csv | grep -c .)
echo "$have rows of $want"
[ "$have" -eq "$want" ]

for country in $countries; do
    "$tools/psql" -At -d warehouse -c "select country, page, count(*) from visits
        where day = '$day' and country = '$country' group by 1, 2 order by 3 desc, 2" > "$out/$country.pages"
    head -n 3 "$out/$country.pages" > "$out/$country.top"
    [ -s "$out/$country.top" ]
done
cat $out/*.top > $out/report.txt
cat $out/report.txt
rm -rf $out/raw
rm -f $out/*.top $out/*.pages
