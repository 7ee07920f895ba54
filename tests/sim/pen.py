"""What the scenes are written with: moments, a pen that writes events, and one conversation.

Moments are whole microseconds. Windows are met exactly, missed by one microsecond, or passed by
far, for that is where mistakes are made.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

Record = dict[str, Any]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = (datetime(2026, 3, 2, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)

CONVERSATIONS, HANDOFFS, FOLLOWUPS = TOPICS = ("cx.conversations", "cx.handoffs", "cx.followups")
_TOPIC_OF = {
    "handoff": HANDOFFS,
    "suggestion": HANDOFFS,
    "commitment": FOLLOWUPS,
    "action": FOLLOWUPS,
    "ledger": FOLLOWUPS,
    "external": FOLLOWUPS,
}

INTENTS = {
    "refund/where": "billing",
    "refund/how": "billing",
    "parcel/where": "shipping",
    "parcel/lost": "shipping",
    "login/reset": "account",
    "offer/ask": "sales",
}
CHANNELS = ("chat", "messaging", "email", "voice", "social", "web_form")
VERSIONS = ("v1", "v2", "v3")
BANDS = ("low", "medium", "high", None)
ASSURANCES = ("verified", "asserted", "unknown", "device", "none")


def text_of(at: int) -> str:
    """A moment as RFC 3339 says it."""
    return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")


def around(rng: Random, length: int) -> int:
    """A length of time: exactly this, a microsecond less or more, or roughly this."""
    near = rng.choice((0, 0, -1, 1, None, None, None))
    return length + near if near is not None else round(length * rng.uniform(0.3, 1.7))


def chance(rng: Random, share: float) -> bool:
    """True in this share of all cases."""
    return rng.random() < share


@dataclass(frozen=True)
class Said:
    """One event, where and when it was said, and how much later than that it is sent."""

    topic: str
    at: int
    record: Record
    held_back: int = 0


@dataclass
class Pen:
    """Writes events, no two of one type at one moment, so that their order is certain."""

    rng: Random
    said: list[Said] = field(default_factory=list)
    taken: set[tuple[str, int]] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)

    def name(self, kind: str) -> str:
        """Make an id that nobody has."""
        self.numbers[kind] = self.numbers.get(kind, 0) + 1
        return f"{kind}-{self.numbers[kind]}"

    def write(
        self, kind: str, at: int, data: Record, *, topic: str | None = None, **more: Any
    ) -> Record:
        """Write one event; what it does not know is left out."""
        while (kind, at) in self.taken:
            at += 1
        self.taken.add((kind, at))
        record: Record = {
            "specversion": "1.0",
            "id": self.name("event"),
            "source": self.rng.choice(("desk", "bot")),
            "type": f"cx.{kind}.v1",
            "time": text_of(at),
            "data": {name: value for name, value in data.items() if value is not None},
        }
        record |= {name: value for name, value in more.items() if value is not None}
        topic = topic or _TOPIC_OF.get(kind.partition(".")[0], CONVERSATIONS)
        self.said.append(Said(topic, at, record))
        return record


@dataclass
class Person:
    """A customer, as far as the desk knows."""

    ref: str | None
    assurance: str
    about: list[Record] = field(default_factory=list)


@dataclass
class Talk:
    """One conversation while it is being written: where it is, when it is, what it is about."""

    pen: Pen
    person: Person
    name: str
    at: int
    channel: str | None
    about: Record
    version: str | None
    claimed_at: int | None = None
    asked_at: list[Record] = field(default_factory=list)

    @property
    def rng(self) -> Random:
        return self.pen.rng

    def sent_late(self) -> None:
        """What was said last is sent days later."""
        said = self.pen.said
        said[-1] = replace(said[-1], held_back=self.rng.choice((DAY, 3 * DAY, 6 * DAY)))

    def wait(self, *lengths: int) -> Talk:
        """Let about one of these lengths of time pass."""
        self.at += around(self.rng, self.rng.choice(lengths))
        return self

    def soon(self) -> Talk:
        """Let a little time pass."""
        self.at += self.rng.choice((1, 5, 20, 40, 90)) * SECOND
        return self

    def tell(self, kind: str, /, **data: Any) -> Record:
        """Say something now, with as much of the context as producers happen to know."""
        return self.tell_at(self.at, kind, **data)

    def tell_at(self, at: int, kind: str, /, **data: Any) -> Record:
        """The same, at another moment."""
        rng = self.rng
        context: Record = {"conversation_id": self.name, "customer_ref": self.person.ref}
        if chance(rng, 0.9 if self.person.ref is not None else 0.5):
            context["identity_assurance"] = self.person.assurance
        if chance(rng, 0.02):
            context["identity_assurance"] = rng.choice(ASSURANCES)
        first = kind == "conversation.started"
        for name, value in ({"channel": self.channel} | self.about).items():
            if first or chance(rng, 0.3):
                context[name] = value
        key = None
        if chance(rng, 0.03) and data.get("conversation_id", self.name):
            key, context["customer_ref"] = self.person.ref, None
        return self.pen.write(kind, at, context | data, partitionkey=key)

    def says(self, actor: str, kind: str, /, **data: Any) -> Record:
        """A message, by anybody."""
        if actor == "ai":
            data = {"ai_version": self.version} | data
            if chance(self.rng, 0.2):
                data |= {"gen_ai_conversation_id": "g", "gen_ai_response_id": self.pen.name("r")}
        message = {"message_id": self.pen.name("message"), "actor": actor, "kind": kind}
        return self.tell("message.created", **message | data)
