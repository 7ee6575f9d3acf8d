"""How long each restaurant's deliveries took on earlier days: a statistic of the target, so days are kept apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# A restaurant with this many measured deliveries counts half itself, half the city: about two days of a busy one.
PRIOR_ROWS = 20.0

COLUMN = "restaurant_mean_seconds"


@dataclass(frozen=True)
class RestaurantHistory:
    """Measured deliveries and their summed seconds by restaurant, with the mean of the whole city."""

    city_mean_seconds: float
    rows: dict[str, int]
    seconds: dict[str, float]

    def mean_seconds(self, restaurant_id: pd.Series) -> np.ndarray:
        """Smoothed mean for each row; the city's mean for a restaurant without history."""
        rows = restaurant_id.map(self.rows).fillna(0).to_numpy("float64")
        seconds = restaurant_id.map(self.seconds).fillna(0).to_numpy("float64")
        return (seconds + PRIOR_ROWS * self.city_mean_seconds) / (rows + PRIOR_ROWS)


def history_of(measured: pd.DataFrame) -> RestaurantHistory:
    """History of rows with restaurant_id and delivery_seconds; at least one row."""
    groups = measured.groupby("restaurant_id")["delivery_seconds"]
    rows, seconds = groups.size(), groups.sum()
    return RestaurantHistory(
        float(measured["delivery_seconds"].mean()),
        {str(k): int(v) for k, v in rows.items()},
        {str(k): float(v) for k, v in seconds.items()},
    )


def earlier_days_mean(measured: pd.DataFrame) -> np.ndarray:
    """For each training row, its restaurant's smoothed mean over strictly earlier business days; NaN on the first.

    `measured` has restaurant_id, business_date and delivery_seconds. A row never sees its own day, as at prediction.
    """
    means = np.full(len(measured), np.nan)
    dates = measured["business_date"].to_numpy()
    for day in sorted(set(dates))[1:]:  # a day at a time: the statistic is defined by days
        today = dates == day
        means[today] = history_of(measured[dates < day]).mean_seconds(measured.loc[today, "restaurant_id"])
    return means
