"""What the transport and the table take from Faust, mode and aiokafka beyond their public face.

Each of these may change in any release. An upgrade that moves one fails here and says which,
instead of losing records in a rebalance. Read the caller again before you change a line.
"""

# Private members are what this file is about.
# ruff: noqa: SLF001
from __future__ import annotations

import asyncio
import inspect
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.consumer.fetcher import Fetcher, FetchResult
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import Assignment, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from faust.app.base import App
from faust.app.router import Router
from faust.assignor.partition_assignor import PartitionAssignor
from faust.serializers.schemas import Schema
from faust.tables.base import Collection
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport import consumer as stock
from faust.transport.drivers import TRANSPORTS, by_url
from faust.transport.drivers import aiokafka as driver
from mode.services import Service
from mode.supervisors import CrashingSupervisor
from mode.threads import QueueServiceThread
from mode.utils.queues import FlowControlEvent
from yarl import URL

from monitor.shell.transport import SCHEME, BatchTransport, recovery_of

SIGNATURES: list[tuple[Any, str, str]] = [
    # Overridden: the driver must still call them, and call them like this.
    (driver.AIOKafkaConsumerThread, "__post_init__", ""),
    (
        driver.AIOKafkaConsumerThread,
        "_fetch_records",
        "consumer active_partitions timeout max_records",
    ),
    (driver.AIOKafkaConsumerThread, "_commit", "offsets"),
    (driver.AIOKafkaConsumerThread, "_create_worker_consumer", "transport"),
    (driver.AIOKafkaConsumerThread, "_seek_wait", "consumer partitions"),
    (driver.AIOKafkaConsumerThread, "on_partitions_assigned", "assigned generation_id"),
    (driver.AIOKafkaConsumerThread, "seek", "partition offset"),
    (driver.AIOKafkaConsumerThread, "seek_to_committed", ""),
    (driver.Consumer, "_new_consumer_thread", ""),
    (driver.Consumer, "_drain_messages", "fetcher"),
    (driver.Consumer, "_commit_tps", "tps start_new_transaction"),
    (driver.Consumer, "on_buffer_full", "tp"),
    (driver.Consumer, "on_partitions_assigned", "assigned generation_id"),
    (driver.Consumer, "on_partitions_revoked", "revoked"),
    (driver.Consumer, "perform_seek", ""),
    (driver.Consumer, "resume_flow", ""),
    (driver.Consumer, "seek_wait", "partitions"),
    (driver.Producer, "_settings_extra", ""),
    (driver.Producer, "on_start", ""),
    (TableManager, "on_start", ""),
    (Schema, "compile", "app on_key_decode_error on_value_decode_error default_propagate"),
    (Collection, "apply_changelog_batch", "batch"),
    (Collection, "on_changelog_event", "event"),
    (Collection, "on_rebalance", "assigned revoked newly_assigned generation_id"),
    (Collection, "on_recovery_completed", "active_tps standby_tps"),
    (Collection, "persisted_offset", "tp"),
    (CrashingSupervisor, "_contribute_to_service", "service"),
    # Called.
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", ""),
    (driver.AIOKafkaConsumerThread, "assignment", ""),
    (driver.AIOKafkaConsumerThread, "highwater", "tp"),
    (QueueServiceThread, "call_thread", "fun args kwargs"),
    (driver.Consumer, "_commit_offsets", "offsets start_new_transaction"),
    (driver.Consumer, "_get_active_partitions", ""),
    (driver.Consumer, "_is_changelog_tp", "tp"),
    (driver.Consumer, "_should_commit", "tp offset"),
    (driver.Consumer, "_wait_next_records", "timeout"),
    (driver.Consumer, "earliest_offsets", "partitions"),
    (driver.Producer, "_ensure_producer", ""),
    (driver.Producer, "_settings_auth", ""),
    (driver.Producer, "_settings_default", ""),
    (GroupCoordinator, "_send_req", "request"),
    (GroupCoordinator, "request_rejoin", ""),
    (Assignment, "state_value", "tp"),
    (PartitionAssignor, "assigned_actives", ""),
    (PartitionAssignor, "assigned_standbys", ""),
    (Router, "table_metadata", "table_name"),
    (Service, "wait_first", "coros timeout"),
    (
        OffsetCommitRequest,
        "__init__",
        "consumer_group consumer_group_generation_id consumer_id retention_time topics",
    ),
    (
        FetchRequest,
        "__init__",
        "max_wait_time min_bytes max_bytes isolation_level topics rack_id",
    ),
    (OffsetRequest, "__init__", "replica_id isolation_level topics"),
    (AIOKafkaClient, "force_metadata_update", ""),
    (AIOKafkaClient, "send", "node_id request group"),
    (ClusterMetadata, "leader_for_partition", "partition"),
    (AIOKafkaConsumer, "highwater", "partition"),
    (AIOKafkaConsumer, "last_poll_timestamp", "partition"),
    (AIOKafkaConsumer, "seek", "partition offset"),
    (AIOKafkaProducer, "abort_transaction", ""),
    (AIOKafkaProducer, "begin_transaction", ""),
    (AIOKafkaProducer, "commit_transaction", ""),
    (AIOKafkaProducer, "create_batch", ""),
    (AIOKafkaProducer, "send", "topic value key partition timestamp_ms headers"),
    (AIOKafkaProducer, "send_batch", "batch topic partition"),
    (TransactionManager, "maybe_add_partition_to_txn", "tp"),
    (BatchBuilder, "append", "timestamp key value headers"),
    (BatchBuilder, "record_count", ""),
]


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    SIGNATURES,
    ids=[f"{owner.__name__}.{name}" for owner, name, _ in SIGNATURES],
)
def test_a_method_we_rely_on_is_there_and_takes_what_it_took(
    owner: type, name: str, parameters: str
) -> None:
    names = list(inspect.signature(getattr(owner, name)).parameters)
    assert " ".join(names[1:]) == parameters


@pytest.mark.parametrize(
    ("function", "steps"),
    [
        pytest.param(
            # The gate opens in resume_flow, if perform_seek came before it.
            Recovery.on_recovery_completed,
            [
                "table.on_recovery_completed(",
                "consumer_generation_id != generation_id",
                "consumer.perform_seek()",
                "flow_control.resume()",
                "consumer.resume_flow()",
                "on_rebalance_end()",
            ],
            id="a rebalance ends with recovery, seek, flow",
        ),
        pytest.param(
            # The table sets the offset back in on_changelog_event.
            Recovery._slurp_changelogs.fun,
            [
                "offsets[tp] = offset",
                "await table.on_changelog_event(event)",
                "await _maybe_signal_recovery_end()",
            ],
            id="recovery notes an offset before it shows the batch",
        ),
        pytest.param(
            # Ours does the same without the sleep.
            TableManager.on_start,
            ["self.sleep(1.0)", "self._update_channels()", "self.recovery.start()"],
            id="tables sleep, subscribe to changelogs, recover",
        ),
        pytest.param(
            # Which partitions are ours is known before recovery is told the generation.
            TableManager.on_rebalance,
            ["table.on_rebalance)(", "self.recovery.on_rebalance)("],
            id="tables hear of a rebalance before recovery",
        ),
        pytest.param(
            Recovery.on_rebalance,
            ["self.add_active(table, tp)", "self._generation_id = generation_id"],
            id="recovery notes the generation last",
        ),
        pytest.param(
            # Else the thread would stamp a batch with the wrong generation.
            driver.ConsumerRebalanceListener.on_partitions_assigned,
            ["app.consumer_generation_id = generation", "thread.on_partitions_assigned("],
            id="the generation is known before partitions are assigned",
        ),
        pytest.param(
            # What was folded is flushed before a stop leaves the group.
            App._stop_consumer,
            ["stop_flow()", "_consumer_wait_empty(", "tables.stop()"],
            id="a stop waits for the running batch, then stops the tables",
        ),
        pytest.param(
            App._on_partitions_revoked,
            ["stop_flow)()", "flow_control.clear)()", "_consumer_wait_empty)("],
            id="a revocation waits for the running batch",
        ),
        pytest.param(
            stock.Fetcher._fetcher.fun,
            ["consumer._drain_messages(self)"],
            id="the fetcher drains the consumer",
        ),
        pytest.param(
            FlowControlEvent.resume,
            ["self._resume.set()", "self.clear()"],
            id="resuming the flow throws away what was queued",
        ),
        pytest.param(
            # What cannot be read is still there when the error has come.
            Fetcher.fetched_records,
            [".getall(max_records)", "not res_or_error.has_more()", "drained[tp] = records"],
            id="the client drops a run after it has read it",
        ),
        pytest.param(
            # So it can be told between construction and start.
            AIOKafkaConsumer.start,
            [
                "fetch_min_bytes=self._fetch_min_bytes",
                "fetch_max_wait_ms=self._fetch_max_wait_ms",
                "isolation_level=self._isolation_level",
            ],
            id="the client is told at its start when a fetch ends and which records count",
        ),
        pytest.param(
            # So we find where it stands, if all that it found were marks of transactions.
            FetchResult.getall,
            ["self._update_position()", "return ret_list"],
            id="the client moves its position past what holds no record",
        ),
        pytest.param(
            # So what an owner before us had begun is decided when recovery asks for the end.
            Recovery._restart_recovery.fun,
            ["self._build_highwaters)(", "self._seek_offsets)("],
            id="recovery asks for the end after tables have heard of the rebalance",
        ),
        pytest.param(
            # The table reads along with all of them, and none is a source.
            Recovery._restart_recovery.fun,
            ["consumer.pause_partitions)(active_tps)", "consumer.resume_partitions)(standby_tps)"],
            id="changelogs of standbys are read on, those of owned partitions are not",
        ),
        pytest.param(
            # So where a standby stands is where its partition is recovered from.
            Recovery._add,
            ["table.persisted_offset(tp)", "offsets[tp] = persisted_offset"],
            id="recovery begins where the table says it stands",
        ),
        pytest.param(
            # So the table asks for two.
            Recovery._restart_recovery.fun,
            ["recovery_buffer_size == 1"],
            id="a recovery buffer of one means to read for ever",
        ),
    ],
)
def test_faust_still_does_one_thing_after_the_other(function: Any, steps: list[str]) -> None:
    source = inspect.getsource(function)
    places = [source.find(step) for step in steps]
    assert -1 not in places, f"gone: {steps[places.index(-1)]}"
    assert places == sorted(places)


def test_the_attributes_we_rely_on_are_there() -> None:
    async def scenario() -> None:
        app = faust.App("internals", broker=f"{SCHEME}://localhost", web_enabled=False)
        consumer: Any = app.consumer
        recovery = recovery_of(app)
        assert consumer.flow_active is True
        assert consumer.suspend_flow.is_set() is False
        assert callable(consumer.callback)
        assert consumer._acked == consumer._acked_index == {}
        assert recovery.active_highwaters == recovery.active_offsets == {}
        assert recovery.standby_offsets == {}
        assert TopicPartitionState(None).has_valid_position is False
        assert recovery.signal_recovery_start.is_set() is False
        assert recovery._generation_id == 0
        assert faust.Worker(app).spinner is not None
        assert app.consumer_generation_id == 0
        assert app.topics.acks_enabled_for("any") is False
        consumer._thread.thread_loop.close()

    asyncio.run(scenario())
    assert driver.DEFAULT_GENERATION_ID == -1


def test_the_scheme_finds_the_transport() -> None:
    assert SCHEME in TRANSPORTS.aliases
    assert by_url(URL(f"{SCHEME}://localhost")) is BatchTransport
