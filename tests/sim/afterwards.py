"""What happens after a claim: thanks, returns, mistakes, ratings, and humans who do it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.pen import DAY, HOUR, MINUTE, SECOND, around, chance
from tests.sim.scenes import act, claim, hand_over, issues, promise, suggest, turns

if TYPE_CHECKING:
    from tests.sim.pen import Talk

LONG = (10 * MINUTE, HOUR, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)


def thanks(talk: Talk) -> None:
    """A word of thanks, which undoes nothing, unless it is found to be more."""
    kind = talk.rng.choice(("ack", "thanks", "auto_reply"))
    said = talk.wait(5 * MINUTE, HOUR).says("customer", kind)
    if chance(talk.rng, 0.2):
        _is_really(talk, said["data"]["message_id"], ("question", "other", "thanks"))


def held(talk: Talk) -> None:
    """A message whose kind is not known at once, and perhaps never."""
    said = talk.wait(10 * MINUTE, HOUR, DAY).says("customer", "unknown")
    if chance(talk.rng, 0.7):
        _is_really(talk, said["data"]["message_id"], ("thanks", "ack", "question", "auto_reply"))


def comes_back(talk: Talk) -> None:
    """The customer writes again, for a reason or, as is found out later, without one."""
    said = talk.wait(*LONG).says("customer", talk.rng.choice(("question", "other", "greeting")))
    if chance(talk.rng, 0.3):
        _is_really(talk, said["data"]["message_id"], ("thanks", "ack", "auto_reply", "question"))
    if chance(talk.rng, 0.4):
        talk.soon().says("ai", "answer")
    if chance(talk.rng, 0.4):
        claim(talk.wait(HOUR))


def _is_really(talk: Talk, message: str, kinds: tuple[str, ...]) -> None:
    kind = talk.rng.choice(kinds)
    talk.wait(5 * MINUTE, 10 * MINUTE, HOUR)
    talk.tell("message.created", message_id=message, actor="customer", kind=kind)


def reopened_by_staff(talk: Talk) -> None:
    """By mistake, or not."""
    actor = talk.rng.choice(("human", "system", "ai"))
    talk.wait(*LONG[:7]).tell("conversation.reopened", actor=actor)
    if chance(talk.rng, 0.2):
        talk.soon().says("customer", talk.rng.choice(("question", "thanks")))
    if chance(talk.rng, 0.7):
        talk.wait(5 * MINUTE)
        if chance(talk.rng, 0.5):
            talk.tell("conversation.closed", actor="human")
        else:
            claim(talk)


def reopened_by_customer(talk: Talk) -> None:
    actor = talk.rng.choice(("customer", "customer", "unheard_of"))
    talk.wait(*LONG).tell("conversation.reopened", actor=actor)


def rated(talk: Talk) -> None:
    scale, values = talk.rng.choice(
        (
            ("csat5", (1, 2, 3, 4, 5)),
            ("ces7", (1, 3, 4, 5, 6)),
            ("thumb", (-1, 0, 1)),
            ("nps", (0, 6, 7, 8, 9, 10)),
        )
    )
    talk.wait(HOUR, 7 * DAY)
    talk.tell("feedback.received", scale=scale, value=talk.rng.choice(values))


def signalled(talk: Talk) -> None:
    rng = talk.rng
    kind = rng.choice(("chargeback", "complaint", "cancellation", "review_negative"))
    nameless = chance(rng, 0.5) and talk.person.ref is not None
    place = {"conversation_id": None} if nameless else {}
    entity = rng.choice((talk.about.get("entity_ref"), "order-0", None))
    at = talk.at + around(rng, rng.choice((DAY, 20 * DAY, 60 * DAY)))
    talk.tell_at(at, "external.signal", kind=kind, entity_ref=entity, **place)


def done_again(talk: Talk) -> None:
    """A human does what the AI claimed to have done."""
    rng = talk.rng
    talk.wait(HOUR, DAY, 7 * DAY)
    for _ in range(rng.choice((0, 1, 1))):
        act(talk, by="human")
        talk.soon()
    if chance(rng, 0.6):
        basis = rng.choice(("operator", "agent_judged", "bulk"))
        talk.tell("resolution.claimed", by="human", basis=basis)


def swept(talk: Talk) -> None:
    """The conversation goes: as spam, into another, for ever, or with many others."""
    rng = talk.rng
    talk.wait(MINUTE, HOUR, DAY, 7 * DAY)
    end = rng.choice(("spam_marked", "deleted", "bulk", "merge"))
    if end in ("bulk", "merge"):
        talk.tell("resolution.claimed", by="human", basis=end)
    else:
        talk.tell(f"conversation.{end}", actor="human")


def judged(talk: Talk) -> None:
    """A judge says what it thinks; a reviewer's word counts."""
    rng = talk.rng
    named = rng.choice(("escalation", "escalation", "helpful"))
    talk.wait(HOUR, DAY)
    talk.tell(
        "evaluation.result",
        **{
            "gen_ai.evaluation.name": named,
            "gen_ai.evaluation.score.label": rng.choice(("needed", "not_needed", "missed", None)),
            "evaluator": rng.choice(("human", "qa", "judge")),
            "evaluator_version": rng.choice(("1", "2")),
        },
    )


def closed(talk: Talk) -> None:
    rng = talk.rng
    talk.wait(SECOND, HOUR)
    reason = rng.choice((None, "workflow", "done"))
    talk.tell(
        "conversation.closed",
        actor=rng.choice(("human", "system", "ai", "customer")),
        reason=reason,
    )


def abandoned(talk: Talk) -> None:
    """The AI asks, the customer says no more, and the clock calls it resolved."""
    rng = talk.rng
    talk.says("ai", rng.choice(("question", "error", "answer")))
    if chance(rng, 0.15):
        talk.soon().says("customer", rng.choice(("other", "ack")))
        talk.sent_late()
    talk.wait(HOUR, DAY)
    if chance(rng, 0.3):
        talk.tell("conversation.closed", actor="system")
    else:
        talk.tell("resolution.claimed", by="system", basis="inactivity_timeout")


AFTERWARDS = (
    thanks,
    thanks,
    held,
    comes_back,
    comes_back,
    reopened_by_staff,
    reopened_by_customer,
    rated,
    signalled,
    done_again,
    swept,
    judged,
    closed,
    turns,
    hand_over,
    act,
    claim,
    promise,
    suggest,
    issues,
)
