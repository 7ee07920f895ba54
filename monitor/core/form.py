"""The form in which the state is written: its version, and what is said of bytes in another form.

Rules for whoever changes what the state's bytes are read by: the structs of `monitor.core.state`,
`rows`, `notes`, `sight` and `snapshot`, the words in them, the labels of metrics. A test compares
all of it with the form that is recorded in ``tests/state``.

- Raise `STATE_VERSION`, add it to `STATES_READ`, and record a changelog of it (``make record``).
- A new field comes last in its struct and has a default: so former bytes are read as they are.
- What else is changed makes former bytes unreadable, and their versions leave `STATES_READ`. Or
  whoever reads them makes the new form of the old one first, by the version that is told before
  anything else is decoded: here, in a row, in a note.
- A row keeps the version that wrote it until it changes, and may lie for months. So a version
  stays in `STATES_READ` until nobody can have a row of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from cramjam import DecompressionError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

STATE_VERSION = 5
STATES_READ = (4, 5)
"""The versions of the state that are read, the present one last."""


_UNREADABLE = (msgspec.MsgspecError, DecompressionError, ValueError, LookupError)


class StateError(Exception):
    """The state cannot be taken over. The message says why, and what to do."""


class VersionUnknown(StateError):  # noqa: N818  # it says what happened
    """The state was written by a version of the monitor that wrote it otherwise."""

    def __init__(self, version: object) -> None:
        """``version`` is that of the state."""
        read = " and ".join(map(str, STATES_READ))
        super().__init__(
            f"the state is of version {version}, and this monitor reads {read}; fix: run "
            "a version that reads it, or start a new consumer group, which begins with an empty "
            "state"
        )


class Damaged(StateError):  # noqa: N818  # it says what happened
    """Bytes of the state are not what was written."""

    def __init__(self, what: str, error: Exception) -> None:
        """``what`` was being read; the error may quote it, so only its kind is told."""
        super().__init__(
            f"{what} of the state cannot be read ({type(error).__name__}); fix: restore the "
            "changelog's topic, or start a new consumer group, which begins with an empty state"
        )


def require_known(version: object) -> None:
    """Refuse what another version has written.

    Raises:
        VersionUnknown: this one does not read it.
    """
    if version not in STATES_READ:
        raise VersionUnknown(version)


class _Reading:
    """A class, for a generator would take longer, and each row is read in it."""

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, _UNREADABLE):
            raise Damaged(self._what, error) from None


def reading(what: str) -> AbstractContextManager[None]:
    """Say of bytes that cannot be read that they are damaged.

    Raises:
        Damaged: they are.
    """
    return _Reading(what)
