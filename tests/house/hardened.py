#!/usr/bin/env python3
"""Reads from programs what cmake/Hardening.cmake asked for. hardened.py [--optimized] PROGRAM...

--optimized: also what only an optimising compiler does (checked calls of the C library, stacks that are probed). Prints every fault and ends
with 1 if there is one.
"""

import pathlib
import platform
import re
import subprocess
import sys


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True).stdout


def faults(program, optimized=False):
    """What is missing in one program, each as a sentence."""
    found = []
    header, segments, dynamic = readelf(program, "--file-header"), readelf(program, "--program-headers"), readelf(program, "--dynamic")
    flags = " ".join(re.findall(r"\((?:FLAGS|FLAGS_1)\)(.*)", dynamic))
    if not re.search(r"Type:\s+DYN", header) or "PIE" not in flags:
        found.append("it is loaded at the same address every time (no PIE)")
    if "GNU_RELRO" not in segments:
        found.append("its tables of addresses stay writable (no RELRO)")
    if not re.search(r"\b(BIND_NOW|NOW)\b", flags):
        found.append("addresses are looked up late, so the tables stay writable (no BIND_NOW)")
    stack = re.search(r"GNU_STACK\s.*", segments)
    if not stack or re.search(r"\sRWE\s", stack[0]):
        found.append("its stack is executable")
    if re.search(r"LOAD\s.*\sRWE\s", segments):
        found.append("a part of it can be written and executed")
    if "(TEXTREL)" in dynamic:
        found.append("its code is written to when it is loaded (TEXTREL)")
    if "(RPATH)" in dynamic or "(RUNPATH)" in dynamic:
        found.append("it says where libraries are looked for (RPATH)")
    if not optimized:
        return found

    symbols = readelf(program, "--dyn-syms")
    if "__stack_chk_fail" not in symbols:
        found.append("overwritten stacks go unnoticed (no stack protector)")
    if not re.search(r"__(mem|str|v?f?s?n?printf|read|recv)\w*_chk\b", symbols):
        found.append("no call of the C library is checked (no _FORTIFY_SOURCE)")
    if platform.machine() == "x86_64":
        code = pathlib.Path(program).read_bytes()
        if code.count(b"\xf3\x0f\x1e\xfa") < 1000:
            found.append("functions have no mark that a jump may go there (no -fcf-protection)")
        # orq $0,(%rsp): how gcc and clang touch a page of a growing stack.
        if code.count(b"\x48\x83\x0c\x24\x00") == 0 and code.count(b"\x48\xc7\x04\x24\x00\x00\x00\x00") == 0:
            found.append("stacks grow without being probed (no -fstack-clash-protection)")
    return found


def main(arguments):
    programs = [argument for argument in arguments if not argument.startswith("--")]
    if not programs:
        sys.exit(__doc__)
    everything = [f"{program}: {fault}" for program in programs for fault in faults(program, "--optimized" in arguments)]
    print(*everything, sep="\n", end="\n" if everything else "")
    print(f"{len(everything)} faults" if everything else f"hardened: {len(programs)} programs, no fault")
    return 1 if everything else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
