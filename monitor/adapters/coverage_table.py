"""What each family of measures rests on: the table behind the coverage of a mapping.

A source of a measure is written as an event type without ``cx.`` and ``.v1``, then the fields that
it must carry, each with the words that count where not all do: ``message.created actor=customer
kind``. ``*`` is any event. ``customer``, alone or among the fields, is a reference that outlasts
one conversation.
"""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMER = "customer"
_OWN_CUSTOMER = "a `customer` of its own beside the `conversation`"


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a measure rests on, and the sources of which any one will do."""

    what: str
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Measures that stand and fall together."""

    name: str
    metrics: tuple[str, ...]
    needs: tuple[Need, ...]
    """Without one of these there is no number, or one that means nothing."""
    sharpened_by: tuple[Need, ...] = ()
    """Without one of these a part is missing, or less certain."""


def _need(what: str, *any_of: str) -> Need:
    return Need(what, any_of)


_CUSTOMER_SPEAKS = _need("the customer's messages", "message.created actor=customer")
_CUSTOMER_KINDS = _need("thanks told from questions", "message.created actor=customer kind")
_AI_SPEAKS = _need("the AI's messages", "message.created actor=ai")
_AI_CLAIMS = _need("the AI's claims of resolution", "resolution.claimed by=ai")
_CONTACTS = _need("contacts", "conversation.started", "message.created actor=customer")
_RETURNS = _need(
    "the customer's return",
    "message.created actor=customer",
    "conversation.reopened actor=customer|unknown",
)
_ANY_RETURN = _need(_RETURNS.what, *_RETURNS.any_of, f"conversation.started {CUSTOMER}")
_SAME_CUSTOMER = _need("one customer over several conversations", CUSTOMER)
_SAME_MATTER = _need("what a contact is about", "* intent", "* entity_ref", "* case_id")
_CHANNEL = _need("channels", "* channel")
_AI_VERSION = _need("versions of the AI", "* ai_version")
_HANDOFFS = _need("handoffs", "handoff.requested")
_AI_HANDOFFS = _need("handoffs from the AI", "handoff.requested kind=ai_human|unknown")
_SERVICE = _need(
    "that somebody took a handoff",
    "handoff.accepted",
    "handoff.first_reply",
    "handoff.completed",
    "message.created actor=human",
)
_HUMAN_ACTS = _need("what humans did", "action.executed by=human")
_HOURS = _need("hours of duty, unless the policy has a calendar", "handoff.requested within_hours")
_ETA = _need("when somebody comes", "commitment.made", "message.created kind=commitment")
_PROMISES = _need("promises", "commitment.made")
_KEPT = _need("promises kept", "commitment.fulfilled")
_WITHDRAWN = _need("promises taken back", "commitment.withdrawn")
_LEDGER = _need("the ledger's word", "ledger.confirmed")
_LEDGER_ALIVE = _need("that the ledger is not late", "heartbeat")
_FAILED_ACTIONS = _need("actions that failed", "action.failed")
_UNDONE = _need("actions undone", "action.reversed", "action.executed by=human")
_REVIEWS = _need("reviews by people", "evaluation.result")

MEASURES = (
    Family(
        "demand",
        ("cx_conversations_total", "cx_identified_conversations_total", "cx_ai_involved_total"),
        (_CONTACTS,),
        (
            _need("the AI's part", "message.created actor=ai kind=answer", *_AI_HANDOFFS.any_of),
            _CHANNEL,
            _need("groups of intents", "* intent_group"),
        ),
    ),
    Family(
        "identity",
        ("cx_journeys_total", "cx_identity_links_total", "cx_identity_late_links_total"),
        (_CONTACTS, _SAME_CUSTOMER),
        (_need("references that are one customer", "customer.linked"),),
    ),
    Family(
        "durability",
        (
            "cx_resolutions_claimed_total",
            "cx_resolution_exposure_seconds_total",
            "cx_resolution_failures_total",
            "cx_resolution_failure_causes_total",
            "cx_resolutions_matured_total",
            "cx_resolution_censored_total",
            "cx_resolutions_at_risk",
            "cx_post_close_acks_total",
            "cx_mistaken_reopens_total",
            "cx_time_to_resolution_seconds",
        ),
        (_need("claims of resolution", "resolution.claimed"), _ANY_RETURN),
        (_AI_CLAIMS, _AI_VERSION, _CUSTOMER_KINDS, _SAME_CUSTOMER, _SAME_MATTER),
    ),
    Family(
        "escalation verdicts",
        ("cx_handoff_verdict_total",),
        (
            _AI_HANDOFFS,
            _need(
                "what the handoff came to",
                "handoff.completed",
                "handoff.returned",
                "action.executed by=human",
                "message.created actor=human",
                "evaluation.result",
            ),
        ),
        (
            _need("the human's own word", "handoff.completed disposition", "evaluation.result"),
            _need("how much humans did", "handoff.completed human_actions", *_HUMAN_ACTS.any_of),
            _need("how long it took them", "handoff.completed handle_seconds"),
            _need("why it was asked for", "handoff.requested reason_code"),
        ),
    ),
    Family(
        "missed escalations",
        ("cx_missed_escalations_total",),
        (
            _need(
                "a call for a human",
                "message.created actor=customer requests_human",
                "action.executed by=human",
                "evaluation.result",
            ),
            _HANDOFFS,
        ),
        (
            _need("requests of customers", "message.created actor=customer requests_human"),
            _HUMAN_ACTS,
            _REVIEWS,
        ),
    ),
    Family(
        "handoff service",
        (
            "cx_handoffs_total",
            "cx_handoff_terminal_total",
            "cx_handoff_wait_seconds",
            "cx_misroutes_total",
            "cx_transfers_total",
        ),
        (_HANDOFFS, _SERVICE),
        (
            _HOURS,
            _need("customers who left", "handoff.abandoned"),
            _need("queues that gave up", "handoff.expired", "handoff.failed"),
            _need("passing on", "handoff.transferred"),
        ),
    ),
    Family(
        "interventions",
        ("cx_ai_takeovers_total", "cx_ai_corrections_total"),
        (
            _AI_SPEAKS,
            _need(
                "humans who step in",
                "message.created actor=human",
                "handoff.requested requested_by=policy",
                "action.executed by=human",
            ),
        ),
        (_need("humans who speak", "message.created actor=human"), _HUMAN_ACTS, _UNDONE),
    ),
    Family(
        "suggestions",
        ("cx_suggestions_total",),
        (
            _need("suggestions shown", "suggestion.displayed"),
            _need("what became of them", "suggestion.used"),
        ),
        (_AI_VERSION,),
    ),
    Family(
        "effort",
        (
            "cx_journey_contacts",
            "cx_journey_channels",
            "cx_journey_transfers",
            "cx_journey_customer_messages",
            "cx_journey_repeated_requests",
            "cx_journey_wait_seconds",
            "cx_journey_owner_seconds_total",
        ),
        (_CONTACTS,),
        (
            _CUSTOMER_SPEAKS,
            _need("answers", "message.created actor=ai|human"),
            _SAME_CUSTOMER,
            _CHANNEL,
            _need("passing on", "handoff.transferred", "handoff.requested kind=human_human|ai_ai"),
            _need("questions asked again", "message.created kind=asks_known_info"),
        ),
    ),
    Family(
        "promises",
        ("cx_commitments_total", "cx_commitments_overdue"),
        (_PROMISES, _KEPT),
        (_WITHDRAWN,),
    ),
    Family(
        "actions and ledger",
        ("cx_ai_actions_total",),
        (_need("the AI's actions", "action.claimed by=ai", "action.executed by=ai"), _LEDGER),
        (_LEDGER_ALIVE, _FAILED_ACTIONS, _UNDONE),
    ),
    Family(
        "feedback",
        ("cx_surveys_total",),
        (_need("ratings", "feedback.received"),),
        (_need("who had served", "message.created actor=ai|human"),),
    ),
    Family("judges", ("cx_judge_verdicts_total",), (_need("evaluations", "evaluation.result"),)),
)

_FOUND = ("cx_silent_failures_total", "cx_silent_failures_open")


def _silent(name: str, *needs: Need, sharpened_by: tuple[Need, ...] = ()) -> Family:
    return Family(name, _FOUND, needs, sharpened_by)


SILENT_FAILURES = (
    _silent(
        "SF-01 false resolution",
        _AI_CLAIMS,
        _RETURNS,
        sharpened_by=(_CUSTOMER_KINDS, _HUMAN_ACTS),
    ),
    _silent(
        "SF-02 channel hop",
        _AI_CLAIMS,
        _CONTACTS,
        _SAME_CUSTOMER,
        _CHANNEL,
        _SAME_MATTER,
        sharpened_by=(_need("the order spoken of", "* entity_ref"),),
    ),
    Family(
        "SF-03 abandonment booked as resolution",
        (*_FOUND, "cx_abandoned_as_resolved_total"),
        (
            _need("that the AI asked or failed", "message.created actor=ai kind=question|error"),
            _need(
                "closing by the system",
                "resolution.claimed basis=inactivity_timeout",
                "resolution.claimed by=system",
                "conversation.closed actor=system",
                "conversation.closed reason=workflow",
            ),
            _CUSTOMER_SPEAKS,
        ),
    ),
    _silent(
        "SF-04 phantom handoff",
        _need(
            "that a handoff was announced",
            "handoff.announced",
            "message.created kind=handoff_notice",
        ),
        _HANDOFFS,
    ),
    _silent("SF-05 orphaned handoff", _HANDOFFS, _SERVICE, sharpened_by=(_HOURS,)),
    _silent("SF-06 dead end out of hours", _AI_HANDOFFS, _ETA, sharpened_by=(_HOURS,)),
    _silent(
        "SF-07 bounce",
        _HANDOFFS,
        _SERVICE,
        _need("passing on to another queue", "handoff.transferred queue"),
        sharpened_by=(
            _HUMAN_ACTS,
            _need("the roles of queues", "handoff.transferred queue_role"),
        ),
    ),
    _silent(
        "SF-08 claimed action never confirmed",
        _need("what the AI says it did", "action.claimed by=ai"),
        _LEDGER,
        sharpened_by=(_LEDGER_ALIVE, _FAILED_ACTIONS),
    ),
    _silent("SF-09 broken promise", _PROMISES, _KEPT, sharpened_by=(_WITHDRAWN,)),
    _silent(
        "SF-10 undone work",
        _need("what the AI did", "action.executed by=ai"),
        _UNDONE,
    ),
    _silent(
        "SF-11 ignored request for a human",
        _need("that a customer asks", "message.created actor=customer requests_human"),
        _AI_SPEAKS,
        _need("that a human comes", "handoff.requested", "message.created actor=human"),
    ),
    _silent("SF-12 mute AI", _CUSTOMER_SPEAKS, _AI_SPEAKS, sharpened_by=(_CUSTOMER_KINDS,)),
    _silent(
        "SF-13 ownership limbo",
        _CUSTOMER_SPEAKS,
        _need("giving back", "handoff.returned", "handoff.failed", "handoff.expired"),
        _need("answers", "message.created actor=ai|human"),
    ),
    _silent(
        "SF-14 loop",
        _AI_SPEAKS,
        _need("repetition", "message.created content_simhash", "* intent"),
        sharpened_by=(
            _need("that the AI says the same", "message.created actor=ai content_simhash"),
            _CUSTOMER_SPEAKS,
        ),
    ),
    _silent(
        "SF-15 parallel desperation",
        _CONTACTS,
        _AI_SPEAKS,
        _SAME_CUSTOMER,
        _SAME_MATTER,
        sharpened_by=(_need("merges", "conversation.merged"),),
    ),
    _silent(
        "SF-16 partial resolution",
        _need("issues", "issue.opened"),
        _need("issues settled", "issue.resolved"),
        _need("the end", "conversation.closed", "resolution.claimed"),
    ),
    _silent(
        "SF-17 contradicted resolution",
        _AI_CLAIMS,
        _need("contradiction", "feedback.received", "external.signal"),
        sharpened_by=(_need("signals from outside", "external.signal"),),
    ),
    _silent(
        "SF-18 silent human redo",
        _AI_CLAIMS,
        _need("a human's work", "action.executed by=human", "resolution.claimed by=human"),
        sharpened_by=(_HUMAN_ACTS,),
    ),
    _silent(
        "SF-19 unannounced context loss",
        _need("questions asked again", "message.created actor=human kind=asks_known_info"),
        _need("that a human took over", "handoff.accepted", "handoff.first_reply"),
    ),
    _silent("SF-20 blindness", _need("events", "*"), sharpened_by=(_need("life", "heartbeat"),)),
)


def spelled(source: str) -> str:
    """Write a source as a mapping file would: ``cx.message.created.v1 with actor = customer``."""
    if source == CUSTOMER:
        return _OWN_CUSTOMER
    type_, *fields = source.split(" ")
    name = "any event" if type_ == "*" else f"cx.{type_}.v1"
    said_of = [
        _OWN_CUSTOMER if field == CUSTOMER else field.replace("=", " = ").replace("|", " or ")
        for field in fields
    ]
    return f"{name} with {' and '.join(said_of)}" if said_of else name
