"""Which outcome questions a mapping can answer, and what would unlock the others.

It is read off the rules, not off records: what a rule may give, the source may feed. A value that
only the records decide is taken to be any word, so the answer errs to the side of "yes". What each
question rests on says the table in `coverage_table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.adapters.coverage_table import CUSTOMER, MEASURES, SILENT_FAILURES
from monitor.adapters.mapping_check import DATA_MODELS, said, writers
from schemas.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.adapters.coverage_table import Family, Need
    from monitor.adapters.expressions import Expression
    from monitor.adapters.mapping_file import EventRule, Lookup, MappingFile, Rule

FULL, PARTLY, NOT = "yes", "partly", "no"

_SAYS_NOTHING = frozenset({"unknown", "unclassified"})


@dataclass(frozen=True, slots=True)
class Covered:
    """What a mapping can do for a family."""

    family: Family
    answer: str
    missing: tuple[Need, ...]


def coverage(file: MappingFile) -> list[Covered]:
    """Tell of every family whether a mapping can feed it."""
    return [_covered(family, file) for family in (*MEASURES, *SILENT_FAILURES)]


def _covered(family: Family, file: MappingFile) -> Covered:
    blocking = tuple(need for need in family.needs if not _is_met(need, file))
    dulling = tuple(need for need in family.sharpened_by if not _is_met(need, file))
    answer = NOT if blocking else PARTLY if dulling else FULL
    return Covered(family, answer, blocking or dulling)


def _is_met(need: Need, file: MappingFile) -> bool:
    return any(_is_given(source, file) for source in need.any_of)


def _is_given(source: str, file: MappingFile) -> bool:
    if source == CUSTOMER:
        return _outlasts(file)
    type_, *fields = source.split(" ")
    return any(
        type_ in ("*", event.type.removeprefix("cx.").removesuffix(".v1"))
        and all(_carries(event, field, rule, file) for field in fields)
        for rule, event in _event_rules(file)
    )


def _event_rules(file: MappingFile) -> Iterator[tuple[Rule, EventRule]]:
    for rule in file.rules:
        for event in rule.events:
            yield rule, event


def _carries(event: EventRule, field: str, rule: Rule, file: MappingFile) -> bool:
    """Tell whether an event may have a field, and in it a word that says something."""
    name, _, wanted = field.partition("=")
    if name == CUSTOMER:
        return _outlasts(file)
    if name not in DATA_MODELS[event.type].model_fields:
        return False
    value = event.data.get(name, file.common.get(name))
    words = [_default(event, name)] if value is None else list(_words(value, rule, file))
    if None in words and value is not None:
        return True  # Only the records decide.
    known = {str(word) for word in words if word is not None}
    return bool(known & set(wanted.split("|")) if wanted else known - _SAYS_NOTHING)


def _outlasts(file: MappingFile) -> bool:
    """Tell whether a customer may be seen in more than one conversation."""
    return file.customer.text != file.conversation.text


def _default(event: EventRule, name: str) -> str | None:
    default = DATA_MODELS[event.type].model_fields[name].default
    return str(default) if isinstance(default, Vocabulary) else None


def _words(value: Expression | Lookup, rule: Rule, file: MappingFile) -> Iterator[Any]:
    """Yield the words that a value may become; None stands for any."""
    for written, writer in writers(file, value, rule):
        yield from list(said(file, written, writer)) or [None]
