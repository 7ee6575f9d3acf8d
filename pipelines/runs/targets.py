"""For which cities and days the per-city steps run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipelines.errors import UsageError
from pipelines.flow import TARGETS_DATASET, writer_of

MISSING_TABLE = 2003  # Snowflake's number of an object that does not exist
_WRITER = writer_of(TARGETS_DATASET)


class StepNotRun(UsageError):
    """What is wanted is written by a step that has not run; `step` names it."""

    def __init__(self, message: str, step: str) -> None:
        super().__init__(message)
        self.step = step


def run_targets(business_date: date | None, city_id: str | None) -> list[tuple[str, date]]:
    """(city_id, business_date) pairs, by city, from the warehouse's SILVER.ORDERS.

    Without a date: each city's latest business date. With one: every city known there, whether or not it had orders
    that day, so that a day without orders gets its (empty) report. Raises UsageError for a city with no orders at all,
    StepNotRun where the table is not there yet.
    """
    rows = _latest_days((datetime.now(UTC).date() + timedelta(days=1)).isoformat())
    latest = {row[0]: row[1] or row[2] for row in rows}  # an order dated ahead does not become the day to report on
    if city_id is not None and city_id not in latest:
        known = ", ".join(latest) or "no city"
        raise UsageError(
            f"No order of city '{city_id}' is in the warehouse; it has: {known}. If silver has it already, "
            f"'dishpatch run --only {_WRITER}' brings it there"
        )
    cities = [city_id] if city_id is not None else list(latest)
    return [(city, business_date or latest[city]) for city in cities]


def _latest_days(at_most: str) -> list[Any]:
    """Rows of city, latest business date up to `at_most` (ISO; may be missing) and latest of all, by city."""
    from snowflake.snowpark.exceptions import SnowparkSQLException

    from pipelines.connectors.snowflake import open_session

    with open_session() as session:
        try:
            return session.sql(
                "SELECT city_id, MAX(CASE WHEN business_date <= TO_DATE(?) THEN business_date END), MAX(business_date) "
                "FROM SILVER.ORDERS GROUP BY city_id ORDER BY city_id",
                params=[at_most],
            ).collect()
        except SnowparkSQLException as error:
            if error.sql_error_code != MISSING_TABLE:
                raise
            raise StepNotRun(
                "the warehouse has no table SILVER.ORDERS yet, in which cities and days are looked up: the step "
                f"{_WRITER}, which writes it, has not run; run 'dishpatch run --only {_WRITER}' first",
                str(_WRITER),
            ) from error
