"""From the body of a request to events of the contract.

Rule: an event stays at hand until it is written. A sender who was told to try again gets the
same events, whatever has happened in the conversation meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from pydantic_core import from_json

from monitor.adapters.log_error import LogError
from monitor.adapters.records import records_of
from schemas.decode import CONVERSATIONS, TOPIC_OF, Invalid, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.adapters.mapping import Mapping as RecordMapping
    from monitor.adapters.records import Event, Record

_BATCH, _STRUCTURED = "application/cloudevents-batch+json", "application/cloudevents+json"
_PREFIX = "ce-"
_UNWRITTEN_MAX = 10_000


class UnreadableError(Exception):
    """The body is not what the source sends; to send it again is of no use."""


class FullError(Exception):
    """Too much waits to be written, and nothing more can be kept at hand."""


class Intake(Protocol):
    """What reads the bodies of one source."""

    refused: int
    """Events that the contract refused."""

    def events(self, headers: Mapping[str, str], body: bytes) -> list[Event]:
        """Give the events of a request.

        Raises:
            UnreadableError: the body is no such thing.
            FullError: too much waits to be written.
        """

    def written(self, events: list[Event]) -> None:
        """Learn that the events of a request are written."""


class CloudEventsIntake:
    """Events of the contract in the three modes of CloudEvents over HTTP; all or none."""

    def __init__(self) -> None:
        """Nothing was refused yet."""
        self.refused = 0

    def events(self, headers: Mapping[str, str], body: bytes) -> list[Event]:
        """Give the events of a request."""
        mode = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        content = _parsed(body)
        if mode == _BATCH:
            if not isinstance(content, list):
                raise UnreadableError("a batch is a JSON array")
            events = content
        elif mode == _STRUCTURED:
            events = [content]
        elif f"{_PREFIX}specversion" in {name.lower() for name in headers}:
            events = [_attributes(headers) | {"data": content}]
        else:
            raise UnreadableError(
                f"send {_STRUCTURED}, {_BATCH}, or the attributes as headers that begin with ce-"
            )
        return [self._checked(number, event) for number, event in enumerate(events)]

    def written(self, events: list[Event]) -> None:
        """Nothing was kept."""

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
            raise UnreadableError(f"event {number}: {refusal.detail}") from None
        return accepted.model_dump(mode="json", by_alias=True, exclude_unset=True)


class MappedIntake:
    """Records of another system, through a mapping file."""

    def __init__(self, mapping: RecordMapping) -> None:
        """The mapping remembers conversations for as long as this lives."""
        self.refused = 0
        self._mapping = mapping
        self._unwritten: dict[str, list[Event]] = {}

    def events(self, headers: Mapping[str, str], body: bytes) -> list[Event]:
        """Give the events of a request; the contract takes all of them."""
        del headers
        try:
            records = list(records_of([body], self._mapping.file.record))
        except LogError as error:
            raise UnreadableError(str(error)) from None
        if not body.strip() or not all(records):
            raise UnreadableError("the body is no record in JSON")
        return [event for record in records if record for event in self._of(record)]

    def _of(self, record: Record) -> list[Event]:
        id_ = self._mapping.id_of(record)
        if id_ in self._unwritten:
            return self._unwritten[id_]
        if len(self._unwritten) >= _UNWRITTEN_MAX:
            raise FullError
        events = [event for event in self._mapping.events([record]) if self._is_accepted(event)]
        if events:
            self._unwritten[id_] = events
        return events

    def written(self, events: list[Event]) -> None:
        """Keep them no longer."""
        for event in events:
            # The id of an event begins with that of its record, but for a link to a former name.
            self._unwritten.pop(event["id"].partition(".")[0], None)

    def _is_accepted(self, event: Event) -> bool:
        try:
            read(TOPIC_OF.get(event["type"], CONVERSATIONS), event)
        except Invalid:
            self.refused += 1
            return False
        return True


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
