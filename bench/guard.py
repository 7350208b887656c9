"""Compares how many instructions the pieces of the hot path take with what was recorded: a guard against slow decay.

Instructions, not time: the same on a busy machine. Counted twice, for n and for 2n repetitions, so that start and preparation cancel out.
SQLite's own instructions count in the cases that use it, so an update of it may ask for new records.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECORDED = HERE / "recorded_instructions.json"
# Repetitions, where a case does more than one thing at a time.
TIMES = {"store_batch": 4, "read_start": 100, "http_request": 100, "http_call": 100}
# The C library's plainest string functions: which ones it would choose depends on the processor.
ENVIRONMENT = {"PATH": os.environ["PATH"], "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-BMI1,-BMI2"}


def instructions(program, case, times):
    """Executed by the whole process, as the simulated processor of valgrind counts them."""
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", str(program), case, str(times)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, env=ENVIRONMENT)
    counted = re.search(r"I\s+refs:\s+([\d,]+)", run.stderr)
    if run.returncode != 0 or not counted:
        sys.exit(f"{case}: {run.stdout}{run.stderr}")
    return int(counted[1].replace(",", ""))


def measure(program, case):
    """Instructions of one repetition."""
    times = TIMES.get(case, 40)
    once, twice = (instructions(program, case, count) for count in (times, 2 * times))
    return round((twice - once) / times)


def verdicts(recorded, measured, tolerance):
    """A line for each case, and the names of those that cost more than they did, or are known to one side only."""
    lines, worse = [], []
    for case in sorted(recorded.keys() | measured.keys()):
        was, now = recorded.get(case), measured.get(case)
        if was is None or now is None:
            lines.append(f"{case:18} {'was not recorded' if was is None else 'is gone'}")
            worse.append(case)
            continue
        change = now / was - 1
        remark = ""
        if now > was * (1 + tolerance):
            remark = "  MORE"
            worse.append(case)
        elif change < -tolerance:
            remark = "  less: record it"
        lines.append(f"{case:18} {was:10,} {now:10,} {change:+7.1%}{remark}")
    return lines, worse


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="escrow-bench-micro of a release build")
    parser.add_argument("--record", action="store_true", help="writes the counts down instead of comparing them")
    parser.add_argument("--tolerance", type=float, default=0.05, help="how much more is let through (%(default)s)")
    options = parser.parse_args()
    cases = subprocess.run([options.program, "--list"], capture_output=True, text=True, check=True).stdout.split()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = dict(zip(cases, pool.map(lambda case: measure(options.program, case), cases)))
    if options.record:
        RECORDED.write_text(json.dumps(measured, indent=2, sort_keys=True) + "\n")
    lines, worse = verdicts(json.loads(RECORDED.read_text()), measured, options.tolerance)
    print(f"{'instructions':18} {'recorded':>10} {'now':>10}", *lines, sep="\n")
    if worse:
        sys.exit(f"More instructions than recorded: {', '.join(worse)}. If they are worth it: ./dev guard --record, and say why.")


if __name__ == "__main__":
    main()
