"""Outcomes as OpenTelemetry has them: each one an event ``gen_ai.evaluation.result``.

A record is a request of the OpenTelemetry protocol for logs, in its JSON form, with one log record
in it. A Collector reads the topic as it is, and takes the verdicts to wherever the traces are.

Rule: the names beginning with ``gen_ai.`` are those of OpenTelemetry's semantic conventions for
generative AI; what those have no name for is ours and begins with ``cx.``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.envelope import Frozen
from schemas.published import EpisodeOutcome, HandoffOutcome, JourneyOutcome

if TYPE_CHECKING:
    from schemas.published import Outcome

EVALUATIONS = "cx.evaluations"
EVENT: Literal["gen_ai.evaluation.result"] = "gen_ai.evaluation.result"
SCOPE = "outcome-monitor"

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_NO_VERSION = ("none", "unknown")
_SCORES: dict[str, dict[str, float]] = {
    "cx.resolution": {"durable": 1.0, "failed": 0.0},
    "cx.journey": {"durable": 1.0, "failed": 0.0},
    "cx.handoff.need": {"needed": 1.0, "requested": 1.0, "unnecessary": 0.0},
    "cx.handoff.service": {
        "served_in_sla": 1.0,
        "served_late": 0.0,
        "abandoned": 0.0,
        "orphaned": 0.0,
        "failed": 0.0,
    },
    "cx.promise": {"kept": 1.0, "late": 0.0, "broken": 0.0},
}
_EXPLAINING = {
    kind: [(name, name.replace("_", " ")) for name in names]
    for kind, names in {
        "episode": ("claimed_by", "basis", "bound", "horizon", "cause", "match", "reason"),
        "journey": ("claimed_by", "basis", "cause", "match", "claims", "failures"),
        "handoff": ("reason_code", "basis"),
        "commitment": ("commitment_kind", "made_by"),
    }.items()
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


def evaluation_of(outcome: Outcome) -> bytes:
    """The event that says of an outcome what OpenTelemetry has words for, as it is written.

    It is valid by `Evaluation`. An outcome becomes some thirty attributes, and to make a model of
    each takes ten times as long as to write them.
    """
    told = vars(outcome)
    name = _name(outcome)
    attributes = _attributes(
        {
            "gen_ai.evaluation.name": name,
            "gen_ai.evaluation.score.value": _SCORES[name].get(outcome.verdict),
            "gen_ai.evaluation.score.label": outcome.verdict,
            "gen_ai.evaluation.explanation": _explanation(told),
        }
        | _of_ai(told)
        | _of_outcome(told)
    )
    record = {
        "timeUnixNano": str((outcome.decided_at - _EPOCH) // _MICROSECOND * 1000),
        "severityNumber": 9,
        "severityText": "INFO",
        "eventName": EVENT,
        "attributes": attributes,
    }
    logs = {"resource": _RESOURCE, "scopeLogs": [{"scope": _SCOPE, "logRecords": [record]}]}
    return _encode({"resourceLogs": [logs]})


Told = dict[str, Any]


def _of_ai(told: Told) -> Told:
    version = told["ai_version"]
    return {
        "gen_ai.response.id": told.get("gen_ai_response_id"),
        "gen_ai.conversation.id": told.get("gen_ai_conversation_id"),
        "gen_ai.agent.version": None if version in _NO_VERSION else version,
    }


def _of_outcome(told: Told) -> Told:
    return {
        "cx.outcome.id": told["id"],
        "cx.outcome.kind": told["kind"],
        "cx.outcome.replaces": told["replaces"],
        "cx.journey": told["journey"],
        "cx.conversation.id": told["conversation_id"],
        "cx.channel": told["channel"],
        "cx.intent_group": told["intent_group"],
        "cx.policy.version": told["policy_version"],
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


def _explanation(told: Told) -> str:
    known = [(words, told[name]) for name, words in _EXPLAINING[told["kind"]]]
    return "; ".join([f"{words} {value}" for words, value in known if value is not None])


def _attributes(said: Told) -> list[Told]:
    return [
        {"key": key, "value": {"stringValue" if isinstance(value, str) else "doubleValue": value}}
        for key, value in said.items()
        if value is not None
    ]


_encode = msgspec.json.Encoder().encode
_RESOURCE = {"attributes": _attributes({"service.name": SCOPE})}
_SCOPE = {"name": SCOPE}
