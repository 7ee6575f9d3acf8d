"""Publishers and movers that die in the middle; run in processes of their own."""

from __future__ import annotations

import os
import signal
import time

import pyarrow as pa
from kafka import KafkaConsumer

from pipelines import messages
from pipelines.connectors import kafka
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.kafka_to_cassandra import kafka_to_cassandra
from tests.services.tiny_events import event, table

ROWS = 20


def many(producer_id: str) -> dict[str, pa.Table]:
    """ROWS events of as many orders."""
    rows = [event("delivery_progress", "picked_up", f"{producer_id}-{n}", n) for n in range(ROWS)]
    return {"delivery_progress": table("delivery_progress", rows)}


def publish_and_die(producer_id: str, batches: int) -> None:
    """Publish one row a message, and die by SIGKILL after `batches` of them; some are on the broker by then."""
    messages.MAX_ROWS = 1  # of this process, which is about to end
    kafka.TRANSACTION_SECONDS = 10  # readers wait until the broker has ended what is left open here
    sent: list[int] = []

    def die_in_time(rows: int) -> None:
        sent.append(rows)
        time.sleep(0.05)  # longer than the producer waits for a fuller request
        if len(sent) == batches:
            os.kill(os.getpid(), signal.SIGKILL)

    publish_unit(producer_id, producer_id, many(producer_id), fingerprint="a", on_batch=die_in_time)


def apply_and_die() -> None:
    """Write what is new to Cassandra, and die by SIGKILL before the offsets are committed."""

    def die(*_args: object, **_options: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    KafkaConsumer.commit = die
    kafka_to_cassandra()
