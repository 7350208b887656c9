"""A thousand transactions whose participant hangs, and healthy ones beside them."""

import contextlib
import dataclasses
import statistics

import loads
from measure import drive, stage
from medians import median_of
from page import bars, figure
from processes import Coordinator, Participant

NAME = "hang"
SAYS = "Healthy transactions beside a thousand that hang"
HANGING = 1000
# Its deadline lies beyond the run.
HUNG = loads.Load("hung", "", "saga-async", clients=16)


def one(bench, hanging):
    healthy = next(load for load in loads.LOADS if load.name == "saga-64")
    with stage(bench.programs) as (folder, participants), contextlib.ExitStack() as stack:
        coordinator = Coordinator(bench.programs, folder)
        stack.callback(coordinator.kill)
        if hanging:
            hung = Participant(bench.programs, folder, "hung", hangs=True)
            stack.callback(hung.kill)
            begin = ("--gid-prefix", "hung-", "--transactions", str(hanging), "--timeout-ms", "600000")
            drive(bench.programs, HUNG, coordinator.address, [hung], 60, 0, begin, checked=False)
        seen = drive(bench.programs, healthy, coordinator.address, participants, bench.seconds, 1.0)
        left = coordinator.unfinished()
        return {"per_second": seen["per_second"], "latency_us": seen["latency_us"], "unfinished": left}


def run(bench):
    turns = []
    for number in range(bench.rounds):
        bench.progress(f"healthy beside {HANGING} hanging: {number + 1} of {bench.rounds}")
        turns.append({"alone": one(bench, 0), "beside": one(bench, HANGING)})
    share = [turn["beside"]["per_second"] / max(1, turn["alone"]["per_second"]) for turn in turns]
    later = [(turn["beside"]["latency_us"]["max"] - turn["alone"]["latency_us"]["max"]) / 1000 for turn in turns]
    return {"hanging": HANGING, "share": statistics.median(share), "later_ms": statistics.median(later), "median": median_of(turns), "turns": turns}


def text(result):
    alone, beside = result["median"]["alone"], result["median"]["beside"]
    return (
        f"alone {alone['per_second']:,.0f}/s, slowest {alone['latency_us']['max'] / 1000:.0f} ms; beside {beside['unfinished']:,.0f} that hang "
        f"{beside['per_second']:,.0f}/s, slowest {beside['latency_us']['max'] / 1000:.0f} ms: {100 * result['share']:.0f} % of the throughput, "
        f"the slowest {result['later_ms']:+.0f} ms"
    )


def drawings(result):
    both = [(name, result["median"][name]["per_second"]) for name in ("alone", "beside")]
    return [figure("Healthy sagas a second", bars(both, "/s")), f"<p>{text(result)}</p>"]
