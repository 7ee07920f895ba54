"""A setting is taken as it is told, or refused by its name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from monitor.shell.settings import PREFIX, Settings, SettingsError, read_settings, write_new_key

if TYPE_CHECKING:
    from pathlib import Path

# fmt: off
ADDRESSES = "give host:port, or several of them with commas"
WRONG = [
    ("KAFKA_BOOTSTRAP", "kafka", ADDRESSES),
    ("KAFKA_BOOTSTRAP", "kafka:", ADDRESSES),
    ("KAFKA_BOOTSTRAP", "kafka:9092:1", ADDRESSES),
    ("KAFKA_BOOTSTRAP", "kafka:9092,", ADDRESSES),
    ("KAFKA_BOOTSTRAP", "kafka://kafka:9092", ADDRESSES),
    ("KAFKA_SECURITY_PROTOCOL", "TLS", "give PLAINTEXT, SSL or SASL_SSL"),
    ("GROUP", "two words", "give 1 to 200 letters, digits, dots, underscores and hyphens"),
    ("PARTITIONS", "0", "give a whole number from 1 to 1024"),
    ("PARTITIONS", "four", "give a whole number from 1 to 1024"),
    ("PARTITIONS", "4.5", "give a whole number from 1 to 1024"),
    ("REPLICATION_FACTOR", "0", "give a whole number from 1 to 9"),
    ("CREATE_TOPICS", "perhaps", "give true or false"),
    ("WEB_PORT", "65536", "give a whole number from 0 to 65535"),
    ("WEB_URL", "worker:9464", "give http://host:port or https://host:port"),
    ("HOT_CUSTOMERS", "0", "give a whole number, at least 1"),
    ("SESSION_TIMEOUT_SECONDS", "1", "give a number from 6 to 300"),
    ("FLUSH_INTERVAL_SECONDS", "0", "give a number from 0.05 to 60"),
    ("TRANSACTION_TIMEOUT_SECONDS", "9", "give a number from 10 to 900"),
    ("STANDBYS", "4", "give a whole number from 0 to 3"),
    ("IDLE_AFTER_SECONDS", "-1", "give a number from 0 to 86400"),
    ("LABEL_VALUES", "billing", 'give JSON such as {"intent_group": ["billing", "delivery"]}'),
    ("LABEL_VALUES", '{"a": 1}', 'give JSON such as {"intent_group": ["billing", "delivery"]}'),
    ("LOG_LEVEL", "LOUD", "give DEBUG, INFO, WARNING or ERROR"),
]
# fmt: on


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def test_without_any_variable_everything_stays_on_this_machine() -> None:
    settings = read_settings()

    assert (settings.kafka_bootstrap, settings.web_host) == ("127.0.0.1:9092", "127.0.0.1")


@pytest.mark.parametrize(
    "told", ["kafka:9092", "10.0.0.1:9092, 10.0.0.2:9092", "a-b.c_d.example:1", "[::1]:9092"]
)
def test_brokers_are_addresses_with_commas(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv(f"{PREFIX}KAFKA_BOOTSTRAP", told)

    assert read_settings().kafka_bootstrap == told


@pytest.mark.parametrize(("name", "value", "why"), WRONG)
def test_a_wrong_value_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)

    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value) == f"{PREFIX}{name}: {why}, not {value!r}"


def test_a_value_that_may_hold_a_password_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}WEB_URL", "https://a-secret@worker:9464")

    with pytest.raises(SettingsError, match=r"give http://host:port or https://host:port$"):
        read_settings()


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PARTITIONS", "many"), ("STANDBYS", "-1"), ("STANDBY", "1")):
        monkeypatch.setenv(f"{PREFIX}{name}", value)

    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value).splitlines() == [
        f"{PREFIX}STANDBY: there is no such setting; did you mean {PREFIX}STANDBYS?",
        f"{PREFIX}PARTITIONS: give a whole number from 1 to 1024, not 'many'",
        f"{PREFIX}STANDBYS: give a whole number from 0 to 3, not '-1'",
    ]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("KAFKA_BOTSTRAP", f"did you mean {PREFIX}KAFKA_BOOTSTRAP?"),
        ("BOOTSTRAP", f"did you mean {PREFIX}KAFKA_BOOTSTRAP?"),
        ("PARTITION", f"did you mean {PREFIX}PARTITIONS?"),
        ("partition", f"did you mean {PREFIX}PARTITIONS?"),
        ("WEB_PROT", f"did you mean {PREFIX}WEB_PORT?"),
        ("WEP_PORT", f"did you mean {PREFIX}WEB_PORT?"),
        ("COLOUR_OF_THE_SKY", "fix: unset it"),
    ],
)
def test_a_name_that_is_none_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, fix: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", "9092")

    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert str(refused.value) == f"{PREFIX}{name}: there is no such setting; {fix}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_HOST", "10.0.0.11"),
        ("SERVICE_PORT", "9464"),
        ("WORKER_SERVICE_HOST", "10.0.0.11"),
        ("WORKER_SERVICE_PORT_HTTP", "9464"),
        ("PORT", "tcp://10.0.0.11:9464"),
        ("WORKER_PORT", "tcp://10.0.0.11:9464"),
        ("WORKER_PORT_9464_TCP", "tcp://10.0.0.11:9464"),
        ("WORKER_PORT_9464_TCP_PROTO", "tcp"),
        ("WORKER_PORT_9464_TCP_PORT", "9464"),
        ("WORKER_PORT_9464_TCP_ADDR", "10.0.0.11"),
        ("NOTIFY_WEB_PORT", "9465"),
        ("PARTITION", ""),
    ],
)
def test_what_is_somebody_elses_stops_no_worker(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)

    assert read_settings() == Settings()


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}WEB_PORT", "")

    assert read_settings().web_port == 9464


def test_the_key_is_the_files_content_without_the_line_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"sixteen bytes ok\r\n")
    monkeypatch.setenv(f"{PREFIX}HASH_KEY_FILE", str(file))

    assert read_settings().hash_key() == b"sixteen bytes ok"


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"short\n", "has 5 bytes, at least 16 are needed")],
)
def test_a_key_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(f"{PREFIX}HASH_KEY_FILE", str(file))

    with pytest.raises(SettingsError, match=rf"^{PREFIX}HASH_KEY_FILE: .*{why}"):
        read_settings().hash_key()


def test_without_a_key_the_way_to_one_is_told() -> None:
    with pytest.raises(SettingsError, match=rf"^{PREFIX}HASH_KEY_FILE is not set.*key new"):
        read_settings().hash_key()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.10"])
def test_on_loopback_no_token_is_needed(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv(f"{PREFIX}WEB_HOST", host)

    assert read_settings().web_token() is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "monitor.example"])  # noqa: S104
def test_beyond_loopback_a_token_is_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}WEB_HOST", host)
    with pytest.raises(SettingsError, match=rf"^{PREFIX}WEB_TOKEN_FILE is not set.*key new"):
        read_settings().web_token()
    file = tmp_path / "token"
    write_new_key(file)
    monkeypatch.setenv(f"{PREFIX}WEB_TOKEN_FILE", str(file))

    assert read_settings().web_token() == file.read_text().strip()


@pytest.mark.parametrize("content", ["two words that are long enough", "fünfzehn-und-mehr-zeichen"])
def test_a_token_that_no_header_can_carry_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    monkeypatch.setenv(f"{PREFIX}WEB_TOKEN_FILE", str(file))

    with pytest.raises(SettingsError, match=rf"^{PREFIX}WEB_TOKEN_FILE: .*one word"):
        read_settings().web_token()


def test_a_new_key_is_for_its_owner_only_and_never_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_new_key(one)
    write_new_key(other)

    assert one.stat().st_mode & 0o777 == 0o600
    assert len(one.read_bytes().strip()) == 64
    assert one.read_bytes() != other.read_bytes()


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"precious")

    with pytest.raises(SettingsError, match="exists and is kept"):
        write_new_key(file)
    assert file.read_bytes() == b"precious"


def test_a_key_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere/key cannot be written: No such file"):
        write_new_key(tmp_path / "nowhere" / "key")


def test_reference_keys_are_read_from_their_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert read_settings().reference_keys() == (None, None)

    for name in ("REFERENCE_KEY", "FORMER_REFERENCE_KEY"):
        (tmp_path / name).write_text(f"{name} of this test\n")
        monkeypatch.setenv(f"{PREFIX}{name}_FILE", str(tmp_path / name))

    assert read_settings().reference_keys() == (
        b"REFERENCE_KEY of this test",
        b"FORMER_REFERENCE_KEY of this test",
    )


def test_a_former_key_alone_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_new_key(tmp_path / "key")
    monkeypatch.setenv(f"{PREFIX}FORMER_REFERENCE_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="the key before is"):
        read_settings().reference_keys()


def test_a_key_that_is_too_short_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("short")
    monkeypatch.setenv(f"{PREFIX}REFERENCE_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match=r"REFERENCE_KEY_FILE: .* has 5 bytes"):
        read_settings().reference_keys()
