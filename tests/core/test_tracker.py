"""Event time, lateness, repeats, and the forgetting of customers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from monitor.core.moments import DAY
from monitor.core.outputs import Claimed, Contacted, Duplicate, Late
from monitor.core.policy import Policy
from monitor.core.tracker import Tracker, customer_key
from schemas.decode import CONVERSATIONS, FOLLOWUPS, HANDOFFS, TOPICS
from schemas.published import EpisodeOutcome, Reason
from tests.build import (
    claimed,
    handoff_requested,
    heartbeat,
    moment,
    promised,
    said,
    says,
    started,
    topic_of,
)
from tests.driver import Driver


def test_nothing_is_certain_before_every_topic_has_been_heard() -> None:
    tracker = Tracker(Policy())
    tracker.receive(CONVERSATIONS, started("ann", "09:00"))
    tracker.receive(CONVERSATIONS, heartbeat("3d 09:00"))
    tracker.receive(HANDOFFS, heartbeat("3d 09:00"))

    assert tracker.watermark == 0
    assert tracker.receive(FOLLOWUPS, heartbeat("09:30")) == [
        Contacted("ann-1", None, moment("09:00"))
    ]


def test_the_watermark_is_the_slowest_topic_less_the_allowed_lateness() -> None:
    tracker = Tracker(Policy())
    for topic, at in zip(TOPICS, ("12:00", "10:00", "11:00"), strict=True):
        tracker.receive(topic, heartbeat(at))

    assert tracker.watermark == moment("09:59")


def test_the_watermark_never_steps_back() -> None:
    driver = Driver().until("12:00")
    before = driver.tracker.watermark
    driver.tell(started("ann", "09:00"), says("ann", "08:00")).until("10:00")

    assert driver.tracker.watermark == before
    assert driver.tracker.advance_to(moment("11:00")) == []
    assert driver.tracker.watermark == before


def test_an_event_of_the_past_does_not_hold_its_topic_back() -> None:
    tracker = Tracker(Policy())
    for topic, at in zip(TOPICS, ("12:00", "11:00", "11:00"), strict=True):
        tracker.receive(topic, heartbeat(at))
    tracker.receive(CONVERSATIONS, started("ann", "10:30"))
    for topic in TOPICS[1:]:
        tracker.receive(topic, heartbeat("12:00"))

    assert tracker.watermark == moment("11:59")


def test_an_event_waits_until_its_moment_has_passed() -> None:
    driver = Driver().tell(started("ann", "09:00"))
    driver.tracker.advance_to(moment("09:00"))
    assert driver.said(Contacted) == []

    assert driver.tracker.advance_to(moment("09:00") + 1) != []


def test_a_silent_topic_stops_holding_the_others_up_when_told_so() -> None:
    driver = Driver().tell(started("ann", "09:00"))
    for topic in TOPICS:
        driver.outputs += driver.tracker.pass_time(topic, moment("09:02"))

    assert driver.tracker.watermark == moment("09:01")
    assert len(driver.said(Contacted)) == 1
    assert driver.tracker.pass_time(CONVERSATIONS, moment("08:00")) == []
    assert driver.tracker.watermark == moment("09:01")


def test_much_that_falls_due_at_once_is_decided_in_steps_between_which_events_are_in_time() -> None:
    names = [f"customer {number}" for number in range(4)]
    driver = Driver().tell(*(started(name, f"09:0{n // 2}") for n, name in enumerate(names)))
    driver.tracker.at_once = 1
    steps = []

    def look() -> None:
        steps.append((driver.tracker.watermark, len(driver.said(Contacted))))
        if len(steps) == 3:
            driver.tell(started("newcomer", "09:01:30"))

    for topic in TOPICS:
        driver.pass_time(topic, moment("09:05"), look)

    # What is of one moment may take several steps.
    times = ["09:00", "09:01", "09:01", "09:01:30", "09:04"]
    assert steps == [(0, 0), (0, 0), *zip(map(moment, times), range(1, 6), strict=True)]
    assert driver.counts("cx_events_total", "result") == {"applied": 5}


def test_a_leap_in_time_that_a_restart_has_cut_short_is_gone_on_with() -> None:
    driver = Driver().tell(*(started(f"customer {number}", "09:00") for number in range(4)))
    driver.tracker.at_once = 1
    cut_short: list[int] = []

    def end() -> None:
        cut_short.append(len(driver.said(Contacted)))
        driver.restart()

    for topic in set(TOPICS) - {CONVERSATIONS}:
        driver.pass_time(topic, moment("09:05"))
    driver.tell(started("newcomer", "09:05"), between=end)

    assert cut_short == [1, 2, 3]
    assert len(driver.said(Contacted)) == 4
    assert driver.tracker.watermark == moment("09:04")


def test_a_heartbeat_vouches_only_for_what_its_producer_has_sent() -> None:
    tracker = Tracker(Policy())
    for topic in TOPICS:
        tracker.receive(topic, heartbeat("12:00", watermark=heartbeat("10:00").time))

    assert tracker.watermark == moment("09:59")


def test_a_heartbeat_vouches_for_nothing_that_lies_ahead_of_it() -> None:
    tracker = Tracker(Policy())
    for topic in TOPICS:
        tracker.receive(topic, heartbeat("12:00", watermark=heartbeat("15:00").time))

    assert tracker.watermark == moment("11:59")


def test_the_end_of_a_log_applies_what_it_held_and_lets_no_silence_decide() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00"))
    driver.outputs += driver.tracker.finish()

    assert len(driver.said(Claimed)) == 1
    assert driver.tracker.watermark == moment("10:00") + 1
    assert Tracker(Policy()).finish() == []


def test_a_repeat_is_counted_and_changes_nothing() -> None:
    driver = Driver().tell(started("ann", "09:00"), started("ann", "09:00")).until("10:00")
    driver.tell(started("ann", "09:00"))

    assert driver.said(Duplicate) == [Duplicate("conversation.started ann-1 " + NINE)] * 2
    assert driver.counts("cx_events_total", "result") == {"applied": 1, "duplicate": 2}
    assert driver.count("cx_conversations_total") == 1


NINE = "2026-03-02T09:00:00+00:00"


def test_the_same_id_of_another_source_is_another_event() -> None:
    driver = Driver().tell(
        said("conversation.started", "09:00", {"id": "1", "source": "a", "conversation_id": "x"}),
        said("conversation.started", "09:00", {"id": "1", "source": "b", "conversation_id": "x"}),
    )

    assert driver.counts("cx_events_total", "result") == {"applied": 2}


def test_a_late_event_is_applied_for_a_week_and_then_dropped() -> None:
    driver = Driver().until("9d 09:00")
    assert driver.tracker.watermark == moment("9d 09:00") + 1

    driver.tell(
        started("ann", "2d 09:00:00.000001", id="week"),
        started("ben", "2d 09:00", id="more"),
        says("cid", "9d 09:00", id="least"),
    )

    assert driver.said(Late) == [
        Late("week", 7 * DAY, dropped=False),
        Late("more", 7 * DAY + 1, dropped=True),
        Late("least", 1, dropped=False),
    ]
    assert driver.counts("cx_events_total", "result") == {
        "late_applied": 2,
        "late_dropped": 1,
    }
    assert [output.conversation_id for output in driver.said(Contacted)] == ["ann-1", "cid-1"]


def test_an_event_of_the_watermark_s_own_moment_is_not_late() -> None:
    driver = Driver().until("10:00")
    driver.tell(started("ann", "10:00:00.000001"))

    assert driver.said(Late) == []


def test_what_a_late_event_says_of_the_past_is_dated_when_it_happened() -> None:
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00")).until("14:00")
    driver.tell(says("ann", "10:30"))
    (failed,) = driver.said(EpisodeOutcome)

    assert failed.age_seconds == 1800
    assert driver.counts("cx_resolution_failures_total", "bound", "age") == {
        "any_issue/1h": 1,
        "explicit/1h": 1,
        "same_issue/1h": 1,
    }
    # It was under observation until the return became known, and that cannot be taken back.
    assert driver.hours_exposed() == {"1h": 1.0, "6h": 3.0}


def test_one_wrong_clock_does_not_make_all_others_late() -> None:
    tracker = Tracker(Policy())
    arrived = moment("09:00")
    ahead = started("ann", "30d 09:00")
    tracker.receive(topic_of(ahead), ahead, arrived)

    assert tracker.newest == {CONVERSATIONS: arrived}
    assert tracker.totals.get("cx_clock_skewed_total", CONVERSATIONS) == 1


def test_five_minutes_ahead_are_believed() -> None:
    tracker = Tracker(Policy())
    ahead = started("ann", "09:05")
    tracker.receive(CONVERSATIONS, ahead, moment("09:00"))

    assert tracker.newest == {CONVERSATIONS: moment("09:05")}
    assert tracker.totals.get("cx_clock_skewed_total", CONVERSATIONS) == 0


def test_a_skewed_event_is_remembered_at_the_moment_it_was_given() -> None:
    tracker = Tracker(Policy())
    ahead = started("ann", "30d 09:00")
    tracker.receive(CONVERSATIONS, ahead, moment("09:00"))
    outputs = tracker.finish()

    assert outputs == [Contacted("ann-1", None, moment("09:00"))]


def test_a_record_that_cannot_be_read_is_counted_twice_over() -> None:
    tracker = Tracker(Policy())
    tracker.refuse(HANDOFFS, Reason.NOT_JSON)

    assert tracker.totals.get("cx_dead_letters_total", HANDOFFS, "not_json") == 1
    assert tracker.totals.get("cx_events_total", HANDOFFS, "unknown", "invalid") == 1


def test_a_deadline_comes_before_an_event_of_its_moment() -> None:
    # The customer who returns exactly at the end of the trial returned too late.
    driver = Driver().tell(started("ann", "09:00"), claimed("ann", "10:00"))
    driver.tell(says("ann", "30d 10:00")).until("31d 00:00")

    assert [outcome.verdict for outcome in driver.said(EpisodeOutcome)] == ["durable"] * 4


def test_a_customer_is_forgotten_when_nothing_is_open_and_no_repeat_can_come() -> None:
    driver = Driver().tell(started("ann", "09:00"))
    driver.until("7d 08:59")
    assert list(driver.tracker.customers) == ["ann"]
    driver.tell(started("ann", "09:00"))
    assert len(driver.said(Duplicate)) == 1

    driver.until("7d 09:01")
    assert driver.tracker.customers == {}
    driver.tell(started("ann", "09:00"))
    assert len(driver.said(Duplicate)) == 1


def test_what_is_older_than_repeats_are_known_is_too_late_though_it_be_known() -> None:
    driver = Driver().tell(
        started("ann", "09:00"), started("ann", "5d 09:00", conversation_id="c2")
    )
    driver.until("7d 09:01")
    assert list(driver.tracker.customers) == ["ann"]

    driver.tell(started("ann", "09:00"))

    assert driver.said(Duplicate) == []
    assert [one.dropped for one in driver.said(Late)] == [True]


def test_an_event_that_changes_nothing_is_remembered_only_as_long_as_its_repeat_may_come() -> None:
    driver = Driver().tell(said("customer.linked", "09:00", LINK)).until("6d 00:00")
    assert list(driver.tracker.customers) == ["ann"]

    driver.until("8d 00:00")
    assert driver.tracker.customers == {}


LINK = {"customer_ref": "ann", "other_ref": "ben", "assurance": "unknown"}


def test_a_customer_who_keeps_coming_has_old_ids_forgotten() -> None:
    driver = Driver()
    for number in range(300):
        at = heartbeat(f"{number}d 09:00").time
        driver.tell(said("message.created", at, MESSAGE | {"id": str(number)}))
        driver.until(f"{number}d 09:00")
    (customer,) = driver.tracker.customers.values()

    assert len(customer.seen) < 64


MESSAGE = {"conversation_id": "c", "customer_ref": "ann", "message_id": "m", "actor": "ai"}


def test_what_is_not_old_is_known_again_after_old_ids_were_forgotten() -> None:
    week = [says("ann", f"{day}d 09:00") for day in range(7)]
    driver = Driver().tell(*week).until("6d 10:00")
    driver.tell(*(says("ann", "6d 11:00", id=str(number)) for number in range(300)))

    driver.tell(*week)
    assert len(driver.said(Duplicate)) == len(week)


def test_no_more_ids_of_one_customer_are_kept_than_policy_allows() -> None:
    driver = Driver(replace(Policy(), seen_max=100))
    for number in range(256):
        driver.tell(says("ann", "09:00", id=f"{number:03}"))
    (customer,) = driver.tracker.customers.values()

    assert len(customer.seen) == 100


def test_what_lies_on_other_topics_joins_the_same_customer() -> None:
    driver = Driver().tell(
        promised("ann", "09:30", due="10:00"),
        handoff_requested("ann", "09:20"),
        started("ann", "09:00"),
    )
    driver.until("09:40")

    assert list(driver.tracker.customers) == ["ann"]
    assert driver.tracker.customers["ann"].commitments.keys() == {"p1"}
    assert driver.tracker.customers["ann"].handoffs.keys() == {"h1"}


def test_an_event_belongs_to_its_customer_else_to_its_key_else_to_its_conversation() -> None:
    known = says("ann", "09:00", partitionkey="key")
    keyed = says("ann", "09:00", customer_ref=None, partitionkey="key")
    unknown = says("ann", "09:00", customer_ref=None)

    assert [customer_key(event) for event in (known, keyed, unknown)] == ["ann", "key", "~ann-1"]


def test_outputs_come_in_the_order_of_their_moments() -> None:
    driver = Driver()
    for customer, hour in (("ann", 11), ("ben", 9), ("cid", 10)):
        driver.tell(claimed(customer, f"{hour}:00"), started(customer, f"{hour}:00"))
    driver.until("12:00")

    moments = [output.at for output in driver.said(Contacted)]
    assert all(one < next_ for one, next_ in pairwise(moments))
