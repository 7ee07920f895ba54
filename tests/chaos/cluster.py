"""A broker, and places for workers before it, each with hands of its own that break and mend it."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from monitor.shell.access import Access
from monitor.shell.child import LOOPBACK, ChildError
from monitor.shell.topics import check_topics
from tests.chaos.door import Door
from tests.chaos.load import PARTITIONS
from tests.integration.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.apache_kafka import ApacheKafka, Doorway

SESSION_SECONDS = 6
_FULL_AT_BYTES = 64 * 1024
# A broker that is never up for longer than clients take to find it proves nothing.
_OF_USE_SECONDS = 3


class Hands:
    """Does one thing after the other, while others go on with theirs."""

    def __init__(self) -> None:
        """Have nothing to do."""
        self._pool = ThreadPoolExecutor(1)
        self._works: list[Future[None]] = []

    @property
    def busy(self) -> bool:
        return not all(work.done() for work in self._works)

    def do(self, work: Callable[[], None]) -> None:
        """Do it when what was to be done before is done."""
        self._works.append(self._pool.submit(work))

    def wait(self) -> None:
        """Wait until everything is done; raise what went wrong in it."""
        for work in self._works:
            work.result()
        self._works.clear()

    def close(self) -> None:
        self._pool.shutdown()


class Place:
    """Where a worker runs, and another one when that has ended."""

    def __init__(self, number: int, doorway: Doorway, directory: Path, engine: str) -> None:
        """Nobody runs here yet, and nobody is wanted."""
        self.number = number
        self.wanted = False
        self.hands = Hands()
        self.deaths = 0
        self.statuses: list[int | None] = []
        self._door = Door(*doorway)
        self.worker = Worker(
            f"{LOOPBACK}:{doorway.outside}",
            "chaos",
            directory,
            partitions=PARTITIONS,
            state_engine=engine,
            session_timeout_seconds=SESSION_SECONDS,
        )

    def open(self) -> None:
        self._door.__enter__()

    def close(self) -> None:
        """End whatever is here."""
        self.hands.close()
        self.worker.kill()
        self._door.__exit__()

    def start(self) -> None:
        """Start a worker and wait for nothing."""
        self.wanted = True
        self.worker.start(awaited="")

    def watch_over(self) -> None:
        """Start the worker again if it has ended by itself, as an init system would."""
        if self.wanted and not self.hands.busy:
            try:
                self.worker.check()
            except ChildError:
                self.deaths += 1
                self.worker.kill()
                self.start()

    def suffer(self, kind: str, seconds: float) -> None:
        """Let a fault happen here."""
        happen: Callable[[float], None] = getattr(self, f"_{kind}")
        self.hands.do(lambda: happen(seconds))

    def _kill(self, seconds: float) -> None:
        self.worker.kill()
        time.sleep(seconds)
        self.start()

    def _roll(self, _seconds: float) -> None:
        self.statuses.append(self.worker.stop())
        self.start()

    def _leave(self, _seconds: float) -> None:
        self.wanted = False
        self.statuses.append(self.worker.stop())

    def _join(self, _seconds: float) -> None:
        self.start()

    def _freeze(self, seconds: float) -> None:
        self._signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(signal.SIGCONT)

    _nap = _freeze

    def _cut(self, seconds: float) -> None:
        self._door.slam()
        time.sleep(seconds)
        self._door.open()

    def _stall(self, seconds: float) -> None:
        self._door.hold()
        time.sleep(seconds)
        self._door.open()

    def _full(self, seconds: float) -> None:
        self._limit_files(_FULL_AT_BYTES)
        time.sleep(seconds)
        self._limit_files(resource.RLIM_INFINITY)

    def _signal(self, number: signal.Signals) -> None:
        if self.worker.pid is not None:
            os.kill(self.worker.pid, number)

    def _limit_files(self, most: int) -> None:
        if self.worker.pid is not None:
            hard = resource.RLIM_INFINITY
            resource.prlimit(self.worker.pid, resource.RLIMIT_FSIZE, (most, hard))


class Broker:
    """The broker, which goes away and comes back with its data."""

    def __init__(self, kafka: ApacheKafka) -> None:
        """It runs."""
        self.hands = Hands()
        self._kafka = kafka

    def suffer(self, kind: str, seconds: float) -> None:
        """Let a fault happen to it."""
        happen: Callable[[float], None] = getattr(self, f"_{kind}")
        self.hands.do(lambda: happen(seconds))

    def _hang(self, seconds: float) -> None:
        assert self._kafka.pid is not None
        os.kill(self._kafka.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(self._kafka.pid, signal.SIGCONT)

    def _crash(self, seconds: float) -> None:
        self._kafka.kill()
        time.sleep(seconds)
        self._return()

    def _bounce(self, seconds: float) -> None:
        # One that is hardly up waits for itself, for longer than anybody would.
        self._kafka.stop(grace_seconds=8)
        time.sleep(seconds)
        self._return()

    def _return(self) -> None:
        """Come back, and be of use again before anything else goes wrong here."""
        self._kafka.start()
        asyncio.run(check_topics(Access(self._kafka.bootstrap), PARTITIONS))
        time.sleep(_OF_USE_SECONDS)
