"""Examines an installation from outside, and says of everything that is wrong how to put it right.

Rule: it only looks. It makes no topic, joins no group and sends no alert, so that it can be run at
any time. What it cannot reach it names, and goes on with the rest.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from aiokafka.errors import KafkaError

from monitor.shell import topic_check
from monitor.shell.access import access_of
from monitor.shell.benchmarks import Benchmarks
from monitor.shell.metrics import BUILD, RELEASE
from monitor.shell.policy_file import PolicyError, policy_of
from monitor.shell.refusal import why_refused
from monitor.shell.settings import PREFIX, SettingsError
from monitor.shell.topics import TopicError, topics_of
from monitor.shell.web_access import NOTHING, pages_tls, proof_of, why_no_answer
from monitor.shell.web_group import OWNERS
from monitor.shell.worker_page import WorkerPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from monitor.shell.settings import Settings
    from monitor.shell.web_access import Proof

_ANSWERED_WITHIN_SECONDS = 10
_SKEW_SECONDS_MAX = 60
_LAG_SECONDS_MAX = 300
_OK = 200


@dataclass(frozen=True, slots=True)
class Ailment:
    """What is wrong, and the fix; a note is of what may be over, or as it is meant."""

    what: str
    fix: str
    is_note: bool = False

    @classmethod
    def of(cls, error: Exception, fix: str) -> Ailment:
        """What an error says, and its own fix if it names one."""
        what, _, own = str(error).partition("; fix: ")
        return cls(what, own or fix)


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered over HTTP."""

    status: int
    date: datetime | None
    text: str


class SilenceError(Exception):
    """Nobody answers at an address. The message says why."""


async def fetch(url: str, proof: Proof = NOTHING) -> Answer:
    """Get a page; ``proof`` is for a worker's.

    Raises:
        SilenceError: nobody answers.
    """
    try:
        async with (
            proof.session(_ANSWERED_WITHIN_SECONDS) as session,
            session.get(url) as answer,
        ):
            date = answer.headers.get("Date")
            told = parsedate_to_datetime(date) if date else None
            return Answer(answer.status, told, await answer.text())
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise SilenceError(f"nobody answers at {url} ({type(error).__name__})") from error


def examine_files(settings: Settings) -> Iterator[Ailment]:
    """Whether a worker could start with the files that the settings name."""
    try:
        settings.hash_key()
    except SettingsError as error:
        yield Ailment.of(error, "outcome-monitor key new hash.key, and name the file")
    try:
        access_of(settings)
    except SettingsError as error:
        yield Ailment.of(error, "see docs/kafka-security.md")
    try:
        pages_tls(settings)
    except SettingsError as error:
        yield Ailment.of(error, "see docs/page.md")
    try:
        policy_of(settings)
    except PolicyError as error:
        yield Ailment.of(error, "outcome-monitor policy check names the key and its range")
    try:
        if settings.benchmarks_file is not None:
            Benchmarks(settings.benchmarks_file)
    except SettingsError as error:
        yield Ailment.of(error, "see docs/alerts.md for how scores are written")


async def examine_topics(settings: Settings) -> list[Ailment]:
    """Whether the broker answers and lets us in, and its topics are as they are needed."""
    try:
        access, topics = access_of(settings), topics_of(settings.group)
    except SettingsError:
        return [Ailment("no settings lead to a broker", "repair them, and ask again")]
    try:
        async with asyncio.timeout(_ANSWERED_WITHIN_SECONDS):
            found = await topic_check.faults(access, topics, settings.partitions)
    except (KafkaError, TimeoutError):
        return [Ailment.of(await why_refused(access), "see that the broker runs")]
    except TopicError as error:
        return [Ailment.of(error, "see that all brokers run")]
    return [Ailment(f"topic {one.topic} {one.what}", one.fix) for one in found]


async def examine_workers(urls: Sequence[str], settings: Settings, now: datetime) -> list[Ailment]:
    """Whether workers answer, have all partitions between them, and keep up.

    Those that are named tell where the owners of all other partitions are.
    """
    try:
        proof = proof_of(settings)
    except SettingsError:
        return [Ailment("no settings lead to a worker", "repair them, and ask again")]
    fix = "start the worker, or name another by --worker"
    looked = [await _look(url.rstrip("/"), proof, now, fix) for url in urls]
    if all(worker for worker, _ in looked):
        named = [worker for worker, _ in looked if worker]
        fix = "start the worker; if it runs, ask from where workers reach each other"
        looked += [await _look(url, proof, now, fix) for url in await _others(named, proof)]
    found = [one for _, ailments in looked for one in ailments]
    pages = [worker for worker, _ in looked if worker]
    for worker in pages:
        found += _of_page(worker, settings)
    found += _of_releases(pages)
    return found + list(_of_partitions(pages)) if len(pages) == len(looked) else found


async def _look(
    base: str, proof: Proof, now: datetime, fix: str
) -> tuple[WorkerPage | None, list[Ailment]]:
    """The page of a worker, if it has one, and what is wrong with its answers."""
    try:
        ready = await fetch(f"{base}/readyz", proof)
        page = await fetch(f"{base}/metrics", proof)
    except SilenceError as error:
        why = why_no_answer(base, error)
        return None, [Ailment.of(SilenceError(f"{base}: {why}") if why else error, fix)]
    found = list(_of_clock(base, page.date, now))
    if ready.status != _OK:
        found.append(
            Ailment(
                f"worker {base} is not ready: {ready.text.strip()}",
                "wait while it recovers; if it stays so, its log says what it waits for",
            )
        )
    try:
        return WorkerPage(base, page.text), found
    except ValueError:
        what = f"{base} answers, but not as a worker does"
        return None, [*found, Ailment(what, "name a worker by --worker")]


async def _others(workers: Sequence[WorkerPage], proof: Proof) -> list[str]:
    """The addresses of those who have what none of these workers has, as far as they tell."""
    owners: dict[int, str] = {}
    missing = _missing(workers)
    for worker in workers if missing else ():
        with suppress(SilenceError, msgspec.MsgspecError):
            answer = await fetch(f"{worker.base}{OWNERS}", proof)
            if answer.status == _OK:
                owners |= msgspec.json.decode(answer.text, type=dict[int, str])
    found = {owners[number].rstrip("/") for number in missing if number in owners}
    return sorted(found - {worker.base for worker in workers})


def _of_clock(base: str, told: datetime | None, now: datetime) -> Iterator[Ailment]:
    skew = 0.0 if told is None else (told - now).total_seconds()
    if abs(skew) > _SKEW_SECONDS_MAX:
        yield Ailment(
            f"the clock of {base} is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'} of ours",
            "let both machines keep time by NTP: lateness and lag are measured by these clocks",
        )


def _of_page(worker: WorkerPage, settings: Settings) -> Iterator[Ailment]:
    """What a worker's page says of its own health."""
    wanted = worker.one("cx_monitor_partitions")
    if wanted is not None and wanted != settings.partitions:
        yield Ailment(
            f"worker {worker.base} is set up for {wanted:.0f} partitions, we for "
            f"{settings.partitions}",
            f"set {PREFIX}PARTITIONS alike everywhere",
        )
    for topic, seconds in worker.most("cx_monitor_lag_seconds", "topic").items():
        if seconds > _LAG_SECONDS_MAX:
            yield Ailment(
                f"worker {worker.base} is {seconds:.0f} s behind on {topic}",
                "start more workers, up to one for each partition",
            )
    for signal in worker.most("cx_monitor_blind", "signal"):
        yield Ailment(
            f"worker {worker.base} is blind: {signal}",
            "see docs/runbooks/MonitorSignalBlind.md: a source that used to speak is silent",
        )
    for topic, skewed in worker.sums("cx_clock_skewed_total", "topic").items():
        if skewed:
            yield Ailment(
                f"worker {worker.base} has ever counted {skewed:.0f} events on {topic} that were "
                "dated after they arrived",
                "if it goes on, set the clocks of their producers; with --prometheus the last "
                "hour is looked at",
                is_note=True,
            )


def _of_releases(pages: Sequence[WorkerPage]) -> Iterator[Ailment]:
    releases = sorted({one for worker in pages for one in worker.most(BUILD, RELEASE)})
    if len(releases) > 1:
        yield Ailment(
            f"workers of this group run different releases: {', '.join(releases)}",
            "if no upgrade is being rolled out, bring one to its end: docs/upgrades.md",
            is_note=True,
        )


def _missing(pages: Sequence[WorkerPage]) -> list[int]:
    owned = {number for worker in pages for number in worker.partitions()}
    wanted = max((worker.one("cx_monitor_partitions") or 0 for worker in pages), default=0)
    return [number for number in range(int(wanted)) if number not in owned]


def _of_partitions(pages: Sequence[WorkerPage]) -> Iterator[Ailment]:
    """Whether each partition is had by exactly one of these workers."""
    if missing := _missing(pages):
        yield Ailment(
            f"none of these workers has partitions {', '.join(map(str, missing))}",
            f"name all workers by --worker, or set {PREFIX}WEB_TOKEN_FILE as they have it, so that "
            "one tells of the others; if these are all of them, "
            "see docs/runbooks/MonitorPartitionUnowned.md",
        )
    owners = Counter(number for worker in pages for number in worker.partitions())
    twice = sorted(number for number, count in owners.items() if count > 1)
    if twice:
        yield Ailment(
            f"several workers show partitions {', '.join(map(str, twice))}",
            "see docs/runbooks/MonitorPartitionOwnedTwice.md for how to tell who has them",
        )
