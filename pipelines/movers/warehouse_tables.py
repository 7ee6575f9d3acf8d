"""What the movers into and within the warehouse share: tables from contracts, and which business days changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkSQLException

from pipelines.connectors.snowflake import fetch
from pipelines.contract_ddl import snowflake_ddl, snowflake_name
from pipelines.contracts import Contract, load_contract

MAX_CONFLICTS = 5  # transactions lost to another writer of the same days before giving up

P = ParamSpec("P")
R = TypeVar("R")


def ensure_tables(session: Session, contracts: Sequence[Contract]) -> None:
    """Create the schemas and tables that are missing."""
    sql = "SELECT TABLE_SCHEMA || '.' || TABLE_NAME AS NAME FROM INFORMATION_SCHEMA.TABLES"
    there = {str(name).upper() for name in fetch(session, sql)["name"]}
    for contract in contracts:
        if snowflake_name(contract) not in there:
            session.sql(f"CREATE SCHEMA IF NOT EXISTS {contract.custom('schema')}").collect()
            session.sql(snowflake_ddl(contract)).collect()


def days_in(session: Session, register: Contract, dataset: str) -> dict[date, str]:
    """Fingerprint of each business day of `dataset` in a register of days (loaded_days, built_days)."""
    sql = f"SELECT BUSINESS_DATE, FINGERPRINT FROM {snowflake_name(register)} WHERE DATASET = ?"
    return {_day(row.business_date): str(row.fingerprint) for row in fetch(session, sql, [dataset]).itertuples()}


def changed_days(now: dict[date, str], then: dict[date, str]) -> list[date]:
    """Days whose state differs, those that vanished included, in order."""
    return sorted(day for day in now.keys() | then.keys() if now.get(day) != then.get(day))


def delete_days(session: Session, contract: Contract, days: Sequence[date], dataset: str | None = None) -> None:
    """Delete the rows of business days, of one dataset in a register."""
    if not days:
        return
    marks = ", ".join("?" * len(days))
    sql = f"DELETE FROM {snowflake_name(contract)} WHERE BUSINESS_DATE IN ({marks})"
    params: list[Any] = [day.isoformat() for day in days]
    if dataset is not None:
        sql, params = f"{sql} AND DATASET = ?", [*params, dataset]
    session.sql(sql, params=params).collect()


def register_days(
    session: Session, register: Contract, dataset: str, source: str, days: dict[date, str], version: int
) -> None:
    """Write the state of `days`; their row counts are counted in `source`, in the same transaction."""
    delete_days(session, register, list(days), dataset)
    for day, fingerprint in days.items():
        session.sql(
            f"INSERT INTO {snowflake_name(register)} SELECT ?, TO_DATE(?), ?, TO_NUMBER(?), COUNT(*) FROM {source} "
            "WHERE BUSINESS_DATE = TO_DATE(?)",
            params=[dataset, day.isoformat(), fingerprint, str(version), day.isoformat()],
        ).collect()


def retried_on_conflict(work: Callable[P, R]) -> Callable[P, R]:
    """Do the whole of `work` again when another transaction was quicker; it must look at the state anew itself."""

    @wraps(work)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(MAX_CONFLICTS):
            try:
                return work(*args, **kwargs)
            except SnowparkSQLException as error:
                if "onflict" not in str(error) or attempt == MAX_CONFLICTS - 1:
                    raise
                time.sleep(2**attempt)  # the other transaction may be long, or its session dead and about to be ended
        raise AssertionError("unreachable")

    return again


def _day(value: Any) -> date:
    found: date = value.date() if hasattr(value, "date") else value
    return found


LOADED_DAYS = load_contract("warehouse/loaded_days")
BUILT_DAYS = load_contract("gold/built_days")
