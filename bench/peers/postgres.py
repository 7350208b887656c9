"""A PostgreSQL cluster of its own in a scratch folder: durable as it comes, on a free port of the loopback, ended by its pid."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

from processes import Failed, Process, free_port


def programs():
    """The folder of the newest installed server."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise Failed("no PostgreSQL server is installed")
    return found[-1].parent


def account():
    """PostgreSQL refuses to run as root: as its package's account, then."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class Postgres(Process):
    def __init__(self, folder):
        where, data = programs(), folder / "postgres"
        data.mkdir()
        if account():
            # The scratch folder is only its maker's; its way in is not secret.
            folder.chmod(0o711)
            shutil.chown(data, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        made = subprocess.run(
            [where / "initdb", "-D", data, "-U", "bench", "--auth=trust", "-E", "UTF8", "--locale=C"], cwd="/", capture_output=True, text=True, **account()
        )
        if made.returncode != 0:
            raise Failed(f"initdb: {made.stderr[-1000:]}")
        self.port = free_port()
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(data), "max_connections": "600"}
        flags = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        super().__init__([str(where / "postgres"), "-D", str(data), "-p", str(self.port), *flags], data, "postgres", log_folder=folder, **account())
        until = time.monotonic() + 30
        while not self.answers("SELECT 1", "postgres"):
            if time.monotonic() > until or self.child.poll() is not None:
                raise Failed(f"PostgreSQL did not start:\n{self.log.read_text()[-1000:]}")
            time.sleep(0.1)

    def psql(self, arguments, database):
        command = [programs() / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-d", database, *arguments]
        return subprocess.run(command, cwd="/", capture_output=True, text=True)

    def answers(self, statement, database):
        return self.psql(["-c", statement], database).returncode == 0

    def database(self, name, script):
        """A new database with the tables of `script`."""
        for database, arguments in (("postgres", ["-c", f"CREATE DATABASE {name}"]), (name, ["-f", str(script)])):
            ran = self.psql(arguments, database)
            if ran.returncode != 0:
                raise Failed(f"psql: {ran.stderr[-1000:]}")

    def cpu_s(self):
        return self.family_cpu_s()

    def kill(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)  # a fast shutdown
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
