"""Seata beside Escrow: its server, driven through its own Java clients (seata/Driver.java)."""

import json
import pathlib
import time

from peers import install
from processes import Failed, Process, free_port

HERE = pathlib.Path(__file__).resolve().parent
# Its TCC is one thing; Escrow has it with registrations of their own and with both branches in the start.
WORKS = {"tcc-64": "TCC", "tcc-together": "TCC"}
# What Java 17 wants for the libraries that it was made with.
OPENS = [
    part
    for package in ("java.lang", "java.lang.reflect", "java.util", "java.util.concurrent", "java.net", "java.io", "java.nio", "java.math", "java.text", "sun.net.util")
    for part in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")
]

SETTINGS = """\
server: {{port: {http}, address: 127.0.0.1}}
spring: {{application: {{name: seata-server}}}}
logging:
  file: {{path: {folder}}}
  level: {{root: WARN}}
console: {{user: {{username: bench, password: bench}}}}
seata:
  config: {{type: file}}
  registry: {{type: file}}
  server: {{service-port: {rpc}}}
  store:
    mode: {mode}
    session: {{mode: {mode}}}
    lock: {{mode: {mode}}}
{store}
  security:
    secretKey: {secret}
    tokenValidityInMilliseconds: 1800000
    ignore: {{urls: "/**"}}
"""

FILE = "    file: {{dir: {folder}/sessions, flush-disk-mode: {flush}}}"
DATABASE = """\
    db: {{datasource: druid, db-type: postgresql, driver-class-name: org.postgresql.Driver, url: "jdbc:postgresql://127.0.0.1:{port}/seata", user: bench, password: none,
      min-conn: 10, max-conn: 100, global-table: global_table, branch-table: branch_table, lock-table: lock_table, distributed-lock-table: distributed_lock}}"""


class Seata:
    """One server and one driver, for as many runs as wanted: both are Java, and fast only after a while."""

    def __init__(self, folder, flush="", postgres=None):
        server_path, driver_path = install.seata()
        self.postgres = postgres
        http, rpc = free_port(), free_port()
        if postgres:
            postgres.database("seata", HERE / "seata" / "schema.sql")
            store = DATABASE.format(port=postgres.port)
        else:
            store = FILE.format(folder=folder, flush=flush)
        settings = SETTINGS.format(http=http, rpc=rpc, folder=folder, mode="db" if postgres else "file", store=store, secret="0" * 64)
        (folder / "application.yml").write_text(settings)
        java = ["java", "-Xms512m", "-Xmx2048m", *OPENS]
        place = f"-Dspring.config.location=file:{folder / 'application.yml'}"
        self.server = Process([*java, place, "-cp", server_path, "io.seata.server.ServerApplication"], folder, "seata", piped=False)
        self.wait_for_port(rpc)
        group = [f"-Dservice.default.grouplist=127.0.0.1:{rpc}", "-Dservice.vgroupMapping.bench=default"]
        self.driver = Process(["java", "-Xms512m", "-Xmx2048m", *OPENS, *group, "-cp", driver_path, "Driver"], folder, "driver", takes_input=True)
        try:
            self.until_line(lambda line: line == "ready")
        except Failed:
            self.kill()
            raise

    def wait_for_port(self, port):
        """The server listens as the last thing of its start."""
        wanted, until = f":{port:04X} ", time.monotonic() + 120
        while not any(wanted in line and " 0A " in line for name in ("tcp", "tcp6") for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()):
            if time.monotonic() > until or self.server.child.poll() is not None:
                said = self.server.log.read_text()[-3000:]
                self.server.kill()
                raise Failed(f"Seata did not start:\n{said}")
            time.sleep(0.2)

    def until_line(self, wanted):
        """Libraries print lines of their own."""
        while line := self.driver.child.stdout.readline().decode():
            if wanted(line.strip()):
                return line
        raise Failed(f"Seata's driver ended:\n{self.driver.log.read_text()[-2000:]}")

    def processes(self):
        return [self.server, *([self.postgres] if self.postgres else [])]

    def run(self, load, participants, seconds, warmup):
        cpu = sum(process.cpu_s() for process in self.processes())
        self.driver.child.stdin.write(f"{load.clients} {load.branches} {warmup} {seconds} {load.payload} {2 if self.postgres else 60}\n".encode())
        self.driver.child.stdin.flush()
        seen = json.loads(self.until_line(lambda line: line.startswith("{")))
        cpu = sum(process.cpu_s() for process in self.processes()) - cpu
        # With a database its server ends what is committed two minutes later, by design: counted, and said beside the figure.
        if seen["wrong"] or (seen["open"] and not self.postgres):
            raise Failed(f"Seata: {seen['open']} did not end; {seen['wrong']}")
        return {
            "per_second": seen["per_second"],
            "latency_us": seen["latency_us"],
            "cpu_us": cpu / max(1, seen["ended"]) * 1e6,
            "ended": seen["ended"],
            "late": seen["late"],
            "open": seen["open"],
            "settle_s": seen["settle_s"],
            "memory_kb": self.server.memory_kb(),
        }

    def kill(self):
        self.driver.kill()
        self.server.kill()
