"""How a number of the policy is declared: its type, range, default and reason."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer

from monitor.core.lengths import read_length, write_length
from monitor.core.moments import DAY, Moment

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

Length = Annotated[Moment, BeforeValidator(read_length), PlainSerializer(write_length)]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
"""What an operator calls something of his own."""

Words = Annotated[frozenset[str], PlainSerializer(sorted)]


def span(default: Moment, low: Moment, high: Moment, reason: str) -> Any:  # noqa: ANN401
    """A length of time, from ``low`` to ``high``."""
    return Field(default=default, description=reason, json_schema_extra={"range": [low, high]})


def spans(default: dict[Any, Moment], reason: str) -> Any:  # noqa: ANN401
    """A length of time for each of some words."""
    return Field(
        default_factory=default.copy,
        description=reason,
        json_schema_extra={"range": [0, 366 * DAY]},
    )
