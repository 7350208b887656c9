"""What a run consists of, in the order of a report."""

from sections import hang, load, memory, overload, peers, recovery, size

SECTIONS = [load, peers, size, memory, hang, overload, recovery]
