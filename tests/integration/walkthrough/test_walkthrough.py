"""Runs the commands of docs/walkthrough.md against an escrowd and the Python participant, both on free ports.

test_walkthrough.py ESCROWD REPOSITORY

Every `sh` block is run by bash, all in one shell's order; each `<!-- expect TEXT -->` after a block must be in what it
printed, blanks left out. The block that says where the programs are is replaced by where they really are.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

READY_SECONDS = 20


def blocks(page):
    """(commands, [expected text]) in order."""
    found = []
    for match in re.finditer(r"^```sh\n(.*?)^```$|^<!-- expect (.*?) -->$", page, re.M | re.S):
        if match.group(1) is not None:
            found.append((match.group(1), []))
        else:
            found[-1][1].append(match.group(2))
    return found


def without_blanks(text):
    return "".join(text.split())


class Program:
    """A child that prints `... listening on URL`; ended by its own handle."""

    def __init__(self, command, folder):
        self.child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.child.stdout.readline()
        if " listening on http://" not in line:
            self.stop()
            raise SystemExit(f"{command[0]} did not start: {line!r}")
        self.url = line.split()[-1]

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()


def run(page, escrow, seats):
    faults = []
    commands_run = 0
    for commands, expected in blocks(page):
        if commands.startswith("ESCROW="):
            continue
        commands_run += 1
        script = f"set -e\nESCROW={escrow}\nSEATS={seats}\n{commands}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        printed = without_blanks(done.stdout)
        missing = [text for text in expected if without_blanks(text) not in printed]
        if done.returncode != 0 or missing or not expected:
            faults.append(f"{commands}\nstatus {done.returncode}; missing {missing or 'an expectation'}; printed:\n{done.stdout}{done.stderr}")
    if commands_run < 10:
        faults.append(f"only {commands_run} blocks were found: does the page still have its form?")
    return faults


def main():
    escrowd, repository = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    page = (repository / "docs/walkthrough.md").read_text()
    participant = repository / "examples/order-inventory/python/participant.py"
    programs = []
    with tempfile.TemporaryDirectory(prefix="escrow-walkthrough-") as folder:
        try:
            programs.append(Program([escrowd, "--listen", "127.0.0.1:0", "--store", "sqlite:walkthrough.db"], folder))
            programs.append(Program([sys.executable, "-B", str(participant), "0", "seats.db"], folder))
            faults = run(page, programs[0].url, programs[1].url)
        finally:
            for program in programs:
                program.stop()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
