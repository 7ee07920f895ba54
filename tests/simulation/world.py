"""One schedule: a broker, workers that come to grief, and what must hold whatever happens.

Everything runs in one event loop without a clock, and every choice is drawn from the seed, so a
seed is a schedule.
What must hold when the dust has settled, by the logs alone:

- the totals that recovery would read are those of a plain fold of the sources;
- every line was put out, exactly once to who reads committed records, where there are transactions;
- positions never step back, and neither do the generations of those who wrote them.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from aiokafka.errors import KafkaConnectionError

from monitor.shell.changelog import POSITION_KEY, Position
from tests.simulation.broker import (
    CHANGELOG,
    OUTPUTS,
    PARTITIONS,
    SOURCE,
    Broker,
    Entry,
    Fate,
    Group,
)
from tests.simulation.worker import KilledError, SimulatedWorker

if TYPE_CHECKING:
    from tests.simulation.faults import Faults

WORKERS = 2
WORKERS_MAX = 4
RECORDS = 40
KEYS = [b"a", b"b", b"c", b"d", b"e", b"f"]
RESTS_WITHIN_TURNS = 30_000


class ViolationError(AssertionError):
    """Something that must hold does not."""


class World:
    """A schedule."""

    def __init__(self, faults: Faults) -> None:
        """Nothing has happened yet."""
        self.faults = faults
        self.chance = random.Random(faults.seed)  # noqa: S311 - it hides nothing
        self.broker = Broker(lambda: self._unlucky(faults.lost_marks))
        self.group = Group(faults.standbys)
        self.running: dict[SimulatedWorker, asyncio.Task[None]] = {}
        self.calm = False
        self.undecided: list[Entry] = []
        self._names = itertools.count()

    async def run(self) -> None:
        """Live through it, and look at what is left.

        Raises:
            ViolationError: something that must hold does not.
        """
        # Tasks of the dead fail unheard.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        for _ in range(WORKERS):
            self._start()
        for _ in range(RECORDS):
            self._produce()
            for _ in range(self.chance.randrange(40)):
                await asyncio.sleep(0)
                self._step()
        await self._rest()
        for number in range(PARTITIONS):
            self._check(number)

    # What happens

    def _produce(self) -> None:
        log = self.broker.logs[SOURCE, self.chance.randrange(PARTITIONS)]
        entry = Entry(self.chance.choice(KEYS), b"", Fate.COMMITTED)
        log.append(entry)
        if self.chance.random() < self.faults.aborted_source:
            entry.fate = Fate.OPEN
            self.undecided.append(entry)
        elif self.chance.random() < self.faults.aborted_source:
            log.append(Entry(None, None, Fate.MARK))

    def _step(self) -> None:
        self._bury()
        chance, faults = self.chance, self.faults
        if self.undecided and chance.random() < 0.1:
            fate = chance.choice((Fate.COMMITTED, Fate.ABORTED))
            self.undecided.pop(0).fate = fate
        for worker in [worker for worker in self.running if worker.asleep]:
            if chance.random() < faults.wake:
                worker.asleep = False
            elif chance.random() < faults.expel:
                self.group.leave(worker.name)
        if chance.random() < faults.churn / 2 and len(self.running) < WORKERS_MAX:
            self._start()
        elif chance.random() < faults.churn / 2 and len(self.running) > 1:
            chance.choice(list(self.running)).stopping = True
        if not self.running:
            self._start()

    def _start(self) -> None:
        name = f"worker-{next(self._names)}"
        parts = (self.broker, self.group, self._turn, self.chance, self.faults, self._unlucky)
        worker = SimulatedWorker(name, *parts)
        self.running[worker] = asyncio.create_task(worker.run(), name=name)

    async def _turn(self, worker: SimulatedWorker) -> None:
        await asyncio.sleep(0)
        worker.dead |= self._unlucky(self.faults.crash)
        worker.asleep |= self._unlucky(self.faults.stop)
        while worker.asleep and not worker.dead:  # noqa: ASYNC110 - There is no clock.
            await asyncio.sleep(0)
        if worker.dead:
            raise KilledError

    def _unlucky(self, rate: float) -> bool:
        return not self.calm and self.chance.random() < rate

    def _bury(self) -> None:
        """Take note of those who have ended; only who was killed or told to may."""
        for worker, task in [each for each in self.running.items() if each[1].done()]:
            del self.running[worker]
            # A member that is gone is missed when its session has run out.
            self.group.leave(worker.name)
            error = task.exception()
            if error is not None and not worker.dead and not _is_a_lost_answer(error):
                raise ViolationError(f"{worker.name} failed by itself: {error!r}") from error
            if error is not None:
                self._start()

    async def _rest(self) -> None:
        """No more faults, until all is folded and durable."""
        self.calm = True
        for entry in self.undecided:
            entry.fate = Fate.COMMITTED
        for worker in self.running:
            worker.asleep = False
        for _ in range(RESTS_WITHIN_TURNS):
            await asyncio.sleep(0)
            self._bury()
            if not self.running:
                self._start()
            if all(self._is_folded(number) for number in range(PARTITIONS)):
                break
        else:
            raise ViolationError("it does not come to rest")
        await self._end()

    async def _end(self) -> None:
        for worker, task in self.running.items():
            worker.dead = True
            await asyncio.wait([task])
            task.exception()

    def _is_folded(self, number: int) -> bool:
        positions = [record for record in self._changelog(number) if record[0] == POSITION_KEY]
        if not positions:
            return False
        position = msgspec.msgpack.decode(positions[-1][1] or b"", type=Position)
        return position.next_offsets.get(SOURCE) == len(self.broker.logs[SOURCE, number])

    # What must hold

    def _changelog(self, number: int) -> list[tuple[bytes | None, bytes | None]]:
        return [(each.key, each.value) for each in self.broker.logs[CHANGELOG, number].committed()]

    def _check(self, number: int) -> None:
        folded: Counter[bytes] = Counter()
        lines = []
        for record in self.broker.logs[SOURCE, number].committed():
            assert record.key is not None
            folded[record.key] += 1
            lines.append(b"%s %d" % (record.key, folded[record.key]))
        _equal(f"totals of partition {number}", self._recovered(number), dict(folded))
        outputs = self.broker.logs[OUTPUTS, number].committed()
        put_out = Counter(record.value for record in outputs)
        if not self.faults.transactions:
            put_out = Counter(dict.fromkeys(put_out, 1))
        _equal(f"lines of partition {number}", dict(put_out), dict(Counter(lines)))

    def _recovered(self, number: int) -> dict[bytes, int]:
        """What a changelog says, read by the rule and not by the code that is tested."""
        state: dict[bytes, bytes | None] = {}
        tail: dict[bytes, bytes | None] = {}
        last = Position(next_offsets={}, epoch=-1)
        for key, value in self._changelog(number):
            assert key is not None
            if key != POSITION_KEY:
                tail[key] = value
                continue
            position = msgspec.msgpack.decode(value or b"", type=Position)
            reached, before = (each.next_offsets.get(SOURCE, 0) for each in (position, last))
            if reached < before or position.epoch < last.epoch:
                raise ViolationError(f"partition {number} stepped back: {last} then {position}")
            state |= tail
            tail.clear()
            last = position
        return {key: int(value) for key, value in state.items() if value is not None}


def _is_a_lost_answer(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_a_lost_answer(each) for each in error.exceptions)
    return isinstance(error, KafkaConnectionError)


def _equal(what: str, got: object, want: object) -> None:
    if got != want:
        raise ViolationError(f"{what}: got {got}, want {want}")


def live_through(faults: Faults) -> None:
    """Run one schedule.

    Raises:
        ViolationError: something that must hold does not.
    """
    logging.disable(logging.CRITICAL)
    try:
        asyncio.run(World(faults).run())
    finally:
        logging.disable(logging.NOTSET)
