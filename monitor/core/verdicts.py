"""Whether handing over was right: needed, requested, unnecessary or undetermined.

Rule: of each handoff one verdict stands. What people say of it, by the disposition of whoever
served it or in a review, is ``record``; what we infer from what was seen is ``heuristic``. Word of
record outranks what was inferred: that verdict is taken back, and the record in its place names
it. A verdict by record stands, and a heuristic one gives way to no other.

A customer who asked for a human has requested the handoff, and policy that demanded it needed it,
whoever may call it unnecessary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import missed
from monitor.core.handoff_records import say_verdict
from monitor.core.state import Verdict
from monitor.core.step import UNKNOWN, version_of
from schemas.vocabulary import Disposition, HandoffReason, Requester

if TYPE_CHECKING:
    from monitor.core.state import Conversation, Handoff
    from monitor.core.step import Step
    from schemas.conversations import EvaluationData
    from schemas.handoffs import HandoffCompletedData, HandoffStepData

_REVIEW = "escalation"
_MISSED = "missed"
_NEEDED = {"needed": True, "not_needed": False}
_RECORD, _HEURISTIC = "record", "heuristic"


def complete(step: Step, handoff: Handoff, data: HandoffCompletedData) -> None:
    """The human's part is over, and what they did or say shows whether they were needed."""
    if data.disposition is Disposition.UNKNOWN:
        _infer(step, handoff, _by_deeds(step, handoff, data))
    else:
        _overrule(step, handoff, needed=data.disposition is Disposition.NEEDED)


def give_back(step: Step, handoff: Handoff, data: HandoffStepData) -> None:
    """The conversation is returned, perhaps with word that it had no need to leave."""
    if data.reason == "ai_can_handle":
        _infer(step, handoff, _by_what_is_known(handoff) or "unnecessary")


def expire(step: Step, subject: str) -> None:
    """Nobody said what the human did: only the request and what was seen can tell."""
    handoff = step.customer.handoffs[subject]
    few = handoff.human_messages <= step.policy.unnecessary_messages_max
    sent_back = handoff.returned and handoff.accepted_at is not None and few
    guess = "unnecessary" if sent_back else "undetermined"
    _infer(step, handoff, _by_what_is_known(handoff) or guess)
    del step.customer.handoffs[subject]


def review(step: Step, conversation: Conversation, data: EvaluationData) -> None:
    """Somebody evaluated something. Only people of record, on an escalation, decide anything."""
    label = data.score_label or UNKNOWN
    of_record = data.name == _REVIEW and data.evaluator in step.policy.reviewers
    if of_record and label in _NEEDED:
        known = (step.customer.handoffs.get(name) for name in reversed(conversation.handoffs))
        last = next((handoff for handoff in known if handoff is not None), None)
        if last is not None:
            _overrule(step, last, needed=_NEEDED[label])
    elif of_record and label == _MISSED:
        if not conversation.handoffs:
            missed.count(step, conversation, "review", conversation.started_at)
    else:
        step.count("cx_judge_verdicts_total", data.evaluator_version, label)


def _infer(step: Step, handoff: Handoff, verdict: str) -> None:
    if handoff.verdict is None:
        _give(step, handoff, verdict, _HEURISTIC)


def _overrule(step: Step, handoff: Handoff, *, needed: bool) -> None:
    asked = None if needed else _by_request(handoff)
    verdict = "needed" if needed else asked or "unnecessary"
    basis = _HEURISTIC if asked else _RECORD
    known = handoff.verdict
    if known is not None:
        if known.basis == _RECORD or (known.verdict, known.basis) == (verdict, basis):
            return
        labels = (handoff.kind, known.verdict, handoff.reason_code, known.ai_version)
        step.count("cx_handoff_verdict_retractions_total", *labels)
    _give(step, handoff, verdict, basis)


def _give(step: Step, handoff: Handoff, verdict: str, basis: str) -> None:
    version = version_of(step.customer.conversations[handoff.conversation_id])
    step.count("cx_handoff_verdict_total", handoff.kind, verdict, handoff.reason_code, version)
    outcome_id = say_verdict(step, handoff, verdict, basis, handoff.verdict)
    handoff.verdict = Verdict(outcome_id, verdict, basis, version)


def _by_deeds(step: Step, handoff: Handoff, data: HandoffCompletedData) -> str:
    if data.privileged_action or data.human_actions > 0:
        return "needed"
    few = data.human_public_messages <= step.policy.unnecessary_messages_max
    handled = data.handle_seconds
    quick = handled is not None and handled < step.policy.unnecessary_handle_seconds_max
    guess = "unnecessary" if few and quick else "undetermined"
    return _by_what_is_known(handoff) or guess


def _by_what_is_known(handoff: Handoff) -> str | None:
    return _by_request(handoff) or ("needed" if handoff.human_actions else None)


def _by_request(handoff: Handoff) -> str | None:
    by_policy = handoff.requested_by is Requester.POLICY
    if by_policy or handoff.reason_code is HandoffReason.POLICY_REQUIRED:
        return "needed"
    return "requested" if handoff.customer_asked else None
