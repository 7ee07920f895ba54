"""The answer key of the minimal job: one pass in order of time, over whole histories.

Written from the definitions, and without `bench.minimal.join`, which it judges: a verdict is found
by looking at everything the customer ever sent, never from a state that is carried along.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.minimal.backlog import Record

Event = dict[str, Any]

WEEK = 7 * 86_400
NEEDED = {"id", "source", "type", "time", "customer_ref", "conversation_id", "channel", "intent"}
STARTED, CLAIMED = "conversation_started", "resolution_claimed"


def answer(records: Iterable[Record]) -> list[list[Any]]:
    """Return every count as ``[what, verdict, how many]``, sorted."""
    counts: Counter[tuple[str, str]] = Counter()
    histories: dict[bytes, list[Event]] = defaultdict(list)
    for record in records:
        event = _read(record.value)
        if event is None:
            counts[record.topic, "invalid"] += 1
        else:
            histories[record.key].append(event)
    for history in histories.values():
        _judge(history, counts)
    return sorted([*key, count] for key, count in counts.items())


def _read(value: bytes) -> Event | None:
    try:
        event: Event = json.loads(value)
    except ValueError:
        return None
    if not event.keys() >= NEEDED:
        return None
    return event | {"at": _seconds(event["time"])}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _judge(history: list[Event], counts: Counter[tuple[str, str]]) -> None:
    history.sort(key=lambda event: event["at"])
    unique = {event["id"]: event for event in reversed(history)}
    counts.update(
        (event["type"], "duplicate") for event in history if unique[event["id"]] is not event
    )
    events = [event for event in history if unique[event["id"]] is event]
    for place, event in enumerate(events):
        counts[event["type"], _VERDICTS[event["type"]](event, events[:place])] += 1
        if event["type"] == CLAIMED:
            counts["episode", "opened"] += 1
            counts["episode", "failed"] += any(_contradicts(one, event) for one in events)


def _contradicts(contact: Event, claim: Event) -> bool:
    if not 0 < contact["at"] - claim["at"] <= WEEK:
        return False
    match contact["type"]:
        case "conversation_started":
            return (contact["direction"], contact["intent"]) == ("inbound", claim["intent"])
        case "repeat_contact":
            return bool(contact["intent"] == claim["intent"])
        case "message":
            return contact["author"] == "customer" and _same("conversation_id", contact, claim)
        case "handoff_requested":
            return _same("conversation_id", contact, claim)
    return False


def _same(name: str, one: Event, other: Event) -> bool:
    return bool(one[name] == other[name])


def _is_open(event: Event, before: list[Event]) -> bool:
    ends = (STARTED, CLAIMED)
    said = [one for one in before if _same("conversation_id", one, event) and one["type"] in ends]
    return bool(said) and said[-1]["type"] == STARTED


def _accepted(event: Event, before: list[Event]) -> str:
    asked = _asked("handoff_requested", "handoff_id", event, before)
    if asked is None:
        return "unmatched"
    return "in_time" if event["at"] - asked["at"] <= 300 else "late"  # noqa: PLR2004


def _fulfilled(event: Event, before: list[Event]) -> str:
    made = _asked("promise_made", "promise_id", event, before)
    if made is None:
        return "unmatched"
    return "kept" if event["at"] <= _seconds(made["due"]) else "broken"


def _asked(kind: str, name: str, event: Event, before: list[Event]) -> Event | None:
    asked = (one for one in before if one["type"] == kind and _same(name, one, event))
    return next(asked, None)


_VERDICTS: dict[str, Callable[[Event, list[Event]], str]] = {
    STARTED: lambda event, _: str(event["direction"]),
    "message": lambda event, before: "open" if _is_open(event, before) else "orphan",
    CLAIMED: lambda event, before: "claimed" if _is_open(event, before) else "claimed_unopened",
    "handoff_requested": lambda _event, _: "requested",
    "handoff_accepted": _accepted,
    "promise_made": lambda _event, _: "made",
    "promise_fulfilled": _fulfilled,
    "repeat_contact": lambda _event, _: "recorded",
    "survey_answered": lambda event, _: "good" if event["score"] >= 4 else "bad",  # noqa: PLR2004
}
