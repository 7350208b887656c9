"""The list of what is in escrowd is whole and has CycloneDX's form. test_sbom.py PROGRAM BUILD ROOT"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM, BUILD, ROOT = (pathlib.Path(argument) for argument in sys.argv[1:4])
TYPES = {"application", "framework", "library", "container", "platform", "operating-system", "device", "device-driver", "firmware", "file",
         "machine-learning-model", "data"}


def faults_of_component(component, place):
    found = [f"{place}: no {member}" for member in ("type", "name", "version", "purl", "bom-ref") if not isinstance(component.get(member), str)]
    if component.get("type") not in TYPES:
        found.append(f"{place}: no such type")
    if not re.fullmatch(r"pkg:[a-z]+/[^\s@?]+@[^\s@?]+(\?[a-z]+=[^\s&]+)?", component.get("purl", "")):
        found.append(f"{place}: not a package URL: {component.get('purl')}")
    for licence in component.get("licenses", []):
        if ("license" in licence) == ("expression" in licence) or ("license" in licence and len(licence["license"].keys() & {"id", "name"}) != 1):
            found.append(f"{place}: a licence has one id or name, or is an expression")
    for each in component.get("properties", []):
        if set(each) != {"name", "value"} or not all(isinstance(text, str) for text in each.values()):
            found.append(f"{place}: a property has a name and a value")
    return found


def faults(document):
    """What CycloneDX 1.5 asks of such a document and this one lacks."""
    found = []
    if document.get("bomFormat") != "CycloneDX" or document.get("specVersion") != "1.5":
        found.append("bomFormat or specVersion")
    if not isinstance(document.get("version"), int) or document["version"] < 1:
        found.append("version")
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", document.get("serialNumber", "")):
        found.append("serialNumber")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document.get("metadata", {}).get("timestamp", "")):
        found.append("metadata.timestamp")
    found += faults_of_component(document.get("metadata", {}).get("component", {}), "metadata.component")
    for number, component in enumerate(document.get("components", [])):
        found += faults_of_component(component, f"components[{number}]")
    references = [document["metadata"]["component"].get("bom-ref"), *(component.get("bom-ref") for component in document["components"])]
    if len(references) != len(set(references)):
        found.append("a bom-ref stands twice")
    for dependency in document.get("dependencies", []):
        if not {dependency.get("ref"), *dependency.get("dependsOn", [])} <= set(references):
            found.append("a dependency on nothing")
    if document.get("dependencies", [{}])[0].get("dependsOn") != references[1:]:
        found.append("what escrowd depends on")
    return found


def written(folder, name):
    out = pathlib.Path(folder) / name
    subprocess.run([sys.executable, "-B", ROOT / "cmake/sbom.py", "--program", PROGRAM, "--build", BUILD, "--version", "9.8.7", "--console",
                    ROOT / "console", "--out", out], check=True)
    return out.read_text()


def main():
    with tempfile.TemporaryDirectory() as folder:
        text = written(folder, "a")
        assert text == written(folder, "b"), "the same build gives two documents"
    document = json.loads(text)
    assert not faults(document), faults(document)

    # Nothing that is loaded is left out, by another witness than the one that wrote it.
    needed = re.findall(r"\(NEEDED\).*\[(\S+?)\.so", subprocess.run(["readelf", "-d", PROGRAM], check=True, capture_output=True, text=True).stdout)
    names = [component["name"] for component in document["components"]]
    known = {"libssl": "libssl3", "libcrypto": "libssl3", "libsqlite3": "libsqlite3-0", "libyaml-cpp": "libyaml-cpp0.7", "libstdc++": "libstdc++6",
             "libgcc_s": "libgcc-s1", "libc": "libc6", "libm": "libc6", "ld-linux-x86-64": "libc6"}
    sanitizers = {"libasan", "libubsan", "libtsan", "liblsan"}
    assert set(needed) <= set(known) | sanitizers, f"{needed}: this test does not know them all"
    for library in set(needed) - sanitizers:
        assert known[library] in names, library
    for compiled in ("libboost1.81-dev", "libfmt-dev", "libcli11-dev", "preact"):
        assert compiled in names, compiled
    assert "catch2" not in names, "what only tests use is not in the program"

    # The judge must be able to say no.
    for spoil in (lambda d: d.update(specVersion="0.9"), lambda d: d.update(version="1"), lambda d: d.update(serialNumber="x"),
                  lambda d: d["components"][0].pop("name"), lambda d: d["components"][0].update(purl="libc6"),
                  lambda d: d["components"].append(d["components"][0]), lambda d: d["dependencies"][0]["dependsOn"].append("nobody"),
                  lambda d: d["components"][0].update(licenses=[{}]), lambda d: d["components"].pop(), lambda d: d["metadata"].pop("timestamp")):
        spoiled = copy.deepcopy(document)
        spoil(spoiled)
        assert faults(spoiled), "a spoiled document passes"
    print(f"{len(names)} components")


main()
