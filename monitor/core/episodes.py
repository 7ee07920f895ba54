"""Episodes: a claim of resolution is put on trial, and holds or does not.

Rule: under each bound (reading of "the same issue") an episode fails at most once. The bounds
are nested: what fails the strict reading fails the loose ones too.

- ``explicit``: the customer returned to the same conversation, case or entity;
- ``same_issue``: that, or with the same intent. Durability by this bound is an upper limit;
- ``any_issue``: for whatever reason. Durability by this bound is a lower limit.

Who cannot be known again is not put on trial: the claim is counted, and no more.

The trial lasts 30 days. Exposure and failures are counted per age bucket, which makes them sums
that hold over workers and restarts (domain's law, 5.2); at each horizon the episode is also
counted once as matured, durable or failed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from monitor.core.journeys import EXPLICIT, SAME_INTENT
from monitor.core.moments import datetime_of, seconds
from monitor.core.outputs import Claimed
from monitor.core.state import Conversation, Episode, Mark
from monitor.core.step import Step, content_id, evidence_of, group_of, version_of
from schemas.published import EpisodeOutcome
from schemas.vocabulary import Actor, Basis

if TYPE_CHECKING:
    from schemas.conversations import ClaimData

BOUNDS = ("explicit", "same_issue", "any_issue")
_FIRST_BOUND = {EXPLICIT: 0, SAME_INTENT: 1}
_NO_CLAIM = (Basis.BULK, Basis.MERGE)


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says it is resolved."""
    if data.basis in _NO_CLAIM:
        # Swept up with others: nobody looked at this customer, so nothing is claimed.
        censor(step, conversation, str(data.basis))
        return
    unsuspend(step, conversation)
    if stands(step, conversation):
        return
    by, version = data.by, version_of(conversation)
    step.count("cx_resolutions_claimed_total", by, data.basis, version, group_of(conversation))
    step.say(Claimed(conversation.id, step.at, by, data.basis))
    if conversation.identified:
        _open(step, conversation, by, data.basis)
    else:
        conversation.claimed_unfollowed = True


def stands(step: Step, conversation: Conversation) -> bool:
    """Whether a claim stands, on trial or not."""
    episode = step.customer.episodes.get(conversation.episode or "")
    return conversation.claimed_unfollowed or (episode is not None and _stands(episode))


def fail(step: Step, episode: Episode, match: str, cause: str, proof: Mark | None) -> bool:
    """The customer was back. Returns whether that undid anything that still stood.

    A return from before the claim, which a late event can show, undoes nothing.
    """
    age = step.at - episode.claim.at
    bucket = step.policy.bucket_of(age)
    hit = [bound for bound in BOUNDS[_FIRST_BOUND.get(match, 2) :] if bound in episode.open_bounds]
    if age < 0 or bucket is None or not hit:
        return False
    name = step.policy.ages[bucket]
    for bound in hit:
        _leave(step, episode, bound)
        episode.failed_bounds.append(bound)
        step.count(
            "cx_resolution_failures_total",
            *(bound, name, match, episode.ai_version, episode.intent_group),
        )
    step.count("cx_resolution_failure_causes_total", cause, match, name)
    _say(step, episode, "failed", hit[0], evidence=(episode.claim, proof), cause=cause, match=match)
    return True


def fail_by_return(step: Step, episode: Episode) -> bool:
    """The customer returned to the conversation itself. Returns whether that undid the claim."""
    if episode.suspended_by is None:
        return fail(step, episode, EXPLICIT, "reopen", step.mark)
    # The customer speaks up: staff did not reopen it by mistake.
    step.forget("reopen", episode.id)
    return _settle(step, episode)


def suspend(step: Step, conversation: Conversation) -> None:
    """Staff reopened the conversation: fail the claim unless it is closed again at once."""
    episode = step.customer.episodes.get(conversation.episode or "")
    if episode is None or not _stands(episode) or episode.suspended_by is not None:
        return
    if step.at < episode.claim.at:
        return
    episode.suspended_by = step.mark
    step.wait("reopen", episode.id, step.at + step.policy.mistaken_reopen_max + 1)


def unsuspend(step: Step, conversation: Conversation) -> None:
    """Closed or claimed again at once: the reopening was a mistake, and the claim stands."""
    episode = step.customer.episodes.get(conversation.episode or "")
    if episode is None or episode.suspended_by is None:
        return
    episode.suspended_by = None
    step.forget("reopen", episode.id)
    step.count("cx_mistaken_reopens_total")
    _wait_for_edge(step, episode)  # which may have passed meanwhile


def settle_suspension(step: Step, subject: str) -> None:
    """Nobody closed the conversation again: the reopening was no mistake."""
    _settle(step, step.customer.episodes[subject])


def grow_older(step: Step, subject: str) -> None:
    """An episode reaches the edge of its age bucket."""
    episode = step.customer.episodes[subject]
    if episode.suspended_by is not None:
        # First let it be known whether the reopening, which came before the edge, was a mistake.
        step.wait("age", subject, step.customer.deadlines[f"reopen:{subject}"] + 1)
        return
    for bound in episode.open_bounds:
        step.totals.leave(_cell(step, episode, bound), step.now)
    episode.bucket += 1
    _mature(step, episode)
    if episode.bucket == len(step.policy.ages):
        del step.customer.episodes[subject]
        return
    for bound in episode.open_bounds:
        step.totals.enter(_cell(step, episode, bound), step.now)
    _wait_for_edge(step, episode)


def censor(step: Step, conversation: Conversation, reason: str) -> None:
    """End the trial of a conversation's claim, as far as there is no verdict yet."""
    episode = step.customer.episodes.get(conversation.episode or "")
    conversation.episode, conversation.claimed_unfollowed = None, False
    if episode is None or not episode.open_bounds:
        return
    for bound in list(episode.open_bounds):
        _leave(step, episode, bound)
    step.forget("reopen", episode.id)
    episode.suspended_by = None
    if not episode.failed_bounds:
        step.forget("age", episode.id)
        del step.customer.episodes[episode.id]
    step.count("cx_resolution_censored_total", reason)
    _say(step, episode, "censored", "any_issue", evidence=(episode.claim, step.mark), reason=reason)


def _settle(step: Step, episode: Episode) -> bool:
    # The claim failed when the conversation was reopened, not when that became certain.
    proof, episode.suspended_by = episode.suspended_by, None
    assert proof is not None, "a suspended episode knows what suspended it"
    return fail(replace(step, at=proof.at), episode, EXPLICIT, "reopen", proof)


def _stands(episode: Episode) -> bool:
    # By the strict bound: a return for another matter does not reopen this one.
    return BOUNDS[0] in episode.open_bounds


def _open(step: Step, conversation: Conversation, by: Actor, basis: Basis) -> None:
    assert step.mark is not None, "a claim is an event"
    episode = Episode(
        id=content_id(conversation.id, *step.mark.name),
        conversation_id=conversation.id,
        claim=step.mark,
        by=by,
        basis=basis,
        ai_version=version_of(conversation),
        intent_group=group_of(conversation),
        channel=conversation.channel,
        open_bounds=list(BOUNDS),
        gen_ai_conversation_id=conversation.gen_ai_conversation_id,
        gen_ai_response_id=conversation.gen_ai_response_id,
    )
    step.customer.episodes[episode.id] = episode
    conversation.episode = episode.id
    for bound in BOUNDS:
        step.totals.enter(_cell(step, episode, bound), step.now)
    _wait_for_edge(step, episode)


def _mature(step: Step, episode: Episode) -> None:
    horizon = step.policy.horizon_at(episode.bucket)
    if horizon is None:
        return
    for result, bounds in (("durable", episode.open_bounds), ("failed", episode.failed_bounds)):
        for bound in bounds:
            step.count(
                "cx_resolutions_matured_total",
                *(bound, horizon, result, episode.ai_version, episode.intent_group),
            )
    if episode.open_bounds:
        widest = episode.open_bounds[-1]
        _say(step, episode, "durable", widest, evidence=(episode.claim,), horizon=horizon)


def _cell(step: Step, episode: Episode, bound: str) -> tuple[str, ...]:
    return (bound, step.policy.ages[episode.bucket], episode.ai_version, episode.intent_group)


def _leave(step: Step, episode: Episode, bound: str) -> None:
    step.totals.leave(_cell(step, episode, bound), step.now)
    episode.open_bounds.remove(bound)


def _wait_for_edge(step: Step, episode: Episode) -> None:
    edge = step.policy.age_edges[episode.bucket + 1]
    step.wait("age", episode.id, max(episode.claim.at + edge, step.at))


def _say(
    step: Step,
    episode: Episode,
    verdict: Literal["durable", "failed", "censored"],
    bound: str,
    *,
    evidence: tuple[Mark | None, ...],
    **more: str,
) -> None:
    conversation = step.customer.conversations[episode.conversation_id]
    fields = step.published(conversation, episode.id, verdict, bound, *sorted(more.values()))
    fields |= {
        "ai_version": episode.ai_version,
        "intent_group": episode.intent_group,
        "channel": str(episode.channel),
    }
    outcome = EpisodeOutcome(
        **fields,
        **more,  # type: ignore[arg-type]  # cause, match, horizon or reason
        evidence=evidence_of(*evidence),
        episode_id=episode.id,
        claimed_at=datetime_of(episode.claim.at),
        claimed_by=episode.by,
        basis=episode.basis,
        verdict=verdict,
        bound=bound,  # type: ignore[arg-type]  # one of BOUNDS
        age_seconds=seconds(step.at - episode.claim.at),
        gen_ai_conversation_id=episode.gen_ai_conversation_id,
        gen_ai_response_id=episode.gen_ai_response_id,
    )
    step.say(outcome)
