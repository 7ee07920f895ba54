"""An ordinary journey is small: what the changelog holds of it stays within a kibibyte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.build import (
    ai_says,
    claimed,
    handoff,
    handoff_requested,
    human_says,
    promised,
    says,
    started,
)
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

CUSTOMER = "5b1f0c9e2a7d44386e0ad2c7f19b5830"  # pragma: allowlist secret
CONVERSATION = "0190a3c1-7d2e-7c31-9a55-2f6b1c0d8e44"
HANDOFF = "0190a3c1-7d2e-7c31-9a55-2f6b1c0d8e45"
PROMISE = "0190a3c1-7d2e-7c31-9a55-2f6b1c0d8e46"
BYTES_MAX = 1024


def ordinary_journey(customer: str = CUSTOMER) -> list[Envelope]:
    """Eight events, one handoff, one promise; ids of the length that producers give them."""
    said = {
        "conversation_id": CONVERSATION,
        "source": "/assistant/acme",
        "ai_version": "2026-02-24",
        "intent": "refund.status",
        "intent_group": "refunds",
    }
    return [
        started(customer, "09:00", id=event_id(1), **said),
        says(customer, "09:00:10", id=event_id(2), **said),
        ai_says(customer, "09:00:20", id=event_id(3), **said),
        handoff_requested(customer, "09:01", HANDOFF, id=event_id(4), **said),
        handoff("accepted", CUSTOMER, "09:03", HANDOFF, id=event_id(5), **said),
        human_says(customer, "09:05", id=event_id(6), **said),
        promised(customer, "09:06", "3d 09:00", PROMISE, id=event_id(7), **said),
        claimed(customer, "09:07", "human", id=event_id(8), **said),
    ]


def event_id(number: int) -> str:
    return f"0190a3c1-7d2e-7c31-9a55-2f6b1c0d8f{number:02x}"


def test_an_ordinary_journey_takes_at_most_a_kibibyte_of_the_changelog() -> None:
    written = Driver().tell(*ordinary_journey()).until("09:10").save()
    sizes = {
        key: len(key) + len(value)
        for key, value in written.items()
        if value is not None and key.startswith(b"customer:")
    }

    assert len(sizes) == 1
    assert max(sizes.values()) <= BYTES_MAX
