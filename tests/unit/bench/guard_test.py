#!/usr/bin/env python3
"""The guard of the hot path says no when it must, and its records are those of the cases that there are."""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "bench"))
import guard  # noqa: E402


def worse(recorded, measured):
    return guard.verdicts(recorded, measured, 0.05)[1]


assert worse({"a": 1000}, {"a": 1000}) == []
assert worse({"a": 1000}, {"a": 1050}) == []
assert worse({"a": 1000}, {"a": 1051}) == ["a"]
assert worse({"a": 1000}, {"a": 500}) == [] and "record it" in guard.verdicts({"a": 1000}, {"a": 500}, 0.05)[0][0]
assert worse({"a": 1000}, {}) == ["a"]
assert worse({}, {"a": 1000}) == ["a"]

cases = set(re.findall(r'Case\{"(\w+)"', (ROOT / "bench/micro/main.cpp").read_text()))
recorded = json.loads(guard.RECORDED.read_text())
assert len(cases) >= 8 and cases == recorded.keys(), cases ^ recorded.keys()
assert all(count > 1000 for count in recorded.values()), recorded
