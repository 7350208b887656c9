"""The figures that Escrow is to reach, row by row: what was measured, whether that is enough, and what bounds it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    load: str
    wanted: str
    measured: str
    reached: object  # True, False, or None: not measured
    bound: str = ""


def section(report, name):
    return report.get(name, {}).get("result")


def load_median(report, name):
    found = (section(report, "loads") or {}).get(name)
    return found and found["median"]


def ratio(report, work, peer):
    found = section(report, "peers") or {"pairs": []}
    return next((pair["ratio"] for pair in found["pairs"] if pair["work"] == work and pair["peer"] == peer), None)


def bound(report, name):
    """What a closed loop stood still for, by the processor time of each process."""
    median = load_median(report, name)
    if not median:
        return ""
    per_tx, cores = median["per_tx"], report["loads"]["machine"]["cores"]
    parts = {"coordinator": per_tx["coordinator_cpu_us"], "generator": per_tx["generator_cpu_us"], "participants": per_tx["participants_cpu_us"]}
    busy = sum(parts.values()) * median["per_second"] / 1e6 / cores
    split = ", ".join(f"{who} {us:.0f} us" for who, us in parts.items())
    says = f"{100 * busy:.0f} % of {cores} cores ({split} a transaction), {per_tx['commits']:.2f} commits and {per_tx['written_bytes'] / 1000:.1f} kB a transaction"
    return f"the processor: {says}" if busy > 0.8 else f"waiting for the disk or for other programs' processor time: {says}"


def of_floor(report, work):
    against = ratio(report, work, "floor")
    if against:
        share = against["median"]
    else:
        median = load_median(report, work)
        if not (median and "floor" in median):
            return Row(work, "60 % of bench/floor", "", None)
        share = median["per_second"] / median["floor"]["per_second"]
    return Row(work, "at least 60 % of bench/floor", f"{100 * share:.0f} %", share >= 0.6, bound(report, work))


def of_peer(report, work, peer, least, says):
    found = ratio(report, work, peer)
    if not found:
        return Row(work, says, "", None)
    return Row(work, says, f"{found['median']:.2f} x ({found['least']:.2f} to {found['most']:.2f})", found["median"] >= least, bound(report, work))


def alone(report):
    median = load_median(report, "saga-1")
    if not median:
        return Row("saga-1", "p50 below 4 x fdatasync", "", None)
    disk_ms, p50_ms = report["loads"]["machine"]["fdatasync_p50_ms"], median["latency_us"]["p50"] / 1000
    commits = median["per_tx"]["commits"]
    return Row(
        "saga-1", "p50 below 4 x fdatasync", f"{p50_ms:.2f} ms = {p50_ms / disk_ms:.1f} x {disk_ms:.2f} ms", p50_ms < 4 * disk_ms,
        f"{commits:.2f} commits a transaction, {commits * disk_ms:.2f} ms of it; the rest: four exchanges and the change between programs",
    )  # fmt: skip


def tail(report):
    median = load_median(report, "saga-64")
    if not median:
        return Row("saga-64", "p99 below 20 ms", "", None)
    p99 = median["latency_us"]["p99"] / 1000
    return Row("saga-64", "p99 below 20 ms", f"{p99:.1f} ms", p99 < 20, f"{median['latency_us']['p50'] / 1000:.1f} ms at p50: the queue of 64 clients")


def memory(report):
    found = section(report, "memory")
    if not found:
        return [Row("memory", "idle below 20 MB, below 2 kB per active transaction", "", None)]
    rows = [Row("memory, idle", "below 20 MB", f"{found['idle_kb'] / 1000:.1f} MB", found["idle_kb"] < 20000, "the program's own pages and SQLite's")]
    for name, one in found["active"].items():
        each = one["bytes_each"]
        rows.append(Row(f"memory, {name}", "below 2 kB for each active one", f"{each:,.0f} B ({one['says']})", each < 2000, f"{one['active']:,} at once, buffers and SQLite's cache included; who holds it: [profile-memory.md](profile-memory.md)"))
    return rows


def hang(report):
    found = section(report, "hang")
    if not found:
        return Row("hang", "healthy ones lose less than 10 %, none waits 50 ms longer", "", None)
    return Row(
        "hang", "healthy ones lose less than 10 %, none waits 50 ms longer", f"{100 * (1 - found['share']):+.0f} % lost, slowest {found['later_ms']:+.0f} ms",
        found["share"] > 0.9 and found["later_ms"] <= 50, f"{found['hanging']:,} hang; 256 calls to their participant are open at once",
    )  # fmt: skip


def overload(report):
    found = section(report, "overload")
    one = found and found["rates"].get("10")
    if not one:
        return Row("overload", "80 % of the peak at ten times the starts, well again in 10 s", "", None)
    share, well = one["goodput"] / found["peak"], one["well_again_s"]
    return Row(
        "overload", "80 % of the peak at ten times the starts, well again in 10 s",
        f"{100 * share:.0f} %, p99 {one['served_us']['p99'] / 1000:.0f} ms, {one['peak_kb'] / 1000:.0f} MB, well after {'more than seen' if well is None else f'{well:.1f} s'}",
        share >= 0.8 and well is not None and well <= 10, "4,000 open requests queue before it; the generator has one core",
    )  # fmt: skip


def recovery(report):
    found = section(report, "recovery")
    if not found:
        return Row("recovery", "first call in 1 s, all resumed in 10 s", "", None)
    median = found["median"]
    return Row(
        "recovery", "first call in 1 s, all resumed in 10 s", f"{median['in_flight']:,.0f} in flight: {median['first_call_s']:.2f} s, {median['resumed_s']:.1f} s",
        median["first_call_s"] <= 1 and median["resumed_s"] <= 10, f"serving after {median['ready_s']:.2f} s; all ended after {median['ended_s']:.1f} s",
    )  # fmt: skip


def size(report):
    found = section(report, "size")
    if not found:
        return Row("size", "opens in 2 s, cost flat", "", None)
    sagas = {int(name.split()[1]): one["median"] for name, one in found.items() if name.startswith("saga-64 ")}
    least, most = min(sagas), max(sagas)
    growth = sagas[most]["per_tx"]["coordinator_cpu_us"] / sagas[least]["per_tx"]["coordinator_cpu_us"]
    opens = sagas[most]["ready_after_s"]
    return Row(
        "size", "a log of 10 million finished and 1 million waiting opens in 2 s; cost flat from empty", f"{most:,} finished: opens in {opens:.2f} s, processor time a saga x {growth:.2f}",
        None if most < 10_000_000 else opens <= 2 and growth < 1.1, "" if most >= 10_000_000 else "measured with --full only",
    )  # fmt: skip


def rows(report):
    return [
        of_floor(report, "saga-64"),
        of_peer(report, "saga-64", "dtm-bolt", 10, "at least 10 x dtm (BoltDB)"),
        of_peer(report, "saga-64", "dtm-postgres", 10, "at least 10 x dtm (PostgreSQL)"),
        of_floor(report, "tcc-64"),
        of_peer(report, "tcc-64", "seata-sync", 2, "at least 2 x Seata, file store, synchronous flush"),
        of_peer(report, "tcc-64", "seata-async", 1, "more than Seata, file store, asynchronous flush"),
        of_floor(report, "tcc-together"),
        of_peer(report, "tcc-together", "seata-async", 2, "at least 2 x Seata, file store, asynchronous flush"),
        alone(report),
        tail(report),
        *memory(report),
        hang(report),
        overload(report),
        recovery(report),
        size(report),
    ]
