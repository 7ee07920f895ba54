"""The notifier starts when it knows where messages go, and otherwise names the setting."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from monitor.shell.notify_settings import NotifySettings, read_notify_settings
from monitor.shell.settings import NOTIFY_PREFIX, PREFIX, SettingsError
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.shell.conftest import Run

SECRET = "https://chat.example.com/hooks/T0/a-secret"  # pragma: allowlist secret
# fmt: off
WRONG = [
    ("WEBHOOK_TIMEOUT_SECONDS", "0", "give a number from 0.1 to 60"),
    ("PROMETHEUS_URL", "prometheus:9090", "give an address, http://… or https://…"),
    ("PROMETHEUS_URL", "http://prometheus?x=1", "give an address, http://… or https://…"),
    ("JOURNEYS", "21", "give a whole number from 0 to 20"),
    ("WORKER_URL", "http://worker:9464/explain", "give http://host:port or https://host:port"),
    ("WORKER_URL", "http://worker:9464 ; true", "give http://host:port or https://host:port"),
    ("WEB_PORT", "65536", "give a whole number from 0 to 65535"),
    ("BODY_BYTES_MAX", "10", "give a whole number from 1024 to 67108864"),
    ("LOG_LEVEL", "LOUD", "give DEBUG, INFO, WARNING or ERROR"),
]
# fmt: on


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NotifySettings.model_fields:
        monkeypatch.delenv(f"{NOTIFY_PREFIX}{name.upper()}", raising=False)


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "notify.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", text, flags=re.MULTILINE)

    assert [name for name, _ in rows] == [name.upper() for name in NotifySettings.model_fields]
    for name, default in rows:
        known = NotifySettings.model_fields[name.lower()].default
        assert known is None or default == f"`{str(known).removesuffix('.0')}`", name


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_a_wrong_value_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"{NOTIFY_PREFIX}{name}", value)

    with pytest.raises(SettingsError, match=rf"^{NOTIFY_PREFIX}{name}: .*{why}"):
        read_notify_settings()


def test_a_name_that_is_none_is_refused_and_the_workers_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{PREFIX}PARTITION", "12")
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOK_URL", SECRET)

    with pytest.raises(SettingsError) as refused:
        read_notify_settings()
    assert str(refused.value) == (
        f"{NOTIFY_PREFIX}WEBHOK_URL: there is no such setting; "
        f"did you mean {NOTIFY_PREFIX}WEBHOOK_URL?"
    )


def test_the_webhook_is_read_from_a_file_or_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "chat-url"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL_FILE", str(file))
    assert read_notify_settings().webhook() == SECRET

    monkeypatch.delenv(f"{NOTIFY_PREFIX}WEBHOOK_URL_FILE")
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL", SECRET)
    assert read_notify_settings().webhook() == SECRET
    assert "a-secret" not in repr(read_notify_settings())


def test_a_webhook_in_two_places_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL", SECRET)
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL_FILE", "chat-url")
    status, _, err = run("notify")

    assert (status, "both are set" in err, "a-secret" in err) == (2, True, False)


def test_without_a_webhook_the_setting_is_named(run: Run) -> None:
    status, out, err = run("notify")

    assert (status, out) == (2, "")
    assert err.startswith(f"error: {NOTIFY_PREFIX}WEBHOOK_URL_FILE is not set: name a file")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"", "give one address"),
        (b"chat.example.com/a-secret", "give one address"),
        (b"https://chat.example.com/a-secret https://other", "give one address"),
        (b"https://chat.example.com:port/a-secret", "give one address"),
        (b"\xff", "is no text"),
    ],
)
def test_a_file_without_an_address_is_refused_and_not_quoted(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "chat-url"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL_FILE", str(file))
    status, _, err = run("notify")

    assert (status, "a-secret" in err) == (2, False)
    assert re.match(rf"error: {NOTIFY_PREFIX}WEBHOOK_URL_FILE: .*{why}", err)


def test_a_port_that_is_taken_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv(f"{NOTIFY_PREFIX}WEB_PORT", str(taken.getsockname()[1]))
        monkeypatch.setenv(f"{NOTIFY_PREFIX}WEBHOOK_URL", SECRET)
        status, _, err = run("notify")

    assert status == 2
    assert err.startswith(f"error: {NOTIFY_PREFIX}WEB_HOST, {NOTIFY_PREFIX}WEB_PORT: Address alr")
