"""Rows of the test's own warehouse."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from pipelines.connectors import delta
from pipelines.connectors.snowflake import fetch, open_session
from pipelines.contracts import load_contract
from tests.services.tiny_events import CITY

Row = dict[str, Any]


def warehouse(sql: str) -> list[Row]:
    """Rows of a query, columns in lower case."""
    with open_session() as session:
        frame: pd.DataFrame = fetch(session, sql)
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def change(sql: str) -> None:
    """Something done to the warehouse behind the movers' back."""
    with open_session() as session:
        session.sql(sql).collect()


def silver_row(order_id: str, day: date, **columns: Any) -> Row:
    """A delivered order: what the warehouse requires, and what gold asks."""
    usual = {
        "order_id": order_id,
        "city_id": CITY,
        "business_date": day,
        "local_hour": 13,
        "zone_id": "871e15b71ffffff",
        "zone_name": "Zone 15b71",
        "restaurant_zone_id": "871e15b71ffffff",
        "pickup_cell": "891e15b7183ffff",
        "dropoff_cell": "891e15b7187ffff",
        "distance_m": 1200.0,
        "placed_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        "event_count": 8,
        "last_event_time": datetime(day.year, day.month, day.day, 13, tzinfo=UTC),
        "restaurant_id": "r1",
        "restaurant_name": "Noodle House",
        "currency": "EUR",
        "basket_value_cents": 2000,
        "captured_cents": 2000,
        "refunded_cents": 0,
        "outcome": "delivered",
        "is_preorder": False,
        "delivery_seconds": 1800.0,
        "is_late": False,
        "is_simulated": False,
        "is_life_simulated": False,
        "flags": "",
    }
    return usual | columns


def write_silver(day: date, rows: list[Row]) -> int:
    """Put `rows` in place of the day's orders in silver/orders; its version then."""
    contract = load_contract("silver/orders")
    table = delta.ensure_table("silver/orders", contract)
    as_table = pa.Table.from_pylist(rows, schema=contract.arrow_schema)
    return delta.write(table, as_table, contract, {}, replace=f"business_date = '{day}'")
