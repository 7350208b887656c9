"""A report as a table for a terminal."""

COLUMNS = [
    ("load", lambda name, m: name),
    ("tx/s", lambda name, m: f"{m['per_second']:,.0f}"),
    ("of floor", lambda name, m: f"{100 * m['per_second'] / m['floor']['per_second']:.0f} %" if "floor" in m else ""),
    ("p50 ms", lambda name, m: f"{m['latency_us']['p50'] / 1000:.1f}"),
    ("p99 ms", lambda name, m: f"{m['latency_us']['p99'] / 1000:.1f}"),
    ("p99.9 ms", lambda name, m: f"{m['latency_us']['p999'] / 1000:.1f}"),
    ("us/tx: coord.", lambda name, m: f"{m['per_tx']['coordinator_cpu_us']:.0f}"),
    ("gen.", lambda name, m: f"{m['per_tx']['generator_cpu_us']:.0f}"),
    ("part.", lambda name, m: f"{m['per_tx']['participants_cpu_us']:.0f}"),
    ("commits/tx", lambda name, m: f"{m['per_tx']['commits']:.2f}"),
    ("kB/tx", lambda name, m: f"{m['per_tx']['written_bytes'] / 1000:.1f}"),
    ("peak MB", lambda name, m: f"{m['memory_kb']['peak'] / 1000:.0f}"),
]


def rows(report):
    return [[show(name, load["median"]) for _, show in COLUMNS] for name, load in report["loads"].items()]


def render(report):
    lines = [[title for title, _ in COLUMNS], *rows(report)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    aligned = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))) for line in lines]
    machine = report["machine"]
    head = (
        f"{machine['cores']} cores, {machine['cpu']}; 4 KiB + fdatasync p50 {machine['fdatasync_p50_ms']:.2f} ms, p99 {machine['fdatasync_p99_ms']:.2f} ms; "
        f"medians of {report['rounds']} rounds of {report['seconds']:g} s"
    )
    return "\n".join([head, "", *aligned])
