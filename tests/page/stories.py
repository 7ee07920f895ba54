"""What the page is looked at with: customers of two AI versions, some of them failed silently."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from monitor.core.moments import seconds
from monitor.core.policy import Policy
from tests.build import (
    ai_says,
    claimed,
    clock,
    closed,
    handoff,
    handoff_requested,
    human_says,
    promised,
    says,
    started,
    topic_of,
)
from tests.integration.traffic import Message, heartbeats, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.envelope import Envelope

CUSTOMERS = 96
ENDS = clock("9d 12:00")
LATENESS = timedelta(seconds=seconds(Policy().lateness))
COME_BACK = {number for number in range(1, CUSTOMERS, 2) if number % 12 != 11}
SECRET = "secret"  # pragma: allowlist secret
"""Begins every customer's reference, so that one can be looked for where none may be."""


def customer(number: int) -> Iterator[Envelope]:
    """A customer: on paper v2 resolves all, but five of six come back; v1 claims what holds."""
    who, version = f"{SECRET}-{number}", f"v{number % 2 + 1}"
    chat = {"conversation_id": f"chat-{number}", "ai_version": version, "intent_group": "billing"}
    matter = {"case_id": f"case-{number}"}
    yield started(who, "09:00", **chat, **matter)
    yield says(who, "09:01", **chat)
    yield ai_says(who, "09:02", **chat)
    if version == "v2":
        yield claimed(who, "09:10", **chat)
    if number in COME_BACK:
        voice = {"conversation_id": f"call-{number}", "intent_group": "billing"}
        hour = f"1d {10 + number % 23:02}"
        yield started(who, f"{hour}:00", channel="voice", **voice, **matter)
        yield human_says(who, f"{hour}:05", **voice)
        yield claimed(who, f"{hour}:20", by="human", **voice)
    if version == "v1" and number % 4 == 0:
        yield handoff_requested(who, "09:05", f"h-{number}", **chat)
        if number % 8 == 0:
            yield handoff("accepted", who, "09:08", f"h-{number}", **chat)
            yield human_says(who, "09:09", **chat)
            yield closed(who, "09:30", **chat)
    if version == "v1" and number % 4 == 2:
        yield claimed(who, "09:10", **chat)
    if number % 6 == 0:
        yield promised(who, "09:04", "1d 09:00", f"p-{number}", **chat)


def message(event: Envelope) -> Message:
    value = event.model_dump_json(exclude_none=True, by_alias=True).encode()
    return Message(topic_of(event), event.data.model_dump()["customer_ref"].encode(), value)


def messages() -> Iterator[Message]:
    events = [event for number in range(CUSTOMERS) for event in customer(number)]
    for event in sorted(events, key=lambda event: event.time):
        yield message(event)
    yield from heartbeats(1, ENDS + LATENESS)


def broken_promise(who: str, until: str) -> Iterator[Message]:
    """A promise that was made after all of that; time passes it ``until`` then."""
    ends = clock(until)
    chat = {"conversation_id": f"chat-{who}", "ai_version": "v2", "intent_group": "delivery"}
    yield message(started(who, ends - timedelta(minutes=40), **chat))
    due = (ends - timedelta(minutes=30)).isoformat()
    made = promised(who, "09:00", "10:00", f"p-{who}", **chat, due_at=due, id=f"p-{who}")
    yield message(made.model_copy(update={"time": ends - timedelta(minutes=39)}))
    yield from heartbeats(int(ends.timestamp()), ends + LATENESS)


def tell(bootstrap: str, told: Iterator[Message]) -> None:
    """Send; in a thread, for a browser that is driven from here runs a loop in this one."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, send(bootstrap, list(told))).result()


def of(text: str) -> Any:
    return json.loads(text)
