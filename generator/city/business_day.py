"""The local business day, from the city's cut hour to the next, and the local clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd

from generator.city.city import City


def business_day(city: City, day: date) -> tuple[float, float]:
    """Start and end of a local business day in seconds since 1970 UTC; 23 or 25 hours apart when clocks change."""

    def cut(of: date) -> float:
        return datetime.combine(of, time(city.day_cut_hour), city.zone_info).astimezone(UTC).timestamp()

    return cut(day), cut(day + timedelta(days=1))


def local_clock(city: City, seconds: np.ndarray) -> np.ndarray:
    """Hours since local midnight, as a fraction, at each second since 1970 UTC."""
    local = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(city.zone_info)
    return np.asarray(local.hour + local.minute / 60 + local.second / 3600, dtype=np.float64)
