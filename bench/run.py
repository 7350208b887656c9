#!/usr/bin/env python3
"""Measures what a coordinator carries on this machine: ./dev bench.

Each load runs `--rounds` times against a fresh coordinator, all loads once before any runs again, so that an hour in which the
machine is busy with something else touches all of them. Figures are medians of the rounds. What is printed is also written to
build/bench/results.json and build/bench/results.html.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import sys
import tempfile

import loads
import page
import table
from measure import measure, measure_floor
from processes import Failed, fdatasync_ms


def median_of(rounds):
    """The same dict as each round, every number the median of the rounds; the course is that of the middle round."""
    first = rounds[0]
    if isinstance(first, dict):
        return {key: median_of([one[key] for one in rounds]) for key in first}
    if isinstance(first, list):
        return rounds[len(rounds) // 2]
    if isinstance(first, (int, float)):
        return statistics.median(rounds)
    return first


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as folder:
        p50, p99 = fdatasync_ms(pathlib.Path(folder))
    return {"cores": os.cpu_count(), "cpu": model, "kernel": platform.release(), "fdatasync_p50_ms": p50, "fdatasync_p99_ms": p99}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("load", nargs="*", help="names of loads; every one for none")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder with escrowd and the bench programs")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--quick", action="store_true", help="four loads, one round")
    parser.add_argument("--list", action="store_true", help="the names of the loads")
    arguments = parser.parse_args()
    if arguments.list:
        for load in loads.LOADS:
            print(f"{load.name:18} {load.says}")
        return 0
    try:
        wanted = loads.chosen(arguments.load or (loads.QUICK if arguments.quick else ()))
    except KeyError as unknown:
        parser.error(f"no load is called {unknown}; --list names them")
    programs = arguments.programs.resolve()
    rounds = 1 if arguments.quick else arguments.rounds

    results = {load.name: [] for load in wanted}
    where = machine()
    try:
        for number in range(rounds):
            for load in wanted:
                progress(f"round {number + 1} of {rounds}: {load.says}")
                results[load.name].append(measure(programs, load, arguments.seconds))
                if load.floor:
                    # Right after, so that both see the same machine.
                    results[load.name][-1]["floor"] = measure_floor(programs, load, arguments.seconds)
    except Failed as failure:
        progress("")
        print(failure, file=sys.stderr)
        return 1
    progress("")
    report = {
        "machine": where,
        "rounds": rounds,
        "seconds": arguments.seconds,
        "loads": {load.name: {"says": load.says, "median": median_of(results[load.name]), "rounds": results[load.name]} for load in wanted},
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "results.json").write_text(json.dumps(report, indent=1))
    (arguments.out / "results.html").write_text(page.render(report))
    print(table.render(report))
    print(f"\n{arguments.out}/results.json, {arguments.out}/results.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
