#!/usr/bin/env python3
"""Writes docs/performance.md from the results of runs: ./dev bench --record. Nothing on that page is typed in."""

import argparse
import json
import pathlib
import sys

import figures
import page
from sections import SECTIONS

HERE = pathlib.Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
RESULTS = DOCS / "performance.json"
PAGE = DOCS / "performance.md"

HEAD = """\
# Performance

Written by `./dev bench --record` from [performance.json](performance.json), the results of runs of `./dev bench`; [bench/README.md](../bench/README.md)
says how they are made and what counts as an end. All programs of a run share the machine: coordinator, generator, participants and, where there is one, the
database. Every decision is fsynced before anybody is told. Figures drift with the hour; the ratios are made of turns, Escrow and then the other, in one run.

"""

BUSY = "**The machine was busy with other work during these runs (see the load before each section): the ratios are worth something, the figures are not.**\n\n"


def reduced(report):
    """Without single rounds: medians are what is shown."""
    def without(value, keys):
        if isinstance(value, dict):
            return {key: without(one, keys) for key, one in value.items() if not (key in keys and isinstance(one, list))}
        return [without(one, keys) for one in value] if isinstance(value, list) and value and isinstance(value[0], dict) else value

    return without(report, {"rounds", "turns", "ended_per_100ms", "course"})


def mark(reached):
    return "not measured" if reached is None else "reached" if reached else "**not reached**"


def render(report):
    parts = [HEAD]
    if any(one["machine"]["load_before"] > one["machine"]["cores"] for one in report.values()):
        parts.append(BUSY)
    parts.append("## The figures to reach\n\n| load | wanted | measured | | what bounds it |\n| --- | --- | --- | --- | --- |\n")
    parts += [f"| {row.load} | {row.wanted} | {row.measured} | {mark(row.reached)} | {row.bound} |\n" for row in figures.rows(report)]
    for module in SECTIONS:
        if module.NAME in report:
            one = report[module.NAME]
            parts.append(f"\n## {module.SAYS}\n\n{page.head(one)}\n\n```\n{module.text(one['result'])}\n```\n")
    return "".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=pathlib.Path, help="results.json of a run; without it the page is only written again")
    parser.add_argument("--check", action="store_true", help="whether the page is what its results say, and change nothing")
    options = parser.parse_args()
    if options.results:
        RESULTS.write_text(json.dumps(reduced(json.loads(options.results.read_text())), indent=1) + "\n")
    text = render(json.loads(RESULTS.read_text()))
    if options.check:
        if PAGE.read_text() != text:
            sys.exit("docs/performance.md is not what docs/performance.json says: python3 bench/report.py")
        return
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
