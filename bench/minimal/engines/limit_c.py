"""Limit C on the minimal job: confluent-kafka, msgspec and a dict; nothing is durable.

Nobody who folds every record in Python gets far below it. It is the measure of the others.
"""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from bench.minimal import join, meter
from bench.minimal.contract import BROKEN, BY_MSGSPEC, PARTITIONS, TOPICS


def main() -> None:
    """Drain the backlog without a group."""
    told, measured = meter.arguments(), meter.Meter()
    consumer = Consumer(
        {
            "bootstrap.servers": told.bootstrap,
            "group.id": "bench-limit-c",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            # Its default is a second, for which a fast consumer then stalls.
            "fetch.queue.backoff.ms": 10,
        }
    )
    consumer.assign([TopicPartition(topic, n, 0) for topic in TOPICS for n in range(PARTITIONS)])
    states: dict[bytes, join.State] = {}
    counts = measured.counts
    while measured.seen < told.total:
        messages = consumer.consume(num_messages=1000, timeout=1.0)
        if messages:
            measured.first()
        measured.seen += len(messages)
        for message in messages:
            if message.error():
                raise SystemExit(str(message.error()))
            topic = message.topic()
            try:
                event = BY_MSGSPEC[topic](message.value())
            except BROKEN:
                join.refuse(topic, counts)
                continue
            key = message.key()
            state = states.get(key)
            if state is None:
                state = states[key] = join.new_state()
            join.update(state, event, counts)
    measured.done()
    consumer.close()


if __name__ == "__main__":
    main()
