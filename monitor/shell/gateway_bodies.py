"""Reads the bodies of requests: of limited size, in limited time, and from so many at once.

Rule: who has proved nothing gives way: when there is room for no more, one of them is told to come
again.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from aiohttp import web

from monitor.shell.gateway_answers import Refusal
from monitor.shell.gateway_doors import address_of
from monitor.shell.strangers import Strangers

if TYPE_CHECKING:
    from monitor.shell.gateway_file import GatewayFile

_GZIP = 31
"""The greatest window, with gzip's own head and tail around it."""


class Bodies:
    """The bodies that are being read."""

    def __init__(self, file: GatewayFile) -> None:
        """Read none yet."""
        self._bytes_max = file.body_bytes_max
        self._seconds_max = file.body_seconds_max
        self._strangers: Strangers[asyncio.Timeout] = Strangers()

    def __len__(self) -> int:
        """How many are read of those who have proved nothing yet."""
        return len(self._strangers)

    async def read(self, request: web.Request, *, is_known: bool) -> bytes:
        """Read a body as it was sent; of one who is not known yet only while there is room.

        Raises:
            Refusal: it is too large, too slow, broken, or had to give way.
        """
        if (request.content_length or 0) > self._bytes_max:
            raise self._too_large()
        try:
            if request.content.is_eof():
                # It came with the head: nothing is waited for, and no place is held.
                return await request.read()
            async with asyncio.timeout(self._seconds_max) as limit:
                if is_known:
                    return await request.read()
                self._strangers.add(limit, address_of(request.transport))
                try:
                    return await request.read()
                finally:
                    gave_way = not self._strangers.remove(limit)
        except web.HTTPRequestEntityTooLarge:
            raise self._too_large() from None
        except web.RequestPayloadError:
            raise Refusal(400, "the body is broken") from None
        except TimeoutError:
            if not is_known and gave_way:
                raise Refusal(503, "too many requests at once", again=1) from None
            raise Refusal(408, "the body did not come in time") from None

    def give_way(self) -> bool:
        """Give up a body that is waited for; whether there was one."""
        limit = self._strangers.give_way()
        if limit is None:
            return False
        limit.reschedule(asyncio.get_running_loop().time())
        return True

    def unpacked(self, request: web.Request, body: bytes) -> bytes:
        """Give a body without its encoding; gzip is the one there may be.

        Raises:
            Refusal: it is packed otherwise, is damaged, or too large.
        """
        encoding = ",".join(request.headers.getall("Content-Encoding", ())).strip().lower()
        if encoding in ("", "identity"):
            return body
        if encoding != "gzip":
            raise Refusal(415, "send the body as it is, or as gzip")
        unpacker = zlib.decompressobj(_GZIP)
        try:
            plain = unpacker.decompress(body, self._bytes_max + 1)
        except zlib.error:
            raise Refusal(400, "the body is no gzip") from None
        if len(plain) > self._bytes_max:
            raise self._too_large()
        if not unpacker.eof or unpacker.unused_data:
            raise Refusal(400, "the body is no gzip")
        return plain

    def _too_large(self) -> Refusal:
        return Refusal(413, f"a body has at most {self._bytes_max} bytes")
