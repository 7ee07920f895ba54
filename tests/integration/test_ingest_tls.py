"""The gateway behind its own certificate."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest

from monitor.shell.child import LOOPBACK
from tests.integration.test_ingest import BEARER, Gateway, event, file_with
from tests.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.shell.embedded import EmbeddedBroker

# Made for these tests, for a hundred years; it opens nothing.
TLS = ROOT / "tests" / "data" / "tls"
MORE = f'tls = {{{{ certificate = "{TLS}/cert.pem", key = "{TLS}/key.pem" }}}}'


@pytest.fixture(scope="module")
def gateway(
    embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("gateway")
    with Gateway(embedded.bootstrap, directory, file=file_with(MORE), tls=trusting(TLS)) as gateway:
        yield gateway


def trusting(directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=directory / "cert.pem")


def test_events_are_taken_behind_its_certificate(gateway: Gateway) -> None:
    async def post() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                gateway.url("/v1/own"),
                data=event("behind-tls"),
                headers=BEARER,
                ssl=trusting(TLS),
            ) as answer,
        ):
            return answer.status

    assert gateway.url("").startswith("https://")
    assert asyncio.run(post()) == 200


def test_who_does_not_trust_it_or_speaks_plainly_gets_nothing(gateway: Gateway) -> None:
    async def get(url: str) -> None:
        async with aiohttp.ClientSession() as session, session.get(url):
            pass

    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        asyncio.run(get(gateway.url("/healthz")))
    with pytest.raises(aiohttp.ClientError):
        asyncio.run(get(gateway.url("/healthz").replace("https", "http")))


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x01"], ids=["silence", "a beginning"])
def test_who_greets_slowly_is_hung_up_on(gateway: Gateway, hello: bytes) -> None:
    async def greet() -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, gateway.port)
        writer.write(hello)
        async with asyncio.timeout(30):
            said = await reader.read(1000)
        writer.close()
        return said

    assert asyncio.run(greet()) == b""
