#!/bin/bash
# What ../shards.fact does: bash compared/shards.sh [ROWS], in the folder of the samples.
set -euo pipefail

rows=${1:-1200}
out=out/shards
end() {
    case $? in 0) outcome=succeeded ;; 129 | 130 | 143) outcome=stopped ;; *) outcome=failed ;; esac
    rm -rf $out/pieces
    mkdir -p $out
    echo "shards: $outcome" > $out/outcome.txt
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf $out/pieces
mkdir -p $out/pieces
(cd $out/pieces && awk -v rows="$rows" 'BEGIN { for (i = 0; i < rows + 0; i++) print i * 7919 % 12, i % 5 > ("shard-" i % 12) }')

count() {
    code=0
    for _ in 1 2 3; do
        code=0
        timeout 600 sort "$1/shard-$2" > "$1/sorted-$2" || code=$?
        [ $code -ge 124 ] || break
        sleep 0.2
    done
    [ $code = 0 ] && uniq -c < "$1/sorted-$2" > "$1/count-$2"
}
export -f count
# shellcheck disable=SC2016
seq 0 11 | xargs -P 4 -I % bash -euo pipefail -c 'count "$1" "$2"' count $out/pieces %

cat $out/pieces/count-* > $out/pieces/all
awk '{ n[$3] += $1 } END { for (k in n) print k, n[k] }' $out/pieces/all | sort > $out/sum.txt
[ "$(awk '{ n += $2 } END { print n }' $out/sum.txt)" -eq "$rows" ]
