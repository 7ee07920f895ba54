"""Who is connected to the gateway, and who has to leave when one more comes.

Rule: who has proved nothing makes room for whoever comes, and has to prove something soon.

Who has proved something may rest for longer than proxies keep their connections: one that is
closed in the moment in which it is used again loses a request.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from monitor.shell.strangers import Strangers

if TYPE_CHECKING:
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

    def guarded(self, serve: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Stand in front of what serves a connection."""
        return lambda: _Guarded(self, serve())

    def opened(self, transport: asyncio.BaseTransport) -> None:
        """Let one in, and see another one out if there are too many."""
        self._strangers.add(transport, address_of(transport))
        if len(self._strangers) + len(self._busy) + len(self._resting) > self._most:
            is_alone = len(self._strangers) == 1
            rested = next(iter(self._resting), None) if is_alone else None
            self._see_out(rested or self._strangers.give_way())
            self._dropped()

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
    """Passes everything on, and says when a connection opens and closes."""

    def __init__(self, doors: Doors, inner: asyncio.Protocol) -> None:
        self._doors = doors
        self._inner = inner
        self._transport: asyncio.BaseTransport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._inner.connection_made(transport)
        self._deadline = asyncio.get_running_loop().call_later(
            self._doors.stranger_seconds, self._doors.expired, transport
        )
        self._doors.opened(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
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
