"""Each C++ block of docs/sdk.md stands in one of the compiled files, apart from white space, which the formatter owns.

check_snippets.py PAGE FILE...
"""

import pathlib
import re
import sys


def flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


def blocks(page: str) -> list[str]:
    return re.findall(r"^```cpp\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def main() -> int:
    page, *files = (pathlib.Path(name).read_text() for name in sys.argv[1:])
    compiled = [flat(text) for text in files]
    found = blocks(page)
    missing = [block for block in found if not any(flat(block) in text for text in compiled)]
    for block in missing:
        print(f"this block of the page is not compiled anywhere:\n{block}", file=sys.stderr)
    if not found:
        print("the page has no C++ block: is it still the right one?", file=sys.stderr)
    return 1 if missing or not found else 0


if __name__ == "__main__":
    sys.exit(main())
