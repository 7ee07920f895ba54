"""A log's lines become records as the mapping file says that they are written."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters.log_error import LogError
from monitor.adapters.mapping_file import RecordFields
from monitor.adapters.records import Record, records_of

CSV = {"format": "csv", "fields": ["case", "what"]}


def read(text: str | bytes, **written: object) -> list[Record | None]:
    raw = text if isinstance(text, bytes) else text.encode()
    fields = RecordFields.model_validate(CSV | written)
    return list(records_of(io.BytesIO(raw), fields))


def test_a_row_is_a_record_of_the_declared_columns() -> None:
    assert read("case,cost,what\r\nT-1,5,Opened\r\n") == [{"case": "T-1", "what": "Opened"}]


def test_a_cell_may_hold_anything_between_quotes() -> None:
    assert read('case,what\n"T,1","two\nlines, and ""more"""\n') == [
        {"case": "T,1", "what": 'two\nlines, and "more"'}
    ]


def test_an_empty_cell_is_a_field_that_the_record_lacks() -> None:
    assert read("case,what\nT-1,\n") == [{"case": "T-1"}]


def test_blank_lines_are_no_rows() -> None:
    assert read("case,what\n\nT-1,Opened\n\n") == [{"case": "T-1", "what": "Opened"}]


def test_a_dot_leads_into_an_object() -> None:
    assert read("case,by.name,by.team\nT-1,Ann,Two\n", fields=["case", "by.name", "by.team"]) == [
        {"case": "T-1", "by": {"name": "Ann", "team": "Two"}}
    ]


def test_cells_may_stand_apart_by_another_sign() -> None:
    assert read("case;what\nT-1;a,b\n", delimiter=";") == [{"case": "T-1", "what": "a,b"}]


def test_a_byte_order_mark_is_no_part_of_a_name() -> None:
    assert read(b"\xef\xbb\xbfcase,what\nT-1,Opened\n") == [{"case": "T-1", "what": "Opened"}]


@pytest.mark.parametrize(
    "row", [b"T-2", b"T-2,a,b", b'"T-2"x,a', b"T-2,\xff", b'"' + b"x" * 200_000 + b'",a']
)
def test_a_row_that_does_not_fit_is_none_and_the_next_one_is_read(row: bytes) -> None:
    rows = read(b"case,what\nT-1,Opened\n" + row + b"\nT-3,Closed\n")

    assert rows == [{"case": "T-1", "what": "Opened"}, None, {"case": "T-3", "what": "Closed"}]


@pytest.mark.parametrize("head", ["case", "case;what", "case,what,what", "\x00", '"case'])
def test_a_log_without_a_declared_column_is_refused_by_its_name(head: str) -> None:
    with pytest.raises(LogError, match=r"one column '(what|case)'"):
        read(f"{head}\nT-1,Opened\n")


def test_nothing_is_a_log_without_records() -> None:
    assert read("") == []


TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_what_csv_can_write_is_read_again(rows: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("case", "what"), *rows])

    assert read(written.getvalue()) == [{"case": case, "what": what} for case, what in rows]


def test_a_line_that_is_no_object_is_none() -> None:
    lines = b'{"case": "T-1"}\n\n[1]\n{broken\n  {"case": "T-2"}  \n'

    assert read(lines, format="json") == [{"case": "T-1"}, None, None, {"case": "T-2"}]
