"""The business's day: local days with a cut hour, from UTC instants. Right on days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd


def local_clock(instants: pd.Series[pd.Timestamp], time_zone: str) -> pd.Series[pd.Timestamp]:
    """Wall-clock time (naive) of UTC instants in a zone."""
    return instants.dt.tz_convert(ZoneInfo(time_zone)).dt.tz_localize(None)


def business_dates(instants: pd.Series[pd.Timestamp], time_zone: str, day_cut_hour: int) -> pd.Series[object]:
    """Business date of each UTC instant: the wall clock's day, before the cut hour the day before."""
    return (local_clock(instants, time_zone) - pd.Timedelta(hours=day_cut_hour)).dt.date


def business_day_utc(day: date, time_zone: str, day_cut_hour: int) -> tuple[datetime, datetime]:
    """First instant of a business day and of the next, in UTC."""
    zone = ZoneInfo(time_zone)
    start = datetime.combine(day, time(day_cut_hour), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(day_cut_hour), zone).astimezone(UTC)
    return start, end
