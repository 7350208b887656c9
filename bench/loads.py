"""The loads that are measured. Each is what escrow-bench-load is told, and what a reader calls it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    says: str
    scenario: str
    clients: int = 64
    branches: int = 2
    payload: int = 200
    aborts: float = 0
    first_path: str = ""
    rate: float = 0
    floor: bool = False  # measured with the least coordinator, too
    streams: tuple = ()  # paths of event streams that are followed meanwhile
    asked: tuple = ()  # paths that are asked for every five seconds meanwhile

    def arguments(self, seconds, warmup):
        flags = {
            "scenario": self.scenario, "clients": self.clients, "branches": self.branches, "payload": self.payload,
            "aborts": self.aborts, "rate": self.rate, "seconds": seconds, "warmup": warmup,
        }
        if self.first_path:
            flags["first-path"] = self.first_path
        return [part for key, value in flags.items() for part in (f"--{key}", str(value))]


# What the console's overview follows.
OVERVIEW = "/v1/events?type=attention_raised&type=attention_cleared&overview=true"


def clients(count):
    return "1 client" if count == 1 else f"{count} clients"


LOADS = [
    *(Load(f"saga-{n}", f"driven saga, 2 branches, waited, {clients(n)}", "saga", n, floor=n in (1, 64)) for n in (1, 16, 64, 256, 1000)),
    Load("saga-5-branches", "driven saga, 5 branches, waited, 64 clients", "saga", branches=5),
    Load("saga-async", "driven saga, 2 branches, not waited, 64 clients", "saga-async"),
    Load("saga-2kB", "driven saga, 2 branches of 2 kB, waited, 64 clients", "saga", payload=2000),
    Load("saga-aborts", "driven saga, 2 branches, a tenth aborts, 64 clients", "saga", aborts=0.1),
    Load("saga-slow", "driven saga, first branch takes 50 ms, 256 clients", "saga", 256, first_path="/slow/50"),
    *(Load(f"tcc-{n}", f"interactive TCC, 2 branches, {clients(n)}", "tcc", n, floor=n == 64) for n in (1, 64)),
    Load("tcc-together", "interactive TCC, both branches in the start, 64 clients", "tcc-together", floor=True),
    Load("tcc-driven", "driven TCC, 2 branches, waited, 64 clients", "tcc-driven"),
    Load("message", "driven two-phase message, 2 branches, waited, 64 clients", "message"),
    Load("start", "interactive start and nothing more, 64 clients", "start"),
    Load("saga-console", "driven saga as saga-64, with the console's overview open", "saga", streams=(OVERVIEW,), asked=("/v1/overview", "/v1/destinations")),
    Load("saga-followed", "driven saga as saga-64, with 3 readers of every event", "saga", streams=("/v1/events",) * 3),
]

# What a look at the machine takes: a minute and a half.
QUICK = ("saga-1", "saga-64", "tcc-64", "start")


def chosen(names):
    """The loads of these names; every one for none. Throws KeyError for a name that is none."""
    known = {load.name: load for load in LOADS}
    return [known[name] for name in names] if names else LOADS
