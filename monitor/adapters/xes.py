"""Records out of XES (IEEE 1849), the form in which process-mining tools exchange event logs.

A record is an event together with the attributes of its trace, all side by side: those of the
event under their keys, those of the trace with ``case:`` before theirs, which is how the tools
name the columns when they write the same log as CSV. Numbers and truths are read as such; all
else is text, times too. An empty value is a field that the record lacks. What lies within an
attribute (lists, containers, remarks) and what is said of the whole log is left out.

Rule: the log is not trusted. A document type, which alone could declare entities, is refused; of
what is read, only the declared attributes of one trace and one event are kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from monitor.adapters.log_error import LogError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from monitor.adapters.expressions import Path

Record = dict[str, Any]

_OF_A_TRACE = "case:"
_TRACE = ["log", "trace"]
_EVENTS = (["log", "trace", "event"], ["log", "event"])
_AT_ONCE = 64 * 1024
_PIECE_BYTES_MAX = 16 * 1024 * 1024
_DEPTH_MAX = 100

_ENCODINGS = {
    expat.errors.codes[error]
    for error in (
        expat.errors.XML_ERROR_UNKNOWN_ENCODING,
        expat.errors.XML_ERROR_INCORRECT_ENCODING,
    )
}
_INVALID_TOKEN = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
_EXPORT_AGAIN = "export the log again"
_IN_UTF_8 = "write the log in UTF-8 and let its first line say so"


def _truth(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.strip().lower()]


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_TYPES: dict[str, Callable[[str], object]] = {
    "string": str,
    "date": str,
    "id": str,
    "int": int,
    "float": _number,
    "boolean": _truth,
}


def events(pieces: Iterable[bytes], declared: Collection[Path]) -> Iterator[Record | None]:
    """Give the events of a log; None stands for one with a value that is not of its type.

    Args:
        pieces: the log, cut anywhere.
        declared: the attributes that records are to have.

    Raises:
        LogError: it is no XES, or ends before its end. The message names the line.
    """
    reader = _Reader(declared)
    for piece in pieces:
        for start in range(0, len(piece), _AT_ONCE):
            yield from reader.read(piece[start : start + _AT_ONCE])
    reader.end()


class _Reader:
    """One log on its way through expat."""

    def __init__(self, declared: Collection[Path]) -> None:
        self._paths = {".".join(path): path for path in declared}
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._close
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._bytes = 0
        self._open: list[str] = []
        # What is known of the trace and of the event; None where a value is not of its type.
        self._trace: dict[str, object] | None = {}
        self._event: dict[str, object] | None = {}
        self._read: list[Record | None] = []

    def read(self, piece: bytes) -> list[Record | None]:
        """Give the events that a piece of the log ends."""
        self._read.clear()
        self._bytes += len(piece)
        try:
            self._parser.Parse(piece, False)  # noqa: FBT003  # expat knows no names
        except expat.ExpatError as error:
            self._refuse(_why(error), _fix(error))
        except (LookupError, ValueError) as error:  # Python's word on the encoding that is named
            self._refuse(str(error), _IN_UTF_8)
        if self._bytes - max(self._parser.CurrentByteIndex, 0) > _PIECE_BYTES_MAX:
            self._refuse(
                f"a tag or a comment of more than {_PIECE_BYTES_MAX} bytes", "leave it out"
            )
        return self._read

    def end(self) -> None:
        """The log has ended; if it had begun, it must be whole."""
        if not self._bytes:
            return
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003  # as above
        except expat.ExpatError:
            within = f"within <{self._open[-1]}>" if self._open else "before it has begun"
            self._refuse(f"the log ends {within}", f"{_EXPORT_AGAIN}, or copy it whole")

    def _begin(self, name: str, given: dict[str, str]) -> None:
        tag, parents = name.rpartition(":")[2], self._open
        if not parents and tag != "log":
            self._refuse(
                f"<{tag[:40]}> is no XES log",
                "export the log as XES, or say in the mapping how it is written",
            )
        if len(parents) == _DEPTH_MAX:
            self._refuse(f"more than {_DEPTH_MAX} tags within each other", _EXPORT_AGAIN)
        if parents == _TRACE and tag in _TYPES:
            self._trace = self._with(self._trace, _OF_A_TRACE, tag, given)
        elif parents in _EVENTS and tag in _TYPES:
            self._event = self._with(self._event, "", tag, given)
        parents.append(tag)
        if parents == _TRACE:
            self._trace = {}
        elif parents in _EVENTS:
            self._event = {}

    def _close(self, name: str) -> None:
        del name
        if self._open in _EVENTS:
            known = None not in (self._trace, self._event)
            self._read.append(self._record() if known else None)
        elif self._open == _TRACE:
            self._trace = {}
        self._open.pop()

    def _with(
        self, known: dict[str, object] | None, prefix: str, tag: str, given: dict[str, str]
    ) -> dict[str, object] | None:
        """Add an attribute, if it is declared and there."""
        key, text = prefix + given.get("key", ""), given.get("value", "")
        if known is None or not text or key not in self._paths:
            return known
        try:
            known[key] = _TYPES[tag](text)
        except (KeyError, ValueError):
            return None
        return known

    def _record(self) -> Record:
        record: Record = {}
        for key, value in ((self._trace or {}) | (self._event or {})).items():
            *parents, name = self._paths[key]
            inside = record
            for parent in parents:
                inside = inside.setdefault(parent, {})
            inside[name] = value
        return record

    def _refuse_doctype(self, *_: object) -> None:
        self._refuse(
            "the log declares a document type, and with it may declare entities",
            "take <!DOCTYPE ...> out; XES needs none",
        )

    def _refuse(self, what: str, fix: str) -> NoReturn:
        raise LogError(f"line {self._parser.CurrentLineNumber}: {what}; fix: {fix}") from None


def _why(error: expat.ExpatError) -> str:
    return f"no XML at column {error.offset + 1}: {expat.ErrorString(error.code)}"


def _fix(error: expat.ExpatError) -> str:
    if error.code in _ENCODINGS:
        return _IN_UTF_8
    if error.code == _INVALID_TOKEN:
        return (
            f"{_EXPORT_AGAIN}; if its first line names no encoding, the log must be in UTF-8, "
            "and if it names one, in that"
        )
    return _EXPORT_AGAIN
