"""Breaks workers and their broker under load: `python -m tests.chaos.run --faults 200 --seed 1`.

When the last fault is over, event time is carried over the last event, and everything is held
against a replay of the log; then it is carried over all deadlines, and everything is again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.core.moments import seconds
from monitor.shell.access import Access
from monitor.shell.topics import INPUTS, OUTPUTS, create_topics
from schemas.decode import TOPICS
from tests.chaos.cluster import Broker, Place
from tests.chaos.faults import KINDS, OF_THE_BROKER, Weights, schedule
from tests.chaos.load import PARTITIONS, Sender, closing, load, send
from tests.chaos.pages import Watch, cells_shown, highest, watermarks
from tests.chaos.truth import read_log, replayed
from tests.chaos.verdict import Verdict, judge_outputs, judge_pages, judge_shown, judge_state
from tests.integration.apache_kafka import ApacheKafka
from tests.sim.pen import DAY

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.faults import Fault

WORKERS, SPARE = 3, 1
CHANGELOG = "chaos-journeys-changelog"
ENGINES = ("memory", "disk")
EVENTS_PER_SECOND = 120
_PATIENCE_SECONDS = 240
_DEADLINES = (2 * DAY, 9 * DAY, 40 * DAY, 400 * DAY)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run, which is the same for the same seed but for what the clock decides."""

    seed: int
    faults: int
    weights: Weights = field(default_factory=Weights)
    engine: str = ENGINES[0]
    events_per_second: int = EVENTS_PER_SECOND


class Chaos:
    """One run."""

    def __init__(self, plan: Plan, directory: Path, say: Callable[[str], None]) -> None:
        """Keep all logs in the directory; nothing runs before ``run``."""
        self.verdict = Verdict()
        self.injected: Counter[str] = Counter()
        self._plan = plan
        self._directory = directory
        self._say = say
        self._schedule = schedule(plan.seed, plan.faults, plan.weights)
        self._places: list[Place] = []
        self._began = time.monotonic()

    def run(self) -> Verdict:
        """Break things, mend them, and judge."""
        with ExitStack() as ending:
            kafka = ApacheKafka(doorways=WORKERS + SPARE, brief=True)
            ending.enter_context(kafka)
            ending.callback(lambda: shutil.copy(kafka.log, self._directory / "broker.log"))
            asyncio.run(create_topics(Access(kafka.bootstrap), PARTITIONS, topics=INPUTS + OUTPUTS))
            for number, doorway in enumerate(kafka.doorways):
                directory = self._directory / f"worker-{number}"
                place = Place(number, doorway, directory, self._plan.engine)
                place.open()
                ending.callback(place.close)
                self._places.append(place)
            broker = Broker(kafka)
            ending.callback(broker.hands.close)
            self._break_and_judge(kafka.bootstrap, broker)
        return self.verdict

    def _break_and_judge(self, bootstrap: str, broker: Broker) -> None:
        length = sum(fault.after for fault in self._schedule)
        whole = load(self._plan.seed, int(length * self._plan.events_per_second))
        for place in self._places[:WORKERS]:
            place.start()
        watch = Watch([place.worker for place in self._places])
        watch.start()
        self._settle(lambda: len(self._watermarks()) == PARTITIONS)
        sender = Sender(bootstrap, whole.messages, length)
        sender.start()
        try:
            self._break(broker, sender)
            self._mend(broker)
            self._say(
                f"records: {len(whole.messages)}, of which {sender.sent} were sent before the last"
                " fault was over"
            )
        finally:
            sender.join()
        self._check(bootstrap, whole.ends)
        last = whole.ends
        for later in _DEADLINES:
            last = whole.ends + later
            send(bootstrap, closing(last))
        self._check(bootstrap, last, sent=True)
        watch.stop()
        self._end(watch, bootstrap, last)

    def _break(self, broker: Broker, sender: Sender) -> None:
        due = time.monotonic()
        for number, fault in enumerate(self._schedule):
            if number % 10 == 0:
                self._note(f"{number} faults, {sender.sent} records sent")
            due += fault.after
            while time.monotonic() < due:
                self._watch_over()
                time.sleep(0.05)
            target = self._target(fault, broker)
            self.injected[fault.kind] += 1
            target()

    def _target(self, fault: Fault, broker: Broker) -> Callable[[], None]:
        """What lets the fault happen, once there is somebody whom it can hit."""
        if fault.kind in OF_THE_BROKER:
            while broker.hands.busy:
                self._watch_over()
                time.sleep(0.05)
            broker.hands.wait()
            self._note(f"{fault.kind} {fault.seconds:.1f} s")
            return lambda: broker.suffer(fault.kind, fault.seconds)
        kind = fault.kind
        while True:
            self._watch_over()
            idle = [place for place in self._places if not place.hands.busy]
            if kind == "resize":
                away = [place for place in idle if not place.wanted]
                all_there = all(place.wanted for place in self._places)
                fitting = away or (idle if all_there else [])
            else:
                fitting = [place for place in idle if place.wanted]
            if fitting:
                break
            time.sleep(0.05)
        place = fitting[int(fault.die * len(fitting))]
        if kind == "resize":
            kind = "leave" if place.wanted else "join"
        self._note(f"{kind} worker {place.number} for {fault.seconds:.1f} s")
        return lambda: place.suffer(kind, fault.seconds)

    def _mend(self, broker: Broker) -> None:
        for hands in (broker.hands, *(place.hands for place in self._places)):
            hands.wait()

    def _watch_over(self) -> None:
        for place in self._places:
            if not place.hands.busy:
                place.hands.wait()
            before = place.deaths
            place.watch_over()
            if place.deaths > before:
                self._note(f"worker {place.number} had ended by itself, and was started again")

    def _check(self, bootstrap: str, ends: int, *, sent: bool = False) -> None:
        """Carry event time just over a moment, wait for everything, and judge it."""
        if not sent:
            send(bootstrap, closing(ends))
        reached = seconds(ends + 1)
        self._settle(
            lambda: (
                set(self._watermarks().values()) == {reached}
                and len(self._watermarks()) == PARTITIONS
                and asyncio.run(_is_drained(bootstrap))
            )
        )
        self._note("everything is read")
        truth = replayed(read_log(bootstrap), ends)
        self._note(f"{sum(len(one.customers) for one in truth.trackers.values())} customers open")
        judge_pages(self.verdict, [cells_shown(place.worker) for place in self._places], truth)
        judge_state(self.verdict, bootstrap, CHANGELOG, truth)
        judge_outputs(self.verdict, bootstrap, truth)
        self.truth = truth
        self._note(f"judged: {dict(self.verdict.compared)}")

    def _end(self, watch: Watch, bootstrap: str, ends: int) -> None:
        del bootstrap, ends
        judge_shown(self.verdict, watch.most, self.truth)
        running = [place for place in self._places if place.wanted]
        for place in running:
            status = place.worker.stop()
            if status != 0:
                self.verdict.object(f"worker {place.number} ended with status {status}")
        self._say(
            f"pages looked at {watch.looks} times; {watch.steps_back} times a partition showed less"
            f" than before, for {watch.longest_back:.1f} s at the longest, by"
            f" {watch.deepest_back:g} in one total at the most"
        )
        deaths = sum(place.deaths for place in self._places)
        statuses = Counter(status for place in self._places for status in place.statuses)
        self._say(f"workers ended by themselves: {deaths}; status after SIGTERM: {dict(statuses)}")

    def _watermarks(self) -> dict[int, float]:
        return watermarks(highest(cells_shown(place.worker) for place in self._places))

    def _settle(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            self._watch_over()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not settled after {_PATIENCE_SECONDS} s")
            time.sleep(0.5)

    def _note(self, what: str) -> None:
        with (self._directory / "chaos.log").open("a") as log:
            at = time.strftime("%H:%M:%S")
            log.write(f"{at} {time.monotonic() - self._began:7.2f} {what}\n")


async def _is_drained(bootstrap: str) -> bool:
    """Whether the group has committed everything, which it does when that is durable."""
    partitions = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id="chaos", enable_auto_commit=False
    )
    async with consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        committed = {tp: await consumer.committed(tp) or 0 for tp in partitions}
        return bool(committed == ends)


def main(arguments: list[str]) -> int:
    """Run, print what came of it, and return 0 if nothing was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", default="", help="kinds of faults, with commas")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0], help="of the state")
    parser.add_argument("--logs", type=Path, help="keep all logs in this directory, go as it may")
    given = parser.parse_args(arguments)
    without = {kind: 0.0 for kind in given.without.split(",") if kind}
    if without.keys() - set(KINDS):
        parser.error(f"--without takes some of {', '.join(KINDS)}")
    plan = Plan(given.seed, given.faults, replace(Weights(), **without), given.engine)
    prefix = f"outcome-monitor-chaos-{plan.seed}-"
    directory = given.logs or Path(tempfile.mkdtemp(prefix=prefix))
    directory.mkdir(exist_ok=True)
    # The load's producer says at length that it finds no broker.
    logging.basicConfig(filename=directory / "load.log")
    status = told(plan, directory, again=" ".join(["make chaos", *_again(given)]))
    if status == 0 and not given.logs:
        shutil.rmtree(directory)
    return status


def told(plan: Plan, directory: Path, again: str) -> int:
    """Run a plan and tell of it."""
    began = time.monotonic()
    chaos = Chaos(plan, directory, lambda line: print(line, flush=True))  # noqa: T201
    try:
        verdict = chaos.run()
    except BaseException:
        print(f"Seed {plan.seed}: not finished. Logs: {directory}\nAgain: {again}", flush=True)  # noqa: T201
        raise
    lines = [
        f"seed {plan.seed}, state engine {plan.engine}",
        f"faults injected: {chaos.injected.total()} {dict(chaos.injected)}",
        f"compared: {dict(verdict.compared)}",
        f"lost: {verdict.lost}, doubled: {verdict.doubled}, otherwise wrong: {verdict.other}",
        f"took {time.monotonic() - began:.0f} s",
        *verdict.lines(),
    ]
    if not verdict.good:
        (directory / "wrong.txt").write_text("\n".join(verdict.told))
        lines.append(f"Logs: {directory}\nAgain: {again}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if verdict.good else 1


def _again(given: argparse.Namespace) -> list[str]:
    words = [f"FAULTS={given.faults}", f"SEED={given.seed}", f"ENGINE={given.engine}"]
    return [*words, f"WITHOUT={given.without}"] if given.without else words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
