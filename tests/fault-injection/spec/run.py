#!/usr/bin/env python3
"""Checks the models with SPIN: each holds with exactly the recorded number of states, each mutation is refuted, and the moves they make are
those of transitions.txt. A number that changes means that a model has changed: review it, then record it with --record.

usage: run.py [--record] [--jobs N] [--model NAME]
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
COUNTS = HERE / "counts.json"
MODELS = ["tcc", "saga", "msg", "pivot"]
# Definitions with which a model must hold; "live" ones, whose faults stop at some moment, are checked for acceptance
# cycles under weak fairness.
HOLD = {
    "tcc": [[], ["ZOMBIE"], ["LIVE"], ["LIVE", "ZOMBIE"]],
    "saga": [[], ["ZOMBIE"], ["LIVE"], ["LIVE", "ZOMBIE"], ["NO_CONDITION_ON_STEP"]],
    "msg": [[], ["ZOMBIE"], ["LIVE"], ["LIVE", "ZOMBIE"], ["NO_CONDITION"]],
    "pivot": [[], ["ZOMBIE"], ["LIVE"], ["LIVE", "ZOMBIE"]],
}
# Mutations that only a second coordinator, or only the liveness claim, brings to light.
WITH = {
    ("tcc", "NO_DEADLINE"): ["LIVE"],
    ("tcc", "FORGETS_LAST"): ["LIVE"],
    ("saga", "FORGETS_ABORT"): ["LIVE"],
    ("saga", "FORGETS_AFTER_CRASH"): ["LIVE"],
    ("msg", "ASKS_ONCE"): ["LIVE"],
    ("pivot", "STOPS_BEHIND"): ["LIVE"],
    ("pivot", "STATUS_ONLY"): ["ZOMBIE"],
}


def mutations_of(model):
    """Those that the header of the model names."""
    named = re.search(r"to be refuted:([^*]*?)(\n   [A-Z_]+ changes|\n   -D|\*/)", (HERE / f"{model}.pml").read_text())
    return re.findall(r"\b[A-Z]+_[A-Z_]+\b|\bGIVE_UP\b", named.group(1))


def table():
    """transitions.txt: {(from, to): models}."""
    moves = {}
    for line in (HERE / "transitions.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            moves[words[0], words[1]] = [model for model in words[2:] if model != "-"]
    return moves


def moves_of(model):
    text = (HERE / f"{model}.pml").read_text()
    return {(a.lower(), b.lower()) for a, b in re.findall(r"\bMOVE\((\w+), (\w+)\)", text)} | {("none", "active")}


def check_moves():
    faults, moves = [], table()
    for model in MODELS:
        made = moves_of(model)
        faults += [f"{model}.pml moves {a} to {b}, which transitions.txt does not know" for a, b in sorted(made - moves.keys())]
        faults += [f"transitions.txt says that {model} moves {a} to {b}; it does not" for (a, b), by in moves.items() if model in by and (a, b) not in made]
        faults += [f"transitions.txt does not say that {model} moves {a} to {b}" for a, b in sorted(made & moves.keys()) if model not in moves[a, b]]
    return faults


def verify(model, definitions):
    """(errors, stored states) of one exhaustive search."""
    live = "LIVE" in definitions
    with tempfile.TemporaryDirectory(prefix="escrow-spec-") as place:
        for file in HERE.glob("*.pml"):
            shutil.copy(file, place)
        flags = [f"-D{name}" for name in definitions]
        run = lambda *command: subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=900, check=False)
        made = run("spin", *flags, "-a", f"{model}.pml")
        if made.returncode != 0 or "rror" in made.stdout:
            sys.exit(f"{model}.pml: spin says {made.stdout}{made.stderr}")
        built = run("gcc", "-w", "-O1", *(["-DNFAIR=3"] if live else []), "-o", "pan", "pan.c")
        if built.returncode != 0:
            sys.exit(f"{model}.pml: gcc says {built.stderr}")
        found = run("./pan", "-a", "-m1000000", *(["-f"] if live else [])).stdout
        errors = re.search(r"errors: (\d+)", found)
        stored = re.search(r"(\d+) states, stored", found)
        if not errors or not stored or "max search depth too small" in found:
            sys.exit(f"{model}.pml {definitions}: pan says {found}")
        return int(errors.group(1)), int(stored.group(1))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="write the numbers found into counts.json")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--model", choices=MODELS)
    arguments = parser.parse_args()
    models = [arguments.model] if arguments.model else MODELS
    recorded = json.loads(COUNTS.read_text())
    faults = check_moves()
    found = dict(recorded)

    work = [(model, definitions, True) for model in models for definitions in HOLD[model]]
    work += [(model, [mutation, *WITH.get((model, mutation), [])], False) for model in models for mutation in mutations_of(model)]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda one: verify(one[0], one[1]), work))
    for (model, definitions, holds), (errors, states) in zip(work, results):
        name = " ".join([model, *(f"-D{d}" for d in definitions)])
        print(f"{name:40} {'holds' if errors == 0 else 'refuted':8} {states:>9} states")
        if holds and errors:
            faults.append(f"{name} does not hold")
        if not holds and not errors:
            faults.append(f"{name} is not refuted")
        if holds:
            found[name] = states
            if not arguments.record and recorded.get(name) != states:
                faults.append(f"{name}: {states} states, recorded are {recorded.get(name)}")
    if arguments.record:
        COUNTS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    refuted = sum(1 for (_, _, holds), (errors, _) in zip(work, results) if not holds and errors)
    print(f"{refuted} mutations refuted")
    # A header that names its mutations in another way would leave none to refute.
    if not arguments.model and refuted < 32:
        faults.append(f"only {refuted} mutations were refuted")
    for fault in faults:
        print(f"FAILED: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
