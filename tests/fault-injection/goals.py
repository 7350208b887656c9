#!/usr/bin/env python3
"""What a run of `./dev torture` came to, against the goals for a night of the plan's first release: reads what the stages printed, prints a
table and keeps it beside that as goals.md. A goal that time did not suffice for is said so, and is no failure; the stages themselves fail
when something is found.

usage: goals.py FOLDER
"""

import pathlib
import re
import sys


class Night:
    def __init__(self, folder):
        self.folder = folder

    def text(self, name):
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def sum(self, name, pattern):
        return sum(int(match.replace(",", "")) for match in re.findall(pattern, self.text(name), re.MULTILINE))

    def first(self, name, pattern):
        match = re.search(pattern, self.text(name), re.MULTILINE)
        return match.groups() if match else None


def thousands(number):
    return f"{number:,}"


def rows(night):
    """(goal, what, measured, wanted, whether it is reached)."""
    found = []

    def add(goal, what, measured, wanted, reached):
        found.append((goal, what, measured, wanted, reached))

    seeds = night.sum("seeds", r"^(\d+) seeds, \d+ with violations")
    bad = night.sum("seeds", r"^\d+ seeds, (\d+) with violations")
    twice = night.sum("seeds", r"(\d+) run twice")
    rates = [int(rate) for rate in re.findall(r"(\d+) a second$", night.text("seeds"), re.MULTILINE)]
    rate = sum(rates) // len(rates) if rates else 0
    add("G2", "engine schedules", f"{thousands(seeds)} ({thousands(rate)} a second and core), {bad} with violations", "50,000,000 and 0",
        seeds >= 50_000_000 and bad == 0)

    explored = night.first("explore", r"Complete means: (\d+) scenarios x (\d+) fault points.*?: (\d+) runs.*Pairs: .*: (\d+) runs")
    broken = night.first("explore", r"^(\d+) broken")
    scenarios, points, singles, pairs = explored or ("0", "0", "0", "0")
    nothing = broken is not None and broken[0] == "0"
    add("G3", "single faults, once and until healed", f"{singles} of {2 * int(points)} in {scenarios} scenarios", "all of at least 12",
        nothing and int(scenarios) >= 12 and int(singles) >= 2 * int(points) > 0)
    add("G4", "pairs of faults", f"{thousands(int(pairs))}, {broken[0] if broken else '?'} broken (singles and pairs)", "all, 0", nothing and int(pairs) > 0)

    images = night.sum("power", r"places, (\d+) images")
    lost = night.sum("power", r"^(\d+) unreadable") + night.sum("power", r"(\d+) lost what was acknowledged")
    lost += night.sum("power", r"(\d+) hold what was never written")
    add("G5", "images after a failure of power", f"{thousands(images)}, {lost} lost or damaged", "1,000,000 and 0", images >= 1_000_000 and lost == 0)

    runs = night.sum("requests", r"passes: (\d+) runs")
    wrong = night.sum("requests", r"images behind them, (\d+) violations")
    passes = [(int(done), int(of)) for done, of in re.findall(r"(\d+) of (\d+) passes: ", night.text("requests"))]
    whole = bool(passes) and all(done == of for done, of in passes)
    share = "all" if whole else f"{sum(done for done, _ in passes)} of {sum(of for _, of in passes)} passes"
    add("G6", "requests of SQLite that fail", f"{share}: {thousands(runs)} runs, {wrong} violations", "all and 0", whole and wrong == 0)

    killed = night.first("planted", r"^(\d+) of (\d+) killed; .*p95 ([\d.]+) s")
    dead, bugs, p95 = killed or ("0", "0", "999")
    add("G8", "planted bugs killed by their oracle", f"{dead} of {bugs}, p95 {p95} s to the first kill", "all of at least 40, p95 < 30 s",
        int(dead) == int(bugs) >= 40 and float(p95) < 30)

    hashes = re.findall(r"histories of 1000 seeds: (\w+) +(\w+)", night.text("hashes"))
    same = len(hashes) == 3 and len({sum_ for _, sum_ in hashes}) == 1
    add("G9", "determinism", f"{thousands(twice)} runs repeated; {'the same' if same else 'no'} histories from {len(hashes)} builds",
        "5 % repeated, 3 builds alike", same and seeds > 0 and twice * 21 >= seeds)

    small = night.first("small", r"faults in the small run: median (\d+), p95 (\d+), most (\d+); seconds: .*most ([\d.]+)")
    median, most95, most, seconds = small or ("99", "99", "99", "99")
    add("G10", "counter-examples", f"median {median} faults, p95 {most95}, most {most}; shrunk in {seconds} s at most",
        "median <= 3, p95 <= 6, 5 s", int(median) <= 3 and int(most95) <= 6 and float(seconds) <= 5)

    proved = night.first("oracles", r"^(\d+) oracles, (\d+) of them not proved")
    add("G13", "oracles with a forged violation, a legal history, a planted bug", f"{proved[0]}, {proved[1]} without" if proved else "not run", "all",
        proved is not None and proved[1] == "0")

    batches = re.findall(r"^(\d+) counters and (\d+) fault points, each of them reached", night.text("seeds"), re.MULTILINE)
    missing = re.findall(r"never happened: (.*)", night.text("seeds"))
    counters = int(batches[0][0]) if batches else 0
    add("G14", "what happens sometimes", f"{counters} counters in each of {len(batches)} batches, never happened: {', '.join(missing) or 'nothing'}",
        "at least 60, none unreached", counters >= 60 and not missing)

    refuted = night.first("models", r"^(\d+) mutations refuted")
    models = "FAILED" not in night.text("models") and refuted is not None
    states = len(re.findall(r" holds ", night.text("models")))
    add("G15", "models", f"{states} searches hold, {refuted[0] if refuted else 0} mutations refuted; every history above conforms (T1)",
        "recorded states, all refuted", models)

    deaths = night.first("kills", r"(\d+) deaths")
    if deaths:
        add("G7", "deaths of real processes", deaths[0], "of issue 4", True)
    return found


def main():
    folder = pathlib.Path(sys.argv[1])
    table = "| goal | measure | this run | wanted | reached |\n| --- | --- | --- | --- | --- |\n"
    for goal, what, measured, wanted, reached in rows(Night(folder)):
        table += f"| {goal} | {what} | {measured} | {wanted} | {'yes' if reached else 'no'} |\n"
    (folder / "goals.md").write_text(table)
    print(table, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
