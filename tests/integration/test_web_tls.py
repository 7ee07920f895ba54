"""Two workers behind certificates: who shows none gets nothing, and they still ask each other."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.shell.child import LOOPBACK
from monitor.shell.embedded import EmbeddedBroker
from monitor.shell.settings import PREFIX
from tests.build import clock, started, topic_of
from tests.certificates import Authority
from tests.integration.traffic import Message, heartbeats, send
from tests.integration.worker import PARTITIONS, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.certificates import Issued

CUSTOMERS = 8
ENDS = clock("2d 09:00")
PATHS = (
    *("/", "/metrics", "/healthz", "/readyz", "/api/v1/board"),
    *("/internal/totals", "/internal/owners"),
)
TOKEN = "a-token-that-only-this-test-holds"


@dataclass(frozen=True)
class Group:
    """Two workers that share the partitions, and who may ask them."""

    bootstrap: str
    authority: Authority
    foreign: Authority
    one: Worker
    other: Worker

    def get(self, path: str, worker: Worker | None = None) -> Any:
        status, _, text = (worker or self.one).get(path)
        assert status == 200, text
        return json.loads(text)


def trusting(authority: Authority, shown: Issued | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.certificate)
    if shown is not None:
        context.load_cert_chain(*shown)
    return context


def messages() -> Iterator[Message]:
    for number in range(CUSTOMERS):
        who = f"customer-{number}"
        event = started(who, "09:00", conversation_id=f"chat-{number}")
        value = event.model_dump_json(exclude_none=True).encode()
        yield Message(topic_of(event), who.encode(), value)
    yield from heartbeats(1, ENDS + timedelta(seconds=seconds(Policy().lateness)))


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    directory = tmp_path_factory.mktemp("workers")
    authority, foreign = (Authority(directory / name) for name in ("ours", "foreign"))
    operator = trusting(authority, authority.issue("operator"))
    with EmbeddedBroker() as broker, ExitStack() as ending:
        workers = []
        for name in ("a", "b"):
            own = authority.issue(name, for_=f"IP:{LOOPBACK}")
            worker = Worker(
                *(broker.bootstrap, "certified", directory / name),
                tls=operator,
                web_certificate_file=own.certificate,
                web_key_file=own.key,
                web_client_ca_file=authority.certificate,
            )
            ending.callback(worker.kill)
            worker.start()
            workers.append(worker)
        asyncio.run(send(broker.bootstrap, messages()))
        for worker in workers:
            worker.wait_until(lambda: set(worker.watermarks().values()) == {ENDS.timestamp()})  # noqa: B023
        assert [len(worker.watermarks()) for worker in workers] == [PARTITIONS // 2] * 2
        yield Group(broker.bootstrap, authority, foreign, *workers)


def fetched(url: str, context: ssl.SSLContext | None = None) -> int:
    with urllib.request.urlopen(url, timeout=10, context=context) as answer:  # noqa: S310  # ours
        return int(answer.status)


@pytest.mark.parametrize("path", PATHS)
def test_who_shows_no_certificate_of_the_ca_gets_nothing(group: Group, path: str) -> None:
    stranger = trusting(group.authority, group.foreign.issue(f"stranger{PATHS.index(path)}"))

    for context in (trusting(group.authority), stranger):
        with pytest.raises((ssl.SSLError, urllib.error.URLError, ConnectionError)) as refusal:
            fetched(f"{group.one.url}{path}", context)
        assert not isinstance(refusal.value, urllib.error.HTTPError)
    assert fetched(f"{group.one.url}{path}", group.one.tls) == 200


def test_nothing_is_said_in_the_open(group: Group) -> None:
    with pytest.raises(OSError, match=r"closed|reset|refused|BadStatus|disconnected"):
        fetched(f"http://{LOOPBACK}:{group.one.port}/healthz")


def test_workers_ask_each_other_by_their_certificates(group: Group) -> None:
    for worker in (group.one, group.other):
        board = group.get("/api/v1/board", worker)
        assert (board["without_answer"], board["conversations"]) == ([], CUSTOMERS)
        for number in range(CUSTOMERS):
            told = group.get(f"/explain?case=chat-{number}", worker)
            assert (len(told["journeys"]), told["without_answer"]) == (1, [])


def test_a_token_is_wanted_beside_the_certificate(group: Group, tmp_path: Path) -> None:
    token, own = tmp_path / "web.token", group.authority.issue("c", for_=f"IP:{LOOPBACK}")
    token.write_text(TOKEN)
    with Worker(
        *(group.bootstrap, "both", tmp_path / "both"),
        tls=group.one.tls,
        web_token_file=token,
        web_certificate_file=own.certificate,
        web_key_file=own.key,
        web_client_ca_file=group.authority.certificate,
    ) as worker:
        explain = ("monitor.cli", "explain", "chat-1", "--worker", worker.url)

        assert worker.get("/api/v1/board")[0] == 401
        assert worker.get("/metrics")[0] == 200
        worker.wait_until(lambda: command(worker, *explain).returncode == 0)
        assert "wants to be shown its token" in command(group.one, *explain).stderr
        with pytest.raises(OSError, match=r"ALERT|closed|reset"):
            fetched(f"{worker.url}/metrics", trusting(group.authority))


def command(worker: Worker, *words: str, **changed: object) -> subprocess.CompletedProcess[str]:
    """Run a command of ours in the environment of a worker, but for some."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        env=worker.environment | {name: str(value) for name, value in changed.items()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CLIENT_CA, CERTIFICATE, KEY = (
    f"{PREFIX}WEB_{name}_FILE" for name in ("CLIENT_CA", "CERTIFICATE", "KEY")
)


def test_commands_show_a_certificate_and_say_what_is_wrong_without_one(group: Group) -> None:
    explain = ("monitor.cli", "explain", "chat-1", "--worker", group.other.url)
    told = command(group.one, *explain)
    assert (told.returncode, told.stderr) == (0, "")
    assert "chat-1" in told.stdout

    unknown = command(group.one, *explain, **{CLIENT_CA: group.foreign.certificate})
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert f"{group.other.url}: its certificate is not believed" in unknown.stderr

    # OpenSSL's own variable names whom the machine believes.
    shown = {CLIENT_CA: "", CERTIFICATE: "", KEY: "", "SSL_CERT_FILE": group.authority.certificate}
    nothing = command(group.one, *explain, **shown)
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "it does not accept our certificate, or that we have none" in nothing.stderr
    assert f"fix: set {CERTIFICATE} and {KEY}" in nothing.stderr


def test_the_doctor_is_let_in(group: Group) -> None:
    doctor = ("monitor.cli", "doctor", "--worker", group.other.url)
    fine = command(group.one, *doctor, "--worker", group.one.url)
    wrong = command(group.one, *doctor, **{CLIENT_CA: group.foreign.certificate})

    assert (fine.returncode, fine.stderr) == (0, "")
    assert (
        f"wrong  workers\n       {group.other.url}: its certificate is not believed" in wrong.stdout
    )


def test_the_doctor_finds_the_others_by_one(group: Group) -> None:
    fine = command(group.one, "monitor.cli", "doctor", "--worker", group.other.url)

    assert (fine.returncode, fine.stderr) == (0, "")
    assert "fine   workers" in fine.stdout


def test_the_probe_of_a_supervisor_shows_the_workers_own(group: Group) -> None:
    probe = ("monitor.shell.probe", "/readyz")
    without = command(group.one, *probe, **{CERTIFICATE: ""})

    assert command(group.one, *probe).returncode == 0
    assert command(group.one, "monitor.shell.probe").returncode == 0
    assert (without.returncode, bool(re.match(r"error: ", without.stderr))) == (1, True)
    assert command(group.one, "monitor.shell.probe", "/nothing").returncode == 1
