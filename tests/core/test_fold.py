"""Every event of the contract can be folded, whatever came before it."""

from __future__ import annotations

import pytest

from monitor.core.fold import expire
from monitor.core.policy import Policy
from monitor.core.state import Customer
from monitor.core.step import Step
from monitor.core.totals import Totals
from schemas.decode import TOPIC_OF
from tests.driver import Driver
from tests.property.vocabulary import SAYINGS, spoken


def test_the_vocabulary_of_these_tests_is_that_of_the_contract() -> None:
    assert {f"cx.{kind}.v1" for kind in SAYINGS} == set(TOPIC_OF)


@pytest.mark.parametrize("kind", SAYINGS)
def test_an_event_of_any_type_can_come_first_and_alone(kind: str) -> None:
    for saying in SAYINGS[kind]:
        for who in ({"customer_ref": "ann"}, {}):
            driver = Driver().tell(spoken((kind, saying), 0, who, "c1"))
            driver.until("200d 00:00")

            assert driver.count("cx_events_total", result="applied") == 1
            assert driver.tracker.customers == {}


def test_a_deadline_that_nobody_set_is_our_error() -> None:
    with pytest.raises(KeyError):
        expire(Step(Customer("ann"), Policy(), Totals(), 0, 0), "age:nothing")
