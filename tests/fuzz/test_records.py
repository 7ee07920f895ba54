"""Whatever bytes come from Kafka or in a log, only the refusal that is documented comes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.util import calc_crc32c_py
from aiokafka.structs import ConsumerRecord
from faust.types import TP
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.adapters.log_error import LogError
from monitor.adapters.mapping import load_mapping, our_mappings
from monitor.adapters.records import records_of
from monitor.adapters.references import References
from monitor.core.form import Damaged, VersionUnknown
from monitor.core.moments import datetime_of
from monitor.core.notes import Forwarded, Lost, Met, Moved, Note, Shared, decode_note, encode
from monitor.core.state import Customer, Mark
from monitor.shell.dead_letters import kept_in
from monitor.shell.raw_records import records
from schemas.decode import TOPICS, Invalid, decode
from schemas.published import DeadLetter, Reason
from schemas.vocabulary import Channel
from tests.build import moment, says
from tests.fuzz.bending import bent
from tests.paths import ROOT
from tests.schemas.examples import VALID
from tests.shell.test_raw_records import CODECS, GOOD, run

_SAID_MAX = 200

EVENTS = [json.dumps(example.event, default=str).encode() for example in VALID]
DATA = [json.dumps(example.event["data"], default=str).encode() for example in VALID]
ATTRIBUTES = [
    (f"ce_{name}", str(value).encode())
    for example in VALID[:5]
    for name, value in example.event.items()
    if name != "data"
]
# As the client gives them: bytes that are no text come as surrogates.
NAMES = st.sampled_from([name for name, _ in ATTRIBUTES]) | st.binary(max_size=12).map(
    lambda name: name.decode(errors="surrogateescape")
)
HEADERS = st.lists(
    st.sampled_from([*ATTRIBUTES, ("content-type", b"application/cloudevents+json")])
    | st.tuples(NAMES, st.none() | bent([value for _, value in ATTRIBUTES])),
    max_size=12,
)


@given(topic=st.sampled_from(TOPICS), headers=HEADERS, value=st.none() | bent([*EVENTS, *DATA]))
def test_a_record_is_an_event_or_invalid(
    topic: str, headers: list[tuple[str, bytes | None]], value: bytes | None
) -> None:
    said = ""
    try:
        decode(topic, headers, value).model_dump_json().encode()
    except Invalid as refusal:
        said = refusal.detail

    assert len(said) <= _SAID_MAX


BATCHES = bent([run(GOOD, codec, first=1000) for codec in CODECS.values()])


def summed(content: bytes) -> bytes:
    """A batch of which length and checksum are right, so that the rest of it is looked at."""
    end = content[21:]
    length = max(0, len(content) - 12).to_bytes(4, "big")
    checksum = int(calc_crc32c_py(end)).to_bytes(4, "big")
    return content[:8] + length + content[12:17] + checksum + end


ATTRIBUTES_AT = 22
NO_SUCH_CODEC = (
    run(GOOD, 0, first=1000)[:ATTRIBUTES_AT]
    + b"\x06"
    + run(GOOD, 0, first=1000)[ATTRIBUTES_AT + 1 :]
)


# These went on for ever, or raised what nobody expected.
@given(BATCHES | BATCHES.map(summed))
@example(summed(NO_SUCH_CODEC))
@example(bytes(8) + (-12).to_bytes(4, "big", signed=True) + bytes(5))
@example(bytes(8) + (5).to_bytes(4, "big") + bytes(4) + b"\x02")
def test_a_batch_that_the_client_could_not_read_is_read_or_corrupt(content: bytes) -> None:
    said = ""
    try:
        for record in records(TP("cx.conversations", 0), content):
            decode(record.topic, record.headers, record.value)
    except Invalid as refusal:
        said = refusal.detail
    except CorruptRecordException as error:
        said = str(error)

    assert len(said) <= _SAID_MAX


MARK = Mark("event", "desk", "cx.message.created.v1", moment("09:00"))
AT = moment("10:00")
SAID = says("ann", "09:00").model_dump_json(by_alias=True, exclude_none=True).encode()
NOTES = [
    encode(Note("0-a", 7, "ann", content, 5))
    for content in (
        Forwarded(AT, TOPICS[0], 5, SAID),
        Moved(AT, AT, encode(Customer("ben", devices={"x": AT}))),
        Met(AT, "ben", Channel.CHAT, "billing", MARK),
        Shared(AT, "ben", AT),
        Lost(AT, MARK),
    )
]


@given(bent(NOTES))
def test_a_note_is_one_or_damaged_or_of_another_version(packed: bytes) -> None:
    try:
        note = decode_note(packed)
    except (Damaged, VersionUnknown):
        return

    assert decode_note(encode(note)) == note


LETTER = DeadLetter(
    reason=Reason.NOT_JSON,
    detail="line 1",
    topic="cx.conversations",
    partition=3,
    offset=17,
    received_at=datetime_of(moment("09:00")),
)
LETTERS = st.permutations(LETTER.headers()).flatmap(
    lambda headers: st.tuples(
        *(st.tuples(st.just(name) | NAMES, st.none() | bent([value])) for name, value in headers)
    )
)


@given(before=HEADERS, ours=st.just(tuple(LETTER.headers())) | LETTERS)
def test_a_record_among_the_dead_letters_is_one_or_passed_over(
    before: list[tuple[str, bytes | None]], ours: tuple[tuple[str, bytes | None], ...]
) -> None:
    letter = kept_in(_record([*before, *ours]))

    assert letter is None or letter.headers == tuple(before)
    assert letter is not None or list(ours) != LETTER.headers()


def _record(headers: list[tuple[str, bytes | None]]) -> ConsumerRecord[bytes, bytes]:
    given: dict[str, Any] = dict.fromkeys(ConsumerRecord.__dataclass_fields__)
    given |= {"topic": "cx.dead-letters", "partition": 2, "offset": 9, "headers": tuple(headers)}
    return ConsumerRecord(**given)


SAMPLES = sorted((ROOT / "tests" / "adapters" / "vendors").glob("*.jsonl"))


@pytest.mark.parametrize("name", our_mappings())
def test_a_log_is_read_to_its_end_whatever_stands_in_it(name: str) -> None:
    """A line is a record or none; what a mapping makes of it, the contract judges."""
    seeds = [line for path in SAMPLES for line in path.read_bytes().splitlines()[:6]]
    keyed = References(b"a key")
    written = load_mapping(name, keyed).file.record

    @given(st.lists(bent(seeds), max_size=6))
    def property_(lines: list[bytes]) -> None:
        mapping = load_mapping(name, keyed, conversations_max=2)
        try:
            found = [record for record in records_of(lines, written) if record is not None]
            events = list(mapping.events(found))
        except LogError:
            return
        for event in events:
            json.dumps(event)

    property_()
