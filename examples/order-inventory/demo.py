"""The demo: a coordinator, three services, a few hundred orders, and some of the processes killed in the middle.

demo.py --bin DIR --example DIR [--orders N] [--seed N] [--keep] [--secure]

Every process gets a free port and a file in a temporary folder. When the shop has finished and everything has settled, the
audit reads the services' databases. With --secure everything runs with tokens, TLS, client certificates and signed calls, and in the
end every door is tried without what opens it. Exit status: 0 when the books are right, 1 when they are not, or when the run was so
quiet that it shows nothing.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from audit import Audit
from secure import ADDRESSES, Secure

CUSTOMERS, PRODUCTS = 10, 8
SETTLE_SECONDS = 120


class Process:
    """A program that says `... listening on URL` once it serves; killed and ended by its own process id only."""

    def __init__(self, name, folder, command, address="127.0.0.1"):
        self.name, self.command = name, [str(part) for part in command]
        self.log = open(folder / f"{name}.log", "ab")
        self.url = None
        self.start(f"{address}:0")

    def start(self, listen):
        self.child = subprocess.Popen([*self.command, "--listen", listen], stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.child.stdout.readline()
        if " listening on http" not in line:
            raise SystemExit(f"{self.name} did not start: see {self.log.name}")
        self.url = line.split()[-1]

    def kill_and_restart(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()
        self.child.stdout.close()
        time.sleep(0.3)  # so that others meet a dead service, too
        self.start(self.url.split("://")[1])

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(15)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()
        self.log.close()


def post(url, body, secure=None):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10, context=secure and secure.context) as answer:
        return json.load(answer)


def unfinished(coordinator, secure=None):
    """How many transactions are not terminal (at most 500 are counted); None while the coordinator does not answer."""
    try:
        statuses = "status=active&status=committing&status=aborting"
        request = urllib.request.Request(f"{coordinator.url}/v1/transactions?{statuses}&limit=500", headers=secure.headers if secure else {})
        with urllib.request.urlopen(request, timeout=10, context=secure and secure.context) as answer:
            return len(json.load(answer)["transactions"])
    except OSError:
        return None


class Demo:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.processes = {}
        self.secure = Secure(folder, options.bin / "escrowd") if options.secure else None
        self.is_terminal = sys.stdout.isatty()
        # Enough for most orders; one product and one customer are short on purpose.
        units = max(1, options.orders * 3 // 4 * 2 // PRODUCTS)
        self.stock = {f"sku-{i}": units * 2 if i > 1 else units // 6 for i in range(1, PRODUCTS + 1)}
        money = max(1, options.orders * 25 // CUSTOMERS)
        self.money = {f"customer-{i}": money * 3 if i > 1 else money // 6 for i in range(1, CUSTOMERS + 1)}

    def say(self, text):
        print(("\r\x1b[K" if self.is_terminal else "") + text, flush=True)

    def run(self):
        self.start_processes()
        try:
            self.say("opening the books: stock on the shelves, money in the accounts")
            for sku, available in self.stock.items():
                post(self.processes["inventory"].url + "/stock", {"sku": sku, "available": available}, self.secure)
            for customer, balance in self.money.items():
                post(self.processes["payment"].url + "/accounts", {"customer": customer, "balance": balance}, self.secure)
            kills = self.place_orders()
            self.settle()
            doors = self.try_doors() if self.secure else []
        finally:
            for process in reversed(self.processes.values()):
                process.stop()
        return self.judge(kills, doors)

    def flags(self):
        return ["--secure", self.secure.folder] if self.secure else []

    def try_doors(self):
        """What stood open, after everything else has been done."""
        tries, faults = self.secure.knock({name: process.url for name, process in self.processes.items()})
        self.say(f"knocked {tries} times without token, certificate, signature or TLS: {len(faults)} doors stood open")
        looked, shown = self.secure.look_for_customers(self.processes["escrowd"].url)
        self.say(f"looked for the customer in {looked} payloads, as an operator and as an auditor: {len(shown)} are not what they should be")
        return faults + shown + self.secure.leaks(self.folder)

    def start_processes(self):
        def start(name, *command):
            self.processes[name] = Process(name, self.folder, command, ADDRESSES[name] if self.secure else "127.0.0.1")
            self.say(f"{name:10} {self.processes[name].url}")
            return self.processes[name]

        try:
            coordinator = start("escrowd", self.options.bin / "escrowd", "--store", f"sqlite:{self.folder / 'escrow.db'}",
                                *(["--config", self.secure.config] if self.secure else []))
            for line in self.secure.describe() if self.secure else []:
                self.say("  on: " + line)
            if not self.secure:  # a browser would need a client certificate
                self.say(f"watch it in a browser: {coordinator.url}/")
            def service(name, *more):
                return start(name, self.options.example / name, "--db", self.folder / f"{name}.db", "--escrow", coordinator.url, *self.flags(),
                             *more)
            order = service("order")
            service("inventory")
            service("payment", "--order", order.url)
        except BaseException:
            for process in self.processes.values():
                process.stop()
            raise

    def place_orders(self):
        """Runs the shop, and kills a process at each quarter of the orders; how many transactions that interrupted."""
        urls = [part for name in ("order", "inventory", "payment") for part in (f"--{name}", self.processes[name].url)]
        shop_log = open(self.folder / "shop.log", "ab")
        shop = subprocess.Popen(
            [str(self.options.example / "shop"), "--escrow", self.processes["escrowd"].url, *urls, "--orders", str(self.options.orders),
             "--customers", str(CUSTOMERS), "--products", str(PRODUCTS), "--seed", str(self.options.seed),
             "--told", str(self.folder / "told.jsonl"), *map(str, self.flags())],
            stdout=subprocess.PIPE, stderr=shop_log, text=True)
        victims = {self.options.orders * quarter // 4: name for quarter, name in ((1, "payment"), (2, "escrowd"), (3, "inventory"))}
        interrupted = {}
        try:
            for line in shop.stdout:
                done = int(line.split("/")[0])
                if self.is_terminal:
                    print("\r\x1b[Korders " + line.strip(), end="", flush=True)
                elif done % max(1, self.options.orders // 10) == 0:
                    self.say("orders " + line.strip())
                if done in victims:
                    name = victims.pop(done)
                    count = unfinished(self.processes["escrowd"], self.secure)
                    self.processes[name].kill_and_restart()
                    interrupted[name] = count
                    self.say(f"killed {name} with SIGKILL and started it again; {count} transactions were unfinished")
        finally:
            if shop.poll() is None and sys.exc_info()[0]:
                shop.kill()
            shop.wait()
            shop.stdout.close()
            shop_log.close()
        return interrupted

    def settle(self):
        self.say("waiting for everything to settle")
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            left = unfinished(self.processes["escrowd"], self.secure)
            if left == 0:
                return
            time.sleep(0.2)
        self.say(f"still unfinished after {SETTLE_SECONDS} s: {left}")

    def judge(self, kills, doors):
        audit = Audit(self.folder, self.stock, self.money).run()
        refusals = audit.refusals()
        self.say("\nthe audit, from the services' databases:\n\n" + audit.table())
        self.say("refused: " + ", ".join(f"{count} {reason}" for reason, count in sorted(refusals.items())))
        faults = audit.faults + doors
        if len(audit.told) != self.options.orders:
            faults.append(f"the shop placed {len(audit.told)} of {self.options.orders} orders")
        for fault in faults[:20]:
            print("WRONG: " + fault)
        if faults:
            print(f"{len(faults)} faults.")
            return 1
        # A run in which nothing happened would pass every check above.
        quiet = [reason for reason in ("out of stock", "not enough money") if not refusals[reason]]
        quiet += [f"kill of {name}" for name in ("payment", "escrowd", "inventory") if name not in kills]
        if quiet and self.options.orders >= 100:
            print("The books are right, but the run shows too little: no " + ", no ".join(quiet) + ".")
            return 1
        print("Every order is whole or undone, and nothing is lost.")
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where escrowd is")
    parser.add_argument("--example", type=pathlib.Path, required=True, help="where the services and the shop are")
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--secure", action="store_true", help="tokens, TLS and client certificates on every hop, signed calls")
    parser.add_argument("--keep", action="store_true", help="keep the folder with databases and logs")
    options = parser.parse_args()
    needed = [options.bin / "escrowd", *(options.example / name for name in ("order", "inventory", "payment", "shop"))]
    if missing := [str(program) for program in needed if not os.access(program, os.X_OK)]:
        parser.error("not built: " + ", ".join(missing))
    if options.orders < 4:
        parser.error("--orders takes at least 4: one of each way, and one process killed at each quarter")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="escrow-demo-"))
    started = time.monotonic()
    status = 1
    try:
        status = Demo(options, folder).run()
        print(f"{options.orders} orders in {time.monotonic() - started:.0f} s.")
    finally:
        if options.keep or (status != 0 and os.environ.get("CI") is None):
            print(f"databases and logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
