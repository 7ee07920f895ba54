"""`outcome-monitor ingest` with real brokers: what was answered 2xx is in Kafka, come what may."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import aiohttp
import pytest

from monitor.shell.child import LOOPBACK, ChildProcess, free_port
from monitor.shell.settings import PREFIX
from schemas.decode import CONVERSATIONS
from tests.adapters.told import records
from tests.integration.traffic import read_all
from tests.integration.worker import PARTITIONS
from tests.paths import ROOT

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from tests.integration.apache_kafka import ApacheKafka

SECRET = "a secret that only this test holds"  # pragma: allowlist secret
OLD_SECRET = "the secret that it held before"  # pragma: allowlist secret
BEARER = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/cloudevents+json"}
SENDERS = 8
KILLED_AFTER = 200
TIMES = int(os.environ.get("INGEST_KILLS", "3"))

FILE = """
port = {port}
body_seconds_max = 2
[sources.own]
mapping = "cloudevents"
signature = "bearer"
secrets = ["own.secret"]
rate = {rate}
[sources.signed]
mapping = "cloudevents"
signature = "github"
secrets = ["old.secret", "own.secret"]
rate = {rate}
[sources.desk]
mapping = "zendesk"
signature = "none"
rate = {rate}
"""


def file_with(more: str) -> str:
    """Give the gateway's file with more keys, and sources after them."""
    return FILE.replace("[sources", more + "\n[sources", 1)


class Gateway:
    """The gateway as a process of its own, on loopback."""

    def __init__(
        self,
        bootstrap: str,
        directory: Path,
        rate: int = 100_000,
        file: str = FILE,
        tls: ssl.SSLContext | None = None,
        **settings: object,
    ) -> None:
        self.port = free_port()
        self.directory = directory
        self.tls = tls
        (directory / "own.secret").write_text(SECRET)
        (directory / "old.secret").write_text(OLD_SECRET)
        (directory / "gateway.toml").write_text(file.format(port=self.port, rate=rate))
        self.process = ChildProcess(
            "the gateway",
            [sys.executable, "-m", "monitor.cli", "ingest", "gateway.toml"],
            is_ready=lambda: asyncio.run(self.status("/readyz")) == 200,
            log=directory / "gateway.log",
            environment=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                f"{PREFIX}KAFKA_BOOTSTRAP": bootstrap,
                f"{PREFIX}PARTITIONS": str(PARTITIONS),
            }
            | {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()},
        )

    def url(self, path: str) -> str:
        return f"http{'s' if self.tls else ''}://{LOOPBACK}:{self.port}{path}"

    async def status(self, path: str) -> int:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(self.url(path), ssl=self.tls or True) as answer,
            ):
                return answer.status
        except aiohttp.ClientError:
            return 0

    def __enter__(self) -> Self:
        self.process.start(within_seconds=60)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()


def event(id_: str) -> bytes:
    told = {
        "specversion": "1.0",
        "id": id_,
        "source": "own",
        "type": "cx.conversation.started.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": {"conversation_id": id_, "customer_ref": f"customer-{id_[-2:]}"},
    }
    return json.dumps(told).encode()


async def send_until(
    gateway: Gateway,
    ids: Iterator[str],
    taken: set[str],
    enough: int,
    then: Callable[[], None] = lambda: None,
) -> None:
    """Send from several senders until so many were taken, and then do what is asked for."""

    async def sender(session: aiohttp.ClientSession) -> None:
        for id_ in ids:
            try:
                async with session.post(
                    gateway.url("/v1/own"), data=event(id_), headers=BEARER
                ) as answer:
                    if answer.status == 200:
                        taken.add(id_)
            except (aiohttp.ClientError, ConnectionError):
                return
            if len(taken) >= enough:
                then()
                return

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(sender(session) for _ in range(SENDERS)))


def written(bootstrap: str) -> set[str]:
    kept = asyncio.run(read_all(bootstrap, CONVERSATIONS))
    return {json.loads(record.value or b"{}")["id"] for record in kept}


@pytest.mark.timeout(120 + 30 * TIMES)
def test_what_was_taken_is_in_kafka_though_the_gateway_is_killed(
    unused: str, tmp_path: Path
) -> None:
    ids = map(str, itertools.count())
    taken: set[str] = set()

    for number in range(TIMES):
        enough = len(taken) + KILLED_AFTER + 7 * number
        with Gateway(unused, tmp_path) as gateway:
            # The others are in the middle of their requests then.
            asyncio.run(send_until(gateway, ids, taken, enough, gateway.process.kill))

    assert len(taken) >= TIMES * KILLED_AFTER
    assert taken - written(unused) == set()


def test_while_kafka_is_away_senders_are_told_to_come_again(
    apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    ids = map(str, itertools.count(1_000_000))
    taken: set[str] = set()

    async def refused(gateway: Gateway) -> aiohttp.ClientResponse:
        async with (
            aiohttp.ClientSession() as session,
            session.post(gateway.url("/v1/own"), data=event("away"), headers=BEARER) as answer,
        ):
            return answer

    with Gateway(apache_kafka.bootstrap, tmp_path) as gateway:
        asyncio.run(send_until(gateway, ids, taken, enough=20))
        apache_kafka.kill()
        try:
            answer = asyncio.run(refused(gateway))
            unready = asyncio.run(gateway.status("/readyz"))
        finally:
            apache_kafka.start()
        # Nobody sends to a gateway that is not ready, so it must become so by itself.
        deadline = time.monotonic() + 60
        while asyncio.run(gateway.status("/readyz")) != 200 and time.monotonic() < deadline:
            pass
        asyncio.run(send_until(gateway, ids, taken, enough=len(taken) + 1))

    assert (answer.status, answer.headers["Retry-After"], unready) == (503, "5", 503)
    assert len(taken) > 20
    assert taken - written(apache_kafka.bootstrap) == set()


def test_a_gateway_ends_when_it_is_told_to_though_kafka_is_away(
    apache_kafka: ApacheKafka, tmp_path: Path
) -> None:
    async def status(gateway: Gateway) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(gateway.url("/v1/own"), data=event("away"), headers=BEARER) as answer,
        ):
            return answer.status

    with Gateway(apache_kafka.bootstrap, tmp_path) as gateway:
        apache_kafka.kill()
        try:
            refused = asyncio.run(status(gateway))
            ended = gateway.process.stop(grace_seconds=30)
        finally:
            apache_kafka.start()

    assert (refused, ended) == (503, 0)


def test_webhooks_come_out_as_events_under_hashed_references(unused: str, tmp_path: Path) -> None:
    async def deliver(gateway: Gateway) -> list[int]:
        async with aiohttp.ClientSession() as session:
            answers = []
            for record in records("zendesk"):
                async with session.post(gateway.url("/v1/desk"), json=record) as answer:
                    answers.append(answer.status)
            return answers

    with Gateway(unused, tmp_path) as gateway:
        assert set(asyncio.run(deliver(gateway))) == {200}
        assert gateway.process.stop(grace_seconds=30) == 0
    kept = asyncio.run(read_all(unused, CONVERSATIONS))

    assert {json.loads(record.value or b"")["subject"] for record in kept} == {"zendesk-4711"}
    assert {record.key for record in kept} == {b"zendesk:501"}
    assert len({record.partition for record in kept}) == 1


def test_large_bodies_and_slow_senders_cost_bounded_memory(unused: str, tmp_path: Path) -> None:
    async def slow(session: aiohttp.ClientSession, gateway: Gateway) -> int:
        over = asyncio.Event()

        async def body() -> object:  # an async generator
            yield b"{" * 1000
            await over.wait()

        async with session.post(gateway.url("/v1/own"), data=body(), headers=BEARER) as answer:
            over.set()
            return answer.status

    async def large(session: aiohttp.ClientSession, gateway: Gateway) -> int:
        async def body() -> object:
            for _ in range(160):
                yield b" " * 65_536

        try:
            async with session.post(gateway.url("/v1/own"), data=body(), headers=BEARER) as answer:
                return answer.status
        except (aiohttp.ClientError, ConnectionError):
            return 413  # It hung up while we sent.

    async def attack(gateway: Gateway) -> tuple[set[int], set[int]]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            slowly = asyncio.gather(*(slow(session, gateway) for _ in range(50)))
            loud = await asyncio.gather(*(large(session, gateway) for _ in range(40)))
            return set(await slowly), set(loud)

    with Gateway(unused, tmp_path) as gateway:
        pid = gateway.process.pid
        before = memory(pid)
        slowly, loud = asyncio.run(attack(gateway))
        grown = peak(pid) - before
        taken: set[str] = set()
        asyncio.run(send_until(gateway, iter(["after"]), taken, enough=1))

    assert (slowly, loud, taken) == ({408}, {413}, {"after"})
    # Forty bodies of ten megabytes were sent; at most one limit of each is ever held.
    assert grown < 90 * 1_048_576 + 32 * 1_048_576


def memory(pid: int | None, field: str = "VmRSS") -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024


def peak(pid: int | None) -> int:
    return memory(pid, "VmHWM")
