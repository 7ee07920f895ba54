"""Whoever listens is told what is new, wherever it was found."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from monitor.shell.child import LOOPBACK
from monitor.shell.topics import partition_of
from tests.integration.worker import PARTITIONS
from tests.page.conftest import TOKEN
from tests.page.listening import STREAM, Listener
from tests.page.stories import broken_promise, tell

if TYPE_CHECKING:
    from tests.page.conftest import Pair


def known_to(pair: Pair, name: str, at_home: bool) -> str:  # noqa: FBT001  # both are meant
    """Give a customer of the first worker's partitions, or of the other's."""
    theirs = (pair.one if at_home else pair.other).watermarks()
    return next(who for n in range(99) if partition_of(who := f"{name}-{n}", PARTITIONS) in theirs)


def test_the_board_comes_first_and_again_when_it_has_changed(pair: Pair) -> None:
    with Listener(pair.one) as listener:
        before = listener.next("board")
        assert before == pair.get("/api/v1/board")
        tell(pair.bootstrap, broken_promise(known_to(pair, "board", at_home=False), "9d 16:00"))
        while (after := listener.next("board"))["event_time"] == before["event_time"]:
            pass

    assert after["conversations"] >= before["conversations"]


def test_what_is_found_by_any_worker_is_told_by_each(pair: Pair) -> None:
    with Listener(pair.one) as one, Listener(pair.other) as other:
        for at_home, until in ((True, "9d 17:00"), (False, "9d 18:00")):
            who = known_to(pair, f"told-{at_home}", at_home)
            tell(pair.bootstrap, broken_promise(who, until))
            for listener in (one, other):
                found = listener.next_promise()
                assert found["conversation_id"] == f"chat-{who}"
                assert found["id"] in {
                    known["id"] for known in pair.get("/api/v1/findings")["findings"]
                }


def test_a_client_that_takes_nothing_holds_nobody_up(pair: Pair) -> None:
    with socket.create_connection((LOOPBACK, pair.one.port)) as idle, Listener(pair.one) as other:
        head = f"GET {STREAM} HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        idle.sendall(head.encode())
        tell(pair.bootstrap, broken_promise("taker", "9d 19:00"))

        assert other.next_promise()["conversation_id"] == "chat-taker"


def test_a_worker_that_stops_lets_its_listeners_go(pair: Pair) -> None:
    """Runs last, for it leaves one worker."""
    with Listener(pair.other) as listener:
        listener.next("board")

        assert pair.other.stop() == 0
        assert listener.ended()
