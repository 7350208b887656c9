"""Resident memory, idle and for each active transaction."""

import contextlib
import dataclasses
import time

import loads
from measure import drive, stage
from page import bars, figure
from processes import Coordinator, Participant

NAME = "memory"
SAYS = "Resident memory"
LOADS = {
    "waiting": loads.Load("waiting", "interactive TCC, 2 branches of 200 B, waiting for its initiator", "start-tcc"),
    "calling": loads.Load("calling", "driven saga, 2 branches of 200 B, its participant hangs", "saga-async"),
}


KEPT = {"engine.keep_idle_ms": 3600000, "engine.resident_transactions": 10_000_000}


def one(bench, load, count, settings, rest_s=0):
    with stage(bench.programs) as (folder, _), contextlib.ExitStack() as stack:
        participant = Participant(bench.programs, folder, "hung", hangs=True)
        stack.callback(participant.kill)
        coordinator = Coordinator(bench.programs, folder, settings=settings)
        stack.callback(coordinator.kill)
        # Buffers and caches of the first requests are no transaction's.
        begin = ("--timeout-ms", "3600000", "--gid-prefix")
        drive(bench.programs, load, coordinator.address, [participant], 60, 0, (*begin, "first-", "--transactions", "1000"), checked=False)
        idle = coordinator.memory_kb()
        drive(bench.programs, load, coordinator.address, [participant], 300, 0, (*begin, "more-", "--transactions", str(count)), checked=False)
        active = coordinator.unfinished() - 1000
        time.sleep(rest_s)
        return {"says": load.says, "active": active, "bytes_each": (coordinator.memory_kb() - idle) * 1000 / max(1, active)}


def run(bench):
    with stage(bench.programs) as (folder, _):
        coordinator = Coordinator(bench.programs, folder)
        try:
            idle = coordinator.memory_kb()
        finally:
            coordinator.kill()
    found, count = {}, 5000 if bench.quick else 100_000
    # All of them in memory at once; by default those that only wait leave it.
    for name, load in LOADS.items():
        bench.progress(f"memory: {load.says}")
        found[name] = one(bench, load, count, KEPT)
    load = dataclasses.replace(LOADS["waiting"], says=LOADS["waiting"].says + ", with the default settings and after six seconds")
    bench.progress(f"memory: {load.says}")
    found["rested"] = one(bench, load, count, None, 6)
    return {"idle_kb": idle, "active": found}


def text(result):
    lines = [f"idle: {result['idle_kb'] / 1000:.1f} MB"]
    for one_load in result["active"].values():
        lines.append(f"{one_load['bytes_each']:,.0f} bytes each, {one_load['active']:,} of: {one_load['says']}")
    return "\n".join(lines)


def drawings(result):
    return [
        figure("Bytes of resident memory for each active transaction", bars([(name, one_load["bytes_each"]) for name, one_load in result["active"].items()], "B")),
        f"<pre>{text(result)}</pre>",
    ]
