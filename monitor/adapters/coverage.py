"""Which outcome questions a mapping can answer, and what would unlock the others.

It is read off the rules: what a rule may give, the source may feed. A value that only the records
decide is taken to be any word, so the answer errs to the side of "yes". So a second answer stands
beside it, by what the events of a sample have carried; that one errs to the side of "no". What
each question rests on says the table in `coverage_table`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.adapters.coverage_table import CUSTOMER, MEASURES, SILENT_FAILURES
from monitor.adapters.mapping_check import DATA_MODELS, said, writers
from monitor.adapters.mapping_file import Contact
from schemas.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor.adapters.coverage_table import Family, Need
    from monitor.adapters.expressions import Expression
    from monitor.adapters.mapping_file import EventRule, Lookup, MappingFile, Rule
    from schemas.envelope import Envelope

FULL, PARTLY, NOT = "yes", "partly", "no"

_SAYS_NOTHING = frozenset({"unknown", "unclassified"})
_FAMILIES = (*MEASURES, *SILENT_FAILURES)
_SOURCES = sorted(
    {
        source
        for family in _FAMILIES
        for need in (*family.needs, *family.sharpened_by)
        for source in need.any_of
    }
)


@dataclass(frozen=True, slots=True)
class Covered:
    """What a mapping can do for a family."""

    family: Family
    answer: str
    missing: tuple[Need, ...]
    """What no rule gives."""
    seen: str
    unseen: tuple[Need, ...]
    """What a rule may give, and no event of the sample had."""


class Sight:
    """Which sources of the table the events of a sample have carried."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.sources: set[str] = set()
        self._awaited: dict[str, list[str]] = {}

    def see(self, event: Envelope) -> None:
        """Take notice of an event."""
        type_ = event.type.removeprefix("cx.").removesuffix(".v1")
        awaited = self._awaited.get(type_)
        if awaited is None:
            awaited = [
                source for source in _SOURCES if source.split(" ")[0] in (type_, "*", CUSTOMER)
            ]
        found = {source for source in awaited if _is_shown(source, event)}
        self.sources |= found
        self._awaited[type_] = [source for source in awaited if source not in found]


def coverage(file: MappingFile, sight: Sight) -> list[Covered]:
    """Tell of every family whether a mapping can feed it, and whether its sample did."""
    return [_covered(family, file, sight) for family in _FAMILIES]


def _covered(family: Family, file: MappingFile, sight: Sight) -> Covered:
    answer, missing = _judged(family, lambda source: _is_given(source, file))
    seen, lacking = _judged(
        family, lambda source: source in sight.sources and _is_given(source, file)
    )
    unseen = tuple(need for need in lacking if need not in missing)
    return Covered(family, answer, missing, seen, unseen)


def _judged(family: Family, is_there: Callable[[str], bool]) -> tuple[str, tuple[Need, ...]]:
    """Give the answer to a family, and which needs keep it from being better."""
    blocking, dulling = (
        tuple(need for need in needs if not any(map(is_there, need.any_of)))
        for needs in (family.needs, family.sharpened_by)
    )
    return (NOT if blocking else PARTLY if dulling else FULL), blocking or dulling


def _is_shown(source: str, event: Envelope) -> bool:
    type_, *fields = source.split(" ")
    return all(_shows(event, field) for field in ([CUSTOMER] if type_ == CUSTOMER else fields))


def _shows(event: Envelope, field: str) -> bool:
    data: Any = event.data
    name, _, wanted = field.partition("=")
    if name == CUSTOMER:
        # A mapping may let each conversation have a customer of its own.
        return data.customer_ref not in (None, getattr(data, "conversation_id", None))
    word = getattr(data, name, None)
    if word is None or not (name in data.model_fields_set or isinstance(word, Vocabulary)):
        return False
    return str(word) in wanted.split("|") if wanted else str(word) not in _SAYS_NOTHING


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
    return isinstance(file.customer, Contact) or file.customer.text != file.conversation.text


def _default(event: EventRule, name: str) -> str | None:
    default = DATA_MODELS[event.type].model_fields[name].default
    return str(default) if isinstance(default, Vocabulary) else None


def _words(value: Expression | Lookup | Contact, rule: Rule, file: MappingFile) -> Iterator[Any]:
    """Yield the words that a value may become; None stands for any."""
    for written, writer in writers(file, value, rule):
        yield from list(said(file, written, writer)) or [None]
