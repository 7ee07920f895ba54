"""What the gateway's file may say, and what it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.shell.gateway_file import GatewayError, GatewayFile, load_gateway, secrets_of, tls_of
from monitor.shell.gateway_run import run_gateway
from monitor.shell.settings import Settings, SettingsError
from tests.certificates import Authority, encrypted

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
port = 0

[sources.desk]
mapping = "zendesk"
signature = "zendesk"
secrets = ["new.secret", "old.secret"]

[sources.own]
mapping = "maps/own.toml"
signature = "bearer"
secrets = ["own.secret"]
rate = 5
"""


def loaded(directory: Path, text: str) -> GatewayFile:
    path = directory / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return load_gateway(path)


def test_paths_are_seen_from_where_the_file_lies(tmp_path: Path) -> None:
    file = loaded(tmp_path, f'deliveries = "taken"{GOOD}')

    assert file.host == "127.0.0.1"
    assert file.deliveries == tmp_path / "taken"
    assert file.sources["desk"].mapping == "zendesk"
    assert file.sources["own"].mapping == str(tmp_path / "maps" / "own.toml")
    assert file.sources["desk"].secrets == (tmp_path / "new.secret", tmp_path / "old.secret")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("port = 0", "port = 70000", "port: Input should be less than"),
        ("port = 0", "prt = 0", "prt: Extra inputs"),
        ("port = 0", "port = ", "gateway.toml: "),
        ('signature = "bearer"', 'signature = "md5"', "sources.own.signature: 'md5' is none of"),
        ('secrets = ["own.secret"]', "", "sources.own: a signature wants its secrets"),
        ('signature = "bearer"', 'signature = "none"', "sources.own: a signature wants its"),
        ('"old.secret"]', '"old.secret", "older"]', "sources.desk.secrets: Tuple should have"),
        ("rate = 5", "rate = 0", "sources.own.rate: Input should be greater than 0"),
        ("sources.own", "sources.Own", "String should match"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, right: str, wrong: str, complaint: str) -> None:
    with pytest.raises(GatewayError) as refused:
        loaded(tmp_path, GOOD.replace(right, wrong, 1))

    assert complaint in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path))


def test_the_address_is_wanted_where_it_is_signed(tmp_path: Path) -> None:
    calls = GOOD.replace('signature = "bearer"', 'signature = "twilio"')
    known = calls.replace("rate = 5", 'url = "https://events.example/v1/own"')
    of_another = GOOD.replace("rate = 5", 'url = "https://events.example/v1/own"')

    assert loaded(tmp_path, known).sources["own"].url == "https://events.example/v1/own"
    for wrong in (calls, of_another):
        with pytest.raises(GatewayError, match=r"sources\.own: url: the address is wanted where"):
            loaded(tmp_path, wrong)
    with pytest.raises(GatewayError, match=r"sources\.own\.url: String should match"):
        loaded(tmp_path, known.replace("https://", "https://user:secret@"))


def test_a_file_that_is_not_there_has_its_fix_told(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match=r"nowhere\.toml: No such file .*; fix: .*ingest\.md"):
        load_gateway(tmp_path / "nowhere.toml")


def test_a_gateway_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="sources: Field required"):
        loaded(tmp_path, "port = 0\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_this_machine_may_be_heard_without_a_signature(tmp_path: Path, host: str) -> None:
    text = f'host = "{host}"\n[sources.own]\nmapping = "cloudevents"\nsignature = "none"\n'

    assert loaded(tmp_path, text).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "gateway.example"])  # noqa: S104
def test_strangers_are_not_heard_without_a_signature(tmp_path: Path, host: str) -> None:
    text = f'host = "{host}"\n[sources.own]\nmapping = "cloudevents"\nsignature = "none"\n'
    with pytest.raises(GatewayError, match="hears this machine only"):
        loaded(tmp_path, text)


def test_a_secret_that_is_missing_or_short_is_named(tmp_path: Path) -> None:
    file = loaded(tmp_path, GOOD)
    with pytest.raises(SettingsError, match=r"sources.desk.secrets: .*new.secret: No such file"):
        secrets_of("desk", file.sources["desk"])
    (tmp_path / "own.secret").write_text("short")
    with pytest.raises(SettingsError, match="has 5 bytes, at least 16"):
        secrets_of("own", file.sources["own"])


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    text = f'[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n{GOOD.replace("port = 0", "")}'
    with pytest.raises(GatewayError, match="tls: "):
        tls_of(loaded(tmp_path, text))


def test_a_key_that_wants_a_password_is_refused(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "authority").issue("gateway")
    text = (
        f'[tls]\ncertificate = "{ours.certificate}"\nkey = "{encrypted(ours.key)}"\n'
        f"{GOOD.replace('port = 0', '')}"
    )
    with pytest.raises(GatewayError, match=r"tls.key: .* is encrypted; fix: openssl pkey -in"):
        tls_of(loaded(tmp_path, text))


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file is in its place")
    text = 'deliveries = "taken"\n[sources.own]\nmapping = "cloudevents"\nsignature = "none"\n'
    with pytest.raises(GatewayError, match=r"deliveries: .*taken: File exists"):
        run_gateway(loaded(tmp_path, text), Settings())
