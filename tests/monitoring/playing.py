"""A live worker that plays journeys, scraped by a real Prometheus with our rules."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.integration.traffic import Message, heartbeats, send
from tests.integration.worker import Worker
from tests.monitoring.stack import Stack, wait_until
from tests.sim.journeys import story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.sim.pen import Said

STORIES = 220
PORTIONS = 10
_BROKEN = Message("cx.conversations", b"somebody", b"no event")
_LAST = ("cx:durable:ratio7d", "cx:involvement:ratio7d", "cx:paper_gap:ratio7d")
_NAMES = ("id", "_id", "_ref", "into")
# One worker has all partitions here, and answers slowly where other tests run beside it.
EVERY = "5s"


@contextmanager
def playing(bootstrap: str, directory: Path) -> Iterator[Stack]:
    """Play the journeys in portions, each when the one before was scraped, and then hold still."""
    with ExitStack() as running:
        scores = directory / "scores.toml"
        scores.write_text('["tau2-retail"]\nv1 = 0.61\nv2 = 0.68\nv3 = 0.74\n')
        worker = running.enter_context(
            Worker(bootstrap, directory.name, directory / "worker", benchmarks_file=scores)
        )
        stack = running.enter_context(Stack(directory / "stack", [worker.port], every=EVERY))
        wait_until(lambda: stack.query("cx_monitor_series"))
        told = sorted((one for seed in range(STORIES) for one in _story(seed)), key=_time)
        # As if the last was said just now.
        later = datetime.fromtimestamp(time.time(), UTC) - datetime.fromisoformat(
            told[-1].record["time"]
        )
        size = len(told) // PORTIONS + 1
        for start in range(0, len(told), size):
            portion = told[start : start + size]
            last = datetime.fromisoformat(portion[-1].record["time"]) + later
            messages = [_message(said, later) for said in portion]
            asyncio.run(send(bootstrap, [_BROKEN, *messages, *heartbeats(start, last)]))
            _wait(stack, "min(cx_monitor_watermark_timestamp_seconds)", last.timestamp() - 120)
            _wait(stack, "timestamp(cx:conversations:known)", time.time())
        # Rules rest on rules, and each looks at its own time.
        for name in _LAST:
            _wait(stack, f"timestamp({name})", time.time())
        yield stack


def _story(seed: int) -> Iterator[Said]:
    """A generated story about people of its own. Who is linked to whom is left out."""
    for said in story(seed):
        if said.record["type"] not in ("cx.heartbeat.v1", "cx.customer.linked.v1"):
            data = {
                name: f"{seed}-{value}" if name.endswith(_NAMES) and value else value
                for name, value in said.record["data"].items()
            }
            record = said.record | {"id": f"{seed}-{said.record['id']}", "data": data}
            yield replace(said, record=record)


def _time(said: Said) -> int:
    return said.at


def _message(said: Said, later: timedelta) -> Message:
    data = dict(said.record["data"])
    if due := data.get("due_at"):
        data["due_at"] = _moved(due, later)
    record = said.record | {"time": _moved(said.record["time"], later), "data": data}
    key = data.get("customer_ref") or data.get("conversation_id") or ""
    headers = (("content-type", b"application/cloudevents+json"),)
    return Message(said.topic, str(key).encode(), json.dumps(record).encode(), headers)


def _moved(moment: str, later: timedelta) -> str:
    return (datetime.fromisoformat(moment) + later).isoformat()


def _wait(stack: Stack, expr: str, least: float) -> None:
    """Wait until the highest number of an expression is this at least."""

    def reached() -> bool:
        return any(float(one["value"][1]) >= least for one in stack.query(expr))

    wait_until(reached)
