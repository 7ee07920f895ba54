"""RocksDB beside LMDB as the disk engine: batches of rows, random reads, due rows, memory.

Each runs in a process of its own. Run it by hand, with both packages installed:
``pip install rocksdict lmdb && python bench/engines.py --rows 1000000``.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import rocksdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 10_000
ROW = 900
DAY = 86_400_000_000


def rocks(path: str) -> tuple[Callable[..., None], Callable[[bytes], object], Callable[..., int]]:
    """RocksDB: puts a batch, gets a value, counts the keys from one on up to another."""
    options = rocksdict.Options(raw_mode=True)
    options.set_compression_type(rocksdict.DBCompressionType.none())
    options.set_write_buffer_size(16 << 20)
    database = rocksdict.Rdict(path, options)

    def put(pairs: list[tuple[bytes, bytes]]) -> None:
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in pairs:
            batch.put(key, value)
        database.write(batch)

    def count(first: bytes, last: bytes) -> int:
        bounds = rocksdict.ReadOptions()
        bounds.set_iterate_upper_bound(last)
        return sum(1 for _ in database.keys(from_key=first, read_opt=bounds))

    return put, database.get, count


def lmdb(path: str) -> tuple[Callable[..., None], Callable[[bytes], object], Callable[..., int]]:
    """LMDB: the same. It does not wait for the disk either."""
    database = import_module("lmdb").open(path, map_size=64 << 30, sync=False)

    def put(pairs: list[tuple[bytes, bytes]]) -> None:
        with database.begin(write=True) as transaction:
            for key, value in pairs:
                transaction.put(key, value)

    def get(key: bytes) -> object:
        with database.begin() as transaction:
            return transaction.get(key)

    def count(first: bytes, last: bytes) -> int:
        with database.begin() as transaction:
            cursor = transaction.cursor()
            cursor.set_range(first)
            found = 0
            for key in cursor.iternext(keys=True, values=False):
                if key >= last:
                    break
                found += 1
            return found

    return put, get, count


def pairs(rows: int, seed: random.Random) -> Iterator[list[tuple[bytes, bytes]]]:
    """Rows in batches, each with the key that says when it is due."""
    for start in range(0, rows, BATCH):
        batch = []
        for _ in range(start, min(start + BATCH, rows)):
            key = b"customer:" + seed.randbytes(16).hex().encode()
            due = seed.randrange(30 * DAY).to_bytes(8, "big")
            batch += [(key, due + seed.randbytes(ROW - 8)), (b"due:" + due + key, b"")]
        yield batch


def measured(engine: str, rows: int, path: str) -> dict[str, float]:
    """What one engine takes."""
    put, get, count = {"rocks": rocks, "lmdb": lmdb}[engine](path)
    seed, keys, spent = random.Random(1), [], 0.0  # noqa: S311  # the same each time
    for batch in pairs(rows, seed):
        keys += [key for key, value in batch[:200] if value]
        begun = time.perf_counter()
        put(batch)
        spent += time.perf_counter() - begun
    seed.shuffle(keys)
    begun = time.perf_counter()
    for key in keys:
        assert get(key) is not None
    got = time.perf_counter() - begun
    begun = time.perf_counter()
    due = count(b"due:" + bytes(8), b"due:" + (30 * DAY).to_bytes(8, "big"))
    looked = time.perf_counter() - begun
    kilobytes = {
        line.split()[0]: int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith(("VmHWM", "RssAnon", "RssFile"))
    }
    return {
        "put_us_per_row": spent / rows * 1e6,
        "get_us": got / len(keys) * 1e6,
        "due_us_per_row": looked / due * 1e6,
        "peak_rss_mb": kilobytes["VmHWM:"] / 1024,
        "file_rss_mb": kilobytes["RssFile:"] / 1024,
        "disk_mb": sum(one.stat().st_size for one in Path(path).iterdir()) / 1e6,
    }


def main() -> None:
    """Measure one after the other."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rows", type=int, default=1_000_000)
    words.add_argument("--engine")
    words.add_argument("--path")
    chosen = words.parse_args()
    if chosen.engine:
        sys.stdout.write(json.dumps(measured(chosen.engine, chosen.rows, chosen.path)))
        return
    for engine in ("rocks", "lmdb"):
        with tempfile.TemporaryDirectory() as path:
            run = [sys.executable, __file__, f"--rows={chosen.rows}"]
            told = subprocess.run(
                [*run, f"--engine={engine}", f"--path={path}"], check=True, capture_output=True
            )
        values = json.loads(told.stdout).items()
        line = ", ".join(f"{name} {value:.1f}" for name, value in values)
        sys.stdout.write(f"{engine}: {line}\n")


if __name__ == "__main__":
    main()
