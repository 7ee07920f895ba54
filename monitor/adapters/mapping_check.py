"""Finds the mistakes in a mapping file that are well formed and still wrong.

The contract reads unknown words as ``unknown`` and passes over unknown fields, for the sake of
producers that are newer than the monitor. In a mapping file these are typing errors; so every
name is compared here with what the file and the contract declare, before the first record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from monitor.adapters.classifiers import CLASSIFIERS
from monitor.adapters.expressions import Expression, Path
from monitor.adapters.mapping_file import Contact, Lookup, WrittenTime
from schemas.conversations import ConversationEvent
from schemas.followups import FollowupEvent
from schemas.handoffs import HandoffEvent
from schemas.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from monitor.adapters.mapping_file import EventRule, MappingFile, Rule


def _data_models() -> dict[str, type[BaseModel]]:
    models: dict[str, type[BaseModel]] = {}
    for union in (ConversationEvent, HandoffEvent, FollowupEvent):
        for envelope in get_args(get_args(union)[0]):
            (type_,) = get_args(envelope.model_fields["type"].annotation)
            models[type_] = envelope.model_fields["data"].annotation
    return models


DATA_MODELS = _data_models()
FILLED_IN = frozenset({"conversation_id", "customer_ref"})
"""Data that every event gets from the file's own ``conversation`` and ``customer``."""
_COMMON = {
    info.alias or name
    for model in DATA_MODELS.values()
    for name, info in model.model_fields.items()
} - FILLED_IN
"""What at least one event knows; those that do not know it pass it over."""

_REFERENCES = frozenset({"customer", "data.other_ref"})


def mistakes(file: MappingFile) -> Iterator[str]:
    """Every mistake, as "rule and field: what is wrong"."""
    names = [rule.name for rule in file.rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"rule {name!r}: there are two rules of this name"
    check = _Check(file)
    heads = {"source", "conversation", "customer", "time", "identity", "order"}
    for field in sorted(heads):
        yield from check.value(field, getattr(file, field), frozenset())
    for field, value in file.common.items():
        # Every event carries these, whatever its rule classified.
        yield from check.value(f"common.{field}", value, frozenset())
        if field not in _COMMON:
            yield _unknown(f"common.{field}", field, _COMMON)
    for rule in file.rules:
        for mistake in check.rule(rule):
            yield f"rule {rule.name!r}: {mistake}"


class _Check:
    """Compares the names in one file with its declarations."""

    def __init__(self, file: MappingFile) -> None:
        self.file = file
        self.readable = tuple(file.record.fields)
        self.comparable = (*file.record.fields, *file.record.wording)
        self.memory = {name for rule in file.rules for name in rule.remember}

    def rule(self, rule: Rule) -> Iterator[str]:
        """Check one rule."""
        for path in rule.when:
            yield from self._declared("when", path)
        for name, classification in rule.classify.items():
            yield from self._declared(f"classify.{name}.of", classification.of)
            if classification.by not in CLASSIFIERS:
                yield _unknown(f"classify.{name}.by", classification.by, CLASSIFIERS)
        classes = frozenset(rule.classify)
        for field in ("where", "time", "repeat"):
            yield from self.value(field, getattr(rule, field), classes)
        for name, value in rule.remember.items():
            yield from self.value(f"remember.{name}", value, classes)
        for name in rule.forget:
            if name not in self.memory:
                yield _unknown("forget", name, self.memory)
        for number, event in enumerate(rule.events):
            for mistake in self._event(rule, event):
                yield f"events.{number} ({event.type}): {mistake}"

    def _event(self, rule: Rule, event: EventRule) -> Iterator[str]:
        model = DATA_MODELS.get(event.type)
        if model is None:
            yield _unknown("type", event.type, DATA_MODELS)
            return
        yield from self.value("where", event.where, frozenset(rule.classify))
        fields = {info.alias or name: info for name, info in model.model_fields.items()}
        for name, value in (self.file.common | event.data).items():
            where = f"data.{name}"
            if name in event.data:
                yield from self.value(where, value, frozenset(rule.classify))
                if name not in fields or name in FILLED_IN:
                    yield _unknown(where, name, fields.keys() - FILLED_IN)
                    continue
            if name in fields:
                yield from self._words(where, value, rule, fields[name])
        given = self.file.common.keys() | event.data.keys() | FILLED_IN
        for name, info in fields.items():
            if info.is_required() and name not in given:
                yield f"data.{name}: the event needs it"

    def _words(self, where: str, value: object, rule: Rule, info: FieldInfo) -> Iterator[str]:
        """Compare the words that a value can become with those of the contract."""
        annotations: tuple[Any, ...] = (info.annotation, *get_args(info.annotation))
        for vocabulary in annotations:
            if isinstance(vocabulary, type) and issubclass(vocabulary, Vocabulary):
                known = {str(member) for member in vocabulary}
                for written, writer in writers(self.file, value, rule):
                    for word in said(self.file, written, writer):
                        if word not in known:
                            yield _unknown(where, str(word), known)

    def value(
        self,
        where: str,
        value: Expression | Lookup | Contact | WrittenTime | None,
        classes: frozenset[str],
    ) -> Iterator[str]:
        """Check that everything a value reads is declared."""
        if isinstance(value, WrittenTime):
            yield from self._readable(f"{where}.of", ("record", *value.of), classes)
        elif isinstance(value, Contact):
            yield from self._declared(f"{where}.of", value.of)
            if where not in _REFERENCES:
                yield f"{where}: an address can only be the customer, or a link's other_ref"
        elif isinstance(value, Lookup):
            yield from self._declared(f"{where}.of", value.of)
            if value.table not in self.file.tables:
                yield _unknown(f"{where}.table", value.table, self.file.tables)
        elif value is not None:
            for path in value.paths:
                yield from self._readable(where, path, classes)

    def _readable(self, where: str, path: Path, classes: frozenset[str]) -> Iterator[str]:
        dotted = ".".join(path)
        if path[0] == "record":
            # `record` alone, or an object in it, is all its declared fields together.
            inside = path[1:]
            if not any(_is_within(inside, field) for field in self.readable):
                wording = any(_is_within(inside, text) for text in self.file.record.wording)
                why = "is wording, which no expression sees" if wording else "is not declared"
                yield f"{where}: {dotted} {why}"
        elif path[0] == "memory" and (len(path) == 1 or path[1] not in self.memory):
            yield f"{where}: {dotted} is never remembered"
        elif path[0] == "class" and (len(path) == 1 or path[1] not in classes):
            yield f"{where}: {dotted} is not classified by this rule"

    def _declared(self, where: str, path: Path) -> Iterator[str]:
        if path not in self.comparable:
            yield f"{where}: the record has no declared field {'.'.join(path)}"


def writers(file: MappingFile, value: object, rule: Rule) -> list[tuple[object, Rule]]:
    """Give what a value stands for, with the rule that says so: itself, or what is remembered."""
    remembered: list[tuple[object, Rule]] = [
        (written, writer)
        for writer in file.rules
        for name, written in writer.remember.items()
        if isinstance(value, Expression) and value.text == f"memory.{name}"
    ]
    return remembered or [(value, rule)]


def said(file: MappingFile, value: object, rule: Rule) -> Iterable[object]:
    """Give the words that a value is known to become; none where only the records decide."""
    if isinstance(value, Contact):
        return ()
    if isinstance(value, Lookup):
        default = () if value.default is None else (value.default,)
        return (*file.tables.get(value.table, {}).values(), *default)
    assert isinstance(value, Expression)
    if value.literal is not None:
        return (value.literal,)
    for name, classification in rule.classify.items():
        if value.text == f"class.{name}" and classification.by in CLASSIFIERS:
            return CLASSIFIERS[classification.by].classes
    return ()


def _is_within(path: Path, field: Path) -> bool:
    """Tell whether a path leads to a field or to an object around it."""
    return field[: len(path)] == path or path[: len(field)] == field


def _unknown(where: str, name: str, known: Iterable[str]) -> str:
    return f"{where}: {name!r} is none of {', '.join(sorted(known))}"
