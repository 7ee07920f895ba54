"""What is written down gives the same tracker back, whenever it is written."""

from __future__ import annotations

import msgspec
import pytest

from monitor.core.form import STATES_READ, VersionUnknown
from monitor.core.moments import DAY, HOUR
from monitor.core.policy import Policy
from monitor.core.snapshot import PolicyChanged, records, restore
from monitor.core.tracker import Tracker
from monitor.shell.store import MemoryStore
from schemas.decode import TOPICS
from schemas.published import CommitmentOutcome, EpisodeOutcome, HandoffOutcome
from tests.build import (
    claimed,
    handoff_requested,
    heartbeat,
    moment,
    promised,
    reopened,
    says,
    started,
)
from tests.driver import Driver
from tests.property.vocabulary import SAYINGS, spoken


def test_only_what_has_changed_is_written() -> None:
    driver = Driver().tell(started("ann", "09:00"), started("ben", "09:00")).until("10:00")
    assert set(driver.save()) == {
        b"customer:ann",
        b"customer:ben",
        b"sight:hour:%d" % (moment("09:00") // HOUR),
        b"sight:now",
        b"time",
        b"total:cx_conversations_total",
        b"total:cx_events_total",
        b"total:cx_identified_conversations_total",
        b"total:cx_journeys_total",
    }
    assert set(driver.save()) == {b"time"}

    driver.tell(says("ben", "11:00"))
    assert set(driver.save()) == {b"customer:ben", b"time", b"total:cx_events_total"}


def test_a_customer_who_is_forgotten_leaves_a_tombstone() -> None:
    driver = Driver().tell(started("ann", "09:00")).until("10:00")
    driver.save()

    assert driver.until("30d 00:00").save()[b"customer:ann"] is None
    assert driver.restart().tracker.customers == {}


def test_a_histogram_goes_on_where_it_was() -> None:
    driver = Driver().until("08:00")
    driver.tracker.totals.observe("cx_journey_contacts", 2, "end", "durable")
    assert b"total:cx_journey_contacts" in driver.save()
    driver.restart().tracker.totals.observe("cx_journey_contacts", 3, "end", "durable")

    assert driver.reading()["cx_journey_contacts_sum"] == {("end", "durable"): 5}
    assert driver.reading()["cx_journey_contacts_count"] == {("end", "durable"): 2}


def test_what_waits_for_its_moment_is_not_lost() -> None:
    driver = Driver().until("08:00").tell(started("ann", "09:00"), claimed("ann", "09:30"))
    driver.restart().until("10:00")

    assert driver.count("cx_resolutions_claimed_total") == 1
    assert driver.tell(started("ann", "09:00")).count("cx_events_total", result="duplicate") == 1


def test_every_deadline_is_met_after_a_restart_as_well() -> None:
    driver = (
        Driver()
        .tell(
            started("ann", "09:00"),
            claimed("ann", "09:00"),
            handoff_requested("ann", "09:00"),
            promised("ann", "09:00", due="10:00"),
            promised("ben", "09:00", due="10:00", conversation_id=None),
        )
        .until("09:00")
    )
    driver.restart().until("40d 00:00")

    assert len(driver.said(EpisodeOutcome)) == 4
    assert len(driver.said(HandoffOutcome)) == 2
    assert len(driver.said(CommitmentOutcome)) == 2


def test_a_deadline_of_the_very_moment_of_a_restart_is_met() -> None:
    driver = Driver().tell(promised("ann", "09:00", due="10:00"))
    driver.tracker.advance_to(moment("10:15"))
    driver.restart().until("11:00")

    assert [outcome.verdict for outcome in driver.said(CommitmentOutcome)] == ["broken"]


def test_a_doubt_outlives_a_restart() -> None:
    driver = (
        Driver()
        .tell(started("ann", "09:00"), claimed("ann", "09:00"), reopened("ann", "10:00"))
        .until("10:01")
    )
    driver.restart().until("11:00")

    assert [outcome.age_seconds for outcome in driver.said(EpisodeOutcome)] == [3600]


def test_event_time_and_exposure_go_on_where_they_were() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "09:00")).until("12:00")
    before = driver.tracker
    after = driver.restart().tracker

    assert (after.watermark, after.newest) == (before.watermark, before.newest)
    assert driver.hours_exposed() == {"1h": 1.0, "6h": 2.0}
    assert driver.until("13:00").hours_exposed() == {"1h": 1.0, "6h": 3.0}


def test_what_comes_late_to_a_restarted_tracker_does_not_turn_time_back() -> None:
    driver = Driver().tell(started("ann", "09:00")).until("12:00")
    driver.restart().tell(claimed("ann", "09:00"))

    assert driver.hours_exposed() == {"1h": 0, "6h": 0}


def test_a_skewed_event_keeps_the_moment_it_was_given() -> None:
    tracker = Tracker(Policy())
    tracker.receive(TOPICS[0], started("ann", "30d 09:00"), moment("09:00"))
    kept = {key: value for key, value in records(tracker).items() if value is not None}
    restored = restore(Policy(), MemoryStore(kept))

    assert "ann" in restored.customers
    assert [at for _, at, _ in restored.waiting["ann"].values()] == [moment("09:00")]


@pytest.mark.parametrize("kind", sorted(set(SAYINGS) - {"heartbeat"}))
def test_an_event_of_any_type_waits_unharmed(kind: str) -> None:
    for saying in SAYINGS[kind]:
        driver = Driver().tell(spoken((kind, saying), 9, {"customer_ref": "ann"}, "c1"))
        before = driver.tracker.waiting
        # Whoever is asked for is decoded.
        assert list(driver.restart().tracker.customers.values())

        assert driver.tracker.waiting == before


@pytest.mark.parametrize("version", [STATES_READ[0] - 1, STATES_READ[-1] + 1])
def test_state_of_another_version_is_refused(version: int) -> None:
    kept = Driver().tell(started("ann", "09:00")).save()
    time = msgspec.msgpack.decode(kept[b"time"] or b"")
    written = msgspec.msgpack.encode([version, *time[1:], "more"])

    with pytest.raises(VersionUnknown, match=f"version {version}, .* new consumer group"):
        restore(Policy(), MemoryStore({b"time": written}))


def test_a_tracker_that_has_seen_nothing_can_be_restored() -> None:
    assert restore(Policy(), MemoryStore()).watermark == 0
    assert records(restore(Policy(), MemoryStore())).keys() == {b"time"}


def test_time_is_always_written_for_it_always_moves() -> None:
    tracker = Tracker(Policy())
    records(tracker)
    for topic in TOPICS:
        tracker.receive(topic, heartbeat("09:00"))
    written = records(tracker)[b"time"]
    assert written is not None

    assert restore(Policy(), MemoryStore({b"time": written})).watermark == moment("08:59")


def test_a_state_in_other_age_buckets_is_not_taken_over() -> None:
    tracker = Tracker(Policy())
    kept = {key: value for key, value in records(tracker).items() if value is not None}

    with pytest.raises(PolicyChanged, match=r"age_edges has changed.*new consumer group"):
        restore(Policy().with_horizons((4 * DAY,)), MemoryStore(kept))
