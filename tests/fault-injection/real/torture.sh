#!/usr/bin/env bash
# torture.sh BUILD MINUTES: storms (network faults, kills, and both, a minute of each for every three), then every single fault of the
# exploration, then members of the classes that the simulation wrote down, pairs among them. BUILD/explore gets the tables.
set -euo pipefail
for ((round = 0; round * 3 < $2; ++round)); do
  ESCROW_STORM_SEED=$(($(date +%s) + round)) ESCROW_STORM_SECONDS=60 "$1/tests/test_passthrough" "every mode*"
done
"$1/bin/escrow-explore-real" --out "$1/explore"
if [[ -e $1/explore/classes.jsonl ]]; then
  "$1/bin/escrow-explore-real" --classes "$1/explore/classes.jsonl" --sample $(($2 * 500)) --seed "$(date +%s)" --out "$1/explore/classes"
fi
