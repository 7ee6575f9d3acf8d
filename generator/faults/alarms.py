"""What the pipeline itself raises today: quarantined rows and orders, repeats in bronze, and dead letters."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import TableNotFoundError

from generator.faults.bad_messages import message_id
from generator.faults.score import Alarm
from pipelines.connectors.delta import open_table, read
from pipelines.contracts import topics
from pipelines.movers.dead_letters import DeadLetter, read_letters


def raised_alarms() -> Iterator[Alarm]:
    """Every alarm that stands in the stores now, of all days."""
    yield from _quarantined()
    for topic in topics():
        yield from _repeats(topic)
        for letter in read_letters(topic):
            yield Alarm("message", _events_in(letter), message_id(letter.headers))


def _quarantined() -> Iterator[Alarm]:
    rows = _stored("silver/quarantine", ["dataset", "event_id", "order_id"])
    for row in rows.to_pylist():
        if row["dataset"] == "silver/orders":
            yield Alarm("order", key=row["order_id"])
        else:
            yield Alarm("row", (str(row["event_id"]),))


def _repeats(topic: str) -> Iterator[Alarm]:
    counts = pc.value_counts(_stored(f"bronze/{topic}", ["event_id"]).column("event_id"))
    for event_id in pc.struct_field(counts.filter(pc.greater(pc.struct_field(counts, [1]), 1)), [0]).to_pylist():
        yield Alarm("repeat", (str(event_id),))


def _events_in(letter: DeadLetter) -> tuple[str, ...]:
    try:
        found = pq.read_table(pa.BufferReader(letter.value or b""), columns=["event_id"]).column("event_id")
    except (pa.ArrowException, OSError, ValueError):
        return ()
    return tuple(str(event_id) for event_id in found.drop_null().to_pylist())


def _stored(dataset: str, columns: list[str]) -> pa.Table:
    try:
        return read(open_table(dataset), columns)
    except TableNotFoundError:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
