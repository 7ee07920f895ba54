"""Fuzzes the gateway for a while: `python -m tests.fuzz.run --seconds 300 --seed 1`.

A real gateway in front of a real broker is sent forged, bent, broken and enormous requests, and
what is right among them. Prints what was tried, how it was answered, and by how much the gateway's
memory grew.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis

from monitor.shell.embedded import EmbeddedBroker
from tests.fuzz.campaign import SOURCES, Campaign, Recipe, recipes
from tests.integration.test_ingest import Gateway, memory, peak

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = 200
MEBIBYTE = 1_048_576
# A body, what was unpacked of it, and what JSON makes of that, some times over.
GROWTH_BYTES_MAX = 96 * MEBIBYTE

FILE = """
port = {port}
body_bytes_max = 1000000
body_seconds_max = 0.3
deliveries = "taken"
"""
SOURCE = """
[sources.{name}]
mapping = "{mapping}"
signature = "{signature}"
secrets = ["{name}.0", "{name}.1"]
rate = 1000000
"""


@contextmanager
def gateway_before(bootstrap: str, directory: Path) -> Iterator[Gateway]:
    """Run a gateway that has all sources."""
    for source in SOURCES:
        for number, secret in enumerate(source.secrets):
            (directory / f"{source.name}.{number}").write_bytes(secret)
    more = "".join(
        SOURCE.format(name=each.name, mapping=each.mapping, signature=each.signature)
        for each in SOURCES
    )
    key = directory / "reference.key"
    key.write_bytes(b"a key that only this test holds")
    with Gateway(bootstrap, directory, file=FILE + more, REFERENCE_KEY_FILE=str(key)) as gateway:
        yield gateway


def attack(campaign: Campaign, seed: int, examples: int = EXAMPLES) -> None:
    """Send so many requests; the seed decides which, but for their ids and times."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(recipes())
    def one(recipe: Recipe) -> None:
        campaign.send(recipe)

    one()


def fuzz(directory: Path, seed: int, seconds: float, examples: int = EXAMPLES) -> Campaign:
    """Attack for a while, at least once; restart and send copies; and look into Kafka."""
    with EmbeddedBroker() as broker:
        with gateway_before(broker.bootstrap, directory) as gateway:
            campaign = Campaign(gateway.port)
            before = memory(gateway.process.pid)
            until = time.monotonic() + seconds
            while True:
                attack(campaign, seed, examples)
                seed += 1
                if time.monotonic() >= until:
                    break
            campaign.grown = peak(gateway.process.pid) - before
        with gateway_before(broker.bootstrap, directory) as gateway:
            campaign.port = gateway.port
            campaign.send_again()
        campaign.judge(broker.bootstrap)
    assert campaign.grown < GROWTH_BYTES_MAX, f"it grew by {campaign.grown / MEBIBYTE:.0f} MiB"
    return campaign


def main(arguments: list[str]) -> int:
    """Attack for as long as is asked for, and say what was tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        campaign = fuzz(Path(directory), chosen.seed, chosen.seconds)
    grown = f"the gateway's memory grew by {campaign.grown / MEBIBYTE:.0f} MiB"
    taken = f"{len(campaign.taken):,} events were taken, and each is in Kafka once"
    sys.stdout.write(f"{campaign.table()}\n{taken}; {grown}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
