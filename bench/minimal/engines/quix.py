"""Quix Streams on the minimal job: one stateful step, RocksDB and changelog by its defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quixstreams import Application

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, BY_PYDANTIC, TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from quixstreams import State


def main() -> None:
    """Drain the backlog; stopping commits the last checkpoint."""
    told, measured = meter.arguments(), meter.Meter()
    app = Application(
        broker_address=told.bootstrap,
        consumer_group="bench-quix",
        auto_offset_reset="earliest",
        state_dir=told.state_dir,
        loglevel="WARNING",
        consumer_extra_config={"session.timeout.ms": 6000},
    )

    def decoder(topic: str) -> Callable[[bytes], Any]:
        decode = BY_PYDANTIC[topic]

        def read(value: bytes) -> Any:  # noqa: ANN401 - A model of the contract, or None.
            measured.first()
            measured.seen += 1
            if measured.seen >= told.total:
                app.stop()
            try:
                return decode(value)
            except BROKEN:
                return join.refuse(topic, measured.counts)

        return read

    def fold(event: Any, state: State) -> None:  # noqa: ANN401 - A model of the contract.
        customer = state.get("customer") or join.new_state()
        join.update(customer, event, measured.counts)
        state.set("customer", customer)

    streams = []
    for name in TOPICS:
        topic = app.topic(name, key_deserializer="bytes", value_deserializer="bytes")
        decoded = app.dataframe(topic).apply(decoder(name))
        streams.append(decoded.filter(lambda event: event is not None))
    first, *others = streams
    for other in others:
        first = first.concat(other)
    first.update(fold, stateful=True)
    app.run()
    measured.done()


if __name__ == "__main__":
    main()
