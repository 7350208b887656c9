"""What a run consists of, in the order of a report."""

from sections import hang, load, memory, overload, peers, queueing, recovery, size

SECTIONS = [load, peers, queueing, size, memory, hang, overload, recovery]
