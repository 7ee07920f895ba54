"""The scores that AI versions reach in benchmarks, shown beside what customers got.

A TOML file has a table for each suite, with a score for each version::

    ["tau2-retail"]
    "v3" = 0.74

It is read again when it changes. One that cannot be read any more leaves the scores as they were.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import Field, TypeAdapter, ValidationError

from monitor.shell import log
from monitor.shell.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prometheus_client.core import Metric as Family

_Name = Annotated[str, Field(min_length=1, max_length=100)]
_SCORES = TypeAdapter(dict[_Name, dict[_Name, Annotated[float, Field(ge=0, le=1)]]])
_VARIABLE = f"{PREFIX}BENCHMARKS_FILE"


class Benchmarks(Collector):
    """Shows the scores of a file."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            SettingsError: it is not there, is no TOML, or has something other than scores.
        """
        self._path = path
        self._scores, self._read_at = _read(path)

    def collect(self) -> Iterator[Family]:
        """The scores as they are in the file now."""
        try:
            if self._path.stat().st_mtime_ns != self._read_at:
                self._scores, self._read_at = _read(self._path)
        except (OSError, SettingsError) as error:
            log.operator.warning("benchmark scores are kept as they were: %s", error)
        family = GaugeMetricFamily(
            "cx_benchmark_score",
            "What a version of the AI scores in a benchmark, from 0 to 1.",
            labels=["suite", "ai_version"],
        )
        for suite, versions in sorted(self._scores.items()):
            for version, score in sorted(versions.items()):
                family.add_metric([suite, version], score)
        yield family


def _read(path: Path) -> tuple[dict[str, dict[str, float]], int]:
    try:
        changed_at = path.stat().st_mtime_ns
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return _SCORES.validate_python(content), changed_at
    except OSError as error:
        raise SettingsError(f"{_VARIABLE}: {path}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{_VARIABLE}: {path}: {place}: {first['msg']}") from None
    except ValueError as error:
        raise SettingsError(f"{_VARIABLE}: {path}: {error}") from None
