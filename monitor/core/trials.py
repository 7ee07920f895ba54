"""The trial of one claim: how long it is watched, how old it grows, and what is said of it.

The trial lasts 30 days. Exposure is counted per age bucket, which makes it a sum that holds over
workers and restarts (domain's law, 5.2); at each horizon the episode is also counted once as
matured, durable or failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor.core import effort, endings, past_claims
from monitor.core.lengths import spell
from monitor.core.moments import datetime_of, seconds
from monitor.core.step import Step, evidence_of
from schemas.making import unchecked
from schemas.published import EpisodeOutcome

if TYPE_CHECKING:
    from monitor.core.moments import Moment
    from monitor.core.state import Episode, Mark

BOUNDS = ("explicit", "same_issue", "any_issue")
"""The readings of "the same issue", strictest first."""

_outcome = unchecked(EpisodeOutcome)


def begin(step: Step, episode: Episode) -> None:
    """Put a claim on trial."""
    conversation = step.customer.conversations[episode.conversation_id]
    step.customer.episodes[episode.id] = episode
    conversation.episodes.append(episode.id)
    arrive(step, episode, step.now)
    wait_for_edge(step, episode)


def end(step: Step, episode: Episode) -> None:
    """Nothing more can become of it."""
    endings.decided(step, episode)
    step.forget("age", episode.id)
    step.forget("reopen", episode.id)
    del step.customer.episodes[episode.id]
    step.customer.conversations[episode.conversation_id].episodes.remove(episode.id)


def enter(step: Step, episode: Episode, bound: str) -> None:
    """It is under observation by one reading, from now on."""
    step.totals.enter(_cell(step, episode, bound), step.now)
    episode.open_bounds = [one for one in BOUNDS if one in (*episode.open_bounds, bound)]


def leave(step: Step, episode: Episode, bound: str) -> None:
    """It is under observation by one reading no longer."""
    step.totals.leave(_cell(step, episode, bound), step.now)
    episode.open_bounds.remove(bound)


def depart(step: Step, episode: Episode) -> None:
    """It is under observation in another cell, or elsewhere, from now on."""
    for bound in episode.open_bounds:
        step.totals.leave(_cell(step, episode, bound), step.now)


def arrive(step: Step, episode: Episode, since: Moment) -> None:
    """It was under observation elsewhere, until ``since``, and is so here from then on."""
    for bound in episode.open_bounds:
        step.totals.enter(_cell(step, episode, bound), since)


def stands(episode: Episode) -> bool:
    """Whether the claim stands, by the strict bound: another matter does not reopen this one."""
    return BOUNDS[0] in episode.open_bounds


def grow_older(step: Step, subject: str) -> None:
    """An episode reaches the edge of its age bucket."""
    episode = step.customer.episodes[subject]
    doubt = _in_doubt_until(step, episode)
    if doubt is not None:
        # First let it be known whether what came before the edge was a return.
        step.wait("age", subject, doubt + 1)
        return
    depart(step, episode)
    episode.bucket += 1
    _mature(step, episode)
    if episode.bucket == len(step.policy.ages):
        past_claims.remember(step, episode)
        end(step, episode)
        return
    arrive(step, episode, step.now)
    wait_for_edge(step, episode)


def wait_for_edge(step: Step, episode: Episode) -> None:
    """Let it grow older when the time has come, or at once when it has passed."""
    edge = step.policy.age_edges[episode.bucket + 1]
    step.wait("age", episode.id, max(episode.claim.at + edge, step.at))


def say(
    step: Step,
    episode: Episode,
    verdict: Literal["durable", "failed", "censored", "retracted"],
    bound: str,
    evidence: tuple[Mark | None, ...],
    **more: str,
) -> str:
    """Publish what became of it, and return the id of the record.

    A claim may fail, stand again and fail again in the same way, so the id rests on the events
    as well: on the proof, and on the event that made it known.
    """
    conversation = step.customer.conversations[episode.conversation_id]
    names = [part for mark in (*evidence, step.mark) if mark for part in mark.name]
    told = (episode.id, verdict, bound, *sorted(more.values()), *names)
    fields = step.published(conversation, *told) | {
        "ai_version": episode.ai_version,
        "intent_group": episode.intent_group,
        "channel": str(episode.channel),
    }
    outcome = _outcome(
        **fields,
        **more,  # type: ignore[arg-type]  # cause, match, horizon, reason or replaces
        evidence=evidence_of(*evidence),
        episode_id=episode.id,
        issue_id=episode.issue or None,
        claimed_at=datetime_of(episode.claim.at),
        claimed_by=episode.by,
        basis=episode.basis,
        entry_ai_version=episode.entry_ai_version,
        assisted=episode.assisted,
        verdict=verdict,
        bound=bound,  # type: ignore[arg-type]  # one of BOUNDS
        age_seconds=seconds(step.at - episode.claim.at),
        gen_ai_conversation_id=episode.gen_ai_conversation_id,
        gen_ai_response_id=episode.gen_ai_response_id,
    )
    step.say(outcome)
    return outcome.id


def correct(step: Step, episode: Episode, proof: Mark | None, **why: str) -> None:
    """Tell anew what was told of horizons, where what comes late is from before them."""
    for horizon, (record, bound) in episode.told.items():
        # Edges of age never change while a claim is on trial.
        edge = step.policy.ages.index(horizon) + 1
        failed = {one for each in episode.failures if each.age < edge for one in each.bounds}
        widest = next((one for one in reversed(BOUNDS) if one not in failed), "")
        if widest != bound:
            verdict, by = ("durable", widest) if widest else ("failed", BOUNDS[0])
            more = {"horizon": horizon, "replaces": record} | why
            said = say(step, episode, verdict, by, (episode.claim, proof), **more)  # type: ignore[arg-type]  # one of two
            episode.told[horizon] = (said, widest)


def _in_doubt_until(step: Step, episode: Episode) -> Moment | None:
    """Until when it is not known whether the customer came back, if it is not."""
    deadlines, words = step.customer.deadlines, step.customer.words
    doubts = [deadlines.get(f"reopen:{episode.id}")]
    for name, word in words.items():
        if word.conversation_id == episode.conversation_id:
            doubts.append(deadlines.get(f"hold:{name}"))
    return max(filter(None, doubts), default=None)


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
        said = say(step, episode, "durable", widest, (episode.claim,), horizon=horizon)
        episode.told[horizon] = (said, widest)
    if "same_issue" in episode.open_bounds and horizon == spell(step.policy.durable_horizon):
        effort.held(step, episode)


def _cell(step: Step, episode: Episode, bound: str) -> tuple[str, ...]:
    return (bound, step.policy.ages[episode.bucket], episode.ai_version, episode.intent_group)
