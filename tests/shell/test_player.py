"""What is played is what was recorded, only sooner and faster."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any

import pytest

from monitor.adapters.samples import NAMES, read_lines, sample
from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.shell.player import let_time_pass, load, play, send, whole
from schemas.decode import CONVERSATIONS, TOPICS, read

ENDS = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PARTITIONS = 3


class Tape:
    """A producer that only takes down what it is given."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any], bytes | None, int | None]] = []

    async def send(
        self,
        topic: str,
        value: bytes,
        key: bytes | None,
        partition: int | None,
        *,
        headers: list[tuple[str, bytes]],
    ) -> None:
        assert headers == [("content-type", b"application/cloudevents+json")]
        self.sent.append((topic, json.loads(value), key, partition))

    async def flush(self) -> None:
        pass


def recorded() -> list[dict[str, Any]]:
    return [event for name in NAMES for event in read_lines(sample(name))]


def timeless(event: dict[str, Any]) -> str:
    return json.dumps(event | {"time": ""}, sort_keys=True)


def test_all_of_the_samples_can_be_played() -> None:
    played = load(10_000, ENDS)

    want = sorted(timeless(event) for event in recorded())
    assert sorted(timeless(event) for _, _, event in played.events) == want


def test_the_first_days_of_each_sample_are_played_and_end_now() -> None:
    played = load(2, ENDS)
    sources = {event["source"] for _, _, event in played.events}

    assert (played.begins, played.ends) == (ENDS - 2 * DAY, ENDS)
    assert all(played.begins <= at < ENDS for at, _, _ in played.events)
    for source in sources:
        first = min(at for at, _, event in played.events if event["source"] == source)
        assert first - played.begins < DAY, source


def test_order_and_gaps_are_kept() -> None:
    times = {(event["source"], event["id"]): at_of(event) for event in recorded()}
    played = load(2, ENDS).events

    assert [at for at, _, _ in played] == sorted(at for at, _, _ in played)
    moved = {event["source"]: set[timedelta]() for _, _, event in played}
    for at, _, event in played:
        assert at_of(event) == at
        moved[event["source"]].add(at - times[event["source"], event["id"]])
    assert {source: len(by) for source, by in moved.items()} == dict.fromkeys(moved, 1)


def test_every_event_is_one_of_its_topic() -> None:
    for _, topic, event in load(2, ENDS).events:
        read(topic, event)


def test_everything_is_sent_once_in_order_with_its_key() -> None:
    played, tape, shares = load(1, ENDS), Tape(), list[float]()
    asyncio.run(play(played, 0.5, tape, PARTITIONS, shares.append))

    sent = [(topic, event, key) for topic, event, key, partition in tape.sent if partition is None]
    want = [(topic, event, event["partitionkey"].encode()) for _, topic, event in played.events]
    assert sent == want
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_heartbeat_says_that_all_before_it_was_sent() -> None:
    played, tape = load(1, ENDS), Tape()
    asyncio.run(play(played, 0.5, tape, PARTITIONS, lambda _: None))

    earliest_unsent = datetime.max.replace(tzinfo=UTC)
    for _, event, _, partition in reversed(tape.sent):
        if partition is None:
            earliest_unsent = min(earliest_unsent, at_of(event))
        else:
            assert at_of(event) < earliest_unsent


def test_however_fast_it_is_played_no_heartbeat_is_missed() -> None:
    played, tape = load(1, ENDS), Tape()
    asyncio.run(play(played, 0, tape, PARTITIONS, lambda _: None))

    for everybody in product(TOPICS, range(PARTITIONS)):
        beats = [at_of(event) for topic, event, _, one in tape.sent if (topic, one) == everybody]
        gaps = [after - before for before, after in pairwise([played.begins, *beats])]
        assert timedelta() < max(gaps) < timedelta(seconds=seconds(Policy().blind_window))
        assert beats[-1] == ENDS


def test_the_last_heartbeats_tell_everybody_of_the_end() -> None:
    tape = Tape()
    asyncio.run(let_time_pass(tape, PARTITIONS, ENDS))

    everybody = {(topic, number) for topic in TOPICS for number in range(PARTITIONS)}
    assert {(topic, partition) for topic, _, _, partition in tape.sent} == everybody
    for topic, event, key, _ in tape.sent:
        assert (read(topic, event).time, key) == (ENDS, None)


def test_a_log_of_ones_own_is_sent_as_it_is_in_the_order_of_its_times() -> None:
    log = [event for _, _, event in load(1, ENDS).events]
    tape = Tape()
    asyncio.run(send(whole(reversed(log)), tape, PARTITIONS, ENDS))

    sent = [(event, key) for _, event, key, partition in tape.sent if partition is None]
    assert [at_of(event) for event, _ in sent] == [at_of(event) for event in log]
    assert sorted(map(str, sent)) == sorted(
        str((event, event["partitionkey"].encode())) for event in log
    )


def test_what_a_log_of_ones_own_does_not_tell_holds_nothing_up() -> None:
    log = [event for _, topic, event in load(1, ENDS).events if topic == CONVERSATIONS]
    tape = Tape()
    asyncio.run(send(whole(log), tape, PARTITIONS, ENDS))

    first = next(n for n, (*_, partition) in enumerate(tape.sent) if partition is None)
    told_first = {(topic, partition) for topic, _, _, partition in tape.sent[:first]}
    assert told_first == set(product(set(TOPICS) - {CONVERSATIONS}, range(PARTITIONS)))
    told_last = [(topic, partition) for topic, _, _, partition in tape.sent[first + len(log) :]]
    assert set(told_last) == set(product(TOPICS, range(PARTITIONS)))
    beats = [event for _, event, _, partition in tape.sent if partition is not None]
    assert {at_of(event) for event in beats} == {ENDS}


@pytest.mark.parametrize("days", [0.1, 400])
def test_any_length_can_be_asked_for(days: float) -> None:
    assert load(days, ENDS).events


def at_of(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])
