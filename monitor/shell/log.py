"""What a worker writes to stderr: one line for each thing that an operator may want to know.

Faust and aiokafka announce every start and stop of their parts. Of that, only warnings pass until
the level is DEBUG. aiokafka's DEBUG is never heard, for it quotes requests, and so customers. And
warnings are said again only now and then, for while a broker is away, the same ones come a hundred
times a second.
"""

from __future__ import annotations

import logging
import time

_CLIENT = "aiokafka"
_AGAIN_AFTER_SECONDS = 10.0

operator = logging.getLogger("outcome-monitor")
"""The one voice that is heard at INFO."""

# Services of ours have loggers that are named as their modules.
_OURS = (operator.name, "monitor.")


def set_up(level: str) -> None:
    """Log to stderr from this severity on, with times in UTC."""
    formatter = logging.Formatter(
        "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    handler.addFilter(NowAndThen())
    others = "WARNING" if level == "INFO" else level
    logging.basicConfig(level=others, handlers=[handler], force=True)
    operator.setLevel(level)
    if level == "DEBUG":
        logging.getLogger(_CLIENT).setLevel("INFO")


class NowAndThen(logging.Filter):
    """Keeps warnings, and everything that aiokafka says, from being repeated at once."""

    def __init__(self) -> None:
        """Let everything be said once."""
        super().__init__()
        self._said_at: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this, or something like it, was not just said."""
        if record.levelno != logging.WARNING and not record.name.startswith(_CLIENT):
            return True
        while self._said_at and record.created - self._earliest() >= _AGAIN_AFTER_SECONDS:
            del self._said_at[next(iter(self._said_at))]
        # Libraries by the line of code, because their words name ports, times and errors. Our own
        # words name partitions, each of which is news.
        words = record.getMessage() if record.name.startswith(_OURS) else ""
        said = (record.pathname, record.lineno, words)
        if said in self._said_at:
            return False
        self._said_at[said] = record.created
        return True

    def _earliest(self) -> float:
        return next(iter(self._said_at.values()))
