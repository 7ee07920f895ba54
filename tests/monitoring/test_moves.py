"""Worker moves, crashes and zombies, as a real Prometheus reads the totals: no error remains."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS
from monitor.rules.totals import BY_METRIC, LABELS, owned
from tests.integration.traffic import BLINDNESS, expected, remove_our_topics, sample, send
from tests.integration.worker import PARTITIONS, Worker
from tests.monitoring.stack import Stack, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.core.reading import Reading
    from tests.integration.apache_kafka import ApacheKafka

# Events are counted with the heartbeats, of which a replay needs fewer.
METRICS_READ = [
    name
    for name in BY_METRIC
    if name.endswith("_total") and name not in ("cx_events_total", "cx_dead_letters_total")
]
CLOSE = 1e-6

Cells = dict[tuple[str, tuple[str, ...]], float]


def test_prometheus_reads_what_a_replay_counts_whoever_had_the_partitions(
    apache_kafka: ApacheKafka, topic_prefix: str, tmp_path: Path
) -> None:
    bootstrap = apache_kafka.bootstrap
    asyncio.run(remove_our_topics(bootstrap))
    messages = sample(3, seed=5)
    want = expected(messages)
    quarter = -(-len(messages) // 4)
    parts = [messages[at : at + quarter] for at in range(0, len(messages), quarter)]
    one = Worker(bootstrap, topic_prefix, tmp_path / "one")
    two = Worker(bootstrap, topic_prefix, tmp_path / "two")
    with ExitStack() as running:
        running.callback(one.kill)
        running.callback(two.kill)
        one.start()
        stack = running.enter_context(Stack(tmp_path / "stack", [one.port, two.port]))

        # A crash, before everything is flushed.
        asyncio.run(send(bootstrap, parts[0]))
        wait_until(lambda: seen(stack))
        one.kill()
        two.start()

        # A move: half of the partitions go to the worker that joins.
        asyncio.run(send(bootstrap, parts[1]))
        one.start()
        wait_until(lambda: has(one) and has(two))

        # A zombie: it sleeps through the loss of its partitions, wakes, and shows its old page.
        asyncio.run(send(bootstrap, parts[2]))
        assert two.pid is not None
        os.kill(two.pid, signal.SIGSTOP)
        wait_until(lambda: len(has(one)) == PARTITIONS)
        asyncio.run(send(bootstrap, parts[3]))
        os.kill(two.pid, signal.SIGCONT)
        wait_until(lambda: has(one) and has(two))

        # A farewell.
        one.stop()
        two.wait_until_applied(want.watermark)

        wanted = cells_of(want.reading)
        wait_until(lambda: not wrong(read(stack, "{}"), wanted))
        # Not for a moment was anything more.
        most = read(stack, "max_over_time(({})[10m:1s])")
        gross = {cell: n for cell, n in wanted.items() if not may_fall(cell[0])}
        assert gross
        assert {cell for cell, n in gross.items() if most.get(cell, 0) > n + CLOSE} == set()


def has(worker: Worker) -> dict[int, float]:
    """Return the partitions that a worker shows."""
    return worker.watermarks() if worker.get("/readyz", patience=1)[0] == 200 else {}


def seen(stack: Stack) -> bool:
    """Whether Prometheus has seen anything counted."""
    return any(read(stack, "{}").values())


def read(stack: Stack, form: str) -> Cells:
    """Return what the recorded totals make of an expression, added up over partitions."""
    found: Cells = {}
    for metric in METRICS_READ:
        labels = BY_METRIC[metric].labels
        total = f"sum by ({', '.join(labels)}) ({owned(metric)})"
        for series in stack.query(form.format(total)):
            cell = tuple(series["metric"].get(label, "") for label in labels)
            found[metric, cell] = float(series["value"][1])
    return found


def cells_of(reading: Reading) -> Cells:
    """Add up a reading as the rules do: less what was taken back, without what no rule reads."""
    added: Cells = defaultdict(float)
    for metric in METRICS_READ:
        kept = [LABELS[metric].index(label) for label in BY_METRIC[metric].labels]
        for name, sign in ((metric, 1), (taken_back(metric), -1)):
            for cell, n in reading.get(name, {}).items():
                added[metric, tuple(cell[at] for at in kept)] += sign * n
    return added


def taken_back(metric: str) -> str:
    return metric.replace("_total", "_retractions_total")


def may_fall(metric: str) -> bool:
    """Whether something of it can be taken back."""
    return taken_back(metric) in METRICS


def wrong(got: Cells, want: Cells) -> dict[tuple[str, tuple[str, ...]], tuple[float, float]]:
    """Return the cells of which the two think differently."""
    return {
        cell: (got.get(cell, 0), want.get(cell, 0))
        for cell in got.keys() | want.keys()
        if abs(got.get(cell, 0) - want.get(cell, 0)) > CLOSE * max(1, abs(want.get(cell, 0)))
        # What a partition does not see is its own affair, and a replay has but one.
        and BLINDNESS not in cell[1]
    }
