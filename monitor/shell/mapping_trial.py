"""A mapping put to work on records, with an account of what became of each of them.

Rule: events that the contract refuses go nowhere; they are told by rule and field.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from monitor.adapters.coverage import Sight, coverage
from monitor.adapters.coverage_table import spelled
from monitor.adapters.mapping import rule_of
from monitor.adapters.records import records_of
from schemas.decode import CONVERSATIONS, TOPIC_OF, Invalid, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from monitor.adapters.coverage import Covered
    from monitor.adapters.coverage_table import Need
    from monitor.adapters.mapping import Mapping
    from monitor.adapters.records import Event


@dataclass(slots=True)
class Met:
    """What came of the records that one rule took."""

    records: int = 0
    events: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Refused:
    """Events that the contract refuses for one reason."""

    record: int
    """The number of the first record that gave one."""
    events: int = 0


class Trial:
    """One run of a mapping over records."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.records = 0
        self.unreadable = 0
        self.met: dict[str, Met] = {}
        self.sight = Sight()
        self.refused: dict[tuple[str, str, str], Refused] = {}
        """By rule, event type, and the field with what is wrong with it."""

    def events(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """Give the events that the contract accepts, of the records that the lines hold.

        Raises:
            LogError: the lines are not written as the mapping says.
        """
        for record in records_of(lines, self.mapping.file.record):
            self.records += 1
            if record is None:
                self.unreadable += 1
                continue
            events = list(self.mapping.events([record]))
            if events:
                self.met.setdefault(rule_of(events[0]), Met()).records += 1
            yield from (event for event in events if self._is_accepted(event))

    def _is_accepted(self, event: Event) -> bool:
        rule, type_ = rule_of(event), event["type"]
        try:
            accepted = read(TOPIC_OF.get(type_, CONVERSATIONS), event)
        except Invalid as refusal:
            place = (rule, type_, refusal.detail)
            self.refused.setdefault(place, Refused(self.records)).events += 1
            return False
        self.met[rule].events[type_] += 1
        self.sight.see(accepted)
        return True

    @property
    def given(self) -> int:
        """How many events the contract accepted."""
        return sum(met.events.total() for met in self.met.values())

    @property
    def is_clean(self) -> bool:
        """Every line was a record, and every event is one of the contract."""
        return not self.refused and not self.unreadable

    def unmet(self) -> list[str]:
        """Give the rules that no record came to."""
        ignored = self.mapping.ignored
        return [
            rule.name
            for rule in self.mapping.file.rules
            if rule.name not in self.met and rule.ignore not in ignored
        ]

    def summary(self) -> str:
        """Say in one line what the records came to."""
        refused = sum(refused.events for refused in self.refused.values())
        parts = {
            "records": self.records,
            "events": self.given,
            "records ignored": self.mapping.ignored.total(),
            "events refused": refused,
            "lines that are no record": self.unreadable,
        }
        always = ("records", "events")
        return ", ".join(
            f"{number:,} {what}" for what, number in parts.items() if number or what in always
        )

    def told(self) -> dict[str, Any]:
        """Give the whole account, coverage included, as JSON has it."""
        return {
            "records": self.records,
            "unreadable": self.unreadable,
            "rules": [
                {"rule": rule, "records": met.records, "events": dict(met.events)}
                for rule, met in self.met.items()
            ],
            "unmet": self.unmet(),
            "ignored": dict(self.mapping.ignored.most_common()),
            "refused": [
                {
                    "rule": rule,
                    "type": type_,
                    "why": why,
                    "events": n.events,
                    "first_record": n.record,
                }
                for (rule, type_, why), n in self.refused.items()
            ],
            "coverage": [_told(covered) for covered in coverage(self.mapping.file, self.sight)],
        }


def _told(covered: Covered) -> dict[str, Any]:
    return {
        "family": covered.family.name,
        "metrics": list(covered.family.metrics),
        "answer": covered.answer,
        "missing": [_told_need(need) for need in covered.missing],
        "seen_in_sample": covered.seen,
        "unseen": [_told_need(need) for need in covered.unseen],
    }


def _told_need(need: Need) -> dict[str, Any]:
    return {"what": need.what, "unlocked_by": [spelled(source) for source in need.any_of]}
