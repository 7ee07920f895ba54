"""Who has the conversation, and who waits for whom: rules, sections 6 and 8.1 to 8.8."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.sim.oracle_board import CONFIRMED
from tests.sim.oracle_book import NOTHING, deadline, kind_of, public, speaks, word

if TYPE_CHECKING:
    from tests.sim.oracle_board import Board
    from tests.sim.oracle_book import Counts, Policy, Thread
    from tests.sim.oracle_order import Fact, Place

HANDOFF_KINDS = frozenset({"ai_human", "ai_ai", "human_human", "human_ai"})
TO_AI = ("ai_ai", "human_ai")
ENDS = (
    "handoff.requested",
    "handoff.accepted",
    "handoff.first_reply",
    "resolution.claimed",
    "conversation.closed",
    "conversation.merged",
    "conversation.spam_marked",
    "conversation.deleted",
)


class Change(NamedTuple):
    """Somebody has the conversation from here on."""

    fact: Fact
    owner: str
    given_back: bool


def answers(fact: Fact) -> bool:
    """Does it answer the customer's turn?"""
    spoken = public(fact, "ai") or public(fact, "human")
    return spoken and fact.get("turn_outcome") not in ("empty", "failed")


def _left_open(fact: Fact) -> bool:
    """Does the AI leave it to the customer to go on?"""
    return public(fact, "ai") and kind_of(fact) in ("question", "error")


def somebody_speaks(fact: Fact) -> bool:
    """Is it a public message of the customer, the AI or a human?"""
    return any(public(fact, actor) for actor in ("customer", "ai", "human"))


def _was_a_nod(more: Fact, message: Fact) -> bool:
    """Does this say that a message, which was taken for more, was only a nod?"""
    same = more.kind == "message.more" and more.get("message_id") == message.get("message_id")
    return same and kind_of(more) in NOTHING


@dataclass
class Turns:
    """One conversation, with the steps of the handoffs that it asked for."""

    thread: Thread
    facts: list[Fact]
    policy: Policy
    counts: Counts
    board: Board
    end: Place
    all_changes: list[Change] = field(init=False)

    def __post_init__(self) -> None:
        self.all_changes = self.changes()

    # Who has it.

    def request(self, handoff: str | None, place: Place) -> Fact | None:
        """The first request of a handoff, if there had been one."""
        return next(
            (
                fact
                for fact in self.facts
                if fact.kind == "handoff.requested"
                and fact.get("handoff_id") == handoff
                and fact.place <= place
            ),
            None,
        )

    def changes(self) -> list[Change]:
        """Every time that it was said whose it is, in the order in which that was applied."""
        found: list[Change] = []
        for fact in self.facts:
            before = found[-1] if found else None
            if before and fact.t < before.fact.t:
                continue
            change = self._after(fact, before)
            if change:
                found.append(Change(fact, *change))
        return found

    def _kind(self, request: Fact | None, place: Place) -> str:
        """The kind of a handoff, if that is still known (9.1)."""
        kind = word(request.get("kind"), HANDOFF_KINDS) if request else "unknown"
        if request is None or kind in TO_AI or request.place == place:
            return kind
        until = deadline(request.t + self.policy["verdict_wait"], request.place)
        return kind if place < until and not self.proactive(request) else "unknown"

    def _after(self, fact: Fact, before: Change | None) -> tuple[str, bool] | None:
        owner, given_back = (before.owner, before.given_back) if before else ("nobody", False)
        request = self.request(fact.get("handoff_id"), fact.place)
        kind = self._kind(request, fact.place)
        if public(fact, "human"):
            return "human", False
        if public(fact, "ai"):
            return self._after_ai(fact, owner, given_back=given_back)
        if fact.kind == "handoff.requested" and fact is request and kind != "human_human":
            return ("ai" if kind in TO_AI else "queue"), False
        if fact.kind in ("handoff.accepted", "handoff.first_reply"):
            return ("ai" if kind in TO_AI else "human"), False
        if fact.kind == "handoff.returned":
            back = kind not in ("human_human", "human_ai")
            return ("ai" if back else "human"), back
        gone = fact.kind in ("handoff.failed", "handoff.expired") and owner == "queue"
        if gone and not self._asked_again(fact, request):
            return "lost", False
        return None

    def _after_ai(self, fact: Fact, owner: str, *, given_back: bool) -> tuple[str, bool] | None:
        if owner == "nobody" or (owner == "lost" and answers(fact)):
            return "ai", False
        return (owner, False) if given_back and answers(fact) else None

    def _asked_again(self, fact: Fact, request: Fact | None) -> bool:
        return request is not None and any(
            other.kind == "handoff.requested"
            and request.place < other.place < fact.place
            and other is self.request(other.get("handoff_id"), other.place)
            for other in self.facts
        )

    def owner(self, place: Place) -> Change | None:
        """Who had it when this was applied."""
        earlier = [change for change in self.all_changes if change.fact.place <= place]
        return earlier[-1] if earlier else None

    def owner_before(self, fact: Fact) -> Change | None:
        """Who had it before this."""
        earlier = [change for change in self.all_changes if change.fact.place < fact.place]
        return earlier[-1] if earlier else None

    def past(self, fact: Fact) -> bool:
        """Is it dated before the last change of owner?"""
        before = self.owner_before(fact)
        return before is not None and fact.t < before.fact.t

    def proactive(self, fact: Fact) -> bool:
        return self.thread.origin(fact.place, self.policy) == "proactive"

    def judge(self) -> None:
        """Count takeovers, abandonment, and those who wait for nothing."""
        self._takeovers()
        self._abandonment()
        self._waits()

    def _takeovers(self) -> None:
        for fact in self.facts:
            before = self.owner_before(fact)
            if not before or before.owner != "ai" or self.past(fact) or self.proactive(fact):
                continue
            version = self.thread.version(fact.place)
            if public(fact, "human"):
                self.counts["cx_ai_takeovers_total"]["human", version] += 1
            elif (
                fact.kind == "handoff.requested"
                and fact is self.request(fact.get("handoff_id"), fact.place)
                and word(fact.get("kind"), HANDOFF_KINDS) in ("ai_human", "unknown")
                and fact.get("requested_by") == "policy"
            ):
                self.counts["cx_ai_takeovers_total"]["policy", version] += 1

    # SF-03.

    def last_words(self, place: Place) -> Fact | None:
        """The last public message, as far as was known."""
        spoken = [fact for fact in self.facts if fact.place < place and somebody_speaks(fact)]
        return max(spoken, key=lambda fact: (fact.t, fact.place), default=None)

    def _abandonment(self) -> None:
        heard = [one for one in self.facts if public(one, "customer")]
        before: Fact | None = None
        for fact in self.facts:
            if not self._books(fact) or self.proactive(fact):
                continue
            asked = self.last_words(fact.place)
            if not (asked and _left_open(asked) and asked.t <= fact.t):
                continue
            spoken = [one for one in heard if one.place < fact.place]
            if before and not any(one.t >= before.t for one in spoken):
                continue
            before, subject = asked, (self.thread, fact)
            self.board.found("SF-03", subject, CONFIRMED, fact.place, self.thread)
            cell = (self.thread.version(fact.place), self.thread.label("intent_group", fact.place))
            self.counts["cx_abandoned_as_resolved_total"][cell] += 1
            late = [one for one in heard if one.place > fact.place and asked.t <= one.t < fact.t]
            if late:
                finding = self.board.standing("SF-03", subject, late[0].place)
                self.board.take_back(finding, late[0].place)
                self.counts["cx_abandoned_as_resolved_retractions_total"][cell] += 1

    @staticmethod
    def _books(fact: Fact) -> bool:
        if fact.kind == "conversation.closed":
            return bool(fact.get("actor") == "system" or fact.get("reason") == "workflow")
        if fact.kind != "resolution.claimed" or fact.get("basis") in ("bulk", "merge"):
            return False
        return bool(fact.get("basis") == "inactivity_timeout" or fact.get("by") == "system")

    # SF-12 and SF-13.

    def _ends_wait(self, fact: Fact) -> bool:
        return answers(fact) or fact.kind in ENDS

    def _ends(self, fact: Fact, waiting: Fact) -> bool:
        """Does a message wait no longer?"""
        return _was_a_nod(fact, waiting) or (self._ends_wait(fact) and fact.t >= waiting.t)

    def _waits(self) -> None:
        waiting: Fact | None = None
        for fact in self.facts:
            if waiting and self._ends(fact, waiting):
                waiting = None
            elif not waiting and self._begins_wait(fact):
                waiting = fact
                self._wait(fact)

    def _begins_wait(self, fact: Fact) -> bool:
        failed = public(fact, "ai") and not answers(fact)
        owner = self.owner(fact.place)
        if not (speaks(fact) or failed) or self.past(fact) or self.proactive(fact):
            return False
        ends = [one.t for one in self.facts if one.place < fact.place and self._ends_wait(one)]
        if any(fact.t < t for t in ends):
            return False
        if owner is None:
            return self.thread.latest("ai_version", fact.place) is not None
        return owner.owner in ("ai", "lost") or owner.given_back

    def _wait(self, fact: Fact) -> None:
        owner = self.owner(fact.place)
        limbo = owner is not None and (owner.owner == "lost" or owner.given_back)
        window = self.policy["limbo_window"]
        if not limbo:
            channel = self.thread.label("channel", fact.place)
            windows = self.policy["reply_window_by_channel"]
            window = windows.get(channel, self.policy["reply_window"])
        due = deadline(fact.t + window, fact.place)
        later = [one for one in self.facts if one.place > fact.place]
        ended = [one for one in later if self._ends(one, fact)]
        if due >= self.end or (ended and ended[0].place < due):
            return
        sf = "SF-13" if limbo else "SF-12"
        finding = self.board.found(sf, self.thread, CONFIRMED, due, self.thread)
        wrong = [one for one in ended if self._ends_wait(one) and one.t < fact.t + window]
        wrong += [one for one in ended[:1] if _was_a_nod(one, fact)]
        if finding and wrong:
            self.board.take_back(finding, min(one.place for one in wrong))
