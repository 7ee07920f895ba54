"""Whatever the core counts, says or waits for has a rule, in one sentence of plain English."""

from __future__ import annotations

import pkgutil
from dataclasses import fields
from importlib import import_module
from typing import Any, Literal, get_args, get_origin

import pytest

from monitor.core import fold, rules, silent
from monitor.core.catalogue import METRICS
from monitor.core.outputs import Output
from monitor.core.sentences import BY_LABEL, BY_METRIC, SENTENCES, SILENT, WAITING
from monitor.core.union import OF_ROW
from schemas.published import Confidence, Finding, HandoffOutcome, Published

TAKEN_BACK = "_retractions_total"
ENDED = [
    "served_in_sla",
    "served_late",
    "abandoned",
    "orphaned",
    "returned",
    "failed",
    "superseded",
]
JUDGED = ["needed", "requested", "unnecessary", "undetermined"]
CAUSES = [
    "reopen",
    "repeat_same_channel",
    "repeat_other_channel",
    "human_redo",
    "action_failed",
    "action_reversed",
    "contradicted",
]
REASONS = ["spam", "merge", "deletion", "bulk", "identity_loss", "eviction"]

GENERAL = {general for _, _, general in BY_LABEL.values()} | {"journey.ended"}
"""What is said where nothing better is known."""


def kinds() -> dict[str, str]:
    """Every kind of silent failure that a module raises, by its number, with its name."""
    modules = [
        import_module(f"{silent.__name__}.{info.name}")
        for info in pkgutil.iter_modules(silent.__path__)
    ]
    return {module.KIND.sf: module.KIND.name for module in modules if hasattr(module, "KIND")}


def outcome(kind: type[Published], **facts: Any) -> Any:
    return kind.model_construct(**facts)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_has_a_rule(name: str) -> None:
    rule = rules.of_count(
        name, ["SF-05" if label == "sf" else "?" for label in METRICS[name].labels]
    )

    assert rule.id
    assert rule.says
    assert rule.id.endswith(".taken_back") == name.endswith(TAKEN_BACK)


def test_no_rule_is_for_a_metric_that_is_not_there() -> None:
    bases = {name.replace(TAKEN_BACK, "_total") for name in METRICS}

    assert BY_METRIC.keys() | BY_LABEL.keys() <= bases
    assert not BY_METRIC.keys() & BY_LABEL.keys()
    assert {general for _, _, general in BY_LABEL.values()} <= SENTENCES.keys()
    assert set(BY_METRIC.values()) <= SENTENCES.keys()


@pytest.mark.parametrize("sf", kinds())
def test_every_kind_of_silent_failure_has_its_pattern(sf: str) -> None:
    assert rules.of_finding(sf) == rules.Rule(sf, SILENT[sf])


def test_every_deadline_has_a_meaning() -> None:
    assert WAITING.keys() == fold.ON_DEADLINE.keys() | set(OF_ROW)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (kind, verdict)
        for kind in get_args(Output)
        if issubclass(kind, Published) and "verdict" in kind.model_fields
        for verdict in get_args(kind.model_fields["verdict"].annotation)
    ],
)
def test_every_verdict_has_a_rule_of_its_own(kind: type[Published], verdict: str) -> None:
    assert get_origin(kind.model_fields["verdict"].annotation) is Literal
    others = {*get_args(kind.model_fields["verdict"].annotation)} - {verdict}
    given, *told = [
        rules.of_output(outcome(kind, verdict=one, cause="reopen", reason="spam"))
        for one in (verdict, *others)
    ]

    assert given not in told
    assert given.id not in GENERAL


@pytest.mark.parametrize(
    ("aspect", "verdict"),
    [("terminal", one) for one in ENDED] + [("verdict", one) for one in JUDGED],
)
def test_every_end_and_verdict_of_a_handoff_has_its_sentence(aspect: str, verdict: str) -> None:
    rule = rules.of_output(outcome(HandoffOutcome, aspect=aspect, verdict=verdict))
    metric = {"terminal": "cx_handoff_terminal_total", "verdict": "cx_handoff_verdict_total"}[
        aspect
    ]
    label = {"terminal": "outcome", "verdict": "verdict"}[aspect]

    assert rule.id.endswith(f".{verdict}")
    labels = [verdict if name == label else "?" for name in METRICS[metric].labels]
    assert rules.of_count(metric, labels) == rule


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_its_sentence(cause: str) -> None:
    assert f"durability.{cause}" in SENTENCES


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_censoring_has_its_sentence(reason: str) -> None:
    assert f"censored.{reason}" in SENTENCES


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(Output) if not issubclass(kind, Published)]
)
def test_whatever_else_is_said_has_a_rule(kind: type[Any]) -> None:
    assert rules.of_output(kind(*[""] * len(fields(kind)))).says


def test_a_finding_goes_by_its_number_and_says_when_it_is_taken_back() -> None:
    found = outcome(Finding, sf="SF-05", confidence=Confidence.CONFIRMED, retracted=False)
    back = outcome(Finding, sf="SF-05", confidence=Confidence.CONFIRMED, retracted=True)

    assert rules.of_output(found).id == "SF-05"
    assert rules.of_output(back).id == "SF-05.taken_back"
    assert rules.of_output(back).says.endswith(rules.of_output(found).says)


@pytest.mark.parametrize("sentence", [*SENTENCES.values(), *SILENT.values(), *WAITING.values()])
def test_a_rule_is_one_line_and_whole(sentence: str) -> None:
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert len(sentence) <= 100


def test_a_rule_s_id_is_unlike_all_others() -> None:
    ids = [*SENTENCES, *SILENT, *(f"waiting.{kind}" for kind in WAITING)]

    assert len(ids) == len(set(ids))
