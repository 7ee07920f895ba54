"""Stories of alerts on AI versions."""

from __future__ import annotations

from monitor.core.policy import Policy
from tests.rules.cases import JOB, firing, quiet, told
from tests.rules.story import Story
from tests.rules.test_durability import story as with_widths
from tests.rules.test_durability import width

MATURED = "cx_resolutions_matured_total"
AGES = Policy().ages
SAME = {"bound": "same_issue"}


def matured(story: Story, version: str, intent: str, durable: int, failed: int) -> None:
    """Let claims of a version reach 24 h."""
    labels = {**SAME, "horizon": "24h", "ai_version": version, "intent_group": intent}
    story.jump(MATURED, durable, **labels, result="durable")
    story.jump(MATURED, failed, **labels, result="failed")


def _worse() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1900, 100)
    matured(story, "v2", "billing", 900, 100)
    return story


def _simpson() -> Story:
    """Equal within each intent; pooled, 28 % fail against 8 %."""
    story = Story()
    matured(story, "v1", "easy", 9500, 500)
    matured(story, "v1", "hard", 600, 400)
    matured(story, "v2", "easy", 1900, 100)
    matured(story, "v2", "hard", 2400, 1600)
    return story


def _alike() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1900, 100)
    matured(story, "v2", "billing", 945, 55)
    return story


@firing("OutcomeVersionWorse")
def five_points_more_come_back() -> Story:
    message = told(
        "OutcomeVersionWorse",
        "version",
        "ticket",
        "outcome",
        "ai-release",
        "Customers of AI version v2 come back unresolved more often than those of the others: "
        "5% more within 24h, intent by intent",
        "Since it was first seen. Most failures: billing: 100. ",
        ai_version="v2",
        horizon="24h",
        job=JOB,
    )
    return _worse().fires(30, "OutcomeVersionWorse", message)


@quiet("OutcomeVersionWorse")
def the_version_with_the_hard_work_is_no_worse() -> Story:
    return _simpson().quiet(30, "OutcomeVersionWorse")


@quiet("OutcomeVersionWorse")
def half_a_point_more_may_be_chance() -> Story:
    return _alike().quiet(30, "OutcomeVersionWorse")


@quiet("OutcomeVersionWorse")
def thirty_to_one_is_not_enough_for_two_horizons() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1900, 100)
    matured(story, "v2", "billing", 900, 83)
    return story.quiet(30, "OutcomeVersionWorse")


@quiet("OutcomeVersionWorse")
def all_of_forty_claims_fail() -> Story:
    return _few().quiet(30, "OutcomeVersionWorse")


@quiet("OutcomeVersionWorse")
def a_version_is_not_blamed_for_what_others_failed_before_it_came() -> Story:
    story = Story()
    labels = {**SAME, "horizon": "24h", "intent_group": "billing"}
    # v1 was much better before v2 came; since then both are alike.
    story.tell(MATURED, "0x9 9900x90 10790x99", **labels, ai_version="v1", result="durable")
    story.tell(MATURED, "0x9 100x90 210x99", **labels, ai_version="v1", result="failed")
    story.tell(MATURED, "_x60 0x40 890x99", **labels, ai_version="v2", result="durable")
    story.tell(MATURED, "_x60 0x40 110x99", **labels, ai_version="v2", result="failed")
    return story.quiet(125, "OutcomeVersionWorse")


def _few() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1800, 200)
    matured(story, "v2", "billing", 0, 40)
    return story


@firing("OutcomeVersionWorseWithinIntents")
def five_points_more_come_back_within_a_week() -> Story:
    message = told(
        "OutcomeVersionWorseWithinIntents",
        "version",
        "page",
        "outcome",
        "ai-release",
        "AI version v2 leaves 5% more customers unresolved within 24h than the others do, "
        "the mix of intents held equal",
        "Over 7d. Most failures: billing: 100. ",
        ai_version="v2",
        horizon="24h",
        job=JOB,
    )
    return _worse().fires(30, "OutcomeVersionWorseWithinIntents", message)


@quiet("OutcomeVersionWorseWithinIntents")
def it_has_the_hard_work() -> Story:
    return _simpson().quiet(30, "OutcomeVersionWorseWithinIntents")


@quiet("OutcomeVersionWorseWithinIntents")
def every_one_of_forty_claims_fails() -> Story:
    return _few().quiet(30, "OutcomeVersionWorseWithinIntents")


@quiet("OutcomeVersionWorseWithinIntents")
def five_points_on_a_hundred_claims_may_be_chance() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1900, 100)
    matured(story, "v2", "billing", 90, 10)
    return story.quiet(30, "OutcomeVersionWorseWithinIntents")


@quiet("OutcomeVersionWorseWithinIntents")
def ten_points_on_forty_claims() -> Story:
    story = Story()
    matured(story, "v1", "billing", 1800, 200)
    matured(story, "v2", "billing", 32, 8)
    return story.quiet(30, "OutcomeVersionWorseWithinIntents")


def _benchmarked(v1: float, v2: float, failures: dict[str, int]) -> Story:
    story = with_widths()
    for version, score in (("v1", v1), ("v2", v2)):
        story.tell(
            "cx_benchmark_score",
            f"{score}x200",
            suite="tau2-retail",
            ai_version=version,
            partition="",
        )
        for index, age in enumerate(AGES[:3]):
            labels = {**SAME, "age": age, "ai_version": version, "intent_group": "billing"}
            exposure = 1000 * width(index)
            story.jump("cx_resolution_exposure_seconds_total", exposure, **labels)
            story.jump("cx_resolution_failures_total", failures[version], **labels)
        matured(story, version, "billing", 1000 - 3 * failures[version], 3 * failures[version])
    return story


@firing("OutcomeBenchmarkMisleads")
def the_winner_on_paper_loses_in_practice() -> Story:
    message = told(
        "OutcomeBenchmarkMisleads",
        "version",
        "ticket",
        "outcome",
        "ai-release",
        "AI version v2 wins tau2-retail and loses customers: another version resolves durably "
        "more often",
        "It scores 0.8. Durable after 24h, in %: v1: 89. v2: 74. ",
        ai_version="v2",
        suite="tau2-retail",
        horizon="24h",
        job=JOB,
    )
    story = _benchmarked(0.6, 0.8, {"v1": 40, "v2": 100})
    return story.fires(90, "OutcomeBenchmarkMisleads", message)


@quiet("OutcomeBenchmarkMisleads")
def the_winner_on_paper_wins_in_practice() -> Story:
    story = _benchmarked(0.8, 0.6, {"v1": 40, "v2": 100})
    return story.quiet(90, "OutcomeBenchmarkMisleads")


@quiet("OutcomeBenchmarkMisleads")
def the_difference_in_practice_may_be_chance() -> Story:
    story = _benchmarked(0.6, 0.8, {"v1": 40, "v2": 44})
    return story.quiet(90, "OutcomeBenchmarkMisleads")


def _faster(failures: int, minutes: int) -> Story:
    """A day of slow claims, most of which hold; then a day of faster ones."""
    story = with_widths()
    story.every = "5m"
    story.series = [one | {"values": f"{one['values'].split('x')[0]}x2000"} for one in story.series]
    labels = {**SAME, "ai_version": "v1", "intent_group": "billing"}
    for index, age in enumerate(AGES[:3]):
        seconds = 1000 * width(index)
        exposure = f"0x9 {seconds}x590 {2 * seconds}x2000"
        story.tell("cx_resolution_exposure_seconds_total", exposure, **labels, age=age)
        failed = f"0x9 40x590 {40 + failures}x2000"
        story.tell("cx_resolution_failures_total", failed, **labels, age=age)
    slow, fast = (0, 100), ((100, 0) if minutes == 1 else (0, 100))
    for le, before, after in (("60.0", slow[0], fast[0]), ("3600.0", sum(slow), sum(fast))):
        story.tell(
            "cx_time_to_resolution_seconds_bucket",
            f"0x9 {before}x590 {before + after}x2000",
            ai_version="v1",
            intent_group="billing",
            stage="first_claim",
            le=le,
        )
    story.tell(
        "cx_time_to_resolution_seconds_bucket",
        "0x9 100x590 200x2000",
        ai_version="v1",
        intent_group="billing",
        stage="first_claim",
        le="+Inf",
    )
    return story


@firing("OutcomeSpeedOverResolution")
def it_claims_sooner_and_more_come_back() -> Story:
    message = told(
        "OutcomeSpeedOverResolution",
        "version",
        "ticket",
        "outcome",
        "ai-release",
        "AI version v1 calls issues resolved sooner than last week, and more customers come back "
        "within a day",
        "Median time to the first claim: 30s. Most failures in 24h: billing: 300. ",
        ai_version="v1",
        job=JOB,
    )
    return _faster(100, 1).fires(1600, "OutcomeSpeedOverResolution", message)


@quiet("OutcomeSpeedOverResolution")
def it_claims_sooner_and_as_many_stay() -> Story:
    return _faster(40, 1).quiet(1600, "OutcomeSpeedOverResolution")


@quiet("OutcomeSpeedOverResolution")
def more_come_back_but_it_is_no_faster() -> Story:
    return _faster(100, 60).quiet(1600, "OutcomeSpeedOverResolution")
