"""The peers, put into a cache folder outside of the repository by the ordinary clients of their registries. Nothing is fetched twice."""

import os
import pathlib
import re
import shutil
import subprocess

from processes import CACHE, Failed

HERE = pathlib.Path(__file__).resolve().parent
DTM = "github.com/dtm-labs/dtm"
DTM_VERSION = "v1.19.0"
# What dtm's module asks for, where the installed one is older than those that fetch a newer one themselves.
GO_TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.22.12.linux-"


def run(command, folder, **more):
    ran = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, **more)
    if ran.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}:\n{(ran.stdout + ran.stderr)[-2000:]}")
    return ran.stdout


def go(folder):
    """A Go that can build dtm."""
    version = re.search(r"go1\.(\d+)", run(["go", "version"], folder))
    if version and int(version[1]) >= 21:
        return "go"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    found = run(["go", "mod", "download", "-json", GO_TOOLCHAIN + machine], folder)
    home = pathlib.Path(re.search(r'"Dir": "(.*)"', found)[1])
    for program in (home / "bin" / "go", *(home / "pkg" / "tool").rglob("*")):  # modules are unpacked without the right to run
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(0o755)
    return str(home / "bin" / "go")


def dtm():
    """(program, SQL script for PostgreSQL)"""
    folder = CACHE / f"dtm-{DTM_VERSION}"
    program, script = folder / "dtm", folder / "dtm.postgres.sql"
    if not (program.exists() and script.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        # A module that asks for this version: asking for it by name would look for newer ones, which not every proxy answers.
        (folder / "go.mod").write_text(f"module bench\n\ngo 1.22\n\nrequire {DTM} {DTM_VERSION}\n")
        builder, flags = go(folder), {**os.environ, "GOFLAGS": "-mod=mod -buildvcs=false"}
        run([builder, "build", "-o", program.with_suffix(".new"), DTM], folder, env=flags)
        source = run([builder, "list", "-m", "-f", "{{.Dir}}", DTM], folder, env=flags).strip()
        shutil.copyfile(pathlib.Path(source) / "sqls" / "dtmsvr.storage.postgres.sql", script)
        program.with_suffix(".new").rename(program)
    return program, script


def seata():
    """Class path of the server, and that of our driver."""
    folder = CACHE / "seata-2.0.0"
    libraries, classes = folder / "lib", folder / "classes"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "seata" / "pom.xml", folder / "pom.xml")
        run(["mvn", "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={libraries}"], folder)
        (folder / "complete").touch()
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir()
    run(["javac", "-cp", f"{libraries}/*", "-d", classes, HERE / "seata" / "Driver.java"], folder)
    for name in ("registry.conf", "file.conf"):
        shutil.copyfile(HERE / "seata" / name, classes / name)
    # Without the server's part that takes settings from Spring: the driver has none.
    plain = sorted(str(jar) for jar in libraries.glob("*.jar") if not jar.name.startswith("seata-spring"))
    return f"{libraries}/*", ":".join([str(classes), *plain])
