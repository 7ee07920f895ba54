"""The table and its transport, with a worker of its own process that is stopped in every way."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from monitor.shell.changelog import POSITION_KEY, Position
from tests.integration.counting_worker import TICK
from tests.integration.lab import PATIENCE, Lab, kill, stop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.lab import Durable


def test_a_graceful_stop_loses_and_repeats_nothing(lab: Lab) -> None:
    async def scenario() -> Durable:
        await lab.send(5_000, seed=1)
        worker = lab.start()
        await lab.until_more_is_folded_than(0)
        sending = asyncio.create_task(lab.send(5_000, seed=2, per_second=4_000))
        await asyncio.sleep(0.5)
        assert stop(worker) == 0
        await sending
        lab.start()
        return await lab.until_all_is_folded()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_kills_at_any_moment_lose_and_repeat_nothing(lab: Lab) -> None:
    seed = time.time_ns()
    print("seed", seed)  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)  # noqa: S311 - as above

    async def scenario() -> Durable:
        # Padded, a flush of a partition takes more than one batch, and is often cut in two.
        options = ("--padding", "50000")
        sending = asyncio.create_task(lab.send(30_000, seed=seed, per_second=2_000))
        folded = 0
        for _ in range(3):
            worker = lab.start(*options)
            # All may be folded before the kill; more than that never comes.
            folded = (await lab.until_more_is_folded_than(min(folded, 29_999))).folded
            await asyncio.sleep(chance.uniform(0, 1.5))
            kill(worker)
        lab.start(*options)
        await sending
        return await lab.until_all_is_folded()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_workers_that_come_and_go_lose_and_repeat_nothing(lab: Lab) -> None:
    joined = asyncio.Event()

    async def send_until_joined() -> None:
        # A partition in which nothing happens does not tell to which generation it belongs.
        seed = 3
        while not joined.is_set():
            await lab.send(5_000, seed=seed, per_second=2_000)
            seed += 1
        await lab.send(5_000, seed=seed, per_second=2_000)

    async def scenario() -> Durable:
        sending = asyncio.create_task(send_until_joined())
        first = lab.start()
        await lab.until_more_is_folded_than(0)
        generation = max(position.epoch for position in (await lab.durable()).positions.values())
        second = lab.start()
        await lab.until(
            lambda state: all(place.epoch > generation for place in state.positions.values())
        )
        joined.set()
        assert stop(first) == 0
        await sending
        state = await lab.until_all_is_folded()
        assert stop(second) == 0
        return state

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
    assert asyncio.run(lab.missing_outputs()) == set()


def test_what_an_interrupted_flush_wrote_never_counts(small_lab: Lab) -> None:
    lab = small_lab

    async def scenario() -> tuple[Durable, Durable]:
        position = msgspec.msgpack.encode(Position(next_offsets={}, epoch=-7))
        async with lab.producer() as producer:
            for key, value in [
                (b"old", b"1 10 "),
                (POSITION_KEY, position),
                # The flush of a worker that died before it wrote the position.
                (b"old", b"2 20 "),
                (b"new", b"1 5 "),
            ]:
                await producer.send_and_wait(lab.changelog, value, key=key, partition=0)
        worker = lab.start()
        # Neither key comes again, yet the next position must not vouch for the wrong values.
        repaired = await lab.until(lambda state: state.positions[0].epoch != -7)
        await lab.send_one(b"other", b"1")
        state = await lab.until(lambda state: b"other" in state.totals)
        assert stop(worker) == 0
        return repaired, state

    repaired, state = asyncio.run(scenario())
    assert repaired.totals == {b"old": (1, 10)}
    assert state.totals == {b"old": (1, 10), b"other": (1, 1)}


def test_files_of_another_log_are_emptied(small_lab: Lab, tmp_path: Path) -> None:
    new, state = small_lab, f"--state={tmp_path / 'state'}"
    old = Lab(new.bootstrap, f"{new.group}-old", tmp_path / "old")

    async def scenario() -> Durable:
        old.directory.mkdir()
        await old.create_topics()
        worker = old.start(state)
        await old.send(3_000, seed=1)
        await old.until_all_is_folded()
        assert stop(worker) == 0
        await new.send(2_000, seed=2)
        assert await asyncio.to_thread(new.start(state).wait, PATIENCE) != 0
        new.start(state)
        return await new.until_all_is_folded()

    assert asyncio.run(scenario()).totals == new.sent


def test_a_partition_that_only_time_changes_is_flushed(small_lab: Lab) -> None:
    lab = small_lab

    async def scenario() -> list[int]:
        worker = lab.start("--tick")
        before = await lab.until(lambda state: state.ticks > 3)
        kill(worker)
        lab.start("--tick")
        await lab.until(lambda state: state.ticks > before.ticks + 3)
        written = (await lab.read(lab.changelog))[0]
        return [int(record.value.split()[0]) for record in written if record.key == TICK]

    counts = asyncio.run(scenario())
    # The second worker went on where the first had been.
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"key-1", b"no number"), (b"refuse", b"1")],
    ids=["folding fails", "publishing fails"],
)
def test_a_worker_that_fails_crashes_and_writes_nothing(
    small_lab: Lab, key: bytes, value: bytes
) -> None:
    lab = small_lab

    async def scenario() -> Durable:
        await lab.send(1_000, seed=4)
        worker = lab.start()
        await lab.until_all_is_folded()
        await lab.send_one(key, value)
        assert await asyncio.to_thread(worker.wait, PATIENCE) != 0
        return await lab.durable()

    state = asyncio.run(scenario())
    assert state.totals == lab.sent
