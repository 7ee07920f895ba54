"""Turns any JSON records into our events, as a mapping file says.

Rule: nothing here reads anything but the mapping file, and the same records give the same
events, byte for byte.
Rule: an event is made of the record's declared fields and of words from closed lists. The
wording of a message decides between such words and goes no further.

A mapping follows one log, in the order in which it was written: it keeps a small memory of every
conversation in it, because many sources tell only that a state changed. A record that comes twice
gives ids that it gave the first time and leaves the memory alone, so that whoever drops repeated
ids sees what he would have seen without it. What a record lacks its events lack too; the contract
refuses them then, by the name of the field.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from monitor.adapters.classifiers import CLASSIFIERS
from monitor.adapters.expressions import Expression, inside, read_path
from monitor.adapters.mapping_check import mistakes
from monitor.adapters.mapping_file import Contact, MappingFile
from monitor.adapters.references import LINKED, References
from monitor.operator_error import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import ErrorDetails

    from monitor.adapters.expressions import Path as FieldPath
    from monitor.adapters.expressions import Scope
    from monitor.adapters.mapping_file import EventRule, Lookup, Rule
    from monitor.adapters.records import Event, Record

MAPS = Path(__file__).parent / "maps"

NO_RULE = "no rule fits"
NOT_REPEATED = "the number of repetitions is not from 1 to 1000"
SEEN_BEFORE = "the record came before and gives nothing again"

_REPEAT_MAX = 1000  # No count in a record may keep us busy for ever.
_ORDER_DIGITS = 10
_ID_BYTES = 16
OTHER_REF = "other_ref"


class MappingError(OperatorError):
    """A mapping file cannot be used. The message names the file, the rule and the field."""


def our_mappings() -> list[str]:
    """Give the names of the mappings that come with the monitor."""
    return sorted(map_.stem for map_ in MAPS.glob("*.toml"))


def rule_of(event: Event) -> str:
    """Tell which rule gave an event; its id says so."""
    name: str = event["id"].split(".")[1]
    return name


def load_mapping(
    name_or_path: str | Path,
    references: References | None = None,
    conversations_max: int | None = None,
) -> Mapping:
    """Load a mapping by the path of its file, or one of ours by its name.

    Args:
        name_or_path: the path or the name.
        references: how customers are named; without it as the records name them.
        conversations_max: how many conversations are remembered; without it all.

    Raises:
        MappingError: there is no such file, it has mistakes, or it wants a key and has none.
    """
    file = read_mapping(name_or_path)
    named = references or References()
    if file.names_contacts and named.key is None:
        raise MappingError(
            f"{name_or_path}: addresses leave only under a key; "
            f"fix: set OUTCOME_MONITOR_REFERENCE_KEY_FILE (outcome-monitor key new FILE makes one)"
        )
    return Mapping(file, named, conversations_max)


def read_mapping(name_or_path: str | Path) -> MappingFile:
    """Read a mapping file by its path, or one of ours by its name.

    Raises:
        MappingError: there is no such file, or it has mistakes.
    """
    path = MAPS / f"{name_or_path}.toml"
    if isinstance(name_or_path, Path) or not path.is_file():
        path = Path(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        file = MappingFile.model_validate(content)
    except OSError as error:
        ours = ", ".join(our_mappings())
        raise MappingError(
            f"{path}: {error.strerror}; give a mapping file or one of the names {ours}"
        ) from None
    except ValidationError as error:
        found = [_where_and_what(each, content) for each in error.errors(include_url=False)]
    except ValueError as error:  # not TOML, or not UTF-8
        found = [str(error)]
    else:
        found = list(mistakes(file))
    if found:
        raise MappingError("\n".join(f"{path.name}: {mistake}" for mistake in found))
    return file


def _where_and_what(error: ErrorDetails, content: dict[str, Any]) -> str:
    place, what = list(error["loc"]), error["msg"].removeprefix("Value error, ")
    prefix = ""
    if place[:1] == ["rules"] and len(place) > 1 and isinstance(place[1], int):
        rule = content["rules"][place[1]]
        name = rule.get("name", place[1]) if isinstance(rule, dict) else place[1]
        prefix, place = f"rule {name!r}: ", place[2:]
    dotted = ".".join(str(part) for part in place)
    return f"{prefix}{dotted}: {what}" if dotted else f"{prefix}{what}"


@dataclass(slots=True)
class _Conversation:
    """What is remembered of one conversation."""

    memory: dict[str, Any] = field(default_factory=dict)
    given: dict[str, frozenset[str]] = field(default_factory=dict)
    """The ids of the events that each record gave, by the record's identity."""


class Mapping:
    """A mapping file at work on one log."""

    def __init__(
        self, file: MappingFile, references: References, conversations_max: int | None = None
    ) -> None:
        """Remember all conversations, or so many of those that spoke last."""
        self.file = file
        self.references = references
        self.ignored: Counter[str] = Counter()
        self._conversations_max = conversations_max
        self._conversations: dict[str, _Conversation] = {}
        self._fields = _tree(file.record.fields)

    def events(self, records: Iterable[Record]) -> Iterator[Event]:
        """Give the events of the records, as structured CloudEvents.

        May be called again with the log's next part. ``ignored`` counts, by reason, the records
        that gave no event.
        """
        for record in records:
            events, reason = self._follow(record)
            if not events:
                self.ignored[reason] += 1
            yield from self.references.introduced(events)

    def id_of(self, record: Record) -> str:
        """Give what makes a record itself; its events' ids begin with it."""
        return _digest(self.file.identity({"record": _declared(record, self._fields)}))

    def _follow(self, record: Record) -> tuple[list[Event], str]:
        scope: Scope = {"record": _declared(record, self._fields)}
        id_ = _digest(self.file.identity(scope))
        conversation = self._conversation(self.file.conversation(scope))
        given = conversation.given.get(id_)
        memory = conversation.memory if given is None else dict(conversation.memory)
        step = _Step(self, record, scope | {"id": id_, "memory": memory})
        events = step.events()
        if given is not None:
            again = [event for event in events if event["id"] in given]
            return again, SEEN_BEFORE if events else step.reason
        conversation.given[id_] = frozenset(event["id"] for event in events)
        return events, step.reason

    def _conversation(self, id_: object) -> _Conversation:
        if isinstance(id_, str):
            conversation = self._conversations.pop(id_, None) or _Conversation()
            self._conversations[id_] = conversation
            if self._conversations_max and len(self._conversations) > self._conversations_max:
                del self._conversations[next(iter(self._conversations))]
            return conversation
        # The contract will refuse its events; meanwhile nobody's memory is touched.
        return _Conversation()


class _Step:
    """One record on its way through the rules."""

    __slots__ = ("_file", "_record", "_references", "_scope", "reason")

    def __init__(self, mapping: Mapping, record: Record, scope: Scope) -> None:
        self._file = mapping.file
        self._references = mapping.references
        self._record = record
        self._scope = scope
        self.reason = NO_RULE

    def events(self) -> list[Event]:
        """Follow the first rule that fits. When nothing comes of it, ``reason`` says why."""
        for number, rule in enumerate(self._file.rules):
            if self._fits(rule):
                self.reason = rule.ignore or NOT_REPEATED
                return self._apply(number, rule)
        return []

    def _fits(self, rule: Rule) -> bool:
        record = self._record
        for path, wanted in rule.when.items():
            found = read_path(record, path)
            if not (found in wanted if isinstance(wanted, list) else found == wanted):
                return False
        self._scope["class"] = {
            name: CLASSIFIERS[classification.by](read_path(record, classification.of))
            for name, classification in rule.classify.items()
        }
        return rule.where is None or rule.where.holds(self._scope)

    def _apply(self, number: int, rule: Rule) -> list[Event]:
        events: list[Event] = []
        scope, memory = self._scope, self._scope["memory"]
        for repetition in range(self._times(rule)):
            scope["repeat"] = repetition
            # All of them first, for one may read what another is about to replace.
            remembered = {name: self._value(value) for name, value in rule.remember.items()}
            memory.update(remembered)
            first = repetition * len(rule.events)
            given = (
                self._event(number, rule, first + part, event)
                for part, event in enumerate(rule.events)
                if event.where is None or event.where.holds(scope)
            )
            events.extend(event for event in given if not _links_nobody(event))
            for name in rule.forget:
                memory.pop(name, None)
        return events

    def _times(self, rule: Rule) -> int:
        if rule.repeat is None:
            return 1
        times = rule.repeat(self._scope)
        fits = isinstance(times, int) and 1 <= times <= _REPEAT_MAX
        return times if fits else 0

    def _event(self, number: int, rule: Rule, part: int, event: EventRule) -> Event:
        file, scope = self._file, self._scope
        conversation = file.conversation(scope)
        customer = self._references.of(self._value(file.customer))
        data = {"conversation_id": conversation, "customer_ref": customer}
        for values in (file.common, event.data):
            for name, value in values.items():
                found = self._value(value)
                data[name] = self._references.of(found) if name == OTHER_REF else found
        order = 0 if file.order is None else file.order(scope)
        return _present(
            {
                "specversion": "1.0",
                "id": f"{scope['id']}.{rule.name}.{part}",
                "source": file.source(scope),
                "type": event.type,
                "time": (rule.time or file.time)(scope),
                "subject": conversation,
                "partitionkey": customer,
                "sequence": f"{_sortable(order)}.{number:03}.{part:06}",
                "datacontenttype": "application/json",
                "data": _present(data),
            }
        )

    def _value(self, value: Expression | Lookup | Contact) -> Any:  # noqa: ANN401  # what JSON holds
        if isinstance(value, Expression):
            return value(self._scope)
        if isinstance(value, Contact):
            return value.read(self._record)
        found = read_path(self._record, value.of)
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)  # Ids are numbers in some sources, and names in TOML are text.
        table = self._file.tables[value.table]
        return table.get(found, value.default) if isinstance(found, str) else value.default


def _links_nobody(event: Event) -> bool:
    """Tell whether an event would link a customer with nobody, or with himself."""
    data = event["data"]
    ends = (data.get("customer_ref"), data.get(OTHER_REF))
    return event["type"] == LINKED and (None in ends or ends[0] == ends[1])


def _tree(paths: Iterable[FieldPath]) -> dict[str, Any]:
    """Nest paths: ``a.b`` and ``a.c`` become ``{a: {b: None, c: None}}``."""
    tree: dict[str, Any] = {}
    for *parents, name in paths:
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = None
    return tree


def _declared(record: Record | list[Any], fields: dict[str, Any]) -> Record:
    """Copy what is declared, so that no expression can see anything else.

    What is declared of a list becomes an object whose names are the places.
    """
    seen: Record = {}
    for name, inner in fields.items():
        value = inside(record, name)
        if inner is None and value is not None:
            seen[name] = value
        elif inner is not None and isinstance(value, dict | list):
            seen[name] = _declared(value, inner)
    return seen


def _digest(identity: object) -> str:
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return blake2b(canonical.encode(), digest_size=_ID_BYTES).hexdigest()


def _sortable(order: object) -> str:
    """Write numbers so that they sort as text."""
    if isinstance(order, int):
        return f"{order:0{_ORDER_DIGITS}}"
    return order if isinstance(order, str) else "0" * _ORDER_DIGITS


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
