"""For which cities and days the per-city steps run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from pipelines.errors import UsageError


def run_targets(business_date: date | None, city_id: str | None) -> list[tuple[str, date]]:
    """(city_id, business_date) pairs, by city, from the warehouse's SILVER.ORDERS.

    Without a date: each city's latest business date. With one: every city known there, whether or not it had orders
    that day, so that a day without orders gets its (empty) report. Raises UsageError for a city with no orders at all.
    """
    from pipelines.connectors.snowflake import open_session

    with open_session() as session:
        rows = session.sql(
            "SELECT city_id, MAX(CASE WHEN business_date <= TO_DATE(?) THEN business_date END), MAX(business_date) "
            "FROM SILVER.ORDERS GROUP BY city_id ORDER BY city_id",
            params=[(datetime.now(UTC).date() + timedelta(days=1)).isoformat()],
        ).collect()
    latest = {row[0]: row[1] or row[2] for row in rows}  # an order dated ahead does not become the day to report on
    if city_id is not None and city_id not in latest:
        raise UsageError(f"No order of city '{city_id}' is in the warehouse; it has: {', '.join(latest) or 'no city'}")
    cities = [city_id] if city_id is not None else list(latest)
    return [(city, business_date or latest[city]) for city in cities]
