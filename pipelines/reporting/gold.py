"""The gold tables of a city's day and the days before it, as a report reads them.

`Gold` holds pandas frames with lower-case columns and `business_date` as datetime.date, each over the same window: the
day and up to 28 days before. Everything that this module derives is a sum, a ratio of sums or a percentile of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from pipelines.reporting.numbers import is_blank
from pipelines.reporting.usual import HISTORY_DAYS

LOSSES = {
    "customer_before_acceptance": "customer cancelled before acceptance",
    "restaurant_rejected": "restaurant refused",
    "unanswered": "restaurant did not answer",
    "no_courier": "no courier found",
    "customer_after_acceptance": "customer cancelled after acceptance",
    "delivery_failed": "delivery failed",
}


@dataclass(frozen=True)
class Gold:
    """Gold tables of one city over the window that ends with `business_date`.

    hours: orders_by_hour_and_zone; times: delivery_times_by_hour_and_zone;
    restaurants: fulfilment_by_day_and_restaurant; satisfaction: satisfaction_by_day_and_restaurant;
    days: operations_by_day; zones: one row a day and zone with deliveries_measured, delivery_seconds_median and
    delivery_seconds_p90 from single orders.
    """

    city_id: str
    business_date: date
    hours: pd.DataFrame
    times: pd.DataFrame
    restaurants: pd.DataFrame
    satisfaction: pd.DataFrame
    days: pd.DataFrame
    zones: pd.DataFrame
    city_name: str = ""
    time_zone: str = "UTC"
    day_cut_hour: int = 4

    @property
    def day(self) -> dict[str, Any]:
        """The day's row of operations_by_day with missing values as None; {} where no order of the day arrived."""
        return self.day_of(self.business_date)

    def day_of(self, business_date: date) -> dict[str, Any]:
        """A day's row of operations_by_day; {} where it has none."""
        rows = self.days[self.days["business_date"] == business_date]
        return {} if rows.empty else {str(k): _plain(v) for k, v in rows.iloc[0].items()}

    @property
    def history(self) -> list[date]:
        """The days before that have orders, oldest first, at most 28."""
        first = self.business_date - timedelta(days=HISTORY_DAYS)
        return sorted(d for d in set(self.days["business_date"]) if first <= d < self.business_date)

    def series(self, column: str) -> list[float | None]:
        """A figure of operations_by_day for each day of the calendar from the first one known to the day before."""
        if not self.history:
            return []
        known = {d: self.day_of(d).get(column) for d in self.history}
        count = (self.business_date - self.history[0]).days
        return [known.get(self.history[0] + timedelta(days=i)) for i in range(count)]

    @property
    def yesterday(self) -> dict[str, Any]:
        return self.day_of(self.business_date - timedelta(days=1))

    @property
    def last_week(self) -> dict[str, Any]:
        """The same weekday a week ago."""
        return self.day_of(self.business_date - timedelta(days=7))

    def today(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["business_date"] == self.business_date]

    def before(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["business_date"].isin(self.history)]

    def in_order(self, hours: Iterable[int]) -> list[int]:
        """Local hours in the order of the business day: those after midnight come last."""
        return sorted((int(h) for h in hours), key=lambda h: (h - self.day_cut_hour) % 24)


def _plain(value: Any) -> Any:
    if is_blank(value):
        return None
    return value.item() if hasattr(value, "item") else value


def name_of(row: Mapping[Any, Any], kind: str) -> str:
    """The name of a row's `kind` ("restaurant" or "zone"), or its id where it has no name."""
    name = row.get(f"{kind}_name")
    return str(row[f"{kind}_id"] if is_blank(name) or name == "" else name)


def count_of(day: dict[str, Any], column: str) -> int:
    """A count of a day, 0 where the day has no row: nothing was counted, as against a rate, which is then blank."""
    return int(day.get(column) or 0)


def lost_of(day: dict[str, Any]) -> dict[str, int]:
    """Orders lost by class, each order in one; open orders are not lost."""
    return {name: count_of(day, name) for name in LOSSES}
