"""For each conversation, what was claimed and what came of it: the report's per-case lines."""

from __future__ import annotations

from typing import Any

from monitor.core.moments import Moment, datetime_of
from monitor.core.outputs import (
    Claimed,
    Contacted,
    HandoffOpened,
    Misrouted,
    Output,
    Reopened,
)
from schemas.published import EpisodeOutcome, Finding, HandoffOutcome


class Casebook:
    """Collects outputs by conversation."""

    def __init__(self) -> None:
        """Start with no case."""
        self._cases: dict[str, dict[str, Any]] = {}
        self._handoffs: dict[tuple[str, str], dict[str, Any]] = {}
        self._failures: dict[str, dict[str, Any]] = {}

    def note(self, output: Output) -> None:
        """Write one output down."""
        match output:
            case Contacted():
                self._open(output)
            case Claimed():
                claim = {"at": _spell(output.at), "by": output.by, "basis": output.basis}
                self._cases[output.conversation_id]["claims"].append(claim)
            case Reopened():
                self._cases[output.conversation_id]["reopened"] += 1
            case HandoffOpened():
                self._open_handoff(output)
            case Misrouted():
                handoff = self._handoffs[output.conversation_id, output.handoff_id]
                handoff["misrouted"] = not output.retracted
            case HandoffOutcome():
                handoff = self._handoffs[output.conversation_id or "", output.handoff_id]
                handoff[output.aspect] = output.verdict
            case EpisodeOutcome():
                self._note_failure(output)
            case Finding():
                self._note_finding(output)

    def lines(self) -> list[dict[str, Any]]:
        """One line for each conversation, in the order in which they were first heard of."""
        return list(self._cases.values())

    def _open(self, output: Contacted) -> None:
        case = self._cases.setdefault(
            output.conversation_id,
            {
                "case_id": output.case_id or output.conversation_id,
                "conversation_id": output.conversation_id,
                "first_heard_at": _spell(output.at),
                "claims": [],
                "failures": [],
                "reopened": 0,
                "handoffs": [],
                "findings": [],
            },
        )
        if output.case_id is not None:
            case["case_id"] = output.case_id

    def _open_handoff(self, output: HandoffOpened) -> None:
        handoff = {
            "handoff_id": output.handoff_id,
            "verdict": "undetermined",
            "terminal": None,
            "misrouted": False,
        }
        self._handoffs[output.conversation_id, output.handoff_id] = handoff
        self._cases[output.conversation_id]["handoffs"].append(handoff)

    def _note_failure(self, output: EpisodeOutcome) -> None:
        failures = self._cases[output.conversation_id or ""]["failures"]
        if output.verdict == "retracted":
            failures.remove(self._failures.pop(output.replaces or ""))
        if output.verdict != "failed" or output.horizon is not None:
            return
        failure = {
            "at": _spell_datetime(output),
            "cause": output.cause,
            "match": output.match,
            "claimed_at": output.claimed_at.isoformat(),
        }
        self._failures[output.id] = failure
        failures.append(failure)

    def _note_finding(self, output: Finding) -> None:
        if output.conversation_id is None:
            return
        findings = self._cases[output.conversation_id]["findings"]
        if output.replaces is not None:
            findings[:] = [one for one in findings if one["id"] != output.replaces]
        findings.append(
            {
                "id": output.id,
                "sf": output.sf,
                "confidence": output.confidence,
                "retracted": output.retracted,
            }
        )


def _spell(at: Moment) -> str:
    return datetime_of(at).isoformat()


def _spell_datetime(output: EpisodeOutcome) -> str:
    return output.decided_at.isoformat()
