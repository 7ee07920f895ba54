"""Whoever is decoded, evicted, flushed or restarted when: the same log gives the same bytes."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import customers
from monitor.core.moments import HOUR
from tests.build import OFFICE_HOURS
from tests.driver import Driver
from tests.property.vocabulary import any_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.envelope import Envelope

POLICY = replace(OFFICE_HOURS, lateness=6 * HOUR)
NOTHING, FLUSH, RESTART = "nothing", "flush", "restart"


@pytest.fixture(autouse=True, scope="module")
def _little_on_the_agenda() -> Iterator[None]:
    """So that rows lie beyond the horizon, and the agenda is made anew, with few customers too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(customers, "_NEXT", 1)
        patch.setattr(customers, "_AGENDA_MIN", 4)
        yield


def folded(log: list[Envelope], interruptions: list[str], hot_max: int) -> Driver:
    driver = Driver(POLICY, hot_max=hot_max)
    for event, interruption in zip_longest(log, interruptions[: len(log)]):
        driver.tell(event)
        if interruption == FLUSH:
            driver.save()
        elif interruption == RESTART:
            driver.restart()
    return driver.until("100d 00:00")


def kept(driver: Driver) -> dict[bytes, bytes]:
    driver.save()
    return driver.kept()


@settings(max_examples=300)
@given(
    st.lists(any_event(), min_size=10, max_size=60),
    st.lists(st.sampled_from((NOTHING, NOTHING, FLUSH, RESTART)), min_size=60, max_size=60),
)
def test_who_is_decoded_changes_nothing(log: list[Envelope], interruptions: list[str]) -> None:
    want = folded(log, [], sys.maxsize)
    for hot_max in (1, 3, sys.maxsize):
        got = folded(log, interruptions, hot_max)
        assert len(got.tracker.customers.hot) <= hot_max
        assert got.outputs == want.outputs
        assert got.tracker.totals.counts == want.tracker.totals.counts
        assert got.tracker.totals.observed == want.tracker.totals.observed
        assert got.tracker.totals.risk == want.tracker.totals.risk
        assert len(got.tracker.customers) == len(want.tracker.customers)
        assert kept(got) == kept(want)
