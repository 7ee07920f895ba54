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

from monitor.core.silent.findings import forget_conversation
from monitor.core.state import Conversation, Journey

if TYPE_CHECKING:
    from monitor.core.step import Step

EXPLICIT = "explicit"
SAME_INTENT = "same_intent"
COMPATIBLE = "compatible"
ANY_INTENT = "any_intent"
STRENGTH = (EXPLICIT, SAME_INTENT, COMPATIBLE, ANY_INTENT)


def begin(step: Step) -> Journey:
    """Begin a journey of this customer."""
    customer = step.customer
    customer.journeys_begun += 1
    until = step.at + step.policy.gap + 1
    journey = Journey(customer.journeys_begun, step.at, step.at, until)
    customer.journeys[journey.id] = journey
    step.wait("journey", str(journey.id), until)
    return journey


def touch(step: Step, conversation: Conversation) -> None:
    """Note that a person or the AI did something: the silence starts anew."""
    journey = step.customer.journeys[conversation.journey]
    journey.last_at = max(journey.last_at, step.at)
    until = journey.last_at + step.policy.gap_for(conversation.intent_group) + 1
    journey.until = max(journey.until, until)


def matches(
    step: Step, conversation: Conversation, in_reply_to: str | None
) -> dict[int, tuple[str, bool]]:
    """How a new contact relates to each journey: the strongest match, and whether it joins."""
    found = {}
    for journey in step.customer.journeys.values():
        if journey.id == conversation.journey:
            continue
        match = _match(step, conversation, journey, in_reply_to)
        if match:
            found[journey.id] = match
    return found


def join(step: Step, conversation: Conversation, found: dict[int, tuple[str, bool]]) -> None:
    """Move a contact, and all that came with it, to the journey that it matches best."""
    joining = [
        (STRENGTH.index(match), -number) for number, (match, joins) in found.items() if joins
    ]
    if not joining:
        return
    own = step.customer.journeys[conversation.journey]
    host = step.customer.journeys[-min(joining)[1]]
    own.conversations.remove(conversation.id)
    host.conversations.append(conversation.id)
    host.last_at = max(host.last_at, own.last_at)
    conversation.journey = host.id
    if not own.conversations:
        _drop(step, own)


def expire(step: Step, subject: str) -> None:
    """A journey has been silent for its gap: it ends, unless something is still open."""
    journey = step.customer.journeys[int(subject)]
    if journey.until > step.at:
        # One deadline follows the last sign of life from afar, instead of a new one for each.
        step.wait("journey", subject, journey.until)
        return
    if _is_open(step, journey):
        # Everything open has a deadline of its own; look again after the last of them.
        last = max(step.customer.deadlines.values(), default=step.now)
        step.wait("journey", subject, max(last, step.now) + 1)
        return
    for conversation_id in journey.conversations:
        _forget_conversation(step, conversation_id)
    _drop(step, journey)


def _match(
    step: Step, conversation: Conversation, journey: Journey, in_reply_to: str | None
) -> tuple[str, bool] | None:
    gap = step.at - journey.last_at
    within = gap <= step.policy.gap_for(conversation.intent_group)
    known = [step.customer.conversations[other] for other in journey.conversations]
    if in_reply_to in journey.conversations or _shares(conversation.case_id, known, "case_id"):
        return EXPLICIT, True
    if not conversation.identified:
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


def _is_open(step: Step, journey: Journey) -> bool:
    customer = step.customer
    inside = set(journey.conversations)
    entities = (customer.episodes, customer.handoffs, customer.commitments)
    return any(f"notice:{one}" in customer.deadlines for one in inside) or any(
        entity.conversation_id in inside for group in entities for entity in group.values()
    )


def _forget_conversation(step: Step, conversation_id: str) -> None:
    del step.customer.conversations[conversation_id]
    forget_conversation(step, conversation_id)


def _drop(step: Step, journey: Journey) -> None:
    del step.customer.journeys[journey.id]
    step.forget("journey", str(journey.id))
