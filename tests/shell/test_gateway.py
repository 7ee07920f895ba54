"""The gateway over HTTP: what it takes, what it refuses, and when it says yes."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING

import pytest
from aiokafka.errors import KafkaConnectionError

from monitor.shell.gateway import Bucket
from tests.shell.gateway_lab import (
    BATCH,
    BEARER,
    DESK,
    EVENT,
    OTHER,
    SECRET,
    STRUCTURED,
    Lab,
    in_lab,
    record,
    signed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_an_event_is_taken_in_each_mode() -> None:
    async def test(lab: Lab) -> None:
        binary = {
            "ce-specversion": "1.0",
            "ce-id": "e-%C3%A9",
            "CE-Source": "own",
            "ce-type": "cx.conversation.closed.v1",
            "ce-time": "2026-01-05T10:00:00Z",
            "Content-Type": "application/json",
        }
        answers = [
            await lab.post(EVENT),
            await lab.post([EVENT | {"id": "e-2"}, EVENT | {"id": "e-3"}], headers=BEARER | BATCH),
            await lab.post({"conversation_id": "t1"}, headers=BEARER | binary),
        ]

        assert [answer.status for answer in answers] == [200, 200, 200]
        assert [(await answer.json())["events"] for answer in answers] == [1, 2, 1]
        assert [event["id"] for event in lab.kafka.events] == ["e-1", "e-2", "e-3", "e-é"]
        assert await lab.metric('cx_ingest_events_total{result="written",source="own"}') == 4

    in_lab(test)


def test_what_the_contract_does_not_know_goes_no_further() -> None:
    async def test(lab: Lab) -> None:
        told = EVENT | {"text": "I am Ann", "data": {"conversation_id": "t1", "name": "Ann Lee"}}
        assert (await lab.post(told)).status == 200

        (event,) = lab.kafka.events
        assert event["data"] == {"conversation_id": "t1"}
        assert "Ann" not in json.dumps(event)

    in_lab(test)


@pytest.mark.parametrize(
    ("body", "headers", "why"),
    [
        (b"{broken", STRUCTURED, "the body is no JSON"),
        (b"\xff\xfe", STRUCTURED, "the body is no JSON"),
        (b"", STRUCTURED, "the body is no JSON"),
        (b"[" * 2000, STRUCTURED, "the body is no JSON"),
        (b"NaN", STRUCTURED, "the body is no JSON"),
        ([EVENT], STRUCTURED, "event 0: it is no JSON object"),
        (EVENT, BATCH, "a batch is a JSON array"),
        ([EVENT, 1], BATCH, "event 1: it is no JSON object"),
        (EVENT, {"Content-Type": "application/json"}, "send application/cloudevents+json"),
        (EVENT | {"time": "soon"}, STRUCTURED, "event 0: time: not_rfc3339"),
        (EVENT | {"type": 5}, STRUCTURED, "event 0: type: a string is required"),
        (EVENT | {"type": "cx.unheard.of.v1"}, STRUCTURED, "event 0: type: not in the vocabulary"),
    ],
)
def test_what_is_no_event_is_refused_and_nothing_of_it_is_written(
    body: object, headers: dict[str, str], why: str
) -> None:
    async def test(lab: Lab) -> None:
        answer = await lab.post(body, headers=BEARER | headers)

        assert answer.status == 400
        assert why in (await answer.json())["error"]
        assert lab.kafka.events == []

    in_lab(test)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": SECRET.decode()},
        {"Authorization": "Bearer \u00ff"},
    ],
)
def test_who_proves_nothing_is_refused(headers: dict[str, str]) -> None:
    async def test(lab: Lab) -> None:
        assert (await lab.post(EVENT, headers=STRUCTURED | headers)).status == 401
        assert lab.kafka.events == []

    in_lab(test)


def test_a_proof_that_is_given_twice_is_none() -> None:
    async def test(lab: Lab) -> None:
        twice = [*STRUCTURED.items(), *BEARER.items(), ("Authorization", "Bearer other")]
        answer = await lab.client.post("/v1/own", data=json.dumps(EVENT), headers=twice)

        assert answer.status == 401

    in_lab(test)


def test_there_are_no_other_sources() -> None:
    async def test(lab: Lab) -> None:
        assert (await lab.post(EVENT, source="other")).status == 404
        assert (await lab.client.head("/v1/other")).status == 404
        assert (await lab.client.head("/v1/own")).status == 200
        assert await lab.metric('cx_ingest_requests_total{source="unknown",status="404"}') == 2

    in_lab(test)


def test_a_record_goes_through_its_mapping() -> None:
    async def test(lab: Lab) -> None:
        started, hum = record("start", via={"kind": "Phone"}), record("hum")
        one = await lab.post(started, "desk", signed(started))
        none = await lab.post(hum, "desk", signed(hum))
        forged = await lab.post(record("stop"), "desk", signed(started))

        assert [one.status, none.status, forged.status] == [200, 200, 401]
        assert [await one.json(), await none.json()] == [{"events": 1}, {"events": 0}]
        (event,) = lab.kafka.events
        assert (event["type"], event["data"]["channel"]) == ("cx.conversation.started.v1", "voice")

    in_lab(test)


def test_what_a_mapping_gives_against_the_contract_is_counted_and_left_out() -> None:
    async def test(lab: Lab) -> None:
        spoiled = record("stop", at="yesterday")
        answer = await lab.post(spoiled, "desk", signed(spoiled))

        assert (answer.status, await answer.json()) == (200, {"events": 0})
        assert await lab.metric('cx_ingest_events_total{result="refused",source="desk"}') == 1

    in_lab(test)


@pytest.mark.parametrize("error", [KafkaConnectionError("away"), None])
def test_nothing_is_said_to_be_taken_that_is_not_written(error: Exception | None) -> None:
    async def test(lab: Lab) -> None:
        if error:
            lab.kafka.broken = error
        else:
            lab.kafka.open.clear()
        answer = await lab.post(EVENT)

        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert (await lab.client.get("/readyz")).status == 503
        assert (await lab.client.get("/healthz")).status == 200

        lab.kafka.broken = None
        lab.kafka.open.set()
        assert (await lab.post(EVENT)).status == 200
        assert (await lab.client.get("/readyz")).status == 200

    in_lab(test, write_seconds_max=0.2)


def test_who_tries_again_gets_the_same_events_whatever_has_happened_since() -> None:
    async def test(lab: Lab) -> None:
        # The first `once` of a conversation closes it, and later ones reopen it.
        first, then = record("once", number=1), record("once", number=2)
        lab.kafka.broken = KafkaConnectionError("away")
        assert (await lab.post(first, "desk", signed(first))).status == 503
        lab.kafka.broken = None
        assert (await lab.post(then, "desk", signed(then))).status == 200
        assert (await lab.post(first, "desk", signed(first))).status == 200

        assert [event["type"] for event in lab.kafka.events] == [
            "cx.conversation.reopened.v1",
            "cx.conversation.closed.v1",
        ]

    in_lab(test)


@pytest.mark.parametrize("told", [True, False], ids=["length", "chunks"])
def test_a_body_of_ten_megabytes_is_refused_before_it_is_kept(told: bool) -> None:  # noqa: FBT001
    async def test(lab: Lab) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(160):
                yield b" " * 65_536

        data = io.BytesIO(b" " * 10_485_760) if told else chunks()
        try:
            answer = await lab.client.post("/v1/own", data=data, headers=BEARER | STRUCTURED)
        except ConnectionError:
            return  # It hung up; that is an answer as well.
        assert answer.status == 413

    in_lab(test)


def test_a_body_that_does_not_come_is_waited_for_a_while_only() -> None:
    async def test(lab: Lab) -> None:
        forever = asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield b'{"specversion"'
            await forever.wait()

        answer = await lab.client.post("/v1/own", data=slowly(), headers=BEARER | STRUCTURED)

        assert answer.status == 408
        forever.set()

    in_lab(test, body_seconds_max=0.2)


def test_slow_senders_are_as_many_as_the_file_says() -> None:
    async def test(lab: Lab) -> None:
        lab.kafka.open.clear()
        waiting = asyncio.create_task(lab.post(EVENT))
        await lab.kafka.arrived.get()
        assert await lab.metric("cx_ingest_requests_in_flight") == 1
        refused = await lab.post(EVENT)
        lab.kafka.open.set()

        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert (await waiting).status == 200

    in_lab(test, requests_max=1)


def test_a_source_sends_at_its_rate_and_one_without_proof_uses_none_of_it() -> None:
    async def test(lab: Lab) -> None:
        for _ in range(3):
            assert (await lab.post(EVENT, headers=STRUCTURED)).status == 401
        answers = [await lab.post(EVENT) for _ in range(3)]

        assert [answer.status for answer in answers] == [200, 200, 429]
        # Half an hour for the next one.
        assert 0 < int(answers[2].headers["Retry-After"]) <= 1800

    source = {"mapping": "cloudevents", "signature": "bearer", "secrets": ["s"], "rate": 2}
    desk = {"mapping": str(DESK), "signature": "github", "secrets": ["s"]}
    in_lab(test, sources={"own": source, "desk": desk})


def test_the_rate_of_one_source_is_not_that_of_another() -> None:
    async def test(lab: Lab) -> None:
        answers = [await lab.post(EVENT | {"id": str(number)}) for number in range(3)]
        started = record("start")

        assert [answer.status for answer in answers] == [200, 429, 429]
        assert (await lab.post(started, "desk", signed(started))).status == 200

    source = {"mapping": "cloudevents", "signature": "bearer", "secrets": ["s"], "rate": 0.001}
    desk = {"mapping": str(DESK), "signature": "github", "secrets": ["s"]}
    in_lab(test, sources={"own": source, "desk": desk})


def test_each_of_two_secrets_proves_a_request() -> None:
    async def test(lab: Lab) -> None:
        bodies = [record("start", number=number) for number in range(3)]
        secrets = [SECRET, OTHER, b"one that was taken out again"]
        answers = [
            await lab.post(body, "desk", signed(body, secret))
            for body, secret in zip(bodies, secrets, strict=True)
        ]

        assert [answer.status for answer in answers] == [200, 200, 401]

    in_lab(test)


def test_a_gateway_is_ready_while_kafka_would_take_events() -> None:
    async def test(lab: Lab) -> None:
        assert (await lab.client.get("/readyz")).status == 200
        lab.kafka.broken = KafkaConnectionError("away")
        assert (await lab.client.get("/readyz")).status == 503
        lab.kafka.broken = None
        assert (await lab.client.get("/readyz")).status == 200
        assert lab.kafka.events == []

    in_lab(test)


def test_a_bucket_fills_up_at_its_rate() -> None:
    bucket = Bucket(2.0)

    assert [bucket.wait(100.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert bucket.wait(100.25) == pytest.approx(0.25)
    assert bucket.wait(100.5) == 0.0
    assert [bucket.wait(900.0) for _ in range(3)] == [0.0, 0.0, 0.5]
