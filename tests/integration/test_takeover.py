"""Partitions that change hands: who has lost one writes no more, and a standby is ready for it."""

from __future__ import annotations

import asyncio
import re
import signal
from typing import TYPE_CHECKING

from tests.integration.counting_worker import PARTITIONS, SLEEP
from tests.integration.lab import is_asleep, kill, stop, until

if TYPE_CHECKING:
    from tests.integration.apache_kafka import ApacheKafka
    from tests.integration.lab import Durable, Lab


def test_a_worker_that_sleeps_in_a_flush_and_is_replaced_writes_nothing_when_it_wakes(
    kafka_lab: Lab,
) -> None:
    """It stops after it was allowed to write, and wakes when another has written.

    Without transactions its write would get through: the position of the partition steps back,
    which `Durable.advance` does not let pass, and what its successor folded is lost.
    """
    lab = kafka_lab

    async def scenario() -> Durable:
        await lab.send(2_000, seed=5)
        sleeper = lab.start("--sleeps")
        await lab.until_all_is_folded()
        await lab.send_one(SLEEP, b"1")
        lab.sent[SLEEP] = (1, 1)
        await until(lambda: is_asleep(sleeper))
        heir = lab.start()
        await lab.send(2_000, seed=6)
        state = await lab.until_all_is_folded()
        sleeper.send_signal(signal.SIGCONT)
        # It comes back to the group, and may own partitions again.
        generation = max(position.epoch for position in state.positions.values())
        await lab.until(
            lambda state: any(place.epoch > generation for place in state.positions.values())
        )
        await lab.send(2_000, seed=7)
        state = await lab.until_all_is_folded()
        assert (stop(sleeper), stop(heir)) == (0, 0)
        return state

    state = asyncio.run(scenario())
    assert "has another owner" in lab.log(lab.workers[0])
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()
    assert set(asyncio.run(lab.put_out()).values()) == {1}


def test_a_flush_whose_marks_the_broker_has_forgotten_is_taken_back_and_made_anew(
    apache_kafka: ApacheKafka, kafka_lab: Lab
) -> None:
    """The next owner would read up to before it, write on, and see both at his own commit."""
    lab = kafka_lab

    async def scenario() -> Durable:
        await lab.send(2_000, seed=11)
        owner = lab.start()
        await lab.until_all_is_folded()
        kill(owner)
        apache_kafka.kill()
        for topic in (lab.changelog, lab.outputs):
            apache_kafka.forget_marks(topic)
        apache_kafka.start()
        before = await lab.durable()
        assert before.folded < lab.sent_records
        lab.start()
        await lab.send(2_000, seed=12)
        return await lab.until_all_is_folded()

    state = asyncio.run(scenario())
    assert "the broker has forgotten how a transaction ended" in lab.log(lab.workers[1])
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()
    assert set(asyncio.run(lab.put_out()).values()) == {1}


def test_a_standby_takes_over_without_reading_the_changelog_again(lab: Lab) -> None:
    async def scenario() -> tuple[dict[int, tuple[int, int]], Durable]:
        await lab.send(3_000, seed=8)
        owner = lab.start("--standbys", "1")
        alone = await lab.until_all_is_folded()
        standby = lab.start("--standbys", "1")
        generation = max(position.epoch for position in alone.positions.values())
        # Who takes a partition over writes a position at once.
        await lab.until(
            lambda state: any(place.epoch > generation for place in state.positions.values())
        )
        await lab.send(3_000, seed=9)
        await lab.until_all_is_folded()
        theirs = {number for number in range(PARTITIONS) if number not in taken(lab.log(standby))}
        assert theirs
        await until(lambda: theirs <= stood_by_for(lab.log(standby)))
        ends = {number: len(log) for number, log in (await lab.read(lab.changelog)).items()}
        kill(owner)
        await lab.send(1_000, seed=10)
        state = await lab.until_all_is_folded()
        read = {number: taken(lab.log(standby))[number] for number in theirs}
        # Of what its owner wrote, the standby had all, but perhaps the last flush.
        assert all(first > ends[number] / 2 for number, (first, _) in read.items())
        return read, state

    read, state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert all(last - first < first for first, last in read.values())


def taken(log: str) -> dict[int, tuple[int, int]]:
    """From which offset to which a worker read the changelog of each partition that it took."""
    found = re.findall(r"partition (\d+): read the changelog from offset (\d+) to (-?\d+)", log)
    return {int(number): (int(first), int(last)) for number, first, last in found}


def stood_by_for(log: str) -> set[int]:
    """The partitions whose changelog a worker has read to its end, to stand by for them."""
    return {int(number) for number in re.findall(r"standing by for partition (\d+)", log)}
