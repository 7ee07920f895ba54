"""What the operator says about the gateway: where it listens, and who may send what.

Rule: without a signature only this machine is heard, and only where the file says so by name.
"""

from __future__ import annotations

import ssl
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from monitor.adapters.mapping import our_mappings
from monitor.operator_error import OperatorError
from monitor.shell.settings import read_secret
from monitor.shell.signatures import SCHEMES
from monitor.shell.signed_bodies import Form

CLOUDEVENTS = "cloudevents"
_SECRETS_MAX = 2


class GatewayError(OperatorError):
    """The gateway's file cannot be used. The message names the file and the key."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceFile(_Part):
    """One sender."""

    mapping: str = Field(
        description="A mapping file, the name of one of ours, or `cloudevents` for events of the "
        "contract as they are."
    )
    signature: str = Field(description="How requests are signed.")
    secrets: tuple[Path, ...] = Field(
        default=(),
        max_length=_SECRETS_MAX,
        description="Files with the secret; while it is changed, with the new and the old one.",
    )
    rate: Annotated[float, Field(gt=0, le=1_000_000)] = Field(
        default=100.0, description="Requests a second, and as many at once."
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^@#\s]+$",
        description="The source's address as the sender knows it, where it signs that too.",
    )

    @field_validator("signature")
    @classmethod
    def _is_known(cls, signature: str) -> str:
        if signature not in SCHEMES:
            raise ValueError(f"{signature!r} is none of {', '.join(sorted(SCHEMES))}")
        return signature

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if (self.signature == "none") == bool(self.secrets):
            raise ValueError("a signature wants its secrets, and without one there are none")
        return self

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if isinstance(SCHEMES[self.signature], Form) != (self.url is not None):
            raise ValueError("url: the address is wanted where it is signed, and nowhere else")
        return self


class Tls(_Part):
    """The gateway's own certificate, where nothing before it has one."""

    certificate: Path
    key: Path


class GatewayFile(_Part):
    """A whole file."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    body_bytes_max: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024
    body_seconds_max: Annotated[float, Field(gt=0, le=600)] = 10.0
    write_seconds_max: Annotated[float, Field(gt=0, le=600)] = 4.0
    requests_max: Annotated[int, Field(ge=1, le=10_000)] = 256
    connections_max: Annotated[int, Field(ge=1, le=100_000)] = 512
    deliveries: Path | None = None
    tls: Tls | None = None
    sources: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")], SourceFile],
        Field(min_length=1),
    ]

    @model_validator(mode="after")
    def _hears_strangers_with_proof_only(self) -> Self:
        open_ = [name for name, source in self.sources.items() if source.signature == "none"]
        if open_ and not _is_loopback(self.host):
            raise ValueError(
                f"sources.{open_[0]}: without a signature the gateway hears this machine only; "
                "fix: give it one, or set host to 127.0.0.1"
            )
        return self


def load_gateway(path: Path) -> GatewayFile:
    """Read a gateway's file; paths in it are seen from where it lies.

    Raises:
        GatewayError: it is not there, or has mistakes.
    """
    try:
        file = GatewayFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        fix = "give a file that this user can read; docs/ingest.md begins with one"
        raise GatewayError(f"{path}: {error.strerror}; fix: {fix}") from None
    except ValidationError as error:
        mistakes = [_told(path, each) for each in error.errors(include_url=False)]
        raise GatewayError("\n".join(mistakes)) from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise GatewayError(f"{path}: {error}") from None
    return file.model_copy(
        update={
            "sources": {name: _seen_from(path, source) for name, source in file.sources.items()},
            "deliveries": file.deliveries and path.parent / file.deliveries,
            "tls": file.tls
            and Tls(certificate=path.parent / file.tls.certificate, key=path.parent / file.tls.key),
        }
    )


def secrets_of(name: str, source: SourceFile) -> tuple[bytes, ...]:
    """Read a source's secrets.

    Raises:
        SettingsError: one cannot be read, or is too short to be one.
    """
    return tuple(read_secret(f"sources.{name}.secrets", file) for file in source.secrets)


def tls_of(file: GatewayFile) -> ssl.SSLContext | None:
    """Read the certificate, if there is one.

    Raises:
        GatewayError: it cannot be used.
    """
    if file.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    key = file.tls.key
    try:
        # OpenSSL would ask for a password on the terminal.
        context.load_cert_chain(file.tls.certificate, key, password=lambda: _encrypted(key))
    except OSError as error:  # ssl.SSLError is one
        raise GatewayError(f"tls: {error}") from None
    return context


def _encrypted(key: Path) -> NoReturn:
    raise GatewayError(f"tls.key: {key} is encrypted; fix: openssl pkey -in {key} -out FILE")


def _told(path: Path, error: Any) -> str:  # noqa: ANN401  # pydantic's
    where = ".".join(str(part) for part in error["loc"])
    what = error["msg"].removeprefix("Value error, ")
    return f"{path}: {where}: {what}" if where else f"{path}: {what}"


def _seen_from(path: Path, source: SourceFile) -> SourceFile:
    named = source.mapping == CLOUDEVENTS or source.mapping in our_mappings()
    return source.model_copy(
        update={
            "mapping": source.mapping if named else str(path.parent / source.mapping),
            "secrets": tuple(path.parent / secret for secret in source.secrets),
        }
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
