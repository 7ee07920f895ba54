"""The quick reader gives what the models give, or nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.adapters.samples import read_lines, sample
from schemas.decode import CONVERSATIONS, READERS, TOPIC_OF, TOPICS, slowly
from schemas.quick import BYTES_MAX
from tests.schemas.bending import JSON, NUMBERS, bent
from tests.schemas.examples import BINARY, VALID, Headers, Valid, in_binary_mode, name_of, to_bytes

if TYPE_CHECKING:
    from schemas.envelope import Envelope
    from tests.schemas.examples import Binary

BY_OTHER_NAMES = "cx.evaluation.result.v1"
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/desk",
    "type": "cx.feedback.received.v1",
    "time": "2026-03-02T09:14:03Z",
    "data": {"conversation_id": "conv-1", "scale": "nps", "value": 9},
}

PIECES = (
    b'"',
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"\xc3\xa9",
    b"\xed\xa0\x80",
    b"\x00",
    b"{}",
)
HEADERS, DATA = in_binary_mode(EVENT)


def read_quickly(topic: str, headers: Headers, value: bytes) -> Envelope | None:
    """What the quick reader gives, once it is seen that the models would give it too."""
    event = READERS[topic].read(tuple(headers), value)
    if event is not None:
        slow = slowly(topic, headers, value)
        assert event == slow
        assert list(vars(event)) == list(vars(slow))
        assert list(vars(event.data)) == list(vars(slow.data))
        assert type(event.data) is type(slow.data)
        assert event.model_dump_json(by_alias=True) == slow.model_dump_json(by_alias=True)
    return event


def is_read_quickly(topic: str, event: dict[str, Any]) -> bool:
    structured = read_quickly(topic, [], to_bytes(event))
    binary = read_quickly(topic, *in_binary_mode(event))
    assert structured == binary
    return binary is not None


ORDINARY = [case for case in VALID if case.event["type"] in case.name]


@pytest.mark.parametrize("case", ORDINARY, ids=name_of)
def test_an_event_as_it_should_be_is_read_quickly(case: Valid) -> None:
    assert is_read_quickly(case.topic, case.event) is (case.event["type"] != BY_OTHER_NAMES)


@pytest.mark.parametrize("case", BINARY, ids=name_of)
def test_a_binary_event_as_it_should_be_is_read_quickly(case: Binary) -> None:
    assert read_quickly(case.topic, case.headers, to_bytes(case.data)) is not None


@pytest.mark.parametrize("name", ["uci_incident", "tau2"])
def test_every_recorded_event_is_read_quickly(name: str) -> None:
    events = list(read_lines(sample(name)))

    assert events
    assert all(is_read_quickly(TOPIC_OF[event["type"]], event) for event in events[:5000])


@given(bent())
def test_a_bent_event_is_read_as_the_models_read_it(case: Valid) -> None:
    read_quickly(case.topic, [], to_bytes(case.event))
    read_quickly(case.topic, HEADERS, to_bytes(case.event.get("data", 0)))


@given(st.sampled_from(VALID), st.dictionaries(st.text(st.characters(codec="ascii")), JSON))
def test_fields_of_a_later_version_are_passed_over_as_the_models_do(
    case: Valid, later: dict[str, Any]
) -> None:
    read_quickly(case.topic, [], to_bytes(later | case.event))
    read_quickly(case.topic, *in_binary_mode(case.event | {"data": later | case.event["data"]}))


@given(st.sampled_from(VALID), st.data())
def test_broken_json_is_read_as_the_models_read_it(case: Valid, data: st.DataObject) -> None:
    written = to_bytes(case.event)
    begin = data.draw(st.integers(0, len(written)))
    end = data.draw(st.integers(begin, min(begin + 8, len(written))))
    pieces = st.sampled_from([b"", *PIECES]) | st.binary(max_size=3)
    read_quickly(case.topic, [], written[:begin] + data.draw(pieces) + written[end:])


HEADER = st.tuples(
    st.sampled_from(["ce_id", "ce_subject", "ce_sequence", "ce_mood", "content-type", "trace"])
    | st.text(),
    st.none()
    | st.binary(max_size=5)
    | st.sampled_from(
        [b"", b"x" * 256, b"x" * 257, b"a\nb", b"\xc3\xa9" * 256, b"application/CloudEvents+json"]
    ),
)


@given(st.lists(HEADER, max_size=3))
@example([("ce_subject", b"a\nb"), ("ce_id", b"e-1")])
@example([("\udcff", b"a")])
@example([("ce_\udcff", None)])
def test_strange_headers_are_read_as_the_models_read_them(stray: Headers) -> None:
    for headers in ([*stray, *HEADERS], [*HEADERS, *stray]):
        for value in (DATA, to_bytes(EVENT)):
            read_quickly(CONVERSATIONS, headers, value)


@given(
    st.sampled_from(
        ["5.0", "1e2", "-0", "-0.0", "1e-400", "1e400", "0.1e1", "true", "9" * 400, "01"]
    )
    | NUMBERS.map(json.dumps)
)
def test_a_number_is_read_as_the_models_read_it(written: str) -> None:
    for name, topic in (("value", 0), ("human_actions", 1), ("handle_seconds", 1)):
        event = next(one.event for one in VALID if name in one.event["data"])
        value = json.dumps(event | {"data": event["data"] | {name: "#"}}).replace('"#"', written)
        read_quickly(TOPICS[topic], [], value.encode())


@given(
    st.from_regex(r"(1999|20[0-9]{2}|2100)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
)
@example("2026-03-02T09:14:03+05:60")
@example("2026-03-02T09:14:03.9999999Z")
@example("2026-03-02T09:14:03-00:00")
@example("2026-03-02T23:59:60Z")
@example("2026-02-30T00:00:00Z")
@example("2000-01-01T00:00:00+00:01")
def test_a_time_is_read_as_the_models_read_it(written: str) -> None:
    read_quickly(CONVERSATIONS, [], to_bytes(EVENT | {"time": written}))
    promise = next(one.event for one in VALID if "due_at" in one.event["data"])
    told = promise | {"data": promise["data"] | {"due_at": written}}
    read_quickly(TOPICS[2], [], to_bytes(told))


@pytest.mark.parametrize(
    "value",
    [
        b'{"conversation_id":"a","conversation_id":"b","scale":"nps","value":9}',
        b'{"conversation_id":"a","conversation_id":"b","scale":"nps","scale":"nps"}',
        b'{"conversation_id":7,"conversation_id":"b","scale":"nps","value":9}',
        b'{"conversation_id":"b","conversation_id":null,"scale":"nps","value":9}',
        b'{"conversation_id":"b","scale":"stars","value":9}',
        b'{"conversation_id":"b","scale":"nps","value":NaN}',
        b'{"conversation_id":"b","scale":"nps","value":9,"later":NaN}',
        b'{"conversation_id":"b","scale":"nps","value":9,"later":1e999}',
        b'{"conversation_id":"b","scale":"nps","value":9,"later":"\\ud800"}',
        b'{"conversation_id":"b","scale":"nps","value":9,"later":"\xff"}',
        b'{"conversation_id":"b","scale":"nps","value":9,"later":%b}' % (b"9" * 5000),
        b'{"conversation_id":"b","scale":"nps","value":9,"later":%b}' % (b"[" * 500 + b"]" * 500),
        b'{"conversation_id":"b","scale":"nps","value":9,"later":%b}'
        % (b'{"":' * 500 + b"1" + b"}" * 500),
        b'\xef\xbb\xbf{"conversation_id":"b","scale":"nps","value":9}',
        DATA + b" " * BYTES_MAX,
        b"",
    ],
)
def test_an_unusual_value_is_read_as_the_models_read_it(value: bytes) -> None:
    read_quickly(CONVERSATIONS, HEADERS, value)
