"""A day's events in, what is handed over out: every kind of fault of a profile, put together.

With a clean profile what comes out is what went in. Kinds are drawn independently; where two meet in one event, an
event that is missing has no other fault, and of two values for one column the one of `corrupt_rows` counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.faults.bad_messages import bad_messages
from generator.faults.clocks import skewed_clocks
from generator.faults.corrupt import corrupt_rows
from generator.faults.delays import late, missing, out_of_order, position
from generator.faults.drift import Added, added_column, unknown_values
from generator.faults.duplicates import Copies, duplicates
from generator.faults.profile import Faults
from generator.faults.rows import Rows, as_instants, changed
from generator.faults.truth import TRUTH, standing
from generator.streams import Streams
from pipelines.movers.delivery import Delivery


@dataclass(frozen=True)
class Delivered:
    """What each topic's source hands over, in order, and the truth of what is wrong with it (schema TRUTH)."""

    deliveries: dict[str, Delivery]
    truth: pa.Table


@dataclass(frozen=True)
class _Sequence:
    """Rows in the order of delivery: their numbers in the topic, those of second copies, and when copies are sent."""

    row: np.ndarray
    copy_delay_us: np.ndarray
    is_afterwards: np.ndarray


def inject(events: Mapping[str, pa.Table], faults: Faults, streams: Streams) -> Delivered:
    """Each topic's events (conforming to their contracts) as `faults` has them handed over.

    A topic's delivery is the day's messages: its rows, those of newer sources with the added column, bad messages, and
    last what came after the day's last event or was sent again. `produced_at` tells when each would have been sent.
    """
    if faults.is_clean:
        return Delivered({topic: Delivery((table,)) for topic, table in events.items()}, TRUTH.empty_table())
    found = {topic: inject_topic(topic, table, faults, streams) for topic, table in events.items()}
    deliveries = {topic: delivery for topic, (delivery, _) in found.items()}
    return Delivered(deliveries, pa.concat_tables([TRUTH.empty_table(), *(truth for _, truth in found.values())]))


def inject_topic(topic: str, table: pa.Table, faults: Faults, streams: Streams) -> tuple[Delivery, pa.Table]:
    """One topic's part of `inject`, and its rows of the truth; other topics decide nothing of it."""
    rows = Rows(topic, table, streams)
    gone, truth_of_missing = missing(rows, faults.missing)
    lateness, late_us = late(rows, faults.late)
    values = [
        lateness,
        skewed_clocks(rows, faults.clock_skew),
        unknown_values(rows, faults.unknown_values),
        corrupt_rows(rows, faults.corrupt_rows),
    ]
    moves, truth_of_moves = out_of_order(rows, faults.out_of_order)
    copies, truth_of_copies = duplicates(rows, faults.duplicates, late_us)
    extra, truth_of_extra = added_column(rows, faults.added_columns)
    messages, truth_of_messages = bad_messages(rows, faults.bad_messages)
    truths = [truth_of_missing, truth_of_moves, truth_of_copies, truth_of_extra, truth_of_messages]
    truth = standing([*truths, *(effect.truth for effect in values)], rows.ids[gone])

    table = changed(rows.table, [change for effect in values for change in effect.changes])
    produced_us = rows.produced_us + late_us
    sequence = _sequence(gone, copies, position(rows, late_us, moves), produced_us)
    first, afterwards = (_tables(table, extra, produced_us, sequence, later) for later in (False, True))
    return Delivery((*_filled(first), *messages, *_filled(afterwards))), truth


def _sequence(gone: np.ndarray, copies: Copies, places: np.ndarray, produced_us: np.ndarray) -> _Sequence:
    every = np.arange(len(places))
    row = np.concatenate([every, copies.rows])
    delay_us = np.concatenate([np.zeros_like(every), copies.delay_us])
    is_copy = np.concatenate([np.zeros(len(every), dtype=bool), np.ones(len(copies.rows), dtype=bool)])
    is_afterwards = (delay_us > 0) | (places[row] > len(places) - 1)
    in_its_place = np.lexsort((is_copy, produced_us[row], places[row]))
    by_production = np.lexsort((is_copy, places[row], produced_us[row] + delay_us))
    order = np.concatenate([in_its_place[~is_afterwards[in_its_place]], by_production[is_afterwards[by_production]]])
    order = order[~np.isin(row[order], gone)]
    return _Sequence(row[order], delay_us[order], is_afterwards[order])


def _tables(
    table: pa.Table, extra: Added | None, produced_us: np.ndarray, sequence: _Sequence, later: bool
) -> list[pa.Table]:
    """The rows of one part of the sequence; those with the added column in a table of their own."""
    chosen = sequence.is_afterwards == later
    row, delay_us = sequence.row[chosen], sequence.copy_delay_us[chosen]
    rows = table.take(pa.array(row))
    if delay_us.any():
        place = rows.column_names.index("produced_at")
        sent = as_instants(produced_us[row] + delay_us)
        rows = rows.set_column(place, rows.schema.field(place), sent)
    if extra is None:
        return [rows]
    values = extra.values.take(pa.array(row))
    is_newer = values.is_valid()
    wide = rows.append_column(extra.name, values).filter(is_newer)
    return [rows.filter(pc.invert(is_newer)), wide]


def _filled(tables: list[pa.Table]) -> list[pa.Table]:
    return [table.combine_chunks() for table in tables if table.num_rows]
