"""Asks the workers of a group how a journey stands. Any of them may be asked.

Every partition has one owner, and the owners know each other by the addresses that they tell the
group. Whoever is asked answers for its own partitions and asks the owners of the others.

Rule: this only reads. No answer names a customer: what is made from a reference is hashed under
the key, as in everything that is published. The reference that an operator gives to find a
partition travels in a header, which logs of proxies do not keep.
"""

from __future__ import annotations

import asyncio
import re
import urllib.parse
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from monitor.core.moments import datetime_of
from monitor.core.standing import standing
from monitor.shell.asking import ANSWERED_WITHIN_SECONDS, PATH, is_published
from monitor.shell.publish import keyed_hash
from monitor.shell.topics import partition_of
from monitor.shell.web_access import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from monitor.core.state import Customer
    from monitor.core.tracker import Tracker
    from monitor.shell.asking import Answer
    from monitor.shell.past import Past
    from monitor.shell.web_access import Proof

# Looked through before others get a turn; fewer where each row must be decoded.
_AT_ONCE = 2000
_DECODED_AT_ONCE = 200
_PARTITION = re.compile(r"[0-9]{1,6}")
# Longer than any name that an event may have.
_NAME_MAX = 1024
_FOUND, _NOT_FOUND, _NOT_NOW = 200, 404, 503


class Question(NamedTuple):
    """What a request asks: of which case, in which partitions or of which customer, if it says."""

    case: str
    partitions: frozenset[int]
    customer: str | None


def question_of(case: str, partitions: Iterable[str], customer: str | None) -> Question | None:
    """What the parameters of a request ask; None if they are no question.

    Bytes of a request that are no text come as surrogates, which no name of ours has.
    """
    numbers = list(partitions)
    known = urllib.parse.unquote(customer) if customer else None
    if not _is_text(case) or not _is_text(known or "-"):
        return None
    if not all(_PARTITION.fullmatch(number) for number in numbers):
        return None
    return Question(case, frozenset(map(int, numbers)), known)


def _is_text(name: str) -> bool:
    return 0 < len(name) <= _NAME_MAX and not any("\ud800" <= sign <= "\udfff" for sign in name)


class Inquiry:
    """What one worker answers."""

    def __init__(  # noqa: PLR0913  # it stands between as many
        self,
        trackers: Callable[[], Mapping[int, Tracker]],
        owners: Callable[[], Mapping[int, str]],
        partitions: int,
        hash_key: bytes,
        proof: Proof = NOTHING,
        pasts: Callable[[], Mapping[int, Past]] = dict,
    ) -> None:
        """Answer from the state of the owned partitions.

        Args:
            trackers: the partitions that are owned now.
            owners: the address of the owner of each partition, as the group has it.
            partitions: how many there are.
            hash_key: under which customers are hashed.
            proof: what the other workers want to be shown.
            pasts: what is kept of journeys that are over, of the partitions that are owned now.
        """
        self._trackers = trackers
        self._owners = owners
        self._partitions = partitions
        self._hash_key = hash_key
        self._proof = proof
        self._pasts = pasts

    async def answer(self, case: str, customer: str | None) -> tuple[int, Answer]:
        """Ask the owner of a customer's partition; all owners, if the customer is not known.

        Who was linked to another reference may be remembered where that one belongs, so all are
        asked as well when the one owner knows nothing.
        """
        everywhere = set(range(self._partitions))
        first = everywhere
        if customer is not None:
            first = {partition_of(customer, self._partitions)}
        journeys, silent = await self._ask(case, first)
        if not journeys and first != everywhere:
            more, silent_others = await self._ask(case, everywhere - first)
            journeys, silent = journeys + more, silent | silent_others
        status = _FOUND if journeys else _NOT_NOW if silent else _NOT_FOUND
        return status, {"case": case, "journeys": journeys, "without_answer": sorted(silent)}

    async def answer_for(self, case: str, partitions: Iterable[int]) -> tuple[int, Answer]:
        """Answer for partitions of our own only; others are without answer."""
        journeys, silent = [], set()
        for number in sorted(partitions):
            if number in self._trackers():
                journeys += await self._look(case, number)
            else:
                silent.add(number)
        return _FOUND, {"case": case, "journeys": journeys, "without_answer": sorted(silent)}

    async def _ask(self, case: str, partitions: set[int]) -> tuple[list[Answer], set[int]]:
        ours = partitions & self._trackers().keys()
        others, unknown = by_owner(self._owners(), partitions - ours)
        _, own = await self.answer_for(case, ours)
        async with self._proof.session(ANSWERED_WITHIN_SECONDS) as session:
            answers = await asyncio.gather(
                *(_forward(session, url, case, numbers) for url, numbers in others.items())
            )
        journeys = [journey for answer in (own, *answers) for journey in answer["journeys"]]
        return journeys, unknown.union(*(answer["without_answer"] for answer in (own, *answers)))

    async def _look(self, case: str, number: int) -> list[Answer]:
        tracker = self._trackers()[number]
        found = await self._look_through(case, number, tracker, case, _AT_ONCE)
        if not found and is_published(case):
            # The name under which a journey is published stands in no row.
            found = await self._look_through(case, number, tracker, "", _DECODED_AT_ONCE)
        known = {one["journey"] for one in found}
        past = self._pasts().get(number)
        over = [] if past is None else past.of(case, self._hide, tracker.policy)
        return found + [
            _head(number, tracker, 0) | one for one in over if one["journey"] not in known
        ]

    async def _look_through(
        self, case: str, number: int, tracker: Tracker, mentioned: str, at_once: int
    ) -> list[Answer]:
        found: dict[str, list[Answer]] = {}
        for count, one in enumerate(tracker.customers.search(mentioned), start=1):
            if one is not None:
                found[one[0].key] = list(self._standings(case, number, tracker, *one))
            if count % at_once == 0:
                await asyncio.sleep(0)
                if self._trackers().get(number) is not tracker:
                    break  # The partition is another worker's by now.
        return [answer for answers in found.values() for answer in answers]

    def _standings(
        self, case: str, number: int, tracker: Tracker, customer: Customer, waiting: int
    ) -> Iterator[Answer]:
        journeys = {
            one.journey for one in customer.conversations.values() if case in (one.id, one.case_id)
        }
        if is_published(case):
            known = customer.journeys
            journeys |= {one for one in known if self._hide(f"{customer.key}\x1f{one}") == case}
        for journey in sorted(journeys):
            told = standing(customer, journey, tracker.watermark, tracker.policy, self._hide)
            yield _head(number, tracker, waiting) | told

    def _hide(self, text: str) -> str:
        return keyed_hash(self._hash_key, text)


def _head(number: int, tracker: Tracker, waiting: int) -> Answer:
    return {
        "partition": number,
        "event_time": datetime_of(tracker.watermark).isoformat(),
        "events_waiting": waiting,
        "policy_version": tracker.policy.label,
    }


def by_owner(
    owners: Mapping[int, str], partitions: Iterable[int]
) -> tuple[dict[str, set[int]], set[int]]:
    """Partitions by the address of their owner, and those that nobody is known to own."""
    owned: dict[str, set[int]] = defaultdict(set)
    for number in partitions:
        owned[owners.get(number, "")].add(number)
    unknown = owned.pop("", set())
    return owned, unknown


async def _forward(
    session: aiohttp.ClientSession, url: str, case: str, partitions: set[int]
) -> Answer:
    query = [("case", case), *(("partition", str(number)) for number in sorted(partitions))]
    try:
        async with session.get(f"{url.rstrip('/')}{PATH}", params=query) as response:
            response.raise_for_status()
            answer: Answer = await response.json()
    except (aiohttp.ClientError, TimeoutError):
        return {"journeys": [], "without_answer": partitions}
    return answer
