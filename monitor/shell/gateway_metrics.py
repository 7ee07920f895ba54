"""What the gateway counts. Labels are names of the operator's file and numbers of HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from monitor.shell.page import encoder_for

if TYPE_CHECKING:
    from collections.abc import Collection


class GatewayMetrics:
    """The counters of one gateway."""

    def __init__(self, sources: Collection[str]) -> None:
        """Every source is shown at 0 before it sends anything."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self.requests = Counter(
            "cx_ingest_requests_total",
            "Requests, by the status of their answer.",
            ["source", "status"],
            registry=self._registry,
        )
        events = Counter(
            "cx_ingest_events_total",
            "Events: written to Kafka, refused by the contract, or given up as too many waited.",
            ["source", "result"],
            registry=self._registry,
        )
        repeats = Counter(
            "cx_ingest_repeated_requests_total",
            "Requests that had been taken before, and were answered without being taken again.",
            ["source"],
            registry=self._registry,
        )
        self.dropped = Counter(
            "cx_ingest_dropped_connections_total",
            "Connections that were closed to make room for another one.",
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "cx_ingest_requests_in_flight",
            "Requests that are being read or written.",
            registry=self._registry,
        )
        self.write_seconds = Histogram(
            "cx_ingest_write_seconds",
            "How long Kafka took to acknowledge the events of a request.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
            registry=self._registry,
        )
        for source in sources:
            self.requests.labels(source, "200")
        self.repeats = {source: repeats.labels(source) for source in sources}
        self.written = {source: events.labels(source, "written") for source in sources}
        self.refused = {source: events.labels(source, "refused") for source in sources}
        self.given_up = {source: events.labels(source, "given_up") for source in sources}

    def page(self, accept: str) -> tuple[bytes, str]:
        """Give the page in the format that is asked for, and its content type."""
        encoder, content_type = encoder_for(accept)
        return encoder(self._registry), content_type
