"""All that may go wrong in a schedule, and how often."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances per turn, which is one request of a worker or one step of the world."""

    seed: int
    #: Whether the broker has transactions. Without them a worker that sleeps is not fenced, so
    #: none does.
    transactions: bool
    #: Workers that read each changelog along.
    standbys: int
    #: A worker is killed; another takes its place.
    crash: float
    #: A worker is stopped at its next request, wherever that is.
    stop: float
    #: A stopped worker goes on.
    wake: float
    #: A stopped worker's session runs out.
    expel: float
    #: A worker comes, or leaves in good order.
    churn: float
    #: A request has its effect, and its answer is lost for good.
    lost_answer: float
    #: A transaction ends, and the broker forgets to mark that.
    lost_marks: float
    #: What was fetched is thrown away before it is delivered, in a rebalance or without a word.
    lost_fetch: float
    #: What was fetched is delivered twice.
    repeated_fetch: float
    #: A fetch ends before the log does.
    short_fetch: float
    #: Somebody's transaction on a source is taken back.
    aborted_source: float
    #: A batch is laid down after one of its records, for flushes to take what is folded.
    laid_down: float

    @classmethod
    def drawn(cls, seed: int) -> Faults:
        """The faults of a seed: some schedules are calm in a respect, and some are wild."""
        chance = random.Random(f"faults {seed}")  # noqa: S311 - it hides nothing
        transactions = chance.random() < 0.7

        def rate(highest: float) -> float:
            return chance.choice((0.0, highest / 4, highest))

        return cls(
            seed=seed,
            transactions=transactions,
            standbys=chance.choice((0, 1)),
            crash=rate(0.02),
            stop=rate(0.04) if transactions else 0.0,
            wake=0.03,
            expel=rate(0.2),
            churn=rate(0.02),
            lost_answer=rate(0.01),
            lost_marks=rate(0.05) if transactions else 0.0,
            lost_fetch=rate(0.1),
            repeated_fetch=rate(0.1),
            short_fetch=rate(0.5),
            aborted_source=rate(0.3),
            laid_down=rate(0.2),
        )
