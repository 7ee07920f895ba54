"""What happens within a conversation: turns, wishes, handoffs, promises, acts, suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.pen import BANDS, DAY, HOUR, MINUTE, SECOND, around, chance, text_of

if TYPE_CHECKING:
    from tests.sim.pen import Record, Talk

REASONS = (
    "customer_requested",
    "policy_required",
    "knowledge_gap",
    "tool_failure",
    "missing_capability",
    "low_confidence",
    "safety_risk",
    "verification_failed",
    "usage_limit",
    "loop_limit",
    "unclassified",
    "unheard_of",
)


def turns(talk: Talk) -> None:
    """The customer asks, and mostly somebody answers, not always with something new."""
    rng = talk.rng
    desk = "human" if chance(rng, 0.07) else "ai"
    for _ in range(rng.choice((1, 1, 2, 3))):
        talk.says("customer", rng.choice(("question", "question", "other", "unknown", "greeting")))
        if chance(rng, 0.12):
            talk.wait(5 * MINUTE, 10 * MINUTE, 30 * MINUTE)
        talk.soon()
        if chance(rng, 0.85):
            kind = rng.choice(("answer", "answer", "answer", "question", "error", "greeting"))
            outcome = rng.choice(("sent",) * 8 + ("empty", "failed"))
            shown = rng.choice(("public",) * 9 + ("internal",))
            talk.says(desk, kind, turn_outcome=outcome, visibility=shown, **_likeness(talk))
            talk.soon()
        if chance(rng, 0.04):
            talk.says("system", "other")


def _likeness(talk: Talk) -> Record:
    return {"content_simhash": talk.rng.choice(("h1", "h2", "h3", None, None, None))}


def loop(talk: Talk) -> None:
    """The same question again and again, and answers that say nothing new."""
    rng = talk.rng
    for _ in range(rng.choice((3, 4))):
        talk.says("customer", "question")
        talk.soon().says("ai", rng.choice(("question", "answer", "other")), content_simhash="h1")
        talk.soon()
        if chance(rng, 0.1):
            talk.says("human", "answer")


def wish_for_a_human(talk: Talk) -> None:
    """The customer asks for a human, and the AI goes on."""
    rng = talk.rng
    talk.says("customer", "other", requests_human=True)
    for _ in range(rng.choice((1, 2, 2, 3))):
        talk.soon().says("ai", rng.choice(("answer", "question", "handoff_notice")))
    end = rng.choice(("silence", "claim", "close", "handoff", "human", "late handoff"))
    if end == "claim":
        claim(talk.soon())
    elif end == "close":
        talk.soon().tell("conversation.closed", actor="ai")
    elif end == "handoff":
        hand_over(talk.soon())
    elif end == "human":
        talk.soon().says("human", "answer")
    elif end == "late handoff":
        hand_over(talk.wait(30 * MINUTE, HOUR))
    else:
        talk.wait(30 * MINUTE)


def hand_over(talk: Talk) -> None:
    """One side passes the conversation on, and it goes one of the many ways it can."""
    rng = talk.rng
    name = talk.pen.name("handoff")
    if chance(rng, 0.3):
        if chance(rng, 0.5):
            talk.says("ai", "handoff_notice")
        else:
            talk.tell("handoff.announced", handoff_id=name)
        talk.wait(MINUTE) if chance(rng, 0.5) else talk.soon()
        if chance(rng, 0.2):
            return
    on_duty = rng.choice((True, True, False, None))
    talk.tell(
        "handoff.requested",
        handoff_id=name,
        kind=rng.choice(("ai_human",) * 6 + ("ai_ai", "human_human", "human_ai", "unheard_of")),
        requested_by=rng.choice(("ai", "ai", "customer", "policy", "system")),
        reason_code=rng.choice(REASONS),
        to_queue=rng.choice(("first", "first", None)),
        queue_role=rng.choice(("triage", "billing", None, None)),
        within_hours=on_duty,
    )
    if on_duty is False and chance(rng, 0.5):
        talk.wait(2 * MINUTE)
        how = rng.choice(("promise", "message", "human"))
        if how == "promise":
            promise(talk)
        elif how == "message":
            talk.says(rng.choice(("ai", "system")), "commitment")
        else:
            talk.says("human", "answer")
        if chance(rng, 0.2):
            talk.sent_late()
    if chance(rng, 0.1):
        talk.soon().tell(
            "handoff.requested",
            handoff_id=talk.pen.name("handoff"),
            kind=rng.choice(("ai_human", "ai_ai", "human_human")),
            requested_by="system",
            within_hours=True,
        )
    _way(talk, name)


def _way(talk: Talk, name: str) -> None:
    rng = talk.rng
    way = rng.choice(("served",) * 6 + ("gone", "given back", "nothing", "human"))

    def step(kind: str, **data: Any) -> None:
        talk.tell(f"handoff.{kind}", handoff_id=name, **data)

    if way == "nothing":
        talk.wait(30 * MINUTE, DAY)
        return
    if way == "gone":
        talk.wait(5 * MINUTE, 30 * MINUTE, DAY)
        step(rng.choice(("abandoned", "expired", "failed", "returned")))
        if chance(rng, 0.6):
            talk.soon().says("customer", "question")
            if chance(rng, 0.3):
                talk.soon().says("ai", "answer")
                talk.sent_late()
            talk.wait(10 * MINUTE)
        return
    if way == "human":
        talk.wait(5 * MINUTE, 30 * MINUTE, DAY).says("human", "answer")
        return
    talk.wait(5 * MINUTE, 5 * MINUTE, 30 * MINUTE, DAY)
    step(rng.choice(("accepted",) * 4 + ("first_reply",)), queue=rng.choice(("first", None)))
    _work(talk, name)
    if way == "given back":
        talk.soon()
        step("returned", reason=rng.choice(("ai_can_handle", None)))
        talk.soon().says("customer", "question")
        talk.wait(10 * MINUTE)
        if chance(rng, 0.5):
            talk.says("ai", "answer")
    if chance(rng, 0.6):
        talk.wait(20 * MINUTE)
        step(
            "completed",
            human_public_messages=rng.choice((0, 1, 1, 2, 5)),
            human_actions=rng.choice((0, 0, 0, 1)),
            privileged_action=rng.choice((False, False, False, True)),
            handle_seconds=rng.choice((60.0, 119.0, 120.0, 600.0, None)),
            disposition=rng.choice(("unknown", "unknown", "needed", "not_needed")),
        )


def _work(talk: Talk, name: str) -> None:
    """What a human does who took it."""
    rng = talk.rng
    for _ in range(rng.choice((0, 1, 1, 2))):
        talk.soon().says(
            "human",
            rng.choice(("answer", "asks_known_info", "greeting")),
            visibility=rng.choice(("public", "public", "internal")),
        )
    if chance(rng, 0.25):
        act(talk.soon(), by="human")
        if chance(rng, 0.5):
            talk.sent_late()
    if chance(rng, 0.4):
        talk.wait(5 * MINUTE, 15 * MINUTE)
        talk.tell(
            "handoff.transferred",
            handoff_id=name,
            queue=rng.choice(("first", "second", None)),
            queue_role=rng.choice(("triage", "billing", "shipping", None)),
        )
        if chance(rng, 0.5):
            talk.soon().tell("handoff.accepted", handoff_id=name, queue="second")


def promise(talk: Talk) -> None:
    """Something is promised, and kept, kept late, taken back, or forgotten."""
    rng = talk.rng
    name = talk.pen.name("promise")
    length = rng.choice((0, HOUR, HOUR, DAY, 5 * DAY, 20 * DAY))
    made, due = talk.at, talk.at + length
    place = rng.choice(({}, {}, {"conversation_id": None}))
    if talk.person.ref is None:
        place = {}
    talk.tell(
        "commitment.made",
        commitment_id=name,
        kind=rng.choice(("callback", "refund")),
        due_at=text_of(due),
        made_by=rng.choice(("ai", "ai", "human", "system")),
        value_band=rng.choice(BANDS),
        **place,
    )
    grace = max(length // 10, 15 * MINUTE)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        when = rng.choice(
            (made, due - length // 2, due, due + 1, due + grace - 1, due + grace, due + 3 * DAY)
        )
        step = rng.choice(("fulfilled", "fulfilled", "withdrawn"))
        talk.tell_at(when, f"commitment.{step}", commitment_id=name, **place)
        if chance(rng, 0.15):
            talk.sent_late()


KINDS = {"refund": 15 * MINUTE, "address_change": 5 * MINUTE, "shipment": DAY, "note": HOUR}


def act(talk: Talk, by: str = "ai") -> None:
    """Something is done, or said to be done; the ledger knows of it, or does not."""
    rng = talk.rng
    name = talk.pen.name("action")
    kind = rng.choice(("refund", "refund", *KINDS))
    data: Record = {"action_id": name, "kind": kind, "by": by, "value_band": rng.choice(BANDS)}
    if by == "human":
        reason = rng.choice((None, None, "correction"))
        talk.tell("action.executed", **data, reason=reason)
        return
    start, window = talk.at, KINDS[kind]
    for step in rng.choice((("claimed",), ("requested", "executed"), ("requested", "claimed"))):
        talk.tell(f"action.{step}", **data)
        talk.soon()
    if chance(rng, 0.25):
        talk.tell_at(start + around(rng, window // 2), "action.failed", **data)
        if chance(rng, 0.4):
            talk.tell_at(start + around(rng, window), "action.executed", **data)
    if chance(rng, 0.6):
        told: Record = rng.choice(
            ({"action_id": name}, {"action_id": name, "kind": kind}, {"kind": kind})
        )
        if "entity_ref" not in talk.about and "action_id" not in told:
            told = {"action_id": name}
        told |= {"entity_ref": talk.about.get("entity_ref")}
        stage = rng.choice(("submitted", "posted", "posted"))
        when = start + around(rng, window)
        talk.tell_at(when, "ledger.confirmed", **told, stage=stage)
        if stage == "submitted" and chance(rng, 0.6):
            posted = start + around(rng, 3 * DAY)
            talk.tell_at(posted, "ledger.confirmed", **told, stage="posted")
    if chance(rng, 0.25):
        when = start + around(rng, rng.choice((HOUR, 3 * DAY, 30 * DAY)))
        if chance(rng, 0.6):
            reason = rng.choice((None, "mistake", "customer_request"))
            talk.tell_at(when, "action.reversed", **data | {"by": "human"}, reason=reason)
        else:
            again = data | {"action_id": talk.pen.name("action"), "by": "human"}
            again["entity_ref"] = talk.about.get("entity_ref")
            talk.tell_at(when, "action.executed", **again, reason="correction")


def suggest(talk: Talk) -> None:
    """The AI suggests, the human uses it, changes it or does not."""
    rng = talk.rng
    name = talk.pen.name("suggestion")
    if chance(rng, 0.9):
        talk.tell("suggestion.displayed", suggestion_id=name, ai_version=talk.version)
    if chance(rng, 0.7):
        when = talk.at + around(rng, rng.choice((5 * SECOND, DAY)))
        states = ("verbatim", "edited_minor", "edited_major", "discarded", "unheard_of")
        for _ in range(rng.choice((1, 1, 2))):
            talk.tell_at(when, "suggestion.used", suggestion_id=name, state=rng.choice(states))


def issues(talk: Talk) -> None:
    """Several matters in one conversation; not all are settled when it is closed."""
    rng = talk.rng
    names = [talk.pen.name("issue") for _ in range(rng.choice((1, 2)))]
    for name in names:
        opened = talk.soon().tell("issue.opened", issue_id=name, confidence=0.8)
        if chance(rng, 0.5):
            opened["data"]["intent"] = rng.choice(("login/reset", "offer/ask"))
    for name in names:
        if chance(rng, 0.6):
            talk.soon().tell("issue.resolved", issue_id=name)
            if chance(rng, 0.15):
                talk.sent_late()
        if chance(rng, 0.5):
            claim(talk.soon(), issue_id=name)


def claim(talk: Talk, **data: Any) -> None:
    """Somebody says that it is resolved."""
    rng = talk.rng
    by, basis = rng.choice(
        (
            ("ai", "agent_judged"),
            ("ai", "agent_judged"),
            ("ai", "customer_confirmed"),
            ("ai", "workflow"),
            ("human", "operator"),
            ("human", "agent_judged"),
            ("system", "inactivity_timeout"),
            ("system", "workflow"),
            ("customer", "customer_confirmed"),
            ("unheard_of", "unheard_of"),
        )
    )
    talk.claimed_at = talk.at
    talk.tell("resolution.claimed", by=by, basis=basis, **data)
