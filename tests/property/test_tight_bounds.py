"""With next to no memory allowed the fold forgets much, and breaks nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from tests.driver import Driver
from tests.property.vocabulary import any_event, telling_event

if TYPE_CHECKING:
    from schemas.envelope import Envelope

TIGHT = replace(Policy(), lateness=6 * HOUR, conversations_max=2, open_max=2, waiting_max=2)


@settings(max_examples=200)
@given(st.lists(any_event() | telling_event(), min_size=10, max_size=60), st.integers(0, 60))
def test_whatever_is_forgotten_nothing_is_left_open(log: list[Envelope], cut: int) -> None:
    driver = Driver(TIGHT).tell(*log[:cut]).restart().tell(*log[cut:])
    exposed = driver.tracker.totals.exposure(driver.tracker.watermark)
    assert all(amount >= 0 for _, amount, _ in exposed)

    driver.until("400d 00:00")
    assert driver.tracker.waiting == {}
    assert not any(customer.conversations for customer in driver.tracker.customers.values())
    assert driver.count("cx_resolutions_at_risk") == 0
    gauges = ("cx_silent_failures_open", "cx_commitments_overdue")
    assert all(driver.count(name) >= 0 for name in gauges)
