"""SF-08: the customer was told that it is done, and it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.core.moments import DAY, HOUR, MINUTE
from monitor.core.policy import Policy
from schemas.published import EpisodeOutcome, Finding
from tests.build import action, claimed, clock, heartbeat, ledger_has, started
from tests.driver import Driver

ACTIONS = "cx_ai_actions_total"
CLAIM = action("claimed", "ann", "09:00")


def beat(at: str, watermark: str | None = None, producer: str = "ledger") -> Any:
    more = {} if watermark is None else {"watermark": clock(watermark)}
    return heartbeat(at, id=f"{producer} {at}", producer=producer, **more)


def findings(driver: Driver) -> list[str]:
    return [
        f"{finding.subject} {finding.confidence}{' taken back' * finding.retracted}"
        for finding in driver.said(Finding)
        if finding.sf == "SF-08"
    ]


def told(*events: Any, until: str = "2d 00:00", policy: Policy | None = None) -> Driver:
    return Driver(policy).tell(*events).until(until)


def test_an_action_that_the_ledger_confirms_in_time_is_confirmed() -> None:
    driver = told(CLAIM, ledger_has("ann", "09:14", "posted"))

    assert findings(driver) == []
    assert driver.counts(ACTIONS, "kind", "result") == {"refund/confirmed": 1}


def test_absence_is_only_suspected_where_no_ledger_was_ever_heard() -> None:
    driver = told(CLAIM, until="09:14:59")
    assert (findings(driver), driver.counts(ACTIONS, "result")) == ([], {})

    driver.until("09:15")
    assert findings(driver) == ["a1 suspected"]
    assert driver.counts(ACTIONS, "result") == {"unconfirmed": 1}
    assert driver.said(Finding)[0].evidence[0].event_id == CLAIM.id


def test_absence_is_probable_where_the_ledger_has_told_everything() -> None:
    alive = [beat(at) for at in ("09:00", "09:10", "09:20")]
    driver = told(CLAIM, *alive, until="09:29:59")
    assert findings(driver) == []

    assert findings(driver.until("09:30")) == ["a1 probable"]


def test_a_heartbeat_of_somebody_else_vouches_for_no_ledger() -> None:
    others = [beat(at, producer="bank") for at in ("09:10", "09:20")]
    assert findings(told(CLAIM, *others, until="10:00")) == ["a1 suspected"]

    policy = replace(Policy(), ledger_producers=frozenset({"bank"}))
    assert findings(told(CLAIM, *others, until="10:00", policy=policy)) == ["a1 probable"]


def test_a_late_ledger_is_waited_for() -> None:
    behind = [beat(f"{hour}:05", watermark="09:14:59") for hour in range(10, 20)]
    driver = told(CLAIM, beat("09:00"), *behind, until="20:00")
    assert (findings(driver), driver.counts(ACTIONS, "result")) == ([], {})

    driver.tell(beat("20:05", watermark="09:15")).until("20:15")
    assert findings(driver) == ["a1 probable"]
    assert driver.counts(ACTIONS, "result") == {"unconfirmed": 1}


def test_what_a_late_ledger_confirms_meanwhile_was_never_missing() -> None:
    driver = told(CLAIM, beat("09:00"), ledger_has("ann", "12:00"), until="13:00")

    assert findings(driver) == []
    assert driver.counts(ACTIONS, "result") == {"confirmed": 1}


def test_patience_with_a_late_ledger_has_an_end() -> None:
    driver = told(CLAIM, beat("09:00"), until="1d 09:14:59")
    assert findings(driver) == []

    assert findings(driver.until("1d 09:15")) == ["a1 suspected"]


def test_a_late_ledger_is_waited_for_over_a_restart() -> None:
    driver = told(CLAIM, beat("09:00"), until="10:00").restart()
    driver.tell(beat("10:10")).until("10:10").restart()

    assert findings(driver.until("10:15")) == ["a1 probable"]


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("refund", "09:14", "09:15"),
        ("address_change", "09:04", "09:05"),
        ("shipment", "1d 08:59", "1d 09:00"),
        ("voucher", "09:59", "10:00"),
    ],
)
def test_each_kind_has_its_time(kind: str, before: str, after: str) -> None:
    driver = told(action("claimed", "ann", "09:00", kind=kind), until=before)
    assert findings(driver) == []

    assert findings(driver.until(after)) == ["a1 suspected"]


def test_who_only_did_something_told_the_customer_nothing() -> None:
    driver = told(action("executed", "ann", "09:00"))

    assert findings(driver) == []
    assert driver.counts(ACTIONS, "result") == {"unconfirmed": 1}


@pytest.mark.parametrize("by", ["human", "system"])
def test_what_others_claim_is_not_the_ai_s(by: str) -> None:
    driver = told(action("claimed", "ann", "09:00", by=by))

    assert (findings(driver), driver.counts(ACTIONS, "result")) == ([], {})


def test_a_failure_contradicts_the_claim_at_once() -> None:
    driver = told(CLAIM, action("failed", "ann", "09:01", by="system"), until="09:01")
    assert findings(driver) == ["a1 confirmed"]

    driver.until("2d 00:00")
    assert findings(driver) == ["a1 confirmed"]
    assert driver.counts(ACTIONS, "result") == {"failed": 1}


def test_who_claims_what_has_failed_before_says_what_is_not_so() -> None:
    failed = action("failed", "ann", "08:00", by="system")

    assert findings(told(failed, CLAIM, until="09:00")) == ["a1 confirmed"]


def test_a_failure_after_a_missing_confirmation_makes_it_certain() -> None:
    driver = told(CLAIM, action("failed", "ann", "10:00", by="system"))

    assert findings(driver) == ["a1 suspected", "a1 confirmed"]
    assert driver.counts("cx_silent_failures_retractions_total", "confidence") == {"suspected": 1}


@pytest.mark.parametrize(
    "done", [action("executed", "ann", "09:05", by="system"), ledger_has("ann", "09:05", "posted")]
)
def test_what_is_done_after_a_failure_takes_the_finding_back(done: Any) -> None:
    failed = action("failed", "ann", "09:01", by="system")

    assert findings(told(CLAIM, failed, done, until="09:10")) == [
        "a1 confirmed",
        "a1 confirmed taken back",
    ]


def test_a_confirmation_that_comes_later_takes_the_finding_back() -> None:
    driver = told(CLAIM, ledger_has("ann", "10:00"))

    assert findings(driver) == ["a1 suspected", "a1 suspected taken back"]
    assert driver.counts("cx_silent_failures_open", "sf") == {}
    # What was counted in time stays: the ledger had not known it then.
    assert driver.counts(ACTIONS, "result") == {"unconfirmed": 1}


def test_a_failure_that_comes_late_does_not_undo_what_came_after_it() -> None:
    driver = told(CLAIM, action("executed", "ann", "09:05", by="system"), until="09:10")
    driver.tell(action("failed", "ann", "09:03", by="system")).until("09:12")

    assert findings(driver) == []


def test_a_ledger_that_does_not_know_the_action_names_its_kind_and_entity() -> None:
    claim = action("claimed", "ann", "09:00", entity_ref="order-1")
    entry = {"action": None, "kind": "refund", "entity_ref": "order-1"}

    assert findings(told(claim, ledger_has("ann", "09:05", "posted", **entry))) == []
    other = entry | {"entity_ref": "order-2"}
    assert findings(told(claim, ledger_has("ann", "09:05", "posted", **other))) == ["a1 suspected"]
    other = entry | {"kind": "voucher"}
    assert findings(told(claim, ledger_has("ann", "09:05", "posted", **other))) == ["a1 suspected"]


def test_a_confirmation_from_before_the_claim_counts() -> None:
    driver = told(ledger_has("ann", "08:59", "posted"), CLAIM)

    assert findings(driver) == []
    assert driver.counts(ACTIONS, "kind", "result") == {"refund/confirmed": 1}


@pytest.mark.parametrize("conversation", ["ann-1", None])
def test_what_was_accepted_and_never_posted_is_a_finding_of_its_own(
    conversation: str | None,
) -> None:
    claim = action("claimed", "ann", "09:00", conversation_id=conversation)
    driver = told(claim, ledger_has("ann", "09:10"), until="3d 08:59:59")
    assert findings(driver) == []

    driver.until("3d 09:00")
    assert findings(driver) == ["a1/posted suspected"]
    driver.tell(ledger_has("ann", "4d 09:00", "posted")).until("4d 09:00")
    assert findings(driver) == ["a1/posted suspected", "a1/posted suspected taken back"]
    assert driver.counts(ACTIONS, "result") == {"confirmed": 1}


def test_posting_is_asked_of_an_action_that_was_accepted_in_time() -> None:
    assert findings(told(CLAIM, until="5d 00:00")) == ["a1 suspected"]
    voucher = action("claimed", "ann", "09:00", kind="voucher")
    assert findings(told(voucher, ledger_has("ann", "09:10"), until="5d 00:00")) == []


def test_posting_waits_for_a_late_ledger_as_well() -> None:
    driver = told(CLAIM, beat("08:00"), ledger_has("ann", "09:10"), until="3d 12:00")
    assert findings(driver) == []

    driver.tell(beat("3d 12:05")).until("3d 12:15")
    assert findings(driver) == ["a1/posted probable"]


def test_posting_is_due_by_the_claim_however_late_that_is_heard_of() -> None:
    failed = action("failed", "ann", "09:05")
    driver = told(failed, ledger_has("ann", "09:10"), beat("4d 09:00"), until="5d 00:00")

    # The ledger has told everything up to the fifth day, and posting was due on the fourth.
    driver.tell(CLAIM).until("5d 00:01")

    assert findings(driver) == ["a1/posted probable"]


def test_what_failed_after_it_was_accepted_is_not_missed_twice() -> None:
    failed = action("failed", "ann", "1d 09:00", by="system")

    assert findings(told(CLAIM, ledger_has("ann", "09:10"), failed, until="5d 00:00")) == [
        "a1 confirmed"
    ]


def test_a_failed_action_fails_what_the_conversation_claims() -> None:
    driver = told(
        started("ann", "08:00"),
        started("ann", "08:00", conversation_id="ann-2", case_id="2"),
        CLAIM,
        claimed("ann", "09:00"),
        claimed("ann", "09:00", conversation_id="ann-2"),
        action("failed", "ann", "09:30", by="system"),
        until="09:30",
    )
    (outcome,) = [one for one in driver.said(EpisodeOutcome) if one.verdict == "failed"]

    assert (outcome.conversation_id, outcome.cause, outcome.match) == (
        "ann-1",
        "action_failed",
        "explicit",
    )


def test_a_failure_of_which_nobody_was_told_fails_no_claim() -> None:
    driver = told(
        started("ann", "08:00"),
        claimed("ann", "09:00"),
        action("executed", "ann", "09:00"),
        action("failed", "ann", "09:30"),
    )

    assert findings(driver) == []
    assert driver.counts("cx_resolution_failures_total", "bound") == {}


def test_a_finding_says_how_much_is_at_stake_and_which_version_said_it() -> None:
    driver = told(action("claimed", "ann", "09:00", value_band="high", ai_version="v7"))
    (finding,) = driver.said(Finding)

    assert (finding.value_band, finding.ai_version) == ("high", "v7")


def test_nothing_is_remembered_for_ever() -> None:
    driver = told(
        action("claimed", "ann", "09:00", conversation_id=None),
        action("failed", "ben", "09:00", by="system"),
    )
    assert driver.tracker.customers["ann"].actions.keys() == {"a1"}
    assert driver.tracker.customers["ben"].actions == {}

    driver.until("40d 00:00")
    assert driver.tracker.customers == {}
    assert driver.counts("cx_silent_failures_open", "sf") == {}


def test_a_finding_goes_with_its_action_though_the_customer_stays() -> None:
    driver = told(action("claimed", "ann", "09:00", conversation_id=None), until="10:00")
    assert driver.counts("cx_silent_failures_open", "sf") == {"SF-08": 1}

    driver.tell(*(started("ann", f"{day}d 09:00") for day in range(0, 40, 5))).until("36d 00:00")
    assert driver.counts("cx_silent_failures_open", "sf") == {}


def test_an_action_is_remembered_until_its_verdict_however_long_that_takes() -> None:
    policy = replace(
        Policy(), ledger_window=40 * DAY, ledger_window_by_kind={}, ledger_recheck=HOUR
    )
    driver = told(CLAIM, until="39d 09:00", policy=policy)
    assert findings(driver) == []

    assert findings(driver.until("40d 09:00")) == ["a1 suspected"]


def test_no_more_actions_of_one_customer_are_kept_than_policy_allows() -> None:
    policy = replace(Policy(), open_max=2, ledger_window_by_kind={"refund": 5 * MINUTE})
    claims = [action("claimed", "ann", f"09:0{n}", action=f"a{n}") for n in range(3)]
    driver = told(*claims, policy=policy)

    assert findings(driver) == ["a1 suspected", "a2 suspected"]
    assert driver.counts("cx_state_bounds_total", "bound") == {"open_max": 1}
