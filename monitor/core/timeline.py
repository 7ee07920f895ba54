"""The timeline of one journey: what happened, what was decided, and by which rule.

It is made from the trace of a run over a log that is complete.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from monitor.core import rules
from monitor.core.catalogue import METRICS
from monitor.core.moments import datetime_of
from monitor.core.reading import in_unit
from monitor.core.standing import standing
from schemas.conversations import CustomerLinked
from schemas.published import Published

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.core.outputs import Output
    from monitor.core.step import Counted
    from monitor.core.trace import JourneyName, Traced
    from monitor.core.tracker import Tracker
    from schemas.envelope import Envelope

# Ids that are made from the customer's reference, and what the entry says already.
_UNTOLD = {"id", "journey", "replaces", "channel", "decided_at", "at"}
_NAMED = {"conversation_id", "channel", "customer_ref", "other_ref"}


def timeline(tracker: Tracker, case: str) -> dict[str, Any]:
    """Everything that was decided in the journeys of a case, ready for JSON.

    Args:
        tracker: it has folded the whole log, with a trace of the case's customers.
        case: a case or a conversation, by its id.
    """
    assert tracker.trace is not None, "there is nothing to tell without a trace"
    steps = tracker.trace.steps
    where: dict[str, JourneyName] = {}
    for step in steps:
        where |= step.journeys
    named = set(_conversations(steps, case))
    wanted = {where[one] for one in named & where.keys()}
    # Of what only tests the system nothing is known, and its events are told all the same.
    inside = named | {one for one, journey in where.items() if journey in wanted}
    # A link moves what is known from row to row.
    rows = {
        journey[:2] for step in steps for one, journey in step.journeys.items() if one in inside
    }
    ours = [told for step in steps if (told := _of(step, inside, rows))]
    return {
        "case": case,
        "conversations": sorted(inside),
        "log_ends": datetime_of(tracker.watermark).isoformat(),
        "policy_version": tracker.policy.label,
        "timeline": [_entry(step) for step in ours if _tells(step)],
        "now": [
            standing(tracker.customers[key], number, tracker.watermark, tracker.policy)
            for key, _, number in sorted(wanted)
            if key in tracker.customers and number in tracker.customers[key].journeys
        ],
    }


def _conversations(steps: list[Traced], case: str) -> Iterator[str]:
    for step in steps:
        if step.event is not None:
            for one in step.about:
                if case in (one, getattr(step.event.data, "case_id", None)):
                    yield one


def _of(step: Traced, inside: set[str], rows: set[tuple[str, int]]) -> Traced | None:
    """What a step has to do with the conversations inside: all, or something, or nothing."""
    # What names no conversation may be about any of the customer's.
    if inside & {*step.about} if step.about else step.row in rows:
        return step
    # A contact for another matter may undo a claim of this one.
    outputs = [one for one in step.outputs if getattr(one, "conversation_id", None) in inside]
    groups = {rules.of_output(one).group for one in outputs}
    counted = [
        one for one in step.counted if rules.of_count(one.metric, one.labels).group in groups
    ]
    return replace(step, outputs=outputs, counted=counted, forgotten=set()) if outputs else None


def _tells(step: Traced) -> bool:
    return bool(step.event or step.outputs or step.counted or step.forgotten)


def _entry(step: Traced) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "at": datetime_of(step.at).isoformat(),
        "conversations": step.about,
    }
    if step.event is not None:
        entry |= {"channel": str(getattr(step.event.data, "channel", "unknown"))}
        entry |= {"event": _event(step.event)}
    else:
        rule = rules.of_deadline(step.deadline)
        subject = step.deadline.partition(":")[2]
        entry |= {"deadline": {"subject": subject, "rule": rule.id, "because": rule.says}}
    decided = [_said(output) for output in step.outputs]
    # A link moves what is known to another row.
    if step.forgotten and not isinstance(step.event, CustomerLinked):
        rule = rules.of_forgetting()
        told = {"what": "Forgotten", "conversations": sorted(step.forgotten)}
        decided.append(told | {"rule": rule.id, "because": rule.says})
    return entry | {
        "decided": decided,
        "counted": [_counted(one) for one in step.counted],
    }


def _event(event: Envelope) -> dict[str, Any]:
    told = event.data.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, exclude=_NAMED
    )
    return {"type": event.type, "id": event.id, "source": event.source, "data": told}


def _said(output: Output) -> dict[str, Any]:
    rule = rules.of_output(output)
    if isinstance(output, Published):
        facts = output.model_dump(mode="json", exclude_none=True, exclude=_UNTOLD)
    else:
        facts = {name: value for name, value in asdict(output).items() if name not in _UNTOLD}
    return {"what": type(output).__name__} | facts | {"rule": rule.id, "because": rule.says}


def _counted(one: Counted) -> dict[str, Any]:
    metric, rule = METRICS[one.metric], rules.of_count(one.metric, one.labels)
    return {
        "metric": one.metric,
        "labels": dict(zip(metric.labels, one.labels, strict=True)),
        "value": in_unit(metric, one.value),
        "rule": rule.id,
        "because": rule.says,
    }
