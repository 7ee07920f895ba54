"""Joins the events of one partition into journeys, in event time.

Rule: nothing here reads a clock, a topic or a random number. Time comes in as an argument,
verdicts go out as return values, and the same input gives the same output, byte for byte.

Events and deadlines wait on one agenda, ordered by the moment they speak of. When the watermark
passes that moment they are applied, in that order. So the join is a fold over a sorted log, and
the order of delivery cannot change a verdict as long as no event is later than
``Policy.lateness``. Everything that happened before the watermark has been applied; the
watermark is the least of what the source topics have shown, and never steps back.
"""

from __future__ import annotations

import sys
from hashlib import blake2b
from typing import TYPE_CHECKING

from monitor.core.customers import DEADLINE, Customers
from monitor.core.fold import expire, fold
from monitor.core.identity import Identities
from monitor.core.moments import moment_of
from monitor.core.notes import Forwarded, Note, Outbox
from monitor.core.order import rank_of
from monitor.core.outputs import Duplicate, Late, Output
from monitor.core.rows import NoRows
from monitor.core.sight import NOBODY, Beat, Sight
from monitor.core.silent.findings import forget_customer
from monitor.core.silent.sf20 import next_look
from monitor.core.step import Step, mark_of
from monitor.core.totals import Totals
from schemas.conversations import CustomerLinked, Heartbeat
from schemas.decode import ADAPTERS, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from monitor.core.moments import Moment
    from monitor.core.policy import Policy
    from monitor.core.rows import Rows
    from monitor.core.state import Customer
    from monitor.core.trace import Trace
    from schemas.envelope import Envelope
    from schemas.published import Reason

# A heartbeat vouches for what was sent before it, so it comes after the events of its moment.
_BEAT = (1, "", 0)
_ROW = "row:"
_LOOK = "look:"
_PRUNE_EVERY = 256


def owns_all(reference: str) -> bool:
    """Where there is one partition, it has every customer."""
    del reference
    return True


class Tracker:
    """One partition: its customers, its totals, and how far its event time has come."""

    def __init__(
        self,
        policy: Policy,
        owns: Callable[[str], bool] = owns_all,
        sender: str = "",
        rows: Rows | None = None,
        hot_max: int = sys.maxsize,
    ) -> None:
        """Start at the beginning of time.

        Args:
            policy: the rules of judgement.
            owns: says of a reference whether its events come to this partition; all by default.
            sender: a name for this partition's state that no other state has, now or ever.
            rows: where the customers lie that are not in use.
            hot_max: how many are in use between two steps; without rows, all must be.
        """
        self.policy = policy
        self.customers = Customers(NoRows() if rows is None else rows, hot_max)
        self.totals = Totals()
        self.newest: dict[str, Moment] = {}
        self.watermark: Moment = 0
        self.waiting = self.customers.waiting
        self.outbox = Outbox(sender)
        self._who = Identities(policy, self.customers, self.totals, owns, self.outbox)
        self.sight = Sight()
        #: Set to write down why things were decided.
        self.trace: Trace | None = None
        #: About how much is decided in one go; the rest is left to `catch_up`.
        self.at_once = sys.maxsize
        # Everything before it has arrived.
        self._arrived: Moment = 0

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
        if type(event) is Heartbeat:
            self._count(topic, event, "applied")
            return self._expect(topic, event, at)
        key, event_key = customer_key(event), _event_key(event)
        customer, late = self.customers.find(key), self.watermark - at
        # What is older than repeats are known may be known still, or not: it is late in any case.
        known = customer is not None and event_key in customer.seen
        if known and late <= self.policy.dedupe_window:
            self._count(topic, event, "duplicate")
            return [Duplicate(event.id), *self._observe(topic, at)]
        if late > self.policy.late_max:
            self._count(topic, event, "late_dropped")
            return [Late(event.id, late, dropped=True), *self._observe(topic, at)]
        self._count(topic, event, "late_applied" if late > 0 else "applied")
        self._remember(customer or self.customers.begin(key), event_key, at)
        outputs: list[Output] = [Late(event.id, late, dropped=False)] if late > 0 else []
        outputs += self._enqueue(key, event_key, topic, at, event)
        return outputs + self._release() + self._observe(topic, at)

    def take(self, note: Note) -> list[Output]:
        """Take what another partition tells, once."""
        if not self.outbox.is_news(note):
            return []
        outputs: list[Output] = []
        if isinstance(note.content, Forwarded):
            told = note.content
            event = ADAPTERS[told.topic].validate_json(told.event)
            outputs += self._enqueue(note.to, told.event_key, told.topic, told.at, event)
        else:
            at, row = note.content.at, self._who.row(note.to)
            now = max(at, self.watermark)
            step = Step(row, self.policy, self.totals, at, now, sight=self.sight)
            self._finish_all(self._who.tell(step, note.to, note.content))
        return outputs + self._release()

    def refuse(self, topic: str, reason: Reason) -> None:
        """Count a record that could not be read."""
        self.totals.add("cx_dead_letters_total", topic, str(reason))
        self.totals.add("cx_events_total", topic, "unknown", "invalid")

    def advance_to(self, moment: Moment) -> list[Output]:
        """Let event time pass: everything before ``moment`` has arrived."""
        if moment <= self._arrived:
            return []
        self._arrived = moment
        return self._release()

    @property
    def is_behind(self) -> bool:
        """Whether time has passed of which not everything is decided; no event may come then."""
        return self.watermark < self._arrived

    def catch_up(self) -> list[Output]:
        """Decide more of what a leap in time has left."""
        return self._release()

    def pass_time(self, topic: str, until: Moment) -> list[Output]:
        """Nothing older than ``until`` is still unread on a topic, although it is silent.

        Where that would be much at once, time passes for as long as is decided, and events may
        come before it is told again.
        """
        outputs = self._observe(topic, until)
        if self.is_behind:
            self._arrived = self.watermark
            self.newest[topic] = self.watermark + self.policy.lateness
        return outputs

    def finish(self) -> list[Output]:
        """The log has ended: apply everything that was received, and not a moment more."""
        return self.advance_to(max(self.newest.values(), default=0) + 1)

    def go_on(self) -> None:
        """Plan what the partition itself waits for, after it was restored."""
        for event_key, beat in self.sight.waiting.items():
            self.customers.plan((beat.at, _BEAT, event_key, NOBODY, ""))
        for name, moment in self.sight.row.deadlines.items():
            self.customers.plan((moment, DEADLINE, 0, NOBODY, name))
        # What was written may end in the middle of an event's leap in time.
        self._arrived = max(self.watermark, self._told)

    def _expect(self, topic: str, event: Heartbeat, at: Moment) -> list[Output]:
        """Let a heartbeat move time now, and tell of its producer when its moment comes."""
        vouched = _vouched_for(event, at)
        # The same one may be sent to every topic, and vouches for each of them.
        key = _event_key(event, topic)
        if self.sight.expect(key, Beat(topic, event.data.producer, at, vouched)):
            self.customers.plan((at, _BEAT, key, NOBODY, ""))
        return self._release() + self._observe(topic, vouched)

    def _moment(self, topic: str, event: Envelope, received_at: Moment | None) -> Moment:
        at = moment_of(event.time)
        if received_at is not None and at > received_at + self.policy.future_skew_max:
            self.totals.add("cx_clock_skewed_total", topic)
            return received_at
        return at

    def _count(self, topic: str, event: Envelope, result: str) -> None:
        self.totals.add("cx_events_total", topic, event.type, result)

    def _remember(self, customer: Customer, event_key: int, at: Moment) -> None:
        customer.seen[event_key] = at
        if len(customer.seen) % _PRUNE_EVERY == 0:
            self._prune(customer)
        self.customers.dirty.add(customer.key)

    def _enqueue(
        self, key: str, event_key: int, topic: str, at: Moment, event: Envelope
    ) -> list[Output]:
        row = self.customers.find(key)
        # Nearly always an event is a customer's who is here under this name.
        if row is None or row.alias is not None or type(event) is CustomerLinked:
            key = self._who.place(key, event)
            away = self._who.away(key, at, event)
            if away is not None:
                self._who.forward(away, event_key, at, event)
                return []
            self._who.row(key)
        self.customers.dirty.add(key)
        waiting = self.waiting.setdefault(key, {})
        if event_key in waiting:
            return []
        waiting[event_key] = (topic, at, event)
        if len(waiting) <= self.policy.waiting_max:
            self.customers.plan((at, rank_of(event), event_key, key, ""))
            return []
        # No more of this customer may wait: out of its order is better than out of memory.
        self.totals.add("cx_state_bounds_total", "waiting_max")
        customer = self.customers[key]
        step = Step(customer, self.policy, self.totals, at, self.watermark, sight=self.sight)
        self._apply(step, event_key, "")
        return step.outputs

    def _prune(self, customer: Customer) -> None:
        """Forget the ids of events so old that a repeat would be dropped as late anyway."""
        oldest = self.watermark - self.policy.dedupe_window
        kept = {key: at for key, at in customer.seen.items() if at >= oldest}
        excess = len(kept) - self.policy.seen_max
        if excess > 0:
            self.totals.add("cx_state_bounds_total", "seen_max")
            kept = dict(sorted(kept.items(), key=lambda item: item[1])[excess:])
        customer.seen = kept

    def _observe(self, topic: str, at: Moment) -> list[Output]:
        if at <= self.newest.get(topic, 0):
            return []
        self.newest[topic] = at
        return self.advance_to(self._told)

    @property
    def _told(self) -> Moment:
        """All topics have told what is older; what they say of it later is late."""
        if len(self.newest) < len(TOPICS):
            return 0
        return min(self.newest.values()) - self.policy.lateness

    def _release(self) -> list[Output]:
        outputs: list[Output] = []
        settled, policy, totals, sight = self.watermark, self.policy, self.totals, self.sight
        hot, waiting = self.customers.hot, self.waiting
        due = self.customers.due_before(self._arrived, self.at_once, settled)
        for at, _, event_key, key, deadline in due:
            customer = hot.get(key) if key else sight.row
            # It may have happened already; and with what was waited for its deadline goes.
            if customer is None or (
                customer.deadlines.get(deadline) != at
                if deadline
                else key and event_key not in waiting.get(key, ())
            ):
                continue
            # Late events speak of the past, but the fold does not go back for them.
            now = max(at, settled)
            step = Step(customer, policy, totals, at, now, sight=sight)
            if key:
                self._apply(step, event_key, deadline)
            else:
                self._apply_to_partition(step, event_key, deadline)
            if step.outputs:
                outputs += step.outputs
            if sight.changed:
                self._plan_look(now)
        self.customers.settle()
        self.watermark = min(self._arrived, self.customers.next_at)
        return outputs

    def _apply_to_partition(self, step: Step, event_key: int, deadline: str) -> None:
        if deadline:
            expire(step, deadline)
        else:
            policy = self.policy
            if self.sight.hear(event_key, policy.blind_window, policy.open_max):
                self.totals.add("cx_state_bounds_total", "open_max")

    def _plan_look(self, now: Moment) -> None:
        """Look around when there may be something to see, and not before."""
        self.sight.changed = False
        until, deadlines = next_look(self.sight, self.policy, now), self.sight.row.deadlines
        if until is not None and until < deadlines.get(_LOOK, until + 1):
            deadlines[_LOOK] = until
            self.customers.plan((until, DEADLINE, 0, NOBODY, _LOOK))

    def _apply(self, step: Step, event_key: int, deadline: str) -> None:
        key = step.customer.key
        self.customers.dirty.add(key)
        event = None
        if not deadline:
            topic, event = self._take(key, event_key)
            if step.customer.alias is not None and not self._who.finds(step, event_key, event):
                return
            step.mark = mark_of(event, step.at)
            if not vars(event.data).get("test"):
                self.sight.note(topic, step.at, self.policy.blind_window)
        if self.trace is not None:
            self.trace.begin(step, event, deadline)
        if type(event) is CustomerLinked:
            self._finish_all(self._who.link(step, event_key, event))
        elif event is not None:
            fold(step, event)
        elif deadline == _ROW:
            del step.customer.deadlines[_ROW]
        else:
            expire(step, deadline)
        self._finish(step)
        if self.trace is not None:
            self.trace.end(step, gone=step.customer.key not in self.customers)

    def _finish_all(self, steps: list[Step]) -> None:
        for step in steps:
            self._finish(step)

    def _finish(self, step: Step) -> None:
        """See to what is left of a row that was changed, and to who else is to hear of it."""
        customer = step.customer
        key = customer.key
        self.customers.dirty.add(key)
        if not (customer.journeys or customer.deadlines or key in self.waiting):
            self._tidy(step)
        for moment, name in step.waits:
            self.customers.plan((moment, DEADLINE, 0, key, name))
        for reference, arrival in step.sends:
            self._finish_all(self._who.tell(step, reference, arrival))

    def _take(self, key: str, event_key: int) -> tuple[str, Envelope]:
        events = self.waiting[key]
        topic, _, event = events.pop(event_key)
        if not events:
            del self.waiting[key]
        return topic, event

    def _tidy(self, step: Step) -> None:
        """Drop the customer of whom nothing is open, once a repeat can no longer come."""
        customer = step.customer
        repeats = max(customer.seen.values(), default=0) + self.policy.dedupe_window + 1
        until = max([repeats, *customer.devices.values()])
        if until <= step.now:
            forget_customer(self.totals, customer)
            self.customers.drop(customer.key)
        else:
            step.wait("row", "", until)


def _vouched_for(event: Heartbeat, at: Moment) -> Moment:
    """Up to when a producer has sent everything: a backlog keeps it behind its own clock."""
    watermark = event.data.watermark
    return at if watermark is None else min(at, moment_of(watermark))


def customer_key(event: Envelope) -> str:
    """Whose event it is: the customer's, or the conversation's when nobody knows the customer."""
    # Looked up where the fields lie, which is several times faster than by their names.
    told = vars(event.data)
    reference: str | None = told.get("customer_ref") or vars(event)["partitionkey"]
    return f"~{told.get('conversation_id', '')}" if reference is None else reference


def _event_key(event: Envelope, *more: str) -> int:
    told = vars(event)
    name = "\x1f".join((told["source"], told["id"], *more))
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
