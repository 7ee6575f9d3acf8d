"""What becomes of couriers' shifts: started, paused, resumed, and ended or dropped out."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city.city import City
from generator.events import EventLog
from generator.lives.placed import seconds_of
from generator.lives.trips import Fleet

AFTER_LAST_SECONDS = 30.0  # a shift ends this long after the last event of an order in hand, if that is after its plan


def shift_events(
    couriers: pd.DataFrame, lives: dict[str, pa.Table], fleet: Fleet, city: City, day: date, source: str
) -> pa.Table:
    """Events of each shift; a courier with an order in hand ends when it is handed off.

    Paused are breaks and repairs; who is not back before the end of the shift does not resume.
    """
    log = EventLog(city.city_id, source, key_column="courier_id")
    ids = couriers["courier_id"].tolist()
    ended = _ended(couriers, lives)
    told: dict[str, Any] = {"vehicle": couriers["vehicle"].tolist(), "capacity": couriers["capacity"].tolist()}
    days, place = day.toordinal(), {name: couriers[name].to_numpy() for name in ("lat", "lng")}
    log.add("courier_shifts", "started", ids, seconds_of(couriers["starts_at"]), repeats=days, **told, **place)
    drops = couriers["drops_out"].to_numpy(dtype=bool)
    for event_type, where in (("ended", ~drops), ("dropped_out", drops)):
        _tell(log, event_type, couriers, np.flatnonzero(where), ended[where], np.full(int(where.sum()), days))
    who, since, until = (np.array(column) for column in zip(*fleet.pauses, strict=True)) if fleet.pauses else _NOBODY
    rows = pd.Index(ids).get_indexer(pd.Index([fleet.ids[row] for row in who]))
    begun = np.flatnonzero(since < seconds_of(couriers["ends_at"])[rows])
    back = begun[until[begun] < ended[rows[begun]]]
    number = pd.Series(rows).groupby(rows).cumcount().to_numpy() + days * 100  # a courier can pause several times
    _tell(log, "paused", couriers, rows[begun], since[begun], number[begun])
    _tell(log, "resumed", couriers, rows[back], until[back], number[back])
    return log.tables(["courier_shifts"])["courier_shifts"]


_NOBODY = (np.array([], dtype=np.int64), np.array([]), np.array([]))


def _ended(couriers: pd.DataFrame, lives: dict[str, pa.Table]) -> np.ndarray:
    """When each courier's work was over, seconds since 1970."""
    topics = ("courier_assignments", "delivery_progress")
    last = pd.concat([lives[topic].select(["courier_id", "event_time"]).to_pandas() for topic in topics])
    latest = seconds_of(last.groupby("courier_id")["event_time"].max().reindex(couriers["courier_id"]))
    return np.asarray(np.fmax(seconds_of(couriers["ends_at"]), latest + AFTER_LAST_SECONDS))


def _tell(
    log: EventLog, event_type: str, couriers: pd.DataFrame, rows: np.ndarray, at: np.ndarray, repeats: np.ndarray
) -> None:
    told = couriers.iloc[rows]
    log.add(
        "courier_shifts",
        event_type,
        told["courier_id"].tolist(),
        at,
        repeats=repeats,
        vehicle=told["vehicle"].tolist(),
        capacity=told["capacity"].tolist(),
    )
