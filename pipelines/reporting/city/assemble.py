"""From the lake's rows of one city and day to the frames of `CityDay`. Pure: tables in, frames out.

Events count once, and only where they keep every rule of their contract; silver has done so for what it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.reporting.city.day import COLUMNS, CityDay
from pipelines.transforms.events import good_events
from pipelines.transforms.local_time import business_day_utc

# Topics of events that a day is made of, and the frame each becomes.
FRAMES = {
    "restaurant_responses": "responses",
    "courier_assignments": "assignments",
    "delivery_progress": "progress",
    "courier_shifts": "shifts",
    "courier_gps": "positions",
    "traffic": "speeds",
    "weather": "weather",
    "app_events": "visits",
}
# A silver instant, and the column of seconds that it becomes.
_INSTANTS = {
    "placed_at": "placed",
    "restaurant_accepted_at": "accepted",
    "ready_at": "ready",
    "courier_assigned_at": "assigned",
}
_ENDS = ("delivered_at", "restaurant_rejected_at", "cancelled_at", "failed_at")
SILVER_COLUMNS = (
    *_INSTANTS, *_ENDS, "order_id", "restaurant_id", "restaurant_name", "zone_id", "zone_name", "restaurant_zone_id",
    "dropoff_cell", "is_preorder", "outcome", "is_late", "delivery_seconds", "is_simulated", "is_life_simulated",
)  # fmt: skip
PLACEMENT_COLUMNS = ("order_id", "restaurant_id", "pickup_lat", "pickup_lng")


def city_day(
    city_id: str, day: date, city: Mapping[str, Any], orders: pa.Table, placements: pa.Table,
    events: Mapping[str, pa.Table], ever: Collection[str] = (),
) -> CityDay:  # fmt: skip
    """The day of a city.

    `city`: its registration (events/cities columns; empty: none); `orders`: SILVER_COLUMNS of silver/orders;
    `placements`: PLACEMENT_COLUMNS of bronze/orders; `events`: topic of FRAMES -> rows of its event contract; `ever`:
    topics of FRAMES of which the city sent events on some day, also where `events` has none.
    """
    zone, cut = str(city.get("time_zone") or "UTC"), int(city.get("day_cut_hour", 4))
    begins, ends = business_day_utc(day, zone, cut)
    known, placed = _orders(orders), _frame(placements).drop_duplicates("order_id")
    in_silver = placed["order_id"].isin(set(known["order_id"]))
    frames, refused = {}, {"orders": int((~in_silver).sum())}
    for topic, rows in events.items():
        good = good_events(topic, rows)
        frames[FRAMES[topic]] = _events(topic, good)
        refused[FRAMES[topic]] = _of_day(rows, begins, ends) - _of_day(good, begins, ends)
    return CityDay(
        city_id,
        day,
        begins.timestamp(),
        ends.timestamp(),
        city_name=str(city.get("name") or city_id),
        time_zone=zone,
        bounds=_bounds(city) if city else None,
        orders=known,
        restaurants=placed[in_silver].rename(columns={"pickup_lat": "lat", "pickup_lng": "lng"})[
            list(COLUMNS["restaurants"])
        ],
        refused=refused,
        ever=frozenset({"orders", *(FRAMES[topic] for topic in {*ever, *(t for t in events if events[t].num_rows)})}),
        **frames,
    )


def _bounds(city: Mapping[str, Any]) -> tuple[float, float, float, float]:
    return float(city["min_lat"]), float(city["max_lat"]), float(city["min_lng"]), float(city["max_lng"])


def _of_day(rows: pa.Table, begins: datetime, ends: datetime) -> int:
    """How many events happened in the day."""
    kind, times = pa.timestamp("us", "UTC"), rows.column("event_time")
    within = pc.and_(pc.greater_equal(times, pa.scalar(begins, kind)), pc.less(times, pa.scalar(ends, kind)))
    return int(pc.sum(within).as_py() or 0)


def seconds(instants: pd.Series) -> pd.Series:
    """Instants as seconds since 1970 UTC, NaN where missing."""
    utc = pd.to_datetime(instants, utc=True).astype("datetime64[us, UTC]")
    return (utc.astype("int64") / 1e6).where(utc.notna())


def _frame(rows: pa.Table) -> pd.DataFrame:
    """The rows as a frame; its columns are plain objects where there are none, as pandas cannot join no texts."""
    found: pd.DataFrame = rows.to_pandas()
    return found if len(found) else found.astype(object)


def _orders(rows: pa.Table) -> pd.DataFrame:
    found = _frame(rows)
    for column, name in _INSTANTS.items():
        found[name] = seconds(found[column])
    ends = pd.DataFrame({column: seconds(found[column]) for column in _ENDS})
    delivered = found["outcome"] == "delivered"
    # of what was not delivered the first end counts; a failed attempt before a hand-off is no end
    found["ended"] = ends["delivered_at"].where(delivered, ends.drop(columns="delivered_at").min(axis=1))
    return found[list(COLUMNS["orders"])]


def _events(topic: str, rows: pa.Table) -> pd.DataFrame:
    wanted = COLUMNS[FRAMES[topic]]
    columns = [c for c in (*wanted, "event_id", "event_time") if c != "at"]
    found = _frame(rows.select(list(dict.fromkeys(columns)))).drop_duplicates("event_id")
    found = found.assign(at=seconds(found["event_time"]))
    return found[list(wanted)].reset_index(drop=True)


def registration(cities: pd.DataFrame, city_id: str) -> dict[str, Any]:
    """The columns of a city's latest registration as `latest_cities` has it; {} where there is none."""
    if city_id not in cities.index:
        return {}
    return {str(k): v for k, v in cities.loc[city_id].items()}
