"""Escrow beside its peers and the floor, in turn, on the same work."""

from page import bars, figure
from peers import pairs

NAME = "peers"
SAYS = "Beside dtm, Seata and the floor"


def run(bench):
    rounds = 1 if bench.quick else max(5, bench.rounds)
    found = []
    for peer in pairs.PEERS:
        if not bench.peers or peer.name in bench.peers:
            found += pairs.turns(bench.programs, peer, rounds, bench.seconds, bench.quick, bench.progress)
    return {"turns": rounds, "pairs": found}


def text(result):
    return pairs.render(result["pairs"])


def drawings(result):
    ratios = [(f"{one['work']} / {one['peer']}", one["ratio"]["median"]) for one in result["pairs"]]
    return [figure("Escrow's throughput as a multiple of the peer's: medians of the turns", bars(ratios, "x", digits=2)), f"<pre>{text(result)}</pre>"]
