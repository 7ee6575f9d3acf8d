"""The truth of what was injected: one row a fault. No step reads it but the evaluation of quality monitoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.events import TIMESTAMP

TRUTH = pa.schema(
    [
        ("fault", pa.string()),  # missing, duplicate, late, …: the kind
        ("variant", pa.string()),  # later_message, zero_position, truncated, …; missing where a kind has only one
        ("topic", pa.string()),
        ("key", pa.string()),  # key of the event or message as it was made: the order, the courier
        ("event_id", pa.string()),  # missing for a whole message
        ("message_id", pa.string()),  # of a whole message: the parent id in its traceparent header
        ("column", pa.string()),  # whose value was altered; two for a position, comma-separated
        ("original", pa.string()),  # its value as text before, missing where there was none
        ("delivered", pa.string()),  # … and after
        ("event_time", TIMESTAMP),  # when the event really happened
        ("injected_at", TIMESTAMP),  # when what is faulty was handed over, or would have been
        (
            "delay_seconds",
            pa.float64(),
        ),  # late: by how much; duplicate: after the first; clock_skew: ahead of true time
        ("places", pa.int64()),  # out_of_order: how many events overtook it
    ]
)


def truth_rows(count: int, **columns: Any) -> pa.Table:
    """`count` rows of the truth; a text holds for all of them, a column that is not given is missing."""
    filled = {}
    for field in TRUTH:
        values = columns.get(field.name)
        if values is None or isinstance(values, str):
            filled[field.name] = pa.array([values] * count, field.type)
        else:
            array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
            filled[field.name] = array.cast(field.type) if isinstance(array, pa.Array) else pa.array(array, field.type)
    return pa.table(filled, schema=TRUTH)


def standing(pieces: Sequence[pa.Table], gone: np.ndarray) -> pa.Table:
    """All pieces in one table, without what later faults hid.

    An event in `gone` (event ids) was never handed over, so only that is true of it; of two values written over each
    other the later piece's counts.
    """
    table = pa.concat_tables([TRUTH.empty_table(), *pieces])
    never = pc.and_(
        pc.is_in(table.column("event_id"), value_set=pa.array(gone, pa.string())),
        pc.not_equal(table.column("fault"), "missing"),
    )
    table = table.filter(pc.invert(pc.fill_null(never, False)))
    written = table.select(["topic", "event_id", "column"]).to_pandas()
    hidden = written.duplicated(keep="last") & written["column"].notna()
    return table.filter(pa.array(~hidden.to_numpy())).combine_chunks()
