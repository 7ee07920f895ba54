"""Who shares a device: perhaps the same person, so their contacts count for the loosest reading.

Rule: a contact of one counts as any_intent for the other's journeys within the gap, and joins
none of them. What the contact turns out to be later, spam or a duplicate, changes nothing there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.core import episodes, memory
from monitor.core.journeys import ANY_INTENT
from monitor.core.notes import Met
from schemas.vocabulary import Channel

if TYPE_CHECKING:
    from monitor.core.notes import Shared
    from monitor.core.state import Conversation
    from monitor.core.step import Step


def share(step: Step, shared: Shared) -> None:
    """A reference shares a device with this customer, or does so no longer."""
    if shared.until:
        if shared.reference not in step.customer.devices:
            memory.make_room(step, "devices")
        step.customer.devices[shared.reference] = shared.until
    else:
        step.customer.devices.pop(shared.reference, None)


def contacted(step: Step, contact: Conversation) -> None:
    """This customer made contact: tell those who share a device."""
    assert step.mark is not None, "a contact is an event"
    met = Met(step.at, step.customer.key, contact.channel, contact.intent_group, step.mark)
    shared = step.customer.devices.items()
    step.sends += [(reference, met) for reference, until in shared if step.at < until]


def met(step: Step, contact: Met) -> None:
    """Somebody who shares a device with this customer made contact."""
    customer = step.customer
    if contact.by == customer.key:
        return
    gap = step.policy.gap_for(contact.intent_group)
    for episode in list(customer.episodes.values()):
        claimed_in = customer.conversations[episode.conversation_id]
        if step.at - customer.journeys[claimed_in.journey].last_at > gap:
            continue
        other = contact.channel not in (episode.channel, Channel.UNKNOWN)
        other = other and episode.channel is not Channel.UNKNOWN
        cause = "repeat_other_channel" if other else "repeat_same_channel"
        episodes.fail(step, episode, ANY_INTENT, cause, contact.mark)
