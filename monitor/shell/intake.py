"""From the body of a request to events of the contract.

Rule: an event that a mapping made stays at hand until it is written, whether its sender comes again
or not: the mapping has learned from its record, and what it makes of later ones rests on that.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from pydantic_core import from_json

from monitor.adapters.otlp import telemetry
from monitor.adapters.otlp_protobuf import SIGNALS, export_of
from monitor.adapters.records import records_of
from schemas.decode import CONVERSATIONS, TOPIC_OF, Invalid, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.adapters.mapping import Mapping as RecordMapping
    from monitor.adapters.records import Event, Record

_BATCH, _STRUCTURED = "application/cloudevents-batch+json", "application/cloudevents+json"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_PREFIX = "ce-"
_WAITING_MAX = 10_000


class UnreadableError(Exception):
    """The body is not what the source sends; to send it again is of no use."""


class Intake(Protocol):
    """What reads the bodies of one source."""

    refused: int
    """Events that the contract refused."""
    rejected: int
    """Records that gave such events."""

    media: str
    """The type of its bodies, where they are no CloudEvents and no Protobuf."""

    waiting: dict[str, list[Event]]
    """The events of each record that Kafka did not take; what was tried last is at the end."""

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals of OpenTelemetry whose exports it reads."""

    def said(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Give what tells a request from any other: all that its events are made of."""

    def events(
        self, headers: Mapping[str, str], body: bytes, protobuf: str | None = None
    ) -> list[Event]:
        """Give the events of a request.

        Args:
            headers: the headers of the request.
            body: its body, unpacked.
            protobuf: of which signal the body is an export, if it is written in Protobuf.

        Raises:
            UnreadableError: the body is no such thing.
        """

    def written(self, events: list[Event]) -> None:
        """Learn that the events of a request are written."""

    def not_written(self, events: list[Event]) -> int:
        """Learn that they are not, and give how many events are given up for want of room."""


class CloudEventsIntake:
    """Events of the contract in the three modes of CloudEvents over HTTP; all or none."""

    signals = ()
    media = JSON

    def __init__(self, *, headers_count: bool = True) -> None:
        """Take attributes from headers, unless it is only the body that is proved."""
        self.refused = self.rejected = 0
        self.waiting: dict[str, list[Event]] = {}
        self._headers_count = headers_count

    def said(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Give the body, with the attributes that came as headers."""
        if not self._headers_count or _mode(headers) in (_BATCH, _STRUCTURED):
            return body
        return json.dumps(_attributes(headers), sort_keys=True).encode() + b"\n" + body

    def events(
        self, headers: Mapping[str, str], body: bytes, protobuf: str | None = None
    ) -> list[Event]:
        """Give the events of a request."""
        del protobuf
        mode, content = _mode(headers), _parsed(body)
        if mode == _BATCH:
            if not isinstance(content, list):
                raise UnreadableError("a batch is a JSON array")
            events = content
        elif mode == _STRUCTURED:
            events = [content]
        elif not self._headers_count:
            raise UnreadableError(f"send {_STRUCTURED} or {_BATCH}: headers are not signed")
        elif f"{_PREFIX}specversion" in {name.lower() for name in headers}:
            events = [_attributes(headers) | {"data": content}]
        else:
            raise UnreadableError(
                f"send {_STRUCTURED}, {_BATCH}, or the attributes as headers that begin with ce-"
            )
        return [self._checked(number, event) for number, event in enumerate(events)]

    def written(self, events: list[Event]) -> None:
        """Nothing was kept."""

    def not_written(self, events: list[Event]) -> int:
        """Leave it to the sender, who has the very events."""
        del events
        return 0

    def _checked(self, number: int, event: object) -> Event:
        """Give what the contract knows of an event; what else it carries goes no further."""
        if not isinstance(event, dict):
            raise UnreadableError(f"event {number}: it is no JSON object")
        type_ = event.get("type")
        try:
            known = isinstance(type_, str) and TOPIC_OF.get(type_)
            accepted = read(known or CONVERSATIONS, event)
        except Invalid as refusal:
            self.refused += 1
            self.rejected += 1
            raise UnreadableError(f"event {number}: {refusal.detail}") from None
        return accepted.model_dump(mode="json", by_alias=True, exclude_unset=True)


class MappedIntake:
    """Records of another system, through a mapping file."""

    def __init__(self, mapping: RecordMapping) -> None:
        """The mapping remembers conversations for as long as this lives."""
        self.refused = self.rejected = 0
        self.signals = SIGNALS if mapping.file.record.format == "otlp" else ()
        self.media = FORM if mapping.file.record.format == "form" else JSON
        self._mapping = mapping
        self.waiting: dict[str, list[Event]] = {}
        self._at_work: dict[str, list[Event]] = {}
        """The events of each record that is being written for the first time."""

    def said(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """Give the body."""
        del headers
        return body

    def events(
        self, headers: Mapping[str, str], body: bytes, protobuf: str | None = None
    ) -> list[Event]:
        """Give the events of a request; the contract takes all of them."""
        del headers
        records = self._records(body) if protobuf is None else _exported(protobuf, body)
        return [event for record in records for event in self._of(record)]

    def _records(self, body: bytes) -> list[Record]:
        found = list(records_of([body], self._mapping.file.record))
        records = [record for record in found if record]
        if not body.strip() or len(records) < len(found):
            kind = "a form" if self.media == FORM else "JSON"
            raise UnreadableError(f"the body is no record in {kind}")
        return records

    def _of(self, record: Record) -> list[Event]:
        id_ = self._mapping.id_of(record)
        known = self._at_work.get(id_) or self.waiting.get(id_)
        if known:
            return known
        refused = self.refused
        events = [event for event in self._mapping.events([record]) if self._is_accepted(event)]
        self.rejected += self.refused > refused
        if events:
            self._at_work[id_] = events
        return events

    def written(self, events: list[Event]) -> None:
        """Keep them no longer."""
        for id_ in _records_behind(events):
            self._at_work.pop(id_, None)
            self.waiting.pop(id_, None)

    def not_written(self, events: list[Event]) -> int:
        """Keep them; where there is no room, those are given up that were tried longest ago."""
        for id_ in _records_behind(events):
            kept = self._at_work.pop(id_, None) or self.waiting.pop(id_, None)
            if kept:  # else another request has written them meanwhile
                self.waiting[id_] = kept
        given_up = 0
        while len(self.waiting) > _WAITING_MAX:
            given_up += len(self.waiting.pop(next(iter(self.waiting))))
        return given_up

    def _is_accepted(self, event: Event) -> bool:
        try:
            read(TOPIC_OF.get(event["type"], CONVERSATIONS), event)
        except Invalid:
            self.refused += 1
            return False
        return True


def _records_behind(events: list[Event]) -> dict[str, None]:
    # The id of an event begins with that of its record, but for a link to a former name.
    return dict.fromkeys(event["id"].partition(".")[0] for event in events)


def _exported(signal: str, body: bytes) -> list[Record]:
    try:
        export = export_of(signal, body)
    except ValueError:
        raise UnreadableError(f"the body is no export of {signal} in Protobuf") from None
    return [record for record in telemetry([export]) if record]


def _mode(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _parsed(body: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        raise UnreadableError("the body is no JSON") from None


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.lower().removeprefix(_PREFIX): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith(_PREFIX)
    }
