"""What Alertmanager tells, and the text that people read of it.

Rules: a text names a journey by its keyed hash only. What stands in a command has been checked, so
that it can be pasted into a shell. Labels are producers' words, so nothing in them calls anybody,
and no link in them has another name than its address.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXEMPLARS = "exemplars"
"""The annotation that says where examples of an alert are to be had."""
SHOWN_MAX = 5
_TEXT_MAX = 1000
# Chats read links, calls to everybody and code by these. The sign for "at" stays one to people.
_PLAIN = str.maketrans("<>[]@`\n\r", "()()\uff20'  ")
_IN_LINKS = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "<>()@`\n\r"})


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class Alert(_Told):
    """One alert of a notification."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: AwareDatetime = Field(alias="startsAt")


class Notification(_Told):
    """What Alertmanager posts: a group of alerts."""

    alerts: tuple[Alert, ...] = Field(min_length=1)
    group_labels: dict[str, str] = Field(alias="groupLabels", default={})
    truncated: int = Field(alias="truncatedAlerts", default=0, ge=0)

    @property
    def firing(self) -> tuple[Alert, ...]:
        """The alerts that are not over."""
        return tuple(alert for alert in self.alerts if alert.status == "firing")

    @property
    def shown(self) -> tuple[Alert, ...]:
        """Those of them that are told of one by one."""
        return self.firing[:SHOWN_MAX]


class Journey(NamedTuple):
    """An example: the name a journey is published by, when it was counted, and as what."""

    name: str
    at: float
    labels: Mapping[str, str]
    worker: str


class Evidence(NamedTuple):
    """The examples of an alert, or why there are none. Neither: nobody expects any."""

    journeys: tuple[Journey, ...] = ()
    lack: str = ""


def text_of(told: Notification, evidence: tuple[Evidence, ...]) -> str:
    """The message about a notification; ``evidence`` is of the alerts it shows, in their order."""
    lines = [_head(told)]
    for alert, proof in zip(told.shown, evidence, strict=True):
        lines += ["", *_about(alert, proof)]
    all_firing = len(told.firing) + told.truncated
    if all_firing > len(told.shown):
        lines += ["", f"({all_firing} in all, {len(told.shown)} shown)"]
    return "\n".join(lines)


def _head(told: Notification) -> str:
    over = len(told.alerts) - len(told.firing)
    counts = [f"{number} {what}" for number, what in ((len(told.firing), "firing"), (over, "over"))]
    said = ", ".join(count for count in counts if not count.startswith("0 "))
    group = dict(told.group_labels)
    name = group.pop("alertname", "alerts")
    return _plain(f"{said}: {' '.join((name, *filter(None, group.values())))}")


def _about(alert: Alert, proof: Evidence) -> Iterator[str]:
    texts = alert.annotations
    summary = texts.get("summary") or alert.labels.get("alertname", "an alert without a name")
    yield f"[{_plain(alert.labels.get('severity', 'no severity'))}] {_plain(summary)}"
    if description := texts.get("description"):
        yield _plain(description)
    if proof.journeys:
        yield "for example:"
        yield from map(_example, proof.journeys)
    elif proof.lack:
        yield _plain(f"without example journeys: {proof.lack}")
    for name, key in (("runbook", "runbook_url"), ("evidence",) * 2, ("dashboard",) * 2):
        if link := texts.get(key):
            yield f"{name}: {link.translate(_IN_LINKS)[:_TEXT_MAX]}"
    yield f"since {alert.starts_at.astimezone(UTC):%Y-%m-%d %H:%M UTC}"


def _example(journey: Journey) -> str:
    at = f"{datetime.fromtimestamp(journey.at, UTC):%Y-%m-%d %H:%M:%S UTC}"
    known = (journey.labels.get(name) for name in ("sf", "ai_version"))
    counted = _plain(" ".join(label for label in known if label))
    command = f"outcome-monitor explain {journey.name} --worker {journey.worker}"
    return f"- {counted}, counted {at}: {command}"


def _plain(text: str) -> str:
    return text.translate(_PLAIN)[:_TEXT_MAX]
