#!/usr/bin/env python3
"""Writes what is in a program as a CycloneDX 1.5 document (JSON): libraries that it loads, libraries of which headers were compiled into it,
and the npm packages of the embedded console.

    sbom.py --program escrowd --build FOLDER --version X [--console FOLDER] --out FILE

Nothing is listed by hand: what is loaded says the dynamic linker, which headers were read say Ninja's records of the build, and names and
versions say Debian's packages. So it works where ./dev does.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

# Where the program's own objects lie, below the build's folder.
ROOMS = ("coordinator/", "protocol/", "cmake/boost/")
# Of the copyright files that packages bring, the one that applies to what is linked. A package that is not here is listed without one.
LICENCES = {"boost": "BSL-1.0", "nlohmann-json3": "MIT", "fmtlib": "MIT", "yaml-cpp": "MIT", "cli11": "BSD-3-Clause", "sqlite3": "blessing",
            "openssl": "Apache-2.0", "glibc": "LGPL-2.1-or-later", "linux": "GPL-2.0-only WITH Linux-syscall-note", "gcc": "GPL-3.0-or-later WITH GCC-exception-3.1"}


def output(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def loaded(program):
    """The files of the shared libraries."""
    return {os.path.realpath(path) for path in re.findall(r"(?:=>\s+|^\s+)(/\S+)", output("ldd", str(program)), re.M)}


def headers(build):
    """The headers of the system that were read for the program's objects."""
    found = set()
    for block in output("ninja", "-C", str(build), "-t", "deps").split("\n\n"):
        if block.startswith(ROOMS) or block.split(": ", 1)[-1].startswith(ROOMS):
            found |= {line.strip() for line in block.splitlines()[1:] if line.strip().startswith("/usr/include/")}
    return found


def packages(files):
    """{package: {"version", "source"}} of the Debian packages that own the files."""
    owners = set()
    files = sorted(files | {file.removeprefix("/usr") for file in files if file.startswith("/usr/lib")})
    for start in range(0, len(files), 500):
        searched = subprocess.run(["dpkg-query", "--search", *files[start:start + 500]], capture_output=True, text=True).stdout
        for line in searched.splitlines():
            if not line.startswith("diversion by"):
                owners |= {name.strip() for name in line.split(": /", 1)[0].split(",")}
    if not owners:
        return {}
    shown = output("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${source:Package}\t${Architecture}\n", *sorted(owners))
    return {name: {"version": version, "source": source, "architecture": architecture}
            for name, version, source, architecture in (line.split("\t") for line in shown.splitlines())}


def licence_of(source):
    for name, licence in LICENCES.items():
        if re.fullmatch(rf"{re.escape(name)}[-\d.]*", source):
            return [{"expression": licence}] if " " in licence else [{"license": {"id": licence}}]
    return None


def debian_component(name, package, scope_words):
    reference = f"pkg:deb/debian/{name}@{package['version'].replace('+', '%2B').replace(':', '%3A')}?arch={package['architecture']}"
    component = {"type": "library", "bom-ref": reference, "name": name, "version": package["version"], "purl": reference,
                 "properties": [{"name": "escrow:how", "value": scope_words}, {"name": "escrow:source", "value": package["source"]}]}
    if licence := licence_of(package["source"]):
        component["licenses"] = licence
    return component


def npm_components(console):
    """What the console's bundle is made of: the lock file's packages that are no tools."""
    lock = json.loads((console / "package-lock.json").read_text())
    components = []
    for path, package in sorted(lock["packages"].items()):
        if not path or package.get("dev") or package.get("optional"):
            continue
        name = path.rpartition("node_modules/")[2]
        reference = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        component = {"type": "library", "bom-ref": reference, "name": name, "version": package["version"], "purl": reference,
                     "properties": [{"name": "escrow:how", "value": "in the embedded console"}]}
        if "license" in package:
            component["licenses"] = [{"license": {"id": package["license"]}}]
        components.append(component)
    return components


def document(program, build, version, console):
    linked, compiled = packages(loaded(program)), packages(headers(build))
    components = [debian_component(name, package, "loaded when it starts") for name, package in sorted(linked.items())]
    # A -dev package whose library is loaded says nothing new; the others are libraries of headers, compiled in.
    sources = {package["source"] for package in linked.values()}
    components += [debian_component(name, package, "headers compiled in") for name, package in sorted(compiled.items())
                   if package["source"] not in sources]
    if console:
        components += npm_components(console)
    subject = {"type": "application", "bom-ref": f"escrowd@{version}", "name": "escrowd", "version": version, "purl": f"pkg:generic/escrowd@{version}",
               "licenses": [{"license": {"id": "Apache-2.0"}}]}
    references = [component["bom-ref"] for component in components]
    # The same build gives the same document: its number is made of what it says, its time is the sources'.
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or program.stat().st_mtime)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.5",
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, subject["purl"] + "\n" + "\n".join(references))),
        "version": 1,
        "metadata": {"timestamp": datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "component": subject},
        "components": components,
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": references}, *({"ref": reference} for reference in references)],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="its folder, built with Ninja")
    parser.add_argument("--version", required=True)
    parser.add_argument("--console", type=pathlib.Path, help="the sources of the console, where it is embedded")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    made = document(options.program, options.build, options.version, options.console)
    if not any(component["name"].startswith("libboost") for component in made["components"]):
        sys.exit("the build's records name no header of Boost: was it built with Ninja, and is this Debian?")
    options.out.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
