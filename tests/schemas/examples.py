"""The examples of the contract as the tests see them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemas
from schemas.decode import TOPIC_OF, TOPICS
from schemas.published import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTRACT = Path(schemas.__file__).parent
EXAMPLES = CONTRACT / "examples"

Headers = list[tuple[str, bytes | None]]


@dataclass(frozen=True)
class Valid:
    """An event in structured mode, and a topic that may carry it."""

    name: str
    topic: str
    event: dict[str, Any]


@dataclass(frozen=True)
class Binary:
    """An event in binary mode."""

    name: str
    topic: str
    headers: Headers
    data: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """What is no event, and what shall be said of it."""

    name: str
    topic: str
    reason: Reason
    detail: str
    event: Any


def content(pattern: str) -> Iterator[tuple[str, Any]]:
    """The files of every version, by their names."""
    for path in sorted(EXAMPLES.glob(pattern)):
        yield path.relative_to(EXAMPLES).as_posix(), json.loads(path.read_text(encoding="utf-8"))


def to_bytes(value: object) -> bytes:
    return json.dumps(value).encode()


def topics_of(type_: str) -> list[str]:
    """Heartbeats belong to every topic, all else to one."""
    return list(TOPICS) if type_ == "cx.heartbeat.v1" else [TOPIC_OF[type_]]


def in_binary_mode(event: dict[str, Any]) -> tuple[Headers, bytes]:
    """The same event in the other mode; a header cannot be null, so it is left out."""
    headers: Headers = [
        (f"ce_{name}", value.encode())
        for name, value in event.items()
        if name != "data" and value is not None
    ]
    return headers, to_bytes(event["data"])


VALID = [
    Valid(name, topic, event)
    for name, event in content("v*/valid/*.json")
    for topic in topics_of(event["type"])
]
BINARY = [
    Binary(
        name,
        TOPIC_OF[record["headers"]["ce_type"]],
        [(header, value.encode()) for header, value in record["headers"].items()],
        record["data"],
    )
    for name, record in content("v*/valid/binary/*.json")
]
REFUSED = [
    Refused(name, case["topic"], Reason(case["reason"]), case["detail"], case["event"])
    for name, case in content("v*/invalid/*.json")
]


def name_of(example: Valid | Binary | Refused) -> str:
    """For pytest: which example a test is about."""
    return f"{example.name}:{example.topic}"
