"""Starts offered at multiples of what the coordinator can carry: what it still carries, and how soon it is well again."""

import contextlib
import dataclasses
import os
import time

import loads
from measure import drive, stage
from page import bars, course, curve, figure
from processes import Coordinator

NAME = "overload"
SAYS = "Overload: more starts than it can carry"
# On a core of its own: a generator that is pushed aside offers less than it says.
PINNED = ("taskset", "--cpu-list", str((os.cpu_count() or 1) - 1))
START = loads.Load("start-overload", "interactive starts, open loop", "start")


def measured(bench, coordinator, participants, load, seconds, name):
    began = time.monotonic()
    seen = drive(bench.programs, load, coordinator.address, participants, seconds, 1.0, ("--gid-prefix", f"{name}-"), prefix=PINNED)
    return {**seen, "drained_s": time.monotonic() - began - seconds - 1.0}


def at_rate(bench, rate):
    load = dataclasses.replace(START, clients=4000, rate=rate)
    with stage(bench.programs) as (folder, participants), contextlib.ExitStack() as stack:
        coordinator = Coordinator(bench.programs, folder)
        stack.callback(coordinator.kill)
        seen = measured(bench, coordinator, participants, load, bench.seconds, "over")
        peak_kb = coordinator.memory_kb("VmHWM")
        after = measured(bench, coordinator, participants, dataclasses.replace(START, clients=64), min(10, 2 * bench.seconds), "after")
        return {
            "goodput": seen["per_second"],
            "refused": seen["refused"] / seen["seconds"],
            "dropped": seen["dropped"] / seen["seconds"],
            "served_us": seen["served_us"],
            "peak_kb": peak_kb,
            "course": seen["ended_per_100ms"],
            "after": {"per_second": after["per_second"], "course": after["ended_per_100ms"], "latency_us": after["latency_us"]},
            "drained_s": seen["drained_s"],
        }


def well_again_s(one, peak):
    """Seconds from the end of the load until a second passes at 80 % of the peak; None when that is not seen."""
    slots = one["after"]["course"]
    for i in range(len(slots) - 9):
        if sum(slots[i : i + 10]) >= 0.8 * peak:
            return one["drained_s"] + i / 10
    return None


def run(bench):
    bench.progress("overload: the peak")
    with stage(bench.programs) as (folder, participants), contextlib.ExitStack() as stack:
        coordinator = Coordinator(bench.programs, folder)
        stack.callback(coordinator.kill)
        peak = max(
            measured(bench, coordinator, participants, dataclasses.replace(START, clients=count), bench.seconds, f"peak{count}")["per_second"]
            for count in (64, 256)
        )
    rates = {}
    for factor in (1, 10) if bench.quick else (0.5, 0.8, 1, 1.5, 2, 5, 10):
        bench.progress(f"overload: {factor} times the peak is offered")
        one = at_rate(bench, factor * peak)
        rates[str(factor)] = {**one, "well_again_s": well_again_s(one, peak)}
    return {"peak": peak, "rates": rates}


def text(result):
    lines = [f"peak, closed loop: {result['peak']:,.0f} starts/s", f"{'offered':>8} {'carried/s':>10} {'of peak':>8} {'refused/s':>10} {'unsent/s':>9} {'p99 ms':>7} {'peak MB':>8} {'well again s':>13}"]
    for factor, one in result["rates"].items():
        well = "not seen" if one["well_again_s"] is None else f"{one['well_again_s']:.1f}"
        lines.append(
            f"{factor + ' x':>8} {one['goodput']:10,.0f} {100 * one['goodput'] / result['peak']:6.0f} % {one['refused']:10,.0f} {one['dropped']:9,.0f} "
            f"{one['served_us']['p99'] / 1000:7.0f} {one['peak_kb'] / 1000:8.0f} {well:>13}"
        )
    lines.append("Unsent: arrivals beyond what one core of the generator and 4,000 open requests can offer. p99 from the sending of each accepted start.")
    return "\n".join(lines)


def drawings(result):
    points = [(float(factor), one["goodput"]) for factor, one in result["rates"].items()]
    return [
        figure("Starts carried a second, by multiples of the peak that are offered", curve(points, "x offered", "/s")),
        figure("p99 of accepted starts", bars([(f"{factor} x", one["served_us"]["p99"] / 1000) for factor, one in result["rates"].items()], "ms")),
        *(figure(f"{factor} x offered: carried a second, over the run", course(one["course"])) for factor, one in result["rates"].items()),
        f"<pre>{text(result)}</pre>",
    ]
