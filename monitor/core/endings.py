"""The end of a journey: what effort it took, and what became of the last claim in it.

A journey ends once, at the first moment at which its gap has passed and nothing in it is open. It
is told of then, and remembered for as long as a claim of the AI in it can be contradicted; what
is told in that time is corrected by a record that replaces the first.

Rule: an ended journey gets nothing new. What begins something in one of its conversations makes
it forgotten, and begins that conversation anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from monitor.core import effort, journeys, past_claims
from monitor.core.moments import datetime_of, seconds
from monitor.core.state import Failure
from monitor.core.step import NO_AI, Step, evidence_of, group_of, version_of
from schemas.making import unchecked
from schemas.published import JourneyEffort, JourneyOutcome

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Conversation, Episode, Journey, Mark

CONTRADICTED = "contradicted"
_BOUND = "same_issue"

_outcome, _cost = unchecked(JourneyOutcome), unchecked(JourneyEffort)

Verdict = Literal["durable", "failed", "open"]


def look(step: Step, subject: str) -> None:
    """A journey reaches a checkpoint."""
    journey = step.customer.journeys[int(subject)]
    inside = _inside(step, journey)
    _look(step, inside, _last_claim(step, inside), effort.CHECKPOINTS[journey.checkpoints].name)
    journey.checkpoints += 1
    effort.wait_for_checkpoint(step, journey)


def settle(step: Step) -> None:
    """End the journeys whose gap has passed, if the step has closed the last thing in them."""
    for journey in step.customer.journeys.values():
        if journey.overdue:
            _end_overdue(step)
            return


def _end_overdue(step: Step) -> None:
    for journey in tuple(step.customer.journeys.values()):
        if journey.overdue and not journeys.is_busy(step, journey):
            _end(replace(step, at=max(step.at, journey.until)), journey)


def decided(step: Step, episode: Episode) -> None:
    """The trial of a claim is over: the last one of a conversation is kept."""
    claims = step.customer.conversations[episode.conversation_id].claims
    claims.failed += _verdict(episode) == "failed"
    claims.last = max((claims.last or episode, episode), key=_age)


def contradict(step: Step, conversation: Conversation | None, episode_id: str) -> None:
    """A claim whose trial is over is contradicted: what was told of its journey is corrected."""
    last = conversation.claims.last if conversation else None
    if conversation is None or last is None or last.id != episode_id or _verdict(last) == "failed":
        return
    last.failures.append(Failure("", journeys.EXPLICIT, CONTRADICTED, -1, [_BOUND], step.mark))
    conversation.claims.failed += 1
    journey = step.customer.journeys[conversation.journey]
    if journey.outcome is not None:
        inside = _inside(step, journey)
        total = effort.total(inside, step.at)
        _tell(step, journey, inside, _last_claim(step, inside), total)


def forget_claim(step: Step, subject: str) -> None:
    """Nothing can contradict a claim any more: with the last of them its journey is forgotten."""
    past_claims.forget(step, subject)
    for journey in list(step.customer.journeys.values()):
        if journey.ended and not _is_remembered(step, journey):
            journeys.forget(step, journey)


def begin_anew(step: Step, conversation_id: str) -> None:
    """Something begins in a conversation: if its journey has ended, it is another conversation."""
    conversation = step.customer.conversations.get(conversation_id)
    if conversation is not None:
        journey = step.customer.journeys[conversation.journey]
        if journey.ended:
            journeys.forget(step, journey)


def _look(step: Step, inside: list[Conversation], last: Episode | None, *names: str) -> effort.Sum:
    total = effort.total(inside, step.at)
    if total.contacts:
        outcome = _verdict(last)
        for name in names:
            effort.observe(step, total, name, outcome)
    return total


def _end(step: Step, journey: Journey) -> None:
    # A checkpoint that it did not live to see would find it as it is now.
    left = [checkpoint.name for checkpoint in effort.CHECKPOINTS[journey.checkpoints :]]
    inside = _inside(step, journey)
    last = _last_claim(step, inside)
    total = _look(step, inside, last, *left, "end")
    journey.overdue, journey.ended = False, True
    for conversation in inside:
        effort.stop(step, conversation)
    step.forget("effort", str(journey.id))
    if total.contacts:
        outcome = _verdict(last)
        for owner, length in zip(effort.OWNERS, total.waited, strict=True):
            if length:
                step.shift("cx_journey_owner_seconds_total", length, owner, outcome)
        _tell(step, journey, inside, last, total)
    if not _is_remembered(step, journey):
        journeys.forget(step, journey)


def _tell(
    step: Step,
    journey: Journey,
    inside: list[Conversation],
    last: Episode | None,
    total: effort.Sum,
) -> None:
    about = step.customer.conversations[last.conversation_id] if last else inside[0]
    verdict, replaces = _verdict(last), journey.outcome
    name = ("journey", str(journey.id), str(journey.started_at), verdict, str(step.at))
    fields = step.published(about, *name) | {
        "ai_version": last.ai_version if last else version_of(about),
        "channel": str(last.channel if last else about.channel),
        "intent_group": last.intent_group if last else group_of(about),
    }
    outcome = _outcome(
        **fields,
        **_claim(last),
        evidence=evidence_of(last.claim if last else None, _proof(last)),
        started_at=datetime_of(journey.started_at),
        conversations=tuple(journey.conversations),
        verdict=verdict,
        claims=sum(one.claims.count for one in inside),
        failures=_failures(step, inside),
        effort=_effort(total),
        entry_ai_version=_entry_version(inside),
        gen_ai_conversation_id=(last or about).gen_ai_conversation_id,
        gen_ai_response_id=(last or about).gen_ai_response_id,
        replaces=replaces,
    )
    journey.outcome = outcome.id
    step.say(outcome)


def _claim(last: Episode | None) -> dict[str, Any]:
    if last is None:
        return {}
    failure = _failure(last)
    return {
        "episode_id": last.id,
        "claimed_at": datetime_of(last.claim.at),
        "claimed_by": last.by,
        "basis": last.basis,
        "cause": failure.cause if failure else None,
        "match": failure.match if failure else None,
    }


def _effort(total: effort.Sum) -> JourneyEffort:
    ai, human, company, customer = map(seconds, total.waited)
    return _cost(
        contacts=total.contacts,
        channels=total.channels,
        transfers=total.transfers,
        customer_messages=total.customer_messages,
        repeated_requests=total.repeated_requests,
        wait_seconds=seconds(total.wait),
        ai_seconds=ai,
        human_seconds=human,
        company_seconds=company,
        customer_seconds=customer,
    )


def _inside(step: Step, journey: Journey) -> list[Conversation]:
    return [step.customer.conversations[name] for name in journey.conversations]


def _is_remembered(step: Step, journey: Journey) -> bool:
    return any(past_claims.contradictable(step, one) for one in journey.conversations)


def _last_claim(step: Step, inside: list[Conversation]) -> Episode | None:
    known = [one.claims.last for one in inside if one.claims.last is not None]
    known += _on_trial(step, inside)
    return max(known, key=_age, default=None)


def _on_trial(step: Step, inside: list[Conversation]) -> list[Episode]:
    return [step.customer.episodes[name] for one in inside for name in one.episodes]


def _age(episode: Episode) -> tuple[Moment, str]:
    return episode.claim.at, episode.id


def _verdict(episode: Episode | None) -> Verdict:
    if episode is None:
        return "open"
    if _failure(episode) is not None:
        return "failed"
    return "durable" if _BOUND in episode.open_bounds else "open"


def _failure(episode: Episode) -> Failure | None:
    return next((failure for failure in episode.failures if _BOUND in failure.bounds), None)


def _proof(episode: Episode | None) -> Mark | None:
    failure = _failure(episode) if episode else None
    return failure.proof if failure else None


def _failures(step: Step, inside: list[Conversation]) -> int:
    on_trial = _on_trial(step, inside)
    return sum(one.claims.failed for one in inside) + sum(
        _verdict(episode) == "failed" for episode in on_trial
    )


def _entry_version(inside: list[Conversation]) -> str:
    first = sorted(inside, key=lambda one: (one.started_at, one.id))
    return next((one.entry_ai_version for one in first if one.entry_ai_version), NO_AI)
