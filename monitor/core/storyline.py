"""One journey as a story over its channels: what happened, what was found, what will be decided.

It is made of how the journey stands, which only its owner knows, and of what was found in it,
which is published. Of a journey that has ended its owner may know how it stood when something was
found in it last; else the findings tell it alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.core import rules
from schemas.api import Contact, Entry, Timeline
from schemas.published import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.api import Found

    Facts = dict[str, Any]

_MARK = {"event_id", "source", "type", "at"}
_ELSEWHERE = {"failures", "returned"}
_BEGUN = "conversation started"
_MESSAGE = "cx.message.created.v1"
_CUSTOMER, _SOMEBODY = "the customer wrote", "a message was written"
_ASKED, _OPEN = "the customer asked for a human", "the AI asked, or failed to answer"
_UNANSWERED = "a message that nobody has answered"
# A message is remembered without its author. Where it is kept, or what rests on it, tells of him.
_SAID_WHERE = {"waiting": _UNANSWERED, "wants_human": _ASKED, "left_open": _OPEN}
_SAID_FOR = {
    "SF-01": _CUSTOMER,
    "SF-03": _OPEN,
    "SF-11": _ASKED,
    "SF-12": _UNANSWERED,
    "SF-13": _UNANSWERED,
    "SF-14": "the same was written again",
    "SF-19": "a human asked for what was known",
}
# What was there first stands first where moments are the same.
_ORDER = ("contact", "event", "due", "verdict", "finding", "pending")


def storyline(
    journey: str, standings: Sequence[Facts], found: Sequence[Found], silent: Iterable[int]
) -> Timeline:
    """Tell a journey.

    Args:
        journey: the name by which it is published.
        standings: how it stands, or stood, as its owner answers; nothing if nobody remembers it.
        found: what was found in it.
        silent: the partitions whose owner gave no answer.
    """
    contacts = {one.conversation_id: one for one in _contacts(standings, found)}
    entries = [*_known(standings), *_findings(found), *_proofs(standings, found, contacts)]
    placed = [
        entry.model_copy(update={"channel": contacts[entry.conversation_id].channel})
        if entry.conversation_id in contacts
        else entry
        for entry in entries
    ]
    times = [one["event_time"] for one in standings]
    over = [one for one in standings if "as_of" in one]
    return Timeline(
        journey=journey,
        event_time=max(times, default=None),
        open=len(over) < len(standings),
        as_of=max((one["as_of"] for one in over), default=None),
        ended_at=max((one["ended_at"] for one in over if "ended_at" in one), default=None),
        without_answer=tuple(sorted(silent)),
        contacts=tuple(contacts.values()),
        entries=tuple(sorted(placed, key=lambda one: (one.at, _ORDER.index(one.what)))),
    )


def _contacts(standings: Sequence[Facts], found: Sequence[Found]) -> Iterator[Contact]:
    # What its owner says of a conversation comes last, for it is more.
    for one in found:
        if one.conversation_id is not None:
            yield Contact(conversation_id=one.conversation_id, channel=one.channel)
    for conversation in _all(standings, "conversations"):
        yield Contact.model_validate(
            {"channel": "unknown"} | conversation | {"conversation_id": conversation["id"]}
        )


def _all(standings: Sequence[Facts], section: str) -> Iterator[Facts]:
    for one in standings:
        yield from one.get(section, ())


def _known(standings: Sequence[Facts]) -> Iterator[Entry]:
    for handoff in _all(standings, "handoffs"):
        if "due_at" in handoff:
            told = "somebody should have taken over by now"
            yield _entry("due", handoff["due_at"], told, handoff["conversation_id"])
    for promise in _all(standings, "promises"):
        yield from _promise(promise)
    for claim in _all(standings, "claims"):
        yield from _failures(claim)
    for one in standings:
        if "ended_at" in one:
            rule = rules.of_end(one["verdict"])
            yield _entry("verdict", one["ended_at"], "the journey ends", None, rule)
    for due in _all(standings, "pending"):
        rule = rules.Rule(due["rule"], due["because"])
        where = due["conversations"][0] if due["conversations"] else None
        yield _entry("pending", due["at"], "if nothing happens until then", where, rule)


def _promise(promise: Facts) -> Iterator[Entry]:
    where = promise.get("conversation_id")
    yield _entry("due", promise["due_at"], f"promised by now: {_words(promise['kind'])}", where)
    if "broken_at" in promise:
        rule = rules.of_broken_promise()
        yield _entry("verdict", promise["broken_at"], "the promise is broken", where, rule)


def _failures(claim: Facts) -> Iterator[Entry]:
    for failure in claim.get("failures", ()):
        if "proof" in failure:
            rule = rules.of_failure(failure.get("cause"))
            told = "the claim did not hold"
            yield _entry("verdict", failure["proof"]["at"], told, claim["conversation_id"], rule)


def _findings(found: Sequence[Found]) -> Iterator[Entry]:
    for one in found:
        said = "no longer found: " if one.retracted else ""
        yield Entry(
            at=one.decided_at,
            what="finding",
            told=f"{said}{one.name}",
            channel=one.channel,
            conversation_id=one.conversation_id,
            rule=one.sf,
            because=one.because,
            confidence=one.confidence,
            stands=one.stands,
            evidence=one.evidence,
        )


def _proofs(
    standings: Sequence[Facts], found: Sequence[Found], contacts: Mapping[str, Contact]
) -> Iterator[Entry]:
    """Contacts, and every event that something rests on, once: with the contact that it began."""
    only = next(iter(contacts), None) if len(contacts) == 1 else None
    # Of what a finding rests on is not said in which conversation it was.
    told = [
        (evidence, only, "" if one.retracted else _SAID_FOR.get(one.sf, ""))
        for one in found
        for evidence in one.evidence
    ]
    told += [one for standing in standings for one in _marks(standing, None)]
    said = {(evidence.source, evidence.event_id): words for evidence, _, words in told if words}
    events: dict[tuple[str, str], Entry] = {}
    for evidence, conversation, _ in told:
        name = evidence.source, evidence.event_id
        if name not in events or events[name].conversation_id is None:
            events[name] = _event(evidence, conversation or only, said.get(name, _SOMEBODY))
    begun = {event.at: event for event in events.values() if event.told == _BEGUN}
    for one in contacts.values():
        if one.started_at is not None:
            event = begun.pop(one.started_at, None)
            yield Entry(
                at=one.started_at,
                what="contact",
                told="contact begins",
                conversation_id=one.conversation_id,
                evidence=event.evidence if event else (),
            )
    yield from (event for event in events.values() if event.told != _BEGUN)
    yield from begun.values()


def _marks(
    node: Any,  # noqa: ANN401
    where: str | None,
    said: str = "",
) -> Iterator[tuple[Evidence, str | None, str]]:
    """Every event that is remembered somewhere in how a journey stands, and where it was.

    Of a message also what was said by whom, where that is known.
    """
    if isinstance(node, list):
        for one in node:
            yield from _marks(one, where)
    if not isinstance(node, dict):
        return
    if node.keys() >= _MARK:
        yield Evidence.model_validate(node | {"occurred_at": node["at"]}), where, said
        return
    # What the customer wrote after a claim, and what undid it.
    by_customer = "message_id" in node or node.get("cause") == "reopen"
    # A conversation is called by its id, everything else by its conversation's.
    inside = node.get("conversation_id") or (node.get("id") if "started_at" in node else where)
    for name, one in node.items():
        # A customer may come back in any conversation.
        words = _CUSTOMER if by_customer else _SAID_WHERE.get(name, "")
        yield from _marks(one, None if name in _ELSEWHERE else inside, words)


def _event(evidence: Evidence, conversation: str | None, said: str) -> Entry:
    named = _words(evidence.type.removeprefix("cx.").rpartition(".v")[0])
    return Entry(
        at=evidence.occurred_at,
        what="event",
        told=said if evidence.type == _MESSAGE else named,
        conversation_id=conversation,
        evidence=(evidence,),
    )


def _entry(
    what: str, at: str, told: str, conversation: str | None, rule: rules.Rule | None = None
) -> Entry:
    told_by = {} if rule is None else {"rule": rule.id, "because": rule.says}
    where = {"conversation_id": conversation}
    return Entry.model_validate({"what": what, "at": at, "told": told} | where | told_by)


def _words(name: str) -> str:
    return name.replace(".", " ").replace("_", " ")
