#!/usr/bin/env bash
# storms.sh TEST_PROGRAM MINUTES: network faults, kills, and both, a minute of each for every three, drawn anew each time.
set -euo pipefail
for ((round = 0; round * 3 < $2; ++round)); do
  ESCROW_STORM_SEED=$(($(date +%s) + round)) ESCROW_STORM_SECONDS=60 "$1" "every mode*"
done
