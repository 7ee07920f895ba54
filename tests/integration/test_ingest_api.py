"""The gateway does what its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from monitor.shell.embedded import EmbeddedBroker
from tests.integration.schemathesis_hooks import AGENTS, MAPPINGS, SECRET
from tests.integration.test_ingest import Gateway, file_with
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = """
[sources.{name}]
mapping = "{mapping}"
signature = "{signature}"
secrets = ["api.secret"]
rate = 100000
"""
# What schemathesis thinks is valid need not be what the contract takes, or a vendor sends.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
SIGNATURES = {AGENTS: "bearer"}
ANSWERED = re.compile(
    r'^cx_ingest_requests_total{source="(\w+)",status="(\d+)"} [1-9]', re.MULTILINE
)
SIGNED = {"SCHEMATHESIS_HOOKS": "tests.integration.schemathesis_hooks"}
EXAMPLES = os.environ.get("API_EXAMPLES", "10")


@contextmanager
def served(directory: Path, more: str = "") -> Iterator[tuple[Gateway, EmbeddedBroker]]:
    """Run a gateway with a source for each signature, and a broker of its own."""
    (directory / "api.secret").write_bytes(SECRET)
    sources = MAPPINGS | {AGENTS: "otel_genai"}
    more += "".join(
        SOURCE.format(name=name, mapping=mapping, signature=SIGNATURES.get(name, name))
        for name, mapping in sources.items()
    )
    key = str(directory / "api.secret")
    with (
        EmbeddedBroker() as broker,
        Gateway(
            broker.bootstrap, directory, file=file_with(more), REFERENCE_KEY_FILE=key
        ) as gateway,
    ):
        yield gateway, broker


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with served(tmp_path_factory.mktemp("gateway")) as (gateway, _):
        yield gateway


def tried(gateway: Gateway, checks: list[str], *more: str, **environment: str) -> None:
    """Let schemathesis try everything, and hold the answers against the document."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", gateway.url("/openapi.json")),
            *("--checks", ",".join(checks), "--max-examples", EXAMPLES, "--seed", "7"),
            *("--phases", "examples,coverage,fuzzing", "--continue-on-failure"),
            *("--generation-database", "none", "--no-color", *more),
        ],
        # It leaves things where it runs.
        cwd=gateway.directory,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def answers(gateway: Gateway) -> dict[str, set[str]]:
    """What each source was answered so far, as the gateway counts it."""
    page = asyncio.run(read(gateway))
    found: dict[str, set[str]] = {}
    for source, status in ANSWERED.findall(page):
        found.setdefault(source, set()).add(status)
    return found


async def read(gateway: Gateway) -> str:
    async with (
        aiohttp.ClientSession() as session,
        session.get(gateway.url("/metrics")) as answer,
    ):
        return await answer.text()


def test_it_answers_as_its_document_says(gateway: Gateway) -> None:
    tried(gateway, CHECKS, **SIGNED)
    seen = answers(gateway)

    assert {"200", "400"} <= seen["bearer"]
    assert all("400" in seen[name] for name in MAPPINGS)
    assert not any(status.startswith("5") for statuses in seen.values() for status in statuses)


def test_it_refuses_who_proves_nothing_as_its_document_says(gateway: Gateway) -> None:
    tried(gateway, [*CHECKS, "ignored_auth"])

    assert all("401" in answers(gateway)[name] for name in MAPPINGS)


def test_it_answers_as_its_document_says_while_kafka_is_away(tmp_path: Path) -> None:
    with served(tmp_path, "write_seconds_max = 0.2") as (gateway, broker):
        broker.stop()
        tried(gateway, CHECKS[1:], "--include-path-regex", "bearer|readyz", **SIGNED)
        seen = answers(gateway)["bearer"]

    assert {"400", "503"} <= seen
    assert seen <= {"200", "400", "401", "503"}
