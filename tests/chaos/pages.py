"""What the workers' pages say, line by line, and the most that they have ever said."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.core.catalogue import METRICS
from monitor.core.policy import Policy
from monitor.shell.metrics import Exposition
from monitor.shell.page import WATERMARK
from monitor.shell.partition import OwnedPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor.core.tracker import Tracker
    from tests.integration.worker import Worker

Cells = dict[str, float]
"""Numbers by everything that stands before them on their lines: the name and all labels."""

_PARTITION = re.compile(r'[{,]partition="(\d+)"')
_NAME = re.compile(r"[a-z_]+")
_GAUGES = {name for name, metric in METRICS.items() if metric.kind == "gauge"}
_SHOWN = re.compile("|".join((*METRICS, WATERMARK)))


def cells_of(page: str) -> Cells:
    """What belongs to a partition on a page."""
    cells: Cells = {}
    for line in page.splitlines():
        if _SHOWN.match(line) and _PARTITION.search(line):
            cell, _, number = line.rpartition(" ")
            cells[cell] = float(number)
    return cells


def partition_of_cell(cell: str) -> int:
    found = _PARTITION.search(cell)
    assert found is not None, cell
    return int(found[1])


def name_of_cell(cell: str) -> str:
    found = _NAME.match(cell)
    assert found is not None, cell
    return found[0]


def cells_of_trackers(trackers: Mapping[int, Tracker]) -> Cells:
    """What a worker's page would say if it owned these."""
    owned = {number: OwnedPartition(tracker) for number, tracker in trackers.items()}
    return cells_of("".join(Exposition(Policy(), lambda: owned).pieces("")))


def never_falls(cell: str) -> bool:
    """Whether it is a total, which only grows as event time passes."""
    name = name_of_cell(cell)
    return name not in _GAUGES and name != WATERMARK


def watermarks(cells: Cells) -> dict[int, float]:
    return {partition_of_cell(c): n for c, n in cells.items() if name_of_cell(c) == WATERMARK}


@dataclass
class StepBack:
    """A time in which the workers together showed less of a partition than before."""

    began: float
    deepest: float


@dataclass
class Watch:
    """Looks at all pages every second, as Prometheus would."""

    workers: Sequence[Worker]
    most: Cells = field(default_factory=dict)
    looks: int = 0
    steps_back: int = 0
    longest_back: float = 0.0
    deepest_back: float = 0.0
    _behind: dict[int, StepBack] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _error: BaseException | None = None

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def look(self, pages: Iterable[Cells]) -> None:
        """Note the highest of all pages, and where it is lower than it was."""
        now, shown = time.monotonic(), highest(pages)
        behind: dict[int, float] = {}
        for cell, number in shown.items():
            if never_falls(cell):
                before = self.most.get(cell, 0)
                if number < before:
                    partition = partition_of_cell(cell)
                    behind[partition] = max(behind.get(partition, 0), before - number)
                else:
                    self.most[cell] = number
        self._note(now, behind, {partition_of_cell(cell) for cell in shown})
        self.looks += 1

    def _note(self, now: float, behind: dict[int, float], shown: set[int]) -> None:
        for partition, depth in behind.items():
            step = self._behind.setdefault(partition, StepBack(now, depth))
            step.deepest = max(step.deepest, depth)
        for partition in (shown & self._behind.keys()) - behind.keys():
            step = self._behind.pop(partition)
            self.steps_back += 1
            self.longest_back = max(self.longest_back, now - step.began)
            self.deepest_back = max(self.deepest_back, step.deepest)

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(len(self.workers)) as pool:
                while not self._ended.wait(1.0):
                    self.look(pool.map(cells_shown, self.workers))
        except BaseException as error:  # noqa: BLE001 - `stop` raises it
            self._error = error


def cells_shown(worker: Worker) -> Cells:
    """What a worker says now; nothing if it does not answer at once."""
    return cells_of(worker.get("/metrics", patience=2)[2]) if worker.pid is not None else {}


def highest(pages: Iterable[Cells]) -> Cells:
    most: Cells = {}
    for page in pages:
        for cell, number in page.items():
            most[cell] = max(most.get(cell, number), number)
    return most
