"""What a journey costs its customer: contacts, words, and above all time.

Everything is kept with the conversation that it happened in and added up when it is asked for, so
conversations that change their journey, and journeys that become one, take it along.

The clock of a conversation starts at its first contact. While the customer waits, time passes on
whoever has the conversation, or on the company where nobody in particular has; after an answer it
passes on the customer. A claim or a close stops it, and the customer's next request starts it
again. What comes late, from before it last changed, changes it no more.
"""

from __future__ import annotations

from operator import add as add_up
from typing import TYPE_CHECKING, NamedTuple

from monitor.core.messages import CUSTOMER, SPEAKERS, asks_nothing, is_answer
from monitor.core.moments import DAY, Moment
from monitor.core.state import Effort, Owner
from monitor.core.step import version_of
from schemas.vocabulary import Basis, MessageKind, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.core.state import Conversation, Episode, Journey
    from monitor.core.step import Step
    from schemas.conversations import ClaimData, MessageData, StateData


class Checkpoint(NamedTuple):
    """A moment in the life of a journey at which its effort is looked at."""

    name: str
    age: Moment


CHECKPOINTS = (Checkpoint("24h", DAY), Checkpoint("7d", 7 * DAY))
OWNERS = ("ai", "human", "company", "customer")
_CUSTOMER = OWNERS.index("customer")
_OF_OWNER = {Owner.AI: OWNERS.index("ai"), Owner.HUMAN: OWNERS.index("human")}
_COMPANY = OWNERS.index("company")
_NOBODY = -1
_AUTO_REPLY, _ASKS_KNOWN_INFO = MessageKind.AUTO_REPLY, MessageKind.ASKS_KNOWN_INFO
_NO_CLAIM = (Basis.BULK, Basis.MERGE)


class Sum(NamedTuple):
    """The effort of a journey up to a moment. ``waited`` is in the order of ``OWNERS``."""

    contacts: int
    channels: int
    transfers: int
    customer_messages: int
    repeated_requests: int
    waited: tuple[Moment, ...]

    @property
    def wait(self) -> Moment:
        """How long the customer waited, for whomever."""
        return sum(self.waited[:_CUSTOMER])


def begin(step: Step, conversation: Conversation) -> None:
    """The conversation is known to be a contact: unless we began it, the customer waits."""
    conversation.effort.began_at = step.at
    if conversation.origin is not Origin.PROACTIVE:
        _run(step, conversation, _whose(conversation))


def hear(step: Step, conversation: Conversation, data: MessageData) -> None:
    """Somebody said something."""
    effort = conversation.effort
    if data.actor is CUSTOMER:
        effort.customer_messages += data.kind is not _AUTO_REPLY
        effort.asked_at = min(effort.asked_at or step.at, step.at)
        if not asks_nothing(data):
            _run(step, conversation, _whose(conversation))
    elif data.actor in SPEAKERS:
        effort.repeated_requests += data.kind is _ASKS_KNOWN_INFO
        if effort.waits_on != _NOBODY and is_answer(data):
            _run(step, conversation, _CUSTOMER)


def owned(step: Step, conversation: Conversation) -> None:
    """Somebody else has the conversation: who waits, waits for them."""
    if conversation.effort.waits_on not in (_NOBODY, _CUSTOMER):
        _run(step, conversation, _whose(conversation))


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says that nothing is asked for any more."""
    if data.basis not in _NO_CLAIM and conversation.origin is not Origin.PROACTIVE:
        stop(step, conversation)


def close(step: Step, conversation: Conversation, data: StateData) -> None:
    """The conversation is closed, or is none any more."""
    del data
    stop(step, conversation)


def transferred(conversation: Conversation) -> None:
    """The customer is passed on to another desk or agent."""
    conversation.effort.transfers += 1


def stop(step: Step, conversation: Conversation) -> None:
    """Nothing is asked for any more."""
    _run(step, conversation, _NOBODY)


def claimed(step: Step, conversation: Conversation) -> None:
    """Something was claimed: if it is the first in its journey, say how long that took."""
    journey = _of_journey(step, conversation)
    if all(not one.claims.count for one in journey):
        _observe_time(step, "first_claim", journey, step.at, version_of(conversation))
    conversation.claims.count += 1


def held(step: Step, episode: Episode) -> None:
    """A claim has held for so long that it is called durable: say how long it took to make."""
    conversation = step.customer.conversations[episode.conversation_id]
    journey = _of_journey(step, conversation)
    if any(one.claims.held for one in journey):
        return
    conversation.claims.held = True
    _observe_time(step, "durable", journey, episode.claim.at, episode.ai_version)


def total(conversations: Iterable[Conversation], at: Moment) -> Sum:
    """The effort of the conversations of a journey, up to a moment; spam took none."""
    contacts, channels = 0, set()
    transfers = messages = requests = 0
    waited = [0] * len(OWNERS)
    for one in conversations:
        if one.spam:
            continue
        if one.counted_as:
            contacts += 1
            channels.add(one.channel)
        transfers += one.effort.transfers
        messages += one.effort.customer_messages
        requests += one.effort.repeated_requests
        waited = list(map(add_up, waited, _waited(one.effort, at)))
    return Sum(contacts, len(channels), transfers, messages, requests, tuple(waited))


def wait_for_checkpoint(step: Step, journey: Journey) -> None:
    """Look at a journey again when it is old enough."""
    if journey.checkpoints < len(CHECKPOINTS):
        due = journey.started_at + CHECKPOINTS[journey.checkpoints].age
        step.wait("effort", str(journey.id), due)


def add(step: Step, host: Journey, guest: Journey) -> None:
    """Two journeys are one: the rest of its effort comes with its conversations."""
    host.checkpoints = max(host.checkpoints, guest.checkpoints)
    step.forget("effort", str(host.id))
    wait_for_checkpoint(step, host)


def observe(step: Step, effort: Sum, at: str, outcome: str) -> None:
    """Put the effort of a journey into the histograms of a checkpoint."""
    step.observe("cx_journey_contacts", effort.contacts, at, outcome)
    step.observe("cx_journey_channels", effort.channels, at, outcome)
    step.observe("cx_journey_transfers", effort.transfers, at, outcome)
    step.observe("cx_journey_customer_messages", effort.customer_messages, at, outcome)
    step.observe("cx_journey_repeated_requests", effort.repeated_requests, at, outcome)
    step.observe("cx_journey_wait_seconds", effort.wait, at, outcome)


def _run(step: Step, conversation: Conversation, waits_on: int) -> None:
    effort = conversation.effort
    if waits_on != effort.waits_on and step.at >= effort.since:
        if effort.waits_on != _NOBODY:
            effort.waited = effort.waited or [0] * len(OWNERS)
            effort.waited[effort.waits_on] += step.at - effort.since
        effort.waits_on, effort.since = waits_on, step.at


def _waited(effort: Effort, at: Moment) -> list[Moment]:
    waited = list(effort.waited) or [0] * len(OWNERS)
    if effort.waits_on != _NOBODY:
        waited[effort.waits_on] += max(0, at - effort.since)
    return waited


def _whose(conversation: Conversation) -> int:
    return _OF_OWNER.get(conversation.turns.owner, _COMPANY)


def _of_journey(step: Step, conversation: Conversation) -> list[Conversation]:
    journey: Journey = step.customer.journeys[conversation.journey]
    return [step.customer.conversations[name] for name in journey.conversations]


def _observe_time(
    step: Step, stage: str, journey: list[Conversation], until: Moment, version: str
) -> None:
    asked = [one.effort.asked_at for one in journey if one.effort.asked_at is not None]
    began = [one.effort.began_at for one in journey if one.effort.began_at is not None]
    since = min(asked or began, default=None)
    if since is not None:
        step.observe("cx_time_to_resolution_seconds", max(0, until - since), stage, version)
