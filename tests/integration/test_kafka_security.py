"""Kafka behind TLS: all of us get in with a password or a certificate, and who does not is told."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from monitor.core.moments import seconds
from monitor.core.policy import Policy
from monitor.shell.access import access_of
from monitor.shell.refusal import why_refused
from monitor.shell.settings import PREFIX, Settings
from schemas.decode import CONVERSATIONS
from schemas.published import OUTCOMES
from tests.adapters.records import STARTED
from tests.build import claimed, clock, handoff_requested, started
from tests.certificates import Authority
from tests.integration.conftest import require_apache_kafka
from tests.integration.safeguards import guarded
from tests.integration.test_ingest import BEARER, Gateway
from tests.integration.traffic import Message, heartbeats, read_all, remove_our_topics, send
from tests.integration.worker import PARTITIONS, Worker
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.safeguards import Guarded

GROUP = "guarded"
CUSTOMERS = 8
ENDS = clock("2d 09:00")
WITHIN_SECONDS = 60
PAGE = ROOT / "docs" / "kafka-security.md"
RIGHT = re.compile(r"^\| ([A-Z_]+) \| `(\S+)` \| ([A-Z]+) \| ([A-Z_, ]+) \|$", re.MULTILINE)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    require_apache_kafka()
    with guarded(tmp_path_factory.mktemp("guarded")) as guarded_broker:
        for group in (f"{GROUP}-by_password", f"{GROUP}-by_certificate", GROUP):
            asyncio.run(guarded_broker.grant(rights(group)))
        yield guarded_broker


def rights(group: str) -> Iterator[tuple[str, str, str, str]]:
    """Give what the documentation says that the user needs, and nothing more."""
    for resource, name, pattern, operations in RIGHT.findall(PAGE.read_text(encoding="utf-8")):
        for operation in operations.split(", "):
            yield resource, name.replace("GROUP", group), pattern, operation


@pytest.fixture(params=["by_password", "by_certificate"])
def way(request: pytest.FixtureRequest, broker: Guarded) -> dict[str, Any]:
    """Give the settings of each of the two ways in, to a broker where nobody has worked yet."""
    asyncio.run(remove_our_topics(broker.kafka.bootstrap))
    settings: dict[str, Any] = getattr(broker, request.param)()
    return settings | {"group": f"{GROUP}-{request.param}"}


def says(
    settings: dict[str, Any], *words: str | Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    told = {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "monitor.cli", *words],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | told,
        timeout=WITHIN_SECONDS,
    )


async def post(gateway: Gateway) -> None:
    """Send what happened to some customers: a claim that held for a day, and a lost handoff."""
    async with aiohttp.ClientSession() as session:
        for number in range(CUSTOMERS):
            who, where = f"customer-{number}", {"conversation_id": f"chat-{number}"}
            for event in (
                started(who, "09:00", **where),
                claimed(who, "09:10", **where),
                handoff_requested(who, "09:20", f"handoff-{number}", **where),
            ):
                body = event.model_dump_json(exclude_none=True)
                url = gateway.url("/v1/own")
                async with session.post(url, data=body, headers=BEARER) as answer:
                    assert answer.status == 200, await answer.text()


def held_for_a_day(bootstrap: str) -> int:
    """How many claims were published as durable, or not, for a day."""
    records = asyncio.run(read_all(bootstrap, OUTCOMES))
    return sum(json.loads(one.value or b"").get("horizon") == "24h" for one in records)


def test_events_come_in_and_outcomes_go_out(
    broker: Guarded, way: dict[str, Any], tmp_path: Path
) -> None:
    inside = broker.kafka.bootstrap
    with ExitStack() as ending:
        gateway = Gateway(way["kafka_bootstrap"], tmp_path, **way)
        ending.enter_context(gateway)
        first, second = (
            Worker(directory=tmp_path / name, standbys=1, bootstrap="", **way) for name in "ab"
        )
        for worker in (first, second):
            ending.callback(worker.kill)
            worker.start()
        asyncio.run(post(gateway))
        rubbish = Message(CONVERSATIONS, b"customer-1", b"no event")
        over = ENDS + timedelta(seconds=seconds(Policy().lateness))
        asyncio.run(send(inside, [rubbish, *heartbeats(1, over)]))

        for worker in (first, second):
            worker.wait_until(lambda: set(worker.watermarks().values()) == {ENDS.timestamp()})  # noqa: B023
        second.wait_until(lambda: held_for_a_day(inside) == CUSTOMERS)

        first.kill()
        second.wait_until(lambda: len(second.watermarks()) == PARTITIONS)
        assert sum(second.reading()["cx_handoffs_total"].values()) == CUSTOMERS

        told = says(way, "doctor", "--worker", f"http://127.0.0.1:{second.port}", "--json")
        assert {json.loads(line)["about"] for line in told.stdout.splitlines()} == {"settings"}
        letters = says(way, "dead-letters", "redrive", "--all")
        assert (letters.returncode, letters.stdout) == (0, "1 sent again\n")
        assert second.stop() == 0


def test_every_command_gets_in(broker: Guarded) -> None:
    asyncio.run(remove_our_topics(broker.kafka.bootstrap))
    way = broker.by_certificate() | {"group": GROUP}
    assert says(way, "topics", "create").stdout == "all 9 topics are there\n"
    assert says(way, "topics", "check").returncode == 0
    mapped = says(way, "map", "run", "tau2", "--in", "-", "--kafka", stdin=json.dumps(STARTED))
    assert f"1 events acknowledged by {way['kafka_bootstrap']}" in mapped.stderr
    assert says(way, "dead-letters", "list").stderr == "0 of 0 dead letters\n"


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "PLAIN"])
def test_the_other_mechanisms_get_in(broker: Guarded, mechanism: str) -> None:
    way = broker.by_password(mechanism) | {"group": GROUP}

    assert says(way, "topics", "create").returncode == 0


def locked_out(broker: Guarded, files: Path) -> dict[str, tuple[dict[str, Any], str, str]]:
    """Give by what is wrong with it: the settings, the one to blame, and what is said of it."""
    password, certificate, other = (
        broker.by_password(),
        broker.by_certificate(),
        Authority(files / "other"),
    )
    wrong = files / "wrong"
    wrong.write_text("not the password")
    stranger, expired = other.issue("stranger"), broker.authority.issue("late", days=-1)
    by_name = f"localhost:{broker.ports['SASL_SSL']}"
    without = {name: certificate[name] for name in password if name in certificate}
    inside = {"kafka_bootstrap": broker.kafka.bootstrap}
    ours, theirs = "KAFKA_CERTIFICATE_FILE", "KAFKA_SECURITY_PROTOCOL"

    def showing(issued: Any) -> dict[str, Any]:
        return certificate | {
            "kafka_certificate_file": issued.certificate,
            "kafka_key_file": issued.key,
        }

    return {
        "another password": (
            password | {"kafka_password_file": wrong},
            "KAFKA_PASSWORD_FILE",
            "refuses the user monitor or the password",
        ),
        "another authority": (
            password | {"kafka_ca_file": other.certificate},
            "KAFKA_CA_FILE",
            "does not vouch for the certificate",
        ),
        "another host": (
            password | {"kafka_bootstrap": by_name},
            "KAFKA_BOOTSTRAP",
            "is not for localhost",
        ),
        "no certificate": (without, ours, "or that we have none"),
        "a stranger's": (showing(stranger), ours, "does not accept our certificate"),
        "an old one": (showing(expired), ours, "does not accept our certificate"),
        "no TLS": (
            {"kafka_bootstrap": password["kafka_bootstrap"]},
            theirs,
            "a client that speaks PLAINTEXT",
        ),
        "TLS to none": (certificate | inside, theirs, "a client that speaks SSL"),
        "no password": (
            without | {"kafka_bootstrap": password["kafka_bootstrap"]},
            theirs,
            "a client that speaks SSL",
        ),
        "a password for nobody": (
            password | certificate | {"kafka_security_protocol": "SASL_SSL"},
            theirs,
            "a client that speaks SASL_SSL",
        ),
    }


def test_who_is_not_let_in_is_told_which_setting_is_to_blame(
    broker: Guarded, tmp_path: Path
) -> None:
    for fault, (settings, blamed, what) in locked_out(broker, tmp_path).items():
        told = str(asyncio.run(why_refused(access_of(Settings(**settings)))))

        assert re.match(rf"{PREFIX}{blamed}: .*{what}.*; fix: ", told), (fault, told)


def test_no_process_of_ours_tries_for_ever(broker: Guarded, tmp_path: Path) -> None:
    faults = locked_out(broker, tmp_path)
    (tmp_path / "hash.key").write_text("a key that only this test holds")
    (tmp_path / "gateway.toml").write_text('[sources.own]\nmapping = "zendesk"\nsignature = "none"')
    commands: list[tuple[str | Path, ...]] = [
        ("worker",),
        ("ingest", tmp_path / "gateway.toml"),
        ("topics", "check"),
        ("dead-letters", "list"),
        ("map", "run", "tau2", "--in", "-", "--kafka"),
    ]
    more = {"hash_key_file": tmp_path / "hash.key", "data_dir": tmp_path, "web_port": 0}
    cases = [("another password", words) for words in commands]
    for fault, words in [*cases, ("another authority", ("worker",))]:
        settings, blamed, what = faults[fault]
        said = says(settings | more, *words)
        error = said.stderr.splitlines()[-1]

        assert (said.returncode, what in error) == (2, True), (words, said.stderr)
        assert error.startswith(f"error: {PREFIX}{blamed}")
    doctor = says(settings | more, "doctor")
    assert doctor.returncode == 1
    assert f"wrong  topics\n       {PREFIX}{blamed}: " in doctor.stdout
