"""From the file of a log to its records, as the mapping file says that they are written.

A record is a JSON object on a line of its own, a row of CSV under a line that names the columns, an
event of XES, or a span or event of OpenTelemetry, of which a line of OTLP/JSON holds many.
Of CSV every cell is text, an empty one is a field that the record lacks, and a dot in the name of a
column leads into an object, as it does in a mapping file.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from codecs import BOM_UTF8
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from pydantic_core import from_json

from monitor.adapters import xes
from monitor.adapters.log_error import LogError
from monitor.adapters.otlp import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

    from monitor.adapters.expressions import Path
    from monitor.adapters.mapping_file import RecordFields

Record = dict[str, Any]
Event = dict[str, Any]
"""A CloudEvent in its structured form."""


_LINE_BYTES_MAX = 64 * 1024 * 1024


def lines_of(file: BufferedReader) -> Iterator[bytes]:
    """Give the lines of a log, plain or gzip; one that fits into no memory comes in pieces.

    Raises:
        LogError: it is gzip, and damaged.
    """
    # Looked at without being taken, for a pipe cannot be read twice.
    packed = file.peek(2)[:2] == b"\x1f\x8b"
    try:
        source = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
        yield from iter(partial(source.readline, _LINE_BYTES_MAX), b"")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LogError(f"{file.name}: damaged gzip: {error}") from None


def records_of(lines: Iterable[bytes], written: RecordFields) -> Iterator[Record | None]:
    """Give the records of a log; None stands for a line, a row or an event that is none.

    Raises:
        LogError: it is CSV, and its first line does not name the columns that are declared; or it
            is to be XES, and is none.
    """
    if written.format == "csv":
        return _rows(lines, written)
    if written.format == "xes":
        return xes.events(lines, (*written.fields, *written.wording))
    return telemetry(_objects(lines)) if written.format == "otlp" else _objects(lines)


def _objects(lines: Iterable[bytes]) -> Iterator[Record | None]:
    for line in lines:
        if line.isspace():
            continue
        try:
            record = from_json(line)
        except ValueError:
            record = None
        yield record if isinstance(record, dict) else None


def _rows(lines: Iterable[bytes], written: RecordFields) -> Iterator[Record | None]:
    rows = _cells(lines, written.delimiter)
    columns = next(rows, None)
    if columns is None:
        return
    places = {path: _place(path, columns) for path in (*written.fields, *written.wording)}
    for row in rows:
        yield _record(row, places) if len(row) == len(columns) else None


def _cells(lines: Iterable[bytes], delimiter: str) -> Iterator[list[str]]:
    """Give the rows that are not blank; one that cannot be read has no cells."""
    # A generator would be over after its first error; a reader over a map goes on.
    reader = csv.reader(map(bytes.decode, _unmarked(lines)), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError):
            yield []
        else:
            if row:
                yield row


def _unmarked(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Leave out the byte order mark that some spreadsheets begin with."""
    for number, line in enumerate(lines):
        yield line if number else line.removeprefix(BOM_UTF8)


def _place(path: Path, columns: list[str]) -> int:
    name = ".".join(path)
    if columns.count(name) != 1:
        found = ", ".join(map(repr, columns)) or "none"
        raise LogError(
            f"the log must have one column {name!r}, for the mapping declares it; "
            f"its columns are {found}"
        )
    return columns.index(name)


def _record(row: list[str], places: dict[Path, int]) -> Record:
    record: Record = {}
    for (*parents, name), place in places.items():
        if row[place]:
            inside = record
            for parent in parents:
                inside = inside.setdefault(parent, {})
            inside[name] = row[place]
    return record
