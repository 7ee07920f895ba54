"""What a rule file is made of, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = "# Written by `outcome-monitor rules write` from an SLO file. Change that, not this.\n"


@dataclass(frozen=True, slots=True)
class Record:
    """A series that Prometheus computes and keeps."""

    record: str
    expr: str
    labels: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        labels = {"labels": self.labels} if self.labels else {}
        return {"record": self.record, "expr": self.expr, **labels}


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition that somebody is told of, and what they are told.

    ``hold`` is how long it must be true before that, ``keep`` how long it is kept afterwards:
    when numbers vanish, Prometheus would otherwise say that all is well again.
    """

    alert: str
    expr: str
    severity: str
    signal: str
    team: str
    summary: str
    description: str
    annotations: dict[str, str]
    hold: str = "0s"
    keep: str = "0s"
    labels: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        about = {"severity": self.severity, "signal": self.signal, "team": self.team}
        texts = {"summary": self.summary, "description": self.description}
        lengths = {"for": self.hold, "keep_firing_for": self.keep}
        return {
            "alert": self.alert,
            "expr": self.expr,
            **{key: length for key, length in lengths.items() if length != "0s"},
            "labels": {**about, **self.labels},
            "annotations": {**texts, **self.annotations},
        }


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated one after the other.

    Without an interval they go at Prometheus' own: those that a page waits for.
    """

    name: str
    rules: Sequence[Record | Alert]
    interval: str = ""

    def plain(self) -> dict[str, Any]:
        """The group as Prometheus reads it."""
        interval = {"interval": self.interval} if self.interval else {}
        return {"name": self.name, **interval, "rules": [rule.plain() for rule in self.rules]}


class _Writer(yaml.SafeDumper):
    """Writes expressions of several lines as such, and what occurs twice twice."""

    def ignore_aliases(self, data: object) -> bool:
        """A reader should not have to look up what a rule's labels are."""
        del data
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)


def write_yaml(content: object) -> str:
    """Any plain value as YAML, in the order in which it is given."""
    return yaml.dump(content, Dumper=_Writer, sort_keys=False, width=1000, allow_unicode=True)


def rule_file(groups: Sequence[Group]) -> str:
    """The text of one rule file."""
    return HEADER + write_yaml({"groups": [group.plain() for group in groups]})
