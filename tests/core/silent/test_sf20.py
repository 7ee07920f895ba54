"""SF-20: what the monitor does not see, it must not call good."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from monitor.core.moments import DAY, MINUTE
from monitor.core.policy import Policy
from schemas.decode import CONVERSATIONS, TOPICS
from schemas.published import Finding
from tests.build import action, ai_says, handoff_requested, heartbeat, says, started
from tests.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.envelope import Envelope

POLICY = replace(Policy(), blind_min=2)
DESK = f"producer:{CONVERSATIONS}/desk"
SILENT = f"silent:{CONVERSATIONS}"


def findings(driver: Driver) -> list[str]:
    """What the partition was found to be blind to, when, and how surely."""
    return [
        f"{finding.decided_at:%d. %H:%M} {finding.subject} {finding.confidence}"
        for finding in driver.said(Finding)
        if finding.sf == "SF-20"
    ]


def blind(driver: Driver) -> list[str]:
    return list(driver.counts("cx_monitor_blind", "signal"))


def beats(*times: str, producer: str = "desk") -> Iterable[Envelope]:
    return [heartbeat(at, producer=producer, id=f"{producer} {at}") for at in times]


def hours(days: Iterable[int], minutes: Iterable[int], hour: int = 9) -> Iterable[Envelope]:
    """A message of a customer of its own at each of these minutes, on each of these days."""
    return [says(f"c{day}-{n}", f"{day}d {hour:02}:{n:02}") for day in days for n in minutes]


EIGHT = range(0, 60, 8)


def test_a_producer_that_falls_silent_is_missed_at_the_end_of_a_full_window() -> None:
    driver = Driver().tell(*beats("09:00", "09:14", "09:20")).until("09:44:59")
    assert (findings(driver), blind(driver)) == ([], [])

    driver.until("09:45")
    assert findings(driver) == [f"02. 09:45 {DESK} confirmed"]
    assert blind(driver) == [DESK]
    assert driver.counts("cx_silent_failures_open", "sf") == {"SF-20": 1}


def test_a_heartbeat_at_the_beginning_of_the_window_is_in_it() -> None:
    driver = Driver().tell(*beats("09:15"), *beats("09:14:59", producer="phone"))

    # The other one is missed, so there is a look at that moment.
    assert findings(driver.until("09:30")) == [
        f"02. 09:30 producer:{CONVERSATIONS}/phone confirmed"
    ]


def test_a_producer_is_seen_again_at_the_next_full_window() -> None:
    driver = Driver().tell(*beats("09:00", "12:01")).until("12:14:59")
    assert blind(driver) == [DESK]

    driver.until("12:15")
    assert blind(driver) == []
    assert driver.reading()["cx_monitor_blind"] == {}
    assert driver.counts("cx_silent_failures_open", "sf") == {}
    assert len(findings(driver)) == 1


def test_each_onset_is_a_finding_of_its_own_and_the_same_on_every_partition() -> None:
    outages = beats("09:00", "12:01", "15:00")
    one = Driver().tell(*outages).until("20:00")
    other = Driver().tell(started("ann", "08:00"), *outages).until("20:00")
    ids = [finding.id for finding in one.said(Finding)]

    assert [what[4:9] for what in findings(one)] == ["09:30", "12:30", "15:30"]
    assert len(set(ids)) == 3
    assert ids == [finding.id for finding in other.said(Finding)]
    assert {finding.conversation_id for finding in one.said(Finding)} == {None}


def test_a_producer_that_is_gone_for_a_week_is_missed_no_more() -> None:
    driver = Driver().tell(*beats("09:00")).until("7d 08:59:59")
    assert blind(driver) == [DESK]

    driver.until("7d 09:00")
    assert blind(driver) == []
    assert driver.tracker.sight.beats == {}


def test_each_topic_s_producers_are_missed_apart() -> None:
    driver = Driver()
    for at in ("09:00", "09:20"):
        (beat,) = beats(at)
        for topic in TOPICS if at == "09:00" else TOPICS[1:]:
            driver.outputs += driver.tracker.receive(topic, beat)

    assert blind(driver.until("09:30")) == [DESK]


def test_a_topic_that_is_silent_when_it_usually_is_not_is_found() -> None:
    driver = Driver(POLICY).tell(*hours(range(3), EIGHT), *hours([3], range(0, 31, 5)))
    driver.until("3d 09:44:59")
    assert findings(driver) == []

    driver.until("3d 10:15")
    assert findings(driver) == [f"05. 10:00 {SILENT} probable"]
    assert blind(driver) == []


def test_a_topic_speaks_again() -> None:
    driver = Driver(POLICY).tell(*hours(range(3), EIGHT), *hours([3], [31]))

    assert blind(driver.until("3d 09:30")) == [SILENT]
    assert blind(driver.until("3d 09:45")) == []
    assert blind(driver.until("3d 10:00")) == [SILENT]
    assert len(findings(driver)) == 2


@pytest.mark.parametrize(
    ("a_day", "found"),
    [
        ([8, 8, 8], True),
        ([8, 8], False),
        ([7, 8, 7], False),
        ([0, 8, 8, 0, 0, 0, 8], True),
        ([8, 8, 8, 0, 0, 0, 0, 0], False),
        ([1, 60, 8, 60, 2, 8], True),
        ([1, 60, 7, 60, 2, 7], False),
    ],
    ids=["three", "two days", "too few", "days off", "too long ago", "median", "too low a median"],
)
def test_silence_is_told_from_what_is_usual_at_this_hour(a_day: list[int], *, found: bool) -> None:
    driver = Driver(POLICY)
    for day, n in enumerate(a_day):
        driver.tell(*hours([day], range(n)))
    driver.until(f"{len(a_day) - 1}d 10:00").outputs.clear()

    assert bool(findings(driver.until(f"{len(a_day)}d 09:15"))) is found


def test_other_hours_say_nothing_of_this_one() -> None:
    driver = Driver(POLICY).tell(*hours(range(5), EIGHT, hour=10)).until("5d 09:59")

    assert [what for what in findings(driver) if " 09:" in what] == []


def test_test_traffic_is_no_sign_of_life() -> None:
    usual = hours(range(3), EIGHT)
    trial = says("bot", "3d 09:05", test=True)

    assert findings(Driver(POLICY).tell(*usual, trial).until("3d 09:15")) != []


def contacts(day: int, n: int, handed: int, known: int = 4) -> Iterable[Envelope]:
    """So many contacts that the AI answers within an hour, of which some are handed over."""
    for number in range(n):
        name, at = f"c{day}-{number}", f"{day}d 09:{number * 4:02}"
        assurance = "verified" if number < known else "none"
        yield started(name, at, identity_assurance=assurance)
        yield ai_says(name, at, identity_assurance=assurance)
        if number < handed:
            yield handoff_requested(name, at, handoff=name)


@pytest.mark.parametrize(
    ("usual", "today", "found"),
    [
        ([4, 4, 4], 0, True),
        ([4, 4], 0, False),
        ([0, 0, 4], 0, False),
        ([4, 4, 4], 1, False),
        ([0, 4, 4], 0, True),
    ],
)
def test_far_fewer_handoffs_than_usual_are_not_believed(
    usual: list[int], today: int, *, found: bool
) -> None:
    driver = Driver(POLICY)
    for day, handed in enumerate(usual):
        driver.tell(*contacts(day, 4, handed))
    driver.tell(*contacts(len(usual), 4, today)).until(f"{len(usual)}d 09:15")

    assert (f"{len(usual) + 2:02}. 09:15 ratio:handoffs probable" in findings(driver)) is found


def test_a_fifth_of_the_usual_share_is_enough() -> None:
    driver = Driver(POLICY)
    for day in range(3):
        driver.tell(*contacts(day, 2, 2))
    assert findings(driver.tell(*contacts(3, 5, 1)).until("3d 09:30")) == []

    driver.tell(ai_says("one", "3d 09:31")).until("3d 09:45")
    assert findings(driver) == ["05. 09:45 ratio:handoffs probable"]


def test_a_share_of_too_few_says_nothing() -> None:
    driver = Driver(replace(POLICY, blind_min=5))
    for day in range(3):
        driver.tell(*contacts(day, 4, 4))

    driver.tell(*contacts(3, 4, 0), ai_says("one", "3d 09:40"))
    assert findings(driver.until("3d 09:30")) == []
    assert findings(driver.until("3d 09:45")) == ["05. 09:45 ratio:handoffs probable"]
    assert blind(driver.until("3d 10:30")) == []


@pytest.mark.parametrize(("known", "found"), [(1, True), (2, False)])
def test_far_fewer_known_customers_than_usual_are_not_believed(known: int, *, found: bool) -> None:
    driver = Driver(POLICY)
    for day in range(3):
        driver.tell(*contacts(day, 4, 0))
    driver.tell(*contacts(3, 4, 0, known)).until("3d 09:15")

    assert (findings(driver) == ["05. 09:15 ratio:identified probable"]) is found


def test_a_late_ledger_is_said_while_a_verdict_waits_for_it() -> None:
    late = [action("claimed", "ann", "09:05"), *beats("09:00", producer="ledger")]
    driver = Driver().tell(*late).until("09:29:59")
    assert "ledger" not in blind(driver)

    # The verdict was due at 09:20; at 09:35 the ledger has still not told of that time.
    assert "ledger" not in blind(driver.until("09:35"))
    assert "ledger" in blind(driver.until("09:45"))
    assert "02. 09:45 ledger confirmed" in findings(driver)
    driver.tell(*beats("09:55", producer="ledger")).until("10:04:59")
    assert "ledger" in blind(driver)
    assert "ledger" not in blind(driver.until("10:15"))


def test_blindness_outlives_a_restart() -> None:
    driver = Driver(POLICY).tell(*beats("2d 08:55"), *hours(range(3), EIGHT))
    driver.until("2d 09:20").restart()
    assert blind(driver.until("3d 09:15").restart()) == [DESK, SILENT]

    driver.tell(*beats("3d 09:20"), *hours([3], [20])).restart().until("3d 09:30")
    assert blind(driver) == []
    assert [what[4:] for what in findings(driver)] == [
        f"09:15 {DESK} confirmed",
        f"09:15 {SILENT} probable",
    ]


def test_what_nobody_ever_told_is_not_missed() -> None:
    assert findings(Driver(POLICY).tell(*hours(range(1), EIGHT)).until("60d 00:00")) == []


@pytest.mark.parametrize("window", [7 * MINUTE, 90 * MINUTE, DAY])
def test_a_window_of_any_length_is_looked_at(window: int) -> None:
    policy = replace(POLICY, blind_window=window, blind_min=1)
    usual = hours(range(3), range(0, 60, 6), hour=0)
    driver = Driver(policy).tell(*beats("00:00"), *usual).until("11d 00:00")
    told = [what.split(" ", 2)[2] for what in findings(driver)]

    assert f"{DESK} confirmed" in told
    assert f"{SILENT} probable" in told
    assert blind(driver) == []
