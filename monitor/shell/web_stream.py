"""Tells pages what is new, by server-sent events: findings as they are durable, and the board.

Rule: a slow client costs a bounded amount of memory. For each there is the newest board, the last
findings that were not written yet, and one buffer of the socket. Who is further behind is told
that findings were missed, and asks for the feed; who takes nothing at all is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from aiohttp import web

from schemas.openapi import STREAM_EVENTS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from monitor.shell.web_feed import Feed
    from schemas.api import Board, Found

WAITING_MAX = 100
CLIENTS_MAX = 200
_BOARD_EVERY_SECONDS = 1.0
_QUIET_SECONDS = 15.0
_TAKEN_WITHIN_SECONDS = 30.0
_BOARD, _FINDING, _MISSED = STREAM_EVENTS


class Waiting:
    """What one client is still to be told."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._findings: deque[str] = deque()
        self._board = ""
        self._missed = False
        self._news = asyncio.Event()
        self.is_over = False

    def finding(self, found: Found) -> None:
        """Something was found. If too much waits already, the client has to ask for it."""
        if self._missed or len(self._findings) >= WAITING_MAX:
            self._findings.clear()
            self._missed = True
        else:
            self._findings.append(event(_FINDING, found.model_dump_json(exclude_none=True)))
        self._news.set()

    def board(self, told: str) -> None:
        """The board is another one. One that was not told yet is of no interest any more."""
        self._board = event(_BOARD, told)
        self._news.set()

    def end(self) -> None:
        """Tell no more."""
        self.is_over = True
        self._news.set()

    async def next(self) -> str:
        """What there is to tell, once there is something; a comment where it is quiet for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_SECONDS):
                await self._news.wait()
        self._news.clear()
        return self.take() or ": nothing new\n\n"

    def take(self) -> str:
        """All that waits."""
        told = "".join(self._findings) + self._board
        if self._missed:
            told = event(_MISSED, "{}") + told
        self._findings.clear()
        self._board, self._missed = "", False
        return told


def event(name: str, told: str) -> str:
    """An event as it is written; what is told is JSON in one line."""
    return f"event: {name}\ndata: {told}\n\n"


class Streams:
    """The clients that listen, and the board for them."""

    def __init__(self, feed: Feed, board: Callable[[], Awaitable[Board]]) -> None:
        """Tell what ``feed`` and ``board`` say."""
        self._feed = feed
        self._board = board
        self._clients: set[Waiting] = set()
        self._looking: asyncio.Task[None] | None = None
        self._last = ""

    @property
    def is_full(self) -> bool:
        """Whether there are as many as there may be."""
        return len(self._clients) >= CLIENTS_MAX

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Tell a client what is new until it goes, the board first."""
        self._feed.begin()
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                # For proxies that would collect it.
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        with self._listening() as waiting:
            while not waiting.is_over:
                try:
                    async with asyncio.timeout(_TAKEN_WITHIN_SECONDS):
                        await response.write((await waiting.next()).encode())
                except (TimeoutError, ConnectionError):
                    break
        if request.transport is not None:
            # What it did not take would be waited for.
            request.transport.abort()
        return response

    def end(self) -> None:
        """Let all clients go."""
        if self._looking is not None:
            self._looking.cancel()
        for waiting in self._clients:
            waiting.end()

    @contextlib.contextmanager
    def _listening(self) -> Iterator[Waiting]:
        waiting = Waiting()
        self._clients.add(waiting)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        if self._last:
            waiting.board(self._last)
        try:
            with self._feed.told_to(waiting.finding):
                yield waiting
        finally:
            self._clients.discard(waiting)
            if not self._clients and self._looking is not None:
                self._looking.cancel()
                self._looking = None
                self._last = ""

    async def _look(self) -> None:
        """Look at the board while somebody listens, and tell of it when it has changed."""
        while True:
            told = (await self._board()).model_dump_json(exclude_none=True)
            if told != self._last:
                self._last = told
                for waiting in self._clients:
                    waiting.board(told)
            await asyncio.sleep(_BOARD_EVERY_SECONDS)
