"""What the environment holds that is no setting, or no value of one, said in our words.

Rule: all mistakes are told at once. A value is quoted, unless it may hold a secret.
"""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails
    from pydantic_settings import BaseSettings

# What Kubernetes tells pods of a service, whose name may begin as our settings do. Of `…_PORT` the
# value tells it from a setting.
_OF_A_SERVICE = re.compile(
    r"\w+_(SERVICE_(HOST|PORT(_\w+)?)=.*|PORT(_\d+_(TCP|UDP|SCTP))?=\w+://.*"
    r"|PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)=.*)"
)
_MAY_HOLD_A_SECRET = re.compile(r"[@?]")


def written(pattern: str, form: str) -> AfterValidator:
    """Text that is written in one way, which people call ``form``."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise no_form(form)
        return value

    return AfterValidator(check)


def no_form(form: str) -> PydanticCustomError:
    """The refusal of a value that is not written as ``form`` says."""
    return PydanticCustomError("form", form)


def strangers(prefix: str, kind: type[BaseSettings], besides: str | None = None) -> Iterator[str]:
    """Say of each variable with a prefix that it is no setting of a kind, and what it is near to.

    Args:
        prefix: of the settings.
        kind: what there are.
        besides: how names begin that are somebody else's.
    """
    known = [name.upper() for name in kind.model_fields]
    for variable, value in sorted(os.environ.items()):
        name = variable.upper()
        setting = name.removeprefix(prefix)
        if setting == name or setting in known or (besides and name.startswith(besides)):
            continue
        if value and not _OF_A_SERVICE.fullmatch(f"{name}={value}"):
            near = get_close_matches(setting, known, 1)
            fix = f"did you mean {prefix}{near[0]}?" if near else "fix: unset it"
            yield f"{variable}: there is no such setting; {fix}"


def wrong_values(prefix: str, kind: type[BaseSettings], error: ValidationError) -> Iterator[str]:
    """Say of each setting whose value is refused what it may be."""
    for mistake in error.errors(include_url=False):
        setting, value = str(mistake["loc"][0]), str(mistake["input"])
        allowed = _allowed(kind.model_fields[setting], mistake)
        quoted = "" if _MAY_HOLD_A_SECRET.search(value) else f", not {value!r}"
        yield f"{prefix}{setting.upper()}: give {allowed}{quoted}"


def _allowed(field: FieldInfo, mistake: ErrorDetails) -> str:
    if mistake["type"] == "literal_error":
        return str(mistake["ctx"]["expected"]).replace("'", "")
    if field.annotation is bool:
        return "true or false"
    if field.annotation not in (int, float):
        return mistake["msg"]
    number = "a whole number" if field.annotation is int else "a number"
    low, high = (
        next((getattr(one, bound) for one in field.metadata if hasattr(one, bound)), None)
        for bound in ("ge", "le")
    )
    return f"{number}, at least {low}" if high is None else f"{number} from {low} to {high}"
