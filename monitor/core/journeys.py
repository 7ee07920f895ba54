"""Journeys: which contacts of one customer belong together.

The rules, strongest first (the number is the rule's in the domain's law, 7.2):

1. explicit: the same case, or a reply to a conversation of the journey;
2. explicit: the same entity, such as an order, within the gap;
3. same_intent: the same intent, within the gap;
4. compatible: the same intent group, or a pair that policy holds compatible, within the gap;
5. any_intent: nothing is known of the intent, within a day.

Who is the customer only by a device, or does not say, joins by rule 1 alone. A contact that fits
no rule begins a journey of its own. If it still falls within the gap of another, it counts there
as any_intent without joining: the truth about "did they come back for the same thing" lies between
the strict and the loose reading, and both are published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from monitor.core import effort
from monitor.core.memory import OF_CONVERSATION, OF_GROUP, forget_conversation
from monitor.core.state import Conversation, Journey
from monitor.core.step import is_identified

if TYPE_CHECKING:
    from monitor.core.step import Step

EXPLICIT = "explicit"
SAME_INTENT = "same_intent"
COMPATIBLE = "compatible"
ANY_INTENT = "any_intent"
# What waits for a verdict; "action" only remembers what may still be undone.
_AWAITING = ("actions", "commitments", "episodes", "handoffs", "suggestions", "words")
_GROUP_OF = {kind: group for group in _AWAITING for kind in OF_GROUP[group] if kind != "action"}
STRENGTH = (EXPLICIT, SAME_INTENT, COMPATIBLE, ANY_INTENT)


def begin(step: Step) -> Journey:
    """Begin a journey of this customer."""
    customer = step.customer
    customer.journeys_begun += 1
    until = step.at + step.policy.gap + 1
    journey = Journey(customer.journeys_begun, step.at, step.at, until)
    customer.journeys[journey.id] = journey
    step.wait("journey", str(journey.id), until)
    effort.wait_for_checkpoint(step, journey)
    return journey


def touch(step: Step, conversation: Conversation) -> None:
    """Note that a person or the AI did something: the silence starts anew."""
    journey = step.customer.journeys[conversation.journey]
    journey.last_at = last = max(journey.last_at, step.at)
    until = last + step.policy.gap_for(conversation.intent_group) + 1
    journey.until = max(journey.until, until)
    if journey.overdue:
        _go_on(step, journey)


def matches(
    step: Step, conversation: Conversation, in_reply_to: str | None
) -> dict[int, tuple[str, bool]]:
    """How a new contact relates to each journey: the strongest match, and whether it joins.

    It may be in a journey already, which it matches by the other conversations in it.
    """
    found = {}
    for number, journey in step.customer.journeys.items():
        if journey.ended:
            continue
        rest = journey if number != conversation.journey else _without(journey, conversation)
        match = _match(step, conversation, rest, in_reply_to) if rest.conversations else None
        if match:
            found[number] = match
    return found


def _without(journey: Journey, conversation: Conversation) -> Journey:
    others = [one for one in journey.conversations if one != conversation.id]
    return msgspec.structs.replace(journey, conversations=others)


def join(step: Step, conversation: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    """Move a contact, and all that came with it, to the journey that it matches best."""
    known = step.customer.journeys
    joining = [
        (STRENGTH.index(match), -known[number].started_at, -number)
        for number, (match, joins) in found.items()
        if joins and number != conversation.journey
    ]
    if not joining:
        return
    own, host = known[conversation.journey], known[-min(joining)[2]]
    own.conversations.remove(conversation.id)
    host.conversations.append(conversation.id)
    host.last_at = max(host.last_at, own.last_at)
    conversation.journey = host.id
    if not own.conversations:
        _drop(step, own)


def expire(step: Step, subject: str) -> None:
    """A journey has been silent for its gap: it ends as soon as nothing in it is open."""
    journey = step.customer.journeys[int(subject)]
    if journey.until > step.at:
        # One deadline follows the last sign of life from afar, instead of a new one for each.
        step.wait("journey", subject, journey.until)
    else:
        journey.overdue = True


def forget(step: Step, journey: Journey) -> None:
    """Forget a journey and all that belongs to it."""
    for conversation_id in journey.conversations:
        forget_conversation(step, conversation_id)
    _drop(step, journey)


def unite(step: Step, one: int, other: int) -> None:
    """Two journeys are one: that which began first, with what the other adds."""
    if one == other:
        return
    journeys = step.customer.journeys
    both = (journeys[one], journeys[other])
    if any(journey.ended for journey in both):
        return
    host, guest = sorted(both, key=lambda journey: (journey.started_at, journey.id))
    for conversation_id in guest.conversations:
        step.customer.conversations[conversation_id].journey = host.id
    host.conversations += guest.conversations
    host.last_at = max(host.last_at, guest.last_at)
    host.until = max(host.until, guest.until)
    effort.add(step, host, guest)
    if host.overdue:
        _go_on(step, host)
    _drop(step, guest)


def _match(
    step: Step, conversation: Conversation, journey: Journey, in_reply_to: str | None
) -> tuple[str, bool] | None:
    gap = step.at - journey.last_at
    within = gap <= step.policy.gap_for(conversation.intent_group)
    known = [step.customer.conversations[other] for other in journey.conversations]
    if in_reply_to in journey.conversations or _shares(conversation.case_id, known, "case_id"):
        return EXPLICIT, True
    if not is_identified(conversation):
        return (ANY_INTENT, False) if within else None
    if within and _shares(conversation.entity_ref, known, "entity_ref"):
        return EXPLICIT, True
    if within and _shares(conversation.intent, known, "intent"):
        return SAME_INTENT, True
    if within and any(_compatible(step, conversation, other) for other in known):
        return COMPATIBLE, True
    if conversation.intent is None and conversation.intent_group is None:
        joins = gap <= step.policy.gap_unknown_intent
        return (ANY_INTENT, joins) if within else None
    return (ANY_INTENT, False) if within else None


def _shares(value: str | None, known: list[Conversation], name: str) -> bool:
    return value is not None and any(getattr(other, name) == value for other in known)


def _compatible(step: Step, one: Conversation, other: Conversation) -> bool:
    a, b = one.intent_group, other.intent_group
    if a is None or b is None:
        return False
    return a == b or frozenset((a, b)) in step.policy.compatible_groups


def is_busy(step: Step, journey: Journey) -> bool:
    """Whether something in it still waits for its verdict, or for somebody."""
    inside = journey.conversations
    for deadline in step.customer.deadlines:
        kind, _, subject = deadline.partition(":")
        if kind in _GROUP_OF:
            subject = getattr(step.customer, _GROUP_OF[kind])[subject].conversation_id
        elif kind not in OF_CONVERSATION:
            continue
        if subject in inside:
            return True
    return False


def _drop(step: Step, journey: Journey) -> None:
    del step.customer.journeys[journey.id]
    if not step.customer.journeys:
        # Whether the row itself still exists depends on what has arrived; numbers must not.
        step.customer.journeys_begun = 0
    step.forget("journey", str(journey.id))
    step.forget("effort", str(journey.id))


def _go_on(step: Step, journey: Journey) -> None:
    journey.overdue = False
    step.wait("journey", str(journey.id), journey.until)
