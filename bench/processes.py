"""The processes of a run: started on free ports of the loopback, measured through /proc, ended by their pid."""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.request

TICKS = os.sysconf("SC_CLK_TCK")
# Outside of the repository: what takes long to get or to make.
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "escrow-bench"


class Failed(Exception):
    """A process did not do what a run needs."""


PR_SET_PDEATHSIG = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    """For programs that cannot take a port themselves and say which."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """One child: its CPU seconds, bytes written and memory."""

    def __init__(self, arguments, folder, name, log_folder=None, takes_input=False, piped=True, **more):
        """`more`: what subprocess.Popen is told besides. Ends with this program, however that ends."""
        self.name = name
        self.log = (log_folder or folder) / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                arguments, stdout=subprocess.PIPE if piped else log, stderr=log, stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
                cwd=folder, preexec_fn=end_with_parent, **more,
            )  # fmt: skip

    def first_line(self):
        line = self.child.stdout.readline().decode().strip()
        if not line:
            raise Failed(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
        return line

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def family_cpu_s(self):
        """With its children, those that have ended and those that live."""
        total = 0
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{int(name)}/stat").read_text().rsplit(")", 1)[1].split() if name.isdigit() else None
                if fields and int(name) == self.child.pid:
                    total += sum(int(field) for field in fields[11:15])
                elif fields and int(fields[1]) == self.child.pid:
                    total += int(fields[11]) + int(fields[12])
        return total / TICKS

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
    """escrowd with its log in `folder`. `settings`: names as in docs/settings.md."""

    def __init__(self, programs, folder, log="log.db", settings=None, wrapper=()):
        flags = [*wrapper, str(programs / "escrowd"), "--listen", "127.0.0.1:0", "--store", f"sqlite:{folder / log}"]
        environment = {f"ESCROW_{name.replace('.', '_').upper()}": str(value) for name, value in (settings or {}).items()}
        began = time.monotonic()
        super().__init__(flags, folder, "escrowd", env={**os.environ, **environment})
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

    def __init__(self, programs, folder, name="participant", port=0, hangs=False):
        super().__init__([str(programs / "escrow-bench-participant"), "--port", str(port), *(["--hangs"] if hangs else [])], folder, name)
        self.address = f"127.0.0.1:{self.first_line()}"

    def served(self):
        """How many requests it has answered with 200."""
        with urllib.request.urlopen(f"http://{self.address}/served", timeout=60) as answer:
            return int(answer.read())


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
