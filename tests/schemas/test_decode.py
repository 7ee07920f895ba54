"""Reading: every refusal has its reason, none carries the input, and nothing else is raised."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.conversations import FeedbackReceived
from schemas.decode import (
    CONVERSATIONS,
    HANDOFFS,
    MESSAGE_BYTES_MAX,
    TOPICS,
    Invalid,
    decode,
    read,
)
from schemas.published import Reason
from tests.schemas.bending import JSON, bent
from tests.schemas.examples import VALID, Headers, Valid, in_binary_mode, name_of, to_bytes

if TYPE_CHECKING:
    from schemas.envelope import Envelope

FEEDBACK: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/desk",
    "type": "cx.feedback.received.v1",
    "time": "2026-03-02T09:14:03Z",
    "data": {"conversation_id": "conv-1", "scale": "nps", "value": 9},
}
HEADERS, DATA = in_binary_mode(FEEDBACK)


def refusal(value: bytes | None, headers: Headers | None = None) -> tuple[Reason, str]:
    """Why a record of the conversations is refused."""
    with pytest.raises(Invalid) as caught:
        decode(CONVERSATIONS, headers or [], value)
    return caught.value.reason, caught.value.detail


def with_value(digits: str) -> bytes:
    """A rating whose value is written as given."""
    return to_bytes(FEEDBACK).replace(b'"value": 9', f'"value": {digits}'.encode())


def attempt(topic: str, headers: Headers, value: bytes | None) -> Invalid | Envelope:
    """Read a record; anything raised but ``Invalid`` fails the test."""
    try:
        return decode(topic, headers, value)
    except Invalid as invalid:
        return invalid


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_bytes_is_empty(value: bytes | None) -> None:
    assert refusal(value) == (Reason.EMPTY, "the value has no bytes")


def test_the_largest_record_is_read_and_a_byte_more_is_too_large() -> None:
    event = to_bytes(FEEDBACK)
    largest = event + b" " * (MESSAGE_BYTES_MAX - len(event))

    assert decode(CONVERSATIONS, [], largest) == read(CONVERSATIONS, FEEDBACK)
    assert refusal(largest + b" ") == (Reason.TOO_LARGE, "1048577 bytes, at most 1048576")


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (b'{"id": "e-1"', "line 1 column 12"),
        (b'{\n"id": oops}', "line 2 column 7"),
        (b"\xff\xfe{}", "line 1 column 1"),
        (b'\xef\xbb\xbf{"id": 1}', "line 1 column 1"),
        (b'{"id": "\xc3\x28"}', "line 1 column 9"),
        (b'{"id": "\\ud800"}', "line 1 column 15"),
        (b'{"\\udc00": 1}', "line 1 column 8"),
        (b'{"value": NaN}', "line 1 column 11"),
        (b'{"value": -Infinity}', "line 1 column 12"),
        (b'{"value": ' + b"9" * 5000 + b"}", "line 1 column 4312"),
        (b"[" * 100_000, "line 1 column 202"),
        (b"{} {}", "line 1 column 4"),
    ],
)
def test_what_is_not_json_is_refused_by_its_position_only(value: bytes, detail: str) -> None:
    assert refusal(value) == (Reason.NOT_JSON, detail)


@pytest.mark.parametrize("value", [b"null", b"5", b'"text"', b"[]", b"true"])
def test_json_that_is_no_object_is_no_event(value: bytes) -> None:
    assert refusal(value) == (Reason.NOT_AN_EVENT, "the value is no JSON object")


@pytest.mark.parametrize("digits", ["1e999", "-1e999", "1" + "0" * 400])
def test_a_number_beyond_a_float_is_refused_where_it_is_read(digits: str) -> None:
    reason, detail = refusal(with_value(digits))

    assert reason == Reason.INVALID_DATA
    assert detail in ("data.value: finite_number", "data.value: float_type")


def test_a_number_beyond_a_float_is_passed_over_where_nobody_reads_it() -> None:
    event = decode(CONVERSATIONS, [], with_value('9, "weight": 1e999'))

    assert event == read(CONVERSATIONS, FEEDBACK)


@pytest.mark.parametrize("field", ["id", "source", "time", "type", "specversion"])
def test_half_a_surrogate_pair_in_a_mapping_is_refused(field: str) -> None:
    with pytest.raises(Invalid):
        read(CONVERSATIONS, FEEDBACK | {field: "\ud800"})


@pytest.mark.parametrize("case", VALID, ids=name_of)
def test_both_modes_give_the_same_event(case: Valid) -> None:
    structured = decode(case.topic, [], to_bytes(case.event))
    binary = decode(case.topic, *in_binary_mode(case.event))

    assert binary == structured


@pytest.mark.parametrize(
    "content_type",
    [b"application/cloudevents+json", b"Application/CloudEvents+JSON; charset=utf-8"],
)
def test_a_structured_event_may_repeat_its_attributes_as_headers(content_type: bytes) -> None:
    headers: Headers = [*HEADERS, ("content-type", content_type)]

    assert decode(CONVERSATIONS, headers, to_bytes(FEEDBACK)) == read(CONVERSATIONS, FEEDBACK)


@pytest.mark.parametrize("content_type", [b"application/json", b"", b"\xff", None])
def test_any_other_content_type_leaves_the_mode_to_the_headers(content_type: bytes | None) -> None:
    headers: Headers = [("content-type", content_type), *HEADERS]

    assert decode(CONVERSATIONS, headers, DATA) == read(CONVERSATIONS, FEEDBACK)


def test_a_batch_of_events_is_no_event() -> None:
    headers: Headers = [("content-type", b"application/cloudevents-batch+json")]

    assert refusal(to_bytes([FEEDBACK]), headers)[0] == Reason.NOT_AN_EVENT


@pytest.mark.parametrize(
    ("stray", "detail"),
    [
        (("ce_id", b"e-2"), "a ce_ header is given twice"),
        (("ce_mood", b"\xff"), "a ce_ header is not UTF-8"),
        (("ce_subject", b""), "subject: string_too_short"),
        (("ce_subject", b"x" * 257), "subject: string_too_long"),
    ],
)
def test_an_evil_header_in_binary_mode_is_refused(stray: tuple[str, bytes], detail: str) -> None:
    assert refusal(DATA, [*HEADERS, stray]) == (Reason.NOT_AN_EVENT, detail)


@pytest.mark.parametrize(
    "stray",
    [
        ("ce_data", b"{}"),
        ("ce_mood", b"calm"),
        ("ce_subject", None),
        ("ce_", b""),
        ("", b"\xff"),
        ("traceparent", b"\xff"),
        ("CE_ID", b"e-2"),
    ],
)
def test_a_strange_header_changes_nothing(stray: tuple[str, bytes | None]) -> None:
    assert decode(CONVERSATIONS, [*HEADERS, stray], DATA) == read(CONVERSATIONS, FEEDBACK)


def test_attributes_without_a_specversion_do_not_make_binary_mode() -> None:
    headers = [(name, value) for name, value in HEADERS if name != "ce_specversion"]

    assert refusal(DATA, headers) == (Reason.NOT_AN_EVENT, "type: a string is required")


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02T09:14:03Z", datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)),
        ("2026-03-02t09:14:03z", datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)),
        ("2026-03-02T14:44:03+05:30", datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)),
        ("2026-03-02T09:14:03-00:00", datetime(2026, 3, 2, 9, 14, 3, tzinfo=UTC)),
        ("2026-03-02T09:14:03.123456789Z", datetime(2026, 3, 2, 9, 14, 3, 123456, tzinfo=UTC)),
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
        ("2100-01-01T00:59:59+01:00", datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_moment_it_names(written: str, moment: datetime) -> None:
    assert read(CONVERSATIONS, FEEDBACK | {"time": written}).time == moment


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2026-03-02 09:14:03Z", Reason.INVALID_TIME),
        ("2026-03-02T09:14:03+0530", Reason.INVALID_TIME),
        ("2026-03-02T09:14:03\u221201:00", Reason.INVALID_TIME),
        ("2026-03-02T09:14:60Z", Reason.INVALID_TIME),
        ("2026-03-02T24:00:00Z", Reason.INVALID_TIME),
        ("2026-03-02T09:14:03+24:00", Reason.INVALID_TIME),
        ("2026-03-02T09:14:03Z\n", Reason.INVALID_TIME),
        ("\u0662026-03-02T09:14:03Z", Reason.INVALID_TIME),
        ("1772442843", Reason.INVALID_TIME),
        ("", Reason.INVALID_TIME),
        (1772442843, Reason.INVALID_TIME),
        (True, Reason.INVALID_TIME),
        ({}, Reason.INVALID_TIME),
        (datetime(2026, 3, 2), Reason.INVALID_TIME),  # noqa: DTZ001  # The offset is what is missing.
        ("0000-01-01T00:00:00Z", Reason.INVALID_TIME),
        ("0001-01-01T00:00:00+14:00", Reason.TIME_OUT_OF_RANGE),
        ("1999-12-31T23:59:59Z", Reason.TIME_OUT_OF_RANGE),
        ("2000-01-01T00:00:00+01:00", Reason.TIME_OUT_OF_RANGE),
        ("2100-01-01T00:00:00Z", Reason.TIME_OUT_OF_RANGE),
        ("9999-12-31T23:59:59-14:00", Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_a_time_that_is_none_is_refused(written: object, reason: Reason) -> None:
    with pytest.raises(Invalid) as caught:
        read(CONVERSATIONS, FEEDBACK | {"time": written})

    assert caught.value.reason == reason


@pytest.mark.parametrize("flag", ["true", "yes", "", 0, 1, 0.0, None, []])
def test_only_true_and_false_are_flags(flag: object) -> None:
    data = FEEDBACK["data"] | {"test": flag}

    assert refusal(to_bytes(FEEDBACK | {"data": data}))[1] == "data.test: bool_type"


@pytest.mark.parametrize("count", ["3", True, 2.5, -1, 1e300, 10**30, None, [3]])
def test_only_whole_numbers_that_can_be_are_counts(count: object) -> None:
    data = {"conversation_id": "conv-1", "handoff_id": "h-1", "human_actions": count}
    event = FEEDBACK | {"type": "cx.handoff.completed.v1", "data": data}

    with pytest.raises(Invalid) as caught:
        decode(HANDOFFS, [], to_bytes(event))

    assert caught.value.detail.startswith("data.human_actions: ")


@pytest.mark.parametrize("number", ["9", True, None, [9], {}])
def test_only_numbers_are_numbers(number: object) -> None:
    data = FEEDBACK["data"] | {"value": number}

    assert refusal(to_bytes(FEEDBACK | {"data": data}))[1] == "data.value: float_type"


def test_an_integer_is_a_number() -> None:
    event = read(CONVERSATIONS, FEEDBACK)

    assert isinstance(event, FeedbackReceived)
    assert event.data.value == 9.0


@given(st.sampled_from(TOPICS), st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_but_invalid(topic: str, value: bytes) -> None:
    assert isinstance(attempt(topic, [], value), Invalid)


ATTRIBUTES = ("specversion", "type", "time", "id", "source", "data", "subject", "mood", "")
HEADER = st.tuples(
    st.sampled_from([*(f"ce_{name}" for name in ATTRIBUTES), "content-type"]) | st.text(),
    st.none() | st.binary() | st.sampled_from([value for _, value in HEADERS]),
)


@given(
    st.sampled_from(TOPICS),
    st.lists(HEADER) | st.lists(HEADER, max_size=2).map(lambda stray: [*stray, *HEADERS]),
    JSON,
)
def test_no_headers_and_no_json_raise_anything_but_invalid(
    topic: str, headers: Headers, payload: object
) -> None:
    attempt(topic, headers, to_bytes(payload))


@given(bent())
def test_no_bent_event_raises_anything_but_invalid(case: Valid) -> None:
    attempt(case.topic, [], to_bytes(case.event))


MARK = "Zoë Quill"
MARKED = st.sampled_from([MARK, MARK * 100, [MARK], {MARK: MARK}, {"type": MARK}])


@given(bent(MARKED))
@example(Valid("a type", CONVERSATIONS, FEEDBACK | {"type": f"cx.{MARK}.v1"}))
@example(Valid("a version", CONVERSATIONS, FEEDBACK | {"type": f"cx.message.created.v{MARK}"}))
def test_a_refusal_never_carries_a_value_from_the_input(case: Valid) -> None:
    verdict = attempt(case.topic, [], to_bytes(case.event))

    if isinstance(verdict, Invalid):
        assert MARK not in str(verdict)
        assert verdict.__cause__ is None


@given(st.sampled_from(VALID), st.data())
def test_a_refusal_of_broken_json_never_carries_a_piece_of_it(
    case: Valid, data: st.DataObject
) -> None:
    text = to_bytes(case.event | {"note": MARK * 3}).decode()
    place = data.draw(st.integers(0, len(text)))
    broken = (
        text[:place]
        + data.draw(st.sampled_from([MARK, "\x00", "\\", '"', ""]))
        + text[data.draw(st.integers(place, len(text))) :]
    )
    verdict = attempt(case.topic, [], broken.encode())

    if isinstance(verdict, Invalid):
        assert MARK not in verdict.detail
        assert len(verdict.detail) < 100
