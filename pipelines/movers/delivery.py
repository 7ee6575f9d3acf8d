"""What a source hands over for one topic, good or not: rows as its contract wants them, other rows, bare messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.contracts import Contract
from pipelines.messages import LAST_US, Headers, Origin


@dataclass(frozen=True)
class RawMessage:
    """A message sent as it is, whatever its contract says of it.

    `headers` are its own; those of every message of a unit (producer_id, unit, sequence) are added when it is sent.
    `key` decides its partition; `produced_us` (µs since 1970) when a paced publisher sends it.
    """

    value: bytes
    headers: Headers
    key: str
    produced_us: int

    def stamped(self, origin: Origin, sequence: int) -> Headers:
        """The headers as they are sent."""
        ours = {"producer_id": origin.producer_id, "unit": origin.unit, "sequence": str(sequence)}
        return [*self.headers, *((name, text.encode()) for name, text in ours.items())]


@dataclass(frozen=True)
class Delivery:
    """Tables and messages of one topic in the order they are handed over; a table begins a new message.

    The rows of a table may break rules. A table may have columns that the contract lacks; then no reader admits it.
    """

    parts: tuple[pa.Table | RawMessage, ...]

    @property
    def tables(self) -> Iterator[pa.Table]:
        return (part for part in self.parts if isinstance(part, pa.Table))

    @property
    def messages(self) -> Iterator[RawMessage]:
        return (part for part in self.parts if isinstance(part, RawMessage))

    def due(self, from_us: int, until_us: int = LAST_US) -> Delivery:
        """What is handed over from one instant until before another (µs since 1970), in the same order.

        A row goes when it was produced, or with the latest of those that stand before it in its table: a row that
        others overtook goes after them.
        """
        parts: list[pa.Table | RawMessage] = []
        for part in self.parts:
            if isinstance(part, RawMessage):
                parts += [part] if from_us <= part.produced_us < until_us else []
                continue
            first, last = np.searchsorted(sent_us(part), [from_us, until_us])
            parts += [part.slice(first, last - first)] if last > first else []
        return Delivery(tuple(parts))


def sent_us(table: pa.Table) -> np.ndarray:
    """When each row of a delivery's table goes, µs since 1970; never before the row above it."""
    return np.asarray(np.maximum.accumulate(table.column("produced_at").cast(pa.int64()).to_numpy()))


def is_wider(table: pa.Table, contract: Contract) -> bool:
    """Whether the table has a column that the contract lacks."""
    return not set(table.column_names) <= set(contract.columns)
