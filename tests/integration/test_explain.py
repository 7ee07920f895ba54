"""Any worker of a group answers for every journey, and names no customer."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.shell.asking import CUSTOMER_HEADER
from monitor.shell.publish import keyed_hash
from monitor.shell.topics import partition_of
from tests.build import claimed, clock, handoff_requested, promised, started, topic_of
from tests.integration.conftest import unused_broker
from tests.integration.traffic import Message, heartbeats, send
from tests.integration.worker import HASH_KEY, PARTITIONS, Worker
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.envelope import Envelope

CUSTOMERS = 8
ENDS = clock("2d 09:00")


@dataclass(frozen=True)
class Group:
    """Two workers that share the partitions."""

    asked: Worker
    other: Worker

    def get(self, case: str, customer: str | None = None) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.asked.port}/explain?case={case}"
        headers = {CUSTOMER_HEADER: customer} if customer else {}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers=headers),
                timeout=60,
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def told(customer: int) -> list[Envelope]:
    """A claim on trial for two days, a handoff that nobody took, and a promise."""
    who, where = f"secret-{customer}", {"conversation_id": f"chat-{customer}"}
    return [
        started(who, "09:00", case_id=f"case-{customer}", **where),
        claimed(who, "09:10", **where),
        handoff_requested(who, "09:20", f"handoff-{customer}", **where),
        promised(who, "09:30", "9d 09:00", f"promise-{customer}", **where),
    ]


def messages() -> Iterator[Message]:
    for customer in range(CUSTOMERS):
        for event in told(customer):
            value = event.model_dump_json(exclude_none=True).encode()
            yield Message(topic_of(event), f"secret-{customer}".encode(), value)
    yield from heartbeats(1, ENDS + timedelta(seconds=seconds(Policy().lateness)))


@pytest.fixture(scope="module", params=["embedded", "apache"])
def group(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Group]:
    directory = tmp_path_factory.mktemp("workers")
    with unused_broker(request) as bootstrap, ExitStack() as ending:
        workers = [Worker(bootstrap, "explained", directory / name) for name in ("a", "b")]
        for worker in workers:
            ending.callback(worker.kill)
            worker.start()
        pair = Group(*workers)
        asyncio.run(send(bootstrap, messages()))
        for worker in workers:
            worker.wait_until(lambda: set(worker.watermarks().values()) == {ENDS.timestamp()})  # noqa: B023
        assert [len(worker.watermarks()) for worker in workers] == [PARTITIONS // 2] * 2
        yield pair


def owned_by_the_other(group: Group) -> int:
    """Give a customer of whom the asked worker knows nothing itself."""
    theirs = group.other.watermarks()
    return next(n for n in range(CUSTOMERS) if partition_of(f"secret-{n}", PARTITIONS) in theirs)


@pytest.mark.parametrize("by", ["chat", "case"])
@pytest.mark.parametrize("knows_the_customer", [True, False])
@pytest.mark.parametrize("customer", range(CUSTOMERS))
def test_the_owner_is_found(
    group: Group, customer: int, by: str, *, knows_the_customer: bool
) -> None:
    reference = f"secret-{customer}"
    status, body = group.get(f"{by}-{customer}", reference if knows_the_customer else None)
    answer = json.loads(body)
    assert len(answer["journeys"]) == 1, (status, body)
    (journey,) = answer["journeys"]

    assert (status, answer["without_answer"]) == (200, [])
    assert journey["partition"] == partition_of(reference, PARTITIONS)
    assert journey["event_time"] == ENDS.isoformat()
    assert [claim["age_seconds"] for claim in journey["claims"]] == [86_400 + 23 * 3600 + 50 * 60]
    assert [one["id"] for one in journey["handoffs"]] == [f"handoff-{customer}"]
    assert [one["id"] for one in journey["promises"]] == [f"promise-{customer}"]
    assert [one["sf"] for one in journey["findings"]] == ["SF-05"]
    assert "waiting.promise" in {one["rule"] for one in journey["pending"]}


def test_no_answer_names_a_customer_but_by_the_keyed_hash(group: Group) -> None:
    for customer in range(CUSTOMERS):
        _, body = group.get(f"chat-{customer}", f"secret-{customer}")

        assert "secret" not in body
        assert json.loads(body)["journeys"][0]["journey"] == published(customer)


def published(customer: int) -> str:
    """Give the name under which a customer's only journey is published."""
    return keyed_hash(HASH_KEY, f"secret-{customer}\x1f1")


@pytest.mark.parametrize("customer", range(CUSTOMERS))
def test_a_journey_is_found_by_the_name_it_is_published_by(group: Group, customer: int) -> None:
    status, body = group.get(published(customer))
    (journey,) = json.loads(body)["journeys"]

    assert (status, journey["journey"]) == (200, published(customer))
    assert [one["id"] for one in journey["conversations"]] == [f"chat-{customer}"]


def test_a_name_that_is_nobodys_is_not_found(group: Group) -> None:
    status, body = group.get(keyed_hash(b"another key of sixteen", "secret-1\x1f1"))

    assert (status, json.loads(body)["journeys"]) == (404, [])


def test_a_wrong_customer_does_not_hide_the_case(group: Group) -> None:
    assert group.get("chat-1", "somebody else")[0] == 200


def test_what_nobody_remembers_is_not_found(group: Group) -> None:
    status, body = group.get("chat-99")

    assert (status, json.loads(body)["journeys"]) == (404, [])


def test_a_question_without_a_case_is_refused(group: Group) -> None:
    for query in ("", "?case=", "?case=chat-1&partition=all"):
        assert group.asked.get(f"/explain{query}")[0] == 400


def cli(group: Group, *arguments: str) -> tuple[int, str, str]:
    address = f"http://127.0.0.1:{group.asked.port}/"
    ended = subprocess.run(
        [sys.executable, "-m", "monitor.cli", "explain", *arguments, "--worker", address],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_shows_what_another_worker_knows(group: Group) -> None:
    customer = owned_by_the_other(group)
    reference = f"secret-{customer}"
    status, out, err = cli(group, f"chat-{customer}", "--customer", reference)

    assert (status, err) == (0, "")
    assert "1d 23h old, stands by explicit, same_issue, any_issue" in out
    assert "SF-05 confirmed: A handoff was requested, and nobody took it" in out
    assert "[waiting.promise]" in out
    assert json.loads(cli(group, f"chat-{customer}", "--json")[1]) == json.loads(
        group.get(f"chat-{customer}", reference)[1]
    )


def test_the_command_says_what_to_do_when_nobody_knows(group: Group) -> None:
    status, out, err = cli(group, "chat-99")

    assert (status, out) == (1, "")
    assert err.startswith("error: chat-99: no worker remembers such a case, conversation or jour")
    assert "fix: explain it from the log: outcome-monitor explain CONVERSATION --log FILE" in err


def test_an_owner_that_is_gone_is_told_from_a_case_that_is_not_there(group: Group) -> None:
    """Runs last, for it leaves one worker."""
    customer = owned_by_the_other(group)
    theirs = sorted(group.other.watermarks())
    group.other.kill()
    status, body = group.get(f"chat-{customer}")

    assert (status, json.loads(body)["without_answer"]) == (503, theirs)
    assert (
        f"partitions {', '.join(map(str, theirs))} gave no answer"
        in cli(group, f"chat-{customer}")[2]
    )
    group.asked.wait_until(lambda: group.get(f"chat-{customer}")[0] == 200)
