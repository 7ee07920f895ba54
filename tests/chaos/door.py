"""A door between a worker and the broker, which can be slammed or held shut."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Self

from monitor.shell.child import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Coroutine

_CHUNK = 65_536


class Door:
    """A TCP proxy on loopback, run by a thread of its own."""

    def __init__(self, outside: int, inside: int) -> None:
        """Let through what comes to the port ``outside``, to the port ``inside``."""
        self.outside = outside
        self._inside = inside
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._passing = asyncio.Event()
        self._refusing = False
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._serve())
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def slam(self) -> None:
        """Break all connections, and refuse new ones."""
        self._do(self._slam())

    def hold(self) -> None:
        """Keep all connections, and let nothing through."""
        self._loop.call_soon_threadsafe(self._passing.clear)

    def open(self) -> None:
        """Let everything through again, first of all what was held."""
        self._do(self._reopen())

    def _do(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _serve(self) -> None:
        self._passing.set()
        self._server = await asyncio.start_server(self._connect, LOOPBACK, self.outside)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._slam()
        ours = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not ours]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _slam(self) -> None:
        self._refusing = True
        for writer in self._open:
            writer.transport.abort()

    async def _reopen(self) -> None:
        self._refusing = False
        self._passing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._refusing:
                raise ConnectionRefusedError
            there, back = await asyncio.open_connection(LOOPBACK, self._inside)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, back}
        self._open |= ends
        try:
            ways = [self._carry(reader, back), self._carry(there, writer)]
            done, waiting = await asyncio.wait(
                map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED
            )
            for way in waiting:
                way.cancel()
            await asyncio.gather(*done, *waiting, return_exceptions=True)
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
            # What is still on its way goes out before the connection is broken.
            writer.close()
            await writer.wait_closed()
