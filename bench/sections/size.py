"""What the same work costs beside a log that holds a lot: opening it, and each transaction."""

import functools

import loads
import logs
from measure import measure
from medians import median_of
from page import bars, figure

NAME = "size"
SAYS = "The same work on larger logs"
WORKS = ("saga-64", "tcc-64")


def sizes(bench):
    """(finished, waiting)"""
    if bench.quick:
        return [(0, 0), (100_000, 10_000)]
    return [(0, 0), (100_000, 10_000), (1_000_000, 100_000), *([(10_000_000, 1_000_000)] if bench.full else [])]


def run(bench):
    known = {load.name: load for load in loads.LOADS}
    rounds = {}
    for finished, waiting in sizes(bench):
        if finished:
            bench.progress(f"log of {finished:,} and {waiting:,}: made once, then kept")
            logs.prepared(bench.programs, finished, waiting)
    for number in range(bench.rounds):
        for finished, waiting in sizes(bench):
            for work in WORKS[: 1 if bench.quick else None]:
                bench.progress(f"{work} on a log of {finished:,} and {waiting:,}: {number + 1} of {bench.rounds}")
                lend, give_back = (functools.partial(f, bench.programs, finished, waiting) if finished else None for f in (logs.lend, logs.give_back))
                seen = measure(bench.programs, known[work], bench.seconds, settings=logs.KEEP, prepare=lend, finish=give_back)
                rounds.setdefault(f"{work} {finished} {waiting}", []).append(seen)
    return {name: {"median": median_of(seen)} for name, seen in rounds.items()}


def text(result):
    lines = [f"{'work':10} {'finished':>11} {'waiting':>10} {'opens in s':>11} {'tx/s':>8} {'us/tx':>7} {'kB/tx':>7} {'p99 ms':>7}"]
    for name, one in result.items():
        work, finished, waiting = name.split()
        median = one["median"]
        lines.append(
            f"{work:10} {int(finished):11,} {int(waiting):10,} {median['ready_after_s']:11.2f} {median['per_second']:8,.0f} "
            f"{median['per_tx']['coordinator_cpu_us']:7.0f} {median['per_tx']['written_bytes'] / 1000:7.1f} {median['latency_us']['p99'] / 1000:7.1f}"
        )
    return "\n".join(lines)


def drawings(result):
    return [
        figure("The coordinator's processor time for each transaction, by size of the log", bars([(name, one["median"]["per_tx"]["coordinator_cpu_us"]) for name, one in result.items()], "us")),
        figure("Seconds from start to serving", bars([(name, one["median"]["ready_after_s"]) for name, one in result.items()], "s", digits=2)),
        f"<pre>{text(result)}</pre>",
    ]
