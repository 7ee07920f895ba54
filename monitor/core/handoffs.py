"""Handoffs: from the request to how it ended, and whether it was needed.

Rule: a handoff has one terminal state and one verdict, and each is counted once. The terminal
state says what became of the customer who waited: served_in_sla, served_late, abandoned,
orphaned, returned, failed, or superseded by another request. The verdict says whether handing
over was right: needed, requested, unnecessary or undetermined; a human's own disposition
outranks what we infer.

A hop from one AI to another is no escalation: it is counted as a handoff and has neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core.demand import involve
from monitor.core.moments import seconds
from monitor.core.outputs import HandoffOpened, Misrouted
from monitor.core.silent import sf04, sf05
from monitor.core.state import Conversation, Handoff
from monitor.core.step import Step, evidence_of, version_of
from schemas.published import HandoffOutcome
from schemas.vocabulary import Disposition, HandoffKind, HandoffReason, Requester

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from schemas.handoffs import HandoffCompletedData, HandoffRequestedData, HandoffStepData

_WITHIN_HOURS = {True: "true", False: "false", None: "unknown"}
_TRIAGE = "triage"


def request(step: Step, conversation: Conversation, data: HandoffRequestedData) -> None:
    """Somebody is asked to take over. The same id again is the same handoff."""
    if data.handoff_id in step.customer.handoffs or data.handoff_id in conversation.handoffs:
        return
    assert step.mark is not None, "a request is an event"
    handoff = Handoff(
        id=data.handoff_id,
        conversation_id=conversation.id,
        request=step.mark,
        kind=data.kind,
        requested_by=data.requested_by,
        reason_code=data.reason_code,
        within_hours=_WITHIN_HOURS[data.within_hours],
        queue=data.to_queue,
    )
    by_ai = handoff.kind in (HandoffKind.AI_HUMAN, HandoffKind.AI_AI)
    if by_ai and handoff.reason_code is not HandoffReason.USAGE_LIMIT:
        # An AI that is out of quota never took part; that is blocked demand.
        involve(step, conversation)
    _supersede(step, conversation)
    conversation.handoffs.append(handoff.id)
    step.count(
        "cx_handoffs_total",
        *(handoff.kind, handoff.requested_by, handoff.reason_code, version_of(conversation)),
    )
    step.say(HandoffOpened(conversation.id, handoff.id))
    if handoff.kind is HandoffKind.AI_AI:
        return
    sf04.requested(step, conversation)
    step.customer.handoffs[handoff.id] = handoff
    if data.within_hours is not False:
        step.wait("sla", handoff.id, step.at + _sla(step, conversation, handoff))
    step.wait("orphan", handoff.id, step.at + step.policy.handoff_wall_max)
    step.wait("verdict", handoff.id, step.at + step.policy.verdict_wait)


def announce(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The customer is told that somebody will take over."""
    del data
    sf04.noticed(step, conversation)


def accept(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """Somebody takes the conversation, or speaks to the customer."""
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _serve(step, conversation, handoff)
        handoff.queue = data.queue or handoff.queue


def transfer(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The conversation goes on to another queue: soon after it came, it had come wrongly."""
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is None:
        return
    accepted_at, queue = handoff.accepted_at, data.queue or handoff.queue
    soon = accepted_at is not None and step.at - accepted_at <= step.policy.bounce_window
    if soon and queue != handoff.queue and data.queue_role != _TRIAGE and not handoff.misrouted:
        handoff.misrouted = True
        step.count("cx_misroutes_total", handoff.kind)
        step.say(Misrouted(conversation.id, handoff.id))
    handoff.queue = queue


def give_back(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The conversation is returned to the AI."""
    handoff = _end_by(step, conversation, data, "returned")
    if handoff is not None and data.reason == "ai_can_handle":
        verdict = "requested" if _was_requested(handoff) else "unnecessary"
        _judge(step, conversation, handoff, verdict, "heuristic")


def abandon(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The customer left while waiting."""
    _end_by(step, conversation, data, "abandoned")


def fail(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The handoff could not be made."""
    _end_by(step, conversation, data, "failed")


def give_up(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The queue gave up on it before anybody took it."""
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None and handoff.terminal is None:
        sf05.overdue(step, handoff)
        _end(step, conversation, handoff, "orphaned")


def complete(step: Step, conversation: Conversation, data: HandoffCompletedData) -> None:
    """The human's part is over, and what they did shows whether they were needed."""
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is None:
        return
    _serve(step, conversation, handoff)
    verdict, basis = _verdict(step, handoff, data)
    _judge(step, conversation, handoff, verdict, basis)


def human_spoke(step: Step, conversation: Conversation) -> None:
    """A human spoke or decided in the conversation: whoever waited is served."""
    for handoff_id in conversation.handoffs:
        handoff = step.customer.handoffs.get(handoff_id)
        if handoff is not None:
            _serve(step, conversation, handoff)


def expire_sla(step: Step, subject: str) -> None:
    """Nobody took it by the agreed time."""
    sf05.overdue(step, step.customer.handoffs[subject])


def expire_wall(step: Step, subject: str) -> None:
    """Nobody took it in a day, on duty or not."""
    handoff = step.customer.handoffs[subject]
    sf05.overdue(step, handoff)
    _end(step, step.customer.conversations[handoff.conversation_id], handoff, "orphaned")


def expire_verdict(step: Step, subject: str) -> None:
    """Nobody said what the human did: only the request can tell."""
    handoff = step.customer.handoffs[subject]
    verdict = "undetermined"
    if _was_requested(handoff):
        verdict = "requested"
    elif _was_policy(handoff):
        verdict = "needed"
    _judge(
        step, step.customer.conversations[handoff.conversation_id], handoff, verdict, "heuristic"
    )
    del step.customer.handoffs[subject]


def _supersede(step: Step, conversation: Conversation) -> None:
    # Who asks again for the same customer has passed the waiting request on: from here the new
    # one is on the clock, for one customer cannot be orphaned twice at once.
    for handoff_id in conversation.handoffs:
        waiting = step.customer.handoffs.get(handoff_id)
        if waiting is not None:
            _end(step, conversation, waiting, "superseded")


def _sla(step: Step, conversation: Conversation, handoff: Handoff) -> Moment:
    if handoff.kind is HandoffKind.HUMAN_HUMAN:
        # Between desks a working day is usual; the customer already has a human.
        return step.policy.handoff_wall_max
    return step.policy.handoff_sla_by_channel.get(conversation.channel, step.policy.handoff_sla)


def _serve(step: Step, conversation: Conversation, handoff: Handoff) -> None:
    if handoff.accepted_at is None:
        handoff.accepted_at = step.at
    if handoff.terminal is not None:
        return
    waited = step.at - handoff.request.at
    sf05.served(step, handoff, conversation)
    on_time = waited <= _sla(step, conversation, handoff)
    _end(step, conversation, handoff, "served_in_sla" if on_time else "served_late")


def _verdict(step: Step, handoff: Handoff, data: HandoffCompletedData) -> tuple[str, str]:
    if data.disposition is Disposition.NEEDED:
        return "needed", "record"
    if data.privileged_action or data.human_actions > 0 or _was_policy(handoff):
        return "needed", "heuristic"
    if _was_requested(handoff):
        return "requested", "heuristic"
    if data.disposition is Disposition.NOT_NEEDED:
        return "unnecessary", "record"
    few = data.human_public_messages <= step.policy.unnecessary_messages_max
    handled = data.handle_seconds
    if few and handled is not None and handled < step.policy.unnecessary_handle_seconds_max:
        return "unnecessary", "heuristic"
    return "undetermined", "heuristic"


def _was_requested(handoff: Handoff) -> bool:
    return (
        handoff.requested_by is Requester.CUSTOMER
        or handoff.reason_code is HandoffReason.CUSTOMER_REQUESTED
    )


def _was_policy(handoff: Handoff) -> bool:
    return (
        handoff.requested_by is Requester.POLICY
        or handoff.reason_code is HandoffReason.POLICY_REQUIRED
    )


def _end_by(
    step: Step, conversation: Conversation, data: HandoffStepData, terminal: str
) -> Handoff | None:
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _end(step, conversation, handoff, terminal)
    return handoff


def _end(step: Step, conversation: Conversation, handoff: Handoff, terminal: str) -> None:
    if handoff.terminal is not None:
        return
    handoff.terminal = terminal
    step.forget("sla", handoff.id)
    step.forget("orphan", handoff.id)
    step.count(
        "cx_handoff_terminal_total",
        *(handoff.kind, terminal, handoff.within_hours, version_of(conversation)),
    )
    waited = step.at - handoff.request.at
    _say(step, conversation, handoff, "terminal", terminal, "record", seconds(waited))


def _judge(
    step: Step, conversation: Conversation, handoff: Handoff, verdict: str, basis: str
) -> None:
    if handoff.verdict is not None:
        return
    handoff.verdict = verdict
    step.count(
        "cx_handoff_verdict_total",
        *(handoff.kind, verdict, handoff.reason_code, version_of(conversation)),
    )
    _say(step, conversation, handoff, "verdict", verdict, basis, None)


def _say(  # noqa: PLR0913  # an outcome has this many facts
    step: Step,
    conversation: Conversation,
    handoff: Handoff,
    aspect: str,
    verdict: str,
    basis: str,
    waited_seconds: float | None,
) -> None:
    step.say(
        HandoffOutcome(
            **step.published(conversation, handoff.id, aspect, verdict),
            evidence=evidence_of(handoff.request, step.mark),
            handoff_id=handoff.id,
            aspect=aspect,  # type: ignore[arg-type]  # terminal or verdict
            verdict=verdict,
            basis=basis,
            reason_code=str(handoff.reason_code),
            waited_seconds=waited_seconds,
        )
    )
