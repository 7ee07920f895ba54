"""The worker: a Faust app that folds three topics into outcomes. Wiring only.

One batch of records goes this way: ``track`` takes it, the partition folds each record, the table
notes the new position. At the next flush what the partition put out is published, then its
changes and the position are written to the changelog, then the offsets are committed.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, NoReturn, cast
from uuid import uuid4

import faust

from monitor.core.moments import SECOND, datetime_of
from monitor.core.snapshot import restore
from monitor.shell import log
from monitor.shell.access import access_of
from monitor.shell.benchmarks import Benchmarks
from monitor.shell.disk_store import Directory
from monitor.shell.faust_settings import credentials_of, faust_app
from monitor.shell.garbage import collect_seldom
from monitor.shell.inquiry import Inquiry
from monitor.shell.labels import Shown
from monitor.shell.lag import Lag
from monitor.shell.metrics import Distance, Exposition
from monitor.shell.partition import OwnedPartition
from monitor.shell.publish import Publisher
from monitor.shell.settings import PREFIX, SettingsError
from monitor.shell.silence import AT_ONCE, STEP_SECONDS, UNWRITTEN_MAX, Silence
from monitor.shell.store import MemoryStore, StoreError, Stores
from monitor.shell.table import Callbacks, SessionTable
from monitor.shell.topics import (
    INPUTS,
    OUTPUTS,
    TABLE,
    changelog_of,
    notes_of,
    partition_of,
    see_to_topics,
)
from monitor.shell.transport import BatchSchema, batches
from monitor.shell.web import Web, address_of, listen_as_set
from monitor.shell.web_access import pages_tls, proof_of
from monitor.shell.web_api import Api
from monitor.shell.web_feed import Feed
from monitor.shell.web_group import Group
from monitor.shell.web_guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from socket import socket
    from ssl import SSLContext

    from faust.types import StreamT
    from prometheus_client.registry import Collector

    from monitor.core.policy import Policy
    from monitor.core.tracker import Tracker
    from monitor.shell.past import Past
    from monitor.shell.settings import Settings
    from monitor.shell.store import Store
    from monitor.shell.transport import BatchConsumer, RecordBatch

SOURCES = tuple(topic.name for topic in INPUTS)
_TICK_SECONDS = 1.0


class OutcomeWorker:
    """One worker: its Faust app, its table and its pages."""

    def __init__(self, settings: Settings, policy: Policy, listener: socket) -> None:
        """Wire the parts; nothing runs before ``run``."""
        self._settings = settings
        self._policy = policy
        self._access = access_of(settings)
        tls = pages_tls(settings)
        self.app = faust_app(
            settings.group,
            settings.kafka_bootstrap,
            datadir=settings.data_dir,
            credentials=credentials_of(self._access),
            session_timeout=settings.session_timeout_seconds,
            commit_interval=settings.flush_interval_seconds,
            replicas=settings.replication_factor,
            standbys=settings.standbys,
            address=settings.web_url or address_of(listener, "https" if tls else "http"),
        )
        self._notes = notes_of(settings.group).name
        publisher = Publisher(self.app, settings.hash_key(), self._notes, settings.partitions)
        self.table = SessionTable(
            self.app,
            name=TABLE,
            sources=(*SOURCES, self._notes),
            callbacks=Callbacks(
                restore=self._restore,
                take_outputs=lambda partition: publisher.take(cast("OwnedPartition", partition)),
                after_flush=lambda partition: publisher.post(cast("OwnedPartition", partition)),
            ),
            stores=Stores(_engine(settings)),
            partitions=settings.partitions,
            outputs=tuple(topic.name for topic in OUTPUTS),
            # A member that only sleeps for a while keeps what it has begun.
            transaction_timeout=max(
                settings.transaction_timeout_seconds, settings.session_timeout_seconds
            ),
        )
        self._silence = Silence(self.table, SOURCES, settings.idle_after_seconds)
        self.app.agent(self._source(), name="track")(self._track)
        self.app.task(self._pass_time)
        self._lag = Lag(self.table.caught_up_at)
        self._web = self._pages(listener, tls)
        self.app.on_partitions_revoked.connect(self._tell_of_a_rebalance)
        self.app.on_before_shutdown.connect(self._tell_of_the_end)

    def _pages(self, listener: socket, tls: SSLContext | None) -> Web:
        settings, policy, proof = self._settings, self._policy, proof_of(self._settings)
        shown = Shown(settings.label_values, settings.label_values_max)
        exposition = Exposition(
            policy,
            self._owned,
            *self._collectors(),
            shown=shown,
            hash_key=settings.hash_key(),
        )
        partitions = settings.partitions
        inquiry = Inquiry(
            self._trackers, self._owners, partitions, settings.hash_key(), proof, self._pasts
        )
        group = Group(policy, self._trackers, self._owners, self._lags, partitions, shown, proof)
        api = Api(group, Feed(self._access), inquiry)
        certified = settings.web_client_ca_file is not None
        guard = Guard(proof.token, settings.web_url, certified=certified)
        return Web(exposition, lambda: self.table.ready, inquiry, listener, guard, api, tls)

    def _collectors(self) -> list[Collector]:
        collectors: list[Collector] = [Distance(self._settings.partitions, self._lags)]
        if self._settings.benchmarks_file is not None:
            collectors.append(Benchmarks(self._settings.benchmarks_file))
        return collectors

    def run(self) -> NoReturn:
        """Run until SIGINT or SIGTERM, then exit with 0."""
        worker = faust.Worker(self.app, self._web, quiet=True, override_logging=False)
        # It writes control characters to stdout, also where there is no terminal.
        worker.spinner = None
        worker.execute_from_commandline()

    def _source(self) -> faust.types.TopicT:
        return self.app.topic(
            *sorted(self.table.sources), schema=BatchSchema(), partitions=self._settings.partitions
        )

    def _restore(self, number: int, store: Store) -> OwnedPartition:
        partitions = self._settings.partitions
        tracker = restore(
            self._policy,
            store,
            owns=lambda reference: partition_of(reference, partitions) == number,
            sender=f"{number}-{uuid4().hex}",
            hot_max=self._settings.hot_customers,
        )
        tracker.at_once = AT_ONCE
        reached = datetime_of(tracker.watermark).isoformat() if tracker.watermark else "not begun"
        log.operator.info(
            "partition %s recovered: %s customers, event time %s",
            *(number, len(tracker.customers), reached),
        )
        return OwnedPartition(tracker)

    async def _tell_of_a_rebalance(self, *_: object, **__: object) -> None:
        owned = ", ".join(map(str, sorted(self.table.owned)))
        if owned:
            log.operator.info("rebalance: the group decides anew about partitions %s", owned)

    async def _tell_of_the_end(self, *_: object, **__: object) -> None:
        log.operator.info("stopping: writing what was read")

    async def _track(self, stream: StreamT[RecordBatch]) -> None:
        async for batch in batches(stream):
            partition = self._partition(batch.partition)
            known = self.table.next_offset(batch.topic, batch.partition)
            received_at = int(time.time() * SECOND)
            take = partition.take if batch.topic == self._notes else partition.fold
            for record in batch.records:
                if record.offset >= known:
                    if partition.is_behind:
                        await self._catch_up(partition, batch, record.offset)
                    take(record, received_at)
            await self._catch_up(partition, batch, batch.offset + 1)
            if not self._has(batch.partition, partition):
                # We were expelled meanwhile: it is read again by whoever owns its partition.
                continue
            self.table.applied(batch)
            if batch.records:
                self._lag.read(batch.topic, batch.partition, batch.records[-1].timestamp / 1000)
            self._silence.broken(batch.tp)

    async def _catch_up(
        self, partition: OwnedPartition, batch: RecordBatch, following: int
    ) -> None:
        """Decide in steps what a record's leap in time has made due, and have it written between.

        A leap that a crash has cut short is gone on with before the first record.
        """
        while partition.is_behind and self._has(batch.partition, partition):
            # A flush leaves out what is in hand, so nothing sees half of a batch.
            await asyncio.sleep(0)
            if partition.unwritten >= UNWRITTEN_MAX and self._has(batch.partition, partition):
                self.table.applied(batch, before=following)
                await self._consumer.lay_down(batch, lambda: partition.unwritten < UNWRITTEN_MAX)
            partition.catch_up()

    @property
    def _consumer(self) -> BatchConsumer:
        return cast("BatchConsumer", self.app.consumer)

    async def _pass_time(self) -> None:
        """Let event time pass where there is no traffic that would carry it."""
        while not self.app.should_stop:
            there_is_more = self._silence.pass_time(self._owned())
            # As long as it took, for whatever else there is to do.
            await self.app.sleep(STEP_SECONDS if there_is_more else _TICK_SECONDS)

    def _has(self, number: int, partition: OwnedPartition) -> bool:
        return number in self.table.owned and self._partition(number) is partition

    def _partition(self, number: int) -> OwnedPartition:
        return cast("OwnedPartition", self.table.partition(number))

    def _owned(self) -> Mapping[int, OwnedPartition]:
        return {number: self._partition(number) for number in self.table.owned}

    def _trackers(self) -> Mapping[int, Tracker]:
        return {number: self._partition(number).tracker for number in self.table.owned}

    def _pasts(self) -> Mapping[int, Past]:
        return {number: partition.past for number, partition in self._owned().items()}

    def _lags(self) -> Mapping[tuple[str, int], float]:
        return self._lag.seconds(SOURCES, self.table.owned)

    def _owners(self) -> dict[int, str]:
        """The address of each partition's owner, as the last rebalance left it."""
        hosts = self.app.router.table_metadata(self.table.name)
        topic = self.table.changelog_topic_name
        return {number: str(url) for url, owned in hosts.items() for number in owned.get(topic, ())}


def run_worker(settings: Settings, policy: Policy) -> NoReturn:
    """Create the topics if wanted, then run a worker until it is told to stop, and exit.

    Raises:
        SettingsError: a setting names something that is not there, or not ours to use.
        TopicError: a topic is not as it must be.
    """
    _make_directory(settings)
    worker = OutcomeWorker(
        settings, policy, listen_as_set(settings.web_host, settings.web_port, PREFIX)
    )
    log.set_up(settings.log_level)
    topics = [*INPUTS, *OUTPUTS, notes_of(settings.group)]
    if settings.create_topics:
        topics.append(changelog_of(settings.group))
    asyncio.run(see_to_topics(settings, topics))
    collect_seldom()
    worker.run()


def _engine(settings: Settings) -> Callable[[int], Store]:
    if settings.state_engine == "memory":
        return lambda _number: MemoryStore()
    directory = settings.data_dir / "state" / settings.group
    try:
        return Directory(directory).open
    except StoreError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR: {error}") from None


def _make_directory(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR: {settings.data_dir}: {error.strerror}") from None
