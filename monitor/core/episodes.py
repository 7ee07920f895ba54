"""Episodes: a claim of resolution is put on trial, and holds or does not.

Rule: under each bound (reading of "the same issue") an episode fails at most once. The bounds
are nested: what fails the strict reading fails the loose ones too.

- ``explicit``: the customer returned to the same conversation, case or entity;
- ``same_issue``: that, or with the same intent. Durability by this bound is an upper limit;
- ``any_issue``: for whatever reason. Durability by this bound is a lower limit.

Each issue of a conversation has its own episode, and so has the conversation as a whole (issue
``""``). Who cannot be known again is not put on trial: the claim is counted, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.core import effort, trials
from monitor.core.journeys import EXPLICIT, SAME_INTENT
from monitor.core.outputs import Claimed
from monitor.core.state import Conversation, Episode, Failure, Mark
from monitor.core.step import NO_AI, Step, content_id, group_of, is_identified, version_of
from monitor.core.trials import BOUNDS
from schemas.vocabulary import Basis

if TYPE_CHECKING:
    from schemas.conversations import ClaimData

REOPEN = "reopen"
_FIRST_BOUND = {EXPLICIT: 0, SAME_INTENT: 1}
_NO_CLAIM = (Basis.BULK, Basis.MERGE)


def claim(step: Step, conversation: Conversation, data: ClaimData) -> None:
    """Somebody says it is resolved."""
    if data.basis in _NO_CLAIM:
        # Swept up with others: nobody looked at this customer, so nothing is claimed.
        censor(step, conversation, str(data.basis))
        return
    unsuspend(step, conversation)
    issue = data.issue_id or ""
    if _is_claimed(step, conversation, issue):
        return
    by, version = data.by, version_of(conversation)
    step.count("cx_resolutions_claimed_total", by, data.basis, version, group_of(conversation))
    step.say(Claimed(conversation.id, step.at, by, data.basis))
    effort.claimed(step, conversation)
    if is_identified(conversation):
        _make_room(step)
        trials.begin(step, _episode(step, conversation, data))
    else:
        conversation.unfollowed[issue] = step.at


def on_trial(step: Step, conversation: Conversation) -> list[Episode]:
    """The claims of a conversation whose trial goes on, standing or failed, in their order."""
    return [step.customer.episodes[name] for name in conversation.episodes]


def standing(step: Step, conversation: Conversation) -> list[Episode]:
    """The claims of a conversation that are on trial and stand."""
    return [episode for episode in on_trial(step, conversation) if trials.stands(episode)]


def stands(step: Step, conversation: Conversation) -> bool:
    """Whether a claim stands, on trial or not."""
    return bool(conversation.unfollowed or standing(step, conversation))


def fail(  # noqa: PLR0913  # a failure has this many facts
    step: Step, episode: Episode, match: str, cause: str, proof: Mark | None, by: str = ""
) -> bool:
    """A claim did not hold. Returns whether that undid anything that still stood.

    What happened before the claim, which a late event can show, undoes nothing. ``by`` is the
    message or the contact of the customer, if it was one.
    """
    age = step.at - episode.claim.at
    bucket = step.policy.bucket_of(age)
    hit = [bound for bound in _covered(match) if bound in episode.open_bounds]
    if age < 0 or bucket is None or not hit:
        return False
    evidence = (episode.claim, proof)
    said = trials.say(step, episode, "failed", hit[0], evidence, cause=cause, match=match)
    failure = Failure(said, match, cause, bucket, hit, proof, by)
    episode.failures.append(failure)
    for bound in hit:
        trials.leave(step, episode, bound)
        _count(step, "cx_resolution_failures_total", episode, failure, bound)
    step.count("cx_resolution_failure_causes_total", cause, match, step.policy.ages[bucket])
    trials.correct(step, episode, proof, cause=cause, match=match)
    return True


def retract(step: Step, episode: Episode, failure: Failure, reason: str) -> None:
    """A failure was none: where nothing else undid the claim, it stands again."""
    episode.failures.remove(failure)
    for bound in failure.bounds:
        _count(step, "cx_resolution_failures_retractions_total", episode, failure, bound)
        heir = next((one for one in episode.failures if bound in _covered(one.match)), None)
        if heir is not None:
            # A stricter failure came later, and would have undone this reading as well.
            heir.bounds.append(bound)
            _count(step, "cx_resolution_failures_total", episode, heir, bound)
        elif not episode.censored:
            trials.enter(step, episode, bound)
    labels = (failure.cause, failure.match, step.policy.ages[failure.age])
    step.count("cx_resolution_failure_causes_retractions_total", *labels)
    trials.say(
        step,
        episode,
        "retracted",
        failure.bounds[0],
        (episode.claim, failure.proof, step.mark),
        cause=failure.cause,
        match=failure.match,
        reason=reason,
        replaces=failure.outcome_id,
    )
    trials.correct(step, episode, failure.proof, reason=reason)
    if not episode.open_bounds and not episode.failures:
        trials.end(step, episode)


def fail_by_return(step: Step, episode: Episode, proof: Mark | None, by: str) -> bool:
    """The customer returned to the conversation itself. Returns whether that undid the claim."""
    if episode.suspended_by is None:
        return fail(step, episode, EXPLICIT, REOPEN, proof, by)
    # The customer speaks up: staff did not reopen it by mistake.
    step.forget("reopen", episode.id)
    return _settle(step, episode)


def suspend(step: Step, conversation: Conversation) -> None:
    """Staff reopened the conversation: fail its claims unless it is closed again at once."""
    for episode in standing(step, conversation):
        if episode.suspended_by is None and step.at >= episode.claim.at:
            episode.suspended_by = step.mark
            until = step.at + step.policy.mistaken_reopen_max + 1
            step.wait("reopen", episode.id, until)


def unsuspend(step: Step, conversation: Conversation) -> None:
    """Closed or claimed again at once: the reopening was a mistake, and the claims stand."""
    suspended = [one for one in on_trial(step, conversation) if one.suspended_by is not None]
    if suspended:
        step.count("cx_mistaken_reopens_total")
    for episode in suspended:
        episode.suspended_by = None
        step.forget("reopen", episode.id)
        trials.wait_for_edge(step, episode)  # which may have passed meanwhile


def settle_suspension(step: Step, subject: str) -> None:
    """Nobody closed the conversation again: the reopening was no mistake."""
    _settle(step, step.customer.episodes[subject])


def censor(step: Step, conversation: Conversation, reason: str) -> None:
    """End the trial of a conversation's claims, as far as there is no verdict yet."""
    conversation.unfollowed = {}
    for episode in on_trial(step, conversation):
        _censor(step, episode, reason)
        if episode.censored and not episode.failures:
            trials.end(step, episode)


def _censor(step: Step, episode: Episode, reason: str) -> None:
    if not episode.open_bounds:
        return
    for bound in list(episode.open_bounds):
        trials.leave(step, episode, bound)
    step.forget("reopen", episode.id)
    episode.suspended_by, episode.censored = None, True
    step.count("cx_resolution_censored_total", reason)
    evidence = (episode.claim, step.mark)
    trials.say(step, episode, "censored", "any_issue", evidence, reason=reason)


def _make_room(step: Step) -> None:
    """Evict the oldest when no more claims of a customer may be on trial."""
    while len(step.customer.episodes) >= step.policy.open_max:
        oldest = next(iter(step.customer.episodes.values()))
        _censor(step, oldest, "eviction")
        trials.end(step, oldest)
        step.count("cx_state_bounds_total", "open_max")


def _is_claimed(step: Step, conversation: Conversation, issue: str) -> bool:
    return issue in conversation.unfollowed or any(
        episode.issue == issue for episode in standing(step, conversation)
    )


def _covered(match: str) -> tuple[str, ...]:
    return BOUNDS[_FIRST_BOUND.get(match, 2) :]


def _count(step: Step, name: str, episode: Episode, failure: Failure, bound: str) -> None:
    age = step.policy.ages[failure.age]
    step.count(name, bound, age, episode.ai_version, episode.intent_group)


def _settle(step: Step, episode: Episode) -> bool:
    # The claim failed when the conversation was reopened, not when that became certain.
    proof, episode.suspended_by = episode.suspended_by, None
    assert proof is not None, "a suspended episode knows what suspended it"
    return fail(replace(step, at=proof.at), episode, EXPLICIT, REOPEN, proof)


def _episode(step: Step, conversation: Conversation, data: ClaimData) -> Episode:
    assert step.mark is not None, "a claim is an event"
    return Episode(
        id=content_id(conversation.id, *step.mark.name),
        conversation_id=conversation.id,
        claim=step.mark,
        by=data.by,
        basis=data.basis,
        ai_version=version_of(conversation),
        intent_group=group_of(conversation),
        channel=conversation.channel,
        open_bounds=list(BOUNDS),
        gen_ai_conversation_id=conversation.gen_ai_conversation_id,
        gen_ai_response_id=conversation.gen_ai_response_id,
        issue=data.issue_id or "",
        entry_ai_version=conversation.entry_ai_version or NO_AI,
        assisted=conversation.turns.human_spoke,
        escalated=bool(conversation.handoffs),
    )
