"""What the command line says in one line, where another error would show its trace."""

from __future__ import annotations


class OperatorError(Exception):
    """Something must be changed first: a setting, an argument, a file. The message says what."""

    exit_code = 2


class FailureError(OperatorError):
    """It ran, and failed. The message says why."""

    exit_code = 1
