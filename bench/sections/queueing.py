"""Sagas that arrive at a rate, whatever happened to the earlier ones: how long they queue as the rate nears what can be carried."""

import contextlib
import dataclasses

import loads
from measure import drive, stage
from page import curve, figure
from processes import Coordinator

NAME = "queueing"
SAYS = "Sagas arriving at a rate"


def one(bench, load):
    with stage(bench.programs) as (folder, participants), contextlib.ExitStack() as stack:
        coordinator = Coordinator(bench.programs, folder)
        stack.callback(coordinator.kill)
        seen = drive(bench.programs, load, coordinator.address, participants, bench.seconds, 1.0)
        return {"per_second": seen["per_second"], "latency_us": seen["latency_us"], "dropped": seen["dropped"]}


def run(bench):
    closed = next(load for load in loads.LOADS if load.name == "saga-256")
    bench.progress("queueing: the peak")
    peak = one(bench, closed)["per_second"]
    rates = {}
    for share in (0.5, 0.9) if bench.quick else (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95):
        bench.progress(f"queueing: {share} of the peak")
        rates[str(share)] = one(bench, dataclasses.replace(closed, clients=1000, rate=share * peak))
    return {"peak": peak, "rates": rates}


def text(result):
    lines = [f"peak, closed loop of 256 clients: {result['peak']:,.0f} sagas/s", f"{'of peak':>8} {'arriving/s':>11} {'ended/s':>9} {'p50 ms':>8} {'p99 ms':>8} {'p99.9 ms':>9}"]
    for share, one_rate in result["rates"].items():
        latency = one_rate["latency_us"]
        lines.append(
            f"{100 * float(share):6.0f} % {float(share) * result['peak']:11,.0f} {one_rate['per_second']:9,.0f} {latency['p50'] / 1000:8.1f} "
            f"{latency['p99'] / 1000:8.1f} {latency['p999'] / 1000:9.1f}"
        )
    lines.append("Latency from when a saga was due to arrive, so that waiting for a client counts.")
    return "\n".join(lines)


def drawings(result):
    points = [(100 * float(share), one_rate["latency_us"]["p99"] / 1000) for share, one_rate in result["rates"].items()]
    return [figure("p99 by arrivals, in percent of the peak", curve(points, "% of peak", " ms")), f"<pre>{text(result)}</pre>"]
