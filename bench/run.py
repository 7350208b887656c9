#!/usr/bin/env python3
"""Measures what a coordinator carries on this machine, and what its peers carry: ./dev bench.

Figures are medians of rounds. What is printed is also written to build/bench: results.json (where each section stays until it is
measured again) and results.html.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import platform
import resource
import sys
import tempfile
import typing

import loads
import page
from processes import Failed, fdatasync_ms
from sections import SECTIONS, load, peers


@dataclasses.dataclass
class Bench:
    """What a section is told."""

    programs: pathlib.Path
    loads: list
    peers: list
    rounds: int
    seconds: float
    quick: bool
    full: bool
    progress: typing.Callable


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as folder:
        p50, p99 = fdatasync_ms(pathlib.Path(folder))
    return {
        "cores": os.cpu_count(), "cpu": model, "kernel": platform.release(), "load_before": os.getloadavg()[0],
        "fdatasync_p50_ms": p50, "fdatasync_p99_ms": p99,
    }  # fmt: skip


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("load", nargs="*", help="names of loads: these and no other section")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="folder with escrowd and the bench programs")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/bench"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--quick", action="store_true", help="one short round of a few loads and of every section: three minutes")
    parser.add_argument("--full", action="store_true", help="with logs of ten times the size")
    parser.add_argument("--section", action="append", default=[], choices=[module.NAME for module in SECTIONS], help="this section, not all but the peers")
    parser.add_argument("--peers", action="store_true", help="the peers' section: five turns with each")
    parser.add_argument("--peer", action="append", default=[], help="in the peers' section, this one only")
    parser.add_argument("--all", action="store_true", help="every section")
    parser.add_argument("--list", action="store_true", help="the names of the loads and of the sections")
    arguments = parser.parse_args()
    try:
        arguments.loads = loads.chosen(arguments.load or (loads.QUICK if arguments.quick else ()))
    except KeyError as unknown:
        parser.error(f"no load is called {unknown}; --list names them")
    return arguments


def chosen_sections(arguments):
    if arguments.all:
        return SECTIONS
    if arguments.peers or arguments.peer:
        return [peers]
    if arguments.section:
        return [module for module in SECTIONS if module.NAME in arguments.section]
    return [load] if arguments.load else [module for module in SECTIONS if module is not peers]


def main():
    arguments = parsed()
    # For all that is started from here: thousands of clients are thousands of files.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if arguments.list:
        for one in loads.LOADS:
            print(f"{one.name:18} {one.says}")
        for module in SECTIONS:
            print(f"--section {module.NAME:8} {module.SAYS}")
        return 0
    if arguments.quick:
        arguments.rounds, arguments.seconds = 1, min(arguments.seconds, 3)
    bench = Bench(
        arguments.programs.resolve(), arguments.loads, arguments.peer, arguments.rounds, arguments.seconds, arguments.quick, arguments.full, progress,
    )  # fmt: skip
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "results.json"
    report = json.loads(file.read_text()) if file.exists() else {}
    for module in chosen_sections(arguments):
        section = {"machine": machine(), "rounds": bench.rounds, "seconds": bench.seconds}
        try:
            section["result"] = module.run(bench)
        except Failed as failure:
            progress("")
            print(f"{module.NAME}: {failure}", file=sys.stderr)
            return 1
        progress("")
        report[module.NAME] = section
        # After each, so that a run that is broken off leaves what it has.
        file.write_text(json.dumps(report, indent=1))
        (arguments.out / "results.html").write_text(page.render(report, SECTIONS))
        print(f"\n{module.SAYS}\n{page.head(section)}\n\n{module.text(section['result'])}")
    print(f"\n{file}, {arguments.out}/results.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
