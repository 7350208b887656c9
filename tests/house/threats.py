"""Every test that SECURITY.md names is there: as a Catch2 test case or as a ctest entry. threats.py [ROOT]"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]


def tests_in(root):
    names = set()
    for path in (root / "tests").rglob("*"):
        if path.suffix == ".cpp":
            names |= set(re.findall(r'\bTEST_CASE(?:_METHOD)?\(\s*"([^"]*)"', path.read_text(encoding="utf-8")))
        elif path.name == "CMakeLists.txt":
            names |= set(re.findall(r'add_test\(NAME "([^"]*)"', path.read_text(encoding="utf-8")))
    return names


def rows_of(page):
    section = page.split("## Attacks", 1)[1].split("\n## ", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ")][2:]


def faults(page, known):
    found = []
    for attack, defence, tried in rows_of(page):
        names = re.findall(r"`([^`]*)`", tried)
        if not defence or not names:
            found.append(f"{attack}: no defence or no test")
        found += [f"{attack}: there is no test {name}" for name in names if name not in known]
    return found


def main():
    page, known = (ROOT / "SECURITY.md").read_text(encoding="utf-8"), tests_in(ROOT)
    assert len(rows_of(page)) >= 15, "the table is not found"
    assert faults(page.replace("tried in", "tried in"), set()), "no test at all passes"
    found = faults(page, known)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(found)} faults" if found else f"SECURITY.md: {len(rows_of(page))} attacks")
    return 1 if found else 0


sys.exit(main())
