"""What a busy support team's systems send: seeded, endless, in the order in which it is produced.

A customer writes about twice a month. A journey is a chat of about eight events: some are handed
to a human, some end in a promise or an action, some come back. Ids are as long as producers make
them, and events are binary CloudEvents of the full contract on all three topics.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Record = tuple[str, bytes, list[tuple[str, bytes]], bytes, int]
"""Topic, key, headers, value, and when it was sent: milliseconds since 1970."""

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
DAYS_BETWEEN_CONTACTS = 15
SENT_TWICE = 0.005
_DAY = 86_400.0
_INTENTS = {
    "refunds": ("refund.status", "refund.request"),
    "shipping": ("shipping.where", "shipping.damaged", "shipping.address"),
    "billing": ("billing.invoice", "billing.charge"),
    "account": ("account.login", "account.change"),
}
_VERSIONS = ("assistant-2026-02-24", "assistant-2026-03-01")
_QUEUES = ("tier-1", "refunds", "shipping-desk")
_HOSTS = ("crm", "desk", "billing")


def records(customers: int, seed: int) -> Iterator[Record]:
    """What so many customers and their agents send; the same seed gives the same bytes."""
    return _Team(customers, seed).sent()


class _Team:
    """Everybody who writes, and everything that is still to be sent about it."""

    def __init__(self, customers: int, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311  # it hides nothing
        self.customers = [self.hash() for _ in range(customers)]
        self.journeys_per_second = customers / (DAYS_BETWEEN_CONTACTS * _DAY)
        self._coming: list[tuple[float, int, Record | _Contact]] = []
        self._count = itertools.count()

    def sent(self) -> Iterator[Record]:
        begins = 0.0
        while True:
            begins += self.dice.expovariate(self.journeys_per_second)
            self.plan(begins, _Contact(self, self.dice.choice(self.customers)))
            while self._coming[0][0] <= begins:
                at, _, next_one = heapq.heappop(self._coming)
                if isinstance(next_one, _Contact):
                    next_one.happen(at)
                else:
                    yield next_one

    def plan(self, at: float, what: Record | _Contact) -> None:
        heapq.heappush(self._coming, (at, next(self._count), what))

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def hash(self) -> str:
        return f"{self.dice.getrandbits(128):032x}"

    def uuid(self) -> str:
        digits = self.hash()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class _Contact:
    """One conversation, from the customer's first word to the last that is heard of it."""

    def __init__(self, team: _Team, customer: str, before: _Contact | None = None) -> None:
        self.team, self.dice, self.customer = team, team.dice, customer
        self.at = 0.0
        group = self.dice.choice(tuple(_INTENTS))
        self.said = {
            "conversation_id": team.uuid(),
            "customer_ref": customer,
            "identity_assurance": "verified",
            "channel": self.dice.choices(("chat", "messaging", "email"), (7, 2, 1))[0],
            "intent": self.dice.choice(_INTENTS[group]),
            "intent_group": group,
        }
        if before is not None:
            self.said |= {name: before.said[name] for name in ("intent", "intent_group")}
        self.ai = {"ai_agent_id": "assistant", "ai_version": self.dice.choice(_VERSIONS)}

    def happen(self, at: float) -> None:
        """Send it all, each event at its time."""
        self.at = at
        self.tell("conversation.started", {"origin": "inbound"} | self.ai)
        self.customer_says()
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self.ai_says("answer")
            if self.team.chance(0.35):
                self.customer_says()
        if self.team.chance(0.05):
            return  # and nobody ever says what became of it
        human = self.team.chance(0.25)
        if human and not self.is_served():
            return
        if self.team.chance(0.12):
            self.act("human" if human else "ai")
        if self.team.chance(0.08):
            self.promise("human" if human else "ai")
        self.claim("human" if human else "ai")

    def is_served(self) -> bool:
        """Hand over to a human; say whether one came."""
        handoff = {"handoff_id": self.team.uuid()}
        asked = self.team.chance(0.4)
        why = {
            "kind": "ai_human",
            "requested_by": "customer" if asked else "ai",
            "reason_code": "customer_requested" if asked else "knowledge_gap",
            "to_queue": self.dice.choice(_QUEUES),
        }
        self.tell("handoff.requested", handoff | why | self.ai)
        if self.team.chance(0.08):
            self.tell("handoff.abandoned", handoff, self.dice.expovariate(1 / 300))
            return False
        if self.team.chance(0.03):
            return False
        self.tell("handoff.accepted", handoff, self.dice.expovariate(1 / 240))
        for _ in range(self.dice.choice((1, 2, 3))):
            self.message("human", "answer", {})
        if self.team.chance(0.7):
            work = {"human_public_messages": 2, "handle_seconds": 312.5, "disposition": "needed"}
            self.tell("handoff.completed", handoff | work)
        return True

    def act(self, by: str) -> None:
        """Do something for the customer, of which the ledger mostly hears."""
        action = {"action_id": self.team.uuid(), "kind": "refund", "value_band": "medium"}
        action |= {"entity_ref": self.team.hash()}
        self.tell("action.executed", action | {"by": by})
        self.tell("action.claimed", action | {"by": by})
        self.later("ledger.confirmed", action | {"stage": "submitted"}, 600, 0.95)
        self.later("ledger.confirmed", action | {"stage": "posted"}, _DAY, 0.9)

    def promise(self, by: str) -> None:
        """Promise something, and mostly keep it."""
        promise = {"commitment_id": self.team.uuid()}
        due = _time(self.at + 2 * _DAY)
        told = promise | {"kind": "callback", "due_at": due, "made_by": by}
        self.tell("commitment.made", told)
        self.later("commitment.fulfilled", promise, _DAY, 0.8)

    def claim(self, by: str) -> None:
        """Say that it is resolved; the customer may see it otherwise."""
        told = {"by": by, "basis": self.dice.choice(("customer_confirmed", "agent_judged"))}
        self.tell("resolution.claimed", told | self.ai)
        if self.team.chance(0.1):
            self.message("customer", "thanks", {})
        self.tell("conversation.closed", {"actor": "system", "reason": "inactivity"}, 600)
        if self.team.chance(0.15):
            rating = {"scale": "csat5", "value": self.dice.randint(1, 5)}
            self.tell("feedback.received", rating, self.dice.expovariate(1 / 3600))
        if self.team.chance(0.03):
            self.tell("conversation.reopened", {"actor": "customer"}, 7200)
            self.customer_says()
        if self.team.chance(0.12):
            again = _Contact(self.team, self.customer, self)
            self.team.plan(self.at + self.dice.expovariate(1 / (2 * _DAY)), again)

    def customer_says(self) -> None:
        self.message("customer", "question", {"content_simhash": self.team.hash()[:16]})

    def ai_says(self, kind: str) -> None:
        self.message("ai", kind, self.ai | {"gen_ai_response_id": f"resp_{self.team.hash()}"})

    def message(self, actor: str, kind: str, more: dict[str, Any]) -> None:
        told = {"message_id": self.team.uuid(), "actor": actor, "kind": kind}
        wait = 3 if actor == "ai" else 60
        self.tell("message.created", told | more, self.dice.expovariate(1 / wait))

    def later(self, name: str, told: dict[str, Any], seconds: float, share: float) -> None:
        """Something that comes after the conversation, if it comes."""
        if self.team.chance(share):
            begun, self.at = self.at, self.at + self.dice.expovariate(1 / seconds)
            self.tell(name, told)
            self.at = begun

    def tell(self, name: str, told: dict[str, Any], after: float = 1.0) -> None:
        """Send an event so many seconds after the one before it."""
        self.at += after
        topic = _TOPICS.get(name.partition(".")[0], "cx.followups")
        event = {
            "specversion": "1.0",
            "id": self.team.uuid(),
            "source": f"/{self.dice.choice(_HOSTS)}/acme",
            "type": f"cx.{name}.v1",
            "time": _time(self.at),
            "partitionkey": self.customer,
        }
        headers = [(f"ce_{name}", text.encode()) for name, text in event.items()]
        headers.append(("content-type", b"application/json"))
        value = json.dumps(self.said | told, separators=(",", ":")).encode()
        arrives = self.at + self.dice.expovariate(1.0)
        self.send(arrives, topic, headers, value)
        if self.team.chance(SENT_TWICE):
            self.send(arrives + self.dice.expovariate(1 / 60), topic, headers, value)

    def send(self, at: float, topic: str, headers: list[tuple[str, bytes]], value: bytes) -> None:
        sent = int((BEGINS.timestamp() + at) * 1000)
        self.team.plan(at, (topic, self.customer.encode(), headers, value, sent))


_TOPICS = {"handoff": "cx.handoffs"} | dict.fromkeys(
    ("conversation", "message", "resolution", "feedback"), "cx.conversations"
)


def _time(at: float) -> str:
    moment = BEGINS + timedelta(seconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
