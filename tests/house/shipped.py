#!/usr/bin/env python3
"""What is shipped holds nothing that only tests may set off: no failpoint and no planted bug.

    shipped.py <file or folder>... --holds <program>

Every file is searched for the marks that stand before their names (coordinator/faults/fault_point.hpp, protocol/planted_bug.hpp).
The program behind --holds is one that was built with failpoints: the search must find them there, or it would find them nowhere.
"""

import pathlib
import sys

MARKS = (b"faultpoint:", b"planted:", b"FAULT_POINTS")


def marks_in(path):
    content = path.read_bytes()
    return [mark.decode() for mark in MARKS if mark in content]


def files_of(paths):
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from (found for found in sorted(path.rglob("*")) if found.is_file() and found.suffix in ("", ".a", ".so", ".o"))
        else:
            yield path


def main(arguments):
    split = arguments.index("--holds")
    shipped, control = list(files_of(arguments[:split])), pathlib.Path(arguments[split + 1])
    faults = [f"{path} holds {', '.join(found)}" for path in shipped if (found := marks_in(path))]
    if not shipped:
        faults.append("nothing was searched")
    if "faultpoint:" not in marks_in(control):
        faults.append(f"{control} was built with failpoints, and they are not found in it: the search is no good")
    print("\n".join(faults) if faults else f"{len(shipped)} files, no failpoint and no planted bug in them")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
