"""Bodies that are not read as they were sent: a token that holds the record, and a form."""

from __future__ import annotations

import asyncio
import tomllib
from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.adapters.mapping import Mapping
from monitor.adapters.mapping_file import MappingFile
from monitor.adapters.references import References
from monitor.shell import gateway_api
from monitor.shell.gateway import Gateway, Source
from monitor.shell.gateway_file import GatewayError, GatewayFile
from monitor.shell.gateway_metrics import GatewayMetrics
from monitor.shell.gateway_run import run_gateway
from monitor.shell.intake import MappedIntake
from monitor.shell.settings import Settings
from monitor.shell.signed_bodies import Form, Token
from tests.shell.gateway_lab import DESK, SECRET, Kafka, record

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://events.example/v1/desk"


def desk(format_: str) -> MappedIntake:
    """The desk, whose records are written in a format."""
    text = DESK.read_text().replace("[record]", f'[record]\nformat = "{format_}"')
    file = MappingFile.model_validate(tomllib.loads(text))
    return MappedIntake(Mapping(file, References(), 100))


def answered(
    signature: dict[str, str], intake: MappedIntake, *requests: tuple[bytes, dict[str, str]]
) -> tuple[list[int], list[str]]:
    """Send requests to a gateway, and give their answers and the types of what was written."""

    async def send() -> tuple[list[int], list[str]]:
        source = {"mapping": "desk", "secrets": ["s"]} | signature
        file = GatewayFile.model_validate({"sources": {"desk": source}})
        kafka = Kafka()
        known = Source("desk", file.sources["desk"], (SECRET,), intake)
        gateway = Gateway(file, [known], kafka, GatewayMetrics(file.sources))
        async with TestClient(TestServer(gateway.application())) as client:
            statuses = [
                (await client.post("/v1/desk", data=body, headers=headers)).status
                for body, headers in requests
            ]
        return statuses, [event["type"] for event in kafka.events]

    return asyncio.run(send())


def test_a_token_is_the_record_that_it_says() -> None:
    plain = record("start", via={"kind": "Phone"})
    token = Token().sign(SECRET, plain)
    statuses, events = answered(
        {"signature": "dialpad"},
        desk("json"),
        *((body, {}) for body in (token, plain, token + b"x", Token().sign(SECRET, b"[1]"))),
    )

    assert statuses == [200, 401, 401, 401]
    assert events == ["cx.conversation.started.v1"]


def test_a_copy_of_a_token_or_a_form_is_known_however_it_is_written() -> None:
    token = Token().sign(SECRET, record("start"))
    body = b"what=start&at=2026-01-05T09%3A00%3A00Z&talk=t1&who=ann"
    turned = b"who=ann&talk=t1&talk=t1&at=2026-01-05T09:00:00Z&what=start"
    signed = Form("X-Twilio-Signature", URL).sign(SECRET, body)
    tokens = answered({"signature": "dialpad"}, desk("json"), (token, {}), (token + b"\n", {}))
    forms = answered(
        {"signature": "twilio", "url": URL}, desk("form"), (body, signed), (turned, signed)
    )

    assert tokens == forms == ([200, 200], ["cx.conversation.started.v1"])


def test_a_form_is_taken_for_its_own_address_and_once_it_is_one() -> None:
    body = b"what=start&at=2026-01-05T09%3A00%3A00Z&talk=t1&who=ann"
    right, elsewhere = (
        Form("X-Twilio-Signature", url).sign(SECRET, body) for url in (URL, f"{URL}/else")
    )
    empty = Form("X-Twilio-Signature", URL).sign(SECRET, b"what=")
    statuses, events = answered(
        {"signature": "twilio", "url": URL},
        desk("form"),
        (body, right),
        (body, elsewhere),
        (body, {}),
        (b"{}", right),
        (b"what=", empty),
    )

    assert statuses == [200, 401, 401, 401, 400]
    assert events == ["cx.conversation.started.v1"]


@pytest.mark.parametrize(
    ("signature", "format_", "media"),
    [
        ({"signature": "dialpad"}, "json", "application/jwt"),
        ({"signature": "twilio", "url": URL}, "form", "application/x-www-form-urlencoded"),
        ({"signature": "github"}, "json", "application/json"),
    ],
)
def test_a_body_is_described_as_what_it_is(
    signature: dict[str, str], format_: str, media: str
) -> None:
    source = {"mapping": "desk", "secrets": ["s"]} | signature
    file = GatewayFile.model_validate({"sources": {"desk": source}})
    told = gateway_api.delivery(file.sources["desk"], desk(format_), 1024, "/v1/desk")

    assert list(told["requestBody"]["content"]) == [media]


@pytest.mark.parametrize("format_", ["csv", "xes"])
def test_a_mapping_of_whole_files_is_refused_before_anything_is_heard(
    format_: str, tmp_path: Path
) -> None:
    mapping = tmp_path / "desk.toml"
    mapping.write_text(DESK.read_text().replace("[record]", f'[record]\nformat = "{format_}"'))
    source = {"mapping": str(mapping), "signature": "none"}
    file = GatewayFile.model_validate({"port": 0, "sources": {"desk": source}})

    with pytest.raises(GatewayError, match=f"sources.desk.mapping: {format_} is read from files"):
        run_gateway(file, Settings())
