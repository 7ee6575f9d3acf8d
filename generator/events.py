"""From who-did-what-when to tables of events: envelope, identities, contract types, order of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.contracts import conform, load_contract

TIMESTAMP = pa.timestamp("us", "UTC")

# A source hands an event on within about two seconds: app, mobile network, its own queue.
SHORTEST_DELAY_MS, LONGEST_DELAY_MS = 120, 2_200


def event_ids(source: str, topic: str, event_type: str, keys: Sequence[str], repeats: Sequence[int]) -> list[str]:
    """Identity of each event, 32 hexadecimal digits, from what the event is: the same event again has the same id."""
    head = f"{source}|{topic}|{event_type}|"
    return [
        hashlib.blake2b(f"{head}{key}|{n}".encode(), digest_size=16).hexdigest()
        for key, n in zip(keys, repeats, strict=True)
    ]


def trace_ids(order_ids: Sequence[str]) -> list[str]:
    """W3C trace id of each order, 32 hexadecimal digits."""
    return [hashlib.blake2b(f"trace|{order_id}".encode(), digest_size=16).hexdigest() for order_id in order_ids]


def instants(seconds: np.ndarray) -> pa.Array:
    """Seconds since 1970 UTC as timestamps, rounded to the millisecond; NaN is missing."""
    known = np.isfinite(seconds)
    micros = np.rint(np.where(known, seconds, 0.0) * 1e3).astype(np.int64) * 1000
    return pa.array(micros, mask=~known).cast(TIMESTAMP)


def produced_at(times: pa.Array, ids: Sequence[str]) -> pa.Array:
    """When the source handed each event over: its time and a delay that its id decides."""
    span = LONGEST_DELAY_MS - SHORTEST_DELAY_MS
    delays = np.array([SHORTEST_DELAY_MS + int(i[:8], 16) % span for i in ids], dtype=np.int64) * 1000
    return pa.array(times.cast(pa.int64()).to_numpy() + delays).cast(TIMESTAMP)


@dataclass
class EventLog:
    """Collects events by topic. `key` of an event is its order_id (or courier_id) and decides its identity."""

    city_id: str
    source: str
    key_column: str = "order_id"
    _pieces: dict[str, list[pa.Table]] = field(default_factory=dict)

    def add(
        self,
        topic: str,
        event_type: str,
        keys: Sequence[str],
        seconds: np.ndarray,
        *,
        repeats: Sequence[int] | None = None,
        **columns: Any,
    ) -> None:
        """Add one event a key at `seconds` since 1970; `repeats` tells events of one key and type apart."""
        if len(keys) == 0:
            return
        schema = load_contract(f"events/{topic}").arrow_schema
        ids = event_ids(self.source, topic, event_type, keys, repeats if repeats is not None else [0] * len(keys))
        times = instants(np.asarray(seconds, dtype=np.float64))
        own = {name: _column(values, schema.field(name).type, len(keys)) for name, values in columns.items()}
        envelope = {
            "event_id": pa.array(ids),
            "event_type": pa.repeat(event_type, len(keys)),
            "event_time": times,
            "produced_at": produced_at(times, ids),
            "city_id": pa.repeat(self.city_id, len(keys)),
            "source": pa.repeat(self.source, len(keys)),
            "is_simulated": pa.repeat(True, len(keys)),
            "trace_id": pa.array(trace_ids(keys) if self.key_column == "order_id" else [None] * len(keys), pa.string()),
            self.key_column: pa.array(keys, pa.string()),
        }
        self._pieces.setdefault(topic, []).append(conform(pa.table(envelope | own), load_contract(f"events/{topic}")))

    def tables(self, topics: Sequence[str]) -> dict[str, pa.Table]:
        """The events of each topic in order of time, then identity; an empty table where nothing happened."""
        return {topic: self._table(topic) for topic in topics}

    def _table(self, topic: str) -> pa.Table:
        pieces = self._pieces.get(topic)
        if not pieces:
            return load_contract(f"events/{topic}").arrow_schema.empty_table()
        return in_order(pa.concat_tables(pieces))


def in_order(table: pa.Table) -> pa.Table:
    """Rows by event time, then event id: an order that does not depend on how they were made."""
    return table.sort_by([("event_time", "ascending"), ("event_id", "ascending")]).combine_chunks()


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """One value for all rows, seconds for a timestamp, or an array; NaN in a number is missing."""
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if isinstance(values, str) or values is None:
        return pa.array([values] * rows, kind)
    if kind == TIMESTAMP:
        return instants(np.asarray(values, dtype=np.float64))
    return pa.array(values, kind, from_pandas=True)
