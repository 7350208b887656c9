"""Prepared logs: made once, kept in the cache folder, lent to runs."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import urllib.request

from processes import CACHE, Coordinator, Failed, Participant

HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = HERE.parent / "coordinator" / "store" / "sqlite" / "schema"
# What a row looks like is in these; another content asks for another log.
FORMAT = [HERE.parent / "docs" / "log-format.md", HERE / "log" / "main.cpp", *sorted(SCHEMA.glob("*.sql"))]
YEAR_MS = 31536000000
# Else a cached log would be cleared of what is older than a week.
KEEP = {"retention_ms": 10 * YEAR_MS, "tombstone_ms": 10 * YEAR_MS}


def post(coordinator, path, body):
    request = urllib.request.Request(f"http://{coordinator.address}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def write_templates(programs, folder, log):
    """A log with the two transactions that escrow-bench-log copies."""
    participant = Participant(programs, folder)
    coordinator = Coordinator(programs, folder, log=log)
    try:
        url, payload = f"http://{participant.address}/ok", {"p": "x" * 192}
        saga = [{"id": f"b{i}", "action": f"{url}/action", "compensate": f"{url}/compensate", "payload": payload} for i in (0, 1)]
        tcc = [{"id": f"b{i}", "confirm": f"{url}/confirm", "cancel": f"{url}/cancel", "payload": payload} for i in (0, 1)]
        finished = post(coordinator, "/v1/transactions?wait_ms=30000", {"gid": "template-finished", "mode": "saga", "branches": saga})
        if finished["status"] != "committed":
            raise Failed(f"the template ended {finished['status']}")
        post(coordinator, "/v1/transactions", {"gid": "template-waiting", "mode": "tcc", "interactive": True, "timeout_ms": YEAR_MS, "branches": tcc})
        coordinator.stop()
    finally:
        coordinator.kill()
        participant.kill()
    with contextlib.closing(sqlite3.connect(folder / log)) as written:
        version = written.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    if version != len(list(SCHEMA.glob("*.sql"))):
        raise Failed(f"escrowd writes version {version} of the log, the sources have another: build it first")


def place(finished, waiting):
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in FORMAT)).hexdigest()[:12]
    return CACHE / "logs" / f"{finished}-{waiting}-{digest}.db"


def prepared(programs, finished, waiting):
    """Path of a log with so many finished and waiting transactions."""
    path = place(finished, waiting)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{finished}-{waiting}-*.db"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="escrow-bench-", dir=path.parent) as name:
        folder = pathlib.Path(name)
        write_templates(programs, folder, "log.db")
        command = [programs / "escrow-bench-log", "--log", folder / "log.db", "--finished", str(finished), "--waiting", str(waiting)]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode != 0:
            raise Failed(f"escrow-bench-log: {made.stderr}")
        check(programs, folder, waiting)
        (folder / "log.db").rename(path)
    return path


def check(programs, folder, waiting):
    """A coordinator reads the copies as its own."""
    coordinator = Coordinator(programs, folder, settings=KEEP)
    try:
        statuses = [json.loads(coordinator.get(f"/v1/transactions/template-{name}-0000000001"))["status"] for name in ("finished", "waiting")]
        if statuses != ["committed", "active"] or coordinator.unfinished() != waiting + 1:
            raise Failed(f"the copies read {statuses}; {coordinator.unfinished()} are unfinished")
        coordinator.stop()
    finally:
        coordinator.kill()


# From here on a copy would take longer than the run.
TOO_LARGE_TO_COPY = 5_000_000


def lend(programs, finished, waiting, folder):
    """A copy as `log.db` in `folder`; a very large log goes there itself, and is lost when it is not given back."""
    path = prepared(programs, finished, waiting)
    if finished < TOO_LARGE_TO_COPY:
        shutil.copyfile(path, folder / "log.db")
        with open(folder / "log.db", "rb") as copy:
            os.fsync(copy.fileno())  # else the disk is still busy with it when the run begins
    else:
        shutil.move(path, folder / "log.db")


def give_back(programs, finished, waiting, folder):
    """After a clean end of its coordinator. What a few runs add to so large a log does not count."""
    if finished >= TOO_LARGE_TO_COPY:
        shutil.move(folder / "log.db", place(finished, waiting))
