"""What XES holds comes out as records, whatever else it holds, and bombs are not set off."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.mapping_file import RecordFields
from monitor.adapters.records import LogError, Record, records_of
from monitor.adapters.xes import traced

HEAD = b"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="2.0" xmlns="http://www.xes-standard.org/">
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <global scope="event"><string key="concept:name" value="none"/></global>
  <classifier name="Activity" keys="concept:name"/>
  <string key="concept:name" value="Our help desk"/>
"""
# What XML can carry at all, and an attribute brings back as it was.
TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=8)


def read(body: bytes, head: bytes = HEAD, end: bytes = b"</log>") -> list[Record]:
    return list(traced((head + body + end).splitlines(keepends=True)))


def event(*attributes: bytes) -> bytes:
    return b"<event>\n" + b"\n".join(attributes) + b"\n</event>\n"


def test_an_event_has_its_attributes_and_those_of_its_trace() -> None:
    opened = b'<string key="concept:name" value="Opened"/>'
    at = b'<date key="time:timestamp" value="2026-03-02T10:00:00.000+01:00"/>'
    traces = [
        b'<trace><string key="concept:name" value="T-%d"/>' % case + event(opened, at) + b"</trace>"
        for case in (1, 2)
    ]
    wanted = {"concept:name": "Opened", "time:timestamp": "2026-03-02T10:00:00.000+01:00"}

    assert read(b"".join(traces) + event(opened)) == [
        {"trace": {"concept:name": "T-1"}, "event": wanted},
        {"trace": {"concept:name": "T-2"}, "event": wanted},
        {"trace": {}, "event": {"concept:name": "Opened"}},
    ]


@pytest.mark.parametrize(
    ("attribute", "wanted"),
    [
        (b'<int key="a" value="5"/>', {"a": 5}),
        (b'<float key="a" value="0.5"/>', {"a": 0.5}),
        (b'<boolean key="a" value="True"/>', {"a": True}),
        (b'<boolean key="a" value="0"/>', {"a": False}),
        (b'<id key="a" value="7-x"/>', {"a": "7-x"}),
        (b'<string key="a.b" value="x"/>', {"a": {"b": "x"}}),
        (b'<string key="a" value="x"><string key="b" value="y"/></string>', {"a": "x"}),
        (b'<list key="a"><string key="b" value="y"/></list>', {}),
        (b'<int key="a" value="five"/>', {}),
        (b'<float key="a" value="NaN"/>', {}),
        (b'<boolean key="a" value="perhaps"/>', {}),
        (b'<string value="x"/>', {}),
        (b'<unheard key="a" value="x"/>', {}),
    ],
)
def test_an_attribute_is_what_it_says_it_is_or_left_out(attribute: bytes, wanted: Record) -> None:
    assert read(event(attribute)) == [{"trace": {}, "event": wanted}]


def test_an_event_is_given_before_the_log_has_ended() -> None:
    lines = iter([HEAD, event(), event()])

    assert next(iter(traced(lines)))
    assert next(lines)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"case,activity\n", "no whole XES"),
        (b"", "no whole XES"),
        (HEAD + event(), "no whole XES"),
        (HEAD + b"<trace></event>", "no whole XES"),
        (b"<html></html>", "begins with <html>"),
        (b'<!DOCTYPE log [<!ENTITY a "x">]>' + b"<log>&a;</log>", "has a document type"),
        (b'<!DOCTYPE log SYSTEM "file:///etc/passwd"><log/>', "has a document type"),
    ],
)
def test_what_is_no_xes_is_refused_and_told(document: bytes, why: str) -> None:
    fields = RecordFields.model_validate({"format": "xes", "fields": ["event.concept:name"]})
    with pytest.raises(LogError, match=why):
        list(records_of(document.splitlines(keepends=True), fields))


@given(st.lists(st.dictionaries(TEXT.filter(lambda key: "." not in key), TEXT), max_size=4))
def test_what_xes_can_write_is_read_again(events: list[dict[str, str]]) -> None:
    body = "".join(
        "<event>"
        + "".join(f"<string key={quoteattr(k)} value={quoteattr(v)}/>" for k, v in each.items())
        + "</event>"
        for each in events
    )

    assert [record["event"] for record in read(body.encode())] == events


@given(st.binary(max_size=200))
def test_whatever_is_read_is_records_or_a_refusal(body: bytes) -> None:
    fields = RecordFields.model_validate({"format": "xes", "fields": ["event.a"]})
    try:
        records = list(records_of((HEAD + body + b"</log>").splitlines(keepends=True), fields))
    except LogError:
        return
    assert all(record is not None and record.keys() == {"trace", "event"} for record in records)
