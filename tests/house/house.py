#!/usr/bin/env python3
"""The rules that no compiler checks: layers, coroutines, tests, files. Run by ctest and by ./dev test.

    house.py [check ...]      checks the tree this file lies in; prints every fault, ends with 1 if there is one
"""

import functools
import pathlib
import posixpath
import re
import subprocess
import sys

import coroutines
import rules
from source import CODE, Lines, code_only, includes, without_comments

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = (".py", ".sh", ".ts", ".tsx", ".mjs")
TEXT = CODE + SCRIPTS + (".cmake", ".txt", ".sql", ".yaml", ".yml", ".json", ".md")


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def folder_of(path, folders):
    """The longest of `folders` that holds `path`, or None."""
    return max((f for f in folders if inside(path, f)), key=len, default=None)


def sources(tree):
    return ((path, text) for path, text in sorted(tree.items()) if path.endswith(CODE))


def layers(tree):
    """Dependencies point one way."""
    faults = []
    for path, text in sources(tree):
        room = folder_of(path, rules.LAYERS)
        if room is None:
            faults.append(f"{path}:1: no layer is known for this folder; tests/house/rules.py lists them")
            continue
        allowed = [room] + rules.LAYERS[room]
        for line, included, quoted in includes(text):
            owner = folder_of(included, rules.LAYERS) if quoted else None
            if owner and not any(a in (owner, included) or (a.endswith("/*") and inside(included, a[:-2])) for a in allowed):
                faults.append(f"{path}:{line}: {room} must not include {included}")
            if ".." in included.split("/"):
                faults.append(f"{path}:{line}: includes start at the root of the repository: {included}")
            if included.startswith("escrow/") and folder_of(path, rules.SDK_USERS) is None:
                faults.append(f"{path}:{line}: {room} must not include the SDK ({included})")
    return faults


def banned(tree):
    """What a layer must not touch, itself or through a header of ours: network, threads, clocks, JSON."""
    direct = {path: list(includes(text)) for path, text in sources(tree)}

    def resolve(path, included):
        for candidate in (included, str(pathlib.PurePosixPath(path).parent / included), "client-sdk/include/" + included):
            if candidate in direct:
                return candidate
        return None

    @functools.cache
    def reached(path):
        """Everything outside the tree that `path` includes, directly or not: {include: the way there}."""
        found, seen, waiting = {}, {path}, [(path, ())]
        while waiting:
            current, way = waiting.pop()
            for line, included, _ in direct[current]:
                ours = resolve(current, included)
                if ours is None:
                    found.setdefault(included, (line, way))
                elif ours not in seen:
                    seen.add(ours)
                    waiting.append((ours, way + (ours,)))
        return found

    faults = []
    for path, text in sources(tree):
        for folder, names in rules.BANNED_INCLUDES.items():
            if folder_of(path, rules.BANNED_INCLUDES) != folder:
                continue
            for included, (line, way) in sorted(reached(path).items()):
                if any(included == n or (n.endswith("/") and included.startswith(n)) or included.startswith((n + "/", n + ".hpp")) for n in names):
                    through = f" through {way[-1]}" if way else ""
                    faults.append(f"{path}:{1 if way else line}: {folder} must not include <{included}>{through}")
        code = code_only(text)
        lines = Lines(code)
        for folder, words in rules.BANNED_WORDS.items():
            if inside(path, folder):
                for word, why in words.items():
                    for match in re.finditer(word, code):
                        faults.append(f"{path}:{lines.at(match.start())}: {match.group().strip()} in {folder}: {why}")
    for path, text in sorted(tree.items()):  # tests are not only C++
        if inside(path, "tests") and path.endswith(SCRIPTS) and not inside(path, "tests/house"):
            for number, line in enumerate(text.splitlines(), 1):
                if re.search(r"\btime\.sleep\s*\(|^\s*sleep\s+[\d$]|\bwaitForTimeout\(|(?<!test\.)\bset(Timeout|Interval)\(", line):
                    faults.append(f"{path}:{number}: sleep in tests: a test waits for what it needs, not for time to pass")
    return faults


def awaits(tree):
    """Coroutines that g++ 12 would miscompile, or that outlive their captures."""
    return [fault for path, text in sources(tree) for fault in coroutines.check(path, text)]


def names(tree):
    """Catch2 2.13's discovery splits test names at ';' and quotes, and the pieces pass without running."""
    faults = []
    for path, text in sources(tree):
        clean = without_comments(text)
        lines = Lines(clean)
        for match in re.finditer(r'\b(?:TEST_CASE|SCENARIO|TEMPLATE_TEST_CASE|TEST_CASE_METHOD)\s*\(([^"()]*)"((?:\\.|[^"\\])*)"\s*("?)', clean):
            line, name = lines.at(match.start()), match.group(2)
            if re.search(r'[;"`\\$]', name) or name.count("[") != name.count("]"):
                faults.append(f"{path}:{line}: the test name holds a character that discovery mangles: {name}")
            if match.group(3):
                faults.append(f"{path}:{line}: the test name is put together from pieces; write it as one")
            if name.startswith("~") or name != name.strip() or name.endswith("*") or name.startswith("*"):
                faults.append(f"{path}:{line}: the test name means something else on Catch2's command line: {name}")
    return faults


def files(tree):
    """Short files, nothing unfinished, nothing of one machine, no file that no build knows."""
    faults = []
    known = set()
    for path, text in tree.items():
        if path.endswith("CMakeLists.txt"):
            for name in re.findall(r"[\w./+-]+\.(?:cpp|hpp)\b", text):
                known |= {posixpath.join(posixpath.dirname(path), name.lstrip("/")), name.lstrip("/")}
    for path, text in sorted(tree.items()):
        house = inside(path, "tests/house")
        if path.endswith(CODE + SCRIPTS) or path == "dev":
            length = text.count("\n")
            if length > rules.LONGEST_FILE and path not in rules.LONG_FILES:
                faults.append(f"{path}:{rules.LONGEST_FILE}: {length} lines; does it hold one concept? If so, rules.py takes an exception with its reason")
            lines = Lines(text)
            for match in () if house else re.finditer(rules.UNFINISHED, text):
                faults.append(f"{path}:{lines.at(match.start())}: {match.group()} is a defect to mend, or an issue to write")
        if not house and re.search(r"(?<![\w.])/(work|home)/\w", text) and path.endswith(TEXT):
            faults.append(f"{path}:1: holds a path of one machine")
        if path.endswith(CODE):
            if path.endswith(".hpp") and "#pragma once" not in text:
                faults.append(f"{path}:1: a header without #pragma once")
            public = path.endswith(".cpp") or folder_of(path, rules.LISTED_HEADERS)
            if public and path not in rules.UNLISTED and path not in known:
                faults.append(f"{path}:1: no CMakeLists.txt names this file")
    for path in list(rules.LONG_FILES) + list(rules.UNLISTED):
        if path not in tree:
            faults.append(f"tests/house/rules.py:1: an exception for {path}, which is not there")
    return faults


CHECKS = {check.__name__: check for check in (layers, banned, awaits, names, files)}


def read_tree():
    """What git knows and what it would take, without what is ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    ).stdout.decode()
    tree = {}
    for path in listing.split("\0"):
        if path and (path.endswith(TEXT) or path == "dev") and (ROOT / path).is_file():
            tree[path] = (ROOT / path).read_text(encoding="utf-8", errors="replace")
    return tree


def main(arguments):
    tree = read_tree()
    faults = [f"{fault} [{name}]" for name in (arguments or CHECKS) for fault in CHECKS[name](tree)]
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults in {len(tree)} files" if faults else f"house: {len(tree)} files, no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
