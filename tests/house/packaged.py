#!/usr/bin/env python3
"""What the packages hold, and with which modes. packaged.py FOLDER"""

import pathlib
import re
import subprocess
import sys

COORDINATOR = ("usr/bin/escrowd", "usr/bin/escrowctl", "usr/lib/systemd/system/escrowd.service", "usr/share/doc/escrow/escrowd.cdx.json",
               "usr/share/doc/escrow/SECURITY.md", "usr/share/doc/escrow/security.md", "usr/share/doc/escrow/escrow.yaml")


def contents(package):
    """{path: (mode, owner)}"""
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True).stdout
    return {path.removeprefix("./"): (mode, owner) for mode, owner, path in re.findall(r"^(\S+) (\S+) +\d+ \S+ \S+ (\S+)", listed, re.M)}


def faults(files, needed):
    found = [f"{path} is missing" for path in needed if path not in files]
    for path, (mode, owner) in files.items():
        if owner not in ("root/root", "0/0"):
            found.append(f"{path} belongs to {owner}")
        if mode[0] == "l":
            continue
        if "s" in mode[1:].lower() or "t" in mode.lower():
            found.append(f"{path} is {mode}: it runs as somebody else")
        if mode[5] == "w" or mode[8] == "w":
            found.append(f"{path} is {mode}: others may write it")
        is_program = mode[0] == "d" or path.startswith("usr/bin/")
        if ("x" in mode) != is_program:
            found.append(f"{path} is {mode}")
    return found


def main():
    packages = sorted(pathlib.Path(sys.argv[1]).glob("escrow*.deb"))
    everything = []
    for package in packages:
        files = contents(package)
        needed = () if package.name.startswith("escrow-dev") else COORDINATOR
        everything += [f"{package.name}: {fault}" for fault in faults(files, needed)]
        # The judge must be able to say no.
        assert len(files) > 3 and faults({**files, "usr/bin/x": ("-rwsr-xr-x", "root/root")}, needed) and faults(files, ("usr/bin/none",))
    if len(packages) != 2:
        everything.append(f"two packages are expected: {packages}")
    print(*everything, sep="\n", end="\n" if everything else "")
    return 1 if everything else 0


if __name__ == "__main__":
    sys.exit(main())
