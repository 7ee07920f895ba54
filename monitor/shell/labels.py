"""Keeps the number of series within bounds: what has too many values is shown as ``__other__``.

Rule: the state keeps every word that producers use, and only the page is cut. So a list that was
too short can be corrected at any time, and no count is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OTHER = "__other__"
# What stands for the lack of a word is always shown.
_ALWAYS = ("", "none", "unknown")


class Shown:
    """Which values of each label are shown.

    A label that has a list shows what is on it. Another shows the first ``at_most`` values that
    come by; which these are may differ between workers, so label sets should have lists.
    """

    def __init__(self, lists: Mapping[str, Sequence[str]], at_most: int) -> None:
        """``lists`` gives the values of some labels."""
        self._lists = {label: {*values, *_ALWAYS} for label, values in lists.items()}
        self._at_most = at_most
        self._seen: dict[str, set[str]] = {}

    def value(self, label: str, value: str) -> str:
        """The value as it is shown."""
        listed = self._lists.get(label)
        if listed is not None:
            return value if value in listed else OTHER
        seen = self._seen.setdefault(label, set(_ALWAYS))
        if value in seen:
            return value
        if len(seen) >= self._at_most + len(_ALWAYS):
            return OTHER
        seen.add(value)
        return value
