"""What every alert carries besides its own words: links made from its name and labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.rules.model import Alert

if TYPE_CHECKING:
    from monitor.rules.slo import Links

DASHBOARDS = {
    "outcome": "outcome-overview",
    "version": "outcome-versions",
    "silent": "outcome-silent-failures",
    "blind": "outcome-pipeline",
}
"""The dashboard that shows what an alert speaks of, by the alert's concern."""
EXAMPLES = "exemplars"
"""The annotation that says where examples of an alert are to be had."""
HELD = {"outcome": "10m", "blind": "15m"}
"""For how long an alert is held, by its signal, when its numbers are no longer there."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where alerts get their links, and what their examples are taken from."""

    links: Links
    #: The age buckets within each horizon, as a regular expression.
    ages: dict[str, str] = field(default_factory=dict)

    def alert(  # noqa: PLR0913  # an alert has this many facts
        self,
        name: str,
        expr: str,
        *,
        severity: str,
        signal: str,
        team: str,
        summary: str,
        description: str,
        concern: str,
        labels: tuple[str, ...] = (),
        hold: str = "0s",
        fixed: dict[str, str] | None = None,
        evidence: bool = True,
        examples: str = "",
    ) -> Alert:
        """One alert. ``labels`` are those of its expression, ``fixed`` those it is given."""
        query = "&".join(f"{one}={_value(one)}" for one in labels)
        variables = "&".join(f"var-{one}={_value(one)}" for one in labels)
        annotations = {
            "runbook_url": f"{self.links.runbooks}/{name}.md",
            "dashboard": _url(f"{self.links.dashboards}/{DASHBOARDS[concern]}", variables),
        }
        if evidence:
            annotations["evidence"] = _url(self.links.evidence, query)
        if examples:
            annotations[EXAMPLES] = examples
        return Alert(
            name,
            expr,
            severity,
            signal,
            team,
            summary,
            description,
            annotations,
            hold,
            HELD.get(signal, "0s"),
            fixed or {},
        )

    def failures(self, window: str, *labels: str, horizon: str = "") -> str:
        """Claims that did not hold, as examples: within a horizon, or that of the alert."""
        ages = self.ages.get(horizon, "")
        if not horizon:
            ages = "".join(
                f'{{{{ {"else if" if n else "if"} eq $labels.horizon "{one}" }}}}{within}'
                for n, (one, within) in enumerate(self.ages.items())
            )
            ages += "{{ end }}"
        where = f'bound="same_issue", age=~"{ages}"'
        return examples("cx_resolution_failures_total", where, window, *labels)


def examples(metric: str, where: str, window: str, *labels: str) -> str:
    """The series whose exemplars are examples of what an alert says, and how far back."""
    own = (f'{one}={{{{ printf "%q" $labels.{one} }}}}' for one in ("job", *labels))
    return f"{metric}{{{', '.join((*own, where))}}}[{window}]"


def top(query: str, names: tuple[str, ...], *arguments: str) -> str:
    """The three heaviest label sets of a query; each ``%q`` in it is one of the alert's labels."""
    shown = " ".join(f"{{{{ .Labels.{name} }}}}" for name in names)
    return _told(f"topk(3, {query})", arguments, f'{shown}: {{{{ .Value | printf "%.0f" }}}}. ')


def number(query: str, *arguments: str) -> str:
    """The value of a query, in the text of an alert."""
    return _told(query, arguments, '{{ .Value | printf "%.0f" }}')


def _told(query: str, arguments: tuple[str, ...], each: str) -> str:
    quoted = query.replace('"', '\\"')
    values = "".join(f" $labels.{one}" for one in arguments)
    return f'{{{{ range printf "{quoted}"{values} | query }}}}{each}{{{{ end }}}}'


def _value(label: str) -> str:
    return f"{{{{ $labels.{label} | urlquery }}}}"


def _url(address: str, query: str) -> str:
    return f"{address}?{query}" if query else address
