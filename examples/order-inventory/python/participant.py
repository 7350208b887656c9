"""A participant in Python's standard library, barrier included: seats that a transaction takes, and gives back when it aborts.

participant.py [PORT] [DATABASE]; ESCROW_SIGNING_SECRETS="whsec_... whsec_..." lets in only calls signed with one of them.
"""
import http.server, os, sqlite3, sys, time
from signature import refusal

SEATS = 10
SECRETS = os.environ.get("ESCROW_SIGNING_SECRETS", "").split()

def barrier(db, gid, branch, operation, phase):
    """docs/protocol.md, section 5, for a saga branch: the HTTP status, and whether the local transaction commits."""
    def insert(row, outcome):
        return db.execute("insert into escrow_barrier values (?, ?, ?, ?, ?, '', ?) on conflict do nothing",
                          (gid, branch, row, operation, outcome, int(time.time() * 1000))).rowcount == 1
    db.execute("begin immediate")
    inserted = insert("action", "done" if operation == "action" else "none")
    cause, outcome = db.execute("select cause, outcome from escrow_barrier where gid = ? and branch = ? and operation = 'action'",
                                (gid, branch)).fetchone()
    if operation == "action" and not inserted:  # the first answer again, or undone before it came
        return 200 if (cause, outcome) == ("action", "done") else 409, False
    if operation == "compensate" and (not insert("compensate", "done") or outcome != "done"):
        return 200, True  # undone before, or there is nothing to undo
    change = +1 if operation == "action" else -1
    if db.execute("update seats set taken = taken + ?1 where taken + ?1 between 0 and ?2", (change, SEATS)).rowcount == 1:
        return 200, True
    if phase == "forward":  # a no that is kept, and repeated to every repeat
        db.execute("update escrow_barrier set outcome = 'refused' where gid = ? and branch = ? and operation = 'action'", (gid, branch))
    return 409, phase == "forward"

class Participant(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = [self.headers.get("Escrow-" + name) for name in ("Gid", "Branch", "Operation", "Phase")]
        status = 400
        if SECRETS and refusal(SECRETS, self.command, self.path, self.headers, body, time.time()):
            status = 401  # before anything else
        elif all(call) and self.path == {"action": "/seats/take", "compensate": "/seats/give-back"}.get(call[2]):
            db = sqlite3.connect(DATABASE, timeout=1, isolation_level=None)
            try:
                status, commits = barrier(db, *call)
                db.execute("commit" if commits else "rollback")
            except sqlite3.OperationalError as error:
                status = 425 if "locked" in str(error) else 503  # never a refusal
            finally:
                db.close()  # an open transaction is rolled back
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments): pass

PORT, DATABASE = (sys.argv[1:] + ["7500", "seats.db"][len(sys.argv) - 1:])[:2]
with sqlite3.connect(DATABASE) as setup:
    setup.executescript("""pragma journal_mode = wal;
        create table if not exists escrow_barrier (gid text, branch text, operation text, cause text, outcome text, output text,
            created_at integer, primary key (gid, branch, operation));
        create table if not exists seats (taken integer);
        insert into seats select 0 where not exists (select * from seats)""")
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(PORT)), Participant)
print(f"seats listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
