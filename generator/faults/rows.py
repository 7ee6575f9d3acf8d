"""A topic's events as they were made, what faults ask of them, and which of them a fault befalls.

Who is befallen depends on the event's identity, the seed and the fault alone. So switching one fault on moves no other,
and a new kind of event changes nothing for the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import ndtri

from generator.events import TIMESTAMP
from generator.faults.profile import Fault
from generator.faults.truth import TRUTH
from generator.streams import Streams
from pipelines.contracts import Contract, load_contract

# What identifies and paces an event stays whole, so that the truth can be compared with what arrives.
KEPT = frozenset({"event_id", "produced_at"})


@dataclass(frozen=True)
class Rows:
    """Events of one topic in the order they were made, conforming to its contract."""

    topic: str
    table: pa.Table
    streams: Streams

    @cached_property
    def contract(self) -> Contract:
        return load_contract(f"events/{self.topic}")

    @cached_property
    def ids(self) -> np.ndarray:
        """Event id of each row."""
        return np.asarray(self.table.column("event_id").to_numpy())

    @cached_property
    def keys(self) -> pa.ChunkedArray:
        """Message key of each row."""
        return self.table.column(str(self.contract.custom("messageKey")))

    @cached_property
    def produced_us(self) -> np.ndarray:
        """When each event was handed over, µs since 1970."""
        return np.asarray(self.table.column("produced_at").cast(pa.int64()).to_numpy())

    def uniform(self, concern: str, rows: np.ndarray) -> np.ndarray:
        """A number in [0, 1) for each of `rows`."""
        return self.streams.of_each(self.ids[rows], f"faults/{concern}")

    def befallen(self, kind: str, section: Fault) -> np.ndarray:
        """Indices of the rows that this kind of fault befalls, ascending."""
        if not section.holds(self.topic):
            return np.array([], dtype=np.int64)
        return np.flatnonzero(self.uniform(kind, np.arange(len(self.ids))) < section.share)

    def facts(self, rows: np.ndarray) -> dict[str, pa.ChunkedArray | str]:
        """The columns of the truth that say which events `rows` are."""
        of = self.table.select(["event_id", "event_time", "produced_at"]).take(pa.array(rows))
        return {
            "topic": self.topic,
            "key": self.keys.take(pa.array(rows)),
            "event_id": of.column("event_id"),
            "event_time": of.column("event_time"),
            "injected_at": of.column("produced_at"),
        }


@dataclass(frozen=True)
class Change:
    """New values of one column for some rows (indices, ascending)."""

    column: str
    rows: np.ndarray
    values: pa.Array


@dataclass(frozen=True)
class Effect:
    """What a fault that alters values does: its changes, and the truth of them."""

    changes: tuple[Change, ...] = ()
    truth: pa.Table = field(default_factory=TRUTH.empty_table)


def changed(table: pa.Table, changes: Iterable[Change]) -> pa.Table:
    """The table with all changes made, later ones over earlier ones."""
    for change in changes:
        if not len(change.rows):
            continue
        place = table.column_names.index(change.column)
        kind = table.schema.field(place).type
        mask = np.zeros(table.num_rows, dtype=bool)
        mask[change.rows] = True
        column = table.column(place).combine_chunks()
        new = pc.replace_with_mask(column, pa.array(mask), change.values.cast(kind))
        table = table.set_column(place, table.schema.field(place), new)
    return table


def log_normal(uniform: np.ndarray, median: float, spread: float, longest: float) -> np.ndarray:
    """Log-normal numbers from uniform ones, at most `longest`; `spread` is the sigma of the logarithm."""
    quantile: np.ndarray = ndtri(np.maximum(uniform, 1e-12))
    return np.minimum(median * np.exp(spread * quantile), longest)


def exponential(uniform: np.ndarray, mean: float, longest: float) -> np.ndarray:
    """Exponential numbers from uniform ones, at most `longest`."""
    return np.asarray(np.minimum(-mean * np.log1p(-uniform), longest))


def micros(seconds: np.ndarray) -> np.ndarray:
    """Seconds as whole milliseconds, in µs: clocks of this project tell no more."""
    return np.rint(seconds * 1e3).astype(np.int64) * 1000


def as_instants(us: np.ndarray) -> pa.Array:
    """µs since 1970 as timestamps."""
    return pa.array(us).cast(TIMESTAMP)


def picked(uniform: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each row of `weights` (rows × options) the option that its number falls on; -1 where none has a weight."""
    heights = np.cumsum(weights, axis=1)
    total = heights[:, -1:]
    choice = (uniform[:, None] * total >= heights).sum(axis=1)
    return np.where(total[:, 0] > 0, np.minimum(choice, weights.shape[1] - 1), -1)
