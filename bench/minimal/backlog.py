"""The backlog of the minimal job, seeded: what 50,000 customers sent in a month.

Of its records 0.2 % break the contract, and 0.5 % come twice, as a producer's retry does.
"""

from __future__ import annotations

import json
import random
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench.minimal.contract import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400.0
BEGINS = datetime(2026, 10, 1, tzinfo=UTC).timestamp()
ENDS = BEGINS + 30 * DAY
BROKEN = 0.002
REPEATED = 0.005
EVENTS_OF_A_CUSTOMER_MAX = 40
TURNS_MAX = 12

INTENTS = ["refund", "delivery", "billing", "password", "cancel", "upgrade", "address", "warranty"]
CHANNELS = ["chat", "chat", "voice", "email", "whatsapp"]
WORDS = ["order", "parcel", "invoice", "waiting", "please", "thanks", "account", "charge", "again"]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a source topic."""

    topic: str
    key: bytes
    value: bytes
    milliseconds: int

    @property
    def partition(self) -> int:
        """Where it goes: the three topics are partitioned alike, by customer."""
        return zlib.crc32(self.key) % PARTITIONS


@dataclass(slots=True)
class _Event:
    at: float
    topic: str
    fields: dict[str, Any]


def backlog(events: int, customers: int, seed: int) -> list[Record]:
    """Return so many records, in order of time."""
    dice = random.Random(seed)  # noqa: S311 - It hides nothing.
    said: list[tuple[int, str, _Event]] = []
    for turn, number in enumerate(_who_comes(dice, customers), start=1):
        reference = f"cust-{number:06d}"
        history = _History(dice, reference).told()
        said += ((round(one.at * 1000), reference, one) for one in history)
        if turn >= customers and len(said) >= events:
            break
    said.sort(key=lambda one: (one[0], one[2].fields["id"]))
    return [record for one in said for record in _sent(dice, *one)][:events]


def _who_comes(dice: random.Random, customers: int) -> Iterator[int]:
    yield from range(customers)
    while True:
        yield dice.randrange(customers)


def _sent(dice: random.Random, milliseconds: int, key: str, event: _Event) -> list[Record]:
    fields = event.fields | {"time": _iso(milliseconds / 1000)}
    luck = dice.random()
    if luck < BROKEN / 2:
        del fields["intent"]
    value = json.dumps(fields, separators=(",", ":"))
    if BROKEN / 2 <= luck < BROKEN:
        value = value[: len(value) // 2]
    record = Record(event.topic, key.encode(), value.encode(), milliseconds)
    return [record, record] if BROKEN <= luck < BROKEN + REPEATED else [record]


def _iso(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@dataclass(slots=True)
class _History:
    """What one customer's systems say of some days. A second history has other ids."""

    dice: random.Random
    reference: str
    events: list[_Event] = field(default_factory=list)
    _common: dict[str, Any] = field(default_factory=dict)
    _name: str = ""
    _serial: int = 0

    def told(self) -> list[_Event]:
        """Return the events in order, no two at the same millisecond."""
        dice = self.dice
        self._serial = dice.getrandbits(32)
        at, number, intent = BEGINS + dice.uniform(0, 25 * DAY), 0, dice.choice(INTENTS)
        while at < ENDS and len(self.events) < EVENTS_OF_A_CUSTOMER_MAX:
            number += 1
            at = self._conversation(number, intent, at)
            if dice.random() > 0.15:  # noqa: PLR2004 - The shares are what this file is about.
                break
            at += dice.expovariate(1 / (5 * DAY))
            intent = intent if dice.random() < 0.5 else dice.choice(INTENTS)  # noqa: PLR2004
        self.events.sort(key=lambda one: one.at)
        last = 0.0
        for one in self.events:
            last = one.at = max(last + 0.001, int(one.at * 1000) / 1000)
        return self.events

    def _say(self, at: float, topic: str, kind: str, **more: object) -> None:
        serial = f"{self._serial:08x}-{len(self.events):03d}"
        identity = {"id": f"{self.reference}-{serial}", "source": f"/crm/{topic}/eu-1"}
        fields = identity | {"type": kind, "time": None} | self._common | more
        self.events.append(_Event(at, topic, fields))

    def _text(self) -> str:
        return " ".join(self.dice.choices(WORDS, k=self.dice.randint(8, 40)))

    def _conversation(self, number: int, intent: str, began: float) -> float:
        dice = self.dice
        self._name = f"{self.reference}-{self._serial:08x}-{number}"
        self._common = {
            "customer_ref": self.reference,
            "conversation_id": f"conv-{self._name}",
            "channel": dice.choice(CHANNELS),
            "intent": intent,
            "ai_version": f"2026.{dice.randint(8, 11)}.{dice.randint(0, 3)}",
        }
        ended = self._talk(began)
        if dice.random() < 0.37:  # noqa: PLR2004
            asked = ended if dice.random() < 0.3 else began  # noqa: PLR2004
            self._handoff(asked + dice.uniform(1, 60))
        if dice.random() < 0.4:  # noqa: PLR2004
            self._promise(ended + dice.uniform(10, 600))
        if dice.random() < 0.25:  # noqa: PLR2004
            again = intent if dice.random() < 0.6 else dice.choice(INTENTS)  # noqa: PLR2004
            at = ended + dice.expovariate(1 / (4 * DAY))
            self._say(at, "followups", "repeat_contact", intent=again, note=self._text())
        if dice.random() < 0.37:  # noqa: PLR2004
            at, score = ended + dice.uniform(60, DAY), dice.randint(1, 5)
            self._say(at, "followups", "survey_answered", score=score, note=self._text())
        return ended

    def _talk(self, at: float) -> float:
        dice = self.dice
        direction = "inbound" if dice.random() < 0.85 else "outbound"  # noqa: PLR2004
        turn = 0

        def said(kind: str, author: str) -> None:
            feeling = round(dice.uniform(-1, 1), 3)
            more = {"direction": direction, "author": author, "turn": turn, "sentiment": feeling}
            self._say(at, "conversations", kind, **more, text=self._text())

        said("conversation_started", "customer" if direction == "inbound" else "ai")
        while turn < TURNS_MAX and dice.random() < 0.77:  # noqa: PLR2004
            turn += 1
            at += dice.uniform(5, 120)
            said("message", "customer" if turn % 2 else "ai")
        if dice.random() < 0.6:  # noqa: PLR2004
            at += dice.uniform(5, 300)
            said("resolution_claimed", "ai")
            if dice.random() < 0.1:  # noqa: PLR2004
                turn += 1
                at += dice.uniform(60, 2 * DAY)
                said("message", "customer")
        return at

    def _handoff(self, asked: float) -> None:
        dice = self.dice
        about: dict[str, object] = {
            "handoff_id": f"ho-{self._name}",
            "queue": dice.choice(("tier1", "tier2", "billing")),
            "reason": dice.choice(("asked", "low_confidence", "policy")),
            "priority": dice.randint(1, 5),
        }
        self._say(asked, "handoffs", "handoff_requested", **about, summary=self._text())
        if dice.random() < 0.8:  # noqa: PLR2004
            at, agent = asked + dice.expovariate(1 / 200), f"agent-{dice.randint(1, 200)}"
            about |= {"agent_ref": agent, "summary": self._text()}
            self._say(at, "handoffs", "handoff_accepted", **about)

    def _promise(self, made: float) -> None:
        dice = self.dice
        due = made + dice.choice((1, 2, 3, 5)) * DAY
        more = {"due": _iso(due), "amount": round(dice.uniform(5, 200), 2), "note": self._text()}
        name = f"pr-{self._name}"
        self._say(made, "followups", "promise_made", promise_id=name, **more)
        if dice.random() < 0.75:  # noqa: PLR2004
            at = made + (due - made) * dice.uniform(0.1, 1.35)
            self._say(at, "followups", "promise_fulfilled", promise_id=name, note=self._text())
