"""The Faust settings that our transport and table need, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faust
from mode.supervisors import CrashingSupervisor
from yarl import URL

from monitor.shell.table import Tables
from monitor.shell.transport import SCHEME

if TYPE_CHECKING:
    from pathlib import Path

    from faust.types.auth import CredentialsT

    from monitor.shell.access import Access

# What every installation needs.
_SETTINGS: dict[str, Any] = {
    # Our own web server serves what Faust's would, and Faust's would listen everywhere.
    "web_enabled": False,
    # An agent that raised may have half applied a batch. A restarted agent would go on with the
    # next one; a restarted worker recovers the state before it.
    "agent_supervisor": CrashingSupervisor,
    # A source that has no state is read from its beginning.
    "consumer_auto_offset_reset": "earliest",
    # Records of one poll. Each poll is a way between two threads, and each batch that comes of it a
    # way through Faust, so there should be few. Agents get them in parts.
    "broker_max_poll_records": 4000,
    # Bytes that wait in the client for each partition, and so the most that a batch of many records
    # has. A single record above that comes alone, up to what the broker takes.
    "consumer_max_fetch_size": 1024 * 1024,
    # A broker that has just started tells of some topics later, and whoever leads the group then
    # deals partitions out without them, until it asks again.
    "consumer_metadata_max_age_ms": 10_000,
    # Counted in batches: what waits here is thrown away at every rebalance.
    "stream_buffer_maxsize": 16,
    # A rebalance and a shutdown wait for the batch that is being folded.
    "stream_wait_empty": True,
    # A worker that starts, or takes over, is waited for.
    "TableManager": Tables,
    # The table holds its state by itself.
    "store": "memory://",
    # It compares with an end offset that the embedded broker answers too low.
    "recovery_consistency_check": False,
    # We ask for no leader, so the topic that elects one would only lie about.
    "topic_disable_leader": True,
    # One flush of a partition is one batch where it fits. Kafka refuses batches above 1,048,588
    # bytes unless a topic says otherwise.
    "producer_max_batch_size": 1_000_000,
    # A dead letter carries the whole record that it is about, and the broker knows best what it
    # takes. This is what the client would refuse by itself.
    "producer_max_request_size": 32 * 1024 * 1024,
    # A flush already is a batch; waiting for more would only delay it.
    "producer_linger": 0.0,
}


def faust_app(  # noqa: PLR0913 - The settings that differ between installations.
    name: str,
    bootstrap: str,
    *,
    datadir: Path,
    credentials: CredentialsT | None = None,
    session_timeout: float = 20.0,
    commit_interval: float = 1.0,
    replicas: int = 1,
    standbys: int = 0,
    address: str | None = None,
) -> faust.App:
    """Make an app that uses the batch transport.

    Args:
        name: The app's id, which is also the consumer group and the prefix of changelog topics.
        bootstrap: ``host:port`` of one or more brokers, comma-separated.
        datadir: Where Faust keeps its files.
        credentials: For SASL or TLS, used by every client of the app.
        session_timeout: Seconds of silence after which the group takes a worker for dead. The
            embedded broker makes everyone who joins wait for half of it.
        commit_interval: Seconds between two flushes, and so the work repeated after a crash.
        replicas: Replication factor of the changelog.
        standbys: Workers that read each changelog along with its owner.
        address: The URL by which the group is told of this worker, each its own.
    """
    return faust.App(
        name,
        broker=[URL(f"{SCHEME}://{address.strip()}") for address in bootstrap.split(",")],
        broker_credentials=credentials,
        datadir=datadir,
        broker_session_timeout=session_timeout,
        broker_heartbeat_interval=session_timeout / 5,
        # A worker that does not answer holds up a rebalance no longer than this.
        broker_rebalance_timeout=max(30.0, session_timeout),
        # A write that a member began is given up before the group can have replaced the member.
        producer_request_timeout=session_timeout / 2,
        broker_commit_interval=commit_interval,
        topic_replication_factor=replicas,
        table_standby_replicas=standbys,
        canonical_url=address,
        **_SETTINGS,
    )


def credentials_of(access: Access) -> CredentialsT | None:
    """What lets all clients of a Faust app into Kafka."""
    context = access.security.get("ssl_context")
    if "sasl_mechanism" in access.security:
        return faust.SASLCredentials(
            username=access.security["sasl_plain_username"],
            password=access.security["sasl_plain_password"],
            mechanism=access.security["sasl_mechanism"],
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
