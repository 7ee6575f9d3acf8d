"""The local business day, from the city's cut hour to the next, and the local clock."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from generator.city.city import City
from pipelines.transforms.local_time import business_day_utc


def business_day(city: City, day: date) -> tuple[float, float]:
    """Start and end of a local business day in seconds since 1970 UTC; 23 or 25 hours apart when clocks change."""

    start, end = business_day_utc(day, city.time_zone, city.day_cut_hour)
    return start.timestamp(), end.timestamp()


def business_day_us(city: City, day: date) -> tuple[int, int]:
    """As `business_day`, in microseconds since 1970 UTC."""
    start, end = business_day(city, day)
    return int(start * 1_000_000), int(end * 1_000_000)


def local_clock(city: City, seconds: np.ndarray) -> np.ndarray:
    """Hours since local midnight, as a fraction, at each second since 1970 UTC."""
    local = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(city.zone_info)
    return np.asarray(local.hour + local.minute / 60 + local.second / 3600, dtype=np.float64)
