"""The definitions of durability as batch jobs, written from the law alone: no monitor code here.

`judge` is told what happened to one customer, in whole hours so that much coincides, and says what
must have been counted. `durable_share` is the textbook's estimator over recorded incidents.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Order = tuple[int, int]
    Counted = defaultdict[str, defaultdict[tuple[str, ...], float]]

EDGES = dict(
    zip(
        ("1h", "6h", "24h", "48h", "72h", "5d", "7d", "14d", "30d"),
        (1, 6, 24, 48, 72, 120, 168, 336, 720),
        strict=True,
    )
)
HORIZONS = {"24h": 24, "72h": 72, "7d": 168, "30d": 720}
BOUNDS = ("explicit", "same_issue", "any_issue")
# Staff reopen a conversation: so long it is in doubt whether they meant to.
DOUBT = 5 / 60

# In one hour, things happen in this order.
START, MESSAGE, CLAIM, REOPENED = range(4)


@dataclass(frozen=True)
class Contact:
    """A conversation: when it began, what it was about, and the hours in which things happened."""

    start: int
    case: str | None
    intent: str
    claims: frozenset[int]
    messages: frozenset[int]
    reopened_by_customer: frozenset[int]
    reopened_by_staff: frozenset[int]
    reopened_by_mistake: frozenset[int]


@dataclass(frozen=True)
class Return:
    """The customer is back: when, the strictest bound that this fails, and when that is known."""

    when: Order
    level: int
    known: float


def judge(contacts: Sequence[Contact], until: int) -> Counted:
    """What was counted by bound and age when it is ``until``: failures, exposure, matured."""
    counted: Counted = defaultdict(lambda: defaultdict(float))
    for contact, repeats in zip(contacts, _repeats(contacts), strict=True):
        returns = sorted([*_returns(contact), *repeats], key=lambda one: one.when)
        free = (0, START)
        for claim in sorted(hour for hour in contact.claims if hour <= until):
            if (claim, CLAIM) < free:
                continue  # a claim stands already
            hits = [one for one in returns if (claim, CLAIM) < one.when < (claim + 720, START)]
            for level, bound in enumerate(BOUNDS):
                _watch(counted, bound, claim, [one for one in hits if one.level <= level], until)
            free = next((one.when for one in hits if one.level == 0), (claim + 720, START))
    return counted


def _watch(counted: Counted, bound: str, claim: int, hits: list[Return], until: int) -> None:
    failed = hits[0].when[0] if hits else claim + 720
    known = min((one.known for one in hits if one.when[0] == failed), default=claim + 720)
    below = 0
    for age, edge in EDGES.items():
        seen = min(known, until, claim + edge) - (claim + below)
        counted["exposure"][bound, age] += max(0, seen)
        counted["failures"][bound, age] += bool(hits) and (
            known <= until and below <= failed - claim < edge
        )
        below = edge
    for horizon, edge in HORIZONS.items():
        result = "durable" if failed >= claim + edge else "failed"
        counted["matured"][bound, horizon, result] += claim + edge <= until


def _returns(contact: Contact) -> Iterable[Return]:
    yield from (Return((hour, MESSAGE), 0, hour) for hour in contact.messages)
    yield from (Return((hour, REOPENED), 0, hour) for hour in contact.reopened_by_customer)
    meant = contact.reopened_by_staff - contact.reopened_by_mistake
    yield from (Return((hour, REOPENED), 0, hour + DOUBT) for hour in meant)


def _repeats(contacts: Sequence[Contact]) -> list[list[Return]]:
    repeats: list[list[Return]] = [[] for _ in contacts]
    journeys: list[list[int]] = []
    for number in sorted(range(len(contacts)), key=lambda one: contacts[one].start):
        new, best = contacts[number], (2, 0)
        for index, journey in enumerate(journeys):
            level = min(_level(new, contacts[other]) for other in journey)
            best = min(best, (level, -index))
            for other in journey:
                repeats[other].append(Return((new.start, START), level, new.start))
        if best[0] < 2:
            journeys[-best[1]].append(number)
        else:
            journeys.append([number])
    return repeats


def _level(new: Contact, old: Contact) -> int:
    if new.case is not None and new.case == old.case:
        return 0
    return 1 if new.intent == old.intent else 2


def durable_share(events: Iterable[tuple[str, float, str]], horizon: float, doubt: float) -> float:
    """Kaplan-Meier: the share of claims that still stand at an age.

    ``events`` are (case, seconds, what) in order, what being claimed, reopened or closed. A case
    that is closed or claimed again within ``doubt`` seconds was reopened by mistake.
    """
    log = sorted(events, key=lambda one: one[0])
    end = max(at for _, at, _ in log)
    spells: list[tuple[float, bool]] = []
    for _, case in groupby(log, key=lambda one: one[0]):
        steps = [(at, what) for _, at, what in case]
        claim = None
        for place, (at, what) in enumerate(steps):
            again = steps[place + 1 :]
            mistake = any(then <= at + doubt and did != "reopened" for then, did in again)
            if what == "claimed" and claim is None:
                claim = at
            elif what == "reopened" and claim is not None and not mistake:
                spells.append((at - claim, True))
                claim = None
        if claim is not None:
            spells.append((end - claim, False))
    share = 1.0
    for age in sorted({age for age, failed in spells if failed and age < horizon}):
        at_risk = sum(1 for other, _ in spells if other >= age)
        share *= 1 - sum(1 for other, failed in spells if failed and other == age) / at_risk
    return share
