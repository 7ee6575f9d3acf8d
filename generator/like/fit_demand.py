"""When people order: how many on each weekday, and the curve of a day in quarters of an hour."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from generator.city.city import Demand
from generator.like.observed import WEEKEND, Observed
from generator.like.quantities import clock_hours

QUARTERS = 96
LEAST_FOR_A_CURVE = 200  # orders; weekends with fewer share the curve of all days
PREORDER_SECONDS = 1_800  # wanted at least so long after placement, as in silver
# Silverman's rule is for one hill; a day has two or three, each about half as wide.
SILVERMAN_PART = 0.5


def fit_demand(observed: Observed) -> Demand:
    """The demand of a history. A weekday it does not have is taken for a mean one."""
    counts = observed.dates.value_counts()
    weekday = pd.to_datetime(counts.index.to_series()).dt.day_of_week.to_numpy()
    of_weekday = counts.groupby(weekday).mean().reindex(range(7))
    usual = float(of_weekday.mean())
    weights = (of_weekday / usual).fillna(1.0).round(3)
    curves = []
    for is_weekend in (False, True):
        kind = observed.of_kind(is_weekend)
        kind = kind if len(kind.orders) >= LEAST_FOR_A_CURVE else observed
        curves.append(_curve(clock_hours(kind.orders["placed_at"], kind)))
    ahead = (observed.orders["scheduled_for"] - observed.orders["placed_at"]).dt.total_seconds()
    return Demand(
        weekday_hours=curves[0],
        weekend_hours=curves[1],
        weekdays=tuple(float(w) for w in weights),
        preorder_share=round(float((ahead >= PREORDER_SECONDS).mean()), 4),
        orders_per_day=max(1, round(usual)),
    )


def _curve(hours: np.ndarray) -> tuple[float, ...]:
    """Orders by quarter of the day in per mille, the smoother the fewer orders there are."""
    counts = np.bincount(np.minimum(hours * QUARTERS / 24, QUARTERS - 1).astype(np.int64), minlength=QUARTERS)
    low, high = np.quantile(hours, [0.25, 0.75])
    spread = min(float(hours.std()), float(high - low) / 1.34) * QUARTERS / 24
    width = SILVERMAN_PART * 0.9 * spread * len(hours) ** -0.2
    smooth = gaussian_filter1d(counts.astype(np.float64), max(width, 1e-6), mode="wrap")
    return tuple(round(float(v), 3) for v in 1000 * smooth / smooth.sum())


def is_weekend(day: object) -> bool:
    """Whether a date has the weekend's curve."""
    return bool(pd.Timestamp(str(day)).weekday() >= WEEKEND)
