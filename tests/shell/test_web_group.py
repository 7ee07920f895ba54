"""A worker adds up what all workers of its group have counted, and says who gave no answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from monitor.shell.labels import OTHER, Shown
from monitor.shell.web_access import Proof
from monitor.shell.web_group import PATH, Group
from schemas.decode import TOPICS
from tests.build import moment, started, topic_of

if TYPE_CHECKING:
    from schemas.api import Board

POLICY = Policy()
NOBODY = "http://127.0.0.1:1"
TOKEN = "a-token-of-a-test"


def tracker(*customers: str, version: str = "v1") -> Tracker:
    tracker = Tracker(POLICY)
    for who in customers:
        event = started(who, "09:00", ai_version=version)
        tracker.receive(topic_of(event), event, moment("12:00"))
    for topic in TOPICS:
        tracker.pass_time(topic, moment("10:00"))
    return tracker


def group(
    trackers: dict[int, Tracker], owners: dict[int, str], shown: Shown | None = None
) -> Group:
    lags = {("cx.conversations", number): 1.5 * number for number in trackers}
    return Group(
        POLICY,
        lambda: trackers,
        lambda: owners,
        lambda: lags,
        3,
        shown or Shown({}, 50),
        Proof(TOKEN),
    )


def board(one: Group, other: Group | None = None) -> Board:
    """The board of a worker, while the other one answers at what it calls partition 1's owner."""

    async def totals(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert other is not None
        numbers = {int(number) for number in request.query.getall("partition")}
        return web.Response(body=msgspec.json.encode(await other.share(numbers)))

    async def ask() -> Board:
        site = web.Application()
        site.router.add_get(PATH, totals)
        async with TestServer(site, port=0) as server:
            one._owners = lambda: {1: str(server.make_url("")), 2: NOBODY}  # noqa: SLF001
            return await one.board()

    return asyncio.run(ask()) if other else asyncio.run(one.board())


def test_what_others_counted_is_added() -> None:
    told = board(group({0: tracker("ann")}, {}), group({1: tracker("ben", "cid")}, {}))

    assert told.conversations == 3
    assert told.lag_seconds == 1.5


def test_partitions_without_an_answer_are_named() -> None:
    assert board(group({0: tracker("ann")}, {1: NOBODY})).without_answer == (1, 2)
    told = board(group({0: tracker("ann")}, {}), group({1: tracker("ben")}, {}))
    assert told.without_answer == (2,)


def test_who_has_lost_a_partition_since_says_nothing_of_it() -> None:
    told = board(group({0: tracker("ann")}, {}), group({2: tracker("ben")}, {}))

    assert (told.conversations, told.without_answer) == (1, (1, 2))


def test_versions_are_cut_as_metrics_cut_them() -> None:
    shown = Shown({"ai_version": ("v1",)}, 50)
    share = asyncio.run(group({0: tracker("ann", version="v2")}, {}, shown).share({0}))

    assert [cell[-1] for cell, _ in share.totals["cx_conversations_total"]] == [OTHER]


def test_it_is_asked_again_only_after_a_while() -> None:
    asked: list[int] = []
    one = group({0: tracker("ann")}, {})

    def owners() -> dict[int, str]:
        asked.append(1)
        return {}

    one._owners = owners  # noqa: SLF001

    async def look() -> None:
        await asyncio.gather(*(one.board() for _ in range(20)))

    asyncio.run(look())
    assert len(asked) == 1
