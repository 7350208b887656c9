"""The processes of a run: started on free ports of the loopback, measured through /proc, ended by their pid."""

import os
import pathlib
import re
import subprocess
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A process did not do what a run needs."""


class Process:
    """One child: its CPU seconds, bytes written and memory."""

    def __init__(self, arguments, folder, name):
        self.name = name
        self.log = folder / f"{name}.log"
        self.child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=open(self.log, "wb"), stdin=subprocess.DEVNULL, cwd=folder)

    def first_line(self):
        line = self.child.stdout.readline().decode().strip()
        if not line:
            raise Failed(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
        return line

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def written_bytes(self):
        return int(re.search(r"^write_bytes: (\d+)", pathlib.Path(f"/proc/{self.child.pid}/io").read_text(), re.M).group(1))

    def memory_kb(self, key="VmRSS"):
        return int(re.search(rf"^{key}:\s+(\d+)", pathlib.Path(f"/proc/{self.child.pid}/status").read_text(), re.M).group(1))

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=30):
        """Asks it to end; returns its exit status."""
        self.child.terminate()
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not end within {seconds} s of SIGTERM") from None


class Coordinator(Process):
    """escrowd with its log in `folder`."""

    def __init__(self, programs, folder, log="log.db", settings=()):
        flags = [str(programs / "escrowd"), "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder / log}", *settings]
        began = time.monotonic()
        super().__init__(flags, folder, "escrowd")
        line = self.first_line()
        self.ready_after_s = time.monotonic() - began
        self.address = line.rsplit("/", 1)[1]

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=60) as answer:
            return answer.read().decode()

    def metrics(self):
        """{name with labels: value}"""
        lines = (line.rsplit(" ", 1) for line in self.get("/metrics").splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    def unfinished(self):
        return int(sum(value for name, value in self.metrics().items() if name.startswith("escrow_transactions_unfinished")))


class Floor(Process):
    """The least coordinator, to compare with: the same work and durable points, no features."""

    def __init__(self, programs, folder):
        super().__init__([str(programs / "escrow-bench-floor"), "--log", str(folder / "floor.db")], folder, "floor")
        self.address = self.first_line().rsplit("/", 1)[1]


class Participant(Process):
    """Answers whatever the load wants answered."""

    def __init__(self, programs, folder, name="participant"):
        super().__init__([str(programs / "escrow-bench-participant")], folder, name)
        self.address = f"127.0.0.1:{self.first_line()}"


def fdatasync_ms(folder, count=400):
    """What the disk takes for 4 KiB and fdatasync, into a file written before: (p50, p99) in milliseconds."""
    path = folder / "disk"
    block = os.urandom(4096)
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        os.write(descriptor, bytes(4096 * count))
        os.fsync(descriptor)
        took = []
        for i in range(count):
            began = time.perf_counter()
            os.pwrite(descriptor, block, 4096 * i)
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(descriptor)
        path.unlink()
    took.sort()
    return took[count // 2], took[count * 99 // 100]
