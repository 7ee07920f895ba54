"""One customer in several partitions: what is known moves, and what comes later follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.core import identity
from monitor.core.moments import MINUTE
from monitor.core.notes import Forwarded, Moved, Note, Outbox, Shared
from monitor.core.policy import Policy
from monitor.core.snapshot import restore
from monitor.shell.store import MemoryStore
from tests.build import (
    claimed,
    handoff,
    handoff_requested,
    linked,
    moment,
    promised,
    rated,
    says,
    started,
)
from tests.driver import Driver
from tests.partitions import Partitions

if TYPE_CHECKING:
    from schemas.envelope import Envelope

BOUNDS = "cx_state_bounds_total"
FAILURES = "cx_resolution_failures_total"
SAME = {"intent": "where", "intent_group": "other"}
APART = {"ann": 0, "ben": 1, "cid": 2}


def resolved(customer: str, at: str, end: str, **more: str) -> list[Envelope]:
    return [started(customer, at, **SAME, **more), claimed(customer, end, **SAME, **more)]


@pytest.mark.parametrize(("one", "other"), [("ann", "ben"), ("ben", "ann")])
@pytest.mark.parametrize("claims", ["ann", "ben"])
def test_a_return_by_the_other_reference_fails_the_claim(one: str, other: str, claims: str) -> None:
    returns = "ben" if claims == "ann" else "ann"
    group = Partitions(APART).tell(*resolved(claims, "09:00", "09:30"), linked(one, other, "10:00"))
    group.until("10:30").tell(started(returns, "11:00", **SAME)).deliver().until("12:00")

    assert group.counts(FAILURES, "bound") == {
        "any_issue": 1,
        "same_issue": 1,
    }
    assert group.counts("cx_identity_links_total", "assurance") == {"verified": 1}
    assert group.counts("cx_resolutions_at_risk", "bound") == {"explicit": 1}


def test_a_link_is_late_when_something_known_had_to_move() -> None:
    group = Partitions(APART).tell(linked("ann", "ben", "09:00")).until("10:00")
    assert sum(group.counts("cx_identity_late_links_total").values()) == 0

    group.tell(*resolved("cid", "09:00", "09:30"), linked("ann", "cid", "11:00")).until("12:00")
    assert sum(group.counts("cx_identity_late_links_total").values()) == 1


def test_who_is_too_large_for_a_note_stays_another_customer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "NOTE_BYTES_MAX", 200)
    group = Partitions(APART).tell(*resolved("ben", "09:00", "09:30"))
    group.tell(linked("ann", "ben", "10:00")).until("10:30")
    again = {"conversation_id": "again"} | SAME
    group.tell(started("ann", "11:00", **SAME), started("ben", "11:30", **again)).until("12:00")

    assert group.counts(BOUNDS, "bound") == {"note_bytes_max": 1}
    assert group.counts("cx_identity_links_total", "assurance") == {}
    # Their own return fails the claim, which nobody else's did before.
    assert group["ben"].counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}
    assert group["ann"].tracker.customers["ann"].conversations.keys() == {"ann-1"}


def test_an_event_that_is_too_large_for_a_note_is_lost_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = Partitions(APART).tell(linked("ann", "ben", "09:00")).until("10:00")
    for at in ("10:30", "11:00"):
        group.tell(started("ben", at, **SAME)).until(at)
        monkeypatch.setattr(identity, "NOTE_BYTES_MAX", 100)
    group.until("12:00")

    assert group.counts(BOUNDS, "bound") == {"note_bytes_max": 1}
    assert group.counts("cx_conversations_total", "channel") == {"chat": 1}


def test_the_row_that_moved_leaves_a_name_behind() -> None:
    group = Partitions(APART).tell(
        *resolved("ben", "09:00", "09:30"), linked("ann", "ben", "10:00")
    )
    group.until("11:00").until("11:01")
    left, came = (group[name].tracker.customers for name in ("ben", "ann"))

    assert list(left) == ["ben"]
    assert left["ben"].alias is not None
    assert (left["ben"].alias.to, left["ben"].conversations) == ("ann", {})
    assert came["ann"].conversations.keys() == {"ben-1"}
    assert len(came["ann"].episodes) == 1


def test_a_trial_goes_on_at_its_age_and_is_counted_in_one_place_at_a_time() -> None:
    moved, stayed = (Partitions(APART).tell(*resolved("ben", "09:00", "09:30")) for _ in range(2))
    moved.tell(linked("ann", "ben", "12:00"))
    for at in ("11:00", "13:00", "1d 00:00", "40d 00:00"):
        for group in (moved, stayed):
            group.until(at)
    matured = ("cx_resolutions_matured_total", "bound", "horizon", "result")

    assert moved.hours_exposed() == stayed.hours_exposed()
    assert moved.counts(*matured) == stayed.counts(*matured)
    assert moved["ben"].counts(*matured) == {}
    assert all(n == 0 for d in moved.drivers for n, _ in d.tracker.totals.risk.values())


def test_exposure_never_shrinks_where_a_claim_arrives_from_the_future() -> None:
    group = Partitions(APART).tell(*resolved("ben", "09:00", "09:30"))
    group["ann"].until("15:00")
    group["ben"].until("20:00").tell(linked("ben", "ann", "10:00"))
    group.deliver()

    assert group["ann"].hours_exposed() == {"24h": 0.0}


def test_what_waits_to_be_decided_is_decided_where_it_went() -> None:
    group = Partitions(APART).tell(started("ben", "09:00"), handoff_requested("ben", "09:01"))
    group.tell(promised("ben", "09:02", due="13:00"), linked("ann", "ben", "09:10")).until("09:20")
    group.tell(handoff("accepted", "ben", "11:00")).deliver().until("3d 00:00")

    assert group["ann"].counts("cx_handoff_terminal_total", "outcome") == {"served_late": 1}
    assert group["ann"].counts("cx_commitments_total", "outcome") == {"broken": 1}
    assert group.counts("cx_commitments_overdue", "kind") == {"callback": 1}
    assert group["ben"].counts("cx_commitments_total", "outcome") == {}


def test_gauges_go_along() -> None:
    group = Partitions(APART).tell(started("ben", "09:00"), handoff_requested("ben", "09:01"))
    group.tell(promised("ben", "09:02", due="09:30"), linked("ann", "ben", "10:00"))
    group.until("09:50")
    assert group["ben"].count("cx_silent_failures_open", sf="SF-05") == 1
    assert group["ben"].count("cx_commitments_overdue") == 1

    group.until("11:00").until("11:01")
    assert [d.count("cx_silent_failures_open", sf="SF-05") for d in group.drivers] == [1, 0, 0]
    assert [d.count("cx_commitments_overdue") for d in group.drivers] == [1, 0, 0]


def test_what_moved_is_applied_at_its_moment_and_not_before() -> None:
    # The partition of the smaller reference is behind: a contact of before the link is still to be
    # applied there, and must not meet what only the link has brought.
    group = Partitions(APART).tell(
        *resolved("ben", "09:00", "09:30"), linked("ann", "ben", "12:00")
    )
    group["ben"].until("13:00")
    group.deliver().tell(started("ann", "11:00", **SAME)).until("13:00")

    assert group.counts(FAILURES, "bound") == {}


def test_an_event_under_a_name_goes_on_at_once() -> None:
    group = Partitions(APART).tell(
        *resolved("ann", "09:00", "09:30"), linked("ann", "ben", "10:00")
    )
    group.until("10:30").tell(started("ben", "11:00", **SAME))
    (note,) = group["ben"].tracker.outbox.due(99)

    assert isinstance(note.content, Forwarded)
    assert (note.to, note.content.at) == ("ann", moment("11:00"))
    assert group["ben"].tracker.waiting == {}


def test_an_event_is_counted_where_it_arrived_and_only_there() -> None:
    group = Partitions(APART).tell(linked("ann", "ben", "10:00")).until("10:30")
    group.tell(started("ben", "11:00"), started("ben", "11:00")).deliver().until("12:00")
    results = "cx_events_total", "type", "result"

    assert group["ben"].counts(*results)["cx.conversation.started.v1/applied"] == 1
    assert group["ben"].counts(*results)["cx.conversation.started.v1/duplicate"] == 1
    assert "cx.conversation.started.v1/applied" not in group["ann"].counts(*results)
    assert group["ann"].count("cx_conversations_total") == 1


def test_an_event_that_waited_when_its_customer_left_follows() -> None:
    group = Partitions(APART).tell(*resolved("ann", "09:00", "09:30"))
    group.tell(linked("ann", "ben", "10:00"), started("ben", "11:00", **SAME)).deliver()
    group.until("12:00")

    assert group.counts(FAILURES, "bound") == {"any_issue": 1, "same_issue": 1}


@pytest.mark.parametrize(
    "links",
    [
        [("ben", "cid"), ("ann", "ben")],
        [("ann", "ben"), ("ben", "cid")],
        [("cid", "ann"), ("cid", "ben"), ("ann", "ben")],
        [("cid", "ben"), ("ann", "cid")],
    ],
)
def test_chains_and_circles_end_with_the_smallest(links: list[tuple[str, str]]) -> None:
    group = Partitions(APART)
    for hour, name in enumerate(("cid", "ann", "ben"), start=6):
        group.tell(*resolved(name, f"{hour:02}:00", f"{hour:02}:30"))
    for minute, pair in enumerate(links):
        group.tell(linked(*pair, f"10:0{minute}")).until(f"10:3{minute}")
    group.until("11:00").tell(started("cid", "12:00", **SAME, conversation_id="new")).deliver()
    group.until("13:00").until("13:01")

    assert sorted(group["ann"].tracker.customers["ann"].conversations) == [
        *("ann-1", "ben-1", "cid-1", "new")
    ]
    assert group.counts("cx_identity_links_total", "assurance") == {"verified": 2}
    assert group.counts(FAILURES, "bound") == {"any_issue": 3, "same_issue": 3}


def test_a_shared_device_is_known_in_both_partitions() -> None:
    for claims, returns in (("ann", "ben"), ("ben", "ann")):
        group = Partitions(APART).tell(*resolved(claims, "09:00", "09:30"))
        group.tell(linked("ben", "ann", "10:00", "device")).until("10:30").until("10:31")
        group.tell(started(returns, "11:00", **SAME)).until("12:00").until("12:01")

        assert group.counts(FAILURES, "bound") == {"any_issue": 1}


def test_a_device_link_is_revoked_in_both_partitions() -> None:
    group = Partitions(APART).tell(linked("ben", "ann", "10:00", "device")).until("10:30")
    group.tell(linked("ann", "ben", "11:00", "none")).until("12:00").until("12:01")

    assert [row.devices for d in group.drivers for row in d.tracker.customers.values()] == [{}, {}]


def test_identity_is_lost_wherever_the_customer_lives() -> None:
    group = Partitions(APART).tell(*resolved("ben", "09:00", "09:30"))
    group.tell(linked("ben", "cid", "10:00")).until("10:10").tell(linked("ann", "ben", "10:20"))
    group.until("10:30").tell(linked("ben", "cid", "11:00", "none")).until("12:00").until("12:01")

    assert group.counts("cx_resolution_censored_total", "reason") == {"identity_loss": 1}
    assert group["ann"].count("cx_resolution_censored_total") == 1


# Notes: each has its effect once.


def test_a_note_that_is_heard_twice_changes_nothing() -> None:
    group = Partitions(APART).tell(
        *resolved("ben", "09:00", "09:30"), linked("ben", "ann", "10:00")
    )
    group["ben"].until("11:00")
    notes = group["ben"].tracker.outbox.due(99)
    group.tell(says("ben", "11:30"))
    notes += group["ben"].tracker.outbox.due(99)
    ann = group["ann"]
    for note in notes:
        ann.outputs += ann.tracker.take(note)
        ann.restart()
    ann.until("13:00")

    assert [type(note.content) for note in notes] == [Moved, Moved, Forwarded]
    assert list(ann.tracker.customers["ann"].conversations) == ["ben-1"]
    assert ann.counts(FAILURES, "bound") == {"any_issue": 1, "explicit": 1, "same_issue": 1}
    assert ann.counts("cx_resolutions_at_risk", "bound") == {}


def test_a_note_that_is_heard_again_after_a_restart_counts_nothing_twice() -> None:
    group = Partitions(APART).tell(
        *resolved("ben", "09:00", "09:30"), linked("ben", "ann", "10:00")
    )
    group.until("11:00").tell(rated("ben", "11:30", 5))
    notes = group["ben"].tracker.outbox.due(99)
    group.deliver().until("12:00")
    ann = group["ann"].restart()
    for note in notes:
        ann.outputs += ann.tracker.take(note)

    assert len(notes) == 1
    assert ann.until("13:00").count("cx_surveys_total") == 1


def test_notes_of_two_senders_are_told_apart() -> None:
    tracker = Driver(owns=lambda reference: reference == "ann").tracker
    for sender in ("one", "two", "one"):
        tracker.take(Note(sender, 1, "ann", Shared(5, sender, 2_000_000_000_000_000)))
    tracker.advance_to(6)

    assert sorted(tracker.customers["ann"].devices) == ["one", "two"]
    assert tracker.outbox.heard == {"one": 1, "two": 1}


def test_a_note_is_kept_until_it_was_sent() -> None:
    group = Partitions(APART).tell(
        *resolved("ben", "09:00", "09:30"), linked("ben", "ann", "10:00")
    )
    ben = group["ben"].until("11:00").restart()
    written = ben.tracker.outbox.due(99)
    assert [(note.sender, note.number, note.to) for note in written] == [("sender-1", 1, "ann")]

    ben.tracker.outbox.sent(written)
    assert ben.save()[b"note:1"] is None
    ben.restart().tell(says("ben", "11:30"))
    assert [note.number for note in ben.tracker.outbox.due(99)] == [2]


def test_notes_are_sent_in_the_order_of_their_numbers_up_to_one() -> None:
    outbox = Outbox("me")
    for name in ("ann", "ben", "cid"):
        outbox.post(name, Shared(1, "dev", 2))
    outbox.unsent = dict(reversed(outbox.unsent.items()))

    assert [note.to for note in outbox.due(2)] == ["ann", "ben"]


def test_a_state_keeps_the_name_that_it_began_with() -> None:
    one = Driver(sender="first")
    kept = {key: value for key, value in one.save().items() if value is not None}

    assert restore(Policy(), MemoryStore(kept), sender="second").outbox.sender == "first"
    assert restore(Policy(), MemoryStore(), sender="second").outbox.sender == "second"


def test_nobody_waits_for_notes() -> None:
    driver = Driver(owns=lambda reference: reference == "ann").until("10:00")
    driver.tracker.take(Note("other", 1, "ann", Shared(moment("09:00"), "dev", moment("9d 00:00"))))

    assert driver.tracker.watermark == moment("10:00") + 1
    assert driver.tracker.customers["ann"].devices == {"dev": moment("9d 00:00")}
    assert driver.policy.lateness == MINUTE
