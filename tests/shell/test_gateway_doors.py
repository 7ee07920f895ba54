"""Connections behind TLS are counted from the moment in which they are accepted."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from monitor.shell.gateway_doors import Doors
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Made for these tests, for a hundred years; it opens nothing.
TLS = ROOT / "tests" / "data" / "tls"
LOOPBACK = "127.0.0.1"
MOST = 5
LONG = 3600.0


class Echo(asyncio.Protocol):
    """Says what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


def at_the_door(
    visit: Callable[[int], Awaitable[None]], seconds: float = LONG, most: int = MOST
) -> int:
    """Let somebody come to a server's port, and give how many had to leave."""
    dropped: list[None] = []

    async def run() -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
        doors = Doors(most, seconds, lambda: dropped.append(None))
        loop = asyncio.get_running_loop()
        server = await loop.create_server(doors.guarded(Echo, tls), LOOPBACK, 0)
        async with server, asyncio.timeout(60):
            await visit(server.sockets[0].getsockname()[1])

    asyncio.run(run())
    return len(dropped)


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=TLS / "cert.pem")


async def echoed(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trusting())
    writer.write(b"hello")
    heard = await reader.readexactly(5)
    writer.close()
    return heard


async def is_hung_up(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_who_never_greets_has_a_place_and_makes_room() -> None:
    async def visit(port: int) -> None:
        silent = [await asyncio.open_connection(LOOPBACK, port) for _ in range(10 * MOST)]
        assert await echoed(port) == b"hello"
        left = await asyncio.gather(*(is_hung_up(reader) for reader, _ in silent))

        # The oldest have left, and the one that greeted took another's place while it was there.
        assert left == [True] * (9 * MOST + 1) + [False] * (MOST - 1)
        for _, writer in silent:
            writer.close()

    assert at_the_door(visit) == 9 * MOST + 1


def test_who_never_greets_has_his_time() -> None:
    async def visit(port: int) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        assert await reader.read() == b""
        writer.close()

    assert at_the_door(visit, seconds=0.1) == 0


def test_who_hangs_up_or_speaks_plainly_gives_his_place_back() -> None:
    async def visit(port: int) -> None:
        for said in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01") * MOST:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.write(said)
            writer.write_eof()
            with suppress(ConnectionError):
                await reader.read()
            writer.close()
        for _ in range(MOST):
            with socket.create_connection((LOOPBACK, port)) as reset:
                await asyncio.sleep(0.01)
                reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for _ in range(2 * MOST):
            assert await echoed(port) == b"hello"

    assert at_the_door(visit) == 0


def test_what_comes_with_the_end_of_the_greeting_is_heard() -> None:
    def greet(port: int) -> bytes:
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        inside = trusting().wrap_bio(heard, said, server_hostname=LOOPBACK)
        with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
            while True:
                try:
                    inside.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    connection.sendall(said.read())
                    heard.write(connection.recv(65_536))
            inside.write(b"hello")
            connection.sendall(said.read())
            while True:
                with suppress(ssl.SSLWantReadError):
                    return inside.read(5)
                heard.write(connection.recv(65_536))

    async def visit(port: int) -> None:
        assert await asyncio.to_thread(greet, port) == b"hello"

    assert at_the_door(visit) == 0
