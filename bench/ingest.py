"""What the gateway costs for each event, beside the same gateway when it has nothing to write.

    PYTHONPATH=. python bench/ingest.py

Senders of another process post for some seconds to a gateway in front of Apache Kafka: one event a
request, fifty a request, and records of which the mapping makes nothing. Prints, for each, user
and system time of the gateway's process for an event, what that comes to on one core, and what was
really taken in a second while senders, gateway and broker shared the machine.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from tests.integration.apache_kafka import ApacheKafka
from tests.integration.test_ingest import BEARER, Gateway, event

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
SENDERS = 32
BATCH = BEARER | {"Content-Type": "application/cloudevents-batch+json"}
_TICKS = os.sysconf("SC_CLK_TCK")
_IDS = map(str, itertools.count())


def cpu_seconds(pid: int | None) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def batch() -> bytes:
    """Fifty events."""
    return b"[" + b",".join(event(next(_IDS)) for _ in range(50)) + b"]"


def nothing() -> bytes:
    """A record of which the mapping makes no event; each is another one."""
    return json.dumps({"type": "zen:event-type:ticket.tags_changed", "id": next(_IDS)}).encode()


KINDS: dict[str, tuple[str, dict[str, str], Callable[[], bytes], int]] = {
    "one event": ("own", BEARER, lambda: event(next(_IDS)), 1),
    "fifty events": ("own", BATCH, batch, 50),
    "nothing to write": ("desk", {}, nothing, 1),
}


async def send(gateway: Gateway, kind: str) -> int:
    """Send for a while from many senders; how many events were taken."""
    path, headers, body, each = KINDS[kind]
    until = time.monotonic() + SECONDS
    taken = 0

    async def sender(session: aiohttp.ClientSession) -> None:
        nonlocal taken
        while time.monotonic() < until:
            async with session.post(
                gateway.url(f"/v1/{path}"), data=body(), headers=headers
            ) as answer:
                if not answer.ok:
                    sys.exit(f"{kind}: {answer.status} {await answer.text()}")
                taken += each

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(sender(session) for _ in range(SENDERS)))
    return taken


def main() -> None:
    """Measure each kind once, after a warm-up."""
    with (
        ApacheKafka() as broker,
        tempfile.TemporaryDirectory() as directory,
        Gateway(broker.bootstrap, Path(directory), rate=1_000_000) as gateway,
    ):
        asyncio.run(send(gateway, "one event"))
        for kind in KINDS:
            before = cpu_seconds(gateway.process.pid)
            taken = asyncio.run(send(gateway, kind))
            spent = cpu_seconds(gateway.process.pid) - before
            sys.stdout.write(
                f"{kind:17} {spent / taken * 1e6:7.1f} µs CPU an event, {taken / spent:8,.0f} on "
                f"one core; {taken / SECONDS:8,.0f} a second were taken\n"
            )


if __name__ == "__main__":
    main()
