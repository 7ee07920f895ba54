"""What a partition keeps of its sources is little, survives a restart and does not grow."""

from __future__ import annotations

from dataclasses import replace

from monitor.core.moments import HOUR
from monitor.core.policy import Policy
from monitor.core.sight import SERIES
from monitor.core.tracker import Tracker
from schemas.decode import CONVERSATIONS, FOLLOWUPS, TOPICS
from tests.build import clock, heartbeat, moment, says, started
from tests.driver import Driver


def test_a_heartbeat_takes_its_effect_at_its_moment() -> None:
    driver = Driver().until("09:00").tell(heartbeat("09:30", producer="ledger"))
    sight = driver.tracker.sight
    assert sight.vouched({"ledger"}) is None

    driver.until("09:29:59")
    assert sight.vouched({"ledger"}) is None
    driver.until("09:30")
    assert sight.vouched({"ledger"}) == moment("09:30")
    assert sight.vouched({"desk"}) is None


def test_a_heartbeat_moves_time_at_once() -> None:
    tracker = Tracker(Policy())
    for topic in TOPICS:
        tracker.receive(topic, heartbeat("09:30"))

    assert tracker.watermark == moment("09:29")
    assert len(tracker.sight.waiting) == len(TOPICS)


def test_a_producer_vouches_for_what_it_says_it_has_sent_and_for_nothing_to_come() -> None:
    driver = Driver().tell(heartbeat("09:30", id="1", watermark=clock("09:10"))).until("10:00")
    assert driver.tracker.sight.vouched({"desk"}) == moment("09:10")

    driver.tell(heartbeat("10:30", id="2", watermark=clock("12:00"))).until("11:00")
    assert driver.tracker.sight.vouched({"desk"}) == moment("10:30")


def test_a_heartbeat_that_comes_late_takes_nothing_back() -> None:
    driver = Driver().tell(heartbeat("09:30")).until("10:00").tell(heartbeat("09:00"))
    (beat,) = driver.tracker.sight.beats.values()

    assert (beat.at, beat.vouched) == (moment("09:30"), moment("09:30"))
    assert driver.tracker.sight.waiting == {}


def test_the_same_heartbeat_twice_is_one() -> None:
    driver = Driver().until("09:00").tell(heartbeat("09:30"), heartbeat("09:30"))
    assert len(driver.tracker.sight.waiting) == 1

    driver.until("10:00").tell(heartbeat("09:30")).until("11:00")
    assert driver.count("cx_events_total", type="cx.heartbeat.v1", result="applied") == 3
    assert len(driver.tracker.sight.beats) == 1


def test_a_heartbeat_waits_over_a_restart() -> None:
    driver = Driver().until("09:00").tell(heartbeat("09:30")).restart()
    assert driver.until("09:30").tracker.sight.vouched({"desk"}) == moment("09:30")

    assert driver.restart().tracker.sight.vouched({"desk"}) == moment("09:30")
    assert driver.tracker.sight.waiting == {}


def test_a_flush_writes_the_heartbeats_that_are_new_and_no_others() -> None:
    driver = Driver().until("09:00").tell(*(heartbeat(f"09:{n:02}") for n in range(10, 60)))
    driver.save()
    driver.tell(heartbeat("10:00"))
    (key,) = (name for name in driver.save() if name.startswith(b"sight:"))
    assert key.startswith(b"sight:beat:")

    written = driver.until("09:10").save()
    assert [written[name] for name in written if name.startswith(b"sight:beat:")] == [None]
    assert len(written[b"sight:now"] or b"") < 200


def test_what_was_seen_is_kept_by_the_hour() -> None:
    driver = Driver().tell(started("ann", "09:10"), says("ann", "09:50"), says("ann", "10:00"))
    sight = driver.until("11:00").restart().tracker.sight
    nine = moment("09:00") // HOUR

    assert sight.in_hours([nine - 1, nine, nine + 1], CONVERSATIONS) == [2, 1]
    assert [sight.in_hours([nine], series) for series in SERIES[3:]] == [[1], [1], [0], [0]]
    assert sight.in_hours([nine], FOLLOWUPS) == [0]


def test_no_more_than_a_week_of_hours_is_kept() -> None:
    driver = Driver()
    for day in range(30):
        driver.tell(*(says("ann", f"{day}d {hour:02}:30") for hour in range(0, 24, 5)))
        driver.until(f"{day}d 23:59").save()
    kept = [key for key in driver.save() if key.startswith(b"sight:hour:")]
    assert kept == []

    sight = driver.restart().tracker.sight
    assert min(sight.hours) >= moment("22d 00:00") // HOUR
    assert len(sight.windows) <= 6


def test_what_is_seen_too_seldom_to_be_looked_at_does_not_grow_either() -> None:
    driver = Driver()
    for day in range(60):
        driver.tell(says("ann", f"{day}d {day * 5 % 24:02}:30")).until(f"{day}d 23:59")
    sight = driver.tracker.sight

    assert len(sight.hours) <= 9
    assert len(sight.windows) <= 6


def test_no_more_producers_are_known_than_policy_allows() -> None:
    driver = Driver(replace(Policy(), open_max=2))
    names = ("one", "two", "three")
    driver.tell(*(heartbeat(f"09:0{n}", producer=name) for n, name in enumerate(names)))
    driver.until("09:10")

    assert [beat.producer for beat in driver.tracker.sight.beats.values()] == ["two", "three"]
    assert driver.counts("cx_state_bounds_total", "bound") == {"open_max": 1}
