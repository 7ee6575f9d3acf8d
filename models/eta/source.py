"""Reads what the model needs from the lake, and nothing of a day it must not see.

silver/orders is partitioned by business_date, so a filter on it decides which files are opened at all.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from models.eta.features import ORDER_TIME_COLUMNS, TARGET
from pipelines.errors import UsageError
from pipelines.transforms.events import latest_cities

COLUMNS = [*ORDER_TIME_COLUMNS, "zone_name", TARGET]


def read_orders(table: Any, city_id: str, first: date, before: date) -> pd.DataFrame:
    """Orders of the city with first ≤ business_date < before and columns `COLUMNS`; `table` is silver/orders."""
    filters = [("business_date", ">=", first), ("business_date", "<", before), ("city_id", "=", city_id)]
    orders: pd.DataFrame = table.to_pyarrow_table(filters=filters, columns=COLUMNS).to_pandas()
    return orders


def latest_date(table: Any) -> date:
    """The latest business date of the table, from its partition names alone; UsageError where it is empty."""
    dates = [str(partition["business_date"]) for partition in table.partitions()]
    if not dates:
        raise UsageError("silver/orders holds no day yet; run 'dishpatch run' up to silver_orders first")
    return date.fromisoformat(max(dates))


def time_zone_of(cities: Any, city_id: str) -> str:
    """IANA name from the city's latest registration; `cities` is a DeltaTable of bronze/cities."""
    registered = latest_cities(cities.to_pyarrow_table(filters=[("city_id", "=", city_id)]))
    if registered.empty:
        raise UsageError(
            f"bronze/cities has no registration of city {city_id!r}; check the city_id or replay its events"
        )
    return str(registered.loc[city_id, "time_zone"])
