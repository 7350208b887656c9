#!/usr/bin/env python3
"""Who holds the memory of active transactions: docs/profile-memory.md, by valgrind's massif. ./dev build first, then
python3 -B bench/heap.py --programs build/release/bin
"""

import argparse
import contextlib
import pathlib
import re

from measure import drive, stage
from processes import Coordinator, Failed, Participant
from sections.memory import KEPT, LOADS

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "profile-memory.md"
COUNT = 6000

HEAD = """\
# Where memory goes

Written by `bench/heap.py`: the heap of a coordinator that holds {count:,} active transactions (interactive TCC, 2 branches of 200 B), as valgrind's massif saw it,
in bytes for each transaction, by the first function of ours that asked for it. SQLite's share is
its page cache, which has a bound and does not grow with the transactions. What is below {least} B is left out.

| bytes | asked for by |
| --- | --- |
"""


def tree(text):
    """[(depth, bytes, frame)] of the largest snapshot that has one."""
    snapshots = [part for part in text.split("snapshot=")[1:] if "heap_tree=empty" not in part]
    if not snapshots:
        raise Failed("massif took no detailed snapshot")
    largest = max(snapshots, key=lambda part: int(re.search(r"mem_heap_B=(\d+)", part)[1]))
    return [(len(m[1]), int(m[2]), m[3]) for m in re.finditer(r"^( *)n\d+: (\d+) (.*)$", largest, re.M)]


def by_asker(frames):
    """{function: bytes}: each branch of the tree counts where it first comes to a function of ours, or to SQLite."""
    found, inside = {}, None
    for depth, size, frame in frames:
        if inside is not None and depth > inside:
            continue
        inside = None
        name = re.search(r"(escrow::[\w:]+(?:\(anonymous namespace\)::\w+)?|sqlite3Malloc)", frame)
        if name and depth > 0:
            called = name[1].replace("(anonymous namespace)::", "")
            found[called] = found.get(called, 0) + size
            inside = depth
    return found


def measure(programs):
    with stage(programs) as (folder, _), contextlib.ExitStack() as stack:
        out = folder / "massif.out"
        participant = Participant(programs, folder, "hung", hangs=True)
        stack.callback(participant.kill)
        wrapper = ("valgrind", "--tool=massif", "--depth=30", "--threshold=0.3", f"--massif-out-file={out}")
        coordinator = Coordinator(programs, folder, settings=KEPT, wrapper=wrapper)
        stack.callback(coordinator.kill)
        begin = ("--timeout-ms", "3600000", "--gid-prefix", "heap-", "--transactions", str(COUNT))
        drive(programs, LOADS["waiting"], coordinator.address, [participant], 600, 0, begin, checked=False)
        coordinator.stop(120)
        return by_asker(tree(out.read_text()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    options = parser.parse_args()
    found = measure(options.programs.resolve())
    least = 20
    rows = sorted(((size // COUNT, name) for name, size in found.items() if size // COUNT >= least), reverse=True)
    PAGE.write_text(HEAD.format(count=COUNT, least=least) + "".join(f"| {size:,} | `{name}` |\n" for size, name in rows))


if __name__ == "__main__":
    main()
