"""In which order things are applied, and when they become known: rules, section 1.

Naive on purpose. Every record is looked at with all that came before it; what is in time is put
in its place by sorting once, and what is late stands where it arrived.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

TOPICS = ("cx.conversations", "cx.handoffs", "cx.followups")
HEARTBEAT = "heartbeat"

# What is told of one moment, in the order in which it is taken to have happened.
RANKS = (
    "customer.linked",
    "conversation.started",
    "intent.assigned",
    "issue.opened",
    "message.created",
    "suggestion.displayed",
    "suggestion.used",
    "handoff.requested",
    "handoff.announced",
    "handoff.accepted",
    "handoff.first_reply",
    "handoff.transferred",
    "handoff.returned",
    "handoff.abandoned",
    "handoff.expired",
    "handoff.failed",
    "commitment.made",
    "action.claimed",
    "action.requested",
    "action.executed",
    "action.failed",
    "action.reversed",
    "ledger.confirmed",
    "commitment.fulfilled",
    "commitment.withdrawn",
    "handoff.completed",
    "issue.resolved",
    "resolution.claimed",
    "conversation.closed",
    "conversation.reopened",
    "conversation.merged",
    "conversation.spam_marked",
    "conversation.deleted",
    "feedback.received",
    "external.signal",
    "evaluation.result",
    HEARTBEAT,
)

Place = tuple[int, int, Any]
"""Where something stands among all that is applied: a moment, and what comes first in it.

Late events of a moment come first, for the watermark stood there when they arrived; then
deadlines, then events.
"""
LATE, DEADLINE, EVENT = range(3)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(text: str) -> int:
    """Read RFC 3339 as whole microseconds."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Fact:
    """One event that was applied."""

    kind: str
    t: int
    place: Place
    topic: str
    data: dict[str, Any]
    key: str
    order: tuple[int, str, int]

    @property
    def now(self) -> int:
        """The event time at which it became known."""
        return self.place[0]

    @property
    def conversation(self) -> str | None:
        name: str | None = self.data.get("conversation_id")
        return name

    def get(self, name: str) -> Any:
        return self.data.get(name)


@dataclass
class Log:
    """Everything that was applied, in order, and how far time had come in the end."""

    facts: list[Fact] = field(default_factory=list)
    end: int = 0
    counted: Counter[tuple[str, ...]] = field(default_factory=Counter)
    skewed: Counter[tuple[str, ...]] = field(default_factory=Counter)


def log_of(deliveries: Iterable[tuple[str, dict[str, Any], int]], policy: dict[str, Any]) -> Log:
    """Put what was delivered in the order in which it counts."""
    log = Log()
    newest = dict.fromkeys(TOPICS, 0)
    seen: dict[tuple[str, str], int] = {}
    for number, (topic, record, received_at) in enumerate(deliveries):
        kind = record["type"].removeprefix("cx.").removesuffix(".v1")
        t = moment_of(record["time"])
        if t > received_at + policy["future_skew_max"]:
            t = received_at
            log.skewed[topic,] += 1
        watermark = max(log.end, min(newest.values()) - policy["lateness"])
        name = (record["source"], record["id"])
        if kind == HEARTBEAT:
            result = "applied"
        elif name in seen and watermark - t <= policy["dedupe_window"]:
            result = "duplicate"
        elif t >= watermark:
            result = "applied"
        else:
            result = "late_applied" if watermark - t <= policy["late_max"] else "late_dropped"
        if result.endswith("applied") and kind != HEARTBEAT:
            seen[name] = t
        log.counted[topic, record["type"], result] += 1
        shown = t
        if kind == HEARTBEAT and "watermark" in record["data"]:
            shown = min(t, moment_of(record["data"]["watermark"]))
        newest[topic] = max(newest[topic], shown)
        if not result.endswith("applied"):
            continue
        order = (t, record.get("sequence") or "", RANKS.index(kind))
        late = t < watermark
        place: Place = (watermark, LATE, (number,)) if late else (t, EVENT, (*order[1:], number))
        log.facts.append(Fact(kind, t, place, topic, record["data"], _key(record), order))
    log.facts.sort(key=lambda fact: fact.place)
    # When the log ends, whatever still waits is applied.
    last = max((fact.t for fact in log.facts), default=0)
    log.end = max(last + 1, min(newest.values()) - policy["lateness"])
    return log


def _key(record: dict[str, Any]) -> str:
    """Whose row it is: rules 1.7."""
    data = record["data"]
    if data.get("customer_ref"):
        return str(data["customer_ref"])
    return str(record.get("partitionkey") or f"~{data.get('conversation_id')}")
