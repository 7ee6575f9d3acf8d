"""What the movers into and within the warehouse share: tables from contracts, turns, and which business days changed.

The warehouse enforces no keys, and two transactions that only insert do not conflict. So each transaction takes the
turn of its table first (`take_turn`): the second waits or conflicts, and then sees what the first registered.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkSQLException

from pipelines.connectors.snowflake import fetch
from pipelines.contract_ddl import snowflake_ddl, snowflake_name
from pipelines.contracts import Contract, load_contract
from pipelines.errors import ServiceError

MAX_CONFLICTS = 6  # transactions lost to another writer of the same days before giving up, about 25 s

CONFLICT = 625  # the warehouse's number of a statement that lost to another transaction
SEVERAL = ""  # no fingerprint is empty: a day that is registered more than once counts as changed

P = ParamSpec("P")
R = TypeVar("R")


class Overtaken(ServiceError):
    """Another transaction wrote the table since this writer looked; nothing was written."""


def ensure_tables(session: Session, contracts: Sequence[Contract]) -> None:
    """Create the schemas and tables that are missing."""
    sql = "SELECT TABLE_SCHEMA || '.' || TABLE_NAME AS NAME FROM INFORMATION_SCHEMA.TABLES"
    there = {str(name).upper() for name in fetch(session, sql)["name"]}
    for contract in contracts:
        if snowflake_name(contract) not in there:
            session.sql(f"CREATE SCHEMA IF NOT EXISTS {contract.custom('schema')}").collect()
            session.sql(snowflake_ddl(contract)).collect()


def ensure_turn(session: Session, target: Contract) -> None:
    """The row that `take_turn` updates. Two writers may both insert it; then each turn updates both."""
    name, turns = snowflake_name(target), snowflake_name(TURNS)
    sql = f"INSERT INTO {turns} SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM {turns} WHERE TARGET = ?)"
    session.sql(sql, params=[name, name]).collect()


def take_turn(session: Session, target: Contract) -> None:
    """First statement of a transaction that writes `target`: another one that is open waits or conflicts."""
    sql = f"UPDATE {snowflake_name(TURNS)} SET TAKEN = TAKEN + 1 WHERE TARGET = ?"
    session.sql(sql, params=[snowflake_name(target)]).collect()


def days_in(session: Session, register: Contract, dataset: str) -> dict[date, str]:
    """Fingerprint of each business day of `dataset` in a register of days (loaded_days, built_days)."""
    sql = f"SELECT BUSINESS_DATE, FINGERPRINT FROM {snowflake_name(register)} WHERE DATASET = ?"
    rows = [(_day(row.business_date), str(row.fingerprint)) for row in fetch(session, sql, [dataset]).itertuples()]
    times = Counter(day for day, _ in rows)
    return {day: fingerprint if times[day] == 1 else SEVERAL for day, fingerprint in rows}


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


def is_conflict(error: SnowparkSQLException) -> bool:
    """Whether a statement was refused because another transaction was quicker, also at making the same table."""
    return error.sql_error_code == CONFLICT or "onflict" in str(error)


def retried_on_conflict(work: Callable[P, R]) -> Callable[P, R]:
    """Do the whole of `work` again when another transaction was quicker; it must look at the state anew itself."""

    @wraps(work)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(MAX_CONFLICTS):
            try:
                return work(*args, **kwargs)
            except Overtaken:
                if attempt == MAX_CONFLICTS - 1:
                    raise
            except SnowparkSQLException as error:
                if not is_conflict(error) or attempt == MAX_CONFLICTS - 1:
                    raise
            time.sleep(min(2**attempt, 8))  # the other may be long, or dead and about to be ended
        raise AssertionError("unreachable")

    return again


def _day(value: Any) -> date:
    found: date = value.date() if hasattr(value, "date") else value
    return found


TURNS = load_contract("warehouse/turns")
LOADED_DAYS = load_contract("warehouse/loaded_days")
BUILT_DAYS = load_contract("gold/built_days")
