"""Whoever is decoded, evicted, flushed or restarted when: the same log gives the same bytes."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import customers
from monitor.core.moments import HOUR
from monitor.shell.disk_store import DiskStore
from schemas.decode import TOPICS
from tests.build import OFFICE_HOURS, clock, moment
from tests.driver import Driver
from tests.property.vocabulary import any_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.shell.store import Store
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


def folded(
    log: list[Envelope], interruptions: list[str], hot_max: int, store: Store | None = None
) -> Driver:
    driver = Driver(POLICY, hot_max=hot_max, store=store)
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


logs = st.lists(any_event(), min_size=10, max_size=60)
whens = st.lists(st.sampled_from((NOTHING, NOTHING, FLUSH, RESTART)), min_size=60, max_size=60)


@settings(max_examples=200)
@given(logs, whens)
def test_who_is_decoded_changes_nothing(log: list[Envelope], interruptions: list[str]) -> None:
    want = folded(log, [], sys.maxsize)
    for hot_max in (1, 3, sys.maxsize):
        got = folded(log, interruptions, hot_max)
        assert len(got.tracker.customers.hot) <= hot_max
        assert_same(got, want)


@settings(max_examples=30)
@given(logs, whens)
def test_it_makes_no_difference_where_the_others_lie(
    log: list[Envelope], interruptions: list[str]
) -> None:
    want = folded(log, [], sys.maxsize)
    with TemporaryDirectory() as directory:
        store = DiskStore(Path(directory))
        assert_same(folded(log, interruptions, 1, store), want)
        store.close()


def assert_same(got: Driver, want: Driver) -> None:
    ours, theirs = got.tracker, want.tracker
    assert got.outputs == want.outputs
    assert ours.totals.counts == theirs.totals.counts
    assert ours.totals.observed == theirs.totals.observed
    assert ours.totals.risk == theirs.totals.risk
    assert len(ours.customers) == len(theirs.customers)
    assert kept(got) == kept(want)


@given(
    log=logs,
    at_once=st.integers(1, 5),
    leap=st.sampled_from(["20d 00:00", "100d 00:00"]),
    interruptions=st.lists(st.sampled_from([NOTHING, FLUSH, RESTART]), max_size=40),
)
@settings(deadline=None)
def test_however_small_the_steps_in_which_time_passes_the_outcome_is_the_same(
    log: list[Envelope], at_once: int, leap: str, interruptions: list[str]
) -> None:
    """Events leap and silence passes while little is decided in one go, and it ends between."""
    one, stepping = (Driver(POLICY, hot_max=3) for _ in range(2))
    stepping.tracker.at_once = at_once
    to_come = iter(interruptions)

    def interrupt() -> None:
        if (what := next(to_come, NOTHING)) == RESTART:
            stepping.restart()
        elif what == FLUSH:
            stepping.save()

    for driver, between in ((one, lambda: None), (stepping, interrupt)):
        driver.tell(*log, between=between)
        for event in log[: len(log) // 2]:
            after = {"id": f"{event.id}-again", "time": clock("15d 00:00")}
            driver.tell(event.model_copy(update=after), between=between)
    one.until(leap)
    for topic in TOPICS:
        stepping.pass_time(topic, moment(leap) + POLICY.lateness + 1, interrupt)

    assert stepping.outputs == one.outputs
    assert kept(stepping) == kept(one)
