"""Many customers at the same hour of each day, until something is no longer seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.pen import DAY, FIRST, HOUR, MINUTE, Person, Talk, chance

if TYPE_CHECKING:
    from tests.sim.pen import Pen


def crowd(pen: Pen) -> None:
    """A busy hour on each day; in the end nobody comes, or none is passed on, or none is known."""
    rng = pen.rng
    begun = FIRST + rng.randrange(24) * HOUR
    usual = rng.choice((3, 4, 7))
    for day in range(usual + rng.choice((1, 2, 3))):
        lacks = rng.choice(("handoffs", "names", "everything")) if day >= usual else ""
        if lacks != "everything":
            _hour(pen, begun + day * DAY, lacks)


def _hour(pen: Pen, begun: int, lacks: str) -> None:
    rng = pen.rng
    for number in range(10):
        at = begun + number * 6 * MINUTE + rng.randrange(MINUTE)
        ref = None if lacks == "names" else pen.name("passer-by")
        talk = Talk(pen, Person(ref, "verified"), pen.name("talk"), at, "chat", {}, "v1")
        talk.tell("conversation.started", origin="inbound", ai_version="v1")
        talk.soon().says("ai", "answer")
        if lacks != "handoffs" and chance(rng, 0.8):
            talk.soon().tell(
                "handoff.requested",
                handoff_id=pen.name("handoff"),
                kind="ai_human",
                requested_by="ai",
                reason_code="knowledge_gap",
            )
