"""Every load against a fresh coordinator."""

import table
from measure import measure, measure_floor
from medians import median_of
from page import bars, course, figure

NAME = "loads"
SAYS = "What one coordinator carries"


def run(bench):
    results = {load.name: [] for load in bench.loads}
    # All loads once before any runs again, so that an hour in which the machine is busy with something else touches all of them.
    for number in range(bench.rounds):
        for load in bench.loads:
            bench.progress(f"round {number + 1} of {bench.rounds}: {load.says}")
            results[load.name].append(measure(bench.programs, load, bench.seconds))
            if load.floor:
                # Right after, so that both see the same machine.
                results[load.name][-1]["floor"] = measure_floor(bench.programs, load, bench.seconds)
    return {load.name: {"says": load.says, "median": median_of(results[load.name]), "rounds": results[load.name]} for load in bench.loads}


def text(result):
    return table.render(result)


def drawings(result):
    medians = [(name, load["median"]) for name, load in result.items()]
    return [
        table.as_html(result),
        figure("Transactions a second", bars([(name, median["per_second"]) for name, median in medians], "/s")),
        figure("p99 latency", bars([(name, median["latency_us"]["p99"] / 1000) for name, median in medians], "ms")),
        figure(
            "The coordinator's processor time for each transaction",
            bars([(name, median["per_tx"]["coordinator_cpu_us"]) for name, median in medians], "us"),
        ),
        *(figure(f"{load['says']}: ended a second, over the run", course(load["median"]["ended_per_100ms"])) for load in result.values()),
    ]
