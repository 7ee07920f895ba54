"""An outcome as OpenTelemetry has it: its names, its scores, and nothing that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.evaluations import Evaluation, evaluation_of
from schemas.published import OUTCOME
from tests.schemas.examples import content

OUTCOMES = dict(content("v*/published/outcome.*.json"))
EVALUATIONS = dict(content("v*/published/evaluation.*.json"))


def written(record: dict[str, Any]) -> Evaluation:
    """What an outcome becomes: as the model would write it, to the byte."""
    value = evaluation_of(OUTCOME.validate_python(record))
    evaluation = Evaluation.model_validate_json(value, strict=True)
    assert evaluation.model_dump_json(by_alias=True, exclude_none=True).encode() == value
    return evaluation


def attributes(record: dict[str, Any], **more: Any) -> dict[str, str | float]:
    """The attributes of the one log record that an outcome becomes."""
    evaluation = written(record | more)
    ((log,),) = (logs.scope_logs for logs in evaluation.resource_logs)
    (event,) = log.log_records
    assert event.event_name == "gen_ai.evaluation.result"
    values = {one.key: one.value for one in event.attributes}
    texts = {key: value.string_value for key, value in values.items()}
    numbers = {key: value.double_value for key, value in values.items()}
    assert all((texts[key] is None) != (numbers[key] is None) for key in values)
    return {
        key: known for said in (texts, numbers) for key, known in said.items() if known is not None
    }


def example(name: str) -> dict[str, Any]:
    record: dict[str, Any] = OUTCOMES[f"v1/published/outcome.{name}.json"]
    return record


def test_the_examples_are_what_their_outcomes_become() -> None:
    pairs = {"resolution": "episode.failed", "journey": "journey.corrected"}
    for evaluation, outcome in pairs.items():
        made = written(example(outcome))
        wanted = EVALUATIONS[f"v1/published/evaluation.{evaluation}.json"]
        assert made.model_dump(mode="json", by_alias=True, exclude_none=True) == wanted


@pytest.mark.parametrize("record", OUTCOMES.values(), ids=OUTCOMES)
def test_every_outcome_has_a_name_a_label_and_an_explanation(record: dict[str, Any]) -> None:
    said = attributes(record)

    assert str(said["gen_ai.evaluation.name"]).startswith("cx.")
    assert said["gen_ai.evaluation.score.label"] == record["verdict"]
    assert said["gen_ai.evaluation.explanation"]
    assert said["cx.outcome.id"] == record["id"]
    assert said["cx.outcome.kind"] == record["kind"]
    assert said["cx.journey"] == record["journey"]


def test_ids_of_the_ai_are_given_where_they_are_known() -> None:
    said = attributes(example("episode.failed"))
    assert said["gen_ai.response.id"] == "resp-1902"
    assert said["gen_ai.conversation.id"] == "thread-77"
    assert said["gen_ai.agent.version"] == "2026-02-24"

    unknown = {"gen_ai_response_id": None, "gen_ai_conversation_id": None, "ai_version": "none"}
    names = set(said) - set(attributes(example("episode.failed"), **unknown))
    assert names == {"gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.agent.version"}


@pytest.mark.parametrize(
    ("name", "verdict", "score"),
    [
        ("episode.failed", "durable", 1),
        ("episode.failed", "failed", 0),
        ("episode.failed", "censored", None),
        ("episode.failed", "retracted", None),
        ("journey.durable", "durable", 1),
        ("journey.durable", "failed", 0),
        ("journey.durable", "open", None),
        ("handoff.verdict", "needed", 1),
        ("handoff.verdict", "requested", 1),
        ("handoff.verdict", "unnecessary", 0),
        ("handoff.verdict", "undetermined", None),
        ("handoff.terminal", "served_in_sla", 1),
        ("handoff.terminal", "served_late", 0),
        ("handoff.terminal", "orphaned", 0),
        ("handoff.terminal", "returned", None),
        ("handoff.terminal", "superseded", None),
        ("commitment.kept", "kept", 1),
        ("commitment.kept", "late", 0),
        ("commitment.kept", "broken", 0),
        ("commitment.kept", "withdrawn", None),
    ],
)
def test_a_score_is_one_where_it_went_well_and_absent_where_nobody_can_say(
    name: str, verdict: str, score: float | None
) -> None:
    said = attributes(example(name), verdict=verdict)
    assert said.get("gen_ai.evaluation.score.value") == score


def test_a_correction_names_what_it_replaces() -> None:
    corrected = example("journey.corrected")
    assert attributes(corrected)["cx.outcome.replaces"] == corrected["replaces"]
    assert "cx.outcome.replaces" not in attributes(example("journey.durable"))


def test_its_time_is_that_of_the_decision_in_nanoseconds() -> None:
    record = example("episode.failed") | {"decided_at": "2026-03-04T17:02:11.000001Z"}
    evaluation = written(record)
    (log,) = evaluation.resource_logs[0].scope_logs[0].log_records

    assert log.time_unix_nano == "1772643731000001000"
