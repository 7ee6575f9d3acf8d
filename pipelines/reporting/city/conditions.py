"""Traffic and weather through a day, by the half hour. Pure: frames in, frame out."""

from __future__ import annotations

import numpy as np
import pandas as pd

HALF_HOUR_SECONDS = 1_800
WET_MM_PER_HOUR = 0.1  # the least that a rain gauge tells


def by_half_hour(speeds: pd.DataFrame, weather: pd.DataFrame, begins: float, ends: float) -> pd.DataFrame:
    """One row a half hour of the day: at, speed_share, rain_mm_per_hour, temperature_c; NaN where nothing was told.

    `speed_share`: mean speed of the vehicles seen over the mean of the free speeds where they were seen. Rain and
    temperature are means of the observations.
    """
    bounds = np.arange(begins, ends + 1, HALF_HOUR_SECONDS)
    found = pd.DataFrame({"at": bounds[:-1]})
    known = speeds.dropna(subset=["speed_kmh", "free_flow_kmh", "observed_vehicles"]).astype(float)
    slot = _slot(known["at"] - 1.0, bounds)  # an interval ends at its moment and belongs to the half hour before
    sums = known[["speed_kmh", "free_flow_kmh"]].mul(known["observed_vehicles"], axis=0).groupby(slot).sum()
    found["speed_share"] = (sums["speed_kmh"] / sums["free_flow_kmh"]).reindex(found.index)
    observed = weather.astype(float)
    means = observed.groupby(_slot(observed["at"], bounds))[["rain_mm_per_hour", "temperature_c"]].mean()
    return found.join(means.reindex(found.index))


def _slot(at: pd.Series, bounds: np.ndarray) -> np.ndarray:
    """Number of the half hour that each moment lies in; -1 and len(bounds) - 1 outside the day."""
    return np.asarray(np.searchsorted(bounds, at.to_numpy(float), side="right") - 1)


def late_by_rain(orders: pd.DataFrame, half_hours: pd.DataFrame) -> tuple[int, int, int, int]:
    """(late in rain, deliveries in rain, late in the dry, deliveries in the dry) by the weather when placed."""
    judged = orders.dropna(subset=["is_late"])
    starts = half_hours["at"].to_numpy(float)
    slot = np.searchsorted(starts, judged["placed"].to_numpy(float), side="right") - 1
    inside = (slot >= 0) & (judged["placed"].to_numpy(float) < starts[-1] + HALF_HOUR_SECONDS)
    rain = half_hours["rain_mm_per_hour"].to_numpy(float)[np.clip(slot, 0, None)]
    late = judged["is_late"].to_numpy(bool)
    wet, dry = inside & (rain >= WET_MM_PER_HOUR), inside & (rain < WET_MM_PER_HOUR)
    return int(late[wet].sum()), int(wet.sum()), int(late[dry].sum()), int(dry.sum())
