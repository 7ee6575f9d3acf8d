"""Reads gold tables and the city's facts for a report. Values are bound; identifiers are constants of this module."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from deltalake.exceptions import TableNotFoundError

from pipelines.connectors.delta import open_table
from pipelines.reporting import numbers as n
from pipelines.reporting.gold import Gold
from pipelines.reporting.usual import HISTORY_DAYS

_TABLES = {
    "hours": "GOLD.ORDERS_BY_HOUR_AND_ZONE",
    "times": "GOLD.DELIVERY_TIMES_BY_HOUR_AND_ZONE",
    "restaurants": "GOLD.FULFILMENT_BY_DAY_AND_RESTAURANT",
    "satisfaction": "GOLD.SATISFACTION_BY_DAY_AND_RESTAURANT",
    "days": "GOLD.OPERATIONS_BY_DAY",
}
_WINDOW = "city_id = ? and business_date between to_date(?) and to_date(?)"

# A zone's day needs percentiles of its own: they cannot be had from those of its hours.
_ZONES = f"""
select business_date, zone_id, zone_name, count(delivery_seconds) as deliveries_measured,
       percentile_cont(0.5) within group (order by delivery_seconds) as delivery_seconds_median,
       percentile_cont(0.9) within group (order by delivery_seconds) as delivery_seconds_p90
from SILVER.ORDERS
where {_WINDOW} and delivery_seconds is not null
group by business_date, zone_id, zone_name
"""


def query(session: Any, sql: str, params: list[object]) -> pd.DataFrame:
    """Rows of a query with lower-case columns and `business_date` as datetime.date."""
    frame: pd.DataFrame = session.sql(sql, params=params).to_pandas()
    frame.columns = [str(c).lower() for c in frame.columns]
    for column in frame.select_dtypes("object").columns:
        if any(isinstance(v, Decimal) for v in frame[column]):
            frame[column] = pd.to_numeric(frame[column].map(lambda v: None if v is None else float(v)))
    if "business_date" in frame:
        frame["business_date"] = pd.to_datetime(frame["business_date"]).dt.date
    return frame


def read_gold(session: Any, city_id: str, business_date: date | str) -> Gold:
    """Everything a daily report reads of the warehouse: the day and the 28 days before it."""
    day = date.fromisoformat(str(business_date))
    params: list[object] = [city_id, (day - timedelta(days=HISTORY_DAYS)).isoformat(), day.isoformat()]
    frames = {k: query(session, f"select * from {table} where {_WINDOW}", params) for k, table in _TABLES.items()}
    city = read_city(city_id)
    return Gold(
        city_id,
        day,
        **frames,
        zones=query(session, _ZONES, params),
        city_name=city.get("name") or city_id,
        time_zone=city.get("time_zone") or "UTC",
        day_cut_hour=int(city.get("day_cut_hour", 4)),
    )


def versions_read(gold: Gold) -> dict[str, int | str]:
    """What the report read, for its lineage: the Delta version of silver/orders, and of each gold table its rows."""
    read: dict[str, int | str] = {
        f"gold/{table.split('.')[1].lower()}": n.plural(len(getattr(gold, name)), "row")
        for name, table in _TABLES.items()
    }
    with suppress(TableNotFoundError):
        read["silver/orders"] = int(open_table("silver/orders").version())
    return read


def read_city(city_id: str) -> dict[str, Any]:
    """The newest registration of a city: name, time_zone, currency, day_cut_hour; {} where none has arrived."""
    try:
        table = open_table("bronze/cities")
    except TableNotFoundError:
        return {}
    columns = ["name", "time_zone", "currency", "day_cut_hour", "event_time"]
    rows = table.to_pyarrow_table(columns=columns, filters=[("city_id", "=", city_id)]).to_pylist()
    return max(rows, key=lambda r: r["event_time"]) if rows else {}
