"""Each classifier on sentences of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.adapters import classifiers
from monitor.adapters.classifiers import CLASSIFIERS
from schemas.vocabulary import HandoffReason, MessageKind

customer_kind = CLASSIFIERS["customer_kind"]
requests_human = CLASSIFIERS["requests_human"]
ai_kind = CLASSIFIERS["ai_kind"]
handoff_reason = CLASSIFIERS["handoff_reason"]
only_end_mark = CLASSIFIERS["only_end_mark"]


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "THANK YOU SO MUCH",
        "Great, thanks for your help. That\N{RIGHT SINGLE QUOTATION MARK}s all I needed.",
        "Thank you, Ann.",
        "Perfect. I really appreciate the support. Have a lovely evening!",
        "thx, bye",
    ],
)
def test_a_courtesy_with_thanks_is_thanks(text: str) -> None:
    assert customer_kind(text) == "thanks"


@pytest.mark.parametrize(
    "text", ["Ok.", "Got it", "Sounds good", "Perfect, understood.", "You too"]
)
def test_a_courtesy_without_thanks_is_an_acknowledgement(text: str) -> None:
    assert customer_kind(text) == "ack"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but it is still broken",
        "Thank you. The lamp flickers again since this morning and the switch is hot.",
        "Thanks. It does not work",
        "Ok, it broke again",
        "Great, the same error number 17",
        "I need help",
        "Help me please",
        "I need this today",
        "Yes",
        "No.",
        "",
        "I got an automatic reply from you and nothing since",
    ],
)
def test_in_doubt_a_customer_says_something_that_counts(text: str) -> None:
    assert customer_kind(text) == "other"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Where is my parcel?", "question"),
        ("could you look again", "question"),
        ("Thanks! And how long will it take?", "question"),
        ("Hello", "greeting"),
        ("Good morning!", "greeting"),
        ("I am out of office until Monday. Thank you for your message.", "auto_reply"),
        ("Automatic reply: on holiday", "auto_reply"),
    ],
)
def test_other_kinds_of_a_customers_message(text: str, kind: str) -> None:
    assert customer_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "Let me talk to a human.",
        "I want to speak with your supervisor now",
        "Please transfer me.",
        "Could you connect me with someone who can help?",
        "No, I want to talk to a real person",
        "If not, I'd like to talk to an agent.",
        "I'm not happy, get me a manager",
        "agent",
        "Escalate this to a supervisor!",
    ],
)
def test_a_customer_asks_for_a_human(text: str) -> None:
    assert requests_human(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "Please don't transfer me to an agent.",
        "I would rather not speak to a representative",
        "Can we settle this without talking to a person?",
        f"My order came. {'It is late. ' * 99}Do not by any means transfer me",
        "My travel agent booked it.",
        "Please transfer the money to my card",
        "The person next door got a parcel",
        "I want people to know this",
        "",
    ],
)
def test_a_customer_does_not_ask_for_a_human(text: str) -> None:
    assert requests_human(text) is False


def test_a_refusal_is_looked_for_close_before_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []

    class Counting:
        def search(self, text: str, start: int = 0, end: int | None = None) -> object:
            looked_at.append((len(text) if end is None else end) - start)
            return refuses.search(text, start, len(text) if end is None else end)

    refuses = classifiers._REFUSES  # noqa: SLF001  # how much it reads is what is tested
    monkeypatch.setattr(classifiers, "_REFUSES", Counting())

    assert requests_human("not real agent " * 500) is False
    assert len(looked_at) == 500
    assert max(looked_at) <= 200


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hello, how can I help you?", "greeting"),
        ("Welcome to the shop!", "greeting"),
        ("Could you give me the order number?", "question"),
        ("Your parcel left on Monday. Please confirm the address.", "question"),
        ("Would you like me to pass you on for further assistance?", "question"),
        ("Your parcel left on Monday.", "answer"),
        ("It is done. Is there anything else I can do for you?", "answer"),
        ("Done. If you have any other questions, let me know.", "answer"),
        ("YOU ARE BEING TRANSFERRED. PLEASE HOLD.", "answer"),
        ("Sorry, something went wrong on our side.", "error"),
        ("", "other"),
    ],
)
def test_kinds_of_an_ais_message(text: str, kind: str) -> None:
    assert ai_kind(text) == kind


def test_no_message_is_read_as_a_handoff_notice() -> None:
    assert "handoff_notice" not in ai_kind.classes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The customer asked to speak to a human, the policy is against it.", "customer_requested"),
        ("The user mentions fraud.", "safety_risk"),
        ("Could not verify the caller's identity.", "verification_failed"),
        ("A refund is not allowed after 30 days.", "policy_required"),
        ("A technical issue blocks the return.", "tool_failure"),
        ("The problem persists after all troubleshooting.", "knowledge_gap"),
        ("I am unable to change the colour.", "missing_capability"),
        ("The user has a special wish.", "unclassified"),
        ("", "unclassified"),
    ],
)
def test_reasons_of_a_handoff(text: str, reason: str) -> None:
    assert handoff_reason(text) == reason


@pytest.mark.parametrize(
    ("text", "only"),
    [("###STOP###", True), (" ###OUT-OF-SCOPE### ", True), ("Bye ###STOP###", False), ("", False)],
)
def test_end_marks_are_told_from_messages(text: str, only: bool) -> None:  # noqa: FBT001
    assert only_end_mark(text) is only


def test_the_classes_are_words_of_the_contract() -> None:
    kinds = {str(kind) for kind in MessageKind}

    assert customer_kind.classes <= kinds
    assert ai_kind.classes <= kinds
    assert handoff_reason.classes <= {str(reason) for reason in HandoffReason}


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())))
def test_whatever_is_read_the_answer_is_one_of_the_classes(text: object) -> None:
    for classifier in CLASSIFIERS.values():
        assert classifier(text) in classifier.classes


@pytest.mark.parametrize(
    "piece", ["?", "not ", "a ", "- ", "speak to a ", "thanks ", "#", "customer "]
)
def test_a_very_long_message_is_read_in_no_time(piece: str) -> None:
    # The test's own time limit would stop an expression that goes astray.
    for classifier in CLASSIFIERS.values():
        assert classifier(piece * 1_000_000) in classifier.classes
