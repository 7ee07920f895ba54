"""What is said of a log that cannot be read to its end."""

from __future__ import annotations

from monitor.operator_error import OperatorError


class LogError(OperatorError):
    """A log cannot be read to its end. The message says what is wrong with it."""
