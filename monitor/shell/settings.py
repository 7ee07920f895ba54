"""The operator's settings: read once from the environment, checked, and passed down.

A wrong value refuses to start and names the variable. Secrets are given as files.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from monitor.operator_error import OperatorError
from monitor.shell.environment import no_form, strangers, written, wrong_values

PREFIX = "OUTCOME_MONITOR_"
NOTIFY_PREFIX = f"{PREFIX}NOTIFY_"
_KEY_BYTES_MIN = 16
LABEL_VALUES_MAX = 50
ADDRESS = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
WEB_URL = written(r"https?://[^/?#@\s]+/?", "http://host:port or https://host:port")
_ADDRESSES = written(
    rf"\s*{ADDRESS.pattern}\s*(,\s*{ADDRESS.pattern}\s*)*",
    "host:port, or several of them with commas",
)
_GROUP = written(
    r"[a-zA-Z0-9._-]{1,200}", "1 to 200 letters, digits, dots, underscores and hyphens"
)
_AnySettings = TypeVar("_AnySettings", bound=BaseSettings)


_TOKEN = re.compile(r"[!-~]+")


class SettingsError(OperatorError):
    """A setting is missing or wrong. The message names the variable and the fix."""


def is_loopback(host: str) -> bool:
    """Whether this is the machine itself, under one of its own addresses for that."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _read_labels(value: object, checked: ValidatorFunctionWrapHandler) -> object:
    try:
        return checked(from_json(value) if isinstance(value, str) else value)
    except ValueError:
        raise no_form('JSON such as {"intent_group": ["billing", "delivery"]}') from None


_Labels = Annotated[dict[str, tuple[str, ...]], NoDecode, WrapValidator(_read_labels)]


class Settings(BaseSettings):
    """Everything an operator can set. Each field is the variable ``OUTCOME_MONITOR_<FIELD>``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    kafka_bootstrap: Annotated[str, _ADDRESSES] = Field(
        default="127.0.0.1:9092", description="host:port of one or more brokers, with commas."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        default="PLAINTEXT",
        description="How brokers are spoken to, in Kafka's words: by TLS or not, by SASL or not.",
    )
    kafka_ca_file: Path | None = Field(
        default=None, description="Certificate of the CA that issued the brokers' own, in PEM."
    )
    kafka_certificate_file: Path | None = Field(
        default=None, description="Our certificate, for brokers that ask for one, in PEM."
    )
    kafka_key_file: Path | None = Field(
        default=None, description="The private key of that certificate, in PEM, not encrypted."
    )
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] | None = Field(
        default=None, description="How the user is proven, with SASL_SSL."
    )
    kafka_user_file: Path | None = Field(
        default=None, description="File with the name of the Kafka user, with SASL_SSL."
    )
    kafka_password_file: Path | None = Field(
        default=None, description="File with the password of that user."
    )
    group: Annotated[str, _GROUP] = Field(
        default="outcome-monitor", description="Consumer group, and prefix of the changelog topic."
    )
    partitions: Annotated[int, Field(ge=1, le=1024)] = Field(
        default=4, description="Partitions of each of the three input topics."
    )
    replication_factor: Annotated[int, Field(ge=1, le=9)] = Field(
        default=1, description="Replicas of topics that the worker creates."
    )
    create_topics: bool = Field(
        default=True, description="Create missing topics at start; existing ones are checked."
    )
    hash_key_file: Path | None = Field(
        default=None,
        description="File with the key by which customers are hashed; at least 16 bytes.",
    )
    reference_key_file: Path | None = Field(
        default=None,
        description="File with the key under which mappings hash the references of customers.",
    )
    former_reference_key_file: Path | None = Field(
        default=None,
        description="The key before; while it is set, customers are linked with their references.",
    )
    policy_file: Path | None = Field(
        default=None, description="Policy file, in TOML; without it the default policy."
    )
    benchmarks_file: Path | None = Field(
        default=None,
        description="Scores of AI versions in benchmarks, in TOML, to be shown beside outcomes.",
    )
    web_host: str = Field(
        default="127.0.0.1",
        description="Address of the live page, /metrics, /healthz, /readyz and /explain.",
    )
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=9464, description="Port of the same; 0 picks a free one."
    )
    web_url: Annotated[str, WEB_URL] | None = Field(
        default=None,
        description="Where other workers reach these pages; without it, made of the address.",
    )
    web_token_file: Path | None = Field(
        default=None,
        description=(
            "File with the token that opens the live page, its API and /explain; this or "
            "WEB_CLIENT_CA_FILE is required where WEB_HOST is reached from other machines."
        ),
    )
    web_certificate_file: Path | None = Field(
        default=None, description="Certificate of these pages, in PEM; with it they speak TLS."
    )
    web_key_file: Path | None = Field(
        default=None, description="The private key of that certificate, in PEM, not encrypted."
    )
    web_client_ca_file: Path | None = Field(
        default=None,
        description="Certificate of the CA that whoever asks must show a certificate of, in PEM.",
    )
    data_dir: Path = Field(
        default=Path(".outcome-monitor"), description="Where Faust keeps its files."
    )
    state_engine: Literal["memory", "disk"] = Field(
        default="memory",
        description="Where customers lie that are not in use; disk for more than memory holds.",
    )
    hot_customers: Annotated[int, Field(ge=1)] = Field(
        default=10_000,
        description="Customers of each partition kept decoded: more memory, less time.",
    )
    session_timeout_seconds: Annotated[float, Field(ge=6, le=300)] = Field(
        default=10.0,
        description="Silence after which the group gives a worker's partitions to others.",
    )
    flush_interval_seconds: Annotated[float, Field(ge=0.05, le=60)] = Field(
        default=1.0, description="Time between two flushes, and so the work repeated after a crash."
    )
    transaction_timeout_seconds: Annotated[float, Field(ge=10, le=900)] = Field(
        default=60.0,
        description=(
            "Time after which the broker takes back a flush that was begun and not finished; "
            "readers of published topics may wait that long."
        ),
    )
    standbys: Annotated[int, Field(ge=0, le=3)] = Field(
        default=0,
        description="Workers that keep a copy of each partition's state, and take over from it.",
    )
    idle_after_seconds: Annotated[float, Field(ge=0, le=86_400)] = Field(
        default=5.0,
        description=(
            "Silence after which a topic that is read to its end no longer holds up event time; "
            "0 lets time pass by events and heartbeats only, as a backfill needs it."
        ),
    )
    label_values: _Labels = Field(
        default={},
        description=(
            "Which values of a label /metrics shows, as JSON; others are counted as `__other__`. "
            'Example: {"intent_group": ["billing", "delivery"]}.'
        ),
    )
    label_values_max: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=LABEL_VALUES_MAX,
        description="Values that /metrics shows of a label without such a list.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severity that is logged."
    )

    def hash_key(self) -> bytes:
        """The key by which customers are hashed in everything that leaves the process.

        Raises:
            SettingsError: the file is not named, cannot be read, or is too short to be a secret.
        """
        if self.hash_key_file is None:
            raise SettingsError(
                f"{PREFIX}HASH_KEY_FILE is not set: name a file with a secret of at least "
                f"{_KEY_BYTES_MIN} bytes; fix: outcome-monitor key new hash.key"
            )
        return read_secret(f"{PREFIX}HASH_KEY_FILE", self.hash_key_file)

    def web_token(self) -> str | None:
        """The token that opens what is told of single journeys; none on loopback, if not wanted.

        Raises:
            SettingsError: other machines reach the pages and need show nothing, or it is unfit.
        """
        name = f"{PREFIX}WEB_TOKEN_FILE"
        if self.web_token_file is not None:
            token = read_secret(name, self.web_token_file).decode(errors="replace")
            if not _TOKEN.fullmatch(token):
                raise SettingsError(f"{name}: {self.web_token_file}: give one word of ASCII")
            return token
        if not is_loopback(self.web_host) and self.web_client_ca_file is None:
            raise SettingsError(
                f"{name} is not set, but {PREFIX}WEB_HOST={self.web_host} is reached from other "
                "machines; fix: outcome-monitor key new web.token, and name the file, or have "
                f"certificates asked for by {PREFIX}WEB_CLIENT_CA_FILE"
            )
        return None

    def reference_keys(self) -> tuple[bytes | None, bytes | None]:
        """The key under which mappings hash references, and the one before; None where not set.

        Raises:
            SettingsError: a file cannot be read, is too short to be a secret, or only the former
                key is named.
        """
        key, former = (
            None if file is None else read_secret(f"{PREFIX}{name}", file)
            for name, file in (
                ("REFERENCE_KEY_FILE", self.reference_key_file),
                ("FORMER_REFERENCE_KEY_FILE", self.former_reference_key_file),
            )
        )
        if key is None and former is not None:
            raise SettingsError(
                f"{PREFIX}REFERENCE_KEY_FILE is not set, but the key before is; fix: set both"
            )
        return key, former


def read_secret(name: str, file: Path) -> bytes:
    """Read a secret.

    Raises:
        SettingsError: the file cannot be read, or is too short; it is named as the setting.
    """
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"{name}: {file}: {error.strerror}") from None
    if len(key) < _KEY_BYTES_MIN:
        raise SettingsError(
            f"{name}: {file} has {len(key)} bytes, at least {_KEY_BYTES_MIN} are needed"
        )
    return key


def read_settings() -> Settings:
    """The settings from the environment.

    Raises:
        SettingsError: a variable is no setting, or has a value that it cannot have.
    """
    return read(Settings, PREFIX, besides=NOTIFY_PREFIX)


def read(kind: type[_AnySettings], prefix: str, besides: str | None = None) -> _AnySettings:
    """The settings of a kind from the environment.

    Args:
        kind: what there are.
        prefix: of their names.
        besides: how names with this prefix begin that are somebody else's.

    Raises:
        SettingsError: a variable is no setting, or has a value that it cannot have.
    """
    mistakes = list(strangers(prefix, kind, besides))
    try:
        settings = kind()
    except ValidationError as error:
        mistakes += wrong_values(prefix, kind, error)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def write_new_key(path: Path) -> None:
    """Write a fresh secret that only its owner can read.

    Raises:
        SettingsError: the file exists, for replacing a key cuts all journeys in two; or it cannot
            be written.
    """
    try:
        with open(path, "x", opener=_private, encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
    except FileExistsError:
        raise SettingsError(f"{path} exists and is kept; fix: choose another name") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
