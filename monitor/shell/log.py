"""What a worker writes to stderr: one line for each thing that an operator may want to know.

Faust and aiokafka announce every start and stop of their parts. Of that, only warnings pass until
the level is DEBUG. Two rules for aiokafka: its DEBUG is never heard, for it quotes requests, and so
customers; and it says the same only now and then, for while a broker is away it says it a hundred
times a second.
"""

from __future__ import annotations

import logging
import time

_CLIENT = "aiokafka"
_AGAIN_AFTER_SECONDS = 10.0

operator = logging.getLogger("outcome-monitor")
"""The one voice that is heard at INFO."""


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
    """Keeps the client from repeating itself."""

    def __init__(self) -> None:
        """Let everything be said once."""
        super().__init__()
        self._said_at: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the client has not just said this, or something like it."""
        if not record.name.startswith(_CLIENT):
            return True
        # By the line of code, because the words name ports, nodes and errors.
        place = (record.pathname, record.lineno)
        if record.created - self._said_at.get(place, 0.0) < _AGAIN_AFTER_SECONDS:
            return False
        self._said_at[place] = record.created
        return True
