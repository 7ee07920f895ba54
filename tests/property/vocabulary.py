"""Anything that producers may say, drawn from so few ids and hours that it often coincides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from schemas.decode import TOPIC_OF, read
from tests.build import FIRST_DAY

if TYPE_CHECKING:
    from schemas.envelope import Envelope

_HANDOFF = [{"handoff_id": name} for name in ("h1", "h2")]
_STATE = [{"actor": actor} for actor in ("customer", "human", "system", "ai")]
_ACTION = [
    {"action_id": "a1", "kind": "refund", "by": by} | more
    for by in ("human", "ai")
    for more in ({}, {"entity_ref": "order-1", "reason": "correction"})
]
_PROMISE = [{"commitment_id": name} for name in ("p1", "p2")]
_ISSUE: list[dict[str, Any]] = [
    {"issue_id": "i1", "confidence": 0.5},
    {"issue_id": "i2", "intent": "where"},
]

SAYINGS: dict[str, list[dict[str, Any]]] = {
    "conversation.started": [
        {"origin": "inbound", "channel": "chat"},
        {"origin": "inbound", "channel": "email", "intent": "where", "intent_group": "shipping"},
        {"origin": "inbound", "channel": "chat", "entity_ref": "order-1"},
        {"origin": "inbound", "in_reply_to": "c1", "intent": "refund", "intent_group": "billing"},
        {"origin": "proactive"},
        {"origin": "reply_to_proactive"},
        {"origin": "transfer", "case_id": "case-1"},
    ],
    "message.created": [
        {"message_id": "m", "actor": "customer", "kind": "question"},
        {"message_id": "m", "actor": "customer"},
        {"message_id": "m", "actor": "customer", "intent": "where"},
        {"message_id": "m", "actor": "customer", "kind": "thanks"},
        {"message_id": "m", "actor": "customer", "kind": "other", "requests_human": True},
        {"message_id": "m", "actor": "ai", "kind": "answer", "ai_version": "v2"},
        {"message_id": "m", "actor": "ai", "kind": "handoff_notice"},
        {"message_id": "m", "actor": "ai", "kind": "commitment"},
        {"message_id": "m", "actor": "ai", "kind": "question", "content_simhash": "same"},
        {"message_id": "m", "actor": "ai", "kind": "error", "turn_outcome": "failed"},
        {"message_id": "m", "actor": "human", "kind": "answer"},
        {"message_id": "m", "actor": "human", "kind": "asks_known_info"},
        {"message_id": "m", "actor": "human", "visibility": "internal"},
    ],
    "intent.assigned": [{"intent": "where", "intent_group": "shipping", "confidence": 0.9}],
    "issue.opened": _ISSUE,
    "issue.resolved": _ISSUE,
    "resolution.claimed": [
        {"by": "ai", "basis": "agent_judged"},
        {"by": "ai", "basis": "agent_judged", "issue_id": "i2"},
        {"by": "human", "basis": "operator"},
        {"by": "system", "basis": "inactivity_timeout"},
        {"by": "system", "basis": "bulk"},
    ],
    "conversation.closed": _STATE,
    "conversation.reopened": _STATE,
    "conversation.merged": [{"actor": "human", "into": into} for into in ("c1", "c2")],
    "conversation.spam_marked": _STATE[:2],
    "conversation.deleted": _STATE[2:3],
    "customer.linked": [
        {"customer_ref": one, "other_ref": other, "assurance": assurance}
        for one, other in (("ann", "ben"), ("ben", "ann"), ("cid", "ben"))
        for assurance in ("verified", "asserted", "device", "none")
    ],
    "feedback.received": [{"scale": "csat5", "value": 1}],
    "evaluation.result": [
        {
            "gen_ai.evaluation.name": "helpful",
            "gen_ai.evaluation.score.value": 0.25,
            "gen_ai.evaluation.score.label": "no",
            "evaluator": "judge",
            "evaluator_version": "1",
        },
        *(
            {
                "gen_ai.evaluation.name": "escalation",
                "gen_ai.evaluation.score.label": label,
                "evaluator": "qa",
                "evaluator_version": "1",
            }
            for label in ("needed", "not_needed", "missed")
        ),
    ],
    "handoff.requested": [
        named | {"kind": kind, "requested_by": by, "reason_code": why, "within_hours": on_duty}
        for named in _HANDOFF
        for kind, by, why, on_duty in (
            ("ai_human", "ai", "knowledge_gap", True),
            ("ai_human", "customer", "customer_requested", False),
            ("ai_human", "policy", "policy_required", True),
            ("human_human", "system", "unclassified", None),
            ("ai_ai", "ai", "missing_capability", True),
        )
    ],
    "handoff.announced": _HANDOFF,
    "handoff.accepted": [named | {"queue": "first", "queue_role": "desk"} for named in _HANDOFF],
    "handoff.first_reply": _HANDOFF,
    "handoff.transferred": [named | {"queue": "second"} for named in _HANDOFF],
    "handoff.returned": [_HANDOFF[0], _HANDOFF[1] | {"reason": "ai_can_handle"}],
    "handoff.abandoned": _HANDOFF,
    "handoff.expired": _HANDOFF,
    "handoff.failed": _HANDOFF,
    "handoff.completed": [
        _HANDOFF[0] | {"human_public_messages": 1, "handle_seconds": 60},
        _HANDOFF[1] | {"human_actions": 1, "disposition": "needed"},
        _HANDOFF[1] | {"disposition": "not_needed"},
    ],
    "suggestion.displayed": [{"suggestion_id": "s1"}],
    "suggestion.used": [{"suggestion_id": "s1", "state": "verbatim"}],
    "commitment.made": [
        named | {"kind": "callback", "made_by": "ai", "due_at": FIRST_DAY + timedelta(hours=hours)}
        for named in _PROMISE
        for hours in (5, 200)
    ],
    "commitment.fulfilled": _PROMISE,
    "commitment.withdrawn": _PROMISE,
    "action.claimed": _ACTION,
    "action.requested": _ACTION,
    "action.executed": _ACTION,
    "action.failed": _ACTION,
    "action.reversed": _ACTION,
    "ledger.confirmed": [
        {"action_id": "a1", "kind": "refund", "stage": "posted"},
        {"kind": "refund", "entity_ref": "order-1", "stage": "submitted"},
    ],
    "external.signal": [
        {"kind": "complaint"},
        {"kind": "chargeback", "entity_ref": "order-1"},
        {"kind": "review_negative"},
    ],
    "heartbeat": [{"producer": "desk"}, {"producer": "ledger"}],
}

CUSTOMERS: list[dict[str, str]] = [
    {"customer_ref": "ann", "identity_assurance": "verified"},
    {"customer_ref": "ben", "identity_assurance": "asserted"},
    {"customer_ref": "ann", "identity_assurance": "device"},
    {},
]
# Two contacts of hours, and now and then of days and weeks, so that every deadline is met.
HOURS = [*range(8), 24, 25, 30, 72, 96, 168, 169, 192, 336, 400, 720, 721, 800, 1000]
_TELLING = ("message.created", "resolution.claimed", "conversation.reopened")
_ALL = [(kind, saying) for kind, sayings in SAYINGS.items() for saying in sayings]


def spoken(
    said: tuple[str, dict[str, Any]], hour: int, who: dict[str, str], where: str
) -> Envelope:
    """One event of the contract."""
    kind, saying = said
    at = FIRST_DAY + timedelta(hours=hour)
    context = {} if kind == "heartbeat" else {"conversation_id": where} | who
    if kind == "customer.linked":
        context = {"customer_ref": "ann"}
    if "message_id" in saying:
        # Of a message of the hour before, more may be said.
        saying = saying | {"message_id": f"m{hour // 2}"}
    choice = _ALL.index(said)
    record: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{choice} {hour} {who.get('identity_assurance')} {where}",
        "source": "any",
        "type": f"cx.{kind}.v1",
        "time": at,
        "data": context | saying,
    }
    return read(TOPIC_OF[record["type"]], record)


def telling_event() -> st.SearchStrategy[Envelope]:
    """One event of those that decide most, about one of two conversations of one customer."""
    return st.builds(
        spoken,
        st.sampled_from([saying for saying in _ALL if saying[0] in _TELLING]),
        st.sampled_from(HOURS),
        st.just(CUSTOMERS[0]),
        st.sampled_from(["c1", "c2"]),
    )


def any_event() -> st.SearchStrategy[Envelope]:
    """One event of any type."""
    return st.builds(
        spoken,
        st.sampled_from(_ALL),
        st.sampled_from(HOURS),
        st.sampled_from(CUSTOMERS),
        st.sampled_from(["c1", "c2", "c3"]),
    )
