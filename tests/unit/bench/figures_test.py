"""The rows of docs/performance.md say reached only where the results do."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench"))
import figures  # noqa: E402
import report  # noqa: E402


def load(per_second, p99_us=1000):
    per_tx = {"coordinator_cpu_us": 50.0, "generator_cpu_us": 10.0, "participants_cpu_us": 10.0, "commits": 1.0, "written_bytes": 4000.0}
    return {"median": {"per_second": per_second, "latency_us": {"p50": 500, "p99": p99_us}, "per_tx": per_tx}}


def results(ratio, p99_us):
    machine = {"cores": 2, "cpu": "x", "fdatasync_p50_ms": 0.25, "fdatasync_p99_ms": 1.0, "load_before": 0.0}
    about = {"machine": machine, "rounds": 5, "seconds": 5}
    pair = {"work": "saga-64", "peer": "dtm-bolt", "ratio": {"median": ratio, "least": ratio, "most": ratio}}
    return {"loads": {**about, "result": {"saga-64": load(10000, p99_us)}}, "peers": {**about, "result": {"pairs": [pair]}}}


def verdicts(found):
    return {(row.load, row.wanted): row.reached for row in figures.rows(found)}


class Figures(unittest.TestCase):
    def test_a_ratio_counts_as_reached_from_the_wanted_one_on(self):
        key = ("saga-64", "at least 10 x dtm (BoltDB)")
        self.assertIs(verdicts(results(10.0, 1000))[key], True)
        self.assertIs(verdicts(results(9.9, 1000))[key], False)

    def test_a_tail_counts_as_reached_below_the_wanted_one(self):
        key = ("saga-64", "p99 below 20 ms")
        self.assertIs(verdicts(results(1, 19000))[key], True)
        self.assertIs(verdicts(results(1, 20000))[key], False)

    def test_what_was_not_measured_is_not_reached(self):
        rows = figures.rows({})
        self.assertTrue(rows)
        self.assertEqual({row.reached for row in rows}, {None})
        self.assertEqual({report.mark(row.reached) for row in rows}, {"not measured"})

    def test_a_busy_machine_is_said(self):
        found = results(10, 1000)
        found.pop("peers")
        found["loads"]["result"] = {}
        self.assertNotIn("busy", report.render(found))
        found["loads"]["machine"]["load_before"] = 9.0
        self.assertIn("busy", report.render(found))


if __name__ == "__main__":
    unittest.main()
