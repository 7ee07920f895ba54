"""How every client of ours comes to Kafka: the address, and what either side has to prove there.

Rule: aiokafka's clients are made with `Access.client`, Faust's with `credentials_of` in
`faust_settings.py`, and none otherwise. A broker proves by TLS that the CA file vouches for it and
that it is the host that was called; there is no setting that would let it off. Secrets come from
files, which are read once.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from monitor.shell.certificates import authority, name_of, read, refuse, show

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from monitor.shell.settings import Settings

_PROTOCOL = "kafka_security_protocol"
_CA, _CERTIFICATE, _KEY = "kafka_ca_file", "kafka_certificate_file", "kafka_key_file"
_MECHANISM, _USER, _PASSWORD = (
    "kafka_sasl_mechanism",
    "kafka_user_file",
    "kafka_password_file",
)  # pragma: allowlist secret

_TLS, _SASL = ("SSL", "SASL_SSL"), ("SASL_SSL",)
_USED_BY = {
    **dict.fromkeys((_CA, _CERTIFICATE, _KEY), _TLS),
    **dict.fromkeys((_MECHANISM, _USER, _PASSWORD), _SASL),
}
# Where these are used, they are needed.
_HOW_TO_SET = {
    _CA: "name the file of the CA that issued the brokers' certificates, in PEM; for brokers of a "
    "public one, such as /etc/ssl/certs/ca-certificates.crt",
    _MECHANISM: "set SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, whichever the brokers know the user by",
    _USER: "name a file with the name of the Kafka user",
    _PASSWORD: "name a file with the password of the Kafka user",  # pragma: allowlist secret
}


@dataclass(frozen=True, slots=True)
class Access:
    """Where Kafka is, and how it is entered."""

    bootstrap: str
    #: As aiokafka names them; without any, there is no TLS and nobody proves anything.
    security: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def client(self) -> dict[str, Any]:
        """The arguments by which a client of aiokafka gets in."""
        return {"bootstrap_servers": self.bootstrap, **self.security}


def access_of(settings: Settings) -> Access:
    """The way to Kafka that the settings describe.

    Raises:
        SettingsError: they do not go together, or a file cannot be used.
    """
    _require_what_goes_together(settings)
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return Access(settings.kafka_bootstrap)
    security: dict[str, Any] = {"security_protocol": protocol, "ssl_context": _context(settings)}
    if protocol == "SASL_SSL":
        security |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": _word(_USER, settings.kafka_user_file),
            "sasl_plain_password": _word(_PASSWORD, settings.kafka_password_file),
        }
    return Access(settings.kafka_bootstrap, security)


def _require_what_goes_together(settings: Settings) -> None:
    protocol = settings.kafka_security_protocol
    given = {name for name in _USED_BY if getattr(settings, name) is not None}
    for name, users in _USED_BY.items():
        if protocol in users and name not in given and name in _HOW_TO_SET:
            refuse(name, f"it is not set, and {protocol} needs it; fix: {_HOW_TO_SET[name]}")
        if protocol not in users and name in given:
            refuse(
                name,
                f"it is set, but {name_of(_PROTOCOL)} is {protocol}, which does not use it; "
                f"fix: set that to {' or '.join(users)}, or take this one away",
            )


def _context(settings: Settings) -> ssl.SSLContext:
    ca = settings.kafka_ca_file
    assert ca is not None, "it was required"
    # Of its kind for clients: it checks who signed, until when, and for which host.
    context = ssl.create_default_context(cadata=authority(_CA, ca))
    show(context, settings, _CERTIFICATE, _KEY)
    return context


def _word(name: str, file: Path | None) -> str:
    """What a file says, which is one line."""
    assert file is not None, "it was required"
    try:
        word = read(name, file).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        refuse(name, f"{file} is no text; fix: write it in UTF-8")
    if not word or "\n" in word:
        refuse(name, f"{file} has {'several lines' if word else 'nothing in it'}; fix: write one")
    return word
