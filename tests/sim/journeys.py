"""A seeded generator of what customers, agents and systems say over some seventy days.

`story` is the same for the same seed. It mixes the plausible with some nonsense, for producers
say anything in any order.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from tests.sim.afterwards import AFTERWARDS, LONG, abandoned
from tests.sim.crowds import crowd
from tests.sim.pen import (
    CHANNELS,
    DAY,
    FIRST,
    HOUR,
    INTENTS,
    MINUTE,
    TOPICS,
    VERSIONS,
    Pen,
    Person,
    Talk,
    around,
    chance,
    text_of,
)
from tests.sim.policies import BUSY, change_of
from tests.sim.scenes import act, claim, hand_over, issues, loop, promise, suggest, turns
from tests.sim.scenes import wish_for_a_human as wish

if TYPE_CHECKING:
    from tests.sim.pen import Record, Said

MIDDLES = (None, None, wish, hand_over, hand_over, promise, act, act, suggest, issues, loop)
NOBODY = ("handoff", "commitment", "action", "suggestion", "conversation")
DAYS = 70


def story(seed: int) -> list[Said]:
    """Everything that was said, in order."""
    rng = Random(seed)  # noqa: S311  # chance here is no secret, it must repeat
    pen = Pen(rng)
    people = [_person(rng, number) for number in range(rng.choice((2, 3, 4)))]
    for person in people:
        _life(pen, person)
    _links(pen, people)
    _nonsense(pen, people)
    if change_of(seed) == BUSY and chance(rng, 0.4):
        crowd(pen)
    _heartbeats(pen)
    return sorted(pen.said, key=lambda said: said.at)


def _person(rng: Random, number: int) -> Person:
    assurance = rng.choice(
        ("verified", "verified", "verified", "asserted", "unknown", "device", "none")
    )
    nameless = assurance in ("device", "none") and chance(rng, 0.3)
    return Person(None if nameless else f"customer-{number}", assurance)


def _life(pen: Pen, person: Person) -> None:
    rng = pen.rng
    at = FIRST + rng.randrange(0, 5 * 24 * 60) * MINUTE
    previous: Talk | None = None
    for _ in range(rng.choice((1, 2, 2, 3))):
        talk = _opened(pen, person, at, previous)
        _conversation(talk, previous)
        previous = talk
        at += around(rng, rng.choice((20 * MINUTE, *LONG)))


def _opened(pen: Pen, person: Person, at: int, previous: Talk | None) -> Talk:
    rng = pen.rng
    if previous and chance(rng, 0.5):
        about = dict(previous.about)
        if chance(rng, 0.3):
            about.pop("entity_ref", None)
    else:
        about = _matter(rng)
    channel = previous.channel if previous and chance(rng, 0.4) else rng.choice((*CHANNELS, None))
    version = rng.choice((*VERSIONS, None))
    return Talk(pen, person, pen.name("talk"), at, channel, about, version)


def _matter(rng: Random) -> Record:
    about: Record = {}
    intent = rng.choice((*INTENTS, None, None))
    if intent:
        about |= {"intent": intent, "intent_group": INTENTS[intent]}
    if chance(rng, 0.3):
        about["entity_ref"] = rng.choice(("order-0", "order-1"))
    if chance(rng, 0.1):
        about["case_id"] = rng.choice(("case-0", "case-1"))
    return about


def _conversation(talk: Talk, previous: Talk | None) -> None:
    rng = talk.rng
    if chance(rng, 0.92):
        origin = rng.choice(
            ("inbound",) * 9 + ("proactive", "reply_to_proactive", "transfer", "odd")
        )
        reply = previous.name if previous and chance(rng, 0.08) else None
        talk.tell("conversation.started", origin=origin, in_reply_to=reply, ai_version=talk.version)
        talk.wait(3 * DAY) if origin == "proactive" and chance(rng, 0.5) else talk.soon()
    turns(talk)
    if chance(rng, 0.15):
        talk.version = rng.choice(VERSIONS)
    if chance(rng, 0.15):
        talk.about |= {
            "intent": (intent := rng.choice(tuple(INTENTS))),
            "intent_group": INTENTS[intent],
        }
        talk.soon().tell("intent.assigned", confidence=0.9, **talk.about)
    middle = rng.choice(MIDDLES)
    if middle:
        middle(talk.soon())
    if chance(rng, 0.12):
        abandoned(talk.soon())
    elif chance(rng, 0.8):
        claim(talk.soon())
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        rng.choice(AFTERWARDS)(talk.soon())
    if previous and chance(rng, 0.1):
        talk.soon().tell("conversation.merged", actor="human", into=previous.name)


def _links(pen: Pen, people: list[Person]) -> None:
    rng = pen.rng
    if not chance(rng, 0.3):
        return
    refs = [person.ref for person in people if person.ref]
    for _ in range(rng.choice((1, 1, 2))):
        one, other = rng.choice([*refs, "stranger"]), rng.choice([*refs, "stranger"])
        if one != other:
            link = rng.choice(("verified", "verified", "asserted", "device", "none"))
            at = FIRST + rng.randrange(0, 40 * 24 * 60) * MINUTE
            data = {"customer_ref": one, "other_ref": other, "assurance": link}
            pen.write("customer.linked", at, data)
            if chance(rng, 0.3):
                at += around(rng, rng.choice((DAY, 20 * DAY)))
                pen.write("customer.linked", at, data | {"assurance": "none"})


def _nonsense(pen: Pen, people: list[Person]) -> None:
    rng = pen.rng
    for _ in range(rng.choice((0, 0, 1, 2))):
        person = rng.choice(people)
        at = FIRST + rng.randrange(0, 60 * 24 * 60) * MINUTE
        talk = Talk(pen, person, f"talk-{rng.choice((1, 2, 99))}", at, None, {}, None)
        kind = rng.choice(
            (
                "handoff.accepted",
                "handoff.completed",
                "handoff.returned",
                "commitment.fulfilled",
                "action.failed",
                "action.reversed",
                "suggestion.used",
                "conversation.closed",
                "conversation.reopened",
                "issue.resolved",
                "message.created",
            )
        )
        data: Record = {
            "handoff_id": "handoff-1",
            "commitment_id": "promise-1",
            "action_id": "action-1",
            "kind": "refund",
            "by": "ai",
            "suggestion_id": "suggestion-1",
            "state": "verbatim",
            "issue_id": "issue-1",
        }
        if kind == "message.created":
            data = {"message_id": "message-1", "actor": "customer", "kind": "other", "test": True}
        talk.tell(kind, **data)


def _heartbeats(pen: Pen) -> None:
    """Every topic shows now and then how far it is, so that time passes for all."""
    rng = pen.rng
    ledger = chance(rng, 0.6)
    end = max([said.at for said in pen.said] + [FIRST + DAYS * DAY] * chance(rng, 0.5))
    at = FIRST
    beats = []
    while at < end:
        early = at < FIRST + 8 * DAY
        at += rng.choice((20 * MINUTE, HOUR, 12 * HOUR, DAY) if early else (DAY, 4 * DAY, 6 * DAY))
        beats.append(at)
    # The monitor looks for its own blindness each quarter of an hour; the log ends between looks.
    last = end // (15 * MINUTE) * 15 * MINUTE + 2 * DAY + 7 * MINUTE
    for at in [*beats, last]:
        for topic in TOPICS:
            late = rng.choice((0, 0, HOUR)) if at < end else 0
            data = {"producer": "desk"}
            if late:
                data["watermark"] = text_of(at - late)
            pen.write("heartbeat", at, data, topic=topic)
        if ledger and chance(rng, 0.8):
            pen.write("heartbeat", at, {"producer": "ledger"}, topic=TOPICS[2])
