"""Warehouse to gold: a gold table's business days are built again where the warehouse's days changed.

Guarantee: idempotent; a day's old rows go, its new rows come and its state is registered in one transaction. Builders
of one table take turns, and which days are due is looked up in the turn. If it dies before the commit, the gold table
is as before and the day still counts as changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from snowflake.snowpark import DataFrame, Session
from snowflake.snowpark import functions as F

from pipelines.connectors.snowflake import fetch, open_session, transaction
from pipelines.contract_ddl import snowflake_name
from pipelines.contracts import load_contract
from pipelines.movers.warehouse_tables import (
    BUILT_DAYS,
    LOADED_DAYS,
    TURNS,
    changed_days,
    days_in,
    delete_days,
    ensure_tables,
    ensure_turn,
    register_days,
    retried_on_conflict,
    take_turn,
)


@dataclass
class GoldResult:
    """Days built, rows of the table in them, rows of the table in all, and the silver version they stand on."""

    dataset: str
    business_dates: list[date] = field(default_factory=list)
    rows: int = 0
    silver_version: int = 0


@retried_on_conflict
def build_gold(dataset: str, transform: Callable[[DataFrame], DataFrame]) -> GoldResult:
    """Build the changed days of GOLD.<dataset> by `transform` (SILVER.ORDERS of those days -> the contract's
    columns).
    """
    contract = load_contract(f"gold/{dataset}")
    with open_session() as session:
        ensure_tables(session, [load_contract("warehouse/orders"), LOADED_DAYS, TURNS, contract, BUILT_DAYS])
        ensure_turn(session, contract)
        with transaction(session):
            take_turn(session, contract)
            now = days_in(session, LOADED_DAYS, "orders")
            days = changed_days(now, days_in(session, BUILT_DAYS, dataset))
            result = GoldResult(dataset, days, 0, _silver_version(session))
            if not days:
                return result
            orders = session.table("SILVER.ORDERS").filter(F.col("BUSINESS_DATE").isin([F.lit(day) for day in days]))
            built = transform(orders).select(*[F.col(name.upper()).alias(name.upper()) for name in contract.columns])
            delete_days(session, contract, days)
            built.write.save_as_table(snowflake_name(contract).split("."), mode="append", column_order="name")
            delete_days(session, BUILT_DAYS, days, dataset)
            present = {day: now[day] for day in days if day in now}
            register_days(session, BUILT_DAYS, dataset, snowflake_name(contract), present, result.silver_version)
            result.rows = _rows(session, dataset, days)
    return result


def _silver_version(session: Session) -> int:
    found = fetch(
        session, f"SELECT MAX(DELTA_VERSION) AS V FROM {snowflake_name(LOADED_DAYS)} WHERE DATASET = 'orders'"
    )["v"][0]
    return int(found) if found is not None and found == found else 0


def _rows(session: Session, dataset: str, days: list[date]) -> int:
    marks = ", ".join("?" * len(days))
    built = snowflake_name(BUILT_DAYS)
    sql = f"SELECT COALESCE(SUM(ROW_COUNT), 0) AS N FROM {built} WHERE DATASET = ? AND BUSINESS_DATE IN ({marks})"
    return int(fetch(session, sql, [dataset, *(day.isoformat() for day in days)])["n"][0])
