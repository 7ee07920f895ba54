"""Stories of alerts on silent failures and on objectives."""

from __future__ import annotations

from tests.rules.cases import JOB, firing, quiet, told
from tests.rules.story import Story

FAILURES = "cx_silent_failures_total"
MATURED = "cx_resolutions_matured_total"
BROKEN = {"sf": "SF-09", "confidence": "confirmed", "ai_version": "v1", "value_band": "low"}
LOOP = {"sf": "SF-14", "confidence": "probable", "ai_version": "v1", "value_band": "low"}
BACK = "Customers were told 'resolved' and were back within a day"


def _silent(value: str, offenders: str) -> tuple[dict[str, str], dict[str, str]]:
    return told(
        "OutcomeSilentFailure",
        "silent",
        "page",
        "outcome",
        "ai-support",
        f"{value} customers were promised what was not kept (SF-09, last 15 minutes)",
        f"By AI version and what is at stake: {offenders} ",
        sf="SF-09",
        job=JOB,
    )


@firing("OutcomeSilentFailure")
def three_broken_promises_within_a_quarter_of_an_hour() -> Story:
    story = Story().tell(FAILURES, "0x20 1 1 2 2 3x20", **BROKEN)
    return story.fires(26, "OutcomeSilentFailure", _silent("3", "v1 low: 3."))


@firing("OutcomeSilentFailure")
def one_broken_promise_with_much_at_stake() -> Story:
    story = Story().tell(FAILURES, "_x20 1x20", **{**BROKEN, "value_band": "high"})
    return story.fires(22, "OutcomeSilentFailure", _silent("1", "v1 high: 1."))


@quiet("OutcomeSilentFailure")
def two_broken_promises() -> Story:
    return Story().jump(FAILURES, 2, **BROKEN).quiet(15, "OutcomeSilentFailure")


@quiet("OutcomeSilentFailure")
def many_that_are_not_sure_or_of_a_kind_that_is_not_certain() -> Story:
    story = Story().jump(FAILURES, 50, **{**BROKEN, "confidence": "suspected"})
    story.jump(FAILURES, 50, **{**LOOP, "confidence": "confirmed"})
    return story.quiet(15, "OutcomeSilentFailure")


@quiet("OutcomeSilentFailure")
def three_of_which_one_was_taken_back() -> Story:
    story = Story().jump(FAILURES, 3, **BROKEN)
    story.jump("cx_silent_failures_retractions_total", 1, **BROKEN)
    return story.quiet(15, "OutcomeSilentFailure")


@quiet("OutcomeSilentFailure")
def three_within_an_hour() -> Story:
    return Story().tell(FAILURES, "0x20 1x20 2x20 3x40", **BROKEN).quiet(65, "OutcomeSilentFailure")


def _traffic() -> Story:
    return Story().tell(
        "cx_conversations_total",
        "0+0.6666666666666666x800",
        channel="chat",
        intent_group="x",
        origin="inbound",
        ai_version="v1",
    )


@firing("OutcomeSilentFailureSpike")
def fourteen_loops_in_an_hour_where_two_are_usual() -> Story:
    story = _traffic().tell(
        FAILURES, "0+0.03333333333333333x600 20+0.23333333333333334x120", **LOOP
    )
    message = told(
        "OutcomeSilentFailureSpike",
        "silent",
        "page",
        "outcome",
        "ai-support",
        "Far more customers than usual are failed in silence (SF-14, probable): "
        "4.5 standard deviations above the last week",
        "By AI version and what is at stake, in 1h: v1 low: 14. ",
        sf="SF-14",
        confidence="probable",
        job=JOB,
    )
    return story.fires(670, "OutcomeSilentFailureSpike", message)


@quiet("OutcomeSilentFailureSpike")
def four_loops_in_an_hour_where_none_is_usual() -> Story:
    story = _traffic().tell(FAILURES, "0x620 4x100", **LOOP)
    return story.quiet(650, "OutcomeSilentFailureSpike")


@quiet("OutcomeSilentFailureSpike")
def many_loops_before_it_is_known_what_is_usual() -> Story:
    story = _traffic().jump(FAILURES, 40, 150, **LOOP)
    return story.quiet(180, "OutcomeSilentFailureSpike")


@quiet("OutcomeSilentFailureSpike")
def seven_times_the_loops_at_seven_times_the_traffic() -> Story:
    more = "0+0.6666666666666666x600 400+4.666666666666667x120"
    story = Story().tell("cx_conversations_total", more, ai_version="v1", intent_group="x")
    story.tell(FAILURES, "0+0.03333333333333333x600 20+0.23333333333333334x120", **LOOP)
    return story.quiet(670, "OutcomeSilentFailureSpike")


def _resolutions(failed: str, durable: str) -> Story:
    labels = {
        "bound": "same_issue",
        "horizon": "24h",
        "ai_version": "v1",
        "intent_group": "billing",
    }
    story = Story().tell(MATURED, failed, **labels, result="failed")
    return story.tell(MATURED, durable, **labels, result="durable")


def _burn(
    alert: str, severity: str, share: str, window: str, counts: tuple[int, int]
) -> tuple[dict[str, str], dict[str, str]]:
    bad, judged = counts
    return told(
        alert,
        "outcome",
        severity,
        "outcome",
        "ai-support",
        f"{BACK} (v1): {share}% in {window}, 15% is agreed",
        f"{bad} of {judged} outcomes were bad. Most of them: v1 billing: {bad}. ",
        slo="durability_24h",
        ai_version="v1",
        job=JOB,
    )


@firing("OutcomeBurnFast")
def every_resolution_fails() -> Story:
    story = _resolutions("0+1x100", "0x100")
    message = _burn("OutcomeBurnFast", "page", "100", "1h", (30, 30))
    return story.fires(30, "OutcomeBurnFast", message)


@firing("OutcomeBurnFast")
def it_is_held_when_the_numbers_vanish() -> Story:
    story = _resolutions("0+1x40", "0x40")
    # A worker that is gone: its partition is remembered, and so is the alert.
    message = _burn("OutcomeBurnFast", "page", "100", "1h", (40, 40))
    return story.fires(50, "OutcomeBurnFast", message)


@quiet("OutcomeBurnFast")
def three_of_three_fail() -> Story:
    return _resolutions("0x20 1x20 2x10 3x60", "0x100").quiet(60, "OutcomeBurnFast")


@quiet("OutcomeBurnFast")
def ten_of_ten_fail() -> Story:
    return _resolutions("0x20 0+1x10 10x60", "0x100").quiet(35, "OutcomeBurnFast")


@quiet("OutcomeBurnFast")
def one_in_ten_fails() -> Story:
    return _resolutions("0+1x100", "0+9x100").quiet(60, "OutcomeBurnFast")


@quiet("OutcomeBurnFast")
def it_was_bad_and_is_over() -> Story:
    return _resolutions("0+1x40 40x40", "0x40 0+1x40").quiet(75, "OutcomeBurnFast")


@firing("OutcomeBurnSlow")
def three_in_ten_fail_for_hours() -> Story:
    story = _resolutions("0+0.15x300", "0+0.35x300")
    message = _burn("OutcomeBurnSlow", "page", "30", "6h", (30, 100))
    return story.fires(200, "OutcomeBurnSlow", message)


@quiet("OutcomeBurnSlow")
def an_eighth_fails_for_hours() -> Story:
    return _resolutions("0+0.0625x300", "0+0.4375x300").quiet(290, "OutcomeBurnSlow")


@quiet("OutcomeBurnSlow")
def four_of_twenty_actions_are_unknown_to_the_ledger() -> Story:
    labels = {"kind": "refund", "ai_version": "v1"}
    story = Story().tell("cx_ai_actions_total", "0+0.16x200", **labels, result="confirmed")
    story.tell("cx_ai_actions_total", "0+0.04x200", **labels, result="unconfirmed")
    return story.quiet(100, "OutcomeBurnSlow")


@firing("OutcomeBudgetOverspent")
def more_than_agreed_fails_for_days() -> Story:
    story = _resolutions("0+0.22x700", "0+0.78x700")
    message = _burn("OutcomeBudgetOverspent", "ticket", "22", "3d", (132, 600))
    return story.fires(600, "OutcomeBudgetOverspent", message)


@quiet("OutcomeBudgetOverspent")
def a_little_more_than_agreed_is_not_sure_yet() -> Story:
    return _resolutions("0+0.16x700", "0+0.84x700").quiet(600, "OutcomeBudgetOverspent")
