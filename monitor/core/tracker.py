"""Joins the events of one partition into journeys, in event time.

Rule: nothing here reads a clock, a topic or a random number. Time comes in as an argument,
verdicts go out as return values, and the same input gives the same output, byte for byte.

Events and deadlines wait in one heap, ordered by the moment they speak of. When the watermark
passes that moment they are applied, in that order. So the join is a fold over a sorted log, and
the order of delivery cannot change a verdict as long as no event is later than
``Policy.lateness``. Everything that happened before the watermark has been applied; the
watermark is the least of what the source topics have shown, and never steps back.
"""

from __future__ import annotations

import hashlib
import heapq
from typing import TYPE_CHECKING

from monitor.core.fold import expire, fold
from monitor.core.moments import moment_of
from monitor.core.order import rank_of
from monitor.core.outputs import Duplicate, Late, Output
from monitor.core.silent.findings import forget_customer
from monitor.core.state import Customer
from monitor.core.step import Step, mark_of
from monitor.core.totals import Totals
from schemas.conversations import Heartbeat
from schemas.decode import TOPICS

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.policy import Policy
    from schemas.envelope import Envelope
    from schemas.published import Reason

# In the heap a deadline comes before an event of the same moment: a customer who returns exactly
# at the horizon returned too late.
_DEADLINE = (-1, "", 0)
_ROW = "row:"
_PRUNE_EVERY = 256

Entry = tuple["Moment", tuple[int, str, int], str, int, str]


class Tracker:
    """One partition: its customers, its totals, and how far its event time has come."""

    def __init__(self, policy: Policy) -> None:
        """Start with no customer, at the beginning of time."""
        self.policy = policy
        self.customers: dict[str, Customer] = {}
        self.totals = Totals()
        self.newest: dict[str, Moment] = {}
        self.watermark: Moment = 0
        self.waiting: dict[str, dict[int, tuple[str, Moment, Envelope]]] = {}
        self.dirty: set[str] = set()
        self._heap: list[Entry] = []
        self._settled: Moment = 0

    def receive(
        self, topic: str, event: Envelope, received_at: Moment | None = None
    ) -> list[Output]:
        """Take one event, and return what became certain because of it.

        Args:
            topic: the topic it came from.
            event: the event.
            received_at: when its record was written. An event dated later than that by more than
                ``Policy.future_skew_max`` is moved there, for one wrong clock must not make all
                other events late.
        """
        at = self._moment(topic, event, received_at)
        if isinstance(event, Heartbeat):
            self._count(topic, event, "applied")
            return self._observe(topic, _vouched_for(event, at))
        key, event_key = customer_key(event), _event_key(event)
        customer = self.customers.get(key)
        if customer is not None and event_key in customer.seen:
            self._count(topic, event, "duplicate")
            return [Duplicate(event.id), *self._observe(topic, at)]
        late = self.watermark - at
        if late > self.policy.late_max:
            self._count(topic, event, "late_dropped")
            return [Late(event.id, late, dropped=True), *self._observe(topic, at)]
        self._count(topic, event, "late_applied" if late > 0 else "applied")
        self._enqueue(key, event_key, topic, at, event)
        outputs: list[Output] = [Late(event.id, late, dropped=False)] if late > 0 else []
        return outputs + self._release() + self._observe(topic, at)

    def refuse(self, topic: str, reason: Reason) -> None:
        """Count a record that could not be read."""
        self.totals.add("cx_dead_letters_total", topic, str(reason))
        self.totals.add("cx_events_total", topic, "unknown", "invalid")

    def advance_to(self, moment: Moment) -> list[Output]:
        """Let event time pass: everything before ``moment`` has arrived."""
        if moment <= self.watermark:
            return []
        self.watermark = moment
        return self._release()

    def pass_time(self, topic: str, until: Moment) -> list[Output]:
        """Nothing older than ``until`` is still unread on a topic, although it is silent."""
        return self._observe(topic, until)

    def finish(self) -> list[Output]:
        """The log has ended: apply everything that was received, and not a moment more."""
        return self.advance_to(max(self.newest.values(), default=0) + 1)

    def index(self) -> None:
        """Build the heap anew from the customers and what waits, after they were restored."""
        self._heap = []
        for key, customer in self.customers.items():
            for name, moment in customer.deadlines.items():
                self._heap.append((moment, _DEADLINE, key, 0, name))
        for key, events in self.waiting.items():
            for event_key, (_, at, event) in events.items():
                self._heap.append((at, rank_of(event), key, event_key, ""))
        heapq.heapify(self._heap)
        self._settled = self.watermark

    def _moment(self, topic: str, event: Envelope, received_at: Moment | None) -> Moment:
        at = moment_of(event.time)
        if received_at is not None and at > received_at + self.policy.future_skew_max:
            self.totals.add("cx_clock_skewed_total", topic)
            return received_at
        return at

    def _count(self, topic: str, event: Envelope, result: str) -> None:
        self.totals.add("cx_events_total", topic, event.type, result)

    def _enqueue(self, key: str, event_key: int, topic: str, at: Moment, event: Envelope) -> None:
        customer = self.customers.get(key)
        if customer is None:
            customer = self.customers[key] = Customer(key)
        customer.seen[event_key] = at
        if len(customer.seen) % _PRUNE_EVERY == 0:
            self._prune(customer)
        self.waiting.setdefault(key, {})[event_key] = (topic, at, event)
        self.dirty.add(key)
        heapq.heappush(self._heap, (at, rank_of(event), key, event_key, ""))

    def _prune(self, customer: Customer) -> None:
        """Forget the ids of events so old that a repeat would be dropped as late anyway."""
        oldest = self.watermark - self.policy.dedupe_window
        kept = {key: at for key, at in customer.seen.items() if at >= oldest}
        excess = len(kept) - self.policy.seen_max
        if excess > 0:
            kept = dict(sorted(kept.items(), key=lambda item: item[1])[excess:])
        customer.seen = kept

    def _observe(self, topic: str, at: Moment) -> list[Output]:
        if at <= self.newest.get(topic, 0):
            return []
        self.newest[topic] = at
        if len(self.newest) < len(TOPICS):
            return []
        return self.advance_to(min(self.newest.values()) - self.policy.lateness)

    def _release(self) -> list[Output]:
        outputs: list[Output] = []
        heap, watermark = self._heap, self.watermark
        while heap and heap[0][0] < watermark:
            at, _, key, event_key, deadline = heapq.heappop(heap)
            customer = self.customers.get(key)
            if customer is None or (deadline and customer.deadlines.get(deadline) != at):
                continue  # what was waited for has happened, and the deadline went with it
            # Late events speak of the past, but the fold does not go back for them.
            step = Step(customer, self.policy, self.totals, at, max(at, self._settled))
            self._apply(step, event_key, deadline)
            outputs += step.outputs
        self._settled = watermark
        return outputs

    def _apply(self, step: Step, event_key: int, deadline: str) -> None:
        key = step.customer.key
        self.dirty.add(key)
        if deadline == _ROW:
            del step.customer.deadlines[_ROW]
        elif deadline:
            expire(step, deadline)
        else:
            event = self._take(key, event_key)
            step.mark = mark_of(event, step.at)
            fold(step, event)
        self._tidy(step)
        for moment, name in step.waits:
            heapq.heappush(self._heap, (moment, _DEADLINE, key, 0, name))

    def _take(self, key: str, event_key: int) -> Envelope:
        events = self.waiting[key]
        _, _, event = events.pop(event_key)
        if not events:
            del self.waiting[key]
        return event

    def _tidy(self, step: Step) -> None:
        """Drop the customer of whom nothing is open, once a repeat can no longer come."""
        customer = step.customer
        if customer.journeys or customer.deadlines or customer.key in self.waiting:
            return
        until = max(customer.seen.values(), default=0) + self.policy.dedupe_window + 1
        if until <= step.now:
            forget_customer(self.totals, customer)
            del self.customers[customer.key]
        else:
            step.wait("row", "", until)


def _vouched_for(event: Heartbeat, at: Moment) -> Moment:
    """Up to when a producer has sent everything: a backlog keeps it behind its own clock."""
    watermark = event.data.watermark
    return at if watermark is None else min(at, moment_of(watermark))


def customer_key(event: Envelope) -> str:
    """Whose event it is: the customer's, or the conversation's when nobody knows the customer."""
    reference = getattr(event.data, "customer_ref", None) or event.partitionkey
    if reference is not None:
        return str(reference)
    return f"~{getattr(event.data, 'conversation_id', '')}"


def _event_key(event: Envelope) -> int:
    name = f"{event.source}\x1f{event.id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")
