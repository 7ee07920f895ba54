"""What one partition takes from its topics, and what it hands out to be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import ConsumerRecord

from monitor.core.notes import Forwarded, Note, encode
from monitor.core.policy import Policy
from monitor.core.rows import PREFIX
from monitor.core.snapshot import restore
from monitor.core.tracker import Tracker
from monitor.shell.partition import OwnedPartition
from monitor.shell.publish import hide, keyed_hash
from monitor.shell.store import MemoryStore
from schemas.decode import TOPICS
from schemas.published import Finding, HandoffOutcome, JourneyOutcome, Reason
from tests.build import clock, handoff_requested, linked, moment, started
from tests.driver import Driver

if TYPE_CHECKING:
    from schemas.envelope import Envelope

TOPIC = "cx.conversations"


def record_of(
    event: Envelope | bytes | None,
    *,
    topic: str = TOPIC,
    timestamp: int = 0,
    headers: tuple[Any, ...] = (),
) -> ConsumerRecord[bytes, bytes]:
    value = event if isinstance(event, bytes | None) else event.model_dump_json().encode()
    return ConsumerRecord(
        topic=topic,
        partition=3,
        offset=17,
        timestamp=timestamp,
        timestamp_type=0,
        key=b"ann",
        value=value,
        checksum=None,
        serialized_key_size=3,
        serialized_value_size=len(value or b""),
        headers=headers,
    )


def test_what_cannot_be_read_is_kept_as_it_came_with_where_it_lay() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    headers = (("trace", b"\xff"), ("trace", b""), ("none", None))
    partition.fold(record_of(b"{", headers=headers), moment("09:30"))
    published, (letter,) = partition.take_unpublished()

    assert published == []
    assert (letter.key, letter.value, letter.headers) == (b"ann", b"{", headers)
    told = letter.reason
    assert (told.reason, told.topic, told.partition, told.offset) == (
        *(Reason.NOT_JSON, TOPIC),
        *(3, 17),
    )
    assert told.received_at == clock("09:30")


@pytest.mark.parametrize("timestamp", [-1, 0, 1_700_000_000, 2**62])
def test_a_record_may_be_stamped_with_anything(timestamp: int) -> None:
    """Unset, in seconds instead of milliseconds, or past the end of the calendar."""
    partition = OwnedPartition(Tracker(Policy()))
    partition.fold(record_of(started("ann", "09:00"), timestamp=timestamp), moment("09:30"))
    partition.fold(record_of(None, timestamp=timestamp), moment("09:30"))

    assert partition.tracker.newest == {TOPIC: moment("09:00")}
    assert partition.tracker.totals.get("cx_clock_skewed_total", TOPIC) == 0


def test_a_clock_that_is_ahead_does_not_make_all_others_late() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    partition.fold(record_of(started("ann", "400d 09:00")), moment("09:30"))

    assert partition.tracker.newest == {TOPIC: moment("09:30")}
    assert partition.tracker.totals.get("cx_clock_skewed_total", TOPIC) == 1


def test_only_what_is_published_is_handed_out_and_only_once() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    for topic in TOPICS:
        partition.pass_time(topic, moment("08:00"))
    partition.tracker.receive(TOPIC, started("ann", "09:00"))
    partition.tracker.receive("cx.handoffs", handoff_requested("ann", "09:10"))
    for topic in TOPICS:
        assert partition.pass_time(topic, moment("9d 09:00"))

    published, letters = partition.take_unpublished()
    assert letters == []
    assert {type(output) for output in published} == {HandoffOutcome, JourneyOutcome, Finding}
    assert partition.take_unpublished() == ([], [])


def test_time_that_has_passed_already_changes_nothing() -> None:
    partition = OwnedPartition(Tracker(Policy()))

    assert partition.pass_time(TOPIC, moment("09:00"))
    assert not partition.pass_time(TOPIC, moment("09:00"))
    assert not partition.pass_time(TOPIC, moment("08:00"))


def test_while_the_leap_of_a_record_is_not_caught_up_with_no_silence_lets_time_pass() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    for name in ("ann", "bob"):
        partition.fold(record_of(started(name, "09:00")), moment("09:30"))
    for topic in TOPICS[1:]:
        partition.pass_time(topic, moment("10:00"))
    partition.tracker.at_once = 1
    partition.fold(record_of(started("cleo", "10:00")), moment("10:00"))

    assert partition.is_behind
    assert not partition.pass_time(TOPICS[1], moment("11:00"))
    while partition.is_behind:
        partition.catch_up()
    assert partition.tracker.watermark == moment("09:59")
    assert partition.pass_time(TOPICS[1], moment("11:00"))


def test_changes_are_what_a_tracker_is_restored_from() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    partition.fold(record_of(started("ann", "09:00")), moment("09:30"))
    kept = {key: value for key, value in partition.changes().items() if value is not None}

    assert restore(Policy(), MemoryStore(kept)).newest == partition.tracker.newest


def test_what_changed_is_encoded_ahead_of_the_changes() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    partition.fold(record_of(started("ann", "09:00")), moment("09:30"))
    partition.tracker.finish()
    assert partition.tracker.customers.dirty == {"ann"}

    for _ in partition.prepare():
        pass
    assert not partition.tracker.customers.dirty
    assert PREFIX + b"ann" in partition.changes()


def test_notes_leave_once_they_are_durable_and_are_kept_until_they_have_left() -> None:
    partition = OwnedPartition(Tracker(Policy(), owns=lambda name: name == "ben", sender="here"))
    partition.fold(record_of(started("ben", "09:00")), moment("09:30"))
    partition.fold(record_of(linked("ben", "ann", "09:10")), moment("09:30"))
    partition.tracker.finish()
    assert partition.notes() == []

    assert b"note:1" in partition.changes()
    (note,) = partition.notes()
    assert (note.sender, note.to) == ("here", "ann")
    partition.tracker.outbox.post("cid", note.content)
    assert partition.notes() == [note]

    partition.posted([note])
    assert partition.changes()[b"note:1"] is None
    assert [note.to for note in partition.notes()] == ["cid"]


def test_a_note_is_taken_once_and_what_is_none_is_put_aside() -> None:
    partition = OwnedPartition(Tracker(Policy()))
    note = Note("there", 1, "ann", Forwarded(moment("09:00"), TOPIC, 7, event_of("ben")))
    for value in (encode(note), encode(note), b"{", None):
        partition.take(record_of(value), moment("09:30"))
    partition.tracker.finish()
    partition.tracker.advance_to(moment("10:00"))
    _, letters = partition.take_unpublished()

    assert partition.tracker.customers["ann"].conversations.keys() == {"ben-1"}
    assert [letter.reason.reason for letter in letters] == [Reason.NOT_AN_EVENT] * 2
    assert partition.tracker.totals.get("cx_conversations_total", *DEMAND) == 1


DEMAND = ("chat", "unknown", "inbound", "none")


def event_of(customer: str) -> bytes:
    return started(customer, "09:00").model_dump_json().encode()


def test_whoever_has_no_key_cannot_tell_who_a_journey_is() -> None:
    driver = (
        Driver().until("08:00").tell(started("ann", "09:00"), handoff_requested("ann", "09:10"))
    )
    outputs = [one for one in driver.until("9d 09:00").outputs if isinstance(one, HandoffOutcome)]
    with_one, with_other = (
        [hide(key, output) for output in outputs] for key in (b"one key", b"another key")
    )

    assert outputs
    for mine, theirs, output in zip(with_one, with_other, outputs, strict=True):
        assert "ann\x1f" in output.journey
        assert {mine.id, mine.journey} & {theirs.id, theirs.journey, output.id} == set()
        # Nothing else is made from the reference, so nothing else changes.
        same = {"id": output.id, "journey": output.journey}
        assert mine.model_copy(update=same) == output


def test_the_same_key_gives_the_same_name() -> None:
    assert keyed_hash(b"key", "ann\x1f0") == keyed_hash(b"key", "ann\x1f0")
    assert keyed_hash(b"key", "ann\x1f0") != keyed_hash(b"key", "ann\x1f1")
