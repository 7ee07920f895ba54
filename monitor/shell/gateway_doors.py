"""Who is connected to the gateway, and who has to leave when one more comes.

Rule: who has proved nothing makes room for whoever comes, and has to prove something soon.

Who has proved something may rest for longer than proxies keep their connections: one that is
closed in the moment in which it is used again loses a request.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from monitor.shell.strangers import Strangers

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Doors:
    """The open connections, by whether they have proved anything yet."""

    def __init__(
        self, connections_max: int, stranger_seconds: float, dropped: Callable[[], None]
    ) -> None:
        """Keep so many open; ``dropped`` is called for each that is closed for another one."""
        self.stranger_seconds = stranger_seconds
        self._most = connections_max
        self._dropped = dropped
        self._strangers: Strangers[asyncio.BaseTransport] = Strangers()
        self._busy: set[asyncio.BaseTransport] = set()
        self._resting: dict[asyncio.BaseTransport, None] = {}

    def guarded(
        self, serve: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None
    ) -> Callable[[], asyncio.Protocol]:
        """Stand in front of what serves a connection, and behind TLS if there is a certificate."""
        return lambda: _Guarded(self, serve(), tls)

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Let one in, and see another one out if there are too many."""
        self._strangers.add(transport, address_of(transport))
        if len(self._strangers) + len(self._busy) + len(self._resting) > self._most:
            is_alone = len(self._strangers) == 1
            rested = next(iter(self._resting), None) if is_alone else None
            self._see_out(rested or self._strangers.give_way())
            self._dropped()

    def greeted(self, transport: asyncio.BaseTransport, inside: asyncio.BaseTransport) -> None:
        """Know somebody by what is inside of TLS from now on."""
        if self._strangers.remove(transport):
            self._strangers.add(inside, address_of(inside))

    def expired(self, transport: asyncio.BaseTransport) -> None:
        """See one out who has proved nothing in his time."""
        if transport in self._strangers:
            self._see_out(transport)

    def proved(self, transport: asyncio.BaseTransport | None) -> None:
        """Know that a request on this connection was proved, and is worked on."""
        if transport is not None and (
            self._strangers.remove(transport) or self._resting.pop(transport, transport) is None
        ):
            self._busy.add(transport)

    def answered(self, transport: asyncio.BaseTransport | None) -> None:
        """Know that the request was answered."""
        if transport in self._busy:
            self._busy.discard(transport)
            self._resting[transport] = None

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection."""
        self._strangers.remove(transport)
        self._busy.discard(transport)
        self._resting.pop(transport, None)

    def _see_out(self, transport: asyncio.BaseTransport | None) -> None:
        leaves = cast("asyncio.Transport", transport)
        self.closed(leaves)
        leaves.abort()


def address_of(transport: asyncio.BaseTransport | None) -> str:
    """Tell where a connection comes from."""
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if peer else ""


class _Guarded(asyncio.Protocol):
    """Passes everything on, and says when a connection opens and closes.

    It opens when it is accepted: whoever is slow with the handshake of TLS has a place as well.
    """

    def __init__(self, doors: Doors, inner: asyncio.Protocol, tls: ssl.SSLContext | None) -> None:
        self._doors = doors
        self._inner = inner
        self._tls = tls
        self._transport: asyncio.BaseTransport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._greeting: asyncio.Task[None] | None = None
        self._is_inside = False
        self._early = b""
        """What came with the end of the handshake."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        loop = asyncio.get_running_loop()
        self._transport = transport
        self._deadline = loop.call_later(self._doors.stranger_seconds, self._expire)
        self._doors.opened(transport)
        if self._tls is None:
            self._enter(transport)
        else:
            greeting = self._greet(cast("asyncio.Transport", transport), self._tls)
            self._greeting = loop.create_task(greeting)

    async def _greet(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        if transport.is_closing():
            return
        inside = None
        with suppress(OSError):  # ssl.SSLError is one, and so is TimeoutError.
            loop = asyncio.get_running_loop()
            inside = await loop.start_tls(transport, self, tls, server_side=True)
        if inside is None or inside.is_closing():
            self.connection_lost(None)
            return
        self._doors.greeted(transport, inside)
        self._transport = inside
        self._enter(inside)
        if self._early:
            self._inner.data_received(self._early)
            self._early = b""

    def _enter(self, transport: asyncio.BaseTransport) -> None:
        self._is_inside = True
        self._inner.connection_made(transport)

    def _expire(self) -> None:
        if self._transport is not None:
            self._doors.expired(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._transport is not None:
            self._doors.closed(self._transport)
        if self._is_inside:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_inside:
            self._inner.data_received(data)
        else:
            self._early += data

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._is_inside else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
