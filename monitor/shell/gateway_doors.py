"""Who is connected to the gateway, and who has to leave when one more comes.

Rule: who has proved nothing makes room for whoever comes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from monitor.shell.strangers import Strangers

if TYPE_CHECKING:
    from collections.abc import Callable


class Doors:
    """The open connections, by whether they have proved anything yet."""

    def __init__(self, connections_max: int, dropped: Callable[[], None]) -> None:
        """Keep so many open; ``dropped`` is called for each that is closed for it."""
        self._most = connections_max
        self._dropped = dropped
        self._strangers: Strangers[asyncio.BaseTransport] = Strangers()
        self._known: set[asyncio.BaseTransport] = set()

    def guarded(self, serve: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Stand in front of what serves a connection."""
        return lambda: _Guarded(self, serve())

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Let one in, and see another one out if there are too many."""
        self._strangers.add(transport, address_of(transport))
        if len(self._strangers) + len(self._known) > self._most:
            leaves = cast("asyncio.Transport", self._strangers.give_way())
            self._dropped()
            leaves.abort()

    def proved(self, transport: asyncio.BaseTransport | None) -> None:
        """Know that a request on this connection was proved."""
        if transport is not None and self._strangers.remove(transport):
            self._known.add(transport)

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection."""
        self._strangers.remove(transport)
        self._known.discard(transport)


def address_of(transport: asyncio.BaseTransport | None) -> str:
    """Tell where a connection comes from."""
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if peer else ""


class _Guarded(asyncio.Protocol):
    """Passes everything on, and says when a connection opens and closes."""

    def __init__(self, doors: Doors, inner: asyncio.Protocol) -> None:
        self._doors = doors
        self._inner = inner
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._inner.connection_made(transport)
        self._doors.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._doors.closed(self._transport)
        self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()
