"""Judges the books of the example by reading the services' databases, and never an API.

An order must be whole (placed, its goods gone, its money paid) or undone (nothing of it left); no unit of stock, money or
points may have come from nowhere or be lost; nothing may have happened twice; and what the shop was told must be true.
"""

import collections
import json
import pathlib
import sqlite3


def read(path, query, *parameters):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(query, parameters).fetchall()
    finally:
        connection.close()


class Audit:
    def __init__(self, folder, stock, money):
        """`stock` and `money`: what the shelves and the accounts held at the opening."""
        self.databases = {name: pathlib.Path(folder) / f"{name}.db" for name in ("order", "inventory", "payment")}
        self.stock, self.money = stock, money
        told = (pathlib.Path(folder) / "told.jsonl").read_text().splitlines()
        self.told = {line["gid"]: line for line in map(json.loads, told)}
        self.faults = []
        self.endings = collections.Counter()  # (way, "whole" or "undone") -> how many

    def run(self):
        journals = {name: self.read_journal(name) for name in self.databases}
        orders = {gid: row for gid, *row in read(self.databases["order"], "select gid, state, sku, count, customer, amount from orders")}
        for gid in set().union(*journals.values()) - set(self.told):
            self.faults.append(f"{gid}: in a journal, but no one ordered it")
        for gid, line in self.told.items():
            self.judge(gid, line, journals, orders.get(gid))
        self.conserve_stock(journals["inventory"], orders.values())
        self.conserve_money(orders.values())
        return self

    def read_journal(self, name):
        """gid -> (sum of delta, sum of set_aside), after checking that no operation is in the journal twice."""
        sums = {}
        for gid, branch, operation, times, delta, set_aside in read(
            self.databases[name],
            "select gid, branch, operation, count(*), sum(delta), sum(set_aside) from journal group by gid, branch, operation",
        ):
            if times != 1:
                self.faults.append(f"{name}: {gid}/{branch}/{operation} took effect {times} times")
            before = sums.get(gid, (0, 0))
            sums[gid] = (before[0] + delta, before[1] + set_aside)
        return sums

    def judge(self, gid, line, journals, order):
        nothing = (0, 0)
        found = tuple(journals[name].get(gid, nothing) for name in ("order", "inventory", "payment"))
        if line["kind"] == "invoice":
            way = "invoice, by a message"
            whole = ((line["amount"], 0), nothing, (-line["amount"], 0))
            is_whole, is_undone = found == whole, found == (nothing, nothing, nothing)
        else:
            way = ("order, as a saga", "order, as TCC", "order, as TCC by hand")[line["number"] % 4]
            whole = ((1, 0), (-line["count"], 0), (-line["amount"], 0))
            state = order[0] if order else None
            is_whole = found == whole and state == "placed"
            is_undone = found == (nothing, nothing, nothing) and state in (None, "cancelled")
        ending = "whole" if is_whole else "undone" if is_undone else "half done"
        self.endings[way, ending] += 1
        if ending == "half done":
            self.faults.append(f"{gid}: half done: order {found[0]}, inventory {found[1]}, payment {found[2]}")
        promised = {"committed": "whole", "aborted": "undone", "never started": "undone"}.get(line["told"])
        if promised and ending != promised:
            self.faults.append(f"{gid}: the shop was told '{line['told']}', and it is {ending}")

    def conserve_stock(self, journal, orders):
        sold = collections.Counter()
        for state, sku, count, _, _ in orders:
            sold[sku] += count if state == "placed" else 0
        shelves = {sku: (available, reserved) for sku, available, reserved in read(self.databases["inventory"], "select * from stock")}
        for sku, opening in self.stock.items():
            available, reserved = shelves[sku]
            if reserved or available + sold[sku] != opening:
                self.faults.append(f"{sku}: {opening} at the opening, now {available} on the shelf, {reserved} reserved, {sold[sku]} sold")
        self.stock_line = (sum(self.stock.values()), sum(a for a, _ in shelves.values()), sum(sold.values()))

    def conserve_money(self, orders):
        spent = collections.Counter()
        for state, _, _, customer, amount in orders:
            spent[customer] += amount if state == "placed" else 0
        invoiced = dict(read(self.databases["payment"], "select item, -sum(delta) from journal where operation = 'message' group by item"))
        points = dict(read(self.databases["order"], "select customer, points from points"))
        accounts = {name: (balance, frozen) for name, balance, frozen in read(self.databases["payment"], "select * from accounts")}
        for customer, opening in self.money.items():
            balance, frozen = accounts[customer]
            paid = spent[customer] + invoiced.get(customer, 0)
            if frozen or balance + paid != opening:
                self.faults.append(f"{customer}: {opening} at the opening, now {balance}, {frozen} frozen, {paid} paid")
            if points.get(customer, 0) != invoiced.get(customer, 0):
                self.faults.append(f"{customer}: paid invoices of {invoiced.get(customer, 0)}, and has {points.get(customer, 0)} points")
        self.money_line = (sum(self.money.values()), sum(b for b, _ in accounts.values()), sum(spent.values()), sum(invoiced.values()))
        self.points = sum(points.values())

    def refusals(self):
        """Why participants refused, from their barriers: the reason's first words -> how many."""
        reasons = collections.Counter()
        for name in self.databases:
            for (reason,) in read(self.databases[name], "select output from escrow_barrier where outcome = 'refused'"):
                reasons[reason.split(":")[0]] += 1
        return reasons

    def table(self):
        ways = sorted({way for way, _ in self.endings})
        lines = [f"{'':26}{'whole':>10}{'undone':>10}{'half done':>12}"]
        lines += [f"{way:26}" + "".join(f"{self.endings[way, ending]:>{width}}" for ending, width in
                                       (("whole", 10), ("undone", 10), ("half done", 12))) for way in ways]
        opening, shelf, sold = self.stock_line
        lines.append(f"stock   {opening} at the opening = {shelf} on the shelves + {sold} sold")
        opening, balance, spent, invoiced = self.money_line
        lines.append(f"money   {opening} at the opening = {balance} in accounts + {spent} for orders + {invoiced} for invoices")
        lines.append(f"points  {self.points} for invoices of {invoiced}")
        return "\n".join(lines)
