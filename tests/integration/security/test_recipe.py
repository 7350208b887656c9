"""Runs the recipe "In ten minutes" of docs/security.md against the real program. test_recipe.py ESCROWD REPOSITORY

The commands are those of the page. What only a machine with systemd has is put in its place: the folders lie in a temporary one, systemctl
hands over the files that the drop-in names and starts escrowd as the unit does, and the address is loopback with a free port.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PATIENCE = 60


class Machine:
    def __init__(self, escrowd, folder):
        self.folder = folder
        self.credentials = folder / "credentials"
        self.child = None
        programs = folder / "bin"
        programs.mkdir()
        (programs / "escrowd").symlink_to(escrowd)
        # Which of its calls come when is part of what is tried: the second half of the recipe runs once `enable --now` has been called.
        (programs / "systemctl").write_text(f"#!/bin/sh\necho \"$@\" >> {folder}/systemctl\n")
        (programs / "systemctl").chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
        self.variables = folder / "variables"

    def in_place(self, text):
        text = text.replace("/etc/escrow", str(self.folder / "etc")).replace("/run/credentials/escrowd.service", str(self.credentials))
        return text.replace("/etc/systemd", str(self.folder / "systemd")).replace("10.0.0.5:7400", "127.0.0.1:0")

    def run(self, commands):
        script = f"set -eu\n[ ! -e {self.variables} ] || . {self.variables}\n{commands}\nset +u\necho \"TOKEN=$TOKEN\" > {self.variables}\n"
        return subprocess.run(["bash", "-c", script], cwd=self.folder / "etc", env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

    def start(self):
        """What systemd does with the unit and its drop-in."""
        self.credentials.mkdir()
        drop_in = (self.folder / "systemd/system/escrowd.service.d/secrets.conf").read_text()
        for name, source in re.findall(r"^LoadCredential=([^:]+):(.+)$", drop_in, re.M):
            copy = self.credentials / name
            copy.write_bytes(pathlib.Path(source).read_bytes())
            copy.chmod(0o400)
        command = ["escrowd", "--config", str(self.folder / "etc/escrow.yaml"), "--store", f"sqlite:{self.folder}/escrow.db"]
        with open(self.folder / "log", "wb") as log:
            self.child = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.child.stdout.readline()
        assert " listening on https://127.0.0.1:" in line, line + (self.folder / "log").read_text()
        return int(line.rsplit(":", 1)[1])

    def stop(self):
        if self.child is None:
            return
        self.child.kill()
        self.child.wait(PATIENCE)
        self.child.stdout.close()


def recipe_of(page):
    section = page.split("## In ten minutes\n", 1)[1].split("\n## ", 1)[0]
    return re.search(r"^```sh\n(.*?)^```$", section, re.M | re.S).group(1)


def main():
    escrowd, repository = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    before, starts, after = recipe_of((repository / "docs/security.md").read_text()).partition("systemctl enable --now escrowd\n")
    assert starts and "curl " in after, "the recipe starts nothing, or asks nothing"
    with tempfile.TemporaryDirectory(prefix="escrow-recipe-") as name:
        machine = Machine(escrowd, pathlib.Path(name))
        (machine.folder / "etc").mkdir()
        try:
            made = machine.run(machine.in_place(before))
            assert made.returncode == 0, made.stdout + made.stderr
            assert (machine.folder / "systemctl").read_text() == "daemon-reload\n"
            for secret in ("tokens.yaml", "server.key"):
                assert (machine.folder / "etc" / secret).stat().st_mode & 0o077 == 0, secret
            port = machine.start()

            def ask(commands):
                here = commands.replace(":7400", f":{port}").replace("curl ", f"curl -sS --noproxy '*' -w '\\n%{{http_code}}' --resolve escrow.internal:{port}:127.0.0.1 ")
                done = machine.run(here)
                assert done.returncode == 0, done.stdout + done.stderr
                return done.stdout

            answer = ask(after)
            assert answer.endswith("\n200") and '"version"' in answer, answer
            token = 'Bearer $TOKEN'
            assert token in after
            assert ask(after.replace(token, "Bearer none")).endswith("\n401")
            assert ask(after.replace("curl ", "curl -H 'Host: evil.example' ")).endswith("\n403")
            # At its end the log is complete: it asks, and had nothing to warn of at the start.
            machine.child.terminate()
            assert machine.child.wait(PATIENCE) == 0
            lines = [json.loads(line) for line in (machine.folder / "log").read_text().splitlines()]
            assert [line["authentication"] for line in lines if line["event"] == "ready"] == ["tokens"], lines
            assert not [line for line in lines if line["level"] == "warning" and line["event"] != "turned away"], lines
        finally:
            machine.stop()


if __name__ == "__main__":
    main()
