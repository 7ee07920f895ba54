"""Outcomes as OpenTelemetry has them: each one an event ``gen_ai.evaluation.result``.

A record is a request of the OpenTelemetry protocol for logs, in its JSON form, with one log record
in it. A Collector reads the topic as it is, and takes the verdicts to wherever the traces are.

Rule: the names beginning with ``gen_ai.`` are those of OpenTelemetry's semantic conventions for
generative AI; what those have no name for is ours and begins with ``cx.``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.envelope import Frozen
from schemas.published import EpisodeOutcome, HandoffOutcome, JourneyOutcome

if TYPE_CHECKING:
    from schemas.published import Outcome

EVALUATIONS = "cx.evaluations"
EVENT: Literal["gen_ai.evaluation.result"] = "gen_ai.evaluation.result"
SCOPE = "outcome-monitor"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_VERSION = ("none", "unknown")
_SCORES: dict[str, dict[str, float]] = {
    "cx.resolution": {"durable": 1, "failed": 0},
    "cx.journey": {"durable": 1, "failed": 0},
    "cx.handoff.need": {"needed": 1, "requested": 1, "unnecessary": 0},
    "cx.handoff.service": {
        "served_in_sla": 1,
        "served_late": 0,
        "abandoned": 0,
        "orphaned": 0,
        "failed": 0,
    },
    "cx.promise": {"kept": 1, "late": 0, "broken": 0},
}
_EXPLAINING = {
    "episode": ("claimed_by", "basis", "bound", "horizon", "cause", "match", "reason"),
    "journey": ("claimed_by", "basis", "cause", "match", "claims", "failures"),
    "handoff": ("reason_code", "basis"),
    "commitment": ("commitment_kind", "made_by"),
}


class _Otlp(Frozen):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class AnyValue(_Otlp):
    """The value of an attribute: a text or a number."""

    string_value: str | None = None
    double_value: float | None = None


class Attribute(_Otlp):
    """An attribute and its value."""

    key: str
    value: AnyValue


class LogRecord(_Otlp):
    """One event."""

    time_unix_nano: str = Field(
        pattern="^[0-9]+$", description="When it was decided, in nanoseconds since 1970."
    )
    severity_number: Literal[9] = 9
    severity_text: Literal["INFO"] = "INFO"
    event_name: Literal["gen_ai.evaluation.result"] = EVENT
    attributes: tuple[Attribute, ...]


class Scope(_Otlp):
    """Who observed it."""

    name: Literal["outcome-monitor"] = "outcome-monitor"


class ScopeLogs(_Otlp):
    """What one observer says."""

    scope: Scope = Scope()
    log_records: tuple[LogRecord]


class Resource(_Otlp):
    """What it is said of."""

    attributes: tuple[Attribute, ...]


class ResourceLogs(_Otlp):
    """What is said of one resource."""

    resource: Resource
    scope_logs: tuple[ScopeLogs]


class Evaluation(_Otlp):
    """An outcome as OpenTelemetry's event of an evaluation."""

    resource_logs: tuple[ResourceLogs]


def evaluation_of(outcome: Outcome) -> Evaluation:
    """The event that says of an outcome what OpenTelemetry has words for."""
    record = LogRecord(
        time_unix_nano=str((outcome.decided_at - _EPOCH) // timedelta(microseconds=1) * 1000),
        attributes=_attributes(
            _evaluation(outcome) | _of_ai(outcome) | _of_outcome(outcome),
        ),
    )
    resource = Resource(attributes=_attributes({"service.name": SCOPE}))
    logs = ResourceLogs(resource=resource, scope_logs=(ScopeLogs(log_records=(record,)),))
    return Evaluation(resource_logs=(logs,))


Said = dict[str, str | float | None]


def _evaluation(outcome: Outcome) -> Said:
    name = _name(outcome)
    return {
        "gen_ai.evaluation.name": name,
        "gen_ai.evaluation.score.value": _SCORES[name].get(outcome.verdict),
        "gen_ai.evaluation.score.label": outcome.verdict,
        "gen_ai.evaluation.explanation": _explanation(outcome),
    }


def _of_ai(outcome: Outcome) -> Said:
    version = outcome.ai_version
    return {
        "gen_ai.response.id": getattr(outcome, "gen_ai_response_id", None),
        "gen_ai.conversation.id": getattr(outcome, "gen_ai_conversation_id", None),
        "gen_ai.agent.version": None if version in _NO_VERSION else version,
    }


def _of_outcome(outcome: Outcome) -> Said:
    return {
        "cx.outcome.id": outcome.id,
        "cx.outcome.kind": outcome.kind,
        "cx.outcome.replaces": getattr(outcome, "replaces", None),
        "cx.journey": outcome.journey,
        "cx.conversation.id": outcome.conversation_id,
        "cx.channel": outcome.channel,
        "cx.intent_group": outcome.intent_group,
        "cx.policy.version": outcome.policy_version,
    }


def _name(outcome: Outcome) -> str:
    match outcome:
        case EpisodeOutcome():
            return "cx.resolution"
        case JourneyOutcome():
            return "cx.journey"
        case HandoffOutcome(aspect="verdict"):
            return "cx.handoff.need"
        case HandoffOutcome():
            return "cx.handoff.service"
    return "cx.promise"


def _explanation(outcome: Outcome) -> str:
    known = {name: getattr(outcome, name) for name in _EXPLAINING[outcome.kind]}
    told = {name.replace("_", " "): value for name, value in known.items() if value is not None}
    return "; ".join(f"{name} {value}" for name, value in told.items())


def _attributes(said: Said) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(key=key, value=_value(value)) for key, value in said.items() if value is not None
    )


def _value(value: str | float) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(double_value=value)
