#!/usr/bin/env python3
"""overload.py PROGRAMS: ten times what a coordinator carries is offered to it, and then half of it again (the plan's G19).

PROGRAMS is the folder of a release build with escrowd, escrow-bench-load and escrow-bench-participant. Prints what was carried before, under
and after the overload, how long it took to be back, and the memory. Everything runs on this machine, so the load takes its part of it.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

CLIENTS = 400


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0


class Watch:
    """The coordinator's memory, ten times a second."""

    def __init__(self, pid):
        self.pid = pid
        self.most = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.is_over.wait(0.1):
            self.most = max(self.most, resident_mb(self.pid))

    def end(self):
        self.is_over.set()
        self.thread.join()
        return self.most


def main():
    programs = pathlib.Path(sys.argv[1])
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory() as folder:
        participant = subprocess.Popen([programs / "escrow-bench-participant"], stdout=subprocess.PIPE)
        address = "127.0.0.1:" + participant.stdout.readline().decode().split()[-1].rsplit(":", 1)[-1]
        with open(f"{folder}/escrowd.log", "wb") as log:
            escrowd = subprocess.Popen(
                [programs / "escrowd", "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder}/escrow.db", "--log-level", "warning"],
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        where = escrowd.stdout.readline().decode().split()[-1].removeprefix("http://")
        try:

            def load(name, length, *more):
                done = subprocess.run(
                    [programs / "escrow-bench-load", "--scenario", "saga", "--coordinator", where, "--participant", address, "--branches", "2",
                     "--seconds", str(length), "--gid-prefix", name, *more],
                    capture_output=True, check=True,
                )  # fmt: skip
                return json.loads(done.stdout.splitlines()[-1])

            peak = max(load(f"peak{clients}", 6, "--warmup", "1", "--clients", str(clients))["per_second"] for clients in (64, 400, 2000, 4000))
            calm_mb = resident_mb(escrowd.pid)
            watch = Watch(escrowd.pid)
            over = load("over", seconds, "--clients", str(CLIENTS * 10), "--rate", str(peak * 10), "--drain", "0")
            most_mb = watch.end()
            begun = time.monotonic()
            after = load("after", 15, "--clients", str(CLIENTS), "--rate", str(peak / 2), "--drain", "5")
            slots = after["ended_per_100ms"]
            # Back when a whole second carries nine tenths of what is offered.
            back = next((i / 10 for i in range(len(slots) - 9) if sum(slots[i : i + 10]) >= 0.9 * peak / 2), None)
            print(f"peak: {peak:.0f} sagas of two steps a second")
            print(f"offered {peak * 10:.0f} a second for {seconds:.0f} s: {over['per_second']:.0f} a second ended, {over['per_second'] / peak:.0%} of the peak;"
                  f" begun {over['begun']}, refused {over['refused']}, dropped by the load {over['dropped']}, wrong {over['wrong']}")  # fmt: skip
            print(f"then {peak / 2:.0f} a second: carried {'never' if back is None else f'{back:.1f} s after'} it began; p99 {after['latency_us']['p99'] / 1000:.0f} ms;"
                  f" refused {after['refused']}")  # fmt: skip
            print(f"memory: {calm_mb:.0f} MB before, at most {most_mb:.0f} MB under it, {resident_mb(escrowd.pid):.0f} MB {time.monotonic() - begun:.0f} s later")
            is_good = over["per_second"] >= 0.8 * peak and back is not None and back <= 10 and over["wrong"] == 0
            return 0 if is_good else 1
        finally:
            escrowd.kill()
            participant.kill()


if __name__ == "__main__":
    sys.exit(main())
