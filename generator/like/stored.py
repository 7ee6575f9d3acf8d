"""History that is already events: a folder of Parquet files as `generate --out` writes, or bronze of the lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from generator.city.city import Bounds, City, Zone
from generator.like.observed import Observed, of_events
from pipelines.contracts import load_contract
from pipelines.errors import UsageError

TOPICS = ("orders", "restaurant_responses", "delivery_progress", "courier_shifts")
LATEST_DAYS = 28  # of a long history: four of each weekday, and a city changes

# From a topic, its rows of a city (of all where None) from a UTC date on (all where None), as stored.
Reader = Callable[[str, str | None, date | None], pa.Table]


def of_stored(history: str, city_id: str | None = None, day: date | None = None) -> Observed:
    """The history in folder `history`, else of the city `history` in the lake: its latest LATEST_DAYS days of orders,
    or one business day. UsageError where there is none, or where a folder holds several cities and none is named."""
    if Path(history).is_dir():
        read, wanted = _folder(Path(history)), city_id
    else:
        read, wanted = _lake(history), history
    city = _city(read("cities", wanted, None), history)
    latest = pc.max(read("orders", city.city_id, None).column("event_time")).as_py()
    if latest is None:
        raise UsageError(f"{history}: no order of the city {city.city_id}; import or generate some first")
    first = (day or latest.date()) - timedelta(days=1 if day else LATEST_DAYS)
    observed = of_events(city, {topic: read(topic, city.city_id, first) for topic in TOPICS})
    return observed if day is None else observed.on(day)


def _folder(folder: Path) -> Reader:
    def read(topic: str, city_id: str | None, first: date | None) -> pa.Table:
        schema = load_contract(f"events/{topic}").arrow_schema
        files = sorted((folder / topic).rglob("*.parquet"))
        if not files:
            return schema.empty_table()
        return ds.dataset(files, schema=schema).to_table(filter=_which(city_id, first))

    return read


def _lake(history: str) -> Reader:
    from deltalake.exceptions import TableNotFoundError

    from pipelines.connectors.delta import open_table

    def read(topic: str, city_id: str | None, first: date | None) -> pa.Table:
        names = load_contract(f"events/{topic}").arrow_schema.names
        try:
            stored = open_table(f"bronze/{topic}").to_pyarrow_dataset()
        except TableNotFoundError:
            raise UsageError(
                f"{history!r} is no folder, and the lake has no bronze/{topic} yet; run the flow after importing"
            ) from None
        return stored.to_table(columns=names, filter=_which(city_id, first))

    return read


def _which(city_id: str | None, first: date | None) -> pc.Expression | None:
    wanted = [pc.field("city_id") == city_id] if city_id else []
    if first is not None:
        wanted.append(
            pc.field("event_time") >= pa.scalar(first).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
        )
    if not wanted:
        return None
    return wanted[0] if len(wanted) == 1 else wanted[0] & wanted[1]


def _city(registrations: pa.Table, history: str) -> City:
    """The city by its latest registration."""
    rows = {r["city_id"]: r for r in registrations.sort_by("event_time").to_pylist()}
    if len(rows) != 1:
        found = f"holds the cities {', '.join(sorted(rows))}; name one by --city" if rows else "has no such city"
        raise UsageError(f"{history}: the history {found}")
    (row,) = rows.values()
    return City(
        **{k: row[k] for k in ("city_id", "name", "time_zone", "currency", "day_cut_hour", "zone_resolution")},
        bounds=Bounds(**{k: row[k] for k in Bounds.model_fields}),
        zones=tuple(Zone(**z) for z in row["zones"] or ()),
    )
