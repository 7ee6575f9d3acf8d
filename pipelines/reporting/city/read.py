"""Reads one city's business day from the lake: only its partitions, only the columns that the report needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import TableNotFoundError

from pipelines.connectors.delta import open_table, read
from pipelines.contracts import load_contract
from pipelines.errors import UsageError
from pipelines.reporting.city.assemble import FRAMES, PLACEMENT_COLUMNS, SILVER_COLUMNS, city_day, registration
from pipelines.reporting.city.day import CityDay
from pipelines.reporting.quality import ever_sent
from pipelines.transforms.events import latest_cities
from pipelines.transforms.local_time import business_day_utc

BEFORE, AFTER = timedelta(hours=12), timedelta(hours=6)  # a shift that began earlier, an order that ended later


def read_city_day(city_id: str, business_date: date | str) -> tuple[CityDay, dict[str, int]]:
    """The day, and the Delta version of each table that it was read from; a table that is not there is left out.

    Raises UsageError where no city or no date is given.
    """
    if not city_id or not str(business_date):
        raise UsageError(f"which city and day? got city_id {city_id!r} and business_date {str(business_date)!r}")
    day, versions = date.fromisoformat(str(business_date)), dict[str, int]()
    of_city = pc.field("city_id") == city_id
    cities = _rows("bronze/cities", load_contract("bronze/cities").columns, of_city, versions)
    city = registration(latest_cities(cities), city_id)
    begins, ends = business_day_utc(day, str(city.get("time_zone") or "UTC"), int(city.get("day_cut_hour", 4)))
    of_day = of_city & (pc.field("business_date") == pa.scalar(day))
    orders = _rows("silver/orders", SILVER_COLUMNS, of_day, versions)
    placed = of_city & _between(begins, ends) & (pc.field("event_type") == "placed")
    placements = _rows("bronze/orders", PLACEMENT_COLUMNS, placed, versions)
    events = {}
    for topic in FRAMES:
        columns = load_contract(f"events/{topic}").columns
        events[topic] = _rows(f"bronze/{topic}", columns, of_city & _between(begins - BEFORE, ends + AFTER), versions)
    ever = {topic for topic, rows in events.items() if rows.num_rows or ever_sent(topic, city_id)}
    return city_day(city_id, day, city, orders, placements, events, ever), versions


def _between(first: datetime, until: datetime) -> pc.Expression:
    """Events from `first` to before `until`, by partition as well as by moment."""
    dates = (pc.field("event_date") >= pa.scalar(first.date())) & (pc.field("event_date") <= pa.scalar(until.date()))
    kind = pa.timestamp("us", "UTC")
    time = pc.field("event_time")
    return dates & (time >= pa.scalar(first, kind)) & (time < pa.scalar(until, kind))


def _rows(path: str, columns: Sequence[str], where: pc.Expression, versions: dict[str, int]) -> pa.Table:
    """Rows of a lake table; none where the table is not there. Notes the version that was read."""
    try:
        table = open_table(path)
    except TableNotFoundError:
        return load_contract(path).arrow_schema.empty_table().select(list(columns))
    versions[path] = int(table.version())
    return read(table, columns, where)
