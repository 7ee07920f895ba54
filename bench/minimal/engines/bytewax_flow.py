"""Bytewax on the minimal job: one stateful step, snapshots of what changed every ten seconds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import bytewax.operators as op
from bytewax._bytewax import cli_main
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, BY_PYDANTIC, TOPICS

if TYPE_CHECKING:
    from bytewax.connectors.kafka import KafkaSourceMessage


class _Nothing(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        pass


class _NothingSink(DynamicSink[Any]):
    def build(self, _step_id: str, _worker_index: int, _worker_count: int) -> _Nothing:
        return _Nothing()


def main() -> None:
    """Drain the backlog; the flow ends where the topics do."""
    told, measured = meter.arguments(), meter.Meter()
    init_db_dir(told.state_dir, 1)

    def decode(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, Any] | None:
        measured.first()
        measured.seen += 1
        try:
            return message.key.decode(), BY_PYDANTIC[message.topic](message.value)
        except BROKEN:
            join.refuse(message.topic, measured.counts)
            return None

    def fold(state: join.State | None, event: Any) -> tuple[join.State, tuple[()]]:  # noqa: ANN401
        known = state or join.new_state()
        join.update(known, event, measured.counts)
        return known, ()

    flow = Dataflow("bench")
    source = op.input("kafka", flow, KafkaSource([told.bootstrap], TOPICS, tail=False))
    keyed = op.filter_map("decode", source, decode)
    op.output("out", op.stateful_flat_map("join", keyed, fold), _NothingSink())
    recovery = RecoveryConfig(told.state_dir)
    cli_main(flow, epoch_interval=timedelta(seconds=10), recovery_config=recovery)
    measured.done()


if __name__ == "__main__":
    main()
