"""escrowd at work inside what its unit permits. test_sandbox.py ESCROWD CONTROL UNIT"""
import errno
import http.server
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request

from confine import Confinement

PATIENCE = 60


class Participant(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(409 if self.path == "/refuses" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def check_controls(confinement, control, folder, state):
    """A sandbox that stops nothing would pass everything else."""
    outside = folder / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)

    def tried(*what):
        return confinement.start([str(control), *map(str, what)], state).wait(PATIENCE)

    assert tried("nothing") == 0
    assert tried("write", state / "inside") == 0
    if confinement.has_landlock:
        assert tried("write", outside / "file") == errno.EACCES
    if confinement.is_root:
        assert tried("write", "/etc/escrow-was-here") == errno.EACCES
    assert tried("netlink") == errno.EAFNOSUPPORT
    for forbidden in ("become-root", "chroot", "write-and-execute"):
        assert tried(forbidden, "/") == -signal.SIGSYS, forbidden


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def get(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.read().decode()


def start_escrowd(confinement, escrowd, state):
    log = open(state.parent / "escrowd.log", "ab")
    child = confinement.start([str(escrowd), "--listen", "127.0.0.1:0", "--store", f"sqlite:{state}/escrow.db"], state, stdout=subprocess.PIPE,
                              stderr=log, text=True)
    line = child.stdout.readline()
    assert " listening on http://" in line, (line, child.poll(), (state.parent / "escrowd.log").read_text())
    return child, line.split()[-1]


def work(confinement, escrowd, state, participant):
    child, url = start_escrowd(confinement, escrowd, state)
    try:
        seen = status_of(child.pid)
        assert seen["NoNewPrivs"] == "1" and seen["Seccomp"] == "2", seen
        if confinement.is_root:
            assert seen["Uid"].split()[0] != "0" and int(seen["CapEff"], 16) == 0 and int(seen["CapBnd"], 16) == 0, seen
        # A name, so that the resolver works, too.
        base = f"http://localhost:{participant.server_port}"
        for gid, action, end in (("good", "/takes", "committed"), ("bad", "/refuses", "aborted")):
            branches = [{"id": "first", "action": f"{base}/takes", "compensate": f"{base}/undo"},
                        {"id": "second", "action": base + action, "compensate": f"{base}/undo"}]
            told = post(f"{url}/v1/transactions?wait_ms=30000", {"gid": gid, "mode": "saga", "branches": branches})
            assert told["status"] == end, told
        assert "escrow_transactions_finished_total" in get(f"{url}/metrics")
        assert json.loads(get(f"{url}/v1/transactions/bad/events"))["events"]
        child.send_signal(signal.SIGHUP)
        assert json.loads(get(f"{url}/v1/info"))["store_id"]
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == 0
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stdout.close()
    for file in state.glob("escrow.db*"):
        assert file.stat().st_mode & 0o077 == 0, f"{file.name} can be read by others"


def main():
    programs, unit = sys.argv[1:3], pathlib.Path(sys.argv[3]).read_text()
    participant = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Participant)
    threading.Thread(target=participant.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        # Copied: the build's folder may be one that nobody else can enter.
        escrowd, control = (pathlib.Path(shutil.copy2(program, folder)) for program in programs)
        state = folder / "state"
        state.mkdir(mode=0o700)
        confinement = Confinement(unit)
        check_controls(confinement, control, folder, state)
        work(confinement, escrowd, state, participant)
        # Again, on the log that it left.
        child, url = start_escrowd(confinement, escrowd, state)
        assert json.loads(get(f"{url}/v1/transactions/good"))["status"] == "committed"
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == 0
        child.stdout.close()
    participant.shutdown()
    print(f"as {'nobody' if confinement.is_root else 'this user, who is not root'}; "
          f"{'one directory to write in' if confinement.has_landlock else 'this kernel has no Landlock: writing is bound by modes only'}")


main()
