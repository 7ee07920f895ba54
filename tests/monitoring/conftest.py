"""A broker for each file: these tests use the product's own topics, where nobody else may speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor.shell.embedded import EmbeddedBroker
from tests.integration.conftest import apache_kafka, topic_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["apache_kafka", "topic_prefix"]


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as broker:
        yield broker
