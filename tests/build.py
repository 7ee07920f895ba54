"""Events as sentences, so that a test reads as a story: `says("ann", at="09:30")`.

Times are written ``"09:30"``, or ``"3d 09:30"`` for the third day after. A sentence said twice is
the same event, id and all; ``id=`` makes another one of it. What a sentence does not say can be
added by its name in the contract, and is left out when it is None.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from monitor.core.calendars import Calendar, Week
from monitor.core.moments import HOUR, moment_of
from monitor.core.policy import Policy
from schemas.decode import TOPIC_OF, read

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from schemas.envelope import Envelope

FIRST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
ENVELOPE = ("id", "source", "sequence", "partitionkey")


_WORK = ((9 * HOUR, 17 * HOUR),)
# The first day is a Monday.
OFFICE_HOURS = replace(
    Policy(),
    calendar="office",
    calendars={"office": Calendar("UTC", Week(_WORK, _WORK, _WORK, _WORK, _WORK))},
)
"""A policy by which people work from nine to five."""


def clock(at: str) -> datetime:
    """``"09:30"`` of the first day, or ``"3d 09:30:15"`` of the third day after."""
    days, _, time = at.rpartition("d ")
    parts = [float(part) for part in time.split(":")] + [0.0]
    hours, minutes, seconds, *_ = parts
    return FIRST_DAY + timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds)


def moment(at: str) -> Moment:
    """The moment that `clock` reads."""
    return moment_of(clock(at))


def topic_of(event: Envelope) -> str:
    """The topic an event belongs to. A heartbeat belongs to every topic; see `heartbeat`."""
    return TOPIC_OF[event.type]


def said(kind: str, at: str | datetime, data: dict[str, Any]) -> Envelope:
    """Any event, by the middle of its type."""
    time = clock(at) if isinstance(at, str) else at
    given = {name: data.pop(name) for name in ENVELOPE if data.get(name) is not None}
    told = {name: value for name, value in data.items() if value is not None}
    who = data.get("conversation_id") or data.get("customer_ref")
    record = {
        "specversion": "1.0",
        "id": f"{kind} {who} {time.isoformat()}",
        "source": "desk",
        "type": f"cx.{kind}.v1",
        "time": time,
        "data": told,
    }
    return read(TOPIC_OF[f"cx.{kind}.v1"], record | given)


def contact(customer: str, more: dict[str, Any], **data: Any) -> dict[str, Any]:
    """What every event of a customer's says, unless the sentence says otherwise."""
    known = {
        "customer_ref": customer,
        "conversation_id": f"{customer}-1",
        "identity_assurance": "verified",
    }
    return known | data | more


def started(customer: str, at: str | datetime, **more: Any) -> Envelope:
    return said("conversation.started", at, contact(customer, more, channel="chat"))


def says(customer: str, at: str, kind: str = "question", **more: Any) -> Envelope:
    return message(customer, at, "customer", kind, more)


def ai_says(customer: str, at: str, kind: str = "answer", **more: Any) -> Envelope:
    return message(customer, at, "ai", kind, more)


def human_says(customer: str, at: str, kind: str = "answer", **more: Any) -> Envelope:
    return message(customer, at, "human", kind, more)


def message(customer: str, at: str, actor: str, kind: str, more: dict[str, Any]) -> Envelope:
    name = f"{actor} {kind} {customer} {at}"
    spoken = contact(customer, more, actor=actor, kind=kind, message_id=name)
    return said("message.created", at, {"id": name} | spoken)


def claimed(customer: str, at: str, by: str = "ai", **more: Any) -> Envelope:
    return said("resolution.claimed", at, contact(customer, more, by=by, basis="agent_judged"))


def closed(customer: str, at: str, actor: str = "human", **more: Any) -> Envelope:
    return said("conversation.closed", at, contact(customer, more, actor=actor))


def reopened(customer: str, at: str, actor: str = "human", **more: Any) -> Envelope:
    return said("conversation.reopened", at, contact(customer, more, actor=actor))


def merged(customer: str, at: str, into: str, **more: Any) -> Envelope:
    return said("conversation.merged", at, contact(customer, more, into=into))


def spam_marked(customer: str, at: str, **more: Any) -> Envelope:
    return said("conversation.spam_marked", at, contact(customer, more, actor="human"))


def deleted(customer: str, at: str, **more: Any) -> Envelope:
    return said("conversation.deleted", at, contact(customer, more, actor="system"))


def handoff_requested(customer: str, at: str, handoff: str = "h1", **more: Any) -> Envelope:
    asked = contact(
        customer,
        more,
        handoff_id=handoff,
        kind="ai_human",
        requested_by="ai",
        reason_code="knowledge_gap",
        within_hours=True,
    )
    return said("handoff.requested", at, {"id": f"{handoff} requested {at}"} | asked)


def handoff(step: str, customer: str, at: str, handoff: str = "h1", **more: Any) -> Envelope:
    """A step in the life of a handoff: announced, accepted, first_reply, completed, …."""
    taken = contact(customer, more, handoff_id=handoff)
    return said(f"handoff.{step}", at, {"id": f"{handoff} {step} {at}"} | taken)


def promised(customer: str, at: str, due: str, commitment: str = "p1", **more: Any) -> Envelope:
    made = contact(
        customer, more, commitment_id=commitment, kind="callback", made_by="ai", due_at=clock(due)
    )
    return said("commitment.made", at, {"id": f"{commitment} made {at}"} | made)


def fulfilled(customer: str, at: str, commitment: str = "p1", **more: Any) -> Envelope:
    kept = contact(customer, more, commitment_id=commitment)
    return said("commitment.fulfilled", at, {"id": f"{commitment} fulfilled {at}"} | kept)


def withdrawn(customer: str, at: str, commitment: str = "p1", **more: Any) -> Envelope:
    back = contact(customer, more, commitment_id=commitment)
    return said("commitment.withdrawn", at, {"id": f"{commitment} withdrawn {at}"} | back)


def acted(customer: str, at: str, by: str = "human", **more: Any) -> Envelope:
    done = contact(customer, more, action_id=f"action {at}", kind="refund", by=by)
    return said("action.executed", at, done)


def reviewed(
    customer: str, at: str, label: str | None, name: str = "escalation", **more: Any
) -> Envelope:
    """A reviewer says what they think; ``evaluator`` and ``evaluator_version`` may be told."""
    told = {
        "gen_ai.evaluation.name": name,
        "gen_ai.evaluation.score.label": label,
        "evaluator": "qa",
        "evaluator_version": "7",
    }
    return said(
        "evaluation.result", at, {"id": f"{name} {label} {at}"} | contact(customer, more, **told)
    )


def rated(customer: str, at: str, value: float, scale: str = "csat5", **more: Any) -> Envelope:
    return said("feedback.received", at, contact(customer, more, scale=scale, value=value))


def shown(customer: str, at: str, suggestion: str = "s1", **more: Any) -> Envelope:
    """The AI suggests something to a human agent."""
    seen = contact(customer, more, suggestion_id=suggestion)
    return said("suggestion.displayed", at, {"id": f"{suggestion} shown {at}"} | seen)


def used(
    customer: str, at: str, state: str = "verbatim", suggestion: str = "s1", **more: Any
) -> Envelope:
    what = contact(customer, more, suggestion_id=suggestion, state=state)
    return said("suggestion.used", at, {"id": f"{suggestion} used {at}"} | what)


def issue_opened(customer: str, at: str, issue: str = "i1", **more: Any) -> Envelope:
    found = contact(customer, more, issue_id=issue)
    return said("issue.opened", at, {"id": f"{issue} opened {at}"} | found)


def issue_resolved(customer: str, at: str, issue: str = "i1", **more: Any) -> Envelope:
    settled = contact(customer, more, issue_id=issue)
    return said("issue.resolved", at, {"id": f"{issue} resolved {at}"} | settled)


def action(step: str, customer: str, at: str, action: str = "a1", **more: Any) -> Envelope:
    """A step in the life of an action, by the AI: requested, claimed, executed, failed, …."""
    done = contact(customer, more, action_id=action, kind="refund", by="ai")
    return said(f"action.{step}", at, {"id": f"{action} {step} {at}"} | done)


def ledger_has(
    customer: str, at: str, stage: str = "submitted", action: str | None = "a1", **more: Any
) -> Envelope:
    """The system of record holds an action; it does not know the conversation."""
    told = contact(customer, {"conversation_id": None} | more, action_id=action, stage=stage)
    return said("ledger.confirmed", at, {"id": f"{action} {stage} {at}"} | told)


def signalled(customer: str, at: str, kind: str = "complaint", **more: Any) -> Envelope:
    """A complaint, a chargeback, a cancellation or a bad review."""
    told = contact(customer, {"conversation_id": None} | more, kind=kind)
    return said("external.signal", at, {"id": f"{kind} {customer} {at}"} | told)


def heartbeat(at: str | datetime, **more: Any) -> Envelope:
    """A producer is alive; for every topic."""
    beat = {"producer": "desk"} | more
    name = at if isinstance(at, str) else at.isoformat()
    return said("heartbeat", at, {"id": f"beat {name}"} | beat)


def linked(
    one: str, other: str, at: str | datetime, assurance: str = "verified", **more: Any
) -> Envelope:
    data = {"customer_ref": one, "other_ref": other, "assurance": assurance}
    return said("customer.linked", at, {"id": f"{assurance} {one} {other} {at}"} | data | more)
