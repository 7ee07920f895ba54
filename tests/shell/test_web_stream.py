"""What a client is still to be told is bounded, however slow it is and however much is found."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from monitor.shell.web_feed import Kept, Place
from monitor.shell.web_stream import WAITING_MAX, Waiting
from tests.shell.test_web_feed import finding

if TYPE_CHECKING:
    from schemas.api import Found


def found(number: int) -> Found:
    feed = Kept()
    feed.add(Place(number, 0, number), finding(number))
    return feed.told(Place(number, 0, number))


def events(told: str) -> list[str]:
    return [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event")]


def test_findings_are_told_in_their_order_and_then_the_board() -> None:
    waiting = Waiting()
    waiting.board('{"n": 1}')
    for number in range(3):
        waiting.finding(found(number))
    told = waiting.take()

    assert events(told) == ["finding"] * 3 + ["board"]
    assert told.index('"id":"f0"') < told.index('"id":"f1"') < told.index('"id":"f2"')
    assert waiting.take() == ""


def test_of_several_boards_only_the_newest_is_told() -> None:
    waiting = Waiting()
    for number in range(1000):
        waiting.board(f'{{"n": {number}}}')

    assert waiting.take() == 'event: board\ndata: {"n": 999}\n\n'


@pytest.mark.parametrize("found_meanwhile", [WAITING_MAX + 1, 10 * WAITING_MAX])
def test_who_is_too_slow_is_told_to_ask_and_costs_no_memory(found_meanwhile: int) -> None:
    waiting = Waiting()
    for number in range(found_meanwhile):
        waiting.finding(found(number))

    assert waiting.take() == "event: missed\ndata: {}\n\n"
    waiting.finding(found(7))
    assert events(waiting.take()) == ["finding"]


def test_as_many_as_may_wait_are_all_told() -> None:
    waiting = Waiting()
    for number in range(WAITING_MAX):
        waiting.finding(found(number))

    assert events(waiting.take()) == ["finding"] * WAITING_MAX


def test_what_comes_wakes_who_waits() -> None:
    async def wait() -> str:
        waiting = Waiting()
        told = asyncio.create_task(waiting.next())
        await asyncio.sleep(0)
        waiting.finding(found(1))
        return await told

    assert events(asyncio.run(wait())) == ["finding"]
