"""The customer's word after a claim: a return, an acknowledgement, or not known yet.

Rule: thanks undo nothing. A message of unknown kind may be thanks, so it is held until somebody
says its kind or the wait is over; whatever is decided then, it counts for the time at which the
customer wrote. What was decided wrongly is put right when the kind comes late.

A second ``message.created`` with the same ``message_id`` says more of a message and is none of
its own. It is known by that id while the message is the customer's last in the conversation,
while it is held, and while it is what undid a claim or what did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.core import effort, episodes, issues, trials
from monitor.core.memory import forget, make_room
from monitor.core.messages import CUSTOMER
from monitor.core.silent import sf01
from monitor.core.state import Conversation, Episode, Failure, Mark, Word
from monitor.core.step import UNKNOWN
from schemas.vocabulary import MessageKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from monitor.core.step import Step
    from schemas.conversations import MessageData

NO_RETURN = (MessageKind.ACK, MessageKind.THANKS, MessageKind.AUTO_REPLY)


def hear(step: Step, conversation: Conversation, data: MessageData) -> None:
    """The customer says something that was not said before."""
    assert step.mark is not None, "a message is an event"
    conversation.heard = data.message_id
    if not (conversation.episodes or conversation.unfollowed):
        return  # it undoes nothing
    word = Word(conversation.id, data.message_id, step.mark, data.kind, _intent(data))
    if data.kind in NO_RETURN:
        _acknowledge(step, conversation, word)
    elif data.kind is not MessageKind.UNKNOWN:
        come_back(step, conversation, step.mark, word.message_id, word.intent)
    elif episodes.stands(step, conversation):
        _keep(step, word)
        step.wait("hold", _name(word), step.at + step.policy.kind_wait)


def is_known(step: Step, conversation: Conversation, data: MessageData) -> bool:
    """Whether more is said of a customer's message that is known already."""
    if data.actor is not CUSTOMER:
        return False
    if data.message_id == conversation.heard:
        return True
    if not (conversation.episodes or step.customer.words):
        return False
    kept = f"{conversation.id}\x1f{data.message_id}" in step.customer.words
    return kept or any(_failed_by(step, conversation, data))


def say_again(step: Step, conversation: Conversation, data: MessageData) -> None:
    """The kind of a customer's message becomes known, or is corrected."""
    conversation.asked_for_human = conversation.asked_for_human or data.requests_human
    word = step.customer.words.get(f"{conversation.id}\x1f{data.message_id}")
    if data.kind is MessageKind.UNKNOWN:
        return
    if data.kind not in NO_RETURN:
        if word is not None:
            word.intent = _intent(data) or word.intent
            _decide(step, conversation, word)
    elif word is None:
        _take_back(step, conversation, data)
    elif word.kind is MessageKind.UNKNOWN:
        forget(step, "words", _name(word))
        word.kind = data.kind
        _acknowledge(step, conversation, word)
        for episode in episodes.standing(step, conversation):
            trials.wait_for_edge(step, episode)  # which may have passed meanwhile


def decide(step: Step, conversation: Conversation) -> None:
    """It is claimed again: what the customer said before was worth an answer."""
    for word in list(step.customer.words.values()):
        if word.conversation_id == conversation.id and word.kind is MessageKind.UNKNOWN:
            _decide(step, conversation, word)


def expire(step: Step, subject: str) -> None:
    """Nobody said what kind of message it was."""
    word = step.customer.words[subject]
    _decide(step, step.customer.conversations[word.conversation_id], word)


def come_back(
    step: Step,
    conversation: Conversation,
    proof: Mark | None,
    message_id: str = "",
    intent: str | None = None,
) -> None:
    """The customer is back, for one issue if the intent says which, or for the whole."""
    meant = issues.about(step, conversation, intent)
    for episode in episodes.standing(step, conversation):
        # Where the customer speaks, of whatever issue, staff did not reopen by mistake.
        reopened = episode.suspended_by is not None
        concerned = reopened or not meant or episode.issue in ("", *meant)
        if concerned and episodes.fail_by_return(step, episode, proof, message_id):
            sf01.returned(step, conversation, episode, proof)
    end_unfollowed(step, conversation, meant)


def end_unfollowed(step: Step, conversation: Conversation, meant: Collection[str] = ()) -> None:
    """Claims that are not on trial stand no longer, of some issues or of all."""
    conversation.unfollowed = {
        issue: claimed_at
        for issue, claimed_at in conversation.unfollowed.items()
        if claimed_at > step.at or (meant and issue not in ("", *meant))
    }


def _decide(step: Step, conversation: Conversation, word: Word) -> None:
    """It was a return, and it was one when the customer wrote."""
    forget(step, "words", _name(word))
    then = replace(step, at=word.mark.at)
    come_back(then, conversation, word.mark, word.message_id, word.intent)
    for episode in episodes.standing(step, conversation):
        trials.wait_for_edge(step, episode)


def _acknowledge(step: Step, conversation: Conversation, word: Word) -> None:
    if episodes.stands(step, conversation):
        step.count("cx_post_close_acks_total", word.kind)
        effort.stop(step, conversation)
        _keep(step, word)


def _take_back(step: Step, conversation: Conversation, data: MessageData) -> None:
    """What undid a claim was an acknowledgement."""
    failed = list(_failed_by(step, conversation, data))
    for episode, failure in failed:
        episodes.retract(step, episode, failure, "reclassified")
        sf01.retracted(step, conversation, episode)
    if failed:
        proof = failed[0][1].proof
        assert proof is not None, "a message is an event"
        word = Word(conversation.id, data.message_id, proof, data.kind)
        _acknowledge(step, conversation, word)


def _failed_by(
    step: Step, conversation: Conversation, data: MessageData
) -> Iterator[tuple[Episode, Failure]]:
    for name in conversation.episodes:
        episode = step.customer.episodes[name]
        for failure in episode.failures:
            if failure.by == data.message_id and failure.cause == episodes.REOPEN:
                yield episode, failure


def _keep(step: Step, word: Word) -> None:
    make_room(step, "words")
    step.customer.words[_name(word)] = word


def _name(word: Word) -> str:
    return f"{word.conversation_id}\x1f{word.message_id}"


def _intent(data: MessageData) -> str | None:
    return data.intent if data.intent != UNKNOWN else None
