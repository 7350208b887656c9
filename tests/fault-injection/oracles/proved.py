#!/usr/bin/env python3
"""What proves each oracle: forged histories that it must find something in, legal ones that it must pass, and bugs planted for it.

usage: proved.py TEST_ORACLES     runs the forged histories and prints a table; ends with 1 if an oracle lacks one of the three
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def oracles():
    return re.findall(r'Oracle\{"(\w+)",', (HERE / "oracles.cpp").read_text())


def planted():
    """Bugs by oracle: those in the product's code, and those in the simulated driver."""
    found = collections.defaultdict(lambda: [0, 0])
    for where, file in enumerate(["../mutants/planted_bugs.cpp", "../sim/bugs.cpp"]):
        entries = (HERE / file).read_text().split("PlantedBug{")[1:]
        for entry in entries:
            ids = re.findall(r'"([SLT]\d+)"', entry)
            if ids:
                found[ids[0]][where] += 1
    return found


def forged(program):
    """How often each oracle found something, and how often it found nothing, in the tests' histories."""
    with tempfile.TemporaryDirectory(prefix="escrow-proved-") as place:
        told = pathlib.Path(place) / "told"
        run = subprocess.run([program], env={**os.environ, "ESCROW_PROVED": str(told)}, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{program} fails: {run.stdout[-2000:]}")
        return collections.Counter(told.read_text().splitlines())


def main():
    told, bugs, faults = forged(sys.argv[1]), planted(), []
    print("| oracle | forged violations | legal histories | planted bugs | in the driver |\n| --- | ---: | ---: | ---: | ---: |")
    for oracle in oracles():
        found, passed = told[f"{oracle} found"], told[f"{oracle} passed"]
        product, driver = bugs[oracle]
        print(f"| {oracle} | {found} | {passed} | {product} | {driver} |")
        if not (found and passed and product + driver):
            faults.append(oracle)
    print(f"\n{len(oracles())} oracles, {len(faults)} of them not proved in all three ways {' '.join(faults)}")
    return 1 if faults or len(oracles()) < 27 else 0


if __name__ == "__main__":
    sys.exit(main())
