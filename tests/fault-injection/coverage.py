"""Makes docs/fault-coverage.md: each row of the catalogue with the tests that name it, or the reason why it is open.

A reason that begins with "in part: " says which part of a row with tests is open.

A test names a row by its id, in its sentence, in its tags ([A03]), in a scenario file (covers: [A03]) or in covered_by.txt.
`coverage.py` writes the page, `coverage.py --check` says whether it is current.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "fault-coverage.md"
ROW = re.compile(r"\| ([A-J]\d\d) \| (.*?) \| (.*?) \| ?(.*?) ?\|$")
ID = re.compile(r"\b[A-J]\d\d\b")
TEST = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*"([^"]*)")?\s*\)')

SECTIONS = {
    "A": "Crash of the coordinator",
    "B": "The log and the disk",
    "C": "Clocks",
    "D": "Client and coordinator",
    "E": "Network between coordinator and participant",
    "F": "What an answer says",
    "G": "The participant and its local transaction",
    "H": "Order and logic",
    "I": "Several coordinators",
    "J": "Load, resources, hostile input",
}


def rows():
    found = []
    for line in (HERE / "catalogue.md").read_text().splitlines():
        match = ROW.match(line)
        if match:
            found.append(match.groups())
    return found


def sentences():
    """Every test: its sentence, its tags, its file."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*_test.cpp")):
        for match in TEST.finditer(path.read_text()):
            sentence = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            found[sentence] = (match.group(2) or "", path.relative_to(ROOT).as_posix())
    return found


def covering(known, faults):
    """Row id -> the tests that cover it, each as Markdown."""
    covered = {}

    def add(row, text):
        texts = covered.setdefault(row, [])
        if text not in texts:
            texts.append(text)

    tests = sentences()
    for sentence, (tags, path) in tests.items():
        for row in ID.findall(sentence) + ID.findall(tags):
            add(row, f"{sentence} (`{path}`)")
    for path in sorted((HERE / "scenarios").glob("*.yaml")):
        line = next((line for line in path.read_text().splitlines() if line.startswith("covers:")), "")
        for row in ID.findall(line):
            add(row, f"`scenarios/{path.name}`")
    for number, line in enumerate((HERE / "covered_by.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row, sentence = line.split(" ", 1)
        if sentence not in tests:
            faults.append(f"covered_by.txt:{number}: no test says: {sentence}")
            continue
        add(row, f"{sentence} (`{tests[sentence][1]}`)")
    for row in covered:
        if row not in known:
            faults.append(f"{row} is no row of the catalogue: {covered[row][0]}")
    return covered


def page():
    faults = []
    catalogue = rows()
    covered = covering({row for row, *_ in catalogue}, faults)
    partly = {row for row, _, _, reason in catalogue if reason.startswith("in part: ")}
    for row, _, _, reason in catalogue:
        if row in partly and not covered.get(row):
            faults.append(f"{row}: is covered in part by no test")
        elif row not in partly and bool(reason) == bool(covered.get(row)):
            faults.append(f"{row}: " + ("has tests and a reason to have none" if reason else "has neither tests nor a reason"))
    done = sum(1 for row, *_ in catalogue if covered.get(row) and row not in partly)
    lines = [
        "# Which faults are tested, and by what",
        "",
        f"Made by `python3 tests/fault-injection/coverage.py` from the catalogue and from the tests that name its rows; a test fails when it is"
        f" not current. **{done} of {len(catalogue)} rows are covered**, {len(partly)} more in part; the others say why not, and these which part is open. A row is covered when a test would fail if"
        " what must follow did not; that it holds in every combination is what the exploration and the simulation are for"
        " ([testing.md](testing.md)).",
    ]
    for section, title in SECTIONS.items():
        lines += ["", f"## {section}. {title}", "", "| id | what goes wrong | what must follow | tests |", "|---|---|---|---|"]
        for row, wrong, follows, reason in catalogue:
            if row.startswith(section):
                tests = "; ".join(covered.get(row, []))
                note = f"**open**: {reason}" if not tests else f"; **{reason[:7]}**{reason[7:]}" if reason else ""
                lines.append(f"| {row} | {wrong} | {follows} | {tests}{note} |")
    return "\n".join(lines) + "\n", faults


def main():
    text, faults = page()
    for fault in faults:
        print(fault)
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != text:
            print("docs/fault-coverage.md is not current: python3 tests/fault-injection/coverage.py writes it")
            return 1
        return 1 if faults else 0
    PAGE.write_text(text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
