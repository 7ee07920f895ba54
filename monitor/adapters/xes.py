"""Events out of XES (IEEE 1849), the exchange format of process mining, as records.

A record is an event under its keys, with the attributes of its trace: ``event.concept:name``,
``event.time:timestamp``, ``trace.concept:name``. In expressions such a name stands in double
quotes: ``record.event."concept:name"``. Lists, containers and attributes of attributes are left
out, and so is what the log says of itself.

Rule: a document that brings its own entities is refused; XES has none, and they can be bombs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from monitor.adapters.nesting import put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Record = dict[str, Any]

_TRUE = {"true": True, "1": True, "false": False, "0": False}
_VALUES: dict[str, Callable[[str], object]] = {
    "string": str,
    "date": str,
    "id": str,
    "int": int,
    "float": lambda text: _finite(float(text)),
    "boolean": lambda text: _TRUE[text.lower()],
}


class NotXesError(Exception):
    """A document is not XES, or ends in its middle."""


def traced(lines: Iterable[bytes]) -> Iterator[Record]:
    """Give the events of a log, each when it has been read to its end.

    Raises:
        NotXesError: the document is broken, or something else.
    """
    reader = _Reader()
    try:
        for line in lines:
            reader.parser.Parse(line, False)  # noqa: FBT003  # it has no names
            yield from reader.taken()
        reader.parser.Parse(b"", True)  # noqa: FBT003
    except expat.ExpatError as error:
        raise NotXesError(f"the log is no whole XES: {error}") from None


class _Reader:
    """What is known of the element that is being read."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._around: list[str] = []
        self._read: dict[str, Record] = {"trace": {}, "event": {}}
        self._events: list[Record] = []

    def taken(self) -> list[Record]:
        """Give the events that are whole, once."""
        events, self._events = self._events, []
        return events

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._around[-1] if self._around else None
        if parent is None and name != "log":
            raise NotXesError(f"the log is no XES: it begins with <{name}>, not with <log>")
        self._around.append(name)
        if name in self._read:
            self._read[name] = {}
        elif parent in self._read and name in _VALUES and "key" in attributes:
            try:
                value = _VALUES[name](attributes.get("value", ""))
            except (ValueError, KeyError):
                return  # It is none of what it says it is.
            put(self._read[parent], attributes["key"], value)

    def _end(self, name: str) -> None:
        self._around.pop()
        if name == "event":
            self._events.append(dict(self._read))
        elif name == "trace":
            self._read["trace"] = {}

    def _refuse(self, *_: object) -> NoReturn:
        raise NotXesError("the log is no XES: it has a document type")


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("JSON has no such number")
    return number
