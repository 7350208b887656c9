"""Loads as a table."""

import html

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


def rows(loads):
    return [[show(name, load["median"]) for _, show in COLUMNS] for name, load in loads.items()]


def render(loads):
    lines = [[title for title, _ in COLUMNS], *rows(loads)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))) for line in lines)


def as_html(loads):
    line = lambda tag, cells: f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"  # noqa: E731
    return f"<table>{line('th', [title for title, _ in COLUMNS])}{''.join(line('td', row) for row in rows(loads))}</table>"
