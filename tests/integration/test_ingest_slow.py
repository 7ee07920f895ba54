"""Senders who take their time hold no place of those who prove who they are."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import pytest

from monitor.shell.child import LOOPBACK
from monitor.shell.embedded import EmbeddedBroker
from tests.integration.test_ingest import BEARER, SECRET, Gateway, event, file_with, memory, peak

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

BYTE_SECONDS = 0.05
"""A slow sender sends a byte as often."""
AT_ONCE = 4
ELSEWHERE = "127.0.0.2"
MORE = f"requests_max = {AT_ONCE}\nconnections_max = 20"
HEAD = b"POST /v1/signed HTTP/1.1\r\nHost: gateway\r\n"
PROOF = b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"
LENGTH = b"Content-Length: 1000\r\n"
FIELD = b"X-Long: " + b"a" * 4000 + b"\r\n"


@pytest.fixture(scope="module")
def kafka() -> Iterator[str]:
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


async def slow(gateway: Gateway, begin: bytes, stop: asyncio.Event) -> bytes:
    """Send the beginning of a request and then a byte now and then; what was answered to it."""
    answer = b""
    reader, writer = await asyncio.open_connection(
        LOOPBACK, gateway.port, local_addr=(ELSEWHERE, 0)
    )
    try:
        writer.write(begin)
        while not stop.is_set():
            writer.write(b"a")
            try:
                async with asyncio.timeout(BYTE_SECONDS):
                    piece = await reader.read(1000)
            except TimeoutError:
                continue
            if not piece:
                break
            answer += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return answer


async def signed(session: aiohttp.ClientSession, gateway: Gateway, id_: str) -> int:
    body = event(id_)
    proof = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={proof}", "Content-Type": BEARER["Content-Type"]}
    async with session.post(gateway.url("/v1/signed"), data=body, headers=headers) as answer:
        return answer.status


async def beside(gateway: Gateway, beginnings: list[bytes]) -> tuple[set[int], list[bytes]]:
    """Answers to honest senders while slow ones come and go, and what these were answered."""
    stop = asyncio.Event()

    async def again(begin: bytes) -> list[bytes]:
        answers = []
        while not stop.is_set():
            answers.append(await slow(gateway, begin, stop))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BYTE_SECONDS)
        return answers

    # A connection for each request, as senders of webhooks have it.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        slowly = [asyncio.create_task(again(begin)) for begin in beginnings]
        answers = set()
        for number in range(100):
            answers.add(await signed(session, gateway, f"slow-{number}"))
        stop.set()
        return answers, [answer for each in slowly for answer in await each]


@pytest.mark.parametrize(
    ("begin", "answers"),
    [
        (HEAD + PROOF + LENGTH + b"\r\n", {b"", b"503", b"408"}),
        (HEAD + PROOF + b"Transfer-Encoding: chunked\r\n\r\n1\r\n", {b"", b"503", b"408", b"400"}),
        (HEAD + b"X-Slow: ", {b""}),
        (b"POST /", {b""}),
    ],
    ids=["body", "chunks", "head", "first line"],
)
def test_slow_senders_starve_nobody(
    kafka: str, tmp_path: Path, begin: bytes, answers: set[bytes]
) -> None:
    with Gateway(kafka, tmp_path, file=file_with(MORE)) as gateway:
        honest, slowly = asyncio.run(beside(gateway, [begin] * 60))

    assert honest == {200}
    assert {answer[9:12] for answer in slowly} <= answers


async def until_closed(act: Callable[[asyncio.Event], Awaitable[bytes]]) -> bytes:
    """Act until the other side closes; it has ten times as long as it should need."""
    async with asyncio.timeout(20):
        return await act(asyncio.Event())


@pytest.mark.parametrize(
    ("begin", "status"),
    [
        (b"POST /", b""),
        (HEAD + b"X-Slow: ", b""),
        (HEAD + PROOF + LENGTH + b"\r\n", b"408"),
    ],
    ids=["first line", "head", "body"],
)
def test_a_request_has_its_time_however_often_a_byte_of_it_comes(
    kafka: str, tmp_path: Path, begin: bytes, status: bytes
) -> None:
    with Gateway(kafka, tmp_path) as gateway:
        answer = asyncio.run(until_closed(lambda stop: slow(gateway, begin, stop)))

    assert answer[9:12] == status


def test_long_heads_cost_bounded_memory(kafka: str, tmp_path: Path) -> None:
    async def attack(gateway: Gateway) -> list[bytes]:
        stop = asyncio.Event()
        senders = [slow(gateway, HEAD + FIELD * 63, stop) for _ in range(200)]
        return await asyncio.gather(*senders)

    with Gateway(kafka, tmp_path, file=file_with("connections_max = 100")) as gateway:
        before = memory(gateway.process.pid)
        answers = asyncio.run(attack(gateway))
        grown = peak(gateway.process.pid) - before

    assert set(answers) == {b""}
    # Two hundred heads of a quarter of a megabyte came; a hundred of them are held at a time.
    assert grown < 100 * 2 * 63 * 4096 + 16 * 1_048_576
