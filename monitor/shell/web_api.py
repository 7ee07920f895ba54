"""The API of the live page, under ``/api/v1``. It only reads.

The board is of the whole group (`web_group`), the feed is the topic of findings (`web_feed`), and
a journey's timeline is asked of its owner (`inquiry`), so it does not matter which worker is asked.
What is new is told by `web_stream`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web

from monitor.core.storyline import storyline
from monitor.shell.asking import how_to_recall, is_published
from monitor.shell.web_feed import FILTERS, FeedError, place_of
from monitor.shell.web_group import OWNERS, PATH, Share
from monitor.shell.web_stream import Streams
from schemas.api import Refusal
from schemas.documents import documents
from schemas.openapi import LIMIT, LIMIT_MAX, PREFIX

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler
    from multidict import MultiMapping
    from pydantic import BaseModel

    from monitor.shell.inquiry import Inquiry
    from monitor.shell.web_feed import Feed
    from monitor.shell.web_group import Group

_WORD_MAX = 200
_NUMBER = re.compile(r"[0-9]{1,4}")


class Api:
    """Answers for the group, the feed and single journeys."""

    def __init__(self, group: Group, feed: Feed, inquiry: Inquiry) -> None:
        """Ask these."""
        self._group = group
        self._feed = feed
        self._inquiry = inquiry
        self._streams = Streams(feed, group.board)
        self._document = documents()["openapi.json"]

    def add_to(self, site: web.Application) -> None:
        """Answer on a site."""
        site.router.add_get(f"{PREFIX}/board", self._board)
        site.router.add_get(f"{PREFIX}/findings", _or_refusal(self._findings))
        site.router.add_get(f"{PREFIX}/journeys/{{journey}}", _or_refusal(self._journey))
        site.router.add_get(f"{PREFIX}/stream", self._stream)
        site.router.add_get(f"{PREFIX}/openapi.json", self._openapi)
        site.router.add_get(PATH, self._totals)
        site.router.add_get(OWNERS, self._addresses)

    async def stop(self) -> None:
        """Answer no longer."""
        self._streams.end()
        await self._feed.stop()

    async def _board(self, request: web.Request) -> web.Response:
        del request
        return answer(await self._group.board())

    async def _findings(self, request: web.Request) -> web.Response:
        asked = request.query
        if wrong := _wrong(asked):
            return refusal(400, wrong)
        before = place_of(asked["cursor"]) if "cursor" in asked else None
        wanted = {name: frozenset(asked.getall(name)) for name in FILTERS if name in asked}
        limit, standing = int(asked.get("limit", LIMIT)), asked.get("stands") == "true"
        kept = await self._feed.ready()
        return answer(kept.page(wanted, before, limit, standing=standing))

    async def _journey(self, request: web.Request) -> web.Response:
        journey = request.match_info["journey"]
        if not is_published(journey):
            return refusal(400, "give a journey by the name under which it is published")
        found = (await self._feed.ready()).of(journey)
        told: list[dict[str, object]] = []
        silent: list[int] = []
        # By a conversation it is found soon; for its own name every customer would be decoded.
        names = dict.fromkeys(one.conversation_id for one in found if one.conversation_id)
        for name in names or (journey,):
            _, asked = await self._inquiry.answer(name, None)
            told, silent = asked["journeys"], asked["without_answer"]
            told = [one for one in told if one.get("journey") == journey]
            if told or silent:
                break
        if not found and not told:
            if silent:
                return refusal(503, f"no such journey: partitions {silent} gave no answer")
            why = f"nobody remembers it; {how_to_recall(journey)}"
            return refusal(404, f"no such journey: {why}")
        return answer(storyline(journey, told, found, silent))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self._streams.is_full:
            return refusal(503, "as many listen as may; ask again")
        return await self._streams.serve(request)

    async def _totals(self, request: web.Request) -> web.Response:
        numbers = request.query.getall("partition", [])
        if not all(_NUMBER.fullmatch(number) for number in numbers):
            return refusal(400, "ask for partitions by their numbers")
        share: Share = await self._group.share({int(number) for number in numbers})
        return web.Response(body=msgspec.json.encode(share), content_type="application/json")

    async def _addresses(self, request: web.Request) -> web.Response:
        del request
        told = msgspec.json.encode(self._group.addresses())
        return web.Response(body=told, content_type="application/json")

    async def _openapi(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text=self._document, content_type="application/json")


def _wrong(asked: MultiMapping[str]) -> str:
    """What of a question about findings cannot be asked; nothing if all of it can."""
    unknown = asked.keys() - {*FILTERS, "cursor", "limit", "stands"}
    if unknown:
        return f"there is no parameter {min(unknown)[:_WORD_MAX]}"
    if "cursor" in asked and place_of(asked["cursor"]) is None:
        return "cursor: give one that an answer named"
    limit = asked.get("limit", "1")
    if not _NUMBER.fullmatch(limit) or not 1 <= int(limit) <= LIMIT_MAX:
        return f"limit: give a number from 1 to {LIMIT_MAX}"
    if asked.get("stands", "false") not in {"true", "false"}:
        return "stands: give true or false"
    return ""


def answer(told: BaseModel, status: int = 200) -> web.Response:
    """What is told, as JSON. What is not known is left out."""
    return web.Response(
        text=told.model_dump_json(exclude_none=True),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def refusal(status: int, why: str) -> web.Response:
    """Why there is no answer."""
    return answer(Refusal(error=why), status)


def _or_refusal(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except FeedError as error:
            return refusal(503, str(error))

    return handle
