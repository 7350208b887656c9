"""Pairs: Escrow and a peer do the same work in turn, Escrow first, and what counts is the ratio of each turn."""

import contextlib
import dataclasses
import pathlib
import statistics
import tempfile
import typing

import loads
from measure import drive, measure, stage
from medians import median_of
from peers import dtm, seata
from peers.postgres import Postgres
from processes import Floor

RPC = "Its branches travel over its own RPC and are one process with the initiator, whose tries cost nothing; Escrow calls HTTP participants that do nothing."


class FloorPeer:
    """The least coordinator as a peer. A new one for each run, as Escrow."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder

    def run(self, load, participants, seconds, warmup):
        with tempfile.TemporaryDirectory(dir=self.folder) as name, contextlib.ExitStack() as stack:
            floor = Floor(self.programs, pathlib.Path(name))
            stack.callback(floor.kill)
            cpu = floor.cpu_s()
            seen = drive(self.programs, load, floor.address, participants, seconds, warmup)
            ended = max(1, sum(seen["ended_per_100ms"]))
            cpu = floor.cpu_s() - cpu
            return {"per_second": seen["per_second"], "latency_us": seen["latency_us"], "cpu_us": cpu / ended * 1e6, "ended": ended, "memory_kb": floor.memory_kb()}

    def kill(self):
        pass


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    says: str
    works: tuple
    make: typing.Callable  # programs, folder, PostgreSQL or nothing
    needs_postgres: bool = False
    warm_s: float = 0  # what it runs before anything counts
    note: str = ""


PEERS = [
    Peer("floor", "bench/floor, the least coordinator", ("saga-64", "tcc-64", "tcc-together"), lambda programs, folder, _: FloorPeer(programs, folder)),
    Peer("dtm-bolt", "dtm 1.19.0, BoltDB (its default)", tuple(dtm.WORKS), lambda programs, folder, _: dtm.Dtm(programs, folder), warm_s=2),
    Peer("dtm-postgres", "dtm 1.19.0, PostgreSQL", tuple(dtm.WORKS), dtm.Dtm, needs_postgres=True, warm_s=2),
    Peer(
        "seata-sync", "Seata 2.0.0, file store, synchronous flush", tuple(seata.WORKS),
        lambda programs, folder, _: seata.Seata(folder, "sync"), warm_s=20, note=RPC,
    ),
    Peer(
        "seata-async", "Seata 2.0.0, file store, asynchronous flush: answers before anything is on disk", tuple(seata.WORKS),
        lambda programs, folder, _: seata.Seata(folder, "async"), warm_s=20, note=RPC,
    ),
    Peer(
        "seata-postgres", "Seata 2.0.0, PostgreSQL", tuple(seata.WORKS),
        lambda programs, folder, postgres: seata.Seata(folder, postgres=postgres), needs_postgres=True, warm_s=20, note=RPC,
    ),
]  # fmt: skip


def turns(programs, peer, rounds, seconds, quick, progress):
    """Every work of one peer, `rounds` times in turn. Yields a pair for each work."""
    known = {load.name: load for load in loads.LOADS}
    with stage(programs) as (folder, participants), contextlib.ExitStack() as stack:
        postgres = None
        if peer.needs_postgres:
            postgres = Postgres(folder)
            stack.callback(postgres.kill)
        other = peer.make(programs, folder, postgres)
        stack.callback(other.kill)
        if peer.warm_s:
            progress(f"{peer.name}: warming up")
            other.run(known[peer.works[0]], participants, 1, min(3, peer.warm_s) if quick else peer.warm_s)
        for work in peer.works:
            seen = []
            for number in range(rounds):
                progress(f"{work} beside {peer.name}: {number + 1} of {rounds}")
                escrow = measure(programs, known[work], seconds)
                seen.append({"escrow": trimmed(escrow), "peer": other.run(known[work], participants, seconds, 1.0)})
            yield pair(known[work], peer, seen)


def trimmed(escrow):
    return {
        "per_second": escrow["per_second"],
        "latency_us": escrow["latency_us"],
        "cpu_us": escrow["per_tx"]["coordinator_cpu_us"],
        "memory_kb": escrow["memory_kb"]["peak"],
    }


def pair(load, peer, seen):
    ratios = [turn["escrow"]["per_second"] / max(1.0, turn["peer"]["per_second"]) for turn in seen]
    return {
        "work": load.name,
        "says": load.says,
        "peer": peer.name,
        "peer_says": peer.says,
        "note": peer.note,
        "ratio": {"median": statistics.median(ratios), "least": min(ratios), "most": max(ratios)},
        "escrow": median_of([turn["escrow"] for turn in seen]),
        "other": median_of([turn["peer"] for turn in seen]),
        "turns": seen,
    }


def render(pairs):
    lines = [f"{'work':14} {'beside':16} {'Escrow/s':>9} {'peer/s':>9} {'ratio':>7}  {'least to most':>15}  {'p99 ms':>7} {'peer':>7}  {'MB':>5} {'peer':>5}"]
    for one in pairs:
        ratio, escrow, other = one["ratio"], one["escrow"], one["other"]
        lines.append(
            f"{one['work']:14} {one['peer']:16} {escrow['per_second']:9,.0f} {other['per_second']:9,.0f} {ratio['median']:7.2f}  "
            f"{ratio['least']:6.2f} to {ratio['most']:5.2f}  {escrow['latency_us']['p99'] / 1000:7.1f} {other['latency_us']['p99'] / 1000:7.1f}  "
            f"{escrow['memory_kb'] / 1000:5.0f} {other['memory_kb'] / 1000:5.0f}"
        )
    for one in pairs:
        for key, says in (("late", "were told committed before their branches were"), ("open", "were told committed and still committing on its server when the run was over")):
            if one["other"].get(key):
                lines.append(f"{one['peer']}, {one['work']}: {one['other'][key]:,.0f} of {one['other']['ended']:,.0f} {says}")
    notes = sorted({f"{one['peer'].split('-')[0]}: {one['note']}" for one in pairs if one["note"]})
    return "\n".join([*lines, *notes])
