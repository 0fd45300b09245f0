#!/bin/bash
# What ../database.fact does: bash compared/database.sh, in the folder of the samples.
set -euo pipefail

database=${1:-shop} name=${2:-latest}
scratch=${database}_restored
out=${OUT:-out/database}
tools=${TOOLS:-bin}
: "${PGPASSWORD:?}"
export PGPASSWORD

trap '"$tools/dropdb" --if-exists "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$out"
wait=1
for attempt in 1 2 3; do
    if timeout 1h "$tools/pg_dump" -d "$database" -f "$out/$name.part"; then break; fi
    [ "$attempt" -lt 3 ] || exit 2
    sleep $wait
    wait=$((wait * 2))
done

"$tools/dropdb" --if-exists "$scratch"
"$tools/createdb" "$scratch"
timeout 1h "$tools/psql" -q -v ON_ERROR_STOP=1 -d "$scratch" -f "$out/$name.part"

for table in customers orders; do
    there=$("$tools/psql" -At -d "$database" -c "select count(*) from $table")
    here=$("$tools/psql" -At -d "$scratch" -c "select count(*) from $table")
    echo "$table: $there rows there, $here restored"
    [ "$there" -gt 0 ]
    [ "$there" -eq "$here" ]
done

mv "$out/$name.part" "$out/$name.sql"
cd "$out"
cksum "$name.sql" > "$name.sql.cksum"
cd - > /dev/null
