"""What the settings say of how the pages are entered goes together, or is refused by its name."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.shell.settings import PREFIX, Settings, SettingsError
from monitor.shell.web_access import pages_tls, proof_of, why_no_answer
from tests.certificates import Authority, encrypted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.certificates import Issued

BEYOND = "10.1.2.3"
HERE = "IP:127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("web") / "authority")


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Issued:
    return authority.issue("ours", for_=HERE)


def settings(shown: Issued | None, ca: Path | None = None, **more: object) -> Settings:
    told = {} if shown is None else shown._asdict()
    files = {f"web_{name}_file": file for name, file in told.items()}
    return Settings(**files | {"web_client_ca_file": ca} | more)


def refused(told: Settings, setting: str, why: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{PREFIX}{setting}: .*{why}"):
        pages_tls(told)


def test_without_any_setting_pages_are_open_on_loopback() -> None:
    assert pages_tls(Settings()) is None
    assert (proof_of(Settings()).token, proof_of(Settings()).tls) == (None, None)


def test_beyond_loopback_something_must_be_shown(authority: Authority, ours: Issued) -> None:
    for shown in (None, ours):
        told = settings(shown, web_host=BEYOND)
        with pytest.raises(SettingsError, match=r"WEB_TOKEN_FILE is not set.*WEB_CLIENT_CA_FILE$"):
            pages_tls(told)

    assert pages_tls(settings(ours, authority.certificate, web_host=BEYOND)) is not None


def test_what_does_not_go_together_is_refused(
    authority: Authority, ours: Issued, tmp_path: Path
) -> None:
    ca, other = authority.certificate, authority.issue("other")

    refused(settings(None, ca), "WEB_CERTIFICATE_FILE", "not set, but .*CLIENT_CA_FILE is.*fix: ")
    refused(settings(None, web_key_file=ours.key), "WEB_CERTIFICATE_FILE", "fix: set both")
    refused(settings(None, web_certificate_file=ours.certificate), "WEB_KEY_FILE", "fix: set both")
    refused(settings(ours._replace(key=other.key)), "WEB_KEY_FILE", "are no pair")
    refused(settings(ours._replace(key=encrypted(ours.key))), "WEB_KEY_FILE", "is encrypted; fix: ")
    refused(settings(ours, ours.key), "WEB_CLIENT_CA_FILE", "holds no certificate; fix: ")
    refused(settings(ours, tmp_path / "lost"), "WEB_CLIENT_CA_FILE", "lost: No such file.*fix: ")
    refused(settings(ours, web_url="http://one:9464"), "WEB_URL", "it is http, but .*fix: ")


def test_workers_that_could_not_ask_each_other_do_not_start(
    authority: Authority, ours: Issued, tmp_path: Path
) -> None:
    foreign = Authority(tmp_path / "foreign")
    half = authority.issue("half", for_=HERE, usage="serverAuth")
    old = authority.issue("old", for_=HERE, days=-1)

    for shown, ca, why in (
        (ours, foreign.certificate, "unable to get local issuer"),
        (half, authority.certificate, "purpose"),
        (old, authority.certificate, "expired"),
    ):
        refused(settings(shown, ca), "WEB_CLIENT_CA_FILE", f"does not vouch for .*{why}.*fix: ")


def test_the_pages_ask_for_certificates_of_the_ca_and_of_no_other(
    authority: Authority, ours: Issued
) -> None:
    context = pages_tls(settings(ours, authority.certificate))
    without = pages_tls(settings(ours))

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert "an authority" in str(context.get_ca_certs())
    assert len(context.get_ca_certs()) == 1
    assert without is not None
    assert without.verify_mode is ssl.CERT_NONE
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


async def _hello(request: web.Request) -> web.Response:
    del request
    return web.Response(text="hello")


def asked(pages: Settings, asking: Settings) -> str:
    """Ask a site of these settings; return its answer, or why there was none."""

    async def ask() -> str:
        site = web.Application()
        site.router.add_get("/", _hello)
        server = TestServer(site, scheme="https")
        await server.start_server(ssl=pages_tls(pages))
        try:
            async with (
                proof_of(asking).session(5) as session,
                session.get(server.make_url("/")) as answer,
            ):
                return await answer.text()
        except aiohttp.ClientError as error:
            return why_no_answer(str(server.make_url("/")), error) or "nothing"
        finally:
            await server.close()

    return asyncio.run(ask())


def test_a_worker_answers_who_shows_a_certificate_and_is_asked_under_its_own_name(
    authority: Authority, ours: Issued, tmp_path: Path
) -> None:
    ca = authority.certificate
    elsewhere = authority.issue("elsewhere", for_="DNS:elsewhere")
    foreign = Authority(tmp_path / "foreign")
    pages, stranger = settings(ours, ca), foreign.issue("stranger", for_=HERE)

    assert asked(pages, pages) == "hello"
    assert "is not believed" in asked(settings(elsewhere, ca), pages)
    assert "is not believed" in asked(settings(stranger, foreign.certificate), pages)
    assert "is not believed" in asked(pages, Settings())
    assert "does not accept our certificate" in asked(pages, settings(stranger, ca))
