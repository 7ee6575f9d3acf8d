"""The account of orders, by business date: placed in bronze → Cassandra, silver or quarantine → warehouse → gold."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import Any

import pandas as pd
import pyarrow.compute as pc
from deltalake.exceptions import TableNotFoundError
from snowflake.snowpark import Session

from pipelines.connectors import cassandra as cql
from pipelines.connectors.delta import open_table, read
from pipelines.connectors.snowflake import fetch, open_session
from pipelines.contracts import load_contract
from pipelines.movers.bronze_to_silver import good_placements
from pipelines.movers.warehouse_tables import ensure_tables
from pipelines.reconcile.line import Line, must_equal
from pipelines.settings import settings
from pipelines.transforms.events import latest_cities
from pipelines.transforms.local_time import with_business_date

GOLD_COUNTS = {
    "orders_by_hour_and_zone": "ORDERS_PLACED",
    "fulfilment_by_day_and_restaurant": "ORDERS_PLACED",
    "operations_by_day": "ORDERS_PLACED",
    "delivery_times_by_hour_and_zone": "ORDERS_DELIVERED",
    "satisfaction_by_day_and_restaurant": "ORDERS_DELIVERED",
}


def order_lines() -> list[Line]:
    """One line a business date, all cities together."""
    try:
        cities = latest_cities(read(open_table("bronze/cities")))
        placed = good_placements(open_table("bronze/orders"), cities)
    except TableNotFoundError:
        return []
    stages = {"placed_in_bronze": _by_day(placed["business_date"]), "in_cassandra": _in_cassandra(cities)}
    stages |= _in_silver()
    with open_session() as session:
        stages |= _in_warehouse(session)
    days = sorted(set().union(*stages.values()))
    return [_line(day, {stage: counts[day] for stage, counts in stages.items()}) for day in days]


def _line(day: str, c: dict[str, int]) -> Line:
    kept = c["in_silver"] + c["quarantined"]
    problems = must_equal(
        "in silver or quarantined", kept, "placed", c["placed_in_bronze"], "run 'dishpatch run --from silver_orders'"
    )
    problems += must_equal(
        "in Cassandra",
        c["in_cassandra"],
        "placed",
        c["placed_in_bronze"],
        "run 'dishpatch run --only kafka_to_cassandra'",
    )
    problems += must_equal(
        "in the warehouse",
        c["in_warehouse"],
        "in silver",
        c["in_silver"],
        "run 'dishpatch run --from silver_to_warehouse'",
    )
    for table, column in GOLD_COUNTS.items():
        expected = c["in_warehouse"] if column == "ORDERS_PLACED" else c["delivered_in_warehouse"]
        problems += must_equal(
            f"in gold {table}", c[f"gold_{table}"], "warehouse", expected, f"run 'dishpatch run --from gold_{table}'"
        )
    return Line("orders", "orders", day, c, problems)


def _by_day(days: pd.Series[Any]) -> Counter[str]:
    return Counter(str(day) for day in days)


def _in_cassandra(cities: pd.DataFrame) -> Counter[str]:
    """Orders with a placement, by the business date of it; the whole table is paged through."""
    with cql.open_session() as session:
        cql.ensure_tables(session, [load_contract("operations/orders_by_id")])
        table = f"{settings().cassandra_keyspace}.orders_by_id"
        rows = list(session.execute(f"SELECT order_id, city_id, placed_at FROM {table}", timeout=None))
    found = [row for row in rows if row["placed_at"] is not None]
    frame = pd.DataFrame(
        {
            "order_id": [row["order_id"] for row in found],
            "city_id": [row["city_id"] for row in found],
            "event_time": pd.to_datetime([row["placed_at"].replace(tzinfo=UTC) for row in found], utc=True),
        }
    )
    return _by_day(with_business_date(frame, cities)["business_date"]) if found else Counter()


def _in_silver() -> dict[str, Counter[str]]:
    try:
        silver = read(open_table("silver/orders"), ["business_date"])
        is_order = pc.field("dataset") == "silver/orders"
        kept = read(open_table("silver/quarantine"), ["partition_date", "rules"], is_order)
    except TableNotFoundError:
        return {"in_silver": Counter(), "quarantined": Counter()}
    placed = kept.filter(pc.not_equal(kept.column("rules"), "order_never_placed"))
    return {
        "in_silver": Counter(str(day) for day in silver.column("business_date").to_pylist()),
        "quarantined": Counter(str(day) for day in placed.column("partition_date").to_pylist()),
    }


def _in_warehouse(session: Session) -> dict[str, Counter[str]]:
    ensure_tables(
        session, [load_contract("warehouse/orders"), *(load_contract(f"gold/{name}") for name in GOLD_COUNTS)]
    )
    count = "SUM(CASE WHEN OUTCOME = 'delivered' THEN 1 ELSE 0 END)"
    found = fetch(
        session, f"SELECT BUSINESS_DATE AS D, COUNT(*) AS N, {count} AS DELIVERED FROM SILVER.ORDERS GROUP BY 1"
    )
    stages = {
        "in_warehouse": _counted(found, "n"),
        "delivered_in_warehouse": _counted(found, "delivered"),
    }
    for table, column in GOLD_COUNTS.items():
        rows = fetch(session, f"SELECT BUSINESS_DATE AS D, SUM({column}) AS N FROM GOLD.{table.upper()} GROUP BY 1")
        stages[f"gold_{table}"] = _counted(rows, "n")
    return stages


def _counted(rows: pd.DataFrame, column: str) -> Counter[str]:
    return Counter({str(day): int(count) for day, count in zip(rows["d"], rows[column], strict=True)})
