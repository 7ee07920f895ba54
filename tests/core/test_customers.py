"""Who is in use, who waits as a row, and that nobody is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core import customers
from monitor.core.moments import DAY
from monitor.core.rows import PREFIX, decode_row, due_of
from monitor.core.tracker import Tracker
from tests.build import claimed, handoff_requested, moment, says, started
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

NAMES = [f"c{number:02}" for number in range(40)]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short agenda, so that most rows lie beyond the horizon."""
    monkeypatch.setattr(customers, "_NEXT", 2)
    monkeypatch.setattr(customers, "_AGENDA_MIN", 8)


def in_a_row(*names: str) -> list[Envelope]:
    """A contact and a claim of each, a minute after the other's."""
    return [
        event
        for minute, name in enumerate(names)
        for event in (started(name, f"09:{minute:02}"), claimed(name, f"10:{minute:02}"))
    ]


def test_who_waits_as_a_row_meets_every_deadline() -> None:
    got, want = Driver(hot_max=1), Driver()
    for driver in (got, want):
        driver.tell(*sorted(in_a_row(*NAMES), key=lambda event: event.time)).until("40d 00:00")

    assert got.outputs == want.outputs
    assert got.reading() == want.reading()
    assert got.count("cx_resolutions_matured_total", horizon="30d", bound="explicit") == len(NAMES)


@pytest.mark.usefixtures("few")
def test_whoever_lies_beyond_the_horizon_is_looked_for_in_time() -> None:
    got, want = Driver(hot_max=3), Driver()
    for driver in (got, want):
        driver.tell(*in_a_row(*NAMES)).until("09:59").restart().until("12:00")
        driver.restart().until("40d 00:00")

    assert got.outputs == want.outputs
    assert got.reading() == want.reading()


def test_a_row_wakes_before_anything_else_happens_at_its_moment() -> None:
    got, want = Driver(hot_max=1), Driver()
    for driver in (got, want):
        driver.tell(handoff_requested("ann", "09:00", "h"), handoff_requested("zoe", "09:00", "h"))
        driver.until("09:10")
    # Both fall due at the same moment, ann first.
    assert list(got.tracker.customers.hot) == ["zoe"]
    for driver in (got, want):
        driver.until("3d 00:00")

    assert got.outputs == want.outputs


def test_what_is_in_use_stays_within_its_bound() -> None:
    driver = Driver(hot_max=5).tell(*in_a_row(*NAMES)).until("11:00")

    assert len(driver.tracker.customers.hot) == 5
    assert len(driver.tracker.customers) == len(NAMES)
    assert set(driver.tracker.customers) == set(NAMES)


@pytest.mark.usefixtures("few")
def test_the_agenda_names_little_that_no_longer_waits() -> None:
    driver = Driver(hot_max=1).tell(*in_a_row(*NAMES)).until("11:00")
    longest = 0
    for number in range(500):
        driver.tell(says(NAMES[number % 7], "11:00", id=f"{number}", message_id=f"{number}"))
        driver.until("11:01")
        longest = max(longest, len(driver.tracker.customers.agenda))

    assert longest < 100


def test_a_row_says_when_it_is_due() -> None:
    row = Driver().tell(claimed("ann", "09:00")).until("09:01").save()[PREFIX + b"ann"] or b""
    customer, waiting = decode_row(row)

    assert due_of(row) == min(customer.deadlines.values())
    assert waiting == {}
    waits = Driver().tell(claimed("ann", "09:00")).save()[PREFIX + b"ann"] or b""
    assert due_of(waits) == moment("09:00")


def test_who_is_gone_stays_gone_before_that_is_written_down() -> None:
    driver = Driver(hot_max=1).tell(started("ann", "09:00"), started("ben", "09:00"))
    driver.until("09:10").save()
    driver.until("80d 00:00")

    assert (len(driver.tracker.customers), list(driver.tracker.customers)) == (0, [])
    assert "ann" not in driver.tracker.customers
    assert driver.save()[PREFIX + b"ann"] is None


@pytest.mark.parametrize("steps_before", range(4))
def test_what_changes_while_rows_are_encoded_is_encoded_once_more(
    steps_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "_AT_ONCE", 1)
    got, want = Driver(), Driver()
    for driver in (got, want):
        driver.tell(*in_a_row("ann", "ben", "cid")).until("12:00").save()
        driver.tell(*(says(name, "12:01") for name in ("ann", "ben", "cid"))).until("12:02")
    encoding = got.tracker.customers.prepare()
    for _ in range(steps_before):
        next(encoding)
    for driver in (got, want):
        driver.tell(says("ann", "12:03", id="later"), started("dan", "12:03")).until("12:04")

    for _ in encoding:
        pass
    assert got.save() == want.save()


def test_rows_are_encoded_a_few_at_a_time_ahead_of_a_cut() -> None:
    driver = Driver().tell(*in_a_row(*NAMES)).until("12:00")
    table = driver.tracker.customers
    changed = table.changed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(customers, "_AT_ONCE", 15)
        left = [len(table.dirty) for _ in table.prepare()]
    assert left == [25, 10, 0]
    assert table.changed == changed == len(NAMES)
    assert driver.save().keys() >= {PREFIX + name.encode() for name in NAMES}


def test_whoever_is_searched_for_is_found_and_stays_as_they_are() -> None:
    driver = Driver(hot_max=1).tell(*in_a_row("ann", "ben", "cid")).until("12:00")
    table = driver.tracker.customers
    in_use = set(table.hot)

    for name in ("ann", "ben", "cid"):
        found = [one for one in table.search(f"{name}-1") if one is not None]
        assert name in {customer.key for customer, _ in found}
        assert len(found) <= 1 + 2 * len(in_use)
    assert set(table.hot) == in_use


def test_without_rows_everybody_is_in_use() -> None:
    tracker = Tracker(Driver().policy)
    tracker.receive("cx.conversations", started("ann", "09:00"))
    tracker.advance_to(moment("09:00") + DAY)

    assert list(tracker.customers.hot) == list(tracker.customers) == ["ann"]
