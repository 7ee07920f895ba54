"""Computes the formulas of the rules with numpy: the text itself, not a second version of it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from types import CodeType

    from numpy.typing import ArrayLike, NDArray

    from monitor.rules.formulas import Formula

    Numbers = NDArray[np.float64]

FUNCTIONS: dict[str, Any] = {
    "__builtins__": {},
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "clamp_min": np.maximum,
    "clamp_max": np.minimum,
}
_OPERAND = re.compile(r"\{([a-z_]+)\}")


@cache
def _compiled(text: str) -> CodeType:
    return compile(_OPERAND.sub(r"\1", text).replace("^", "**"), text, "eval")


def compute(formula: Formula, **operands: ArrayLike) -> Numbers:
    """A formula over numbers. What Prometheus would leave out is not a number here."""
    arrays = {name: np.asarray(value, dtype=float) for name, value in operands.items()}
    with np.errstate(all="ignore"):
        result = eval(_compiled(formula.text), FUNCTIONS | arrays)  # noqa: S307  # our own text
    return np.asarray(result, dtype=float)
