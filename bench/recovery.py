"""How long it takes to recover open journeys from a changelog, and how much memory they take.

One process writes the changelog as Kafka keeps it: record batches of rows as `bench/state.py`
makes them, each customer with a key of their own, due over thirty days, and a position after each
batch. Another reads it with the client's own reader, as the worker does, brings the partition to
life and lets an hour pass. What is not in it is the network.

    PYTHONPATH=. python bench/recovery.py --journeys 1000000 [--engine disk] [--document]
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.structs import TopicPartition

from bench import document as page
from monitor.core.moments import DAY
from monitor.core.policy import Policy
from monitor.core.rows import NEVER, PREFIX, as_prefix
from monitor.core.snapshot import restore
from monitor.shell.changelog import Position, Recovering, encode
from monitor.shell.disk_store import DiskStore
from monitor.shell.store import MemoryStore, Store
from tests.core.test_state_size import ordinary_journey
from tests.driver import Driver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

A_FLUSH = 1000
TEMPLATES = 500
TP = TopicPartition("changelog", 0)
_LENGTH = struct.Struct(">I")


def rows(journeys: int) -> Iterator[dict[bytes, bytes | None]]:
    """The changes of one flush after the other."""
    seed = random.Random(1)  # noqa: S311  # the same each time
    driver = Driver()
    for _ in range(TEMPLATES):
        driver.tell(*ordinary_journey(seed.randbytes(16).hex()))
    driver.until("09:10")
    written = driver.save()
    templates = [value for key, value in written.items() if key.startswith(PREFIX) and value]
    begun = driver.tracker.watermark
    yield {key: value for key, value in written.items() if not key.startswith(PREFIX)}
    for start in range(0, journeys, A_FLUSH):
        changes: dict[bytes, bytes | None] = {}
        for number in range(start, min(start + A_FLUSH, journeys)):
            due = as_prefix(begun + seed.randrange(30 * DAY))
            row = due + templates[number % TEMPLATES][len(due) :]
            changes[PREFIX + seed.randbytes(16).hex().encode()] = row
        yield changes


def write(journeys: int, path: Path) -> None:
    """Write the changelog."""
    offset = 0
    with path.open("wb") as file:
        for changes in rows(journeys):
            batches = encode(
                changes,
                Position({"source": offset}, 1),
                lambda: BatchBuilder(1_000_000, 0),
            )
            for batch in batches:
                count = batch.record_count()
                built = bytearray(batch._build())  # noqa: SLF001
                # The broker gives a batch its first offset.
                struct.pack_into(">q", built, 0, offset)
                file.write(_LENGTH.pack(len(built)) + built)
                offset += count


def resident() -> int:
    """Bytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def read(path: Path, store: Store) -> None:
    """Collect what a changelog says, as the table does."""
    recovering = Recovering(store)
    with path.open("rb") as file:
        while head := file.read(_LENGTH.size):
            run = MemoryRecords(file.read(_LENGTH.unpack(head)[0]))
            # Bytes as they are, checksums looked at, uncommitted records too.
            records = list(PartitionRecords(TP, run, [], 0, None, None, True, 0))  # noqa: FBT003
            recovering.read(records, records[-1].offset)
    recovering.finish()


def measured(engine: str, path: Path) -> dict[str, float]:
    """Recover, and say what it took."""
    gc.collect()
    before, begun = resident(), time.perf_counter()
    store = MemoryStore() if engine == "memory" else DiskStore(path.parent / "store")
    read(path, store)
    collected = time.perf_counter()
    tracker = restore(Policy(), store, hot_max=10_000)
    next(tracker.customers.due_before(0), None)
    live = time.perf_counter()
    after = resident()
    customers = len(tracker.customers)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    woken = time.perf_counter()
    # The rows are of others than their keys say, so they can be woken, and not gone on with.
    due, until = store.due(tracker.watermark, 10_000)
    return {
        "customers": customers,
        "collect_s": collected - begun,
        "to_life_s": live - collected,
        "rss_bytes_per_journey": (after - before) / customers,
        "rss_mb": after / 2**20,
        "peak_rss_mb": peak / 2**20,
        "files_mb": files_mb(path.parent / "store"),
        "next_due_s": time.perf_counter() - woken,
        "next_due": len(due) if until < NEVER else -1,
    }


def document(told: Mapping[str, float], engine: str) -> None:
    """Write a line into docs/performance.md, instead of the one for as many on the same engine."""
    head = (
        "Written by `bench/recovery.py`: one process recovers open journeys of about a kilobyte "
        "from a changelog's bytes, without the network, and brings them to life.\n\n"
        "| state engine | journeys | resident bytes per journey | resident MB | peak MB | files MB "
        "| s to recover | date |\n|---|--:|--:|--:|--:|--:|--:|---|"
    )
    begins = f"| {engine} | {told['customers']:,} |"
    numbers = [
        f"{told['rss_bytes_per_journey']:,.0f}",
        *(f"{told[name]:,.0f}" for name in ("rss_mb", "peak_rss_mb", "files_mb")),
        f"{told['collect_s'] + told['to_life_s']:.1f}",
    ]
    kept = [
        line
        for line in page.section(page.MEMORY).splitlines()
        if line.startswith(("| memory", "| disk")) and not line.startswith(begins)
    ]
    line = f"{begins} {' | '.join([*numbers, page.today()])} |"
    page.put(page.MEMORY, "\n".join([head, *sorted([*kept, line], reverse=True)]))


def files_mb(directory: Path) -> float:
    """The megabytes of the files in a directory, however deep."""
    return sum(one.stat().st_size for one in directory.rglob("*") if one.is_file()) / 2**20


def main() -> None:
    """Write in one process, read in another."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--journeys", type=int, default=1_000_000)
    words.add_argument("--engine", choices=("memory", "disk"), default="memory")
    words.add_argument("--step", choices=("write", "read"))
    words.add_argument("--path", type=Path)
    words.add_argument("--document", action="store_true", help="into docs/performance.md, too")
    chosen = words.parse_args()
    if chosen.step == "write":
        write(chosen.journeys, chosen.path)
    elif chosen.step == "read":
        sys.stdout.write(json.dumps(measured(chosen.engine, chosen.path)) + "\n")
    else:
        with tempfile.TemporaryDirectory() as directory:
            run = [sys.executable, __file__, f"--journeys={chosen.journeys}"]
            run += [f"--engine={chosen.engine}", f"--path={directory}/changelog"]
            subprocess.run([*run, "--step=write"], check=True)
            read_it = [*run, "--step=read"]
            found = subprocess.run(read_it, check=True, stdout=subprocess.PIPE, text=True).stdout
        sys.stdout.write(found)
        if chosen.document:
            document(json.loads(found), chosen.engine)


if __name__ == "__main__":
    main()
