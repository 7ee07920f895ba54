"""The broker is the one of the integration tests."""

from __future__ import annotations

from tests.integration.conftest import embedded, topic_prefix

__all__ = ["embedded", "topic_prefix"]
