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
ROW = re.compile(r"\| ([A-J]\d\d) \| (.*?) \| (.*?) \| ([A-Z ]+) \| ?(.*?) ?\|$")
ID = re.compile(r"\b[A-J]\d\d\b")
TEST = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*"([^"]*)")?\s*\)')

# Where a test stands says at which tier it covers a row. Tests of single parts (tests/unit, tests/contract) are of none, except those of the
# HTTP code. Models cover moves, not rows; several coordinators and users' services have no tests yet.
TIERS = {
    "tests/fault-injection/scenarios/": "S",
    "tests/fault-injection/vfs/": "V",
    "tests/fault-injection/http/": "H",
    "tests/unit/transport/": "H",
    "tests/fault-injection/fuzz/": "F",
    "tests/fault-injection/process/": "P",
    "tests/fault-injection/passthrough/": "P",
    "tests/fault-injection/proxy/": "P",
    "tests/fault-injection/real/": "P",
    "tests/integration/": "P",
    "tests/fault-injection/": "S",
}
LOOKED_AT = "SVHPF"

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


def tier_of(path):
    return next((tier for folder, tier in TIERS.items() if path.startswith(folder)), "")


def covering(known, faults):
    """Row id -> the tests that cover it, each as Markdown; and the tiers of these."""
    covered = {}
    tiers = {}

    def add(row, text, path):
        tiers.setdefault(row, set()).add(tier_of(path))
        texts = covered.setdefault(row, [])
        if text not in texts:
            texts.append(text)

    tests = sentences()
    for sentence, (tags, path) in tests.items():
        for row in ID.findall(sentence) + ID.findall(tags):
            add(row, f"{sentence} (`{path}`)", path)
    for path in sorted((HERE / "scenarios").glob("*.yaml")):
        line = next((line for line in path.read_text().splitlines() if line.startswith("covers:")), "")
        for row in ID.findall(line):
            add(row, f"`scenarios/{path.name}`", path.relative_to(ROOT).as_posix())
    for number, line in enumerate((HERE / "covered_by.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row, sentence = line.split(" ", 1)
        if sentence not in tests:
            faults.append(f"covered_by.txt:{number}: no test says: {sentence}")
            continue
        add(row, f"{sentence} (`{tests[sentence][1]}`)", tests[sentence][1])
    for row in covered:
        if row not in known:
            faults.append(f"{row} is no row of the catalogue: {covered[row][0]}")
    return covered, tiers


def missing_tiers(row, planned, tiers):
    """Those of the planned tiers that have tests at all, and none for this row."""
    return [tier for tier in planned.split() if tier in LOOKED_AT and tier not in tiers.get(row, set())]


def page():
    faults = []
    catalogue = rows()
    covered, tiers = covering({row for row, *_ in catalogue}, faults)
    partly = {row for row, *_, reason in catalogue if reason.startswith("in part: ")}
    for row, *_, reason in catalogue:
        if row in partly and not covered.get(row):
            faults.append(f"{row}: is covered in part by no test")
        elif row not in partly and bool(reason) == bool(covered.get(row)):
            faults.append(f"{row}: " + ("has tests and a reason to have none" if reason else "has neither tests nor a reason"))
    done = sum(1 for row, *_ in catalogue if covered.get(row) and row not in partly)
    real = [(row, planned) for row, _, _, planned, _ in catalogue if set(planned.split()) & set("HPF")]
    elsewhere = {
        tier: [row for row, planned in real if tier in planned.split() and covered.get(row) and tier in missing_tiers(row, planned, tiers)]
        for tier in "HPF"
    }
    everywhere = sum(
        1 for row, planned in real if covered.get(row) and row not in partly and not set(missing_tiers(row, planned, tiers)) & set("HPF")
    )
    words = {"H": "the HTTP code in memory (H)", "P": "real processes (P)", "F": "fuzzing (F)"}
    lines = [
        "# Which faults are tested, and by what",
        "",
        f"Made by `python3 tests/fault-injection/coverage.py` from the catalogue and from the tests that name its rows; a test fails when it is"
        f" not current. **{done} of {len(catalogue)} rows are covered**, {len(partly)} more in part; the others say why not, and these which part is open. A row is covered when a test would fail if"
        " what must follow did not; that it holds in every combination is what the exploration and the simulation are for"
        " ([testing.md](testing.md)).",
        "",
        f"The plan wants {len(real)} rows on the HTTP code in memory (H), on real processes (P) or by fuzzing (F); **{everywhere} of them are covered at each of"
        " these that it names**. `where` says at which tiers the plan wants a row, and in brackets those of them at which no test names it"
        " (M, C and U are not looked at). Covered, but not where the plan wants it: "
        + "; ".join(f"{words[tier]}: {', '.join(found) or 'none'}" for tier, found in elsewhere.items())
        + ".",
    ]
    for section, title in SECTIONS.items():
        lines += ["", f"## {section}. {title}", "", "| id | what goes wrong | what must follow | where | tests |", "|---|---|---|---|---|"]
        for row, wrong, follows, planned, reason in catalogue:
            if row.startswith(section):
                tests = "; ".join(covered.get(row, []))
                note = f"**open**: {reason}" if not tests else f"; **{reason[:7]}**{reason[7:]}" if reason else ""
                missing = missing_tiers(row, planned, tiers)
                where = planned + (f" (not {' '.join(missing)})" if missing and tests else "")
                lines.append(f"| {row} | {wrong} | {follows} | {where} | {tests}{note} |")
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
