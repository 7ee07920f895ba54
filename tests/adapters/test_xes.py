"""An XES log gives the records that it gives as CSV, or says in which line it does not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.log_error import LogError
from monitor.adapters.mapping import load_mapping
from monitor.adapters.mapping_file import RecordFields
from monitor.adapters.records import Record, lines_of, records_of
from monitor.adapters.samples import read_lines, sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

COLUMNS = ["case:concept:name", "concept:name", "time:timestamp", "org:resource"]
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1849.2016">\n'
TRACE = """\
<trace>
<string key="concept:name" value="T-1"/>
<int key="cost" value="5"/>
<event>
<string key="concept:name" value="Opened"/>
<date key="time:timestamp" value="2026-03-02T09:00:00Z"/>
</event>
</trace>
"""
LOG = f"{HEAD}{TRACE}</log>\n"


def read(log: str | bytes, *fields: str) -> list[Record | None]:
    raw = log if isinstance(log, bytes) else log.encode()
    written = RecordFields.model_validate({"format": "xes", "fields": fields or COLUMNS})
    return list(records_of(io.BytesIO(raw), written))


def one_event(attributes: str) -> str:
    return f"{HEAD}<trace><event>{attributes}</event></trace></log>"


def test_an_event_is_a_record_with_the_attributes_of_its_trace() -> None:
    assert read(LOG) == [
        {
            "case:concept:name": "T-1",
            "concept:name": "Opened",
            "time:timestamp": "2026-03-02T09:00:00Z",
        }
    ]


def test_a_trace_s_attributes_end_with_it() -> None:
    log = HEAD + TRACE + '<event><string key="concept:name" value="Alone"/></event></log>'

    assert read(log, "case:cost", "concept:name") == [
        {"case:cost": 5, "concept:name": "Opened"},
        {"concept:name": "Alone"},
    ]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ('<int key="x" value="-3"/>', -3),
        ('<float key="x" value="0.5"/>', 0.5),
        ('<boolean key="x" value="true"/>', True),
        ('<boolean key="x" value="False"/>', False),
        ('<id key="x" value="5"/>', "5"),
        ('<string key="x" value="two&#10;lines &amp; &quot;more&quot;"/>', 'two\nlines & "more"'),
    ],
)
def test_a_value_is_read_as_what_it_is(attribute: str, value: object) -> None:
    (record,) = read(one_event(attribute), "x")

    assert record == {"x": value}
    assert record is not None
    assert type(record["x"]) is type(value)


@pytest.mark.parametrize(
    "attribute",
    [
        '<string key="x" value=""/>',
        '<string key="x"/>',
        '<string key="y" value="undeclared"/>',
        '<list key="x"><values><string key="x" value="within"/></values></list>',
        '<string key="y" value="a"><string key="x" value="within"/></string>',
    ],
)
def test_what_is_empty_or_lies_within_another_is_lacking(attribute: str) -> None:
    assert read(one_event(attribute), "x") == [{}]


def test_a_dot_leads_into_an_object() -> None:
    assert read(one_event('<string key="by.name" value="Ann"/>'), "by.name") == [
        {"by": {"name": "Ann"}}
    ]


@pytest.mark.parametrize(
    "attribute",
    [
        '<int key="x" value="five"/>',
        '<float key="x" value="NaN"/>',
        '<boolean key="x" value="yes"/>',
    ],
)
def test_an_event_with_a_value_that_is_not_of_its_type_is_none(attribute: str) -> None:
    log = one_event(attribute).replace("</log>", f"{TRACE}</log>")

    assert read(log, "x", "concept:name") == [None, {"concept:name": "Opened"}]


def test_so_are_all_events_of_a_trace_with_one() -> None:
    log = LOG.replace('value="5"', 'value="five"').replace("</log>", f"{TRACE}</log>")

    assert read(log, "case:cost") == [None, {"case:cost": 5}]
    assert read(log, "concept:name") == [{"concept:name": "Opened"}] * 2


def test_what_the_log_says_of_itself_is_no_record() -> None:
    about = (
        '<extension name="Concept" prefix="concept" uri="http://example.com"/>\n'
        '<global scope="event"><string key="concept:name" value="UNKNOWN"/></global>\n'
        '<classifier name="Activity" keys="concept:name"/>\n'
        '<string key="concept:name" value="a log"/>\n'
    )

    assert read(f"{HEAD}{about}{TRACE}</log>") == read(LOG)


def test_tags_may_have_a_name_space() -> None:
    spaced = LOG.replace("<log ", '<log xmlns="http://www.xes-standard.org/" ')
    prefixed = LOG.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    prefixed = prefixed.replace("<x:?xml", "<?xml").replace("<x:log ", '<x:log xmlns:x="y" ')

    assert read(spaced) == read(prefixed) == read(LOG)


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "windows-1252"])
def test_a_log_is_read_in_the_encoding_that_it_names(encoding: str) -> None:
    log = LOG.replace('"UTF-8"', f'"{encoding}"').replace("Opened", "Geöffnet")

    assert read(log.encode(encoding), "concept:name") == [{"concept:name": "Geöffnet"}]


BOMB = """\
<!DOCTYPE log [
<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
]>
"""
OUTSIDE = '<!DOCTYPE log [<!ENTITY secret SYSTEM "file:///etc/hostname">]>\n'


@pytest.mark.parametrize("doctype", [BOMB, OUTSIDE, '<!DOCTYPE log SYSTEM "log.dtd">\n'])
def test_a_document_type_is_refused_before_it_declares_anything(doctype: str) -> None:
    with pytest.raises(LogError, match=r"line 2: .*document type.*; fix: take <!DOCTYPE"):
        read(LOG.replace("<log", f"{doctype}<log"))


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("<html>\n</html>", r"line 1: <html> is no XES log; fix: export the log as XES"),
        ("case,activity\nT-1,Opened\n", r"line 1: no XML at column 1: .*; fix: "),
        (LOG.replace("</event>", "</events>"), r"line 9: no XML .*mismatched tag; fix: export"),
        (LOG.replace("Opened", "Ge\xf6ffnet").encode("latin-1"), r"line 7: .*be in UTF-8"),
        (LOG.replace("UTF-8", "klingon"), r"line 1: .*klingon; fix: write the log in UTF-8"),
        (LOG.replace("UTF-8", "gb18030"), r"line 1: .*; fix: write the log in UTF-8"),
        (LOG.encode("utf-16"), r"line 1: .*; fix: "),
        (LOG.replace("Opened", "&what;"), r"line 7: .*undefined entity; fix: "),
        (
            LOG[: LOG.index("</event>")],
            r"line 9: the log ends within <event>; fix: .*copy it whole",
        ),
        (LOG[: LOG.index("Opened")], r"line 7: the log ends within <event>; fix: "),
        (HEAD[:20], r"line 1: the log ends before it has begun; fix: "),
        (LOG + "<log/>", r"line 12: .*junk after document element; fix: "),
        (HEAD + "<list>" * 200, r"line 3: more than 100 tags within each other; fix: "),
    ],
)
def test_what_is_no_xes_is_refused_by_its_line(log: str | bytes, message: str) -> None:
    with pytest.raises(LogError, match=message):
        read(log)


def test_what_came_before_a_mistake_has_been_read() -> None:
    written = RecordFields.model_validate({"format": "xes", "fields": COLUMNS})
    records = records_of([f"{HEAD}{TRACE}".encode(), b"</lag>"], written)

    assert next(records) is not None
    with pytest.raises(LogError):
        next(records)


def test_nothing_is_a_log_without_records() -> None:
    assert read("") == []


def endless(piece: bytes) -> Iterator[bytes]:
    yield HEAD.encode() + b"<trace>"
    while True:
        yield piece


def peak_of(records: Iterable[object]) -> int:
    tracemalloc.start()
    try:
        for _ in records:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_log_of_any_length_takes_the_memory_of_one_event() -> None:
    written = RecordFields.model_validate({"format": "xes", "fields": ["concept:name"]})
    event = b'<event><string key="concept:name" value="Opened"/><int key="x" value="1"/></event>'

    def of(events: int) -> int:
        return peak_of(islice(records_of(endless(event), written), events))

    assert of(20_000) < of(1_000) + 50_000


@pytest.mark.parametrize("piece", [b"<!-- " + b"x" * 60_000, b"<event " + b"x" * 60_000])
def test_a_tag_without_end_is_refused(piece: bytes) -> None:
    written = RecordFields.model_validate({"format": "xes", "fields": ["concept:name"]})

    def grown() -> Iterator[bytes]:
        yield HEAD.encode() + b"<trace>" + piece
        while True:
            yield b"x" * 60_000

    with pytest.raises(LogError, match="a tag or a comment of more than"):
        list(records_of(grown(), written))


MAPPING = """\
about = "The service desk's log, as process mining has it."
source = "'desk'"
conversation = 'record."case:concept:name"'
customer = 'memory.customer'
time = 'record."time:timestamp"'
identity = "record"
record = { format = "csv", fields = FIELDS }

[[rules]]
name = "started"
when = { "concept:name" = "cx.conversation.started.v1" }
remember = { customer = 'record."org:resource"' }
events = [{ type = "cx.conversation.started.v1" }]

[[rules]]
name = "reopened"
when = { "concept:name" = "cx.conversation.reopened.v1" }
events = [{ type = "cx.conversation.reopened.v1", data = { actor = "'customer'" } }]

[[rules]]
name = "claimed"
when = { "concept:name" = "cx.resolution.claimed.v1" }
[[rules.events]]
type = "cx.resolution.claimed.v1"
data = { by = "'human'", basis = "'agent_judged'" }
"""


def recorded() -> dict[str, list[dict[str, str]]]:
    """The first incidents of the sample, as a log with a row for each event."""
    cases: dict[str, list[dict[str, str]]] = {}
    for event in islice(read_lines(sample("uci_incident")), 5_000):
        row = (event["subject"], event["type"], event["time"], event["partitionkey"])
        cases.setdefault(event["subject"], []).append(dict(zip(COLUMNS, row, strict=True)))
    return cases


def as_csv(cases: dict[str, list[dict[str, str]]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for rows in cases.values():
        writer.writerows(rows)
    return text.getvalue().encode()


def as_xes(cases: dict[str, list[dict[str, str]]]) -> bytes:
    kinds = dict(zip(COLUMNS, ("string", "string", "date", "string"), strict=True))
    lines = [HEAD]
    for case, rows in cases.items():
        lines.append(f'<trace><string key="concept:name" value={quoteattr(case)}/>\n')
        for row in rows:
            attributes = (
                f"<{kinds[key]} key={quoteattr(key)} value={quoteattr(row[key])}/>"
                for key in COLUMNS[1:]
            )
            lines.append(f"<event>{''.join(attributes)}</event>\n")
        lines.append("</trace>\n")
    return "".join([*lines, "</log>\n"]).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_log_gives_the_events_that_it_gives_as_csv(tmp_path: Path, pack: type[bytes]) -> None:
    cases = recorded()

    def events(form: str, raw: bytes) -> list[dict[str, Any]]:
        mapping, log = tmp_path / f"{form}.toml", tmp_path / f"log.{form}"
        mapping.write_text(MAPPING.replace("csv", form).replace("FIELDS", json.dumps(COLUMNS)))
        log.write_bytes(pack(raw))
        loaded = load_mapping(mapping)
        with log.open("rb") as file:
            records = records_of(lines_of(file), loaded.file.record)
            return list(loaded.events(record for record in records if record is not None))

    from_csv = events("csv", as_csv(cases))
    assert len(from_csv) > 2_000
    assert events("xes", as_xes(cases)) == from_csv


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)


@given(st.dictionaries(TEXT, TEXT, max_size=5), st.integers(1, 200))
def test_what_xes_can_write_is_read_again_however_it_is_cut(
    cases: dict[str, str], length: int
) -> None:
    rest = dict.fromkeys(COLUMNS, "-")
    raw = as_xes({case: [rest | {"concept:name": what}] for case, what in cases.items()})
    pieces = [raw[start : start + length] for start in range(0, len(raw), length)]
    written = RecordFields.model_validate({"format": "xes", "fields": COLUMNS[:2]})

    assert list(records_of(pieces, written)) == [
        {"case:concept:name": case, "concept:name": what} for case, what in cases.items()
    ]
