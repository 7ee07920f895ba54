"""What the command line refuses before it begins, in words that name the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.operator_error import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class UsageError(OperatorError):
    """An argument cannot be used. The message names it and the fix."""


def require_files(files: Iterable[Path]) -> None:
    """Refuse files that are not there.

    Raises:
        UsageError: one of them is no file.
    """
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file}: no such file")


def require_writable(path: Path) -> None:
    """Find out before the work, not after it, that its result can be written.

    Raises:
        UsageError: it cannot.
    """
    try:
        path.touch()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
