"""The coordinator is killed with many transactions in flight: how soon it calls again, and when all go on."""

import contextlib
import threading
import time

import loads
from measure import drive, settle, stage
from medians import median_of
from page import bars, figure
from processes import Coordinator, Failed, Participant

NAME = "recovery"
SAYS = "Killed with transactions in flight"
SAGAS = loads.Load("in-flight", "driven sagas, their first participant hangs", "saga-async")


class Watch(threading.Thread):
    """When a participant was first called, and when it had been called `wanted` times."""

    def __init__(self, participant, wanted, seconds):
        super().__init__(daemon=True)
        self.participant, self.wanted, self.until = participant, wanted, time.monotonic() + seconds
        self.first = self.all = None

    def run(self):
        while self.all is None and time.monotonic() < self.until:
            served, now = self.participant.served(), time.monotonic()
            if served and self.first is None:
                self.first = now
            if served >= self.wanted:
                self.all = now
            time.sleep(0.005)


def one(bench, count):
    with stage(bench.programs) as (folder, participants), contextlib.ExitStack() as stack:
        hung = Participant(bench.programs, folder, "hung", hangs=True)
        stack.callback(hung.kill)
        coordinator = Coordinator(bench.programs, folder)
        stack.callback(coordinator.kill)
        begin = ("--gid-prefix", "flight-", "--transactions", str(count), "--timeout-ms", "3600000")
        drive(bench.programs, SAGAS, coordinator.address, [hung, participants[0]], 300, 0, begin, checked=False)
        in_flight = coordinator.unfinished()
        coordinator.kill()
        hung.kill()
        port = int(hung.address.rsplit(":", 1)[1])
        well = Participant(bench.programs, folder, "well", port=port)
        stack.callback(well.kill)
        watch = Watch(well, count, 120)
        watch.start()
        began = time.monotonic()
        again = Coordinator(bench.programs, folder)
        stack.callback(again.kill)
        watch.join()
        if watch.all is None:
            raise Failed(f"of {count} transactions {well.served()} were called within two minutes of the new start")
        resumed = watch.all - began
        settle(again, seconds=120)
        ended = time.monotonic() - began
        if participants[0].served() < count * 0.9:  # those that had failed too often meanwhile were aborted
            raise Failed(f"only {participants[0].served()} of {count} went on to their second branch")
        return {"in_flight": in_flight, "ready_s": again.ready_after_s, "first_call_s": watch.first - began, "resumed_s": resumed, "ended_s": ended}


def run(bench):
    count, rounds = (5000, 1) if bench.quick else (100_000, bench.rounds)
    seen = []
    for number in range(rounds):
        bench.progress(f"killed with {count:,} in flight: {number + 1} of {rounds}")
        seen.append(one(bench, count))
    return {"median": median_of(seen), "rounds": seen}


def text(result):
    median = result["median"]
    return (
        f"killed with {median['in_flight']:,.0f} in flight; from the new start: serving after {median['ready_s']:.2f} s, first call after "
        f"{median['first_call_s']:.2f} s, each called again after {median['resumed_s']:.1f} s, all ended after {median['ended_s']:.1f} s"
    )


def drawings(result):
    steps = [(name, result["median"][key]) for name, key in (("serving", "ready_s"), ("first call", "first_call_s"), ("all called", "resumed_s"), ("all ended", "ended_s"))]
    return [figure("Seconds after the new start", bars(steps, "s", digits=2)), f"<p>{text(result)}</p>"]
