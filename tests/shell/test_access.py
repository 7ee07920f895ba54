"""What the settings say of Kafka goes together, or is refused by its name."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Any

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from monitor.shell.access import Access, access_of
from monitor.shell.faust_settings import credentials_of
from monitor.shell.settings import PREFIX, Settings, SettingsError
from tests.certificates import Authority, encrypted
from tests.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TLS, SASL = {"kafka_security_protocol": "SSL"}, {"kafka_security_protocol": "SASL_SSL"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give what an operator may have, by what it is."""
    directory = tmp_path_factory.mktemp("access")
    authority = Authority(directory / "authority")
    ours, others = authority.issue("ours"), authority.issue("others")
    told = {
        "user": b"monitor\n",
        "password": b" a secret with spaces \r\n",
        "nothing": b"\n",
        "lines": b"one\ntwo\n",
        "bytes": b"\xff\n",
    }
    for name, content in told.items():
        (directory / name).write_bytes(content)
    return {name: directory / name for name in told} | {
        "ca": authority.certificate,
        "certificate": ours.certificate,
        "key": ours.key,
        "other key": others.key,
        "encrypted key": encrypted(ours.key),
        "lost": directory / "lost",
    }


CA = {"kafka_ca_file": "ca"}
USER = {"kafka_user_file": "user", "kafka_password_file": "password"}  # pragma: allowlist secret
SCRAM = {"kafka_sasl_mechanism": "SCRAM-SHA-512"}
OURS = {"kafka_certificate_file": "certificate", "kafka_key_file": "key"}

# What is set, whom it blames, and why.
REFUSED = [
    (TLS, "KAFKA_CA_FILE", "not set, and SSL needs it; fix: name the file of the CA"),
    (SASL | SCRAM | USER, "KAFKA_CA_FILE", "not set, and SASL_SSL needs it"),
    (SASL | CA | USER, "KAFKA_SASL_MECHANISM", "not set.*fix: set SCRAM-SHA-512"),
    (SASL | CA | SCRAM, "KAFKA_USER_FILE", "not set.*fix: name a file with the name"),
    (
        SASL | CA | SCRAM | {"kafka_user_file": "user"},
        "KAFKA_PASSWORD_FILE",
        "not set.*fix: name a file with the password",
    ),
    (CA, "KAFKA_CA_FILE", "PLAINTEXT, which does not use it; fix: set that to SSL or SASL_SSL"),
    (OURS, "KAFKA_CERTIFICATE_FILE", "PLAINTEXT, which does not use it"),
    (SCRAM, "KAFKA_SASL_MECHANISM", "PLAINTEXT, which does not use it; fix: set that to SASL_SSL,"),
    (TLS | CA | USER, "KAFKA_USER_FILE", "is SSL, which does not use it"),
    (TLS | CA | {"kafka_certificate_file": "certificate"}, "KAFKA_KEY_FILE", "fix: set both"),
    (TLS | CA | {"kafka_key_file": "key"}, "KAFKA_CERTIFICATE_FILE", "fix: set both"),
    (TLS | {"kafka_ca_file": "lost"}, "KAFKA_CA_FILE", "lost: No such file.*; fix: give a file"),
    (TLS | {"kafka_ca_file": "user"}, "KAFKA_CA_FILE", "holds no certificate; fix: .* in PEM"),
    (TLS | CA | OURS | {"kafka_key_file": "lost"}, "KAFKA_KEY_FILE", "lost: No such file"),
    (TLS | CA | OURS | {"kafka_key_file": "other key"}, "KAFKA_KEY_FILE", "are no pair"),
    (
        TLS | CA | OURS | {"kafka_key_file": "encrypted key"},
        "KAFKA_KEY_FILE",
        "is encrypted; fix: openssl pkey -in",
    ),
    (TLS | CA | OURS | {"kafka_certificate_file": "user"}, "KAFKA_KEY_FILE", "are no pair"),
    (
        SASL | CA | SCRAM | USER | {"kafka_password_file": "nothing"},  # pragma: allowlist secret
        "KAFKA_PASSWORD_FILE",
        "has nothing in it",
    ),
    (
        SASL | CA | SCRAM | USER | {"kafka_password_file": "lines"},  # pragma: allowlist secret
        "KAFKA_PASSWORD_FILE",
        "has several lines",
    ),
    (SASL | CA | SCRAM | USER | {"kafka_user_file": "bytes"}, "KAFKA_USER_FILE", "is no text"),
]


def settings_of(told: dict[str, str], files: dict[str, Path]) -> Settings:
    return Settings(**{name: files.get(value, value) for name, value in told.items()})  # type: ignore[arg-type]  # as told


@pytest.mark.parametrize(("told", "blamed", "why"), REFUSED)
def test_what_does_not_go_together_is_refused_by_its_name(
    files: dict[str, Path], told: dict[str, str], blamed: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^{PREFIX}{blamed}: .*{why}"):
        access_of(settings_of(told, files))


def test_a_key_that_others_keep_from_us_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    # Also for root, who may read everything but no directory as a file.
    told = settings_of(TLS | CA | OURS | {"kafka_key_file": str(tmp_path)}, files)

    with pytest.raises(SettingsError, match=rf"^{PREFIX}KAFKA_KEY_FILE: .*Is a directory; fix: "):
        access_of(told)


def test_without_any_setting_there_is_no_security() -> None:
    access = access_of(Settings(kafka_bootstrap="kafka:9092"))

    assert access.client == {"bootstrap_servers": "kafka:9092"}
    assert credentials_of(access) is None


def test_a_broker_has_to_prove_that_it_is_the_host_that_was_called(files: dict[str, Path]) -> None:
    for told in (
        TLS | CA,
        TLS | CA | OURS,
        SASL | CA | SCRAM | USER,
        SASL | CA | SCRAM | USER | OURS,
    ):
        context: ssl.SSLContext = access_of(settings_of(told, files)).security["ssl_context"]

        assert context.check_hostname
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        # Of the machine's own authorities none is trusted.
        assert [dict(*one["subject"]) for one in context.get_ca_certs()] == [
            {"commonName": "an authority"}
        ]


def test_aiokafka_and_faust_show_the_same(files: dict[str, Path]) -> None:
    password = access_of(settings_of(SASL | CA | SCRAM | USER, files))
    certificate = access_of(settings_of(TLS | CA | OURS, files))

    assert as_aiokafka_takes_it(password) == password.security
    assert password.security["sasl_plain_username"] == "monitor"
    assert password.security["sasl_plain_password"] == " a secret with spaces "
    assert as_aiokafka_takes_it(certificate) == certificate.security


def as_aiokafka_takes_it(access: Access) -> dict[str, Any]:
    return dict(credentials_to_aiokafka_auth(credentials_of(access)))


def test_a_password_is_not_written_down(files: dict[str, Path]) -> None:
    access = access_of(settings_of(SASL | CA | SCRAM | USER, files))

    assert "secret" not in repr(access)
    assert "secret" not in repr(credentials_of(access))


def test_no_client_is_made_another_way() -> None:
    made = re.compile(r"AIOKafka(Consumer|Producer|AdminClient)\(")
    for path in (ROOT / "monitor").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "bootstrap_servers" not in text or path.name == "access.py"
        for call in made.finditer(text):
            assert ".client" in text[call.start() : call.start() + 120], path
