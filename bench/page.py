"""A report as one HTML page with plots: no script, nothing fetched."""

import html

STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 2rem 0; } figcaption { opacity: .75; }
svg { width: 100%; height: auto; } svg text { font-size: 12px; fill: currentColor; }
.bar { fill: #3b7dd8; } .tail { fill: #d88a3b; } .line { fill: none; stroke: #3b7dd8; stroke-width: 1.5; }
"""


def bars(values, unit, digits=0):
    """[(name, value)] as horizontal bars."""
    longest = max(value for _, value in values) or 1
    rows = []
    for i, (name, value) in enumerate(values):
        y = 22 * i
        rows.append(f'<text x="190" y="{y + 15}" text-anchor="end">{html.escape(name)}</text>')
        rows.append(f'<rect class="bar" x="198" y="{y + 3}" width="{max(1, 520 * value / longest):.1f}" height="15"/>')
        rows.append(f'<text x="{204 + 520 * value / longest:.1f}" y="{y + 15}">{value:,.{digits}f} {unit}</text>')
    return f'<svg viewBox="0 0 820 {22 * len(values)}" role="img">{"".join(rows)}</svg>'


def course(per_slot):
    """What ended in each tenth of a second, as a line."""
    top = max(per_slot, default=0) or 1
    points = " ".join(f"{40 + 760 * i / max(1, len(per_slot) - 1):.1f},{90 - 80 * v / top:.1f}" for i, v in enumerate(per_slot))
    return f'<svg viewBox="0 0 820 100" role="img"><text x="0" y="14">{top * 10:,}/s</text><text x="0" y="94">0</text><polyline class="line" points="{points}"/></svg>'


def curve(points, across, up):
    """[(x, y)] as a line, both axes from 0."""
    right, top = (max(point[i] for point in points) or 1 for i in (0, 1))
    at = [(60 + 720 * x / right, 170 - 150 * y / top) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    dots = "".join(f'<circle class="bar" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in at)
    return (
        f'<svg viewBox="0 0 820 200" role="img"><text x="0" y="24">{top:,.0f}{up}</text><text x="40" y="174">0</text>'
        f'<text x="780" y="192" text-anchor="end">{right:g} {across}</text><polyline class="line" points="{line}"/>{dots}</svg>'
    )


def figure(says, drawing):
    return f"<figure><figcaption>{html.escape(says)}</figcaption>{drawing}</figure>"


def head(section):
    machine = section["machine"]
    return (
        f"{machine['cores']} cores, {machine['cpu']}; 4 KiB + fdatasync p50 {machine['fdatasync_p50_ms']:.2f} ms, p99 {machine['fdatasync_p99_ms']:.2f} ms; "
        f"load of the machine before: {machine['load_before']:.1f}; rounds of {section['seconds']:g} s: {section['rounds']}"
    )


def render(report, sections):
    """`sections`: modules with NAME, SAYS and drawings()."""
    parts = [
        f"<h2>{html.escape(module.SAYS)}</h2><p>{html.escape(head(report[module.NAME]))}</p>{''.join(module.drawings(report[module.NAME]['result']))}"
        for module in sections
        if module.NAME in report
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Escrow: measured</title><style>{STYLE}</style>'
        f"<h1>Escrow, measured</h1>{''.join(parts)}</html>\n"
    )
