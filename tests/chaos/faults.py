"""What goes wrong, when, and for how long: all of it drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random


@dataclass(frozen=True, slots=True)
class Weights:
    """How often each kind of fault comes, against the others; a kind of weight 0 never comes."""

    kill: float = 4
    """A worker gets SIGKILL, and is started again."""
    roll: float = 3
    """A worker gets SIGTERM, and is started again when it has ended: a rolling restart."""
    freeze: float = 2
    """A worker is stopped until the group has given its partitions away, and goes on then."""
    nap: float = 1
    """The same, for less than its session lasts."""
    resize: float = 2
    """The spare worker joins; the next time one leaves."""
    cut: float = 2
    """A worker's connections to the broker break, and new ones are refused for a while."""
    stall: float = 2
    """Nothing comes through a worker's connections for a while, though they stay open."""
    hang: float = 1
    """The broker is stopped for a few seconds, and goes on then."""
    crash: float = 0.5
    """The broker gets SIGKILL, and is started again on its data."""
    bounce: float = 0.5
    """The broker gets SIGTERM, and is started again on its data."""
    full: float = 1
    """A worker's files cannot grow for a while, as on a full disk."""


KINDS = tuple(field.name for field in fields(Weights))
OF_THE_BROKER = {"hang", "crash", "bounce"}

# How long a fault lasts, in seconds. The shortest session that a worker may have is six.
_SECONDS = {
    "kill": (0.0, 2.0),
    "roll": (0.0, 0.0),
    "freeze": (7.5, 11.0),
    "nap": (0.5, 5.0),
    "resize": (0.0, 0.0),
    "cut": (0.2, 8.0),
    "stall": (1.0, 9.0),
    "hang": (1.0, 6.0),
    "crash": (0.0, 2.0),
    "bounce": (0.0, 1.0),
    "full": (2.0, 8.0),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Which worker it hits is ``die``'s choice among those that are up to it then."""

    after: float
    """Seconds since the fault before."""
    kind: str
    die: float
    seconds: float


def schedule(seed: int, count: int, weights: Weights) -> list[Fault]:
    """Draw so many faults. Most follow at once; now and then work gets done in between."""
    dice = Random(f"faults {seed}")  # noqa: S311 - it hides nothing
    chances = [getattr(weights, kind) for kind in KINDS]
    faults = []
    for _ in range(count):
        after = dice.uniform(0.1, 1.8) if dice.random() < 0.8 else dice.uniform(3, 6)
        (kind,) = dice.choices(KINDS, chances)
        faults.append(Fault(after, kind, dice.random(), dice.uniform(*_SECONDS[kind])))
    return faults
