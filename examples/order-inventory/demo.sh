#!/usr/bin/env bash
# demo.sh --bin DIR --example DIR [--orders N] [--keep]: see demo.py.
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/demo.py" "$@"
