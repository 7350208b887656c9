"""One load against one fresh coordinator: what it carried and what that cost."""

import contextlib
import http.client
import json
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.request

from processes import Coordinator, Failed, Floor, Participant


class Follower(threading.Thread):
    """A reader of the event stream, as the console is one. Reads bytes and keeps none."""

    def __init__(self, address, path):
        super().__init__(daemon=True)
        self.answer = urllib.request.urlopen(f"http://{address}{path}", timeout=60)
        self.bytes = 0

    def run(self):
        # The coordinator's end ends the stream in the middle of a chunk.
        with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
            while piece := self.answer.read1(1 << 16):
                self.bytes += len(piece)


class Asker(threading.Thread):
    """Asks for its paths every five seconds, as an open page does, until it is stopped."""

    def __init__(self, coordinator, paths):
        super().__init__(daemon=True)
        self.coordinator, self.paths, self.stopped = coordinator, paths, threading.Event()

    def run(self):
        while True:
            for path in self.paths:
                self.coordinator.get(path)
            if self.stopped.wait(5):
                return


def settle(coordinator, others=0, seconds=60):
    """Waits until all but `others` have ended, as a coordinator must let them."""
    until = time.monotonic() + seconds
    while (left := coordinator.unfinished()) > others:
        if time.monotonic() > until:
            raise Failed(f"{left - others} transactions are unfinished {seconds} s after the load's end")
        time.sleep(0.1)


def calls_of(load, seen):
    """How many calls that participants answered well the transactions of a run must have led to, at least."""
    for_each = {"start": 0, "saga-async": 0, "tcc": 2, "tcc-together": 2, "tcc-driven": 2}.get(load.scenario, 1)
    return int(sum(seen["ended_per_100ms"]) * (1 - load.aborts)) * load.branches * for_each


def drive(programs, load, address, participants, seconds, warmup, more=None, checked=True, prefix=()):
    """Runs the generator against whoever listens at `address`; what it printed. Raises Failed when anything ended otherwise than it had to;
    `checked`: or participants saw fewer calls than that takes."""
    # A log that is lent again holds the gids of earlier runs.
    own = ("--gid-prefix", f"bench-{time.time_ns() // 1_000_000:x}-")
    command = [*prefix, str(programs / "escrow-bench-load"), "--coordinator", address, *(more or own)]
    for participant in participants:
        command += ["--participant", participant.address]
    before = sum(participant.served() for participant in participants) if checked else 0
    run = subprocess.run([*command, *load.arguments(seconds, warmup)], capture_output=True, text=True, timeout=seconds + warmup + 120)
    if run.returncode != 0:
        raise Failed(f"{load.name}: {run.stdout[:400]} {run.stderr[:400]}")
    seen = json.loads(run.stdout)
    if seen["unended"]:
        raise Failed(f"{load.name}: {seen['unended']} transactions did not end")
    if not checked:
        return seen
    calls = sum(participant.served() for participant in participants) - before
    if calls < calls_of(load, seen):
        raise Failed(f"{load.name}: its transactions need {calls_of(load, seen)} calls of participants, which saw {calls}")
    return seen


@contextlib.contextmanager
def stage(programs):
    """(folder, two participants), gone at the end."""
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as name, contextlib.ExitStack() as stack:
        folder = pathlib.Path(name)
        participants = [Participant(programs, folder, f"participant-{i}") for i in (1, 2)]
        for participant in participants:
            stack.callback(participant.kill)
        yield folder, participants


def measure_floor(programs, load, seconds=5.0, warmup=1.0):
    """What the least coordinator does with `load`."""
    with stage(programs) as (folder, participants):
        floor = Floor(programs, folder)
        try:
            cpu = floor.cpu_s()
            seen = drive(programs, load, floor.address, participants, seconds, warmup)
            cpu_us = (floor.cpu_s() - cpu) / max(1, sum(seen["ended_per_100ms"])) * 1e6
        finally:
            floor.kill()
        return {"per_second": seen["per_second"], "latency_us": seen["latency_us"], "cpu_us": cpu_us}


def measure(programs, load, seconds=5.0, warmup=1.0, settings=None, prepare=None, finish=None):
    """Runs `load` once, against a log that `prepare(folder)` has put there or a new one; `finish(folder)` gets it back, closed. Returns a dict of plain numbers; raises Failed when any
    transaction ended otherwise than it had to."""
    with stage(programs) as (folder, participants), contextlib.ExitStack() as stack:
        if prepare:
            prepare(folder)
        coordinator = Coordinator(programs, folder, settings=settings)
        stack.callback(coordinator.kill)
        idle_kb, unfinished = coordinator.memory_kb(), coordinator.unfinished()
        before = coordinator.metrics()
        followers = [Follower(coordinator.address, path) for path in load.streams]
        askers = [Asker(coordinator, load.asked)] if load.asked else []
        for thread in (*followers, *askers):
            thread.start()
        cpu = {process: process.cpu_s() for process in (coordinator, *participants)}
        written = coordinator.written_bytes()
        seen = drive(programs, load, coordinator.address, participants, seconds, warmup)
        for asker in askers:
            asker.stopped.set()
            asker.join()
        if load.scenario != "start":
            settle(coordinator, unfinished)
        ended = max(1, sum(seen["ended_per_100ms"]))
        metrics = coordinator.metrics()
        result = {
            **seen,
            "load": load.name,
            "ready_after_s": coordinator.ready_after_s,
            "per_tx": {
                "coordinator_cpu_us": (coordinator.cpu_s() - cpu[coordinator]) / ended * 1e6,
                "generator_cpu_us": seen["cpu_s"] / max(1.0, seen["per_second"] * seconds) * 1e6,
                "participants_cpu_us": sum(p.cpu_s() - cpu[p] for p in participants) / ended * 1e6,
                # Each commit is one fsync of the write-ahead log.
                "commits": (metrics["escrow_store_commits_total"] - before["escrow_store_commits_total"]) / ended,
                "written_bytes": (coordinator.written_bytes() - written) / ended,
            },
            "memory_kb": {"idle": idle_kb, "after": coordinator.memory_kb(), "peak": coordinator.memory_kb("VmHWM")},
            "followed_bytes": sum(follower.bytes for follower in followers),
        }
        if finish:
            coordinator.stop()
            finish(folder)
        return result
