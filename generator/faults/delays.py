"""Events that come at the wrong moment: late, overtaken by others, or never."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from generator.faults.profile import Late, Missing, OutOfOrder
from generator.faults.rows import Change, Effect, Rows, as_instants, log_normal, micros
from generator.faults.truth import truth_rows


def missing(rows: Rows, section: Missing) -> tuple[np.ndarray, pa.Table]:
    """Indices of the events that are never handed over, and the truth of them."""
    gone = rows.befallen("missing", section)
    return gone, truth_rows(len(gone), fault="missing", **rows.facts(gone))


def late(rows: Rows, section: Late) -> tuple[Effect, np.ndarray]:
    """Events handed over late: `produced_at` says when. With it, for each row, by how many µs it is late."""
    found = rows.befallen("late", section)
    seconds = log_normal(
        rows.uniform("late/delay", found), section.median_seconds, section.spread, section.longest_seconds
    )
    delays = np.maximum(micros(seconds), 1000)
    new = as_instants(rows.produced_us[found] + delays)
    truth = truth_rows(
        len(found),
        fault="late",
        column="produced_at",
        original=rows.table.column("produced_at").take(pa.array(found)).cast(pa.string()),
        delivered=new.cast(pa.string()),
        delay_seconds=delays / 1e6,
        **rows.facts(found) | {"injected_at": new},
    )
    late_us = np.zeros(rows.table.num_rows, dtype=np.int64)
    late_us[found] = delays
    return Effect((Change("produced_at", found, new),), truth), late_us


def out_of_order(rows: Rows, section: OutOfOrder) -> tuple[np.ndarray, pa.Table]:
    """By how many places each event moves back in the topic (0 for most), and the truth of those that are overtaken.

    An event whose followers move back as well may be overtaken by none: it is not out of order and not in the truth.
    """
    count = rows.table.num_rows
    found = rows.befallen("out_of_order", section)
    drawn = 1 + np.floor(rows.uniform("out_of_order/places", found) * section.farthest_places).astype(np.int64)
    moves = np.zeros(count)
    moves[found] = np.minimum(drawn, count - 1 - found) + 0.5
    places, produced = np.arange(count) + moves, rows.produced_us
    overtaken = np.zeros(len(found), dtype=np.int64)
    for step in range(1, section.farthest_places + 1):  # a step a place, each over all moved events at once
        follower = np.minimum(found + step, count - 1)
        sooner = produced[follower] < produced[found]  # which settles two that move to one place
        before = (places[follower] < places[found]) | ((places[follower] == places[found]) & sooner)
        overtaken += (found + step < count) & before
    real = overtaken > 0
    truth = truth_rows(int(real.sum()), fault="out_of_order", places=overtaken[real], **rows.facts(found[real]))
    return moves, truth


def position(rows: Rows, late_us: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """Where in the topic each event is handed over: rows sorted by it are in the order of delivery.

    The position of an event past the last one's production is above the number of the last row.
    """
    places: np.ndarray = np.arange(rows.table.num_rows, dtype=np.float64)
    delayed = np.flatnonzero(late_us)
    produced = np.maximum.accumulate(rows.produced_us)
    behind = np.searchsorted(produced, rows.produced_us[delayed] + late_us[delayed], side="right") - 0.5
    places[delayed] = np.maximum(places[delayed], behind)
    places += moves
    return places
