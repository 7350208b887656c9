#!/usr/bin/env python3
"""ctest must run exactly the tests that the test programs list: discovery that splits a name would let it pass unrun.

    registered.py <build directory> <ctest> <program>...
"""

import json
import pathlib
import subprocess
import sys


def compare(name, listed, registered):
    """Faults between the test cases that a program lists and the ctest entries with its prefix."""
    prefix = name + "/"
    entries = [entry[len(prefix) :] for entry in registered if entry.startswith(prefix)]
    faults = [f"{name}: ctest does not know the test: {test}" for test in sorted(set(listed) - set(entries))]
    faults += [f"{name}: ctest runs what is no test: {entry}" for entry in sorted(set(entries) - set(listed))]
    faults += [f"{name}: registered twice: {entry}" for entry in sorted({e for e in entries if entries.count(e) > 1})]
    if not listed:
        faults.append(f"{name}: the program lists no test")
    return faults


def main(build, ctest, programs):
    shown = subprocess.run([ctest, "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True).stdout
    registered = [test["name"] for test in json.loads(shown)["tests"]]
    faults = []
    count = 0
    for program in programs:
        # Catch2 2.13 ends with the number of tests here, so the status says nothing.
        listing = subprocess.run([program, "--list-test-names-only"], capture_output=True, text=True).stdout
        listed = [line for line in listing.splitlines() if line]
        count += len(listed)
        faults += compare(pathlib.Path(program).name.removeprefix("test_"), listed, registered)
    print("\n".join(faults) if faults else f"{count} tests in {len(programs)} programs, all registered")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
