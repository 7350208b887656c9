#!/usr/bin/env python3
"""README.md and README.zh-CN.md show the same code, the same commands and the same documents, in the same order.

    readmes.py      compares the two of the tree this file lies in; prints every difference, ends with 1 if there is one
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = ("README.md", "README.zh-CN.md")


def parts(text):
    """What a translation must leave alone: {kind: [...]}, each in the order of the page."""
    blocks = re.findall(r"^```[^\n]*\n.*?^```$", text, re.M | re.S)
    prose = re.sub(r"^```[^\n]*\n.*?^```$", "", text, flags=re.M | re.S)
    links = re.findall(r"\]\(([^)\s]+)\)|<(https?://[^>\s]+)>", prose)
    return {
        "code block": blocks,
        "code in the text": re.findall(r"`([^`\n]+)`", prose),
        # Each page leads to the other one.
        "link": [target for pair in links if (target := pair[0] or pair[1]) not in NAMES],
        "section": [len(marks) for marks in re.findall(r"^(#+) ", prose, re.M)],
    }


def compare(one, other):
    faults = []
    left, right = parts(one), parts(other)
    for kind, items in left.items():
        # Sentences may put names in another order; blocks and sections may not.
        mine, theirs = (items, right[kind]) if kind in ("code block", "section") else (sorted(items), sorted(right[kind]))
        if mine != theirs:
            missing = [item for item in items if item not in right[kind]] or [item for item in right[kind] if item not in items]
            faults.append(f"{NAMES[1]}:1: {kind}s differ from {NAMES[0]}: {len(items)} against {len(right[kind])}; the first: {str(missing[:1])[:300]}")
    return faults


def main():
    pages = [(ROOT / name).read_text(encoding="utf-8") for name in NAMES]
    faults = compare(*pages)
    faults += [f"{name}:1: does not lead to {other}" for name, other, page in zip(NAMES, NAMES[::-1], pages) if f"({other})" not in page]
    faults += [
        f"{NAMES[0]}:1: leads to {link}, which is not there"
        for link in parts(pages[0])["link"]
        if "://" not in link and not (ROOT / link.split("#")[0]).exists()
    ]
    print("\n".join(faults) if faults else "the READMEs are in step")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
