"""Silver orders in a few words, and the gold rows that a transform makes of them in a real warehouse."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from snowflake.snowpark import DataFrame, Session

from pipelines.contracts import conform, load_contract

DAY = date(2026, 9, 12)
ORDERS = load_contract("warehouse/orders")


def order(outcome: str = "delivered", **columns: Any) -> dict[str, Any]:
    """One silver order of Berlin, placed at noon on DAY; every column that is not said is as dull as can be."""
    noon = datetime(2026, 9, 12, 10, tzinfo=UTC)
    usual: dict[str, Any] = {"order_id": secrets.token_hex(6), "city_id": "berlin", "business_date": DAY}
    usual |= {"local_hour": 12, "zone_id": "z1", "zone_name": "Mitte", "restaurant_zone_id": "z1", "placed_at": noon}
    usual |= {"pickup_cell": "c1", "dropoff_cell": "c2", "distance_m": 1500.0, "currency": "EUR", "flags": ""}
    usual |= {"restaurant_id": "r1", "restaurant_name": "Soup", "is_preorder": False, "outcome": outcome}
    usual |= {"is_simulated": False, "is_life_simulated": False}
    usual |= {"event_count": 2, "last_event_time": noon}
    return usual | columns


def delivered(minutes: float | None, **columns: Any) -> dict[str, Any]:
    """A delivery that took `minutes`; None: it is out of the durations."""
    return order("delivered", delivery_seconds=None if minutes is None else minutes * 60.0, **columns)


def several(n: int, outcome: str = "delivered", **columns: Any) -> list[dict[str, Any]]:
    return [order(outcome, **columns) for _ in range(n)]


def twenty_placed() -> list[dict[str, Any]]:
    """16 delivered; 1 customer before acceptance, 1 after, 1 rejected, 1 without a courier."""
    lost = ("customer_before_acceptance", "customer_after_acceptance", "restaurant_rejected", "no_courier")
    return [*several(16), *(order(outcome) for outcome in lost)]


def build(
    session: Session,
    folder: Path,
    transform: Callable[[DataFrame], DataFrame],
    orders: Iterable[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Load orders by PUT and COPY INTO as the mover does, transform them, give the contract's columns by key."""
    contract = load_contract(f"gold/{transform.__name__.removeprefix('gold_')}")
    session.sql("DELETE FROM SILVER.ORDERS").collect()
    rows = list(orders)
    if rows:
        _load(session, folder, rows)
    # the mover selects the contract's columns too: sums that only serve a mean stay behind
    built = transform(session.table("SILVER.ORDERS")).select(*[name.upper() for name in contract.columns])
    found = [{name.lower(): _plain(value) for name, value in row.as_dict().items()} for row in built.collect()]
    return sorted(found, key=lambda row: [str(row[name]) for name in contract.primary_key])


def _load(session: Session, folder: Path, rows: list[dict[str, Any]]) -> None:
    names = {name for row in rows for name in row}
    assert names <= set(ORDERS.columns), names - set(ORDERS.columns)
    path = folder / f"{secrets.token_hex(6)}.parquet"
    pq.write_table(conform(pa.Table.from_pylist(rows, schema=ORDERS.arrow_schema), ORDERS), path)
    session.sql(f"PUT 'file://{path}' @SILVER.LOADS/{path.stem}/ AUTO_COMPRESS=FALSE").collect()
    session.sql(
        f"COPY INTO SILVER.ORDERS FROM @SILVER.LOADS/{path.stem}/ "
        "FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=TRUE) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE PURGE=TRUE"
    ).collect()


def _plain(value: Any) -> Any:
    """Whole decimals as integers, so that an expectation reads as a number."""
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def days_later(days: int) -> date:
    return DAY + timedelta(days=days)
