"""Handoffs: from the request to how it ended.

Rule: a handoff has one terminal state, which is counted once and says what became of the customer
who waited: served_in_sla, served_late, abandoned, orphaned, returned, failed, or superseded by
another request. Whether it was needed is judged in ``verdicts``.

Where a calendar applies, the agreed time runs in its hours, and the calendar says whether people
were on duty if the request does not. That nobody took it in a day is said by the wall clock.

A hop to an AI is no escalation: it is counted as a handoff and has neither. In a contact that we
began ourselves, and that the customer never answered, nothing is counted.

A step names its handoff and may come by another conversation, such as the human's side of it; what
it decides is said of the conversation in which the handoff was requested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import effort, memory, turns, verdicts
from monitor.core.demand import involve
from monitor.core.handoff_records import say_end
from monitor.core.outputs import HandoffOpened
from monitor.core.silent import sf04, sf05, sf06, sf07
from monitor.core.state import Conversation, Handoff
from monitor.core.step import Step, version_of
from schemas.vocabulary import HandoffKind, HandoffReason, Origin, Requester

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.moments import Moment
    from schemas.handoffs import HandoffCompletedData, HandoffRequestedData, HandoffStepData

_WITHIN_HOURS = {True: "true", False: "false", None: "unknown"}
_BY_AI = (HandoffKind.AI_HUMAN, HandoffKind.AI_AI)
_TO_AI = (HandoffKind.AI_AI, HandoffKind.HUMAN_AI)
_PASSED_ON = (HandoffKind.AI_AI, HandoffKind.HUMAN_HUMAN)


def request(step: Step, conversation: Conversation, data: HandoffRequestedData) -> None:
    """Somebody is asked to take over. The same id again is the same handoff."""
    if data.handoff_id in step.customer.handoffs or data.handoff_id in conversation.handoffs:
        return
    conversation.handoffs.append(data.handoff_id)
    sf04.requested(step, conversation)
    turns.request(step, conversation, data)
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
    if data.kind in _PASSED_ON:
        _pass_on(step, conversation, data.kind)
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
    if handoff is not None:
        _pass_on(step, _conversation(step, handoff), handoff.kind)
        sf07.transferred(step, handoff, data)
        _queue(handoff, data)


def give_back(step: Step, conversation: Conversation, data: HandoffStepData) -> None:
    """The conversation is returned to where it came from."""
    del conversation
    handoff = _end_by(step, data, "returned")
    if handoff is not None:
        handoff.returned = True
        verdicts.give_back(step, handoff, data)


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
        verdicts.complete(step, handoff, data)


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
        sf07.helped(step, handoff)


def expire_sla(step: Step, subject: str) -> None:
    """Nobody took it by the agreed time."""
    sf05.overdue(step, step.customer.handoffs[subject])


def expire_wall(step: Step, subject: str) -> None:
    """Nobody took it in a day, on duty or not."""
    handoff = step.customer.handoffs[subject]
    sf05.overdue(step, handoff)
    _end(step, handoff, "orphaned")


def _supersede(step: Step, conversation: Conversation) -> None:
    # Who asks again for the same customer has passed the waiting request on: from here the new
    # one is on the clock, for one customer cannot be orphaned twice at once.
    for handoff_id in conversation.handoffs:
        waiting = step.customer.handoffs.get(handoff_id)
        if waiting is not None:
            _end(step, waiting, "superseded")


def _pass_on(step: Step, conversation: Conversation, kind: HandoffKind) -> None:
    step.count("cx_transfers_total", kind)
    effort.transferred(conversation)


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
        calendar=step.policy.calendar_for(data.to_queue, conversation.channel),
    )
    memory.make_room(step, "handoffs")
    step.customer.handoffs[handoff.id] = handoff
    _start_clocks(step, conversation, handoff)
    sf06.requested(step, conversation, handoff)


def _start_clocks(step: Step, conversation: Conversation, handoff: Handoff) -> None:
    calendar = step.policy.calendars.get(handoff.calendar)
    agreed, wall = _sla(step, conversation, handoff), step.at + step.policy.handoff_wall_max
    handoff.due_at = step.at + agreed
    if calendar is not None:
        handoff.due_at = calendar.add(step.at, agreed, until=wall)
        if handoff.within_hours == "unknown":
            handoff.within_hours = _WITHIN_HOURS[calendar.is_open(step.at)]
    if calendar is not None or handoff.within_hours != "false":
        step.wait("sla", handoff.id, handoff.due_at)
    step.wait("orphan", handoff.id, wall)
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
    conversation = _conversation(step, handoff)
    sf06.served(step, conversation, handoff)
    if handoff.terminal is not None:
        return
    sf05.served(step, handoff, conversation)
    _measure(step, handoff)
    # At the very moment at which it is due it is too late, as for every deadline.
    _end(step, handoff, "served_in_sla" if step.at < handoff.due_at else "served_late")


def _measure(step: Step, handoff: Handoff) -> None:
    name, within_hours = "cx_handoff_wait_seconds", handoff.within_hours
    step.observe(name, _waited(step, handoff), within_hours, "wall")
    calendar = step.policy.calendars.get(handoff.calendar)
    if calendar is not None:
        on_duty = calendar.between(handoff.request.at, step.at)
        step.observe(name, on_duty, within_hours, "business")


def _end_by(step: Step, data: HandoffStepData, terminal: str) -> Handoff | None:
    handoff = step.customer.handoffs.get(data.handoff_id)
    if handoff is not None:
        _end(step, handoff, terminal)
    return handoff


def _end(step: Step, handoff: Handoff, terminal: str) -> None:
    if handoff.terminal is not None:
        return
    handoff.terminal = terminal
    for clock in ("sla", "orphan", "eta"):
        step.forget(clock, handoff.id)
    version = version_of(_conversation(step, handoff))
    step.count("cx_handoff_terminal_total", handoff.kind, terminal, handoff.within_hours, version)
    say_end(step, handoff, terminal, _waited(step, handoff))


def _conversation(step: Step, handoff: Handoff) -> Conversation:
    return step.customer.conversations[handoff.conversation_id]


def _waited(step: Step, handoff: Handoff) -> Moment:
    # The clock of the system that took it may run behind that of the one which asked.
    return max(0, step.at - handoff.request.at)
