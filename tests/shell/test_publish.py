"""What is written of an output, where, and that nobody can tell of whom it is."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from monitor.core.notes import Shared, decode_note
from monitor.core.outputs import Published
from monitor.core.policy import Policy
from monitor.core.tracker import Tracker
from monitor.shell.partition import OwnedPartition
from monitor.shell.publish import Publisher
from monitor.shell.topics import partition_of
from schemas.evaluations import evaluation_of
from schemas.published import OUTCOME, JourneyOutcome
from tests.build import ai_says, claimed, said, says, started
from tests.driver import Driver

if TYPE_CHECKING:
    from faust.types import AppT

    from monitor.shell.writers import Writer

CHARGEBACK = said(
    "external.signal",
    "41d 00:00",
    {"customer_ref": "zoe-7", "conversation_id": "conv-1", "kind": "chargeback"},
)


class Recording:
    """A writer that keeps what it is given."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.sent: list[tuple[str, bytes, dict[str, Any]]] = []

    async def send(
        self, topic: str, *, key: bytes, value: bytes, **_: object
    ) -> asyncio.Future[None]:
        """Acknowledge at once."""
        self.sent.append((topic, key, json.loads(value)))
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def published(driver: Driver) -> Recording:
    """Let the real publisher write all that a driver's partition has put out."""
    outputs = [output for output in driver.outputs if isinstance(output, Published)]
    partition = OwnedPartition(driver.tracker, outputs)
    producer = Recording()
    app = cast("AppT", SimpleNamespace())
    publisher = Publisher(app, b"secret", "notes", 1)
    asyncio.run(publisher.take(partition)(cast("Writer", producer)))
    return producer


def test_a_note_goes_to_the_partition_of_whom_it_is_for() -> None:
    partition = OwnedPartition(Tracker(Policy(), sender="here"))
    for name in ("ann", "ben", "ann"):
        partition.tracker.outbox.post(name, Shared(1, name, 2))
    partition.changes()
    sent: list[tuple[str, int, int]] = []

    class Road:
        """A producer that reads what it is given."""

        async def send(
            self, topic: str, *, value: bytes, partition: int, **_: object
        ) -> asyncio.Future[None]:
            """Acknowledge at once."""
            sent.append((topic, partition, decode_note(value).number))
            done = asyncio.get_running_loop().create_future()
            done.set_result(None)
            return done

    publisher = Publisher(cast("AppT", SimpleNamespace(producer=Road())), b"secret", "notes", 64)

    assert asyncio.run(publisher.post(partition))
    ann, ben = partition_of("ann", 64), partition_of("ben", 64)
    assert sent == [("notes", ann, 1), ("notes", ben, 2), ("notes", ann, 3)]
    assert not asyncio.run(publisher.post(partition))


def contradicted() -> Driver:
    """A journey that ended well, until the customer's bank said otherwise."""
    more = {"conversation_id": "conv-1", "gen_ai_response_id": "r1"}
    driver = Driver().tell(
        started("zoe-7", "09:00", **more),
        says("zoe-7", "09:00", **more),
        ai_says("zoe-7", "09:01", ai_version="v2", **more),
        claimed("zoe-7", "09:02", **more),
    )
    return driver.until("40d 00:00").tell(CHARGEBACK).until("42d 00:00")


def test_every_outcome_is_written_once_more_as_an_event() -> None:
    sent = published(contradicted()).sent
    outcomes = [record for topic, _, record in sent if topic == "cx.outcomes"]
    evaluations = [record for topic, _, record in sent if topic == "cx.evaluations"]

    assert {record["kind"] for record in outcomes} == {"episode", "journey"}
    assert evaluations == [
        json.loads(evaluation_of(OUTCOME.validate_python(record))) for record in outcomes
    ]


def test_a_correction_names_the_record_that_was_written() -> None:
    sent = published(contradicted()).sent
    first, second = (record for _, _, record in sent if record.get("kind") == "journey")

    assert (first["verdict"], second["verdict"]) == ("durable", "failed")
    assert second["replaces"] == first["id"]


def test_a_finding_is_no_outcome() -> None:
    topics = {topic for topic, _, record in published(contradicted()).sent if "sf" in record}
    assert topics == {"cx.findings"}


def test_records_are_keyed_by_the_journey_and_name_no_customer() -> None:
    driver = contradicted()
    sent = published(driver).sent
    journey = driver.said(JourneyOutcome)[0].journey

    of_outcomes = [key for topic, key, _ in sent if topic == "cx.outcomes"]
    assert [key for topic, key, _ in sent if topic == "cx.evaluations"] == of_outcomes
    assert [key.decode() for _, key, record in sent if "journey" in record] == [
        record["journey"] for _, _, record in sent if "journey" in record
    ]
    assert [record for _, _, record in sent if "zoe-7" in json.dumps(record)] == []
    assert journey.startswith("zoe-7")
