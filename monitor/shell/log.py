"""What a worker writes to stderr: one line for each thing that an operator may want to know.

Faust and aiokafka announce every start and stop of their parts. Of that, only warnings pass until
the level is DEBUG; and aiokafka never speaks up, for its DEBUG quotes requests, and so customers.
"""

from __future__ import annotations

import logging
import time

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
    others = "WARNING" if level == "INFO" else level
    logging.basicConfig(level=others, handlers=[handler], force=True)
    operator.setLevel(level)
    if level == "DEBUG":
        logging.getLogger("aiokafka").setLevel("INFO")
