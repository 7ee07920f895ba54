"""The notifier's settings: read once from the environment, as those of the worker are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from monitor.shell.environment import written
from monitor.shell.settings import NOTIFY_PREFIX, WEB_URL, SettingsError, read

_WEBHOOK = re.compile(r"https?://([^\s/?#@]+@)?[^\s/?#:@]+(:[0-9]{1,5})?([/?][^\s]*)?")


class NotifySettings(BaseSettings):
    """What an operator can set. Each field is the variable ``OUTCOME_MONITOR_NOTIFY_<FIELD>``."""

    model_config = SettingsConfigDict(
        env_prefix=NOTIFY_PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    webhook_url_file: Path | None = Field(
        default=None, description="File with the address that messages are posted to."
    )
    webhook_url: SecretStr | None = Field(
        default=None, description="The same address itself, where it is no secret."
    )
    webhook_timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = Field(
        default=5.0, description="Time within which the webhook must have answered."
    )
    prometheus_url: Annotated[
        str, written(r"https?://[^?#\s]+", "an address, http://… or https://…")
    ] = Field(
        default="http://127.0.0.1:9090", description="Prometheus, which is asked for exemplars."
    )
    prometheus_timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = Field(
        default=3.0,
        description="Time after which a message goes out without journeys.",
    )
    journeys: Annotated[int, Field(ge=0, le=20)] = Field(
        default=3, description="Example journeys for each alert; 0 asks for none."
    )
    worker_url: Annotated[str, WEB_URL] | None = Field(
        default=None,
        description=(
            "Where readers reach a worker's pages; without it, where Prometheus reached the one "
            "that counted the journey."
        ),
    )
    web_host: str = Field(
        default="127.0.0.1", description="Address of /alerts, /healthz and /metrics."
    )
    web_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=9465, description="Port of the same; 0 picks a free one."
    )
    body_bytes_max: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = Field(
        default=1024 * 1024, description="Size of what Alertmanager may send at once."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least severity that is logged."
    )

    def webhook(self) -> str:
        """The address that messages are posted to. It may hold a secret, and is never logged.

        Raises:
            SettingsError: it is not given, given twice, cannot be read, or is none.
        """
        given = [self.webhook_url_file, self.webhook_url]
        named = f"{NOTIFY_PREFIX}WEBHOOK_URL"
        if given.count(None) == 0:
            raise SettingsError(f"{named}_FILE, {named}: both are set; fix: unset one of them")
        if self.webhook_url is not None:
            return _checked(named, self.webhook_url.get_secret_value())
        if self.webhook_url_file is None:
            raise SettingsError(
                f"{named}_FILE is not set: name a file with the address of the webhook that "
                f"messages go to; or set {named}, where the address holds no secret"
            )
        try:
            text = self.webhook_url_file.read_text(encoding="utf-8")
        except OSError as error:
            raise SettingsError(
                f"{named}_FILE: {self.webhook_url_file}: {error.strerror}"
            ) from None
        except UnicodeDecodeError:
            raise SettingsError(f"{named}_FILE: {self.webhook_url_file} is no text") from None
        return _checked(f"{named}_FILE", text.strip())


def read_notify_settings() -> NotifySettings:
    """The settings from the environment.

    Raises:
        SettingsError: a variable is no setting, or has a value that it cannot have.
    """
    return read(NotifySettings, NOTIFY_PREFIX)


def _checked(name: str, url: str) -> str:
    """An address, or a refusal that does not quote it."""
    if _WEBHOOK.fullmatch(url) is None:
        raise SettingsError(f"{name}: give one address, http://… or https://…")
    return url
