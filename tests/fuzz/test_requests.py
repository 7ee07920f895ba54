"""Whatever a request says, it is a question or none; nothing else comes of it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.shell.alert_message import Evidence, Notification, text_of
from monitor.shell.inquiry import Inquiry, question_of
from tests.build import claimed, says, started
from tests.driver import Driver
from tests.fuzz.bending import bent
from tests.shell.test_alert_message import alert

if TYPE_CHECKING:
    from collections.abc import Sequence

# As the server gives them: bytes that are no text come as surrogates.
WORDS = bent([b"ann-1", b"CASE-17", b"%C3%A9", b"0123456789abcdef" * 2, b"ann"]).map(
    lambda name: name.decode(errors="surrogateescape")
)
NUMBERS = st.sampled_from(["0", "1", "07", "-1", "", "\u0663", "\u00b2", "9" * 5000]) | WORDS


@pytest.fixture(scope="module")
def inquiry() -> Inquiry:
    told = Driver().tell(started("ann", "09:00", case_id="CASE-17"), says("ann", "09:01"))
    tracker = told.tell(claimed("ann", "09:10")).until("10:00").tracker
    return Inquiry(lambda: {0: tracker}, lambda: {0: ""}, 1, b"key")


@given(case=WORDS, partitions=st.lists(NUMBERS, max_size=3), customer=st.none() | WORDS)
@example(case="CASE-17", partitions=["9" * 5000], customer=None)
@example(case="CASE-17", partitions=[], customer="caf\udce9")
@example(case="caf\udce9", partitions=[], customer=None)
@example(case="CASE-17", partitions=["\u0663"], customer=None)
def test_what_is_asked_is_answered_or_is_no_question(
    inquiry: Inquiry, case: str, partitions: Sequence[str], customer: str | None
) -> None:
    question = question_of(case, partitions, customer)
    if question is None:
        return
    if question.partitions:
        status, answer = asyncio.run(inquiry.answer_for(question.case, question.partitions))
    else:
        status, answer = asyncio.run(inquiry.answer(question.case, question.customer))

    assert status in {200, 404, 503}
    json.dumps(answer).encode()


POSTED = [
    json.dumps({"alerts": [alert(), alert("resolved")], "groupLabels": {"alertname": "x"}}).encode()
]
_TEXT_MAX = 40_000


@given(bent(POSTED))
def test_what_is_posted_is_a_notification_of_bounded_text_or_refused(content: bytes) -> None:
    try:
        told = Notification.model_validate_json(content)
    except ValidationError:
        return

    text = text_of(told, (Evidence(),) * len(told.shown))
    assert len(text) <= _TEXT_MAX
    text.encode()
