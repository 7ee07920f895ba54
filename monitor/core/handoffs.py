"""Handoffs: from the request to how it ended, and whether it was needed.

Rule: a handoff has one terminal state and one verdict, and each is counted once. The terminal
state says what became of the customer who waited: served_in_sla, served_late, abandoned,
orphaned, returned, failed, or superseded by another request. The verdict says whether handing
over was right: needed, requested, unnecessary or undetermined; a human's own disposition
outranks what we infer.

A hop to an AI is no escalation: it is counted as a handoff and has neither. In a contact that we
began ourselves, and that the customer never answered, nothing is counted.

A step names its handoff and may come by another conversation, such as the human's side of it; what
it decides is said of the conversation in which the handoff was requested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor.core.demand import involve
from monitor.core.moments import seconds
from monitor.core.outputs import HandoffOpened, Misrouted
from monitor.core.silent import sf04, sf05
from monitor.core.state import Conversation, Handoff
from monitor.core.step import Step, evidence_of, version_of
from schemas.published import HandoffOutcome
from schemas.vocabulary import Disposition, HandoffKind, HandoffReason, Origin, Requester

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.moments import Moment
    from schemas.handoffs import HandoffCompletedData, HandoffRequestedData, HandoffStepData

_WITHIN_HOURS = {True: "true", False: "false", None: "unknown"}
_BY_AI = (HandoffKind.AI_HUMAN, HandoffKind.AI_AI)
_TO_AI = (HandoffKind.AI_AI, HandoffKind.HUMAN_AI)
_TRIAGE = "triage"


def request(step: Step, conversation: Conversation, data: HandoffRequestedData) -> None:
    """Somebody is asked to take over. The same id again is the same handoff."""
    if data.handoff_id in step.customer.handoffs or data.handoff_id in conversation.handoffs:
        return
    conversation.handoffs.append(data.handoff_id)
    sf04.requested(step, conversation)
    if conversation.origin is Origin.PROACTIVE:
        return
    if data.kind in _BY_AI and data.reason_code is not HandoffReason.USAGE_LIMIT:
        # An AI that is out of quota never took part; that is blocked demand.
        involve(step, conversation)
    step.count(
        "cx_handoffs_total",
        *(data.kind, data.requested_by, data.reason_code, version_of(conversation)),
    )
    step.say(HandoffOpened(conversation.id, data.handoff_id))
    if data.kind not in _TO_AI:
        _supersede(step, conversation)
        _wait_for_somebody(step, conversation, data)


def announce(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The customer is told that somebody will take over."""
    del data
    sf04.noticed(step, conversation)


def accept(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """Somebody takes the conversation, or speaks to the customer."""
    del conversation
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _serve(step, handoff)
        _queue(handoff, data)


def transfer(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The conversation goes on to another queue: soon after it came, it had come wrongly."""
    del conversation
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is None:
        return
    accepted_at, queue = handoff.accepted_at, data.queue or handoff.queue
    soon = accepted_at is not None and step.at - accepted_at <= step.policy.bounce_window
    # A triage queue is there to pass things on.
    wrongly = queue != handoff.queue and handoff.queue_role != _TRIAGE
    if soon and wrongly and handoff.human_actions == 0 and not handoff.misrouted:
        handoff.misrouted = True
        step.count("cx_misroutes_total", handoff.kind)
        step.say(Misrouted(handoff.conversation_id, handoff.id))
    _queue(handoff, data)


def give_back(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The conversation is returned to the AI, perhaps with word that it had no need to leave."""
    del conversation
    handoff = _end_by(step, data, "returned")
    if handoff is None:
        return
    handoff.returned = True
    if data.reason == "ai_can_handle":
        _judge(step, handoff, _by_what_is_known(handoff) or "unnecessary", "heuristic")


def abandon(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The customer left while waiting."""
    del conversation
    _end_by(step, data, "abandoned")


def fail(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The handoff could not be made."""
    del conversation
    _end_by(step, data, "failed")


def give_up(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The queue gave up on it before anybody took it."""
    del conversation
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None and handoff.terminal is None:
        sf05.overdue(step, handoff)
        _end(step, handoff, "orphaned")


def complete(step: Step, conversation: Conversation, data: HandoffCompletedData) -> None:
    """The human's part is over, and what they did shows whether they were needed."""
    del conversation
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _serve(step, handoff)
        _judge(step, handoff, *_verdict(step, handoff, data))


def human_spoke(step: Step, conversation: Conversation) -> None:
    """A human spoke to the customer: whoever waited is served."""
    for handoff in _requested_before(step, conversation):
        handoff.human_messages += 1
        _serve(step, handoff)


def human_decided(step: Step, conversation: Conversation) -> None:
    """A human decided something in the conversation, which serves as well as a word."""
    for handoff in _requested_before(step, conversation):
        _serve(step, handoff)


def human_acted(step: Step, conversation: Conversation) -> None:
    """A human did something for the customer, as whoever took over should."""
    for handoff in _requested_before(step, conversation):
        handoff.human_actions += 1


def expire_sla(step: Step, subject: str) -> None:
    """Nobody took it by the agreed time."""
    sf05.overdue(step, step.customer.handoffs[subject])


def expire_wall(step: Step, subject: str) -> None:
    """Nobody took it in a day, on duty or not."""
    handoff = step.customer.handoffs[subject]
    sf05.overdue(step, handoff)
    _end(step, handoff, "orphaned")


def expire_verdict(step: Step, subject: str) -> None:
    """Nobody said what the human did: only the request and what was seen can tell."""
    handoff = step.customer.handoffs[subject]
    few = handoff.human_messages <= step.policy.unnecessary_messages_max
    sent_back = handoff.returned and handoff.accepted_at is not None and few
    guess = "unnecessary" if sent_back else "undetermined"
    _judge(step, handoff, _by_what_is_known(handoff) or guess, "heuristic")
    del step.customer.handoffs[subject]


def _supersede(step: Step, conversation: Conversation) -> None:
    # Who asks again for the same customer has passed the waiting request on: from here the new
    # one is on the clock, for one customer cannot be orphaned twice at once.
    for handoff_id in conversation.handoffs:
        waiting = step.customer.handoffs.get(handoff_id)
        if waiting is not None:
            _end(step, waiting, "superseded")


def _wait_for_somebody(step: Step, conversation: Conversation, data: HandoffRequestedData) -> None:
    assert step.mark is not None, "a request is an event"
    handoff = Handoff(
        id=data.handoff_id,
        conversation_id=conversation.id,
        request=step.mark,
        kind=data.kind,
        requested_by=data.requested_by,
        reason_code=data.reason_code,
        within_hours=_WITHIN_HOURS[data.within_hours],
        customer_asked=_is_asked_for(conversation, data),
        queue=data.to_queue,
        queue_role=data.queue_role,
    )
    step.customer.handoffs[handoff.id] = handoff
    if data.within_hours is not False:
        step.wait("sla", handoff.id, step.at + _sla(step, conversation, handoff))
    step.wait("orphan", handoff.id, step.at + step.policy.handoff_wall_max)
    step.wait("verdict", handoff.id, step.at + step.policy.verdict_wait)


def _is_asked_for(conversation: Conversation, data: HandoffRequestedData) -> bool:
    return (
        conversation.asked_for_human
        or data.requested_by is Requester.CUSTOMER
        or data.reason_code is HandoffReason.CUSTOMER_REQUESTED
    )


def _sla(step: Step, conversation: Conversation, handoff: Handoff) -> Moment:
    if handoff.kind is HandoffKind.HUMAN_HUMAN:
        # Between desks a working day is usual; the customer already has a human.
        return step.policy.handoff_wall_max
    return step.policy.handoff_sla_by_channel.get(conversation.channel, step.policy.handoff_sla)


def _requested_before(step: Step, conversation: Conversation) -> Iterator[Handoff]:
    for handoff_id in conversation.handoffs:
        handoff = step.customer.handoffs.get(handoff_id)
        if handoff is not None and handoff.request.at <= step.at:
            yield handoff


def _queue(handoff: Handoff, data: HandoffStepData) -> None:
    if data.queue is not None and data.queue != handoff.queue:
        handoff.queue, handoff.queue_role = data.queue, None
    handoff.queue_role = data.queue_role or handoff.queue_role


def _serve(step: Step, handoff: Handoff) -> None:
    if handoff.accepted_at is None:
        handoff.accepted_at = step.at
    if handoff.terminal is not None:
        return
    conversation = _conversation(step, handoff)
    sf05.served(step, handoff, conversation)
    # At the very moment at which it is due it is too late, as for every deadline.
    on_time = _waited(step, handoff) < _sla(step, conversation, handoff)
    _end(step, handoff, "served_in_sla" if on_time else "served_late")


def _verdict(step: Step, handoff: Handoff, data: HandoffCompletedData) -> tuple[str, str]:
    if data.disposition is Disposition.NEEDED:
        return "needed", "record"
    doubted = data.disposition is Disposition.NOT_NEEDED
    if (data.privileged_action or data.human_actions > 0) and not doubted:
        return "needed", "heuristic"
    known = _by_what_is_known(handoff)
    if known is not None:
        return known, "heuristic"
    if doubted:
        return "unnecessary", "record"
    few = data.human_public_messages <= step.policy.unnecessary_messages_max
    handled = data.handle_seconds
    if few and handled is not None and handled < step.policy.unnecessary_handle_seconds_max:
        return "unnecessary", "heuristic"
    return "undetermined", "heuristic"


def _by_what_is_known(handoff: Handoff) -> str | None:
    by_policy = handoff.requested_by is Requester.POLICY
    if by_policy or handoff.reason_code is HandoffReason.POLICY_REQUIRED:
        return "needed"
    if handoff.customer_asked:
        return "requested"
    return "needed" if handoff.human_actions else None


def _end_by(step: Step, data: HandoffStepData, terminal: str) -> Handoff | None:
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _end(step, handoff, terminal)
    return handoff


def _end(step: Step, handoff: Handoff, terminal: str) -> None:
    if handoff.terminal is not None:
        return
    handoff.terminal = terminal
    step.forget("sla", handoff.id)
    step.forget("orphan", handoff.id)
    version = version_of(_conversation(step, handoff))
    step.count("cx_handoff_terminal_total", handoff.kind, terminal, handoff.within_hours, version)
    _say(step, handoff, "terminal", terminal, "record", seconds(_waited(step, handoff)))


def _judge(step: Step, handoff: Handoff, verdict: str, basis: str) -> None:
    if handoff.verdict is not None:
        return
    handoff.verdict = verdict
    version = version_of(_conversation(step, handoff))
    step.count("cx_handoff_verdict_total", handoff.kind, verdict, handoff.reason_code, version)
    _say(step, handoff, "verdict", verdict, basis, None)


def _say(  # noqa: PLR0913  # an outcome has this many facts
    step: Step,
    handoff: Handoff,
    aspect: Literal["terminal", "verdict"],
    verdict: str,
    basis: str,
    waited_seconds: float | None,
) -> None:
    request, conversation = handoff.request, _conversation(step, handoff)
    step.say(
        HandoffOutcome(
            **step.published(conversation, handoff.id, *request.name, aspect, verdict),
            evidence=evidence_of(request, step.mark),
            handoff_id=handoff.id,
            aspect=aspect,
            verdict=verdict,
            basis=basis,
            reason_code=str(handoff.reason_code),
            waited_seconds=waited_seconds,
        )
    )


def _conversation(step: Step, handoff: Handoff) -> Conversation:
    return step.customer.conversations[handoff.conversation_id]


def _waited(step: Step, handoff: Handoff) -> Moment:
    # The clock of the system that took it may run behind that of the one which asked.
    return max(0, step.at - handoff.request.at)
