"""Asks Prometheus for journeys that are examples of an alert.

Only what is certain is an example: of silent failures those that are confirmed, of failed claims
those of the same issue. A journey that is named otherwise than by a keyed hash is none.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.core.lengths import parse_length
from monitor.core.moments import seconds
from monitor.shell.alert_message import EXEMPLARS, Evidence, Journey
from monitor.shell.settings import ADDRESS
from schemas.published import HASH_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.shell.alert_message import Alert
    from monitor.shell.notify_settings import NotifySettings

_SELECTOR = re.compile(r"\s*(?P<series>.+)\[(?P<window>[0-9]{1,9}[smhd])\]\s*", flags=re.DOTALL)
_JOURNEY = re.compile(rf"[0-9a-f]{{{HASH_CHARACTERS}}}")
_CERTAIN = {"confidence": "confirmed", "bound": "same_issue"}
# Workers' clocks may be ahead of ours.
_AHEAD_SECONDS = 60
_OK = 200


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Exemplar(_Told):
    labels: dict[str, str]
    timestamp: Annotated[float, Field(ge=0, le=1e11)]


class _Series(_Told):
    labels: dict[str, str] = Field(alias="seriesLabels")
    exemplars: tuple[_Exemplar, ...]


class _Answer(_Told):
    data: tuple[_Series, ...]


class Exemplars:
    """The journeys that Prometheus remembers."""

    def __init__(self, settings: NotifySettings, session: aiohttp.ClientSession) -> None:
        """Ask by a session, as the settings say."""
        self._url = f"{settings.prometheus_url.rstrip('/')}/api/v1/query_exemplars"
        self._within = aiohttp.ClientTimeout(total=settings.prometheus_timeout_seconds)
        self._worker = settings.worker_url
        self._wanted = settings.journeys
        self._session = session

    async def of(self, alert: Alert) -> Evidence:
        """The newest examples of an alert, or why there are none."""
        selector = alert.annotations.get(EXEMPLARS)
        if selector is None or not self._wanted:
            return Evidence()
        asked = _SELECTOR.fullmatch(selector)
        if asked is None:
            return Evidence(lack="the annotation exemplars is no selector with a range")
        back = seconds(parse_length(asked["window"]))
        around = {
            "query": asked["series"],
            "start": f"{alert.starts_at.timestamp() - back:.3f}",
            "end": f"{time.time() + _AHEAD_SECONDS:.3f}",
        }
        try:
            async with self._session.get(
                self._url, params=around, timeout=self._within
            ) as response:
                if response.status != _OK:
                    return Evidence(lack=f"Prometheus answers {response.status}")
                answer = _Answer.model_validate_json(await response.read())
        except (aiohttp.ClientError, TimeoutError):
            return Evidence(lack="Prometheus does not answer")
        except ValidationError:
            return Evidence(lack="what answers for Prometheus is none")
        found = self._newest(answer)
        return Evidence(found) if found else Evidence(lack="Prometheus has no certain ones")

    def _newest(self, answer: _Answer) -> tuple[Journey, ...]:
        newest: dict[str, Journey] = {}
        for one in sorted(self._certain(answer), key=lambda one: one.at, reverse=True):
            newest.setdefault(one.name, one)
        return tuple(newest.values())[: self._wanted]

    def _certain(self, answer: _Answer) -> Iterator[Journey]:
        for series in answer.data:
            labels = series.labels
            if any(labels.get(name, sure) != sure for name, sure in _CERTAIN.items()):
                continue
            for exemplar in series.exemplars:
                name = exemplar.labels.get("journey", "")
                if _JOURNEY.fullmatch(name):
                    worker = self._worker or _worker_of(labels.get("instance", ""))
                    yield Journey(name, exemplar.timestamp, labels, worker)


def _worker_of(instance: str) -> str:
    """The address of the worker that was scraped, if it can stand in a command."""
    return f"http://{instance}" if ADDRESS.fullmatch(instance) else "WORKER"
