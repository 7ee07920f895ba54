"""A copy of a request that was taken is not taken once more, and one that was not is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from monitor.shell.deliveries import Deliveries, digest_of
from tests.shell.gateway_lab import BEARER, EVENT, OTHER, Lab, in_lab, record, signed

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import ClientResponse

ONE, TWO, THREE = (digest_of(word) for word in (b"one", b"two", b"three"))
REPEATS = 'cx_ingest_repeated_requests_total{source="desk"}'


def test_a_copy_is_answered_and_nothing_is_written() -> None:
    async def test(lab: Lab) -> None:
        body = record("start")
        first = await lab.post(body, "desk", signed(body))
        # What GitHub names a delivery by is not signed, nor is anything else of these.
        unsigned = {"X-GitHub-Delivery": "another", "Content-Type": "text/plain"}
        copies = [
            await lab.post(body, "desk", signed(body)),
            await lab.post(body, "desk", signed(body) | unsigned),
            await lab.post(body, "desk", signed(body, OTHER)),
        ]

        assert await first.json() == {"events": 1}
        assert [(copy.status, await copy.json()) for copy in copies] == [(200, {"events": 0})] * 3
        assert len(lab.kafka.events) == 1
        assert await lab.metric(REPEATS) == 3

    in_lab(test)


def test_what_kafka_did_not_take_is_no_copy_when_it_comes_again() -> None:
    async def test(lab: Lab) -> None:
        body = record("start")
        lab.kafka.broken = KafkaConnectionError("away")
        assert (await lab.post(body, "desk", signed(body))).status == 503
        lab.kafka.broken = None
        again = await lab.post(body, "desk", signed(body))

        assert (again.status, await again.json()) == (200, {"events": 1})
        assert len(lab.kafka.events) == 1
        assert await lab.metric(REPEATS) == 0

    in_lab(test)


async def at_once(lab: Lab, bodies: list[bytes]) -> list[ClientResponse]:
    """Send all of them while Kafka thinks, and let it answer when all have been read."""
    different = len(set(bodies))
    lab.kafka.open.clear()
    waiting = [asyncio.create_task(lab.post(body, "desk", signed(body))) for body in bodies]
    for _ in range(different):
        await lab.kafka.arrived.get()
    while await lab.metric("cx_ingest_requests_in_flight") < len(bodies):
        pass
    lab.kafka.open.set()
    return [await task for task in waiting]


def test_a_copy_waits_while_the_first_is_written() -> None:
    async def test(lab: Lab) -> None:
        # The first `once` of a conversation closes it, and later ones reopen it.
        first, then = record("once", number=1), record("once", number=2)
        answers = await at_once(lab, [first, then, first])

        assert sorted([(await answer.json())["events"] for answer in answers]) == [0, 1, 1]
        assert len(lab.kafka.events) == 2

    in_lab(test)


def test_a_copy_of_what_kafka_does_not_take_is_told_to_come_again_too() -> None:
    async def test(lab: Lab) -> None:
        lab.kafka.broken = KafkaConnectionError("away")
        answers = await at_once(lab, [record("start")] * 3)

        assert [(answer.status, answer.headers["Retry-After"]) for answer in answers] == [
            (503, "5")
        ] * 3
        assert lab.kafka.events == []
        assert lab.kafka.arrived.empty()

    in_lab(test)


def test_a_copy_without_its_proof_is_refused() -> None:
    async def test(lab: Lab) -> None:
        body = record("start")
        assert (await lab.post(body, "desk", signed(body))).status == 200
        assert (await lab.post(body, "desk", signed(record("stop")))).status == 401

    in_lab(test)


def test_events_in_headers_differ_by_their_headers() -> None:
    async def test(lab: Lab) -> None:
        headers = {
            f"ce-{name}": value for name, value in EVENT.items() if isinstance(value, str)
        } | BEARER
        body = EVENT["data"]
        answers = [
            await lab.post(body, headers=headers),
            await lab.post(body, headers=headers | {"ce-id": "e-2"}),
            await lab.post(body, headers=headers),
        ]

        assert [await answer.json() for answer in answers] == [
            {"events": 1},
            {"events": 1},
            {"events": 0},
        ]

    in_lab(test)


def test_headers_that_nobody_signed_make_no_event() -> None:
    async def test(lab: Lab) -> None:
        body = json.dumps(EVENT["data"]).encode()
        headers = {f"ce-{name}": value for name, value in EVENT.items() if isinstance(value, str)}
        answer = await lab.post(body, "signed", headers | signed(body))

        assert answer.status == 400
        assert "headers are not signed" in (await answer.json())["error"]
        whole = json.dumps(EVENT).encode()
        structured = {"Content-Type": "application/cloudevents+json"}
        assert (await lab.post(whole, "signed", structured | signed(whole))).status == 200

    in_lab(test)


def test_a_restart_knows_what_was_taken(tmp_path: Path) -> None:
    file = tmp_path / "desk.taken"
    body = record("start")

    async def first(lab: Lab) -> None:
        assert await (await lab.post(body, "desk", signed(body))).json() == {"events": 1}

    async def then(lab: Lab) -> None:
        assert await (await lab.post(body, "desk", signed(body))).json() == {"events": 0}
        assert lab.kafka.events == []

    in_lab(first, taken=Deliveries(file))
    in_lab(then, taken=Deliveries(file))


def test_a_disk_that_takes_nothing_stops_no_delivery(tmp_path: Path) -> None:
    directory = tmp_path / "taken"
    directory.mkdir()
    taken = Deliveries(directory / "desk.taken")
    (directory / "desk.taken").unlink()
    directory.rmdir()

    async def test(lab: Lab) -> None:
        body = record("start")
        answers = [await lab.post(body, "desk", signed(body)) for _ in range(2)]

        assert [await answer.json() for answer in answers] == [{"events": 1}, {"events": 0}]

    in_lab(test, taken=taken)


@pytest.mark.parametrize("is_written", [True, False])
def test_the_last_ones_are_remembered(tmp_path: Path, *, is_written: bool) -> None:
    file = tmp_path / "desk.taken" if is_written else None
    taken = Deliveries(file, most=2)
    for digest in (ONE, TWO, TWO, THREE):
        taken.add(digest)

    assert [digest in taken for digest in (ONE, TWO, THREE)] == [False, True, True]
    if file:
        again = Deliveries(file, most=2)
        assert [digest in again for digest in (ONE, TWO, THREE)] == [False, True, True]


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "desk.taken"
    taken = Deliveries(file, most=10)
    digests = [digest_of(str(number).encode()) for number in range(1000)]
    for digest in digests:
        taken.add(digest)
        assert file.stat().st_size <= 20 * 16

    again = Deliveries(file, most=10)
    assert [digest in again for digest in digests] == [False] * 990 + [True] * 10


def test_a_digest_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    file = tmp_path / "desk.taken"
    Deliveries(file).add(ONE)
    with file.open("ab") as log:
        log.write(TWO[:5])
    again = Deliveries(file)
    again.add(THREE)

    assert [digest in Deliveries(file) for digest in (ONE, TWO, THREE)] == [True, False, True]


@given(parts=st.lists(st.binary(max_size=3), max_size=3), others=st.lists(st.binary(max_size=3)))
def test_only_the_same_parts_have_one_digest(parts: list[bytes], others: list[bytes]) -> None:
    assert (digest_of(*parts) == digest_of(*others)) == (parts == others)
