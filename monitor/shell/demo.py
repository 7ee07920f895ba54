"""``outcome-monitor demo``: the whole way of an event, from a broker to a scrape, on one machine.

It starts the embedded broker and a worker as children, plays the recorded journeys or somebody's
own log, and shows what it reads from the worker's own ``/metrics`` page. When it ends, however it
ends, so do they.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.core.moments import SECOND, seconds
from monitor.core.policy import Policy
from monitor.operator_error import FailureError
from monitor.shell.access import Access
from monitor.shell.board import Examples, board
from monitor.shell.child import LOOPBACK, ChildProcess, claimed, free_port
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.player import let_time_pass, load, play, send
from monitor.shell.scrape import reading_from, watermarks_from
from monitor.shell.settings import PREFIX, write_new_key
from monitor.shell.topics import FINDINGS, create_topics
from schemas.published import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from monitor.shell.player import Play

PARTITIONS = 4
_READY_WITHIN_SECONDS = 60
_PATIENCE_SECONDS = 120
# The embedded broker lets a group's first member wait for half of it.
_SESSION_SECONDS = 6
_WATCH_SECONDS = 0.5


class DemoError(FailureError):
    """The demo cannot go on. The message says why."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be chosen: what is played, how fast, and how often the board is printed."""

    own: Play | None
    """Somebody's own log; without it so many days of the recorded journeys in so many seconds."""
    days: float
    seconds: float
    board_every_seconds: float
    once: bool
    port: int


def run_demo(options: DemoOptions, console: Console) -> None:
    """Play the journeys; then, unless ``once``, go on until Ctrl-C.

    Raises:
        DemoError: the worker did not keep up.
        ChildError: broker or worker cannot be started, or ended by itself.
    """
    try:
        _run(options, console)
    except KeyboardInterrupt:
        console.print("Interrupted. Broker and worker have stopped.")
        raise
    console.print("Broker and worker have stopped.")


def _run(options: DemoOptions, console: Console) -> None:
    with contextlib.ExitStack() as children:
        directory = Path(
            children.enter_context(tempfile.TemporaryDirectory(prefix="outcome-monitor-demo-"))
        )
        with console.status("Starting the embedded Kafka-compatible broker"):
            broker = children.enter_context(EmbeddedBroker())
            asyncio.run(create_topics(Access(broker.bootstrap), PARTITIONS))
        port = claimed(options.port) if options.port else free_port()
        with console.status("Starting the worker"):
            worker = children.enter_context(_worker(broker.bootstrap, directory, port))
        page = f"http://{LOOPBACK}:{port}/"
        url = f"{page}metrics"
        console.print(f"Live page at {page}\nBroker at {broker.bootstrap}. Metrics at {url}")
        asyncio.run(_Show(options, console, broker, worker, url).run())


@contextlib.contextmanager
def _worker(bootstrap: str, directory: Path, port: int) -> Iterator[ChildProcess]:
    """A worker as a child."""
    key = directory / "hash.key"
    write_new_key(key)
    settings = {
        "KAFKA_BOOTSTRAP": bootstrap,
        "PARTITIONS": PARTITIONS,
        "HASH_KEY_FILE": key,
        "WEB_PORT": port,
        "DATA_DIR": directory / "data",
        "SESSION_TIMEOUT_SECONDS": _SESSION_SECONDS,
        "FLUSH_INTERVAL_SECONDS": 0.5,
        # The past is played fast: time passes by events and heartbeats, not by the clock.
        "IDLE_AFTER_SECONDS": 0,
    }
    child = ChildProcess(
        "the worker",
        [sys.executable, "-m", "monitor.cli", "worker"],
        is_ready=lambda: _page(f"http://{LOOPBACK}:{port}/readyz") is not None,
        log=directory / "worker.log",
        # Settings of another installation, which may be in our environment, are not for this one.
        environment={
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
        }
        | {PREFIX + name: str(value) for name, value in settings.items()},
    )
    try:
        child.start(within_seconds=_READY_WITHIN_SECONDS)
        yield child
    finally:
        child.stop(grace_seconds=15)


class _Show:
    """The demo while broker and worker run: play, look, sum up."""

    def __init__(
        self,
        options: DemoOptions,
        console: Console,
        broker: EmbeddedBroker,
        worker: ChildProcess,
        url: str,
    ) -> None:
        self._options = options
        self._console = console
        self._broker = broker
        self._worker = worker
        self._url = url
        self._policy = Policy()
        self._examples = Examples()

    async def run(self) -> None:
        """Play, printing the board every few seconds, then the summary."""
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [
                    tasks.create_task(self._watch_children()),
                    tasks.create_task(self._collect_examples()),
                ]
                await self._show()
                for task in background:
                    task.cancel()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def _show(self) -> None:
        own, days, lasts = self._options.own, self._options.days, self._options.seconds
        play_ = own or load(days, datetime.now(UTC))
        which = "your log" if own else f"{days:g} days in {lasts:g} seconds"
        self._console.print(f"Playing {len(play_.events):,} events of {which}. Ctrl-C ends it.")
        await self._play(play_)
        await self._wait_until_applied(play_.ends)
        await asyncio.sleep(1)  # for the last findings, which are published at a flush
        self._console.rule("Summary")
        await self._print_board()
        if not self._options.once:
            page = self._url.removesuffix("metrics")
            self._console.print(f"The live page stays at {page} until Ctrl-C.")
            await asyncio.Event().wait()

    async def _watch_children(self) -> None:
        while True:
            self._broker.check()
            self._worker.check()
            await asyncio.sleep(_WATCH_SECONDS)

    async def _play(self, play_: Play) -> None:
        producer = AIOKafkaProducer(
            **Access(self._broker.bootstrap).client, acks="all", linger_ms=20
        )
        # Event time runs behind by the allowed lateness; push it over the last event.
        over = play_.ends + timedelta(seconds=seconds(self._policy.lateness + SECOND))
        try:
            await producer.start()
            if self._options.own:
                await send(play_, producer, PARTITIONS, over)
            else:
                await self._play_slowly(play_, producer)
                await let_time_pass(producer, PARTITIONS, over)
        finally:
            await producer.stop()

    async def _play_slowly(self, play_: Play, producer: AIOKafkaProducer) -> None:
        columns = (TextColumn("Playing"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("play", total=1.0)
            printing = asyncio.create_task(self._print_boards())
            await play(
                play_,
                self._options.seconds,
                producer,
                PARTITIONS,
                lambda share: progress.update(task, completed=share),
            )
            printing.cancel()

    async def _print_boards(self) -> None:
        while True:
            await asyncio.sleep(self._options.board_every_seconds)
            await self._print_board()

    async def _print_board(self) -> None:
        page = await asyncio.to_thread(_page, self._url)
        if page is None:
            return
        at = min(watermarks_from(page).values(), default=None)
        self._console.print(board(reading_from(page), self._policy, self._examples, at))

    async def _wait_until_applied(self, until: datetime) -> None:
        marks: dict[int, float] = {}
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._console.status("Waiting for the worker to apply the last events"):
            while time.monotonic() < deadline:
                page = await asyncio.to_thread(_page, self._url)
                before, marks = marks, watermarks_from(page or "")
                if len(marks) == PARTITIONS and min(marks.values()) >= until.timestamp():
                    return
                if marks != before:
                    deadline = time.monotonic() + _PATIENCE_SECONDS
                await asyncio.sleep(_WATCH_SECONDS)
        raise DemoError(self._worker.obituary(f"applied nothing for {_PATIENCE_SECONDS} s"))

    async def _collect_examples(self) -> None:
        consumer = AIOKafkaConsumer(
            FINDINGS.name, **Access(self._broker.bootstrap).client, auto_offset_reset="earliest"
        )
        # A start that is interrupted has to be stopped as well.
        try:
            await consumer.start()
            async for record in consumer:
                self._examples.note(Finding.model_validate_json(record.value))
        finally:
            await consumer.stop()


def _page(url: str) -> str | None:
    """The page at a loopback address of ours; none while it is not to be had."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310  # http, and ours
            return str(response.read().decode())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None
