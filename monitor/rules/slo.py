"""The SLO file: what was promised to customers, and whom to tell when it is not kept."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from monitor.operator_error import OperatorError
from monitor.rules.indicators import INDICATORS

if TYPE_CHECKING:
    from pathlib import Path

_Url = Annotated[str, Field(pattern=r"^https?://[^\s\"{}]+[^/\s\"{}]$")]
_EXAMPLE = re.compile(r"^https?://([^/]+\.)?example\.com(?=[:/])")
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class SloError(OperatorError):
    """An SLO file cannot be used. The message names the file, the key and what it may be."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Objective(_Strict):
    """One promise: what share of which outcomes must be good."""

    indicator: str
    objective: Annotated[float, Field(ge=0.5, le=0.9999)]
    says: Annotated[str, Field(min_length=10, max_length=120, pattern=r"^[^{}\"\n]*$")]
    window: Literal["7d", "30d"] = "30d"
    labels: tuple[str, ...] = ()
    severity: Literal["page", "ticket"] = "ticket"
    team: _Name = "ai-support"

    @field_validator("indicator", mode="after")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in INDICATORS:
            raise ValueError(f"must be one of {', '.join(INDICATORS)}")
        return name

    @model_validator(mode="after")
    def _labels_of_its_indicator(self) -> Objective:
        known = INDICATORS[self.indicator].labels
        strays = [label for label in self.labels if label not in known]
        if strays:
            raise ValueError(
                f"labels: {self.indicator} has {', '.join(known) or 'none'}, "
                f"not {', '.join(strays)}"
            )
        return self


class Links(_Strict):
    """Where people are sent from an alert, and the alert itself, to get its examples."""

    runbooks: _Url = "https://runbooks.example.com/outcome-monitor"
    dashboards: _Url = "https://grafana.example.com/d"
    evidence: _Url = "https://evidence.example.com/findings"
    notifier: _Url = "http://127.0.0.1:9465/alerts"

    def examples(self) -> list[str]:
        """The keys whose address is still an example, which leads nowhere."""
        return [key for key, url in self if _EXAMPLE.search(url)]


class Comparison(_Strict):
    """How AI versions are compared."""

    design_effect: Annotated[float, Field(ge=1, le=10)] = 1.33
    horizons: Annotated[tuple[str, ...], Field(min_length=1, max_length=4)] = ("24h", "7d")
    worse_by: Annotated[float, Field(ge=0, le=0.5)] = 0.02


class SloFile(_Strict):
    """All of it."""

    job: Annotated[str, Field(pattern=r"^[A-Za-z0-9_./-]+$")] = "outcome-monitor"
    objective: tuple[Objective, ...] = ()
    links: Links = Links()
    comparison: Comparison = Comparison()
    #: Shares of intent groups; empty: the mix of all AI versions in the window.
    reference_mix: dict[str, Annotated[float, Field(gt=0, le=1)]] = {}

    @field_validator("objective", mode="after")
    @classmethod
    def _each_once(cls, objectives: tuple[Objective, ...]) -> tuple[Objective, ...]:
        names = [one.indicator for one in objectives]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one objective for {', '.join(twice)}")
        return objectives

    @field_validator("reference_mix", mode="after")
    @classmethod
    def _is_a_whole(cls, mix: dict[str, float]) -> dict[str, float]:
        if mix and abs(sum(mix.values()) - 1) > 1e-6:  # noqa: PLR2004  # sums of decimals
            raise ValueError(f"the shares must add up to 1, not {sum(mix.values()):g}")
        return mix


def default_slo() -> str:
    """The text of the default SLO file, ready to be changed."""
    return files("monitor.rules").joinpath("slo.toml").read_text(encoding="utf-8")


def load_slo(path: Path | None) -> SloFile:
    """The SLO file at a path, or the default one.

    Raises:
        SloError: it is not there, is no TOML, or holds what it must not.
    """
    try:
        text = default_slo() if path is None else path.read_text(encoding="utf-8")
        return SloFile.model_validate(tomllib.loads(text))
    except OSError as error:
        raise SloError(
            f"{path}: {error.strerror}; fix: outcome-monitor rules slo > slo.toml makes one to "
            "start from, and without --slo it is taken as it is"
        ) from None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        lines = [f"{path}: {_say(one['loc'], one['msg'])}" for one in found]
        raise SloError("\n".join(lines)) from None
    except ValueError as error:  # not TOML, or not UTF-8
        raise SloError(f"{path}: {error}") from None


def _say(place: tuple[int | str, ...], message: str) -> str:
    """Where in the file, and what is wrong; entries are counted from 1, as people do."""
    parts = [f"{part + 1}" if isinstance(part, int) else part for part in place]
    plain = message.removeprefix("Value error, ")
    plain = "there is no such key" if plain.startswith("Extra inputs") else plain
    return f"{'.'.join(parts)}: {plain}" if parts else plain
