"""Word of record: dispositions and reviews outrank what was inferred, and it is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.published import HandoffOutcome
from tests.build import acted, handoff, handoff_requested, reviewed, says, started
from tests.driver import Driver

VERDICT = "cx_handoff_verdict_total"
OVERRULED = "cx_handoff_verdict_retractions_total"
MISSED = "cx_missed_escalations_total"
JUDGED = "cx_judge_verdicts_total"
BY_CUSTOMER = {"requested_by": "customer"}
HARDLY: dict[str, Any] = {"human_public_messages": 1, "handle_seconds": 60}


def handed(*events: Any, **request: Any) -> Driver:
    """What becomes of a handoff that was requested at nine."""
    return Driver().tell(
        started("ann", "08:00", ai_version="v1"),
        handoff_requested("ann", "09:00", **request),
        *events,
    )


def verdicts(driver: Driver) -> list[tuple[str, str]]:
    return [(one.verdict, one.basis) for one in outcomes(driver)]


def outcomes(driver: Driver) -> list[HandoffOutcome]:
    return [one for one in driver.said(HandoffOutcome) if one.aspect == "verdict"]


@pytest.mark.parametrize(
    ("label", "verdict"), [("needed", "needed"), ("not_needed", "unnecessary")]
)
def test_a_review_decides_before_anything_is_inferred(label: str, verdict: str) -> None:
    driver = handed(
        reviewed("ann", "10:00", label),
        handoff("completed", "ann", "11:00", human_actions=1),
    )

    assert verdicts(driver.until("20d 00:00")) == [(verdict, "record")]
    assert driver.count(OVERRULED) == 0


def test_a_review_overrules_what_was_inferred_and_names_it() -> None:
    done = handoff("completed", "ann", "10:00", ai_version="v2", **HARDLY)
    driver = handed(done, reviewed("ann", "12:00", "needed", ai_version="v3")).until("1d 00:00")
    first, second = outcomes(driver)

    assert (first.verdict, first.basis, first.replaces) == ("unnecessary", "heuristic", None)
    assert (second.verdict, second.basis, second.replaces) == ("needed", "record", first.id)
    assert second.evidence[-1].type == "cx.evaluation.result.v1"
    assert driver.counts(VERDICT, "verdict", "ai_version") == {
        "needed/v3": 1,
        "unnecessary/v2": 1,
    }
    assert driver.counts(OVERRULED, "kind", "verdict", "reason_code", "ai_version") == {
        "ai_human/unnecessary/knowledge_gap/v2": 1
    }


def test_a_record_that_agrees_makes_a_record_of_it() -> None:
    driver = handed(acted("ann", "09:30"), handoff("completed", "ann", "10:00"))
    driver.tell(reviewed("ann", "12:00", "needed")).until("1d 00:00")

    assert verdicts(driver) == [("needed", "heuristic"), ("needed", "record")]
    assert driver.counts(OVERRULED, "verdict") == {"needed": 1}
    assert len({outcome.id for outcome in outcomes(driver)}) == 2


@pytest.mark.parametrize(
    "record",
    [
        reviewed("ann", "11:00", "needed"),
        handoff("completed", "ann", "11:00", disposition="needed"),
    ],
)
def test_a_verdict_by_record_stands(record: Any) -> None:
    driver = handed(
        record,
        reviewed("ann", "12:00", "not_needed"),
        handoff("completed", "ann", "13:00", disposition="not_needed"),
    )

    assert verdicts(driver.until("20d 00:00")) == [("needed", "record")]


def test_a_disposition_overrules_the_return_s_verdict() -> None:
    back = handoff("returned", "ann", "09:10", reason="ai_can_handle")
    done = handoff("completed", "ann", "09:20", disposition="needed")

    assert verdicts(handed(back, done).until("1d 00:00")) == [
        ("unnecessary", "heuristic"),
        ("needed", "record"),
    ]


def test_what_was_seen_to_be_done_does_not_outrank_a_human_s_word() -> None:
    done = handoff("completed", "ann", "10:00", disposition="not_needed")

    assert verdicts(handed(acted("ann", "09:30"), done).until("1d 00:00")) == [
        ("unnecessary", "record")
    ]


@pytest.mark.parametrize(
    ("request_", "verdict"), [(BY_CUSTOMER, "requested"), ({"requested_by": "policy"}, "needed")]
)
def test_whatever_a_reviewer_thinks_what_was_asked_for_was_asked_for(
    request_: dict[str, Any], verdict: str
) -> None:
    driver = handed(reviewed("ann", "10:00", "not_needed"), **request_)

    assert verdicts(driver.until("20d 00:00")) == [(verdict, "heuristic")]
    assert driver.count(OVERRULED) == 0


def test_word_of_a_request_outranks_what_was_seen_and_gives_way_to_record() -> None:
    driver = handed(
        handoff("completed", "ann", "10:00", human_actions=1),
        reviewed("ann", "11:00", "not_needed"),
        reviewed("ann", "12:00", "needed"),
        **BY_CUSTOMER,
    )

    assert verdicts(driver.until("1d 00:00")) == [
        ("needed", "heuristic"),
        ("requested", "heuristic"),
        ("needed", "record"),
    ]


def test_a_review_is_of_the_last_handoff() -> None:
    driver = handed(
        handoff("accepted", "ann", "09:10"),
        handoff_requested("ann", "10:00", "h2"),
        handoff_requested("ann", "10:30", "h3", kind="ai_ai"),
        reviewed("ann", "11:00", "needed"),
    )

    assert [one.handoff_id for one in outcomes(driver.until("12:00"))] == ["h2"]


def test_a_review_after_a_week_comes_too_late() -> None:
    driver = handed().until("7d 09:00").tell(reviewed("ann", "7d 09:00", "needed"))

    assert verdicts(driver.until("20d 00:00")) == [("undetermined", "heuristic")]
    assert driver.count(JUDGED) == 0


def test_a_review_of_what_was_never_handed_over_decides_nothing() -> None:
    driver = Driver().tell(started("ann", "08:00"), reviewed("ann", "10:00", "needed"))

    assert outcomes(driver.until("20d 00:00")) == []


def test_an_overruled_verdict_is_taken_back_after_a_restart_as_well() -> None:
    driver = handed(handoff("completed", "ann", "10:00", **HARDLY)).until("11:00").restart()
    driver.tell(reviewed("ann", "12:00", "needed")).until("1d 00:00")
    first, second = outcomes(driver)

    assert second.replaces == first.id
    assert driver.count(OVERRULED) == 1


@pytest.mark.parametrize(
    ("at", "age"), [("08:30", "1h"), ("10:00", "6h"), ("3d 08:00", "5d"), ("30d 08:00", "older")]
)
def test_an_escalation_that_a_reviewer_misses_is_counted_by_its_age(at: str, age: str) -> None:
    driver = Driver().tell(started("ann", "08:00"))
    driver.tell(*[says("ann", f"{day}d 08:00") for day in range(5, 30, 5)])
    driver.tell(reviewed("ann", at, "missed"), reviewed("ann", at, "missed", id="again"))

    assert driver.until("40d 00:00").counts(MISSED, "why", "age") == {f"review/{age}": 1}
    assert driver.count(JUDGED) == 0


def test_what_was_handed_over_was_not_missed() -> None:
    driver = handed(reviewed("ann", "10:00", "missed")).until("11:00")

    assert driver.count(MISSED) == 0


def test_other_evaluations_are_counted_and_decide_nothing() -> None:
    driver = handed(
        reviewed("ann", "10:00", "no", "helpful"),
        reviewed("ann", "10:01", "not_needed", evaluator="model", evaluator_version="m1"),
        reviewed("ann", "10:02", "perhaps"),
        reviewed("ann", "10:03", "needed", "helpful"),
        reviewed("ann", "10:04", None),
    ).until("1d 00:00")

    assert driver.counts(JUDGED, "judge_version", "verdict") == {
        "7/needed": 1,
        "7/no": 1,
        "7/perhaps": 1,
        "7/unknown": 1,
        "m1/not_needed": 1,
    }
    assert outcomes(driver) == []
