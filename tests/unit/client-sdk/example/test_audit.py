"""The example's audit against right books and forged ones. test_audit.py REPOSITORY"""

import json
import pathlib
import sqlite3
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(sys.argv.pop(1))
sys.path.insert(0, str(REPOSITORY / "examples/order-inventory"))
from audit import Audit  # noqa: E402

COMMON = """
create table journal (id integer primary key, gid, branch, operation, item, delta, set_aside);
create table escrow_barrier (gid, branch, operation, cause, outcome, output, created_at);
"""
TABLES = {
    "order": "create table orders (number, gid, customer, sku, count, amount, state); create table points (customer, points);",
    "inventory": "create table stock (sku, available, reserved);",
    "payment": "create table accounts (customer, balance, frozen);",
}
# One order that is whole (a saga), one that is undone (TCC), one invoice that was paid. 3 a piece, 10 units, 100 in money.
RIGHT = {
    "order": """
        insert into orders values (0, 'o0', 'c', 's', 2, 6, 'placed'), (1, 'o1', 'c', 's', 1, 3, 'cancelled');
        insert into journal (gid, branch, operation, item, delta, set_aside) values
          ('o0', 'order', 'action', '0', 1, 0), ('o1', 'order', 'try', '1', 1, 0), ('o1', 'order', 'cancel', '1', -1, 0),
          ('i3', 'points', 'action', 'c', 5, 0);
        insert into points values ('c', 5);""",
    "inventory": """
        insert into stock values ('s', 8, 0);
        insert into journal (gid, branch, operation, item, delta, set_aside) values
          ('o0', 'inventory', 'action', 's', -2, 0), ('o1', 'inventory', 'try', 's', -1, 1), ('o1', 'inventory', 'cancel', 's', 1, -1);""",
    "payment": """
        insert into accounts values ('c', 89, 0);
        insert into escrow_barrier values ('o1', 'payment', 'try', 'try', 'refused', 'not enough money: c', 0);
        insert into journal (gid, branch, operation, item, delta, set_aside) values
          ('o0', 'payment', 'action', 'c', -6, 0), ('i3', '', 'message', 'c', -5, 0);""",
}
TOLD = [
    {"gid": "o0", "kind": "order", "number": 0, "count": 2, "amount": 6, "told": "committed"},
    {"gid": "o1", "kind": "order", "number": 1, "count": 1, "amount": 3, "told": "aborted"},
    {"gid": "i3", "kind": "invoice", "number": 3, "count": 1, "amount": 5, "told": "committed"},
]


def faults_of(forgeries=(), told=TOLD):
    with tempfile.TemporaryDirectory() as folder:
        for name, tables in TABLES.items():
            with sqlite3.connect(pathlib.Path(folder) / f"{name}.db") as database:
                database.executescript(COMMON + tables + RIGHT[name])
                for where, sql in forgeries:
                    if where == name:
                        database.executescript(sql)
            database.close()
        (pathlib.Path(folder) / "told.jsonl").write_text("\n".join(map(json.dumps, told)))
        audit = Audit(folder, {"s": 10}, {"c": 100}).run()
        assert audit.table() and audit.refusals()["not enough money"] == 1
        return audit.faults


class TestAudit(unittest.TestCase):
    def test_right_books(self):
        self.assertEqual(faults_of(), [])

    def test_forged_books(self):
        forgeries = {
            "half done": [("payment", "delete from journal where gid = 'o0'")],
            "not enough given back": [("inventory", "update journal set delta = 0 where operation = 'cancel'")],
            "placed but undone": [("order", "update orders set state = 'placed' where gid = 'o1'")],
            "whole but still pending": [("order", "update orders set state = 'pending' where gid = 'o0'")],
            "taken twice": [("inventory", "insert into journal values (null, 'o0', 'inventory', 'action', 's', -2, 0)")],
            "twice and back": [("inventory", "insert into journal values (null, 'o1', 'inventory', 'try', 's', 0, 0)")],
            "a unit is lost": [("inventory", "update stock set available = 7")],
            "a unit stays reserved": [("inventory", "update stock set available = 7, reserved = 1")],
            "money from nowhere": [("payment", "update accounts set balance = 90")],
            "money stays frozen": [("payment", "update accounts set frozen = 1")],
            "points without money": [("order", "update points set points = 6")],
            "an invoice without points": [("order", "delete from journal where gid = 'i3'; delete from points")],
            "an order no one gave": [("order", "insert into journal values (null, 'x', 'order', 'action', '9', 1, 0)")],
        }
        for name, forgery in forgeries.items():
            with self.subTest(name):
                self.assertTrue(faults_of(forgery))

    def test_broken_promises(self):
        for gid, word in (("o0", "aborted"), ("o1", "committed"), ("i3", "never started")):
            told = [dict(line, told=word) if line["gid"] == gid else line for line in TOLD]
            with self.subTest(gid):
                self.assertTrue(faults_of(told=told))

    def test_an_unknown_outcome_may_be_either(self):
        self.assertEqual(faults_of(told=[dict(line, told="unknown") for line in TOLD]), [])


if __name__ == "__main__":
    unittest.main()
