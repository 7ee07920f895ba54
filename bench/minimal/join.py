"""The join of the minimal job: one customer's state, changed in place by each event.

Every engine that is written in Python uses it, so that only what is around it differs. A state is
plain enough for JSON, because some engines keep it as such.

A backlog of three topics does not arrive in order between topics, only within one topic and
customer. So no verdict depends on the order between topics: contacts are remembered, and a claim
that arrives after them looks back.
"""

from __future__ import annotations

from typing import Any

State = dict[str, Any]
Counts = dict[tuple[str, str], int]

WEEK_SECONDS = 7 * 86_400.0
IDS_KEPT = 64
ACCEPTED_WITHIN_SECONDS = 300.0
GOOD_SCORE_MIN = 4

# What a contact contradicts: a claim about the same conversation, or about the same intent. These
# are also the places of both in a claim.
_CONVERSATION, _INTENT = 0, 1


def new_state() -> State:
    """Return the state of a customer of whom nothing is known."""
    return {"ids": [], "open": {}, "claims": [], "contacts": [], "pending": {}, "promises": {}}


def refuse(topic: str, counts: Counts) -> None:
    """Count a record that breaks the contract."""
    _count(counts, topic, "invalid")


def update(state: State, event: Any, counts: Counts) -> None:  # noqa: ANN401 - Model or struct.
    """Fold one event; what was seen already only counts as a duplicate."""
    kind: str = event.type
    ids = state["ids"]
    if event.id in ids:
        _count(counts, kind, "duplicate")
        return
    ids.append(event.id)
    if len(ids) > IDS_KEPT:
        del ids[0]
    _count(counts, kind, _VERDICTS[kind](state, event, event.time.timestamp(), counts))


def _count(counts: Counts, kind: str, verdict: str) -> None:
    key = (kind, verdict)
    counts[key] = counts.get(key, 0) + 1


def _contradict(state: State, at: float, column: int, value: str, counts: Counts) -> None:
    for claim in state["claims"]:
        if not claim[3] and claim[column] == value and 0.0 < at - claim[2] <= WEEK_SECONDS:
            claim[3] = True
            _count(counts, "episode", "failed")


def _started(state: State, event: Any, at: float, counts: Counts) -> str:  # noqa: ANN401
    state["open"][event.conversation_id] = [event.intent, at]
    if event.direction == "inbound" and state["claims"]:
        _contradict(state, at, _INTENT, event.intent, counts)
    return str(event.direction)


def _message(state: State, event: Any, at: float, counts: Counts) -> str:  # noqa: ANN401
    if event.author == "customer" and state["claims"]:
        _contradict(state, at, _CONVERSATION, event.conversation_id, counts)
    return "open" if event.conversation_id in state["open"] else "orphan"


def _claimed(state: State, event: Any, at: float, counts: Counts) -> str:  # noqa: ANN401
    opened = state["open"].pop(event.conversation_id, None)
    about = (event.conversation_id, event.intent)
    failed = any(
        0.0 < contact - at <= WEEK_SECONDS and value == about[column]
        for contact, column, value in state["contacts"]
    )
    state["claims"].append([*about, at, failed])
    _count(counts, "episode", "opened")
    if failed:
        _count(counts, "episode", "failed")
    return "claimed" if opened else "claimed_unopened"


def _requested(state: State, event: Any, at: float, counts: Counts) -> str:  # noqa: ANN401
    state["pending"][event.handoff_id] = at
    state["contacts"].append([at, _CONVERSATION, event.conversation_id])
    _contradict(state, at, _CONVERSATION, event.conversation_id, counts)
    return "requested"


def _accepted(state: State, event: Any, at: float, _counts: Counts) -> str:  # noqa: ANN401
    asked = state["pending"].pop(event.handoff_id, None)
    if asked is None:
        return "unmatched"
    return "in_time" if at - asked <= ACCEPTED_WITHIN_SECONDS else "late"


def _made(state: State, event: Any, _at: float, _counts: Counts) -> str:  # noqa: ANN401
    state["promises"][event.promise_id] = event.due.timestamp()
    return "made"


def _fulfilled(state: State, event: Any, at: float, _counts: Counts) -> str:  # noqa: ANN401
    due = state["promises"].pop(event.promise_id, None)
    if due is None:
        return "unmatched"
    return "kept" if at <= due else "broken"


def _returned(state: State, event: Any, at: float, counts: Counts) -> str:  # noqa: ANN401
    state["contacts"].append([at, _INTENT, event.intent])
    _contradict(state, at, _INTENT, event.intent, counts)
    return "recorded"


def _answered(_state: State, event: Any, _at: float, _counts: Counts) -> str:  # noqa: ANN401
    return "good" if (event.score or 0) >= GOOD_SCORE_MIN else "bad"


_VERDICTS = {
    "conversation_started": _started,
    "message": _message,
    "resolution_claimed": _claimed,
    "handoff_requested": _requested,
    "handoff_accepted": _accepted,
    "promise_made": _made,
    "promise_fulfilled": _fulfilled,
    "repeat_contact": _returned,
    "survey_answered": _answered,
}
