"""dtm beside Escrow: the same generator, in dtm's own HTTP protocol."""

import collections
import http.client
import json
import os
import time

from measure import drive
from peers import install
from processes import Failed, Process, free_port

WORKS = {"saga-64": "saga", "tcc-64": "tcc"}


class Dtm:
    """One server with its store, for as many runs as wanted."""

    def __init__(self, programs, folder, postgres=None):
        program, script = install.dtm()
        self.programs, self.runs = programs, 0
        self.port = free_port()
        environment = {**os.environ, "HTTP_PORT": str(self.port), "GRPC_PORT": str(free_port()), "JSON_RPC_PORT": str(free_port()), "LOG_LEVEL": "error"}
        self.postgres = postgres
        if postgres:
            postgres.database("dtm", script)
            environment |= {"STORE_DRIVER": "postgres", "STORE_HOST": "127.0.0.1", "STORE_PORT": str(postgres.port), "STORE_USER": "bench", "STORE_DB": "dtm"}
            environment |= {"STORE_PASSWORD": "none"}
        self.process = Process([str(program)], folder, "dtm", env=environment)
        until = time.monotonic() + 30
        while not self.is_up():
            if time.monotonic() > until or self.process.child.poll() is not None:
                self.kill()
                raise Failed(f"dtm did not start:\n{self.process.log.read_text()[-1000:]}")
            time.sleep(0.1)

    def is_up(self):
        try:
            return self.get("/api/dtmsvr/version") is not None
        except OSError:
            return False

    def get(self, path, connection=None):
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())

    def processes(self):
        return [self.process, *([self.postgres] if self.postgres else [])]

    def run(self, load, participants, seconds, warmup):
        self.runs += 1
        prefix = f"pair{self.runs:03}-"
        cpu = sum(process.cpu_s() for process in self.processes())
        more = ("--dialect", "dtm", "--gid-prefix", prefix)
        seen = drive(self.programs, load, f"127.0.0.1:{self.port}", participants, seconds, warmup, more)
        ended = max(1, sum(seen["ended_per_100ms"]))
        cpu = sum(process.cpu_s() for process in self.processes()) - cpu
        self.check(prefix, seen["begun"])
        return {"per_second": seen["per_second"], "latency_us": seen["latency_us"], "cpu_us": cpu / ended * 1e6, "ended": ended, "memory_kb": self.process.memory_kb()}

    def check(self, prefix, begun):
        """Asks for every transaction: each was said to have succeeded."""
        statuses = collections.Counter()
        connection = None
        for number in range(begun):
            connection, status = self.status_of(f"{prefix}{number:010}", connection)
            statuses[status] += 1
        if statuses["succeed"] != begun:
            raise Failed(f"dtm: {begun} transactions were said to have succeeded; asked, they are {dict(statuses)}")

    def status_of(self, gid, connection):
        """(connection to go on with, status). It has been seen to leave a question unanswered for 30 s."""
        for _ in range(3):
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                found = self.get(f"/api/dtmsvr/query?gid={gid}", connection).get("transaction")
                return connection, found["status"] if found else "absent"
            except TimeoutError:
                connection = None
        raise Failed(f"dtm does not answer for {gid}")

    def kill(self):
        self.process.kill()
