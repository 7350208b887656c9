"""What systemd itself says of the unit, without running it. test_unit.py UNIT"""
import pathlib
import re
import subprocess
import sys
import tempfile

# 0 is a service that may do nothing at all, 10 one that may do everything; most services on a machine are at 9.6.
MOST_EXPOSURE = 1.5


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def main():
    unit = pathlib.Path(sys.argv[1])
    text = unit.read_text()
    with tempfile.TemporaryDirectory() as folder:
        # The program need not be installed where the test runs.
        copy = pathlib.Path(folder) / unit.name
        copy.write_text(text.replace("/usr/bin/escrowd", "/bin/true"))
        verified = run("systemd-analyze", "verify", "--man=no", copy)
        complaints = [line for line in verified.stderr.splitlines() if unit.name in line]
        assert verified.returncode == 0 and not complaints, verified.stderr
        wrong = pathlib.Path(folder) / "wrong.service"
        wrong.write_text(copy.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilges=yes"))
        assert "NoNewPrivilges" in run("systemd-analyze", "verify", "--man=no", wrong).stderr, "verify notices nothing"

        judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", copy)
        exposure = float(re.search(r"Overall exposure level[^:]*: ([0-9.]+)", judged.stdout)[1])
        assert exposure <= MOST_EXPOSURE, judged.stdout
    print(f"exposure {exposure} of 10")


main()
