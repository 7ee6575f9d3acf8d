"""A day by the quarter hour: orders placed, orders open, couriers on shift and busy. Pure: frames in, frame out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.reporting.city.courier_time import BUSY


def mean_level(begins: np.ndarray, ends: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """How many intervals were going on, on average, between each two neighbours of `bounds`.

    All in seconds; a missing end (NaN) has not come, a missing beginning never came.
    """
    known = ~np.isnan(begins)
    starts, stops = np.sort(begins[known]), np.sort(np.nan_to_num(ends[known], nan=np.inf))
    going = _seconds_since(starts, bounds) - _seconds_since(stops, bounds)
    return np.asarray(np.diff(going) / np.diff(bounds))


def _seconds_since(moments: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Sum over the sorted `moments` before each of `at` of the seconds that have passed since."""
    finite = moments[np.isfinite(moments)]
    total = np.concatenate([[0.0], np.cumsum(finite - at[0])])  # relative to the first bound, to keep its digits
    count = np.searchsorted(finite, at)
    return np.asarray(count * (at - at[0]) - total[count])


def by_quarter(orders: pd.DataFrame, courier_time: pd.DataFrame, bounds: np.ndarray) -> pd.DataFrame:
    """One row a quarter hour: at (its beginning), placed, open_orders, on_shift, busy (means over the quarter).

    `orders`: placed, assigned, ended, is_preorder, outcome; `courier_time` as that function returns it. A pre-order
    waits for its hour and is open from its courier's assignment. An order that ended at an unknown moment is not
    counted as open.
    """
    preorder, still_open = orders["is_preorder"].to_numpy(bool), (orders["outcome"] == "open").to_numpy(bool)
    opened = np.where(preorder, orders["assigned"].to_numpy(float), orders["placed"].to_numpy(float))
    ended = orders["ended"].to_numpy(float)
    opened = np.where(np.isnan(ended) & ~still_open, np.nan, opened)
    is_busy = courier_time["activity"].isin(BUSY).to_numpy(bool)
    begins, ends = (courier_time[c].to_numpy(float) for c in ("begins", "ends"))
    return pd.DataFrame(
        {
            "at": bounds[:-1],
            "placed": np.histogram(orders["placed"].to_numpy(float), bounds)[0],
            "open_orders": mean_level(opened, np.maximum(ended, opened), bounds),
            "on_shift": mean_level(begins, ends, bounds),
            "busy": mean_level(begins[is_busy], ends[is_busy], bounds),
        }
    )
