"""What a mapping file says: the record's fields, and rules that turn records into events.

A file is TOML. For each record the rules are tried from top to bottom, and the first that fits
is followed: it either ignores the record and says why, or gives one or more events. The order of
the rules is also the order of what happened at one moment: see ``order``.

A rule goes through these steps, each of which sees what the ones before it did::

    when       plain fields that must have these values
    classify   named classifiers read wording; they answer from a closed list
    where      an expression that must be true
    remember   the conversation keeps values for later records
    events     written to the topics
    forget     the conversation drops values
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from monitor.adapters.expressions import Expression, Path, Scope, read_path
from monitor.adapters.references import CONTACTS, REGIONS
from monitor.adapters.written_times import require_format, rfc3339
from monitor.core.calendars import zones

if TYPE_CHECKING:
    from monitor.adapters.records import Record

Scalar = str | int | float | bool


def _expression(value: object) -> Expression:
    if not isinstance(value, str):
        raise ValueError("an expression is a string of JMESPath")  # noqa: TRY004  # for pydantic
    return Expression(value)


def _path(value: object) -> Path:
    if not isinstance(value, str) or not all(value.split(".")):
        raise ValueError("a field is named like attrs.reason")
    return tuple(value.split("."))


Expr = Annotated[Expression, PlainValidator(_expression)]
FieldPath = Annotated[Path, PlainValidator(_path)]


class Part(BaseModel):
    """A part of a mapping file. A name that is not known is a mistake, not an extension."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Lookup(Part):
    """A value of the record, replaced by what a table of the file says for it."""

    table: str
    of: FieldPath
    default: str | None = None


class WrittenTime(Part):
    """A time that the record writes otherwise than RFC 3339 does."""

    of: FieldPath
    format: str = Field(
        description="`unix_s`, `unix_ms` or `unix_ns` for a number since 1970, else the codes of "
        "Python's strptime, such as `%d.%m.%Y %H:%M:%S`."
    )
    zone: str = Field(
        "UTC",
        description="The time zone by its name, such as Europe/Berlin, where the time names none. "
        "Of the hour that comes twice in autumn it is the first.",
    )

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        require_format(self.format)
        if self.zone not in zones():
            raise ValueError(f"{self.zone!r} is no time zone")
        return self

    def __call__(self, scope: Scope) -> str | None:
        """Give the time as RFC 3339 has it, or nothing if it is not written so."""
        return rfc3339(read_path(scope["record"], self.of), self.format, self.zone)


class Contact(Part):
    """An e-mail address or a phone number, as the reference to whose it is.

    It is written in one way and leaves as a keyed hash only. It may be the ``customer``, or the
    ``other_ref`` of a link; a link is left out where the record has no such address, or one that
    is none. Declare the field as wording, so that no expression sees it.
    """

    of: FieldPath
    contact: Literal["email", "phone"]
    region: str | None = Field(
        None, description="The country of phone numbers that do not begin with +, such as DE."
    )

    @model_validator(mode="after")
    def _has_a_region_that_exists(self) -> Self:
        if self.region is not None and (self.contact == "email" or self.region not in REGIONS):
            raise ValueError(f"region: {self.region!r} is none that phone numbers have")
        return self

    def read(self, record: Record) -> str | None:
        """Give the address in the one way in which it is written."""
        written = read_path(record, self.of)
        return CONTACTS[self.contact](written, self.region) if isinstance(written, str) else None


def _value(value: object) -> Expression | Lookup | Contact:
    if isinstance(value, dict):
        kind = Contact if "contact" in value else Lookup
        return kind.model_validate(value)
    return _expression(value)


def _customer(value: object) -> Expression | Contact:
    return Contact.model_validate(value) if isinstance(value, dict) else _expression(value)


def _timing(value: object) -> Expression | WrittenTime:
    return WrittenTime.model_validate(value) if isinstance(value, dict) else _expression(value)


Value = Annotated[Expression | Lookup | Contact, PlainValidator(_value)]
Customer = Annotated[Expression | Contact, PlainValidator(_customer)]
Timing = Annotated[Expression | WrittenTime, PlainValidator(_timing)]


class Classification(Part):
    """A classifier by its name, and the field that it reads."""

    by: str
    of: FieldPath


class EventRule(Part):
    """One event that a rule gives."""

    type: str
    where: Expr | None = None
    data: dict[str, Value] = {}


class Rule(Part):
    """What one kind of record means."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: dict[FieldPath, Scalar | list[Scalar]]
    classify: dict[str, Classification] = {}
    where: Expr | None = None
    remember: dict[str, Value] = {}
    forget: list[str] = []
    ignore: str | None = Field(None, description="The reason why such records give no event.")
    time: Timing | None = Field(None, description="Where this kind of record has another time.")
    repeat: Expr | None = Field(None, description="How many times the events happened.")
    events: list[EventRule] = []

    @model_validator(mode="after")
    def _decides(self) -> Rule:
        if (self.ignore is None) == (not self.events):
            raise ValueError("a rule either has events or says with `ignore` why it has none")
        if self.events and all(event.where for event in self.events):
            raise ValueError("at least one event has no `where`; put the condition on the rule")
        return self


class RecordFields(Part):
    """What there is in a record. Anything that is not named here does not exist for the rules.

    A part of a list is named by its place: ``contacts.0.id``, or ``parts.-1.body`` for the last.
    In expressions such a name stands in double quotes: ``record.contacts."0".id``.

    ``wording`` can be compared with constants in ``when``, looked up in tables and read by
    classifiers, all of which answer from the file's own closed lists. No expression sees it, so
    that no event can carry it.
    """

    format: Literal["json", "csv", "form", "xes", "otlp"] = Field(
        "json",
        description="JSON objects, one a line; rows of CSV under a line that names the columns; "
        "forms (`application/x-www-form-urlencoded`), one a line; events of XES, see `xes.py`; "
        "or spans and events of OTLP/JSON, see `otlp.py`.",
    )
    delimiter: str = Field(
        ",", pattern=r"^[^\"\r\n]$", description="What stands between two cells of CSV."
    )
    fields: list[FieldPath]
    wording: list[FieldPath] = []
    json_text: list[FieldPath] = Field(
        [],
        description="Fields whose text is JSON, such as attributes in a form. It is read, so that "
        "fields within it can be declared.",
    )

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        for field in self.fields:
            for other in (*self.fields, *self.wording):
                if other is not field and other[: len(field)] == field:
                    raise ValueError(f"{'.'.join(other)} lies within the field {'.'.join(field)}")
        return self


class MappingFile(Part):
    """A whole mapping file."""

    about: str = Field(description="Where the records come from and what is inferred from them.")
    record: RecordFields
    source: Expr = Field(description="The CloudEvents source of the events.")
    conversation: Expr = Field(description="The conversation's id, by which memory is kept.")
    customer: Customer = Field(description="The customer's reference, which becomes the Kafka key.")
    time: Timing
    identity: Expr = Field(
        description="What makes a record itself. Two records with equal identity are one, sent "
        "twice, unless a thousand others of the conversation lie between. Event ids are made of it."
    )
    order: Expr | None = Field(
        None,
        description="Which of two records of one moment came first. Where these are equal too, "
        "or left out, the rule that stands higher in the file happened first.",
    )
    common: dict[str, Value] = Field({}, description="Data that every event carries.")
    tables: dict[str, dict[str, str]] = {}
    rules: list[Rule]

    @property
    def names_contacts(self) -> bool:
        """Whether a reference is made of an e-mail address or a phone number."""
        values = [event.data.get("other_ref") for rule in self.rules for event in rule.events]
        return any(isinstance(value, Contact) for value in (self.customer, *values))
