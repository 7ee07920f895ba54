"""The brokers that the bench runs on, each fresh, and the processor time that they take."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.shell.embedded import EmbeddedBroker
from tests.integration.apache_kafka import ApacheKafka

Broker = EmbeddedBroker | ApacheKafka

BROKERS: dict[str, type[EmbeddedBroker | ApacheKafka]] = {
    "embedded": EmbeddedBroker,
    "apache-kafka": ApacheKafka,
}
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def broker(name: str) -> Broker:
    """Return a broker that is not started yet, for a ``with`` block."""
    return BROKERS[name]()


def cpu_seconds(pid: int | None) -> float:
    """Return the processor time, user and system, that a process took so far."""
    # The name, in brackets, may contain anything; the numbers come after it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
