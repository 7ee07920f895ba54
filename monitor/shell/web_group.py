"""The board of the whole group: each worker has the totals of its partitions, and asks the others.

It is made at most once a second, however many look, and only while somebody does.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from monitor.core import overview
from monitor.core.catalogue import METRICS
from monitor.core.lengths import spell
from monitor.core.moments import datetime_of
from monitor.core.reading import names_of, reading_of
from monitor.shell.inquiry import by_owner
from schemas.api import Board

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from monitor.core.policy import Policy
    from monitor.core.reading import Reading
    from monitor.core.tracker import Tracker
    from monitor.shell.labels import Shown
    from monitor.shell.web_access import Proof

    Lags = Callable[[], Mapping[tuple[str, int], float]]

PATH = "/internal/totals"
OWNERS = "/internal/owners"
_VERSION = "ai_version"
_OLD_AFTER_SECONDS = 1.0
_ANSWERED_WITHIN_SECONDS = 5
_LABELS = {name: labels for metric in METRICS.values() for name, labels in names_of(metric).items()}


class Share(msgspec.Struct):
    """What a worker says of some partitions: the totals that a board is made from."""

    partitions: list[int] = []
    event_time: int | None = None
    lag_seconds: float = 0.0
    totals: dict[str, list[tuple[tuple[str, ...], float]]] = {}


_DECODER = msgspec.json.Decoder(Share)


@dataclass(slots=True)
class _Made:
    board: Board | None = None
    at: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Group:
    """The workers of a group, as one of them sees it."""

    def __init__(  # noqa: PLR0913  # it stands between as many
        self,
        policy: Policy,
        trackers: Callable[[], Mapping[int, Tracker]],
        owners: Callable[[], Mapping[int, str]],
        lags: Lags,
        partitions: int,
        shown: Shown,
        proof: Proof,
    ) -> None:
        """Look at the partitions that are owned now, and ask the owners of the others."""
        self._policy = policy
        self._trackers = trackers
        self._owners = owners
        self._lags = lags
        self._partitions = partitions
        self._shown = shown
        self._proof = proof
        self._made = _Made()

    async def board(self) -> Board:
        """The board, as it was less than a second ago."""
        made = self._made
        async with made.lock:
            if made.board is None or time.monotonic() - made.at > _OLD_AFTER_SECONDS:
                made.board = await self._make()
                made.at = time.monotonic()
            return made.board

    def addresses(self) -> dict[int, str]:
        """Where each partition's owner answers, as the group has it."""
        return dict(self._owners())

    async def share(self, partitions: Collection[int]) -> Share:
        """What we have to say of partitions, of those that are ours."""
        share = Share()
        totals: Reading = {}
        for number, tracker in dict(self._trackers()).items():
            if number not in partitions:
                continue
            share.partitions.append(number)
            if reached := tracker.watermark:
                share.event_time = min(reached, share.event_time or reached)
            _add(totals, self._cells(tracker))
            await asyncio.sleep(0)  # Records wait for one partition only.
        lags = [lag for (_, number), lag in self._lags().items() if number in partitions]
        share.lag_seconds = max(lags, default=0.0)
        share.totals = {name: list(cells.items()) for name, cells in totals.items()}
        return share

    def _cells(self, tracker: Tracker) -> Iterator[tuple[str, tuple[str, ...], float]]:
        reading = reading_of(tracker.totals, tracker.watermark, only=overview.READ)
        for name, cells in reading.items():
            if name not in overview.READ:
                continue
            labels = _LABELS[name]
            position = labels.index(_VERSION) if _VERSION in labels else None
            bounded = labels[:1] == ("bound",)
            for cell, value in cells.items():
                if bounded and cell[0] != overview.BOUND:
                    continue
                yield name, cell if position is None else self._cut(cell, position), value

    def _cut(self, cell: tuple[str, ...], position: int) -> tuple[str, ...]:
        """A cell under the name of its version that ``/metrics`` shows."""
        shown = self._shown.value(_VERSION, cell[position])
        return (*cell[:position], shown, *cell[position + 1 :])

    async def _make(self) -> Board:
        everywhere = set(range(self._partitions))
        own = await self.share(everywhere)
        others, _ = by_owner(self._owners(), everywhere - set(own.partitions))
        async with self._proof.session(_ANSWERED_WITHIN_SECONDS) as session:
            asked = (_ask(session, url, numbers) for url, numbers in others.items())
            shares = [own, *await asyncio.gather(*asked)]
        # Estimates are work, and records do not wait for it: shares are numbers of their own.
        return await asyncio.to_thread(self._board_of, shares)

    def _board_of(self, shares: list[Share]) -> Board:
        reading: Reading = {}
        for share in shares:
            _add(reading, _flat(share))
        answered = {number for share in shares for number in share.partitions}
        times = [share.event_time for share in shares if share.event_time is not None]
        policy = self._policy
        return Board(
            event_time=datetime_of(min(times)) if times else None,
            lag_seconds=round(max(share.lag_seconds for share in shares), 3),
            policy_version=policy.label,
            durable_horizon=spell(policy.durable_horizon),
            partitions=self._partitions,
            without_answer=tuple(sorted(set(range(self._partitions)) - answered)),
            blind=overview.blind(reading),
            versions=tuple(overview.versions(reading, policy)),
            escalations=tuple(overview.escalations(reading)),
            missed_escalations=overview.missed(reading),
            effort=tuple(overview.effort(reading)),
            silent_failures=tuple(overview.silent_failures(reading)),
            **overview.counts(reading),
        )


def _add(reading: Reading, cells: Iterable[tuple[str, tuple[str, ...], float]]) -> None:
    for name, cell, value in cells:
        known = reading.setdefault(name, {})
        known[cell] = known.get(cell, 0) + value


def _flat(share: Share) -> Iterator[tuple[str, tuple[str, ...], float]]:
    for name, cells in share.totals.items():
        for cell, value in cells:
            yield name, cell, value


async def _ask(session: aiohttp.ClientSession, url: str, partitions: set[int]) -> Share:
    query = [("partition", str(number)) for number in sorted(partitions)]
    try:
        async with session.get(f"{url.rstrip('/')}{PATH}", params=query) as response:
            response.raise_for_status()
            return _DECODER.decode(await response.read())
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError):
        return Share()  # Its partitions are without answer.
