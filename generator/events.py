"""From who-did-what-when to tables of events: envelope, identities, contract types, order of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.identity import Keys, first_words, hexadecimal, identified
from pipelines.contracts import conform, load_contract

TIMESTAMP = pa.timestamp("us", "UTC")

# A source hands an event on within about two seconds: app, mobile network, its own queue.
SHORTEST_DELAY_MS, LONGEST_DELAY_MS = 120, 2_200


def event_ids(
    source: str,
    topic: str,
    event_type: str,
    keys: Keys | Sequence[str],
    repeats: Sequence[int] | np.ndarray | int,
) -> pa.StringArray:
    """Identity of each event, 32 hexadecimal digits, from what the event is: the same event again has the same id."""
    return hexadecimal(identified(f"{source}|{topic}|{event_type}", Keys.of(keys), repeats))


def trace_ids(order_ids: Keys | Sequence[str]) -> pa.StringArray:
    """W3C trace id of each order, 32 hexadecimal digits."""
    return Keys.of(order_ids).trace_ids


def instants(seconds: np.ndarray) -> pa.Array:
    """Seconds since 1970 UTC as timestamps, rounded to the millisecond; NaN is missing."""
    known = np.isfinite(seconds)
    micros = np.rint(np.where(known, seconds, 0.0) * 1e3).astype(np.int64) * 1000
    return pa.array(micros, mask=~known).cast(TIMESTAMP)


def produced_at(times: pa.Array, ids: pa.Array) -> pa.Array:
    """When the source handed each event over: its time and a delay that its id decides."""
    span = LONGEST_DELAY_MS - SHORTEST_DELAY_MS
    delays_us = (SHORTEST_DELAY_MS + first_words(ids).astype(np.int64) % span) * 1000
    return pa.array(times.cast(pa.int64()).to_numpy() + delays_us).cast(TIMESTAMP)


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
        keys: Keys | Sequence[str],
        seconds: np.ndarray,
        *,
        repeats: Sequence[int] | np.ndarray | int = 0,
        **columns: Any,
    ) -> None:
        """Add one event a key at `seconds` since 1970; `repeats` tells events of one key and type apart."""
        if len(keys) == 0:
            return
        contract, keys = load_contract(f"events/{topic}"), Keys.of(keys)
        ids = event_ids(self.source, topic, event_type, keys, repeats)
        times = instants(np.asarray(seconds, dtype=np.float64))
        own = {
            name: _column(values, contract.arrow_schema.field(name).type, len(keys)) for name, values in columns.items()
        }
        envelope = {
            "event_id": ids,
            "event_type": pa.repeat(event_type, len(keys)),
            "event_time": times,
            "produced_at": produced_at(times, ids),
            "city_id": pa.repeat(self.city_id, len(keys)),
            "source": pa.repeat(self.source, len(keys)),
            "is_simulated": pa.repeat(True, len(keys)),
            "trace_id": keys.trace_ids if self.key_column == "order_id" else pa.nulls(len(keys), pa.string()),
            self.key_column: keys.text,
        }
        self._pieces.setdefault(topic, []).append(conform(pa.table(envelope | own), contract))

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
    times = table.column("event_time").cast(pa.int64()).to_numpy()
    order = np.argsort(times, kind="stable")
    tied = np.flatnonzero(np.diff(times[order]) == 0)
    if len(tied):  # few rows share a millisecond: only they are compared by their ids
        places = np.union1d(tied, tied + 1)
        rows = order[places]
        among = pa.table({"time": times[rows], "id": table.column("event_id").take(pa.array(rows))})
        order[places] = rows[pc.sort_indices(among, [("time", "ascending"), ("id", "ascending")]).to_numpy()]
    return table.take(pa.array(order)).combine_chunks()


def _column(values: Any, kind: pa.DataType, rows: int) -> pa.Array:
    """One value for all rows, seconds for a timestamp, or an array; NaN in a number is missing."""
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if values is None:
        return pa.nulls(rows, kind)
    if isinstance(values, str):
        return pa.repeat(pa.scalar(values, kind), rows)
    if kind == TIMESTAMP:
        return instants(np.asarray(values, dtype=np.float64))
    return pa.array(values, kind, from_pandas=True)
