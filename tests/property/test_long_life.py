"""A tracker that is told anything, in any order, and restarted at any moment, beside its twin.

The twin is never restarted. Whatever is told to both, they say, count and write down the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from monitor.core.casebook import Casebook
from monitor.core.moments import DAY, HOUR, moment_of
from schemas.decode import TOPICS
from schemas.published import JourneyOutcome, Published, Reason
from tests.build import FIRST_DAY
from tests.driver import Driver
from tests.property.vocabulary import HOURS, any_event, telling_event

if TYPE_CHECKING:
    from schemas.envelope import Envelope


class LongLife(RuleBasedStateMachine):
    """Everything that can happen to a partition."""

    def __init__(self) -> None:
        """Start with twins that know nothing."""
        super().__init__()
        self.one, self.twin = Driver(), Driver()
        self.told: list[Envelope] = []
        self.arrived = 0
        self.watermark = 0
        self.begun = moment_of(FIRST_DAY)
        self.exposed: dict[tuple[str, ...], int] = {}

    @rule(events=st.lists(any_event() | telling_event(), min_size=3, max_size=20))
    def tell(self, events: list[Envelope]) -> None:
        self.one.tell(*events)
        self.twin.tell(*events)
        self.told += events
        self.arrived += len(events)

    @rule(hour=st.sampled_from(HOURS), topic=st.sampled_from(TOPICS))
    def let_a_silent_topic_pass(self, hour: int, topic: str) -> None:
        until = max(self.watermark, self.begun) + hour * HOUR
        self.one.outputs += self.one.tracker.pass_time(topic, until)
        self.twin.outputs += self.twin.tracker.pass_time(topic, until)

    @rule(hour=st.sampled_from(HOURS), ago=st.booleans())
    def let_time_pass(self, hour: int, *, ago: bool) -> None:
        moment = max(self.watermark, self.begun) + hour * (-HOUR if ago else HOUR)
        self.one.outputs += self.one.tracker.advance_to(moment)
        self.twin.outputs += self.twin.tracker.advance_to(moment)

    @rule(event=telling_event())
    def restart_and_tell(self, event: Envelope) -> None:
        self.restart()
        self.tell([event])

    @rule(place=st.integers(0, 1_000))
    def repeat(self, place: int) -> None:
        if self.told:
            self.tell([self.told[place % len(self.told)]])

    @rule()
    def refuse(self) -> None:
        self.arrived += 1
        for driver in (self.one, self.twin):
            driver.tracker.refuse(TOPICS[0], Reason.NOT_JSON)

    @rule()
    def restart(self) -> None:
        assert self.one.save() == self.twin.save()
        self.one.restart()

    @invariant()
    def event_time_never_steps_back(self) -> None:
        assert self.one.tracker.watermark >= self.watermark
        self.watermark = self.one.tracker.watermark

    @invariant()
    def exposure_never_shrinks(self) -> None:
        exposed = self.one.tracker.totals.exposure(self.one.tracker.watermark)
        now = {cell: amount for cell, amount, _ in exposed}
        assert all(now[cell] >= amount >= 0 for cell, amount in self.exposed.items())
        self.exposed = now

    @invariant()
    def everything_that_arrived_is_accounted_for(self) -> None:
        assert self.one.count("cx_events_total") == self.arrived

    @invariant()
    def nothing_is_applied_twice(self) -> None:
        beats = self.one.count("cx_events_total", type="cx.heartbeat.v1")
        applied = sum(
            self.one.count("cx_events_total", result=result)
            for result in ("applied", "late_applied")
        )
        assert applied - beats <= len({event.id for event in self.told})

    @invariant()
    def twins_say_the_same(self) -> None:
        assert self.one.outputs == self.twin.outputs
        assert self.one.tracker.totals.counts == self.twin.tracker.totals.counts
        assert self.one.tracker.totals.observed == self.twin.tracker.totals.observed
        assert self.one.tracker.totals.risk == self.twin.tracker.totals.risk

    def teardown(self) -> None:
        """Let everything that waits be decided, and look back."""
        end = max(self.watermark, self.begun) + 200 * DAY
        for driver in (self.one, self.twin):
            driver.outputs += driver.tracker.advance_to(end)
        self.twins_say_the_same()
        self.nothing_is_left_and_nothing_was_said_twice()

    def nothing_is_left_and_nothing_was_said_twice(self) -> None:
        assert self.one.tracker.customers == {}
        assert self.one.tracker.waiting == {}
        assert all(n == 0 for n, _ in self.one.tracker.totals.risk.values())
        ids = [output.id for output in self.one.outputs if isinstance(output, Published)]
        assert len(set(ids)) == len(ids)
        casebook = Casebook()
        for output in self.one.outputs:
            casebook.note(output)
        ends = self.one.said(JourneyOutcome)
        replaced = [end.replaces for end in ends if end.replaces is not None]
        assert set(replaced) <= {end.id for end in ends}
        assert len(set(replaced)) == len(replaced)


TestLongLife = LongLife.TestCase
TestLongLife.settings = settings(max_examples=100, stateful_step_count=30)
