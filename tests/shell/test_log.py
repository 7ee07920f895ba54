"""The worker's log tells an operator what matters, and nobody who the customers are."""

from __future__ import annotations

import logging
import re
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from monitor.shell import log

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARIES = ("faust.worker", "mode.services", "aiokafka.consumer", "monitor.shell.transport")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, log.operator.name, "aiokafka")]
    handlers, levels = logging.root.handlers[:], [logger.level for logger in loggers]
    yield
    logging.root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def heard(name: str) -> list[str]:
    """Return the severities from a logger that reach the operator."""
    logger = logging.getLogger(name)
    severities = ("DEBUG", "INFO", "WARNING", "ERROR")
    return [name for name in severities if logger.isEnabledFor(logging.getLevelName(name))]


@pytest.mark.parametrize(
    ("level", "operator", "libraries"),
    [
        ("ERROR", ["ERROR"], ["ERROR"]),
        ("WARNING", ["WARNING", "ERROR"], ["WARNING", "ERROR"]),
        ("INFO", ["INFO", "WARNING", "ERROR"], ["WARNING", "ERROR"]),
    ],
)
def test_libraries_only_warn(level: str, operator: list[str], libraries: list[str]) -> None:
    log.set_up(level)

    assert heard(log.operator.name) == operator
    assert [heard(name) for name in LIBRARIES] == [libraries] * len(LIBRARIES)


def test_requests_are_never_quoted() -> None:
    log.set_up("DEBUG")

    assert heard("faust.worker") == ["DEBUG", "INFO", "WARNING", "ERROR"]
    assert heard("aiokafka.conn") == ["INFO", "WARNING", "ERROR"]


@pytest.mark.parametrize(
    ("name", "level"), [("aiokafka.conn", logging.ERROR), ("mode.timers", logging.WARNING)]
)
def test_what_was_just_said_is_not_said_again(name: str, level: int) -> None:
    now_and_then = log.NowAndThen()

    assert now_and_then.filter(record(name, level, line=1, at=1000))
    assert not now_and_then.filter(record(name, level, line=1, at=1009))
    assert now_and_then.filter(record(name, level, line=2, at=1009))
    assert now_and_then.filter(record(name, level, line=1, at=1010))


@pytest.mark.parametrize("name", [log.operator.name, "monitor.shell.transport"])
def test_each_partition_of_ours_is_news(name: str) -> None:
    now_and_then = log.NowAndThen()
    level = logging.WARNING

    assert now_and_then.filter(record(name, level, line=1, at=1000, words="partition 1"))
    assert now_and_then.filter(record(name, level, line=1, at=1001, words="partition 2"))
    assert not now_and_then.filter(record(name, level, line=1, at=1002, words="partition 2"))


def test_what_was_said_long_ago_is_forgotten() -> None:
    now_and_then = log.NowAndThen()
    tracemalloc.start()
    for number in range(20_000):
        words = f"partition 1, offset {number}"
        assert now_and_then.filter(
            record(log.operator.name, logging.WARNING, line=1, at=1000 + number, words=words)
        )
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 100_000


@pytest.mark.parametrize(
    ("name", "level"), [(log.operator.name, logging.INFO), ("mode.services", logging.ERROR)]
)
def test_news_and_errors_of_our_own_are_always_said(name: str, level: int) -> None:
    now_and_then = log.NowAndThen()

    assert all(now_and_then.filter(record(name, level, line=1, at=1000)) for _ in range(3))


def record(
    name: str, level: int, line: int, at: float, words: str | None = None
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, "some.py", line, words or f"at {at}", None, None)
    made.created = at
    return made


def test_a_line_says_when_how_bad_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("INFO")
    log.operator.info("partition %s recovered", 3)

    said = capsys.readouterr().err
    want = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO partition 3 recovered\n"
    assert re.fullmatch(want, said)
