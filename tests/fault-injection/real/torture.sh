#!/usr/bin/env bash
# torture.sh BUILD MINUTES: storms (network faults, kills, and both, a minute of each for every three), then every single fault of the
# exploration, then members of the classes that the simulation wrote down, pairs among them, and of the sample that the classes leave out.
# BUILD/explore gets the tables. Everything is played, whatever was found before; the exit status is 1 when anything was found.
set -uo pipefail
found=0
for ((round = 0; round * 3 < $2; ++round)); do
  ESCROW_STORM_SEED=$(($(date +%s) + round)) ESCROW_STORM_SECONDS=60 "$1/tests/test_passthrough" "every mode*" || found=1
done
"$1/bin/escrow-explore-real" --out "$1/explore" || found=1
for members in classes skipped; do
  [[ -e $1/explore/$members.jsonl ]] || continue
  seed=$(date +%s)
  echo "$members: seed $seed"
  "$1/bin/escrow-explore-real" --classes "$1/explore/$members.jsonl" --sample $(($2 * 500)) --seed "$seed" --out "$1/explore/$members" ||
    found=1
done
exit $found
