"""While Kafka is away: what a mapping made is kept, and written when Kafka is back."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from monitor.shell import gateway, intake
from tests.shell.gateway_lab import EVENT, Kafka, Lab, in_lab, record, signed

if TYPE_CHECKING:
    import pytest

    from monitor.adapters.records import Event

ROOM = 3


async def send(lab: Lab, body: bytes) -> int:
    return (await lab.post(body, "desk", signed(body))).status


async def send_in_vain(lab: Lab, *bodies: bytes) -> None:
    lab.kafka.broken = KafkaConnectionError("away")
    assert {await send(lab, body) for body in bodies} == {503}
    lab.kafka.broken = None


def told(kafka: Kafka) -> list[str]:
    return [event["data"]["conversation_id"] for event in kafka.events]


def test_an_outage_fills_the_room_and_is_over_when_kafka_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(intake, "_WAITING_MAX", ROOM)
    given_up = 'cx_ingest_events_total{result="given_up",source="desk"}'

    async def test(lab: Lab) -> None:
        starts = [record("start", talk=f"t{number}") for number in range(ROOM + 2)]
        await send_in_vain(lab, *starts)
        assert await lab.metric(given_up) == 2

        # Nobody sends anything again.
        assert await send(lab, record("start", talk="new")) == 200
        await lab.gateway.catch_up()
        assert told(lab.kafka) == ["new", "t2", "t3", "t4"]
        assert [await send(lab, start) for start in starts[:2]] == [200, 200]
        assert told(lab.kafka)[4:] == ["t0", "t1"]
        await lab.gateway.catch_up()
        assert len(lab.kafka.events) == 6
        assert await lab.metric(given_up) == 2

    with caplog.at_level(logging.WARNING):
        in_lab(test)
    assert "sources.desk: too much waits for Kafka" in caplog.text


def test_what_is_sent_again_in_vain_waits_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_WAITING_MAX", ROOM)

    async def test(lab: Lab) -> None:
        starts = [record("start", talk=f"t{number}") for number in range(ROOM)]
        await send_in_vain(lab, *starts, *starts, *starts)
        await lab.gateway.catch_up()

        assert told(lab.kafka) == ["t0", "t1", "t2"]

    in_lab(test)


def test_what_a_mapping_has_learned_from_is_written_without_its_sender() -> None:
    async def test(lab: Lab) -> None:
        # The first `once` of a conversation closes it, and later ones reopen it.
        await send_in_vain(lab, record("once", number=1))
        await lab.gateway.catch_up()
        assert await send(lab, record("once", number=2)) == 200

        assert [event["type"] for event in lab.kafka.events] == [
            "cx.conversation.closed.v1",
            "cx.conversation.reopened.v1",
        ]

    in_lab(test)


def test_a_gateway_catches_up_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_CATCH_UP_SECONDS", 0.01)

    async def test(lab: Lab) -> None:
        await send_in_vain(lab, record("start"))
        async with asyncio.timeout(30):
            while not lab.kafka.events:
                await lab.kafka.arrived.get()

    in_lab(test)


def test_a_gateway_that_ends_writes_what_waits_or_says_what_it_gives_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kafkas: list[Kafka] = []

    async def back_in_time(lab: Lab) -> None:
        kafkas.append(lab.kafka)
        await send_in_vain(lab, record("start"))

    async def away(lab: Lab) -> None:
        await back_in_time(lab)
        lab.kafka.broken = KafkaConnectionError("away")

    with caplog.at_level(logging.WARNING):
        in_lab(back_in_time)
        assert "end with the gateway" not in caplog.text
        in_lab(away)
    assert [told(kafka) for kafka in kafkas] == [["t1"], []]
    assert "1 records end with the gateway" in caplog.text


def test_what_kafka_never_takes_stands_in_nobodys_way() -> None:
    async def test(lab: Lab) -> None:
        await send_in_vain(lab, *(record("start", talk=talk) for talk in ("never", "t1", "t2")))
        takes = lab.kafka.write

        async def write(events: list[Event]) -> None:
            if events[0]["data"]["conversation_id"] == "never":
                raise MessageSizeTooLargeError
            await takes(events)

        lab.kafka.write = write  # type: ignore[method-assign]
        await lab.gateway.catch_up()
        await lab.gateway.catch_up()

        assert told(lab.kafka) == ["t1", "t2"]

    in_lab(test)


def test_an_event_of_the_contract_is_its_senders_to_send_again() -> None:
    async def test(lab: Lab) -> None:
        lab.kafka.broken = KafkaConnectionError("away")
        assert (await lab.post(EVENT)).status == 503
        lab.kafka.broken = None
        await lab.gateway.catch_up()

        assert lab.kafka.events == []

    in_lab(test)
